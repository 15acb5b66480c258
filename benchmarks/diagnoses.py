"""How mistakes are told: python -m benchmarks.diagnoses [one edit of so many] [answers made at random, a row]

Planted: edits of the catalogue are made, and one answer or all of them brought, in 4 and in 12 digits; how many are
named, by themselves or with those that yield the same, how many wrongly, how many not. Left out: the same with the
edit's row out of the catalogue, where nothing should be named. At random: one or all answers replaced by decimals, half
of them uniform between plus and minus twice the largest right answer of their tensor, half the right one times a normal
number around 1; by whole numbers of two digits; by fractions of one.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

import netcalc
from netcalc.checking import Checker
from netcalc.checking.check import NO_DIAGNOSIS
from netcalc.checking.library import Yielded
from netcalc.result import Result

MATRIX = [["0.5", "-1.2", "0.8"], ["1.1", "0.3", "-0.7"], ["-0.4", "0.9", "1.6"]]
OTHER = [["1.5", "0.2", "-0.9"], ["-0.6", "0.75", "1.25"], ["0.35", "-1.4", "0.85"]]
TENSORS = {
    "X": [["0.6", "-1.3"], ["1.4", "0.3"], ["-0.7", "0.9"]],
    "W": [["0.7", "-0.4"], ["1.3", "0.9"]],
    "b": ["0.2", "-0.1"],
    "t": [["1", "0"], ["0", "1"], ["0.5", "0.2"]],
}
DIGITS = (4, 12)
EXPRESSIONS = (
    "x^2*sin(y)/(1 + x)",
    "exp(-x^2*y)",
    "sqrt(x^2 + 3*y)*tanh(x)",
    "log(1 + exp(x*y + 2))",
    "(2*x - y)^3*cos(x)",
)


def problems() -> Iterator[tuple[str, Result]]:
    """What is asked."""
    yield "neuron", netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3)
    yield "neuron with a loss", netcalc.neuron(x=["0.6", "-1.3"], w=["1.2", "0.7"], b="0.4", target="0.3", loss="mse")
    yield "layer", netcalc.linear(W=MATRIX, v=["0.6", "-1.3", "2.1"], b=["0.2", "-0.1", "0.4"], delta=[1, -2, 3])
    layers = [
        {"W": MATRIX, "b": [0, 1, 2], "activation": "tanh"},
        {"W": OTHER, "b": [1, 0, 1], "activation": "sigmoid"},
    ]
    yield "net", netcalc.net(layers, input=["0.6", "-1.3", "2.1"], target=[0, 1, 0], loss="half-mse")
    yield "tensors", netcalc.grad("sum((tanh(X@W + b) - t)^2)/2", at=TENSORS)
    yield from ((text, netcalc.grad(text, at={"x": "1.3", "y": "2.1"})) for text in EXPRESSIONS)


def values(checker: Checker, whole: Mapping[str, np.ndarray]) -> dict[str, float]:
    """What an edit yields for each answer."""
    return {
        one.name: value
        for tensor in checker.result.tensors
        if tensor.name in whole
        for one, value in zip(tensor.elements(), np.ravel(whole[tensor.name]).tolist(), strict=True)
    }


def planted(checker: Checker, one: Yielded, digits: int, *, every: bool, left_out: bool) -> str:
    """What comes of an edit: `named`, `wrongly`, `not`, or nothing where no answer is wrong."""
    right, wrong = (values(checker, whole) for whole in (truth(checker), one.whole[0]))
    changed = [name for name, value in wrong.items() if not math.isclose(value, right[name], rel_tol=1e-6)]
    if not changed or not all(map(math.isfinite, wrong.values())):
        return ""
    names = list(wrong) if every else [random.choice(changed)]
    answers = {name: f"{wrong[name]:.{digits}g}" for name in names}
    library = checker.library
    everything = library.singles
    if left_out:
        library.__dict__["singles"] = [other for other in everything if other.edit.row != one.edit.row]
    told = {answer.diagnosis for answer in checker.checked(answers.items()).checked if answer.is_wrong}
    library.__dict__["singles"] = everything
    library.__dict__.pop("pairs", None)
    told = {said for said in told if not said.startswith("right, given")}
    if not told:
        return ""
    if told == {NO_DIAGNOSIS.said}:
        return "not"
    alike = {
        other.edit.said
        for other in everything
        if all(math.isclose(values(checker, other.whole[0])[name], wrong[name], rel_tol=1e-7) for name in names)
    }
    return "named" if all(any(said in one for said in alike) for one in told - {NO_DIAGNOSIS.said}) else "wrongly"


def truth(checker: Checker) -> dict[str, np.ndarray]:
    """The right answers."""
    return {tensor.name: tensor.numbers() for tensor in checker.result.tensors}


def drawn(kind: str, right: float, largest: float, digits: int) -> str:
    """A wrong answer."""
    if kind == "whole numbers":
        return str(random.choice((-1, 1)) * random.randint(10, 99))
    if kind == "fractions":
        return f"{random.randint(-9, 9)}/{random.randint(2, 9)}"
    number = random.uniform(-2, 2) * largest if random.random() < 0.5 else right * random.gauss(1, 1)
    return f"{number:.{digits}g}"


def wrongly_told(checker: Checker, kind: str, digits: int, count: int, *, every: bool) -> tuple[int, int]:
    """How many of so many answers made at random were told a cause, and how many weren't right by chance."""
    told = made = 0
    elements = [
        (one, max(abs(value.nearest or 0) for value in tensor.values) or 1)
        for tensor in checker.result.tensors
        for one in tensor.elements()
    ]
    while made < count:
        chosen = elements if every else [random.choice(elements)]
        answers = {one.name: drawn(kind, one.value.nearest or 1, largest, digits) for one, largest in chosen}
        wrong = [one for one in checker.checked(answers.items()).checked if one.is_wrong]
        made += len(wrong)
        told += sum(one.diagnosis != NO_DIAGNOSIS.said for one in wrong)
    return told, made


def main() -> None:
    """Print the tables."""
    step, count = (int(text) for text in (*sys.argv[1:3], "5", "60")[:2]) if len(sys.argv) > 2 else (5, 60)
    random.seed(1)
    found: dict[str, Counter[str]] = {}
    for name, result in problems():
        checker = Checker(result)
        print(name, flush=True)
        for left_out in (False, True):
            for every in (False, True):
                for digits in DIGITS:
                    row = found.setdefault(
                        f"{'left out' if left_out else 'planted'}, {'all' if every else 'one'}, {digits}", Counter()
                    )
                    row.update(
                        planted(checker, one, digits, every=every, left_out=left_out)
                        for one in checker.library.singles[::step]
                    )
        for kind in ("decimals", "whole numbers", "fractions"):
            for every in (False, True):
                for digits in (2, 3, 4, 6) if kind == "decimals" else (0,):
                    told, made = wrongly_told(checker, kind, digits, count, every=every)
                    row = found.setdefault(f"random {kind}, {'all' if every else 'one'}, {digits}", Counter())
                    row.update({"told": told, "made": made})
    for name, row in found.items():
        parts = {key: many for key, many in row.items() if key}
        whole = parts.pop("made", None) or sum(parts.values())
        print(
            f"{name:<34}"
            + "  ".join(f"{key} {100 * many / whole:.1f} %" for key, many in sorted(parts.items()))
            + f"  of {whole}"
        )


if __name__ == "__main__":
    main()
