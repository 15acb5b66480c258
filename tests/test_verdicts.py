"""What is right, what is not, and where: answers compared as functions, and numbers held to what they are."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pytest
from effort import calls
from flint import fmpq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netcalc
import netcalc.checking.judging.pieces as looked_at
from netcalc.arithmetic.balls import precision, sign
from netcalc.arithmetic.evaluation import Evaluation
from netcalc.checking.judging.signs import has_one_sign
from netcalc.errors import NetcalcError
from netcalc.expression import parse

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
    ("x^2", "where(x>10^12,99,2*x)", "right for x < 1000000000000 only"),
    ("x^2", "where(sin(x)>0.999,99,2*x)", "right on a part only, and not at x = "),
    ("selu(x)", "1.0507", "right for x > 0 only"),
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
    ("max(x,0)^2", "2*x", "right for x > 0 only"),
    ("relu(x)^2", "2*abs(x)", "right for x > 0 only"),
    ("min(x,1)^2", "2*x", "right for x < 1 only"),
    ("sqrt(max(x,0)^2+1)", "x/sqrt(x^2+1)", "right for x > 0 only"),
    ("max((x-30)^2-1,0)^2", "4*(x-30)*((x-30)^2-1)", "right for x < 29 and for x > 31 only"),
]


@pytest.mark.parametrize("text, answer, said", ON_A_PART)
def test_a_formula_that_is_right_on_a_part_is_wrong_and_told_where(text, answer, said):
    """Every branch, kink side, sign and size is reached."""
    (one,) = netcalc.check(netcalc.grad(text), {"dx": answer}).checked
    assert one.verdict == "wrong"
    assert said in one.diagnosis


@pytest.mark.parametrize(
    "text, name, right, wrong",
    [
        ("norm(x)", "x", "x/sqrt(sum(x^2))", "x/sum(x^2)"),
        ("norm(x)", "x", "x/sqrt(dot(x,x))", "x/dot(x,x)"),
        ("logsumexp(z)", "z", "exp(z)/sum(exp(z))", "z/sum(z)"),
        ("max(x,0)^2", "x", "where(x>0,2*x,0)", "2*x"),
        ("x^3", "x", "3x²", "2x²"),
    ],
)
def test_formulas_are_judged_by_what_they_are(text, name, right, wrong):
    """Sums within an answer go over all entries, a zero on a whole piece is no kink, and an exponent is no unit."""
    stated = netcalc.grad(text)
    verdicts = [netcalc.check(stated, {f"d{name}": answer}).checked[0].verdict for answer in (right, wrong)]
    assert verdicts == ["right", "wrong"]


@pytest.mark.parametrize(
    "text, answer, said",
    [
        ("sigmoid(x)", "sigmoid(x)", "σ(q) taken for σ′(q)"),
        ("exp(x)+x", "exp(x)", "the term x left out"),
        ("exp(exp(x))+x", "exp(x+exp(x))", "the term x left out"),
        ("gelu(x)", "ndtr(x)", "the product rule's other term is left out"),
        ("silu(x)", "sigmoid(x)", "the product rule's other term is left out"),
        ("mish(x)", "tanh(softplus(x))", "the product rule's other term is left out"),
    ],
)
def test_a_formula_that_is_only_near_far_out_is_right_nowhere(text, answer, said):
    """What is equal in the limit alone is wrong with its own cause, and right on no part."""
    (one,) = netcalc.check(netcalc.grad(text), {"dx": answer}).checked
    assert one.verdict == "wrong"
    assert "only" not in one.diagnosis
    assert said in one.diagnosis


DIFFERENT = (  # from 2x, where nobody looks
    "2*x+exp(-1e6*(x-30)^2)",
    "2*x+1e-300",
    "2*x*(1+1e-30*x^2)",
    "2*x+sin(pi*x)*1e-50",
    "2*x+1/(1+exp(-1e9*(x-1e7)))",
    "2*x+where((x-30)^2<1e-18,5,0)",
    "2*x+where((exp(x)-20)^2<1e-20,1,0)",
    "2*x+where(abs(x-1e20)<1,5,0)",
    "2*x+where(abs(x-1/3)<1e-12,5,0)",
    "2*x+where(x*(x-1e-15)<0,1,0)",
    "2*x+where(x<-1e200,1,0)",
    "2*x+where(cosh(x-40)<1+1e-14,1,0)",
    "2*x+where(sin(x)>0.9999999,1,0)",
    "2*x+floor(x)-floor(x-1/1000)",
    "2*x+floor(x)-floor(x-0.01)",
    "2*x+ceil(x)-ceil(x+1e-9)",
    "2*x+floor(2*x)-floor(x)-floor(x+0.49)",
    "2*x+round(x)-round(x-1e-6)",
    "2*x+mod(x,3)-mod(x+1/10^5,3)+1/10^5",
    "2*x+sign(x-2)-sign(x-2-1/10^7)",
)
EQUAL = (
    "2*x*(sin(x)^2+cos(x)^2)",
    "2*x+tanh(x)-(exp(2*x)-1)/(exp(2*x)+1)",
    "2*x+max(x,1)-(x+1+abs(x-1))/2",
    "2*x+sigmoid(x)+sigmoid(-x)-1",
    "2*x+asinh(x)-log(x+sqrt(x^2+1))",
    "2*x+gamma(abs(x)+1)-abs(x)*gamma(abs(x))",
    "2*x+log(6)-log(2)-log(3)+sqrt(8)-2*sqrt(2)",
    "where(x^2<-1,5,2*x)",
    "2*x+floor(2*x)-floor(x)-floor(x+1/2)",
    "2*x+floor(x+3)-floor(x)-3",
)


@pytest.mark.parametrize("answer", DIFFERENT)
def test_a_formula_that_differs_anywhere_is_wrong(answer):
    """However narrow the place, however far out, and however small the difference."""
    (one,) = netcalc.check(netcalc.grad("x^2"), {"dx": answer}).checked
    assert one.verdict == "wrong"


@pytest.mark.parametrize("answer", EQUAL)
def test_a_formula_that_is_equal_is_right_however_it_is_spelled(answer):
    (one,) = netcalc.check(netcalc.grad("x^2"), {"dx": answer}).checked
    assert one.verdict == "right"


@pytest.mark.parametrize("answer", ["1", "1.0", "1.00"])
def test_a_number_is_wrong_where_the_answer_varies(answer):
    (one,) = netcalc.check(netcalc.grad("x+exp(-1e6*(x-30)^2)"), {"dx": answer}).checked
    assert (one.verdict, one.diagnosis) == ("wrong", "the cause was not identified")


def test_a_piece_of_two_variables_that_is_narrow_in_both_is_reached():
    answer = "2*x*y+where((x-30)^2+(y-20)^2<1e-6,1,0)"
    (one,) = netcalc.check(netcalc.grad("x^2*y"), {"dx": answer}).checked
    assert one.verdict == "wrong"


def test_near_far_out_does_not_move_where_a_formula_is_right():
    """σ is equal to the slope for x > 1, where the function has it, and near it far out on the left."""
    grad = netcalc.grad("where(x>1, softplus(x), sigmoid(x))")
    (one,) = netcalc.check(grad, {"dx": "sigmoid(x)"}).checked
    assert (one.verdict, one.diagnosis) == ("wrong", "right for x > 1 only")


def test_the_value_for_the_slope_is_named_with_a_bias_left_open():
    (one,) = netcalc.check(netcalc.neuron(x=[3], w=[2]), {"db": "f"}).checked
    assert one.diagnosis.startswith("σ(q) taken for σ′(q)")


TANH_NET = """h = np.tanh(x @ W1 + b1)
logits = h @ W2
p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
loss = -np.mean(np.sum(y * np.log(p), axis=1))
"""
TANH_NET_AT = {
    "x": [[1, -2], [0.5, 1]],
    "W1": [[0.5, 1, -1], [0.2, -0.3, 0.4]],
    "b1": [0.1, 0, -0.2],
    "W2": [[1, -1], [0.5, 0.3], [-0.7, 0.2]],
    "y": [[1, 0], [0, 1]],
}


@pytest.mark.parametrize(
    "answers, said",
    [
        ({"db1": ["0.40622", "0.0726980", "0.317746"]}, ["", "", "the sign is wrong"]),
        ({"dW2": [[1, 2], [3, 4], [5, 6]]}, ["the cause was not identified"] * 6),
    ],
)
def test_a_cause_leaves_the_rest_of_its_tensor_right(answers, said):
    """A slip that other entries contradict is none; a sign may be wrong in one entry."""
    found = netcalc.check(netcalc.gradients(TANH_NET, **TANH_NET_AT), answers).checked
    assert [one.diagnosis for one in found] == said


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


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=expressions())
def test_what_netcalc_answers_itself_is_right_and_on_a_part_wrong(text):
    """Its own formula, written otherwise, is right; the same changed where x > 1 is not."""
    check_on_a_part(text)


@pytest.mark.nightly
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=expressions())
def test_many_answers_of_netcalc_are_right_and_on_a_part_wrong(text):
    check_on_a_part(text)


def check_on_a_part(text):
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


LAYER = {
    "W": [["0.31", "0.72"], ["-1.13", "2.47"]],
    "v": ["0.3", "0.7"],
    "b": ["0.1", "0.2"],
    "delta": ["1.37", "-0.59"],
}
DV = np.array([1.0914, -0.4709])
DW = np.array([[0.411, 0.959], [-0.177, -0.413]])


def verdicts(brought, **options):
    """Each answer's verdict on the layer's gradients, by name."""
    return {one.name: one.verdict for one in netcalc.check(netcalc.linear(**LAYER), brought, **options).checked}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_an_array_is_held_to_the_precision_of_its_type(dtype):
    """Right as it was computed, wrong where an entry is off by more; lists and files of the same numbers too."""
    own = {"dv": DV.astype(dtype), "dW": DW.astype(dtype)}
    assert set(verdicts(own).values()) == {"right"}
    off = {np.float64: 2.0**-39, np.float32: 2.0**-17, np.float16: 2.0**-6}[dtype]
    own["dW"] = (DW + np.array([[0, 0], [0, off]])).astype(dtype)
    assert [name for name, one in verdicts(own).items() if one == "wrong"] == ["dW[1,1]"]


def test_numbers_of_32_bits_are_known_in_a_file(tmp_path):
    """By their digits alone, and told; one that is none makes them all 64 bits'."""
    path = tmp_path / "g.json"
    own = {"dv": DV.astype(np.float32).tolist(), "dW": DW.astype(np.float32).tolist()}
    path.write_text(json.dumps(own))
    checked = netcalc.check(netcalc.linear(**LAYER), [str(path)]).checked
    assert {(one.verdict, one.note) for one in checked} == {("right", "right to float32")}
    typed = netcalc.check(netcalc.linear(**LAYER), [f"dW={own['dW']}"]).checked
    assert {(one.verdict, one.note) for one in typed} == {("right", "right to float32")}
    own["dv"][0] = 1.0914000272750851
    path.write_text(json.dumps(own))
    assert set(verdicts([str(path)]).values()) == {"wrong"}


@pytest.mark.parametrize("text", ["0.0", "0", "0.00", "-0.0", "0e0"])
def test_a_zero_in_a_list_or_a_file_is_exact(tmp_path, text):
    """A dead layer's gradients are no rounded ones."""
    result = netcalc.grad("x*y/1000", at={"x": "3", "y": "2"})
    path, table = tmp_path / "g.json", tmp_path / "g.csv"
    path.write_text(f'{{"dx": {text}, "dy": 0.003}}')
    table.write_text(f"name,value\ndx,{text}\ndy,0.003\n")
    for brought in ([str(path)], [str(table)], {"dx": float(text), "dy": 0.003}):
        assert [one.verdict for one in netcalc.check(result, brought).checked] == ["wrong", "right"]


@pytest.mark.parametrize(
    "dv, expected",
    [
        ([1, 0], ["wrong", "wrong"]),
        ([1.0, -0.5], ["wrong", "rounded"]),
        ([1.09, -0.5], ["rounded", "rounded"]),
        (np.array([1, 0]), ["wrong", "wrong"]),
        (["1.09", "-0.4709"], ["rounded", "right"]),
        ([float("nan"), -0.4709], ["wrong", "right"]),
        ([1.0914, float("-inf")], ["right", "wrong"]),
        ([1.0914, "∞"], ["right", "wrong"]),
    ],
)
def test_numbers_of_a_list_are_held_to_what_they_say_together(dv, expected):
    assert list(verdicts({"dv": dv}).values()) == expected


def test_integers_are_equal_or_wrong():
    layer = netcalc.linear(W=[["1.5", "2.5"], ["3.25", "4"]], v=[1, -1], b=[0, 0], delta=[1, 2])
    for dv in (np.array([8, 10]), np.array([8, 10], dtype=np.int8), [8, 10], ["8", "10"]):
        assert [one.verdict for one in netcalc.check(layer, {"dv": dv}).checked] == ["right", "wrong"]


@pytest.mark.parametrize(
    "text, verdict, said",
    [
        ("2.71", "wrong", "cut off, not rounded"),
        ("2.72", "rounded", ""),
        ("2.7", "rounded", ""),
        ("3", "wrong", ""),
        ("3.", "rounded", "one digit is too few to tell"),
        ("2.718281828", "rounded", ""),
        ("2.718281827", "rounded", ""),
        ("2.718281826", "wrong", ""),
        ("2.718281825", "wrong", ""),
        ("2.71828182", "wrong", "cut off"),
        ("nan", "wrong", "not a number"),
        ("-inf", "wrong", "infinite"),
    ],
)
def test_a_typed_number_is_held_to_its_digits(text, verdict, said):
    """Ten digits and more to two units of the last, as calculators go; e is 2.71828182845…"""
    (one,) = netcalc.check(netcalc.grad("exp(x)", at={"x": 1}), {"dx": text}).checked
    assert one.verdict == verdict
    assert said in (one.diagnosis or one.note)


def test_numbers_that_print_alike_are_shown_with_the_digits_in_which_they_differ():
    for text, shown in (("403.2079999999", ["403.2079999999", "403.208"]), ("403.2080002", ["403.2080002", "403.208"])):
        (one,) = netcalc.check(netcalc.grad("x^2", at={"x": "201.604"}), {"dx": text}).checked
        assert [one.claimed.shown, one.correct.shown] == shown


digits = st.integers(2, 17)


@settings(max_examples=40, deadline=None)
@given(x=st.decimals(-40, 40, places=3, allow_nan=False), n=digits, form=st.sampled_from("ge"))
def test_rounded_values_are_never_wrong_and_others_never_right(x, n, form):
    """Typed, in a list, and in an array; a step in the last digit but one is wrong."""
    result = netcalc.linear(W=[[1]], v=[str(x)], b=["0.125"], delta=["1.0625"])
    for tensor, name in ((result["dW"], "dW[0,0]"), (result["u"], "u0")):
        value = tensor.values[0].nearest
        text = f"{value:.{n}{form}}"
        if not re.fullmatch(r"-?\d{1,2}", text) or float(text) == value:
            assert not netcalc.check(result, {name: text}).checked[0].is_wrong
            assert (
                not netcalc.check(result, {name.partition("[")[0].rstrip("0"): [[text]] if "d" in name else [text]})
                .checked[0]
                .is_wrong
            )
        if value:
            off = value + 60 * 10.0 ** (np.floor(np.log10(abs(value))) - min(n, 11))
            assert netcalc.check(result, {name: f"{off:.{min(n, 11) - 1}e}"}).checked[0].is_wrong


def test_a_backward_pass_is_checked_whole(tmp_path):
    """What it lacks is told, and what it has besides."""
    path = tmp_path / "g.npz"
    np.savez(path, dW=DW, epoch=np.array(3.0))
    notes = netcalc.check(netcalc.linear(**LAYER), [str(path)]).notes
    assert notes[:2] == (
        f"{path} also has epoch, which is no answer here: not checked",
        f"{path} has no dv, db: nothing is said of them",
    )
    assert netcalc.check(netcalc.linear(**LAYER), {"dW": DW, "dv": DV, "db": ["1.37", "-0.59"]}).notes == ()
    with pytest.raises(NetcalcError, match="no answer 'epoch'"):
        netcalc.check(netcalc.linear(**LAYER), {"epoch": 3})


def test_of_a_large_tensor_the_failing_entries_are_listed(tmp_path):
    """And counted, in a dozen lines."""
    rng = np.random.default_rng(1)
    for shape in ((12, 20), (64, 128)):
        v, delta = rng.integers(9, 99, shape[1]) / 8, rng.integers(9, 99, shape[0]) / 8
        result = netcalc.linear(W=rng.normal(size=shape), v=v, delta=delta, bias=False)
        own = np.outer(delta, v)
        own[7, 11] += 0.125
        path = tmp_path / "g.json"
        path.write_text(json.dumps({"dW": own.tolist()}))
        for brought in ({"dW": own}, [str(path)]):
            text = str(netcalc.check(result, brought))
            assert "dW[7,11]" in text
            assert len(text.splitlines()) < 12


@pytest.mark.parametrize(
    "text, verdict",
    [
        ("0,25", "right"),
        ("-0,25", "wrong"),
        (".25", "right"),
        ("25 %", "right"),
        ("25%", "right"),
        ("25,0 %", "right"),
        ("2,5 e-1", "right"),
        ("2.5 E -1", "right"),
        ("2.5·10⁻¹", "right"),
        ("25,0×10^-2", "right"),
        ("2.6·10⁻¹", "wrong"),
        ("2.5·10¹", "wrong"),
        ("25e-2", "right"),
        ("≈0.25", "right"),
        ("≈ 0,25", "right"),
        ("= 0.25", "right"),
        ("~.25", "right"),
        ("0.25(0)", "right"),
        ("0.24(9)", "right"),
        ("0.(25)", "wrong"),
        ("0,(3)", "wrong"),
        ("24%", "wrong"),
        ("$0.25$", "right"),
        ("$$0.25$$", "right"),
        (r"\(0.25\)", "right"),
        (r"$25\%$", "right"),
        ("{0.25}", "right"),
        ("-{0.25}", "wrong"),
        ("np.float64(0.25)", "right"),
        ("float32(0.26)", "wrong"),
        ("0,26", "wrong"),
        ("2 500", "wrong"),
        ("1/4", "right"),
        ("w/8", "right"),
        ("2w/16", "right"),
        ("0.125w", "right"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, verdict):
    (one,) = netcalc.check(netcalc.grad("x*w", at={"x": "0.25", "w": "2"}), {"dw": text}).checked
    assert one.verdict == verdict


@pytest.mark.parametrize(
    "name", ["∂f/∂w₀", "df/dw₀", "df/dw_0", "dw_0", "dw₀", r"\frac{\partial f}{\partial w_{0}}", r"\dfrac{df}{dw_0}"]
)
def test_names_are_read_as_people_write_them(name):
    (one,) = netcalc.check(netcalc.neuron(x=["0.5"], w=[2], b=0, activation="identity"), {name: "0.5"}).checked
    assert (one.name, one.verdict) == ("dw0", "right")


@pytest.mark.parametrize("name", ["f'", "f′", "f'(3)"])
def test_f_primed_is_the_gradient_of_an_only_variable(name):
    assert netcalc.check(netcalc.grad("x^2", at={"x": 3}), {name: "6"}).checked[0].verdict == "right"
    with pytest.raises(netcalc.NetcalcError, match="there is no answer"):
        netcalc.check(netcalc.grad("x^2*y", at={"x": 3, "y": 1}), {name: "6"})


@pytest.mark.parametrize(
    "text, is_right",
    [("0.333…", True), ("0.333...", True), ("0.3…", True), ("0.334…", False), ("0.332…", False), ("-0.333…", False)],
)
def test_digits_that_go_on_are_those_it_begins_with(text, is_right):
    checked = netcalc.check(netcalc.grad("x/3", at={"x": 1}), {"dx": text}).checked[0]
    assert checked.is_wrong != is_right
    assert netcalc.check(netcalc.grad("2*x/3", at={"x": 1}), {"dx": "0.666…"}).checked[0].verdict == "rounded"
    assert netcalc.check(netcalc.grad("-2*x/3", at={"x": 1}), {"dx": "-0.666…"}).checked[0].verdict == "rounded"


@pytest.mark.parametrize(
    "text",
    [
        "100 000",
        "100\u202f000",
        "100'000",
        "1 e5",
        "1e 5",
        "100000",
        "100 000,0",
        "100,000.0",
        "1·10^5",
        "1 x 10^5",
        "10x10**(4)",
    ],
)
def test_large_numbers_are_read_as_people_write_them(text):
    assert netcalc.check(netcalc.grad("1e5*x", at={"x": "1/2"}), {"dx": text}).checked[0].verdict == "right"


@pytest.mark.parametrize("text", ["9" * 90_000, "0." + "9" * 90_000, "1" * 90_000 + "cm"])
def test_a_number_of_very_many_digits_is_refused_at_once(text):
    with pytest.raises(NetcalcError, match="a number has at most 1,000 digits"):
        netcalc.check(netcalc.grad("x*w", at={"x": "0.25", "w": "2"}), {"dw": text})


@pytest.mark.parametrize(
    "text, said",
    [
        ("0.25 rad", "'rad' is a unit, and an answer here has none: write 0.25"),
        ("30°", "'°' is a unit"),
        ("5 m/s", "'m/s' is a unit"),
        ("1,234", "1,234 is 1.234 or 1234: write the one that is meant"),
    ],
)
def test_units_and_numbers_of_two_readings_are_refused(text, said):
    with pytest.raises(NetcalcError, match=re.escape(said)):
        netcalc.check(netcalc.grad("x^2", at={"x": "1/8"}), {"dx": text})


def test_decimal_commas_in_a_list_stand_between_semicolons():
    assert list(verdicts({"dv": "1,0914;-0,4709"}).values()) == ["right", "right"]
    assert list(verdicts({"dv": "1,09; -0,48"}).values()) == ["rounded", "wrong"]


NET = """
input = [0.05, 0.10]
target = [0.01, 0.99]
loss = "half-mse"
reduction = "sum"
[[layers]]
W = [[0.15, 0.20], [0.25, 0.30]]
b = [0.35, 0.35]
activation = "sigmoid"
"""
SECOND = """
[[layers]]
W = [[0.40, 0.45], [0.50, 0.55]]
b = [0.60, 0.60]
activation = "sigmoid"
"""


@pytest.fixture
def net(tmp_path):
    def loaded(text, **options):
        path = tmp_path / "net.toml"
        path.write_text(text)
        return netcalc.load(path, **options)

    return loaded


def test_a_bare_weight_with_a_step_of_descent_is_the_new_one(net):
    """Without one it stays the gradient."""
    right, gradient = "0.3589,0.4087;0.5113,0.5614", "0.0821670,0.0826676;-0.0226025,-0.0227402"
    with_step, without = net(NET + SECOND, lr="0.5"), net(NET + SECOND)
    assert not any(one.is_wrong for one in netcalc.check(with_step, {"W2": right, "b2[0]": "0.5308"}).checked)
    assert all(one.is_wrong for one in netcalc.check(with_step, {"W2": gradient}).checked)
    for name in ("W2", "dW2"):
        assert not any(one.is_wrong for one in netcalc.check(without, {name: gradient}).checked)
    assert not any(one.is_wrong for one in netcalc.check(with_step, {"dW2": gradient}).checked)


@pytest.mark.parametrize("name", ["dq", "dL/dq", "∂L/∂q", "dL/dz", "dE/dq", "grad_q", "q.grad", "dz"])
@pytest.mark.parametrize("above", [{"delta": 3}, {"target": "0.5", "loss": "mse"}])
def test_the_gradient_of_the_sum_is_that_of_the_loss_where_there_is_one(name, above):
    """∂L/∂q beside ∂f/∂q; both may be brought, and ∂L/∂b beside them."""
    result = netcalc.neuron(x=["2"], w=["0.25"], b="0.5", **above)
    own = result["db"].values[0].nearest
    checked = netcalc.check(result, {name: f"{own:.8f}", "df/dq": "0.19661193", "db": f"{own:.8f}"}).checked
    assert [(one.name, one.verdict) for one in checked] == [("dq", "rounded"), ("df/dq", "rounded"), ("db", "rounded")]


@pytest.mark.parametrize(
    "name, meant",
    [
        ("dZ1", "dz1"),
        ("dW", "dW1"),
        ("dw", "dW1"),
        ("db", "db1"),
        ("dW[0,1]", "dW1[0,1]"),
        ("dL/dW", "dW1"),
        ("dE/dW1", "dW1"),
        ("dL_dw1", "dW1"),
        ("dJ_db1", "db1"),
        ("dLdW1", "dW1"),
        ("grad_w", "dW1"),
        ("w.grad", "dW1"),
        ("W1.grad[1,0]", "dW1[1,0]"),
        ("W1_grad", "dW1"),
        ("∇W1", "dW1"),
        ("d_W1", "dW1"),
        ("dA1", "da1"),
        ("delta1", "dz1"),
        ("E", "loss"),
        ("L", "loss"),
        ("Loss", "loss"),
        ("cost", "loss"),
        ("Z1", "z1"),
        ("z", "z1"),
        ("yhat", "a1"),
        ("dX", "dx"),
        ("dq", None),
    ],
)
def test_names_that_people_use_mean_one_thing(net, name, meant):
    """In a net of one layer; what means nothing is no answer."""
    from netcalc.checking.answers.names import Names

    names = Names(net(NET))
    if meant is None:
        with pytest.raises(NetcalcError, match="there is no answer"):
            names.find(name)
    else:
        assert names.find(name).name == meant


@pytest.mark.parametrize("name", ["dw", "z", "grad_w", "dL/db"])
def test_names_that_may_mean_two_things_are_no_answers(net, name):
    from netcalc.checking.answers.names import Names

    with pytest.raises(NetcalcError, match="there is no answer"):
        Names(net(NET + SECOND)).find(name)


def test_formulas_may_be_in_the_problems_tensors(net):
    """Each element says of itself what the formula says of them all; t are the targets."""
    result = net(NET + SECOND)
    brought = {"dz2": "(a2-t)*a2*(1-a2)", "da2": "a2 - t", "db2": "dz2", "dz1": "da1*a1", "db1[0]": "dz1[0]"}
    checked = netcalc.check(result, brought).checked
    assert [one.name for one in checked if one.is_wrong] == ["dz1[0]", "dz1[1]"]
    assert len(checked) == 9
    with pytest.raises(NetcalcError, match="there is no 'a3'"):
        netcalc.check(result, {"dz2": "a3 - t"})
    many = netcalc.linear(W=[[1, 2]], v=[[1, 2], [3, 4], [5, 7]], b=[0], target=[[1], [2], [3]], loss="mse")
    assert not any(one.is_wrong for one in netcalc.check(many, {"du": "2*(u-t)/3"}).checked)


@pytest.mark.parametrize("text", ["(0.7310585786)", "((0.7310586))", "+(0.731)", "( 0.73 )", "(7.31e-1)"])
def test_a_decimal_in_brackets_is_held_to_its_digits(text):
    checked = netcalc.check(netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3), {"f": text}).checked[0]
    assert checked.verdict == "rounded"
    assert netcalc.check(netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3), {"q": f"-{text}"}).checked[0].is_wrong


@pytest.mark.parametrize(
    "at, answer, count", [({}, "2*x", 1), ({"x": 2}, "4", 1), ({"x": ["2", "3"]}, "4,6", 2)], ids=str
)
def test_answers_to_expressions_are_checked_at_no_point_at_one_and_at_many(at, answer, count):
    checked = netcalc.check(netcalc.grad("x^2", at=at), {"dx": answer}).checked
    assert [one.verdict for one in checked] == ["right"] * count


@pytest.mark.parametrize("condition", ["x==1.304", "abs(x+0.711)<0.0001", "x==-1.669", "x>60.24"])
def test_a_formula_that_a_decimal_singles_out_a_place_for_is_wrong(condition):
    claimed = f"x*exp(-x) + where({condition}, 1, 0)"
    assert netcalc.check(netcalc.grad("x*exp(-x)"), {"f": claimed}).checked[0].is_wrong
    assert not netcalc.check(netcalc.grad("x*exp(-x)"), {"f": "x*exp(-x) + where(x>60.24, 0, 0)"}).checked[0].is_wrong


@pytest.mark.parametrize("condition", ["x-6>4865", "x>36310", "x<-52000.5"])
def test_a_formula_that_differs_far_out_is_wrong_beside_many_changes_of_sign(condition):
    claimed = f"2*sin(x)*cos(x) + where({condition}, 1, 0)"
    assert netcalc.check(netcalc.grad("sin(x)^2"), {"dx": claimed}).checked[0].is_wrong


@pytest.mark.parametrize("answer", ["abs(x)", "sqrt(x^2)", "x+max(x-20,0)"])
def test_a_formula_of_tensors_is_compared_at_both_signs_and_far_out(answer):
    result = netcalc.grad("sum(x^2)/2", at={"x": ["1", "2", "3"]})
    (one,) = netcalc.check(result, {"dx": answer}).checked
    assert (one.verdict, one.note) == ("right", "right for these numbers, though not as a formula")


@pytest.mark.parametrize(
    "answer, verdict",
    [
        ("(a2-3/10)*(a2-a2^2)", "right"),
        ("(a2-0.3)*a2*(1-a2)+relu(W1[0,0]-1)-relu(1-W1[0,0])-W1[0,0]+1", "right"),
        ("(a2-0.3)*a2*(1-a2)+1e-100", "wrong"),
        ("(a2-0.3)*a2*(1-a2)*where(W1[0,0]>1e7,2,1)", "wrong"),
    ],
)
def test_formulas_in_a_nets_steps_are_told_apart_in_what_is_left_open(answer, verdict):
    layers = [
        {"W": [["a", "2"], ["3", "1"]], "b": [0, 1], "activation": "relu"},
        {"W": [["1", "b"]], "b": [0], "activation": "sigmoid"},
    ]
    net = netcalc.net(layers, input=[1, 2], target=["0.3"], loss="half-mse")
    (one,) = netcalc.check(net, {"db2": answer}).checked
    assert one.verdict == verdict


BUMP = "max(0, 1e-9 - abs({} - 0.777))"


@pytest.mark.parametrize(
    "expression, answer, verdict",
    [
        ("x^3/9", "0.333*x^2", "rounded"),
        ("x^3/9", "0.334*x^2", "wrong"),
        ("max(0, x - 1/3)^2/2", "max(0, x - 0.333)", "rounded"),
        ("x^2*y/7 + y^2/3", "0.143*x^2 + 0.667*y", "rounded"),
        ("x^2*y/7 + y^2/3", "0.500*0.286*x^2 + 0.667*y", "rounded"),
        ("x^2*y/7 + y^2/3", "0.143*x^2 + 0.667*y + 1e-7*x", "wrong"),
        ("gelu(y)", "(1 + erf(y/sqrt(2)))/2 + 0.398942*y*exp(-y^2/2)", "rounded"),
        ("gelu(y)", "(1 + erf(y/sqrt(2)))/2 + 0.3979*y*exp(-y^2/2)", "wrong"),
        ("y^2", f"2*y + {BUMP.format('y')}", "wrong"),
        ("y^2", "2*y + 0.123*exp(-10^6*(y - 30)^2)", "wrong"),
    ],
)
def test_decimals_in_a_formula_are_rounded_everywhere_or_nowhere(expression, answer, verdict):
    """Numbers that round to them make the formula the answer at every point; else it is another one."""
    name = "dx" if "y" not in expression else "dy"
    assert netcalc.check(netcalc.grad(expression), [f"{name}={answer}"]).checked[0].verdict == verdict


HERE = "right for these numbers, though not as a formula"
POINT = {"x": ["1", "2"], "y": ["3", "-1"], "A": [["2", "1"], ["0", "3"]]}


@pytest.mark.parametrize(
    "expression, answer, verdict, note",
    [
        ("sum(x)", "dx=ones(2)", "right", ""),
        ("sum(x)", "dx=zeros(2) + 1", "right", ""),
        ("sum(x)", "dx=ones_like(x)*2", "wrong", ""),
        ("trace(A)", "dA=eye(2)", "right", ""),
        ("trace(A)", "dA=diag([1, 1])", "right", ""),
        ("sum(outer(x, y))", "dx=sum(y)", "right", ""),
        ("sum(outer(x, y))", "dx=y", "wrong", ""),
        ("x@A@x", "dx=(A + A.T)@x", "right", ""),
        ("x@A@x", "dx=2*A@x", "wrong", ""),
        ("x@A@x", "dA=outer(x, x)", "right", ""),
        ("x@A@x", "dA=x@x.T", "right", "the product of a vector and a transposed one is read as outer(a, b)"),
        ("logdet(A)", "dA=inv(A).T", "right", ""),
        ("logdet(A)", "dA=inv(A)", "wrong", ""),
        ("norm(x)", "dx=x/f", "right", ""),
        ("norm(x)", "dx=x/sqrt(5)", "right", HERE),
        ("dot(softmax(x), y)", "dx=(diag(softmax(x)) - outer(softmax(x), softmax(x)))@y", "right", ""),
        ("max(x)", "dx=where(x == max(x), 1, 0)", "right", ""),
        ("sum(x^2)", f"dx=2*x + {BUMP.format('x')}", "right", HERE),
    ],
)
def test_formulas_of_whole_tensors_are_functions_of_tensors(expression, answer, verdict, note):
    """Made of ones, identities and outer products too; a number stands for each entry where it is the entry."""
    result = netcalc.grad(
        expression, at={name: value for name, value in POINT.items() if re.search(rf"\b{name}\b", expression)}
    )
    (checked,) = netcalc.check(result, [answer]).checked
    assert (checked.verdict, checked.note) == (verdict, note)


def test_formulas_of_layers_and_programs_are_in_their_gradients_too(net):
    brought = {"dW2": "outer(dz2, a1)", "dz1": "(W2.T@dz2)*a1*(1 - a1)", "dW1": "dz1@x.T", "db1": "dz1"}
    assert not any(one.is_wrong for one in netcalc.check(net(NET + SECOND), brought).checked)
    program = "h = np.tanh(x @ W + b)\nloss = (h**2).sum()"
    result = netcalc.gradients(
        program, at={"x": ["1", "2"], "W": [["0.1", "0.2"], ["0.3", "-0.4"]], "b": ["0.1", "0.2"]}
    )
    brought = {"db": "2*h*(1 - h^2)", "dW": "outer(x, db)", "dh": "2*h", "dx": "W.T@db"}
    assert [one.verdict for one in netcalc.check(result, brought).checked] == ["right", "right", "right", "wrong"]


def test_a_formula_right_for_a_neurons_numbers_alone_is_told():
    """It is proven for all others, or a point is found where it is wrong."""
    result = netcalc.neuron(x=[1, 2], w=[3, -1], b="0.1")
    brought = {"dx": "w*f*(1 - f)", "dw": f"x*f*(1 - f) + {BUMP.format('w')}"}
    assert [one.note for one in netcalc.check(result, brought).checked] == ["", "", HERE, HERE]


@pytest.mark.parametrize(
    "expression, shapes, answer, verdict",
    [
        ("x@A@x", {"A": "n,n", "x": "n"}, "dx=(A + A.T)@x", "right"),
        ("x@A@x", {"A": "n,n", "x": "n"}, "dx=2*A@x", "wrong"),
        ("sum((W@x - b)^2)/2", {"W": "m,n", "x": "n", "b": "m"}, "dW=(W@x - b)@x.T", "right"),
        ("sum((W@x - b)^2)/2", {"W": "m,n", "x": "n", "b": "m"}, "dW=outer(W@x, x)", "wrong"),
        ("logdet(A)", {"A": "n,n"}, "dA=inv(A).T", "right"),
        ("logdet(A)", {"A": "n,n"}, "dA=inv(A)", "wrong"),
        ("trace(A)", {"A": "n,n"}, "dA=eye(n)", "right"),
        ("sum(abs(x))", {"x": "n"}, "dx=sign(x)", "right"),
        ("sum(abs(x))", {"x": "n"}, "dx=ones(n)", "wrong"),
        ("sum(c*x)", {"c": "number", "x": "n"}, "dc=sum(x)", "right"),
        ("sum(c*x)", {"c": "number", "x": "n"}, "dc=mean(x)", "wrong"),
    ],
)
def test_formulas_are_judged_where_sizes_are_letters(expression, shapes, answer, verdict):
    """They are proven for two sets of sizes, with every number a symbol."""
    result = netcalc.grad(expression, shape=shapes)
    (checked,) = netcalc.check(result, [answer]).checked
    assert checked.verdict == verdict


@pytest.mark.parametrize(
    "expression, answer, is_wrong",
    [
        ("relu(x)", "(x > 0)", False),
        ("max(x, y)", "(x > y)*1", False),
        ("clip(x, -1, 1)", "(abs(x) < 1)", False),
        ("clip(x, -1, 1)", "(x < 1)", True),
    ],
)
def test_a_condition_in_an_answer_is_1_or_0(expression, answer, is_wrong):
    assert netcalc.check(netcalc.grad(expression), [f"dx={answer}"]).checked[0].is_wrong == is_wrong


def test_weights_without_the_step_are_wrong():
    """Though what is right rounds to them."""
    layer = {"W": [["0.15", "0.2"]], "b": ["0.35"], "activation": "sigmoid"}
    result = netcalc.net([layer], input=["0.05", "0.1"], target=["0.5"], loss="half-mse", lr="0.5")
    found = netcalc.check(result, {"W1": [["0.15", "0.20"]]}).checked
    assert [one.diagnosis for one in found] == ["no step taken: these are the weights before it"] * 2
    added = [
        [str(2 * float(old) - new) for old, new in zip(["0.15", "0.2"], result["W1_new"].numbers()[0], strict=True)]
    ]
    found = netcalc.check(result, {"W1": added}).checked
    assert all("the step added where it is subtracted" in one.diagnosis for one in found)


def test_what_changes_nothing_explains_nothing():
    """A gradient that is off by a little is no slip in another one that is right."""
    x, W, b, t = (
        np.array([[1, 2], [3, 5], [2, 1.0]]),
        np.array([[1, 0.5], [2, -1]]),
        np.array([0.5, 1]),
        np.ones((3, 2)),
    )
    result = netcalc.gradients("z = x @ W + b\nloss = ((z - t)**2).sum()", at={"x": x, "W": W, "b": b, "t": t})
    dz = 2 * (x @ W + b - t)
    found = netcalc.check(result, {"dW": x.T @ dz * (1 + 1e-6), "db": dz.sum(0)}).checked
    assert {one.diagnosis for one in found if one.is_wrong} == {"right to float32 alone, and written to more digits"}


def test_an_answer_of_another_shape_is_told_as_it_is(net):
    """No decimal commas are read into what fits neither way."""
    with pytest.raises(NetcalcError, match="dW2 is 2 × 2, and what is given for it is 3 × 2"):
        netcalc.check(net(NET + SECOND), {"dW2": "1,2;3,4;5,6"})


def test_a_formula_that_is_wrong_in_one_entry_is_not_said_to_be_right_for_the_numbers():
    """Where another entry happens to be 0, as it ought to be."""
    result = netcalc.gradients(
        "z = x @ W\nloss = np.sum((z - t) ** 2) / 2",
        {"x": [[1, 2], [3, 1]], "W": [[1, 0], ["0.5", -1]], "t": [[2, 1], [0, 1]]},
    )
    (one,) = netcalc.check(result, {"dz": "(z-t)/2"}).checked
    assert one.is_wrong
    assert not one.note


ONE_SIGN = [
    "1 + exp(-x)",
    "exp(x) + exp(-y)",
    "1/(1 + x^2)",
    "-2 - x^2",
    "x^2 + y^4 + 1/10",
    "cosh(x)*3",
    "sqrt(1 + x^2)",
    "max(x, 1)",
    "(1 + exp(x))^y",
    "2 - 1/(1 + x^2)",
    "1 - 1/(1 + exp(-x*y))",
    "1/(1 + exp(x)) - 1",
    "1 - tanh(x)^2",
    "2 + sin(x)*cos(y)",
    "1 - tanh(x)*erf(y)",
    "3 - x^0 - 1/cosh(x)",
    "(1 + abs(x))^-3",
    "-(1 + x^2)^15",
    "1 + x^2/(1 + x^2)",
    "where(x > 0, exp(x), 1/10)",
    "1 + 9^400*exp(x)*x^2",
    "-9^400 - x^2*9^-400",
]
EITHER_SIGN = [
    "x",
    "x^2",
    "1 + x",
    "exp(x) - 1",
    "x^2 + y^2",
    "1 + x^3",
    "abs(x)",
    "max(x, 0)",
    "tanh(x)",
    "x*exp(x)",
    "1/x",
    "1 - 1/(1 + x^2)",
    "1 + sin(x)",
    "1 - cos(x)*tanh(y)*2",
    "x^3 + 1",
    "(x - 1)^14",
    "exp(x^2) - 1",
    "2 - exp(x)",
    "1 - 2*tanh(x)",
    "max(x, -1) + 1",
    "where(x > 0, 1, -1)",
]


@pytest.mark.parametrize("text", [*ONE_SIGN, *EITHER_SIGN])
def test_a_formula_of_one_sign_is_told_by_its_parts(text):
    assert has_one_sign(parse(text)) == (text in ONE_SIGN)


one_sided = st.recursive(
    st.sampled_from(["x", "y", "2", "-1", "1/3", "0"]),
    lambda part: st.one_of(
        st.builds("({}) {} ({})".format, part, st.sampled_from("+-*/"), part),
        st.builds("({})^{}".format, part, st.sampled_from([2, 3, -1, -2, 0, 5])),
        st.builds("{}({})".format, st.sampled_from("exp tanh cosh abs sqrt sin erf expm1 sinh atan".split()), part),
        st.builds("max({}, {})".format, part, part),
        st.builds("where({} > 0, {}, {})".format, part, part, part),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(one_sided)
def test_a_formula_of_one_sign_has_it_wherever_it_has_a_value(text):
    try:
        tree = parse(text)
    except NetcalcError:  # a division by zero
        return
    if not has_one_sign(tree):
        return
    found = Evaluation([tree])
    with precision(256):
        values = [found.at({"x": fmpq(*x), "y": fmpq(*y)})[0] for x, y in product(PLACES, PLACES)]
        signs = {sign(one) for one in values if isinstance(one, fmpq) or one.is_finite()}
    assert len(signs - {None}) <= 1, (text, signs)
    assert 0 not in signs


PLACES = [(0, 1), (1, 1), (-1, 1), (7, 3), (-5, 2), (1, 9), (-2, 11)]


def test_formulas_of_hidden_layers_cost_no_search_for_kinks():
    layer = {"W": [["1/2", "-1/4"], ["3/4", 1]], "b": [0.1, "-1/5"], "activation": "tanh"}
    net = netcalc.net([layer, layer | {"activation": "sigmoid"}], input=[1, -2], target=[1, 0], loss="mse")
    brought = {"dz1": "∂L/∂a1 ∘ (1 − a1²)", "dW1": "δ1 xᵀ", "dW2": "(a2 − t) ∘ σ′(z2) a1ᵀ"}
    assert calls(lambda: netcalc.check(net, brought)) < 800_000


def test_what_is_looked_at_in_hundreds_of_places_is_made_ready_once(monkeypatch):
    """Roots are halved in on, and valleys narrowed, by curves that are there already."""
    made = []
    ready = looked_at.Compiled
    monkeypatch.setattr(
        looked_at, "Compiled", lambda trees, *how, **options: made.append(trees) or ready(trees, *how, **options)
    )
    (one,) = {one.verdict for one in netcalc.check(netcalc.grad("sum(relu(W@x))"), {"dW": "outer(ones(m),x)"}).checked}
    assert one == "wrong"
    assert 0 < len(made) < 200


@pytest.mark.parametrize("answer", ["1/(x - abs(x))", "log(-x^2)", "2*x + log(x - x)", "2*x/where(x > 1, 1, 0)"])
def test_a_formula_without_values_is_a_wrong_answer(answer):
    (one,) = netcalc.check(netcalc.grad("x^2"), {"dx": answer}).checked
    assert one.verdict == "wrong"


def test_a_formula_without_a_value_beside_another_wrong_answer():
    first, second = netcalc.check(netcalc.grad("x^2*y"), {"dx": "x*y", "dy": "x^2/log(x - x)"}).checked
    assert (first.verdict, second.verdict) == ("wrong", "wrong")
    assert first.mistake == "power-rule"
