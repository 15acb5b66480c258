"""What may have gone wrong, and what that yields: the table's rows, everywhere or in one layer, and two at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.checking.bench import Bench, Forced
from netcalc.checking.claims import Claim
from netcalc.checking.mistakes import MISTAKES, ROUNDINGS, Frequency, Mistake
from netcalc.checking.variation import RIGHT, Array, Change, Variation
from netcalc.derive import derivation
from netcalc.errors import NetcalcError
from netcalc.notation import to_unicode
from netcalc.problem import Dense, Problem

LETTERS = {"sigmoid": "σ"}
FAILED = (NetcalcError, ZeroDivisionError, ValueError, IndexError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A slip, or several at once: what is said of it, and the change of the passes that it is."""

    said: str
    change: Change
    frequency: Frequency = Frequency.SEEN
    forced: Forced | None = None

    def exactly(self, bench: Bench) -> dict[str, Array]:
        """What it yields, in balls."""
        return bench.exactly(self.change(RIGHT), self.forced)

    def nearly(self, bench: Bench) -> dict[str, Array] | None:
        """What it yields in float64; None where it can't be done."""
        try:
            return bench.nearly(self.change(RIGHT), self.forced)
        except FAILED:
            return None

    def and_then(self, other: Hypothesis) -> Hypothesis:
        """Both at once."""
        return Hypothesis(f"{self.said}; and {other.said}", lambda variation: other.change(self.change(variation)))


@dataclass(frozen=True, slots=True)
class Yielded:
    """A hypothesis with what it yields for each claim at each point: (points, claims)."""

    hypothesis: Hypothesis
    values: Array


def singles(problem: Problem) -> Iterator[Hypothesis]:
    """Each row of the table, in all layers at once, then in each by itself."""
    return _of_rows(MISTAKES, problem)


def roundings(problem: Problem) -> Iterator[Hypothesis]:
    """Each rounding, likewise."""
    return _of_rows(ROUNDINGS, problem)


def _of_rows(rows: Iterable[Mistake], problem: Problem) -> Iterator[Hypothesis]:
    for row in rows:
        layers = [
            number
            for number, layer in enumerate(problem.layers, 1)
            if not row.activations or _name(layer) in row.activations
        ]
        if not layers or not row.applies(problem):
            continue
        if len(layers) == len(problem.layers):
            yield Hypothesis(_said(row, problem.layers), row.change, row.frequency)
        elif row.in_one_layer:
            said = _said(row, [problem.layers[number - 1] for number in layers])
            yield Hypothesis(said, _in_layers(row.change, layers), row.frequency)
        if row.in_one_layer and len(problem.layers) > 1:
            for number in layers:
                said = f"in layer {number}, {_said(row, [problem.layers[number - 1]])}"
                yield Hypothesis(said, _in_layers(row.change, [number]), row.frequency)


def _in_layers(change: Change, numbers: Sequence[int]) -> Change:
    def within(variation: Variation) -> Variation:
        changed = change(variation)
        for number in numbers:
            variation = variation.only(changed, number)
        return variation

    return within


def _name(layer: Dense) -> str:
    activation = layer.activation
    return activation.name if isinstance(activation, BoundActivation) else layer.activation_label


def _said(row: Mistake, layers: Sequence[Dense]) -> str:
    """The row's words, with the first of these layers' activation in its place."""
    names = {_name(layer) for layer in layers}
    layer = next((one for one in layers if one.activation is not None and _name(one) != "identity"), layers[0])
    phi = LETTERS.get(_name(layer), layer.activation_label) if len(names - {"identity"}) == 1 else "φ"
    if len(phi) > 12 or "q" in phi:
        phi = "φ"
    return row.said.format(phi=phi, slope=_slope(layer.activation))


def _slope(activation: object) -> str:
    """The slope as people know it, without its argument: `σ(1 − σ)`."""
    if not isinstance(activation, BoundActivation):
        return "another"
    return to_unicode(derivation(activation).shown).replace("(q)", "")


def claimed_part(yielded: dict[str, Array], claims: Sequence[Claim], shapes: dict[str, tuple[int, ...]]) -> Array:
    """What is yielded for each claim; nan where a tensor came out in another shape."""
    found = np.full(len(claims), np.nan)
    for place, claim in enumerate(claims):
        array = yielded.get(claim.tensor)
        if array is not None and array.shape == shapes[claim.tensor]:
            found[place] = array[claim.index]
    return found


def distinct(
    hypotheses: Iterable[Hypothesis], benches: Sequence[Bench], claims: Sequence[Claim], truth: Array
) -> Iterator[Yielded]:
    """Those that yield something else than the truth and than those before them, with what they yield."""
    shapes = [{name: array.shape for name, array in bench.truth.items()} for bench in benches]
    seen: set[bytes] = set()
    for hypothesis in hypotheses:
        everything = [hypothesis.nearly(bench) for bench in benches]
        if any(yielded is None for yielded in everything):
            continue
        whole = [yielded for yielded in everything if yielded is not None]
        key = b"".join(rounded(array) for yielded in whole for array in yielded.values())
        if key in seen:
            continue
        seen.add(key)
        values = np.array([claimed_part(yielded, claims, shape) for yielded, shape in zip(whole, shapes, strict=True)])
        if _differs(values, truth):
            yield Yielded(hypothesis, values)


def rounded(array: Array) -> bytes:
    """An array's bytes, equal for what differs in the last digits alone."""
    floats = np.asarray(array, dtype=np.float64)
    with np.errstate(all="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.abs(floats))) - 10)
        kept = np.where(np.isfinite(step) & (step > 0), np.round(floats / step) * step, floats)
    return (kept + 0.0).tobytes()


def _differs(values: Array, truth: Array) -> bool:
    with np.errstate(all="ignore"):
        return bool((np.abs(values - truth) > 1e-9 * np.abs(truth)).any())


def pairs(found: Sequence[Yielded]) -> Iterator[Hypothesis]:
    """Every two, in either order: one may undo what the other does."""
    for first in found:
        for second in found:
            if first is not second:
                yield first.hypothesis.and_then(second.hypothesis)
