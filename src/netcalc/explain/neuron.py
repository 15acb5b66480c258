"""A neuron explained, in the order of a page on paper: forward, ∂f/∂q, then each ∂f/∂q · ∂q/∂·."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derive import Derivation, applied, derivation
from netcalc.explain.explanation import ONE, Explanation, kink_notes, literal, times
from netcalc.expression import Symbol, Tree
from netcalc.problem import Problem, element
from netcalc.result import Step, as_value
from netcalc.tree import add, multiply

STEPS_LIMIT = 32  # inputs beyond which a derivation on paper helps nobody


def neuron(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas by generic index, the steps of one sample, notes on kinks."""
    activation = problem.layers[0].activation
    assert isinstance(activation, BoundActivation)  # noqa: S101 - a neuron is stated with one
    known = derivation(activation)
    delta = Symbol("delta") if problem.output == "L" else None
    size = problem.x.shape[1]
    formulas = {
        "q": _sum(problem) if size <= STEPS_LIMIT else Symbol("q"),
        "f": output(activation, known),
        "slope": known.shown,
        "dx": times(delta, Symbol("w[i]"), known.shown),
        "dw": times(delta, Symbol("x[i]"), known.shown),
        "db": times(delta, known.shown),
    }
    many = problem.many or size > STEPS_LIMIT
    q = np.ravel(shown["q"])
    points = [as_value(entry).nearest for entry in q] if q.dtype == object else [float(value) for value in q]
    return Explanation(
        formulas,
        dict.fromkeys(("dx", "dw", "db"), problem.output),
        () if many else tuple(_steps(problem, shown, known, activation)),
        tuple(kink_notes(activation, points)),
        frozenset({"slope"}),
    )


def output(activation: BoundActivation, known: Derivation) -> Tree:
    """f as people write it: the name applied to q, or the typed formula."""
    return applied(activation) if activation.has_kernels else known.value


def _sum(problem: Problem) -> Tree:
    """w0·x0 + w1·x1 + … + b."""
    names = range(problem.x.shape[1])
    terms = [multiply(_name(problem, "w", place), _name(problem, "x", place)) for place in names]
    return add(*terms, Symbol("b"))


def _name(problem: Problem, letter: str, place: int) -> Symbol:
    return Symbol(element(letter, (place,), problem.index_from))


def _steps(
    problem: Problem, shown: Mapping[str, np.ndarray], known: Derivation, activation: BoundActivation
) -> Iterator[Step]:
    x, w, b = problem.x[0], problem.layers[0].W[0], problem.tensors[2][0]
    slope = literal(shown["slope"][()])
    numbers = add(*(multiply(left, right) for left, right in zip(w, x, strict=True)), b)
    yield Step("q", (_sum(problem), numbers, literal(shown["q"][()])), "Forward", "q")
    written = () if output(activation, known) == known.value else (output(activation, known),)
    yield Step("f", (*written, known.value, literal(shown["f"][()])), "", "f")
    yield Step("df/dq", (known.shown, slope), "Backward: the slope of the activation")
    delta = (Symbol("delta"), problem.tensors[3][0, 0]) if problem.output == "L" else (None, None)
    heading = "Chain rule: the slope, times how q changes"
    for key, factor, number in _factors(problem, x, w):
        name = f"d{key}"
        entry = shown[name[:2]][int(key[1:]) - problem.index_from] if key != "b" else shown["db"][()]
        formula = times(delta[0], Symbol("df/dq"), factor)
        substituted = multiply(*(part for part in (delta[1], slope, number) if part is not None))
        yield Step(f"d{problem.output}/d{key}", (formula, substituted, literal(entry)), heading, name)
        heading = ""


def _factors(problem: Problem, x: np.ndarray, w: np.ndarray) -> Iterator[tuple[str, Tree, Tree]]:
    """Each input, weight and the bias: its name, ∂q/∂ it, and that as a number."""
    for letter, other, numbers in (("x", "w", w), ("w", "x", x)):
        for place in range(len(numbers)):
            yield _name(problem, letter, place).name, _name(problem, other, place), numbers[place]
    yield "b", ONE, ONE
