"""Answers brought along: what is right, what is wrong, and why."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.errors import NetcalcError

NOTE = {"x": [-1, -2], "w": [4, -4], "b": -3}
PROBLEMS = (  # x, w, b: for each mistake, several in which it alone explains
    ([-1, -2], [4, -4], -3),
    (["0.5", "-1.5", "2"], ["1.2", "0.7", "-0.3"], "0.4"),
    (["1.3", "0.6", "-2.2"], ["-0.8", "1.7", "2.1"], "-0.35"),
)


def sigmoid(q):
    return 1 / (1 + math.exp(-q))


class Page:
    """A neuron's forward pass by hand, and what a slip makes of its gradient."""

    def __init__(self, x, w, b, value=sigmoid):
        self.x, self.w, self.b = [float(n) for n in x], [float(n) for n in w], float(b)
        self.q = sum(one * other for one, other in zip(self.x, self.w, strict=True)) + self.b
        self.f = value(self.q)

    def gradient(self, s):
        return {"dx": [w * s for w in self.w], "dw": [x * s for x in self.x], "db": s}


def answers(**slips):
    """Six digits of each, as one would copy them from a calculator."""
    shown = {name: value if isinstance(value, list) else [value] for name, value in slips.items()}
    return {
        name: [f"{one:.6g}" for one in values] if isinstance(slips[name], list) else f"{values[0]:.6g}"
        for name, values in shown.items()
    }


def gradient_with(slope):
    return lambda page: page.gradient(slope(page.f))


def with_forgotten_bias(page):
    q = page.q - page.b
    return {"q": q, "f": sigmoid(q), **page.gradient(sigmoid(q) * (1 - sigmoid(q)))}


def right(page):
    return page.gradient(page.f * (1 - page.f))


BY_HAND = {
    "σ′ taken as (1 − σ)/σ": gradient_with(lambda f: (1 - f) / f),
    "σ′ taken as σ(1 + σ)": gradient_with(lambda f: f * (1 + f)),
    "σ′ taken as 1 − σ, which is": lambda page: page.gradient(math.exp(-page.q) / (1 + math.exp(-page.q))),
    "σ′ taken as σ²": gradient_with(lambda f: f**2),
    "σ(q) taken for σ′(q)": gradient_with(lambda f: f),
    "σ′ taken at σ(q)": gradient_with(lambda f: sigmoid(f) * (1 - sigmoid(f))),
    "σ′ left out": lambda page: page.gradient(1),
    "σ′ applied twice": gradient_with(lambda f: (f * (1 - f)) ** 2),
    "the sign is wrong": gradient_with(lambda f: -f * (1 - f)),
    "the bias forgotten in q": with_forgotten_bias,
    "x and w confused": lambda page: right(page) | {"dx": right(page)["dw"], "dw": right(page)["dx"]},
    "own derivative left out": lambda page: {
        "dx": [page.f * (1 - page.f)] * len(page.x),
        "dw": [page.f * (1 - page.f)] * len(page.x),
    },
    "the bias's gradient taken as 0": lambda page: right(page) | {"db": 0},
    "the bias's gradient taken as b": lambda page: right(page) | {"db": page.b},
    "either σ′ left out": lambda page: right(page) | {"db": 1},
}


@pytest.mark.parametrize("numbers", PROBLEMS, ids=["the note", "three inputs", "decimals"])
@pytest.mark.parametrize("said", BY_HAND)
def test_a_slip_worked_out_by_hand_is_named(said, numbers):
    """Every wrong answer gets the slip's name, every right one none."""
    x, w, b = numbers
    page = Page(x, w, b)
    brought = answers(**BY_HAND[said](page))
    checked = netcalc.check(netcalc.neuron(x=x, w=w, b=b), brought).checked
    wrong = [one for one in checked if one.is_wrong]
    assert wrong
    assert {said.removeprefix("either ") in one.diagnosis for one in wrong} == {True}, wrong
    assert {one.diagnosis for one in checked if not one.is_wrong} <= {""}


@pytest.mark.parametrize(
    "said, order", [("run backwards", [2, 1, 0]), ("the one before taken", [2, 0, 1]), ("the next taken", [1, 2, 0])]
)
def test_an_index_slip_is_named(said, order):
    x, w, b = PROBLEMS[1]
    page = Page(x, w, b)
    brought = answers(**{name: [right(page)[name][place] for place in order] for name in ("dx", "dw")})
    checked = netcalc.check(netcalc.neuron(x=x, w=w, b=b), brought).checked
    assert {said in one.diagnosis for one in checked if one.is_wrong} == {True}


TANH = {
    "tanh′ taken as 1 − tanh;": lambda f: 1 - f,
    "tanh′ taken as 1 + tanh²": lambda f: 1 + f * f,
    "tanh′ taken as tanh(1 − tanh)": lambda f: f * (1 - f),
    "tanh′ taken as tanh², without": lambda f: f * f,
}


@pytest.mark.parametrize("numbers", PROBLEMS[1:])
@pytest.mark.parametrize("said", TANH)
def test_a_slip_with_tanh_is_named(said, numbers):
    x, w, b = numbers
    page = Page(x, w, b, math.tanh)
    brought = answers(**page.gradient(TANH[said](page.f)))
    checked = netcalc.check(netcalc.neuron(x=x, w=w, b=b, activation="tanh"), brought).checked
    assert {said in one.diagnosis for one in checked} == {True}


numbers = st.decimals(min_value=-4, max_value=4, places=2, allow_nan=False).map(str)
ROUNDINGS = ("{:.{n}g}", "{:.{n}e}", "{:.{n}f}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    x=st.lists(numbers, min_size=2, max_size=2),
    w=st.lists(numbers, min_size=2, max_size=2),
    b=numbers,
    activation=st.sampled_from(["sigmoid", "tanh", "relu", "silu"]),
    form=st.sampled_from(ROUNDINGS),
    n=st.integers(1, 17),
)
@example(x=["40", "0"], w=["30", "1"], b="34.5", activation="identity", form="{:.{n}g}", n=2)  # 1.2e+03
def test_a_right_answer_at_any_rounding_is_never_wrong(x, w, b, activation, form, n):
    """Nor does it get a diagnosis."""
    result = netcalc.neuron(x=x, w=w, b=b, activation=activation)
    brought = {}
    for tensor in result.tensors:
        for one in tensor.elements():
            value = one.value.nearest
            text = form.format(value, n=n)
            if not re.fullmatch(r"-?\d{1,2}", text) or float(text) == value:  # a short whole number is exact
                brought[one.name] = text
    checked = netcalc.check(result, brought).checked
    assert [one for one in checked if one.is_wrong or one.diagnosis] == []


def verdict(text, **options):
    """The verdict on dx1 of the note's neuron, −0.786447732965927…"""
    (one,) = netcalc.check(netcalc.neuron(**NOTE), {"dx1": text}, **options).checked
    return one.verdict


@pytest.mark.parametrize(
    "text, expected",
    [
        ("-4*e/(1+e)^2", "right"),
        ("-0.7864477329659274", "right"),
        ("-0.786447732965927410149698934344", "rounded"),
        ("-0.786447732965927410149698934353", "wrong"),
        ("-0.786448", "rounded"),
        ("-0.79", "rounded"),
        ("-.8", "rounded"),
        ("-7.86e-1", "rounded"),
        ("-0.78", "wrong"),
        ("-0.790", "wrong"),
        ("-1", "wrong"),
        ("-1.", "rounded"),
        ("-0", "wrong"),
        ("0", "wrong"),
        ("0.79", "wrong"),
        ("-4*0.1966", "rounded"),
        ("-4*0.2", "wrong"),
        ("−0.79", "rounded"),
        ("w1*f*(1-f)", "right"),
        ("-1/4 - 0.5364", "rounded"),
    ],
)
def test_an_answer_is_held_to_its_own_digits(text, expected):
    assert verdict(text) == expected


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"rtol": 0.01}, "right"),
        ({"atol": 0.01}, "right"),
        ({"sig": 2}, "wrong"),
        ({"sig": 1}, "rounded"),
        ({"rtol": 1e-4}, "wrong"),
    ],
)
def test_a_tolerance_takes_the_place_of_the_answers_own(options, expected):
    assert verdict("-0.78", **options) == expected


def test_an_answer_that_follows_from_an_earlier_one_is_marked():
    """q is wrong; f and the gradient are right from there."""
    page = Page([-1, -2], [4, -4], -6)  # what q = -2 leads to
    brought = {"q": "-2", "f": f"{page.f:.5f}", "db": f"{page.f * (1 - page.f):.5f}"}
    checked = netcalc.check(netcalc.neuron(**NOTE), brought).checked
    assert [one.follows for one in checked] == ["", "q", "q"]
    assert checked[1].diagnosis == "right, given your q"


@pytest.mark.parametrize(
    "brought, correct",
    [("0.786447732965927409", "0.786447732965927410"), ("0.78644773296592741014973", "0.78644773296592741014970")],
)
def test_a_wrong_answer_is_shown_with_the_digits_that_are_wrong(brought, correct):
    (one,) = netcalc.check(netcalc.neuron(**NOTE), {"dx0": brought}).checked
    assert (one.verdict, one.claimed.shown, one.correct.shown) == ("wrong", brought, correct)


def test_a_whole_number_is_not_shown_rounded_to_what_is_right():
    (one,) = netcalc.check(netcalc.neuron([1], [1], 0, "identity"), {"dx0": "1.00000000000000000001"}).checked
    assert (one.claimed.shown, one.correct.shown) == ("1.00000000000000000001", "1")


@pytest.mark.parametrize(
    "brought", ["(0.786, -0.786)", "tensor([0.786, -0.786], grad_fn=<MulBackward0>)", "[ 0.786 -0.786]"]
)
def test_a_tensor_is_read_as_it_was_printed(brought):
    assert not netcalc.check(netcalc.neuron(**NOTE), {"dx": brought}).has_wrong


def test_two_slips_in_two_places_are_told_apart():
    """The planted bugs that gradient checkers don't tell apart: the sign of dw1, and σ' missing in db."""
    page = Page([-1, -2], [4, -4], -3)
    brought = answers(**right(page)) | {"db": "1"}
    brought["dw"][1] = brought["dw"][1].removeprefix("-")
    said = {one.name: one.diagnosis for one in netcalc.check(netcalc.neuron(**NOTE), brought).checked if one.is_wrong}
    assert said.keys() == {"dw1", "db"}
    assert said["dw1"] == "the sign is wrong"
    assert "σ′ left out" in said["db"]


def test_an_irrational_point_is_exact():
    """Closed forms at x = pi/3 are right to the last bit."""
    result = netcalc.grad("sin(x*y)/(4 + x^2)", at={"x": "1", "y": "pi/3"})
    checked = netcalc.check(result, {"f": "sqrt(3)/10", "dx": "pi/30 - sqrt(3)/25", "dy": "1/10"}).checked
    assert [one.verdict for one in checked] == ["right"] * 3


def test_two_slips_at_once_are_named_together():
    page = Page(["0.5", "-1.5"], ["1.2", "0.7"], "0.4")
    brought = answers(**page.gradient(-(1 - page.f) / page.f))
    checked = netcalc.check(netcalc.neuron(x=["0.5", "-1.5"], w=["1.2", "0.7"], b="0.4"), brought).checked
    assert {"(1 − σ)/σ" in one.diagnosis and "sign" in one.diagnosis for one in checked} == {True}


def test_a_right_step_stands_beside_a_wrong_answer():
    """It is the one that --steps shows."""
    (one,) = netcalc.check(netcalc.neuron(**NOTE), {"dx1": "-4/e"}).checked
    assert one.explanation == "∂f/∂x1 = ∂f/∂q·∂q/∂x1 = σ′(q)·w1 = 0.196612·(−4) = −0.786448"


def test_the_command_line_says_the_same_in_json():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "netcalc",
            *["neuron", "--x", "-1", "-2", "--w", "4", "-4", "--b", "-3", "-f", "json", "--check"],
            "dx1=-4/e",
            "f=0.73",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    first, second = json.loads(done.stdout)["check"]
    assert done.returncode == 1
    assert first.keys() == {
        "name",
        "claimed",
        "correct",
        "verdict",
        "diagnosis",
        "explanation",
        "mistake",
        "step",
        "as_taken",
        "as_right",
    }
    assert (first["mistake"], second["mistake"]) == ("slope-form", None)
    assert (first["verdict"], second["verdict"], second["diagnosis"]) == ("wrong", "rounded", None)


def large_layer():
    import numpy as np

    rng = np.random.default_rng(5)
    W, v, b, delta = (rng.normal(size=shape) for shape in ((128, 90), (8, 90), (128,), (8, 128)))
    return netcalc.linear(W=W, v=v, b=b, delta=delta), {"dW": delta.T @ v, "dv": delta @ W, "db": delta.sum(axis=0)}


def test_a_backward_pass_of_many_numbers_is_right():
    """In 64 and in 32 bits; a tensor of thousands gets one line."""
    import numpy as np

    result, own = large_layer()
    for kind in (np.float64, np.float32):
        checked = netcalc.check(result, {name: array.astype(kind) for name, array in own.items()}).checked
        assert {one.verdict for one in checked} == {"right"}
        assert checked[0].name == "dW"


def test_a_wrong_backward_pass_of_many_numbers_is_told_apart():
    """Where the wrong entries lie, each by name, and what explains them."""
    result, own = large_layer()
    own["dW"][3] *= 2
    whole, *entries = netcalc.check(result, {"dW": own["dW"]}).checked
    assert (whole.name, whole.verdict, whole.diagnosis) == ("dW", "wrong", "twice what it is")
    assert "90 of 11,520 entries are wrong, all of row 3" in whole.note
    assert [one.name for one in entries] == [f"dW[3,{column}]" for column in range(90)]
    own["dW"][5, 7] += 0.25
    assert netcalc.check(result, {"dW": own["dW"]}).checked[0].diagnosis == "the cause was not identified"


@pytest.mark.parametrize(
    "text, at, answer, said",
    [
        ("x*sin(x)", {"x": 2}, "dxdx=cos(x)+cos(x)", "the product rule's second term left out"),
        ("x*sin(x)", {"x": 2}, "dxdx=x*sin(x)-2*cos(x)", "the sign is wrong"),
        ("sin(3*x)*y", {"x": 2, "y": 5}, "dxdx=-15*sin(6)", "the inner derivative left out of the chain rule"),
        (
            "x^3*exp(y)",
            {"x": 2, "y": 3},
            "dxdy=3*x^2*exp(y)*x^3*exp(y)",
            "the first derivatives multiplied, not differentiated again",
        ),
        ("x^3*sin(y)", {"x": 5, "y": 3}, "dxdx=3*x^2*sin(y)", "the first derivative taken for the second"),
    ],
)
def test_slips_with_second_derivatives_are_named(text, at, answer, said):
    """From a first derivative that is right."""
    (checked,) = netcalc.check(netcalc.grad(text, at=at, order=2), [answer]).checked
    assert (checked.verdict, checked.diagnosis) == ("wrong", said)


@pytest.mark.parametrize(
    "text, at, brought",
    [
        ("sin(x)", {"x": "pi"}, {"f": "0", "dx": "-1"}),
        ("x^2 - 2", {"x": "sqrt(2)"}, {"f": "0.0", "dx": "2*sqrt(2)"}),
        ("x*y", {"x": "0", "y": "2"}, {"f": "x", "dx": "2", "dy": "sin(pi)"}),
    ],
)
def test_a_zero_that_only_balls_hold_is_zero(text, at, brought):
    """Balls can't prove that sin(π) is 0; it is right all the same, as an answer and as what is right."""
    checked = netcalc.check(netcalc.grad(text, at=at), brought).checked
    assert {one.verdict for one in checked} == {"right"}


def test_a_wrong_answer_beside_a_zero_that_only_balls_hold_is_diagnosed():
    checked = netcalc.check(netcalc.grad("x*sin(x)", at={"x": "pi"}), {"f": "0", "dx": "3.14159"}).checked
    assert checked[0].diagnosis == ""
    assert "the sign is wrong" in checked[1].diagnosis


@pytest.mark.parametrize(
    "stated, name",
    [({}, "dq/dx0"), ({}, "dL/dx0"), ({"target": 1, "loss": "mse"}, "df/dx0"), ({"delta": 2}, "df/dw1")],
)
def test_the_derivative_of_something_else_is_no_answer(stated, name):
    """∂q/∂x0 isn't ∂f/∂x0, and with a loss ∂f/∂x0 isn't the ∂L/∂x0 that is asked."""
    with pytest.raises(NetcalcError, match=f"there is no answer '{name}' here"):
        netcalc.check(netcalc.neuron(**NOTE, **stated), {name: 4})


@pytest.mark.parametrize("name", ["dL/dx0", "dloss/dx0", "∂L/∂x0", "dx0"])
def test_the_output_may_be_named(name):
    """In the ways that people write it."""
    (one,) = netcalc.check(netcalc.neuron(**NOTE, target=1, loss="mse"), {name: "-0.423"}).checked
    assert (one.name, one.verdict) == ("dx0", "rounded")


def test_an_answer_is_not_given_by_itself():
    """`dx0 = dx0` says nothing; a variable that is called as the answer is another thing."""
    with pytest.raises(NetcalcError, match="dx0 is answered by itself"):
        netcalc.check(netcalc.neuron(**NOTE), {"dx0": "2*dx0 - dx0"})
    checked = netcalc.check(netcalc.grad("f^2", at={"f": 3}), {"f": "f^2", "df": "2*f"}).checked
    assert {one.verdict for one in checked} == {"right"}


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("a.json", "{}", "holds no answers"),
        ("a.json", "[]", "holds no answers"),
        ("a.json", '{"netcalc": "0.1.0", "given": {"x": 1}}', "holds no answers"),
        ("a.json", '{"dx0": 5, "dx0": 0.786}', "'dx0' is given twice"),
        ("a.jsonl", '{"name": "dx0", "value": 1}\n{"name": "dx0", "name": "dx1", "value": 1}', "'name' is given twice"),
        ("a.csv", ",", "is empty"),
        ("a.csv", "\n;;\n", "is empty"),
        ("a.csv", "name,value\n", "holds no answers"),
        ("a.csv", "dx0,dx1\n", "holds no answers"),
        ("a.csv", "name,value\ndx0,\n", "holds no answers"),
        ("a.csv", "name,value,value\ndx0,1,2\n", "has the column 'value' twice"),
        ("a.csv", "name,value\n\ndx0,0.786,7\n", "line 3: it has 3 cells, and the header has 2"),
        ("a.csv", "name,value\n\ndx0\n", "line 3: it has 1 of 2 columns"),
        ("a.csv", "name,value\ndx0," + "1" * 140_000, "line 2: it does not read as a table"),
        ("a.csv", 'name,value\ndx0,"0.786\ndx1,1\n', "does not read as a table"),
    ],
)
def test_a_file_that_holds_no_answers_or_doubtful_ones_is_refused(tmp_path, name, text, said):
    """Nothing brought is not all right, and of two answers none is chosen."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(NetcalcError, match=re.escape(said)):
        netcalc.check(netcalc.neuron(**NOTE), [str(path)])


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.jsonl", '{"name": "dW[0,1]", "value": -2}\n'),
        ("a.csv", "\ufeffname;value\ndW[0,1];-2\n"),
        ("a.csv", "dW[0,1];dW[0,0]\n-2;-1\n"),
        ("a.tsv", "dW[0,1]\tdW[0,0]\r\n-2\t-1\r\n"),
        ("a.csv", '"dW[0,1]","dW[0,0]"\n-2,-1\n'),
        ("a.csv", "name,value,\ndb0,1,\n"),
    ],
)
def test_a_file_of_answers_reads_in_all_usual_forms(tmp_path, name, text):
    """Also where the names have commas, and others cut the cells."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    result = netcalc.linear(W=[[4, -4]], v=[-1, -2], b=[-3], delta=[1])
    assert {one.verdict for one in netcalc.check(result, [str(path)]).checked} == {"right"}


@pytest.mark.parametrize("name, text", [("a.csv", "-1,-2\n"), ("a.tsv", "-1.0\t-2\n"), ("a.txt", "-1;-2\n\n")])
def test_the_numbers_of_one_answer_may_come_from_a_table_of_them(tmp_path, name, text):
    """dW=a.csv, as `--only dW -o a.csv` writes it; each held to the digits that it is written with."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    result = netcalc.linear(W=[[4, -4]], v=[-1, -2], b=[-3], delta=[1])
    assert [one.verdict for one in netcalc.check(result, [f"dW={path}"]).checked] == ["right"] * 2
    path.write_text("-1.1,-2\n", encoding="utf-8")
    assert [one.verdict for one in netcalc.check(result, [f"dW={path}"]).checked] == ["wrong", "right"]
    with pytest.raises(NetcalcError, match="there is no file"):
        netcalc.check(result, [f"dW={tmp_path / 'none.csv'}"])


@pytest.mark.parametrize(
    "name, rows", [("dW", "c1,c2\n1,2\n3,6\n"), ("db", "b0,b1\n1,3\n"), ("db", '"the bias"\n1\n3\n')]
)
def test_a_header_above_the_numbers_of_one_answer_is_no_row_of_them(name, rows, tmp_path):
    result = netcalc.linear([[1, 2], [3, 4]], [1, 2], delta=[1, 3])
    (tmp_path / "own.csv").write_text(rows)
    found = netcalc.check(result, [f"{name}={tmp_path / 'own.csv'}"]).checked
    assert {one.verdict for one in found} == {"right"}


def test_a_first_row_of_formulas_is_no_header(tmp_path):
    (tmp_path / "own.csv").write_text("v0,v1\n0,0\n")
    result = netcalc.linear([[1, 2], [3, 4]], [1, 2], delta=[1, 3])
    found = netcalc.check(result, [f"dW={tmp_path / 'own.csv'}"]).checked
    assert [one.verdict for one in found] == ["right", "right", "wrong", "wrong"]


def test_the_numbers_of_one_answer_may_be_an_array_in_a_file(tmp_path):
    """Of .npy, or by name of .npz; small ones, and those compared as a whole."""
    result, own = large_layer()
    np.save(tmp_path / "dW.npy", own["dW"])
    np.savez(tmp_path / "own.npz", bias=np.asarray(own["db"]) + 1)
    given = [f"dW={tmp_path / 'dW.npy'}", f"db={tmp_path / 'own.npz'}:bias"]
    verdicts = {one.name: one.verdict for one in netcalc.check(result, given).checked}
    assert verdicts["dW"] == "right"
    assert verdicts["db0"] == "wrong"


def test_lines_of_json_a_sample_each_come_back(tmp_path):
    """As -f jsonl writes them, a right one and a wrong one."""
    result = netcalc.neuron(x=[[1, 2], [3, 0.5]], w=[0.5, -4], b=-3)
    path = tmp_path / "a.jsonl"
    lines = [{"q": -10.5, "dx1": "-4*exp(-10.5)/(1+exp(-10.5))^2"}, {"q": -3.5, "dw1": 0.02}]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    checked = netcalc.check(result, [str(path)]).checked
    assert [(one.name, one.verdict) for one in checked] == [
        ("q0", "right"),
        ("dx[0,1]", "right"),
        ("q1", "right"),
        ("dw[1,1]", "wrong"),
    ]


def test_a_decimal_comma_is_told_from_two_numbers():
    """Where one number is wanted."""
    assert netcalc.check(netcalc.neuron(**NOTE), ["f=0,73"]).checked[0].verdict == "rounded"
    with pytest.raises(NetcalcError, match=r"3 numbers are given for it$"):
        netcalc.check(netcalc.neuron(**NOTE), ["f=0,7,3"])


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_a_number_that_is_not_finite_is_a_wrong_answer(tmp_path, bad):
    """Of many numbers too; what stands beside it is judged."""
    result, own = large_layer()
    own["dW"][3, 7] = own["db"][2] = float(bad)
    path, arrays = tmp_path / "answers.json", tmp_path / "answers.npz"
    path.write_text(json.dumps({name: array.tolist() for name, array in own.items()}))
    np.savez(arrays, **own)
    for brought in (own, [str(path)], [str(arrays)]):
        checked = netcalc.check(result, brought).checked
        assert [one.name for one in checked if one.is_wrong] == ["dW", "dW[3,7]", "db2"]
        assert checked[-1].name == "db127"


def test_far_below_the_range_of_float64_nothing_is_diagnosed():
    """Everything is 0 there."""
    checked = netcalc.check(netcalc.neuron(x=[1], w=[-1000], b=0), {"dx": "1.1e-433", "dw": "0"}).checked
    assert {one.diagnosis for one in checked} == {"the cause was not identified"}


@pytest.mark.parametrize("digits, expected", [(6, "rounded"), (3, "rounded"), (17, "right")])
def test_many_numbers_are_held_to_their_own_digits(tmp_path, digits, expected):
    """As few are: lists in a file, and lists from Python."""
    result, own = large_layer()
    rows = [[float(f"{one:.{digits}g}") for one in row] for row in own["dW"].tolist()]
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"dW": rows}))
    for brought in ([str(path)], {"dW": rows}):
        (one,) = netcalc.check(result, brought).checked
        assert one.verdict == expected
    rows[5][7] *= 1.01
    assert [one.name for one in netcalc.check(result, {"dW": rows}).checked if one.is_wrong] == ["dW", "dW[5,7]"]
    assert netcalc.check(result, {"dW": rows}, rtol=1e-9).checked[0].is_wrong


def test_numbers_of_32_bits_are_told_from_all_of_an_array():
    """Be it the last one that is none; and so is what is wrong, in whatever part of a large array it is."""
    rng = np.random.default_rng(3)
    v, delta = rng.normal(size=700), rng.normal(size=300)
    result = netcalc.linear(W=np.ones((300, 700)), v=v, delta=delta, bias=False)
    right = np.outer(delta, v)
    coarse = right.astype(np.float32).astype(np.float64)
    for last, verdict in ((coarse[-1, -1], "right"), (1 + 2.0**-40, "wrong")):
        own = coarse.copy()
        own[-1, -1] = last
        whole, *entries = netcalc.check(result, {"dW": own}).checked
        assert whole.verdict == verdict
        assert len(entries) == (0 if verdict == "right" else 100)
    for place in ((0, 0), (150, 3), (299, 699)):
        own = right.copy()
        own[place] *= 2
        whole, entry = netcalc.check(result, {"dW": own}).checked
        assert (entry.name, whole.note) == (
            f"dW[{place[0]},{place[1]}]",
            "1 of 210,000 entries is wrong; the largest relative error is 1",
        )


@pytest.mark.parametrize("again", ["dL/dW", "dW[1,1]", "dv[0,0]"])
def test_a_tensor_of_many_numbers_is_answered_once(again):
    """And is no single number."""
    result, own = large_layer()
    with pytest.raises(NetcalcError, match=r"dW is answered twice|is a single number"):
        netcalc.check(result, {"dW": own["dW"], again: own["dW"] if again != "dW[1,1]" else 1.5})


def test_short_binary_fractions_are_no_sign_of_32_bits():
    """0.75 isn't right for 0.750003, be it stored as it may."""
    np = pytest.importorskip("numpy")
    result = netcalc.grad("x*y", at={"x": "0.750003", "y": "0.5"})
    kept = netcalc.check(result, {"dx": 0.5, "dy": np.array(0.750003)}).checked
    assert {one.verdict for one in kept} == {"right"}
    layer = netcalc.linear(W=[[1, 1]], v=["0.750003", "0.5"], b=[0], delta=[1])
    checked = netcalc.check(layer, {"dW": np.array([[0.75, 0.5]])}).checked
    assert [one.verdict for one in checked] == ["wrong", "right"]


@pytest.mark.parametrize(
    "name", "dx d_x grad_x gx x.grad x_grad nabla_x dL_dx dL/dx ∂L/∂x ∂f/∂x df/dx df_dx dC/dx".split()
)
def test_a_gradient_of_an_expression_has_the_names_that_people_use(name):
    result = netcalc.grad("x^2*y", at={"x": 2, "y": 3})
    (one,) = netcalc.check(result, {name: 12}).checked
    assert (one.name, one.verdict) == ("dx", "right")


@pytest.mark.parametrize("name", ["dy_dx", "grad_q", "loss_x"])
def test_what_may_mean_two_things_is_no_answer(name):
    with pytest.raises(netcalc.NetcalcError, match="there is no answer"):
        netcalc.check(netcalc.grad("x^2*y", at={"x": 2, "y": 3}), {name: 12})


@pytest.mark.parametrize("name", "db gb grad_b b.grad dL_db dL/db ∂L/∂b nabla_b".split())
def test_a_gradient_of_a_neuron_has_the_names_that_people_use(name):
    result = netcalc.neuron([1, 2], [1, 1], 0, "identity", delta=3)
    (one,) = netcalc.check(result, {name: 3}).checked
    assert (one.name, one.verdict) == ("db", "right")


@pytest.mark.parametrize("name", "dW W.grad grad_W W_grad dL_dW dL/dW ∂loss/∂W".split())
def test_a_gradient_of_a_program_has_the_names_that_people_use(name):
    result = netcalc.gradients("loss = ((x @ W) ** 2).sum()", x=[[1.0, 1.0]], W=[[1.0], [1.0]])
    assert {one.verdict for one in netcalc.check(result, {name: [[4.0], [4.0]]}).checked} == {"right"}


@pytest.mark.parametrize(
    "text",
    [
        "where((-1e-8) < (0) and ((0) <= (y)), y, betaln((x) - (1e300), where((x) != (y), 1e399, x)))",
        "3/y/(y/x) + 1e399",
        "1e399/(1e399 + x) + y",
    ],
)
def test_numbers_beyond_float64_are_no_mistake_of_netcalcs_own(text):
    """What looks for a cause computes in float64, where such a number is infinite."""
    result = netcalc.grad(text, at={"y": "1.696", "x": "-3.673"})
    (one,) = netcalc.check(result, {"dx": "1"}).checked
    assert one.is_wrong


@pytest.mark.parametrize(
    "expression, asked",
    [
        ("x^2*y", {"at": {"x": 1, "y": 2}, "order": 2}),
        ("x^7", {"at": {"x": 2}, "order": 4}),
        ("log(sum(exp(x)))", {"at": {"x": [0, 1]}, "order": 2}),
        ("log(sum(exp(x)))", {"at": {"x": [0, 1]}, "order": 2, "along": {"x": [1, -1]}}),
    ],
)
def test_all_that_an_answer_of_netcalcs_own_holds_is_checked(expression, asked):
    """Second derivatives and directions too: none is right because it is passed over."""
    result = netcalc.grad(expression, **asked)
    right = netcalc.check(result, [result.to_json()]).checked
    assert len(right) == sum(tensor.entries.size for tensor in result.tensors)
    assert not any(one.is_wrong for one in right)
    last = re.sub(r'[0-9.]+([]}]+, "notes")', r"77\1", result.to_json())
    wrong = netcalc.check(result, [last])
    assert sum(one.is_wrong for one in wrong.checked) == 1
