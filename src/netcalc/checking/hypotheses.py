"""What may have gone wrong, and what that yields: the table's rows, everywhere or in one layer, and two at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netcalc.catalogue.activations import BoundActivation
from netcalc.checking.bench import Bench, Forced
from netcalc.checking.mistakes import MISTAKES, ROUNDINGS, Frequency, Mistake
from netcalc.checking.variation import Array, Change, Variation
from netcalc.derivation.derive import derivation
from netcalc.errors import NetcalcError
from netcalc.notation import to_unicode
from netcalc.problem import Dense, Problem

LETTERS = {"sigmoid": "σ"}
FAILED = (NetcalcError, ZeroDivisionError, ValueError, IndexError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A slip, or several at once: what is said of it, the change of the passes that it is, and the row it is from."""

    said: str
    change: Callable[[Any], Any]
    frequency: Frequency = Frequency.SEEN
    forced: Forced | None = None
    row: object = None

    def exactly(self, bench: Bench) -> dict[str, Array]:
        """What it yields, in balls."""
        return bench.exactly(self.change, self.forced)

    def nearly(self, bench: Bench) -> dict[str, Array] | None:
        """What it yields in float64; None where it can't be done."""
        try:
            return bench.nearly(self.change, self.forced)
        except FAILED:
            return None

    def and_then(self, other: Hypothesis) -> Hypothesis:
        """Both at once."""
        return Hypothesis(f"{self.said}; and {other.said}", lambda variation: other.change(self.change(variation)))


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
            yield Hypothesis(_said(row, problem.layers), row.change, row.frequency, row=row)
        elif row.in_one_layer:
            said = _said(row, [problem.layers[number - 1] for number in layers])
            yield Hypothesis(said, _in_layers(row.change, layers), row.frequency, row=row)
        if row.in_one_layer and len(problem.layers) > 1:
            for number in layers:
                said = f"in layer {number}, {_said(row, [problem.layers[number - 1]])}"
                yield Hypothesis(said, _in_layers(row.change, [number]), row.frequency, row=row)


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
