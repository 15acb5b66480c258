"""The table of mistakes: every row is found where it was made, alone, in several problems."""

from __future__ import annotations

import math
from collections import Counter
from itertools import chain

import numpy as np
import pytest

import netcalc
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.checking import Checker
from netcalc.checking.hypotheses import singles
from netcalc.checking.mistakes import CALCULUS, MISTAKES
from netcalc.notation.latex_text import text_to_latex

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
    "layers": layers(delta=["0.537", "-1.519", "0.743"]),
    "batches": batches(delta=ROWS[::-1]),
    "batches with a loss": batches(target=ROWS[::-1], loss="mse", reduction="mean"),
    "batches with a sum": batches(target=ROWS[::-1], loss="half-mse", reduction="sum"),
    "softmax": layers(activation="softmax", delta=["0.537", "-1.519", "0.743"]),
    "nets": nets("tanh", "sigmoid", target=["0.2", "0.9", "0.4"], loss="half-mse"),
    "nets of classes": nets("sigmoid", "identity", target=1, loss="cross-entropy"),
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
)

SECOND = ("x^2*y^3", "sin(x*y) + x^2", "exp(2*x)*y^2")  # whose second derivatives are asked for too


def brought(checker, yielded):
    """Six digits of all that a mistake yields, where it has the right shape."""
    return {
        tensor.name: np.vectorize(lambda one: f"{one:.7g}", otypes=[object])(yielded[tensor.name]).tolist()
        for tensor in checker.result.tensors
        if not tensor.name.startswith(("z", "dz", "da"))
        and yielded[tensor.name].shape == tensor.entries.shape
        and np.isfinite(yielded[tensor.name]).all()
    }


def test_every_mistake_is_found_where_it_was_made():
    """Alone in several problems, elsewhere among others that yield the same; never is something else said."""
    alone: Counter[int] = Counter()
    for result in chain(*PROBLEMS.values()):
        checker = Checker(result)
        for one in checker.library.singles:
            yielded = {name: np.asarray(array, dtype=float) for name, array in one.whole[0].items()}
            checked = checker.checked(brought(checker, yielded).items()).checked
            said = {answer.diagnosis for answer in checked if answer.is_wrong}
            row = (
                one.hypothesis.said.partition(", ")[2]
                if one.hypothesis.said.startswith("in layer")
                else one.hypothesis.said
            )
            assert not said or all(row in answer or "more)" in answer for answer in said), (row, said)
            if said == {one.hypothesis.said}:
                alone[MISTAKES.index(one.hypothesis.row)] += 1
    assert [row.said for place, row in enumerate(MISTAKES) if alone[place] < 2] == []


def test_every_slip_with_a_rule_is_found_where_it_was_made():
    """Alone in several expressions, elsewhere among others that yield the same; never is something else said."""
    alone: Counter[int] = Counter()
    for text in EXPRESSIONS:
        all_slips_of(text, alone)
    for text in SECOND:
        all_slips_of(text, alone, order=2)
    assert [slip.said for place, slip in enumerate(CALCULUS) if alone[place] < 2] == []


def all_slips_of(text, alone, order=1):
    at = {"x": "0.7", "y": "1.9"} | ({"z": "-1.3"} if "z" in text else {})
    checker = Checker(netcalc.grad(text, at=at, order=order))
    for one in checker.library.singles:
        checked = checker.checked(brought(checker, one.whole[0]).items()).checked
        said = {answer.diagnosis for answer in checked if answer.is_wrong}
        assert not said or all(one.hypothesis.said in answer for answer in said), (one.hypothesis.said, said)
        if said == {one.hypothesis.said}:
            alone[CALCULUS.index(one.hypothesis.row)] += 1


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
    problem = netcalc.neuron(x=[1], w=[2], b=1, activation=activation).asked
    assert text_to_latex("; ".join(one.said for one in singles(problem))).isascii()
