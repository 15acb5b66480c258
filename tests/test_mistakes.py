"""The catalogue of mistakes: every row applies somewhere, and what it yields is told by its words."""

from __future__ import annotations

import json
import math
import random
import re
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import netcalc
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.checking import Checker
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS
from netcalc.checking.edits.catalogue import MISTAKES, ROUNDINGS
from netcalc.notation.latex import text_to_latex

X, W, B = ["0.6", "-1.3", "2.1"], ["1.2", "0.7", "-0.35"], "0.45"
X2, W2, B2 = ["1.3", "0.4", "-0.8"], ["-0.9", "1.7", "0.65"], "-0.55"
SQUARE = [["0.5", "-1.2", "0.8"], ["1.1", "0.3", "-0.7"], ["-0.4", "0.9", "1.6"]]
OTHER = [["1.5", "0.2", "-0.9"], ["-0.6", "0.75", "1.25"], ["0.35", "-1.4", "0.85"]]
ROWS = [["0.6", "-1.3", "2.1"], ["1.4", "0.3", "-0.5"], ["-0.7", "0.9", "0.2"]]


def neurons(**options):
    yield netcalc.neuron(x=X, w=W, b=B, **options)
    yield netcalc.neuron(x=X2, w=W2, b=B2, **options)


def layers(**options):
    for matrix, v, b in ((SQUARE, X, ["0.213", "-0.117", "0.429"]), (OTHER, X2, ["-0.311", "0.157", "0.643"])):
        yield netcalc.linear(W=matrix, v=v, b=b, **options)


def batches(**options):
    for matrix, b in ((SQUARE, ["0.213", "-0.117", "0.429"]), (OTHER, ["-0.311", "0.157", "0.643"])):
        yield netcalc.linear(W=matrix, v=ROWS, b=b, **options)


def nets(first, second, **options):
    for one, other in ((SQUARE, OTHER), (OTHER, SQUARE)):
        stack = [
            {"W": one, "b": ["0.213", "-0.117", "0.429"], "activation": first},
            {"W": other, "b": ["0.1", "0.3", "-0.2"], "activation": second},
        ]
        yield netcalc.net(stack, input=X, **options)


PROBLEMS = {
    "a sigmoid neuron": neurons(),
    "a tanh neuron": neurons(activation="tanh"),
    "relus": layers(activation="relu", delta=["0.537", "-1.519", "0.743"]),
    "a silu neuron": neurons(activation="silu"),
    "a sine neuron": neurons(activation="sin"),
    "a neuron with a loss": neurons(target="0.3", loss="mse"),
    "a neuron with half a loss": neurons(target="0.3", loss="half-mse"),
    "a neuron with bce": neurons(target="1", loss="bce"),
    "a neuron with delta": neurons(delta="0.7"),
    "a neuron with a huber loss": neurons(target="-3", loss="huber"),
    "layers": layers(delta=["0.537", "-1.519", "0.743"]),
    "batches": batches(delta=ROWS[::-1]),
    "batches with a loss": batches(target=ROWS[::-1], loss="mse", reduction="mean"),
    "batches with a sum": batches(target=ROWS[::-1], loss="half-mse", reduction="sum"),
    "softmax": layers(activation="softmax", delta=["0.537", "-1.519", "0.743"]),
    "nets": nets("tanh", "sigmoid", target=["0.2", "0.9", "0.4"], loss="half-mse"),
    "nets of classes": nets("sigmoid", "identity", target=1, loss="cross-entropy"),
    "nets with weight decay": nets(
        "tanh", "sigmoid", target=["0.2", "0.9", "0.4"], loss="half-mse", weight_decay="0.3"
    ),
}
EXPRESSIONS = (  # at x = 0.7, y = 1.9
    "x^2*sin(y)",
    "exp(-x^2*y) + 3.2174*x",
    "sin(2*x)*cos(3*y) + 4",
    "(x^2 + y)/(3*y - x*y)",
    "(1 + x*y)/(y^2 + x)",
    "1.2731*x^2 + (1 + x*y)/(y^2 + x)",
    "x*y - (x + 2)/(y + x^2)",
    "x*y^2*z + exp(z)",
    "x*sin(y)*z^3 - 1.3719*x^2",
    "1.2731*x^2*z - y*exp(x*z)",
    "sqrt(x + 3*y^2) + log10(x*y)",
    "2^(x*y) + y^3",
    "sqrt(2*x*y) - log2(x^3 + y)",
    "sigmoid(x*y + 1) + 1.7*x*y",
    "tanh(x - 2*y)*x",
    "tanh(x*y) + cos(x^2 - y)",
    "sigmoid(x^2 - y)*y",
    "x*3^y + cos(x/y)*y^2",
    "exp(x*y)*x + cos(y)*x",
    "max(x, y)*exp(x) + 1.3*y",
)

SECOND = ("x^2*y^3", "sin(x*y) + x^2", "exp(2*x)*y^2")  # whose second derivatives are asked for too
RECURRENCE = """e = C[ix]
h1 = np.tanh(e @ Wx + h0 @ Wh)
h2 = np.tanh(e @ Wx + h1 @ Wh)
loss = (h2 * G).sum()
"""
RECURRENT = {
    "C": [["0.3", "-0.8"], ["1.1", "0.4"]],
    "ix": [1, 1, 0],
    "Wx": [["0.7", "-0.4"], ["0.2", "0.9"]],
    "Wh": [["-0.3", "0.5"], ["0.8", "-0.6"]],
    "h0": [["0.1", "-0.2"], ["0.4", "0.3"], ["-0.5", "0.6"]],
    "G": [["0.9", "-1.3"], ["0.35", "0.75"], ["-1.2", "0.45"]],
}
PUBLISHED = json.loads((Path(__file__).parent / "data" / "published_mistakes.json").read_text(encoding="utf-8"))


def problems():
    yield from chain(*PROBLEMS.values())
    for text in EXPRESSIONS:
        at = {"x": "0.7", "y": "1.9"} | ({"z": "-1.3"} if "z" in text else {})
        yield netcalc.grad(text, at=at)
    for text in SECOND:
        yield netcalc.grad(text, at={"x": "0.7", "y": "1.9"}, order=2)
    yield netcalc.grad("x^x", at={"x": "2.5"})
    yield netcalc.grad("log(x)^2*x", at={"x": "2.5"})
    at = {"W": [["0.7", "-0.4"], ["1.3", "0.9"]], "x": ["0.6", "-1.1"]}
    yield netcalc.grad("softmax(W@x)", at=at, delta=["0.3", "-1.2"])
    yield netcalc.grad("norm(W@x)*max(x)", at=at)
    yield netcalc.grad("x@W@x + logsumexp(x)*prod(x)", at=at)
    yield netcalc.grad("sum(inv(W)@x)*det(W) + logdet(W)", at=at)
    yield netcalc.grad("W@tanh(x)", at=at)
    yield netcalc.grad("trace(W@V) + log(softmax(x)[0])", at=at | {"V": [["0.2", "-1.4"], ["0.8", "1.6"]]})
    yield netcalc.gradients(RECURRENCE, at=RECURRENT)
    rows = {"x": [["0.6", "-1.3", "0.4"], ["1.4", "0.3", "-0.2"]], "t": [["1", "0", "0"], ["0", "1", "0"]]}
    yield netcalc.gradients(SOFTMAX, at=rows)
    yield netcalc.gradients(NORMALISED, at=rows)
    yield netcalc.gradients(ROOT, at=rows)
    yield netcalc.gradients(MASKED, at={"x": rows["x"], "y": [2, 0]})
    image = [[[["0.7", "-0.4", "0.3"], ["1.3", "0.9", "-0.8"], ["0.2", "-1.1", "0.5"]]]]
    yield netcalc.gradients(CONVOLVED, at={"x": image, "w": [[[["0.6", "-1.3"], ["0.4", "1.7"]]]]})
    yield netcalc.gradients(STRIDED, at={"x": [[["0.7", "-0.4", "0.3", "1.3", "0.9"]]], "w": [[["0.6", "-1.3"]]]})
    layer = {"W": [["0.15", "0.2"]], "b": ["0.35"], "activation": "sigmoid"}
    yield netcalc.net([layer], input=["0.05", "0.1"], target=["0.5"], loss="half-mse", lr="0.5")


ROOT = "loss = (t / np.sqrt((x**2).mean(1, keepdims=True) + 0.1)).sum()"
MASKED = """import torch
import torch.nn.functional as F

s = x.masked_fill(torch.tensor([[False, True, False], [False, False, False]]), -2.0)
loss = F.cross_entropy(s, y)"""
CONVOLVED = """import torch.nn.functional as F

loss = (F.conv2d(x, w)**2).sum()"""
STRIDED = """import torch.nn.functional as F

loss = (F.conv1d(x, w, stride=2)**2).sum()"""
SOFTMAX = """e = np.exp(x - x.max(1, keepdims=True))
p = e / e.sum(1, keepdims=True)
loss = -(t * np.log(p)).sum() / 2"""
NORMALISED = """c = x - x.mean(1, keepdims=True)
s = np.sqrt((c**2).mean(1, keepdims=True) + 0.1)
h = c / s
loss = (h * t).sum()"""


@pytest.fixture(scope="module")
def checkers():
    return [Checker(result) for result in problems()]


def brought(checker, whole, digits=9):
    """What an edit yields for every answer, as it would be written down."""
    return {
        one.name: f"{value:.{digits}g}"
        for tensor in checker.result.tensors
        if tensor.name in whole
        for one, value in zip(tensor.elements(), np.ravel(whole[tensor.name]).tolist(), strict=True)
        if math.isfinite(value)
    }


def alike(checker, answers):
    """What is said of every edit that yields the same answers."""
    return {
        other.edit.said
        for other in checker.library.singles
        if all(
            math.isclose(float(text), float(theirs.get(name, "nan")), rel_tol=1e-7, abs_tol=1e-12)
            for theirs in [brought(checker, other.whole[0])]
            for name, text in answers.items()
        )
    }


def test_every_row_applies_somewhere(checkers):
    found = {one.edit.row for checker in checkers for one in checker.library.singles}
    assert {row.name for row in MISTAKES} - found == set()
    assert len({row.name for row in (*MISTAKES, *ROUNDINGS)}) == len((*MISTAKES, *ROUNDINGS))


@pytest.mark.parametrize("step, every", [(9, 60), pytest.param(1, 15, marks=pytest.mark.nightly)])
def test_an_edit_is_named_where_it_was_made(checkers, step, every):
    """By itself, or with those that yield the same; one in thirty is met by too many others to be told.

    One edit of `every` is planted, in one problem of `step`.
    """
    planted, missed = 0, []
    draw = random.Random(5)
    for checker in checkers[::step]:
        for one in draw.sample(checker.library.singles, max(1, len(checker.library.singles) // every)):
            answers = brought(checker, one.whole[0])
            wrong = [answer for answer in checker.checked(answers.items()).checked if answer.is_wrong]
            if not wrong:
                continue
            planted += 1
            told = {answer.diagnosis for answer in wrong}
            same = alike(checker, answers)
            assert all(
                said == NO_DIAGNOSIS.said or said.startswith("right, given") or any(words in said for words in same)
                for said in told
            ), (one.edit.said, told)
            if told == {NO_DIAGNOSIS.said}:
                missed.append(one.edit.said)
    assert len(missed) <= max(1, planted / 30), missed


@pytest.mark.parametrize("kind", ["decimals", "whole numbers", "fractions"])
def test_answers_made_at_random_are_not_explained(checkers, kind):
    draw = random.Random(11)
    made = told = 0
    for checker in checkers[::4]:
        elements = [one for tensor in checker.result.tensors for one in tensor.elements()]
        for _ in range(6):
            one = draw.choice(elements)
            text = {
                "decimals": f"{(one.value.nearest or 1) * draw.gauss(1, 1):.4g}",
                "whole numbers": str(draw.randint(10, 99)),
                "fractions": f"{draw.randint(-9, 9)}/{draw.randint(2, 9)}",
            }[kind]
            wrong = [answer for answer in checker.checked([(one.name, text)]).checked if answer.is_wrong]
            made += len(wrong)
            told += sum(answer.diagnosis != NO_DIAGNOSIS.said for answer in wrong)
    assert told <= 2, f"{told} of {made}"


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["id"])
def test_a_published_mistake_is_named(case, tmp_path, monkeypatch, capsys):
    """As its source describes it: alone, or among at most three."""
    from netcalc.cli import main

    monkeypatch.chdir(tmp_path)
    for name, text in case["files"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main([*case["argv"], "-f", "json", "--check", *case["answers"]]) == 1
    told = [one["diagnosis"] for one in json.loads(capsys.readouterr().out)["check"] if one["verdict"] == "wrong"]
    assert told
    assert all(re.search(case["said"], one) for one in told), told


BY_HAND = [
    ("exp(-x^2)", "0.7", math.exp(-0.49), "inner derivative left out"),
    ("x^3", "1.3", 3 * 1.3**3, "exponent not lowered"),
    ("x^3", "1.3", 1.3**2, "exponent not brought down"),
    ("x*sin(x)", "0.7", math.cos(0.7), "product of the derivatives"),
    ("x/sin(x)", "0.7", 1 / math.cos(0.7), "quotient of the derivatives"),
    ("x/exp(x)", "0.7", (1 + 0.7) * math.exp(-0.7), "quotient rule with a plus"),
    ("cos(x)", "0.7", math.sin(0.7), "sign of cos′"),
    ("2^x", "1.7", 1.7 * 2**0.7, "exponential differentiated as a power"),
    ("sin(x)", "0.7", math.cos(math.radians(0.7)), "degrees taken for radians"),
    ("log10(x)", "0.7", 1 / 0.7, "logarithm's base forgotten"),
]


@pytest.mark.parametrize("text, x, wrong, said", BY_HAND)
def test_a_slip_worked_out_by_hand_is_named(text, x, wrong, said):
    (one,) = netcalc.check(netcalc.grad(text, at={"x": x}), {"dx": f"{wrong:.6g}"}).checked
    assert said in one.diagnosis


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_said_of_any_activation_is_plain_latex(activation):
    """A class's report is set by any LaTeX: no sign is left that its usual fonts lack."""
    checker = Checker(netcalc.neuron(x=[1], w=[2], b=1, activation=activation))
    assert text_to_latex("; ".join(one.edit.said for one in checker.library.singles)).isascii()


MLP = """z = X @ W + b
h = {}
logits = h @ V
loss = -(T * np.log({})).sum() / 3
"""
SPELLED_SOFTMAX = "np.exp(logits) / np.exp(logits).sum(1, keepdims=True)"
XWY = {"X": [[1, 2], [3, 4], [5, -1]], "w": [1, -2], "y": [2, 1, 3]}
ABC = {"A": [[1, 2], [3, 5]], "B": [[2, -1], [1, 4]], "C": [[1, 0], [3, 1]]}
TYPICAL = [  # in whole and short numbers, and in letters
    ("x^2+x*y+y^2", {"x": 1, "y": 2}, ["dx=2", "dy=4"], "the term x·y left out"),
    ("x^2+x*y+y^2", {"x": 1, "y": 2}, ["dx=5", "dy=4"], "the derivatives by x and by y swapped"),
    ("x*y^2-3*y", {"x": 2, "y": 5}, ["dy=20"], "the term −3·y left out"),
    ("5/x^3", {"x": 2}, ["dx=-3.75"], "a negative exponent raised by 1"),
    ("4*sqrt(x)", {"x": 4}, ["dx=2"], "the root's ½ left out"),
    ("(3*x-1)^3", {"x": 1}, ["dx=27"], "f′(g′)"),
    ("max(x,y)^2", {"x": 3, "y": 5}, ["dx=6", "dy=0"], "the smaller one taken for max"),
    ("sum((X@w-y)^2)+lam*sum(w^2)", XWY | {"lam": "0.5"}, ["dw=-6,-76"], "the term lam·norm(w)^2 left out"),
    ("sum((X@w-y)^2)", None, ["dw=2*X.T@X@w-X.T@y"], "the 2 of the square left out of the term − y"),
    ("sum((X@w-y)^2)", None, ["dw=2*(X@w-y)"], "Xᵀ left out"),
    ("sum((X@w-y)^2)", XWY, ["dw=2*(X@w-y)"], "Xᵀ left out"),
    ("sum((X@w-y)^2)", XWY, ["dw=2*norm(X@w-y)"], "this is a single number, and dw is a vector of 2"),
    ("trace(A)", {"A": ABC["A"]}, ["dA=1,1;1,1"], "it is the identity"),
    ("trace(A@B@C)", ABC, ["dB=C.T@A.T"], "the factors in the other order"),
    ("log(det(A))", {"A": [[2, 1], [1, 4]]}, ["dA=0.1429,0.1429;0.1429,0.1429"], "derivative left out"),
    ("norm(x)", {"x": [3, 4]}, ["dx=1,1"], "the norm's slope left out"),
    ("-log(softmax(z)[1])", {"z": [1, 2, 0]}, ["dz=-0.7553,0.6652,0.09003"], "entry 0 of softmax(z) taken for entry 1"),
    ("-sum(y*log(softmax(z)))", None, ["dz=softmax(z)-y"], "where t sums to 1 alone"),
    ("-sum(Y*log(softmax(X@W)))", None, ["dW=X.T@(Y-softmax(X@W))"], "and with the wrong sign"),
    ("var(x)", {"x": [1, 2, 6]}, ["dx=0.6667,1.333,4"], "mean(x) left out of x − mean(x)"),
    ("sum((x-mean(x))^2)", {"x": [1, 2, 6]}, ["dx=-2.667,-1.333,4"], "for the own entry alone"),
    ("sum(x)^2", {"x": [1, 2, 3]}, ["dx=2,4,6"], "the slope taken at each entry of x"),
    ("log(sum(x))", {"x": [1, 2, 5]}, ["dx=1,0.5,0.2"], "the slope taken at each entry of x"),
    ("sum(x^2)", {"x": [1, 2, 3]}, ["dx=12,12,12"], "the slope taken at the sum of x"),
    ("norm(x)^2", {"x": [1, 2, 2]}, ["dx=0.6667,1.333,1.333"], "divided by the norm"),
    ("x@A@x", {"A": [[2, 1], [0, 3]], "x": [1, 2]}, ["dA=1,0;0,4"], "the outer product's diagonal alone"),
    ("x/y+y/x", {"x": 1, "y": 2}, ["dx=0.5", "dy=1"], "what is below the bar taken as a constant"),
    ("(x^2-4)^3", {"x": 3}, ["dx=648"], "f′(g′)·g′"),
    ("(w*x+b-t)^2/2", {"w": 1, "x": 2, "b": 1, "t": 5}, ["dw=6", "db=3"], "−t left out"),
    (
        "mean((A@B)^2)",
        {"A": ABC["A"], "B": ABC["B"]},
        ["dA=1,32;5,79"],
        "the mean of 2 entries taken, in place of that of 4",
    ),
    ("exp(-(x-b)^2)", None, ["dx=-2*exp(-(x-b)^2)"], "the power itself left out"),
    ("sqrt(sum(x^2)+2)", {"x": [1, 2, 3]}, ["dx=0.2673,0.5345,0.8018"], "ε added outside the root"),
    ("sum((X@w-y)^2)", XWY, ["dw=40,-8"], "the gradient of sample 2 alone"),
    ("sum(relu(W@x))", None, ["dW=outer(ones(m),x)"], "relu′ left out"),
    pytest.param(
        "norm(A@x)+sum(abs(x))", None, ["dx=A.T@A@x/norm(A@x)+1"], "abs′ taken as 1", marks=pytest.mark.nightly
    ),
    ("-sum(y*log_softmax(z))", {"y": [0, 1, 0], "z": [1, 2, 0]}, ["dz=0.2114,-0.268,0.0567"], "the target smoothed"),
]


@pytest.mark.parametrize("text, at, answers, said", TYPICAL)
def test_a_typical_slip_is_named(text, at, answers, said):
    told = [one for one in netcalc.check(netcalc.grad(text, at=at), answers).checked if one.is_wrong]
    assert told
    assert all(said in one.diagnosis for one in told), told


IN_PROGRAMS = (  # an activation as a program spells it, dz as it goes wrong, what is told
    ("np.maximum(z, 0)", "dh", "relu′ left out of the chain rule"),
    ("np.maximum(z, 0)", "dh*(dh > 0)", "relu′ taken from the sign of the gradient from above"),
    ("1/(1 + np.exp(-z))", "dh*z*(1 - z)", "σ′ taken as q(1 − q)"),
    ("1/(1 + np.exp(-z))", "dh", "σ′ left out of the chain rule"),
)


def mlp(spelled):
    """A net of two layers: its numbers, and the gradients as NumPy computes them up to dh."""
    rng = np.random.default_rng(5)
    at = {"X": rng.normal(size=(3, 4)), "W": rng.normal(size=(4, 5)), "b": rng.normal(size=5)}
    at |= {"V": rng.normal(size=(5, 2)), "T": np.eye(2)[[0, 1, 1]]}
    z = at["X"] @ at["W"] + at["b"]
    h = spelled(z)
    grown = np.exp(h @ at["V"])
    return at, z, h, grown / grown.sum(1, keepdims=True)


@pytest.mark.parametrize("spelled, wrong, said", IN_PROGRAMS)
def test_a_slip_in_an_activation_that_is_written_out_is_told_by_its_name(spelled, wrong, said):
    at, z, _, p = mlp(lambda z: eval(spelled, {"np": np, "z": z}))  # noqa: S307 - the table above
    dh = (p - at["T"]) / 3 @ at["V"].T
    dz = eval(wrong, {"np": np, "z": z, "dh": dh})  # noqa: S307 - the table above
    result = netcalc.gradients(MLP.format(spelled, SPELLED_SOFTMAX), at=at)
    checked = netcalc.check(result, {"dW": at["X"].T @ dz, "db": dz.sum(0)}).checked
    assert all(said in one.diagnosis for one in checked if one.verdict == "wrong")
    assert any(one.verdict == "wrong" for one in checked)


def test_a_softmax_that_is_written_out_is_told_by_its_jacobian():
    at, _, h, p = mlp(np.tanh)
    wrong = -at["T"] / p / 3 * p * (1 - p)
    result = netcalc.gradients(MLP.format("np.tanh(z)", SPELLED_SOFTMAX), at=at)
    said = {one.diagnosis for one in netcalc.check(result, {"dV": h.T @ wrong}).checked if one.verdict == "wrong"}
    assert said == {"the Jacobian of softmax taken as its diagonal alone"}


def test_steps_of_time_and_rows_that_occur_twice_are_told():
    at = {name: np.array(array, dtype=int if name == "ix" else float) for name, array in RECURRENT.items()}
    e = at["C"][at["ix"]]
    h1 = np.tanh(e @ at["Wx"] + at["h0"] @ at["Wh"])
    h2 = np.tanh(e @ at["Wx"] + h1 @ at["Wh"])
    dz2 = at["G"] * (1 - h2**2)
    dz1 = dz2 @ at["Wh"].T * (1 - h1**2)
    overwritten = np.zeros((2, 2))
    overwritten[at["ix"]] = (dz1 + dz2) @ at["Wx"].T
    result = netcalc.gradients(RECURRENCE, at=at)
    wrong = {"dWh": h1.T @ dz1 + h2.T @ dz2, "dC": overwritten}
    said = {one.name[:3]: one.diagnosis for one in netcalc.check(result, wrong).checked if one.verdict == "wrong"}
    assert "made with the one of the step after it" in said["dWh"]
    assert said["dC["] == "rows that occur twice are overwritten: their gradients add up"


def test_a_slip_in_32_bits_is_told_with_the_digits_of_64():
    """What PyTorch computes in float32 and Python prints."""
    result = netcalc.grad("w_y*tanh(w_h*tanh(w_h*h0))", at={"w_h": "2", "w_y": "40", "h0": "0.5"})
    (one,) = netcalc.check(result, {"dw_h": "-40.21530288726289"}).checked
    assert "tanh′ taken as 1 − q²" in one.diagnosis


@pytest.mark.parametrize(
    "axis, factor, said", [(0, 2, "twice what it is in row 1"), (1, 0.5, "half of what it is in column 1")]
)
def test_a_row_or_column_that_is_twice_or_half_of_what_it_is_is_told(axis, factor, said):
    rng = np.random.default_rng(2)
    result = netcalc.gradients(
        "loss = ((np.tanh(X @ W) - T)**2).sum()",
        at={"X": rng.normal(size=(4, 5)), "W": rng.normal(size=(5, 6)), "T": rng.normal(size=(4, 6))},
    )
    wrong = result["dW"].numbers().copy()
    wrong[(slice(None),) * axis + (1,)] *= factor
    told = {one.diagnosis for one in netcalc.check(result, {"dW": wrong}).checked if one.verdict == "wrong"}
    assert told == {said}


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_half_of_a_loss_is_no_mean(rows):
    """Of two outputs as of any other number: nothing is averaged where the reduction is a sum."""
    weights = [[0.3], [0.7], [0.2]][:rows]
    layer = {"W": weights}
    result = netcalc.net([layer], input=[1], target=[0.0] * rows, loss="half-mse", reduction="sum")
    told = netcalc.check(result, {"dW1": [[2 * w] for (w,) in weights]}).checked
    assert all("the factor ½ left out" in one.diagnosis and "mean" not in one.diagnosis for one in told)


@pytest.mark.parametrize(
    "program, wrong, said",
    [
        (SOFTMAX, "p/2", "the target left out of the gradient"),
        (SOFTMAX, "(x - t)/2", "the logits taken for their softmax"),
        (SOFTMAX, "(e - t)/2", "the exponentials taken for their softmax"),
        (SOFTMAX, "-t/2*(1 - p)", "the Jacobian of softmax taken as its diagonal alone"),
        (SOFTMAX, "-t/p/2", "the Jacobian of softmax left out"),
        (NORMALISED, "t/s", "the mean and the variance taken as constants"),
        (NORMALISED, "(t - t.mean(1, keepdims=True))/s", "the variance taken as a constant"),
        (NORMALISED, "(t - t.mean(0) - h*(t*h).mean(0))/s", "normalisation's means taken along axis 0"),
        (
            NORMALISED,
            "(t - t.mean(1, keepdims=True) - h*(t*h).mean(1, keepdims=True))*s",
            "multiplied by the deviation",
        ),
    ],
)
def test_slips_in_softmax_and_normalisation_written_out_are_named(program, wrong, said):
    """As courses and issues have them, worked out by NumPy."""
    at = {"x": np.array([[0.6, -1.3, 0.4], [1.4, 0.3, -0.2]]), "t": np.array([[1.0, 0, 0], [0, 1, 0]])}
    names = {"np": np, **at}
    exec(program, names)  # noqa: S102 - our own text
    result = netcalc.gradients(program, at=at)
    told = netcalc.check(result, {"dx": eval(wrong, names)}).checked  # noqa: S307 - our own text
    assert all(said in one.diagnosis for one in told if one.is_wrong)
    assert any(one.is_wrong for one in told)


LOGISTIC = """z = x @ w
p = 1/(1 + np.exp(-z))
loss = -(y*np.log(p) + (1 - y)*np.log(1 - p)).sum()/3 + 0.2*(w**2).sum()"""


@pytest.mark.parametrize(
    "wrong, said",
    [
        ("x.T @ (z - y)/3 + 0.4*w", "the sum taken for its σ in σ − t"),
        ("x.T @ p/3 + 0.4*w", "the target left out of the gradient"),
        ("x.T @ (p - y)/3 + 0.4*w/3", "the mean's 1/3 applied to"),
        ("x.T @ (p - y)/3 + 0.2*w", "the 2 of the square's derivative left out"),
    ],
)
def test_slips_in_logistic_regression_are_named(wrong, said):
    at = {"x": np.array([[0.6, -1.3], [1.4, 0.3], [-0.7, 0.9]]), "w": np.array([0.4, -0.9]), "y": np.array([1.0, 0, 1])}
    names = {"np": np, **at}
    exec(LOGISTIC, names)  # noqa: S102 - our own text
    answer = eval(wrong, names)  # noqa: S307 - our own text
    told = netcalc.check(netcalc.gradients(LOGISTIC, at=at), {"dw": answer}).checked
    assert all(one.is_wrong and said in one.diagnosis for one in told)


@pytest.mark.parametrize(
    "activation, slope, said",
    [
        ("selu", "1.6732632423543772*exp(q)", "the scale λ left out"),
        ("celu(3)", "exp(q)", "exp(q/α) without the α"),
        ("arctan", "1/(1 - q**2)", "arctan′ taken as 1/(1 − q²)"),
        ("gelu", "(1 + erf(q/sqrt(2)))/2 + q*exp(-q*q/2)", "√(2·π) left out"),
        ("mish", "tanh(log(1 + exp(q))) + q*(1 - tanh(log(1 + exp(q)))**2)", "σ left out"),
        ("hard_sigmoid", "1/5", "1/5, that of Keras's older hard sigmoid"),
        ("hard_swish", "(q + 3)/6", "the product rule's other term is left out"),
    ],
)
def test_a_slope_in_a_wrong_form_is_named(activation, slope, said):
    wrong = eval(slope, {**vars(math), "q": -0.9})  # noqa: S307 - the table above
    result = netcalc.neuron(x=["1.57"], w=["-1"], b="0.67", activation=activation)
    (told,) = netcalc.check(result, {"dw0": f"{1.57 * wrong:.6g}"}).checked
    assert said in told.diagnosis


OF_CLASSES = {"input": [["0.5", "-1.2"], ["1.1", "0.3"], ["-0.4", "0.9"]], "loss": "cross-entropy"}
TARGETS = {"target": [2, 0, 1]}


@pytest.mark.parametrize(
    "right, wrong, said",
    [
        (TARGETS | {"label_smoothing": "0.3"}, TARGETS, "label smoothing left out"),
        (TARGETS | {"label_smoothing": "0.2"}, TARGETS | {"label_smoothing": "0.3"}, "shared by the 2 other classes"),
        (TARGETS | {"label_smoothing": "0.2"}, TARGETS | {"label_smoothing": "0.8"}, "ε and 1 − ε swapped"),
        (TARGETS | {"weights": ["1", "2", "0.5"]}, TARGETS, "the weights of the classes left out"),
        (TARGETS | {"temperature": "2"}, TARGETS, "the temperature left out"),
        (TARGETS | {"weight_decay": "0.3"}, TARGETS | {"weight_decay": "0.1"}, "λ divided by the samples too"),
    ],
)
def test_an_option_of_the_loss_that_is_forgotten_is_named(right, wrong, said):
    layer = {"W": [["0.4", "-0.7"], ["0.2", "0.9"], ["-0.3", "0.6"]], "b": ["0.1", "-0.2", "0.3"]}
    taken = netcalc.net([layer], **OF_CLASSES, **wrong)
    answers = {"loss": f"{taken.forward['loss']:.8g}", "dW1": taken.partials["W1"], "db1": taken.partials["b1"]}
    told = netcalc.check(netcalc.net([layer], **OF_CLASSES, **right), answers).checked
    assert all(said in one.diagnosis for one in told if one.is_wrong)
    assert sum(one.is_wrong for one in told) > 4


@pytest.mark.parametrize(
    "answer, said",
    [
        ({"db": ["-0.6", "0.8"]}, "the first one's gradient alone"),
        ({"db": ["0.2", "0.8"]}, "summed along the other axis"),
        ({"dW": [["-0.14", "0.94"], ["-0.405", "0.04"]]}, "transposed"),
    ],
)
def test_sums_over_samples_gone_wrong_are_named_on_short_numbers(answer, said):
    delta, v = [["-0.6", "0.8"], ["0.7", "0.1"]], [["-0.5", "-0.1"], ["-0.55", "1.1"]]
    result = netcalc.linear([["1", "2"], ["3", "-1"]], v=v, b=["0", "1"], delta=delta)
    assert {said in one.diagnosis for one in netcalc.check(result, answer).checked if one.is_wrong} == {True}


LSTM = """def sigmoid(z):
    return 1 / (1 + np.exp(-z))
h, c = h0, c0
for t in range(2):
    z = x[t] @ Wx + h @ Wh
    i, f, o = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:])
    c = f * c + i
    h = o * np.tanh(c)
loss = np.sum(h * up)"""


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "outer(hp, dz)",
            "outer(hn, dz)",
            "a step of time off: the gradient of Wh made with the one of the step after it",
        ),
        ("dct * cp", "dct * cn", "a step of time off: the gradient of f made with the one of the step after it"),
        ("df * f * (1 - f)", "df", "σ′ left out of the chain rule"),
    ],
)
def test_a_slip_made_at_every_step_of_time_is_told_once(old, new, said):
    rng = np.random.default_rng(3)
    at = {"x": rng.normal(size=(2, 2)), "Wx": rng.normal(size=(2, 6)), "Wh": rng.normal(size=(2, 6))}
    at |= {name: rng.normal(size=2) for name in ("h0", "c0", "up")}
    names = {"np": np, **at}
    exec(LSTM_BACKWARD.replace(old, new), names)  # noqa: S102 - our own text
    answers = {name: names[name] for name in ("dWx", "dWh")}
    told = {one.diagnosis for one in netcalc.check(netcalc.gradients(LSTM, at=at), answers).checked if one.is_wrong}
    assert told == {said}


LSTM_BACKWARD = """
s = lambda z: 1 / (1 + np.exp(-z))
h, c, past = h0, c0, []
for t in range(2):
    z = x[t] @ Wx + h @ Wh
    i, f, o = s(z[:2]), s(z[2:4]), s(z[4:])
    past.append((h, c, i, f, o))
    c = f * c + i
    h = o * np.tanh(c)
    past[-1] += (h, c)
dh, dc, dWx, dWh = up, 0, 0, 0
for t in (1, 0):
    hp, cp, i, f, o, hn, cn = past[t]
    dct = dh * o * (1 - np.tanh(cn)**2) + dc
    df, do, dc = dct * cp, dh * np.tanh(cn), dct * f
    dz = np.concatenate([dct * i * (1 - i), df * f * (1 - f), do * o * (1 - o)])
    dWx, dWh, dh = dWx + np.outer(x[t], dz), dWh + np.outer(hp, dz), dz @ Wh.T
"""


GATED = """def sigmoid(z):
    return 1 / (1 + np.exp(-z))
z = sigmoid(x @ W + h @ U)
loss = np.sum((1 - z) * t + z * h)"""


def test_a_sigmoid_of_a_sum_written_in_place_is_told_by_its_slope():
    """The minus before the sum stands before each of its terms."""
    at = {"x": [["0.6", "-1.3"]], "h": [["0.4", "0.9"]], "t": [["-0.7", "0.2"]]}
    at |= {"W": [["0.3", "-0.8"], ["1.1", "0.4"]], "U": [["0.7", "-0.4"], ["0.2", "0.9"]]}
    x, h, t = (np.array(at[name], dtype=float) for name in "xht")
    told = netcalc.check(netcalc.gradients(GATED, at=at), {"dW": x.T @ (h - t)}).checked
    assert {one.diagnosis for one in told} == {"σ′ left out of the chain rule"}


NAMED_NORM = """m = x.mean(1, keepdims=True)
v = x.var(1, keepdims=True)
h = (x - m) / np.sqrt(v + 0.1)
loss = (h * t).sum()"""


def test_a_normalisation_whose_mean_and_variance_have_names_is_told():
    at = {"x": np.array([[0.6, -1.3, 0.4], [1.4, 0.3, -0.2]]), "t": np.array([[1.0, 0, 0], [0, 1, 0]])}
    wrong = at["t"] / np.sqrt(at["x"].var(1, keepdims=True) + 0.1)
    told = netcalc.check(netcalc.gradients(NAMED_NORM, at=at), {"dx": wrong}).checked
    assert {one.diagnosis.partition(":")[0] for one in told} == {"the mean and the variance taken as constants"}


def test_a_term_with_the_wrong_sign_and_an_output_rounded_early_are_told():
    result = netcalc.neuron(x=["0.8", "-0.6"], w=["1.2", "0.5"], b="0.4")
    (one,) = netcalc.check(result, {"q": "1.66"}).checked
    assert one.diagnosis == "term 2 of q with the wrong sign"
    told = netcalc.check(result, {"dw0": "0.15392", "db": "0.1924"}).checked
    assert all("f rounded too early, to 2 decimals" in one.diagnosis for one in told)
