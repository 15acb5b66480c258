"""The table of mistakes: every row is found where it was made, alone, in several problems."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import netcalc
from netcalc.checking import Checker
from netcalc.checking.mistakes import MISTAKES

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
ALONE: Counter[int] = Counter()


def brought(checker, yielded):
    """Six digits of all that a mistake yields, where it has the right shape."""
    return {
        tensor.name: np.vectorize(lambda one: f"{one:.7g}", otypes=[object])(yielded[tensor.name]).tolist()
        for tensor in checker.result.tensors
        if not tensor.name.startswith(("z", "dz", "da"))
        and yielded[tensor.name].shape == tensor.entries.shape
        and np.isfinite(yielded[tensor.name]).all()
    }


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_mistake_is_found_where_it_was_made(kind):
    """Alone or among others that yield the same; never is something else said."""
    for result in PROBLEMS[kind]:
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
                ALONE[MISTAKES.index(one.hypothesis.row)] += 1


def test_every_mistake_was_found_alone_in_several_problems():
    """Every row of the table, with what it needs in one problem or another."""
    if len(ALONE) == 0:
        pytest.skip("the problems above were left out")
    assert [row.said for place, row in enumerate(MISTAKES) if ALONE[place] < 2] == []
