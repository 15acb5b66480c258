"""What is right, what is not, and where: answers compared as functions, and numbers held to what they are."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netcalc

RELU = {"x": [1, 2], "w": [3, -1], "activation": "relu"}
ON_A_PART = [  # expression, answer, where it is right
    ("abs(x)", "1", "right for x > 0 only"),
    ("abs(x)", "-1", "right for x < 0 only"),
    ("log(abs(x))", "1/abs(x)", "right for x > 0 only"),
    ("sqrt(x^2)", "1", "right for x > 0 only"),
    ("x^2", "2*sqrt(x^2)", "right for x > 0 only"),
    ("x^2", "2*sqrt(x)^2", "right for x > 0 only"),
    ("x^2", "2*exp(log(x))", "right for x > 0 only"),
    ("x^2", "where(x>2,99,2*x)", "right for x < 2 only"),
    ("x^2", "where(x>123456,99,2*x)", "right for x < 123456 only"),
    ("x^2", "where(x<1/3,2*x,99)", "right for x < 1/3 only"),
    ("x^2", "where(x<pi/2,2*x,99)", "right for x < π/2 only"),
    ("x^2", "where(abs(x-3)<0.001,99,2*x)", "right for x < 2.999 and for x > 3.001 only"),
    ("x^2", "where((x-5)^2<1/10^8,99,2*x)", "right for x < 4.9999 and for x > 5.0001 only"),
    ("x^2", "where(x==3,99,2*x)", "and not at x = 3"),
    ("max(x,1)", "1", "right for x > 1 only"),
    ("min(max(x,-1),1)", "1", "right for −1 < x < 1 only"),
    ("relu6(x)", "1", "right for 0 < x < 6 only"),
    ("asin(sin(x))", "1", "right on a part only"),
    ("sin(x)^2", "2*sin(x)*sqrt(1-sin(x)^2)", "right on a part only"),
    ("acosh(x)^2", "2*acosh(x)/sqrt(x^2-1)*sign(2-x)", "right for x < 2 only"),
    ("relu(w*x+b)", "w", "right for w·x + b > 0 only"),
    ("max(x,y)", "1", "right for x > y only"),
    ("abs(x*y)", "y", "right"),
    ("x*y", "where(x>0 and y>0,y,0)", "right for x > 0 and y > 0 only"),
    ("x*y", "where(abs(x-3)<0.01 and abs(y-5)<0.01,9,y)", "right for abs(x − 3) > 0.01 or abs(y − 5) > 0.01 only"),
    ("relu(relu(x-1)-1)", "1", "right for x > 2 only"),
    ("abs(abs(x)-1)", "sign(x-1)", "right for"),
]


@pytest.mark.parametrize("text, answer, said", ON_A_PART)
def test_a_formula_that_is_right_on_a_part_is_wrong_and_told_where(text, answer, said):
    """Every branch, kink side, sign and size is reached."""
    (one,) = netcalc.check(netcalc.grad(text), {"dx": answer}).checked
    assert one.verdict == "wrong"
    assert said in one.diagnosis


@pytest.mark.parametrize(
    "text, answer",
    [
        ("abs(x)", "x/abs(x)"),
        ("abs(x)", "where(x>0,1,-1)"),
        ("abs(x)^3", "3*x*abs(x)"),
        ("log(x)", "1/abs(x)"),
        ("log(abs(x))", "1/x"),
        ("sqrt(x)", "1/(2*sqrt(x))"),
        ("sqrt(x)", "0.5*x^(-0.5)"),
        ("cbrt(x)", "1/3*x^(-2/3)"),
        ("x^x", "x^x*(log(x)+1)"),
        ("x^y", "y*x^y/x"),
        ("tanh(x)", "4/(exp(x)+exp(-x))^2"),
        ("tanh(x)", "1-f^2"),
        ("sigmoid(x)", "exp(-x)/(1+exp(-x))^2"),
        ("sigmoid(x)", "f*(1-f)"),
        ("softplus(x)", "exp(x)/(1+exp(x))"),
        ("gelu(x)", "(1+erf(x/sqrt(2)))/2+x*exp(-x^2/2)/sqrt(2*pi)"),
        ("exp(exp(x))", "exp(x+exp(x))"),
        ("asin(x)", "1/sqrt(1-x^2)"),
        ("acosh(x)", "1/(sqrt(x-1)*sqrt(x+1))"),
        ("relu(x)", "where(x>=0,1,0)"),
        ("relu(x)", "(sign(x)+1)/2"),
        ("max(x,y)", "(1+sign(x-y))/2"),
        ("sqrt(x-200)", "1/(2*f)"),
        ("log(-x)", "1/x"),
        ("atan2(y,x)", "-y/(x^2+y^2)"),
        ("x^2/(x-1)", "(x^2-2*x)/(x-1)^2"),
    ],
)
def test_an_equal_formula_is_right_in_any_form(text, answer):
    """Wherever the answer is defined; at a kink there is none."""
    (one,) = netcalc.check(netcalc.grad(text), {"dx": answer}).checked
    assert (one.verdict, one.diagnosis) == ("right", "")


pieces = st.sampled_from(["x", "y", "x*y", "x-y", "x+2", "3-y", "x^2-1", "sin(x)", "exp(y)"])
kinked = st.sampled_from(["abs({})", "relu({})", "max({}, {})", "sqrt(({})^2)", "where({} > {}, {}, {})", "tanh({})"])


@st.composite
def expressions(draw):
    form = draw(kinked)
    inner = form.format(*(draw(pieces) for _ in range(form.count("{}"))))
    return f"{inner}*({draw(pieces)}) + {draw(pieces)}"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=expressions())
def test_what_netcalc_answers_itself_is_right_and_on_a_part_wrong(text):
    """Its own formula, written otherwise, is right; the same changed where x > 1 is not."""
    result = netcalc.grad(text + " + x^2 + y")
    own = result.partials["x"]
    brought = {"dx": f"(({own}) + 1)*2/2 - 1"}
    assert netcalc.check(result, brought).checked[0].verdict == "right"
    (changed,) = netcalc.check(result, {"dx": f"where(x > 1, 2 + {own}, {own})"}).checked
    assert (changed.verdict, "only" in changed.diagnosis) == ("wrong", True)


def test_a_neuron_with_an_open_bias_is_right_where_its_condition_holds():
    """In all of it, or on its part."""
    brought = {"db": "1", "dw0": "where(b>-1,1,0)", "dx1": "-where(b+1>0,1,0)", "dx0": "3"}
    checked = netcalc.check(netcalc.neuron(**RELU), brought).checked
    assert [one.verdict for one in checked] == ["wrong", "right", "right", "wrong"]
    assert checked[0].diagnosis == "right for b > −1 only"


def test_a_formula_that_is_right_at_its_numbers_alone_is_told_so():
    """On whichever side of the kink they are."""
    for place, answer in (("1/2", "1/abs(x)"), ("-1/2", "-1/abs(x)"), ("3", "x/9")):
        (one,) = netcalc.check(netcalc.grad("log(abs(x))", at={"x": place}), {"dx": answer}).checked
        assert (one.verdict, one.note) == ("right", "right for these numbers, though not as a formula")
    (one,) = netcalc.check(netcalc.grad("log(abs(x))", at={"x": "1/2"}), {"dx": "1/x"}).checked
    assert (one.verdict, one.note) == ("right", "")
