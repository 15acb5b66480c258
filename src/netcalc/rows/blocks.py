"""A neuron over many rows: exactly while they are few, in float64 by the block when they are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from netcalc.arithmetic.cancellation import cancelled
from netcalc.catalogue.activations import BoundActivation
from netcalc.catalogue.names import unknown
from netcalc.errors import ShapeError
from netcalc.files.cells import FEW
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.layers import run
from netcalc.models.neuron import neuron, refuse_unless_one_a_sample
from netcalc.problem import Label, LossAndTarget, Problem, count, element
from netcalc.records import dataclass
from netcalc.result import as_floats
from netcalc.values import to_float64

ANY_NUMBER = 10**12  # of rows
NEAR = 1e-9  # of the sum of sizes: no sum farther from a kink than this is rounded to it


@dataclass(frozen=True, slots=True)
class NeuronRows:
    """The neuron that every row x is put into: `w` (n,), `b` (1,), and what is above, the same or one a row.

    Everything is a number, but b may be None, a symbol: then answers are formulas.
    A row's answers are q, f, the loss if there is one, dx (n,), dw (n,), db, or those of them
    that are in `only`. Raises UnknownNameError where there is no such part.
    """

    w: np.ndarray
    b: np.ndarray | None
    activation: BoundActivation
    above: np.ndarray | LossAndTarget | None = None
    index_from: int = 0
    only: tuple[str, ...] = ()

    @property
    def few(self) -> int:
        """So many rows are few: they are read and answered exactly, as all are in formulas."""
        if self.in_formulas:
            return ANY_NUMBER
        return max(1, (FEW - self.w.size - 1) // (self.w.size + 1))

    @property
    def in_formulas(self) -> bool:
        """Whether answers have a symbol in them."""
        return self.b is None

    @property
    def same_above(self) -> bool:
        """Whether the same comes from above for every row."""
        given = self.above.target if isinstance(self.above, LossAndTarget) else self.above
        return given is None or given.size == 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a row's answers."""
        places = [(place,) for place in range(self.w.size)]
        return tuple(
            element(one.name, at, self.index_from)
            for one in self._shown.values()
            for at in (places if one.shape == (-1,) else [()])
        )

    def check_rows(self, rows: int) -> None:
        """Raises ShapeError if what is above is not one for all of so many rows, nor one a row."""
        given, name = (self.above.target, "target") if isinstance(self.above, LossAndTarget) else (self.above, "delta")
        if given is not None:
            refuse_unless_one_a_sample(name, given, rows)

    def problem(self, x: np.ndarray, first: int = 0) -> Problem:
        """The rows `x` (rows, n), of which the first is row number `first` of all, as a problem of many samples."""
        stated = neuron(x, self.w, self.b, self.activation, self._above(first, len(x)), self.index_from)
        return stated._replace(many=True)

    def answers(self, x: np.ndarray, first: int = 0) -> np.ndarray:
        """`x` (rows, n) in float64 -> (rows, columns), nan or infinite where float64 has no answer.

        A row whose sum cancels so far that rounding may have reached its sixth digit is answered in balls.
        """
        assert self.b is not None  # noqa: S101 - else answers are no numbers
        with np.errstate(all="ignore"):
            found = run(self.problem(x, first), Float64())
            lost = cancelled(x, to_float64(self.w).reshape(1, -1), to_float64(self.b), found["z1"])[:, 0]
        answers = np.concatenate([found[name].reshape(len(x), -1) for name in self._shown], axis=1)
        for row in np.flatnonzero(lost):
            answers[row] = self._in_balls(x[row : row + 1], first + int(row))
        return answers

    def _in_balls(self, x: np.ndarray, row: int) -> np.ndarray:
        from netcalc.solving.certify import certify  # loads balls, which few runs need

        found = certify(self.problem(x, row), None).entries
        return np.concatenate([as_floats(found[name]).reshape(-1) for name in self._shown])

    def kinks(self, x: np.ndarray) -> Counter[str]:
        """How many of the rows are at a kink of the activation, by what there is to say of it.

        Trees are at one or not exactly; float64 is where its sum is, as its slope is taken.
        """
        if not self.activation.kinks or self.b is None:
            return Counter()
        floats, w, b = to_float64(x), to_float64(self.w), to_float64(self.b)
        with np.errstate(all="ignore"):
            z, size = floats @ w + b, np.abs(floats) @ np.abs(w) + np.abs(b)
            places = {place: np.abs(z - float(Fraction(place))) <= NEAR * size for place in self.activation.kinks}
        return Counter(note for place, near in places.items() if near.any() for note in self._at_kink(x[near], place))

    def _at_kink(self, x: np.ndarray, place: str) -> Iterator[str]:
        """What there is to say of the kink, once for each of the rows that is there."""
        from flint import fmpq

        from netcalc.graph.arithmetic.balls import Balls  # loads balls, which few runs need
        from netcalc.kinks import kink_of

        stated = replace(self, above=None).problem(x)
        at = (
            run(stated, Float64())["z1"] == float(Fraction(place))
            if x.dtype != object
            else run(stated, Balls())["z1"] == fmpq(*Fraction(place).as_integer_ratio())
        )
        taken = kink_of(self.activation, place).taken
        which = "" if len(self.activation.kinks) == 1 else f", {place}"
        note = f"a kink of {self.activation.label}{which}, where its slope is taken as {taken}, as PyTorch does"
        yield from (note for one in at.flat if one)

    @property
    def _shown(self) -> dict[str, Label]:
        stated = self.problem(np.zeros((1, self.w.size)))
        shown = {called.name: name for name, called in stated.names.items() if name not in stated.hidden}
        for name in self.only:
            if name not in shown:
                raise unknown("part", name, shown, f"the parts are {', '.join(shown)}")
        return {shown[name]: stated.names[shown[name]] for name in self.only or shown}

    def _above(self, first: int, rows: int) -> np.ndarray | LossAndTarget | None:
        if isinstance(self.above, LossAndTarget):
            return self.above._replace(target=_of_rows(self.above.target, "target", first, rows))
        return None if self.above is None else _of_rows(self.above, "delta", first, rows)


def without_value(columns: tuple[str, ...], row: np.ndarray) -> str:
    """What a row of answers lacks: the first of them that is not finite."""
    place = int(np.isfinite(row).argmin())
    why = "undefined" if np.isnan(row[place]) else f"{row[place]}: beyond the range of float64"
    return f"{columns[place]} is {why}"


def _of_rows(tensor: np.ndarray, name: str, first: int, rows: int) -> np.ndarray:
    """What is given once for all, or the part of it that belongs to these rows."""
    if tensor.size == 1:
        return tensor
    if first + rows > tensor.size:
        raise ShapeError(f"{name} has {count(tensor.size)}, and x has more rows")
    return tensor.reshape(-1)[first : first + rows]
