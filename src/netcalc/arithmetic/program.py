"""Formulas over columns of numbers: float64 by the block, in balls where rounding would show. Nothing is run as code.

A formula is compiled once into a list of calls of NumPy and the catalogue's kernels, arguments before what uses them,
what the formulas share once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.evaluation import Evaluation
from netcalc.arithmetic.rounding import nearest
from netcalc.arithmetic.watched import Watched, leaf, operation
from netcalc.derivation.derive import evaluable
from netcalc.derivation.stable import Compiled
from netcalc.expression import Tree
from netcalc.expression.tree import Apply, share

Array = NDArray[np.float64]

CELLS = 1 << 20  # intermediate numbers held at once
ROWS = 8192  # a block's numbers then stay in the processor's cache
ZERO = Watched(np.asarray(0.0), np.asarray(0.0))
ALLOWED = 2.0**-40  # of a value: 12 digits
UNDERFLOW = 2.0**-1050  # what is lost where numbers have fewer digits, close to the smallest of them
BITS = (128, 512, 2048, 8192, 32768)
EQUALITIES = ("equal", "unequal")


class Program:
    """Formulas, ready for columns."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.in_balls = Evaluation(evaluable(trees))
        self.compiled = Compiled(trees, operation)

    def run(self, columns: Mapping[str, Array]) -> list[Array]:
        """Each formula's column, from columns (n,) by name; nan where it has no value, inf beyond float64's range."""
        count = len(next(iter(columns.values())))
        found = [np.empty(count) for _ in self.compiled.roots]
        step = max(64, min(ROWS, CELLS // max(1, len(self.compiled.steps))))
        for start in range(0, count, step):
            block = {name: column[start : start + step] for name, column in columns.items()}
            for column, values in zip(found, self._block(block), strict=True):
                column[start : start + step] = values
        return found

    def tied(self, columns: Mapping[str, Array], operators: Collection[str]) -> NDArray[np.bool_]:
        """In which rows the arguments of any of these operators, one or two, are equal, or may be; one is held to 0."""
        found = np.zeros(len(next(iter(columns.values()))), dtype=bool)
        results: list[Watched] = []
        with np.errstate(all="ignore"):
            for node, arguments, act, _ in self.compiled.steps:
                if not isinstance(node, Apply):
                    results.append(leaf(node, columns))
                    continue
                given = [results[argument] for argument in arguments]
                results.append(act(*given))
                if node.operator in operators:
                    a, b = given if len(given) == 2 else (given[0], ZERO)
                    found |= ~(np.abs(a.value - b.value) > a.error + b.error)
        return found

    def _block(self, columns: Mapping[str, Array]) -> list[Array]:
        count = len(next(iter(columns.values())))
        with np.errstate(all="ignore"):
            watched = self.compiled.run(lambda node: leaf(node, columns))
            values = [np.array(np.broadcast_to(one.value, count)) for one in watched]
            doubtful = np.zeros(count, dtype=bool)
            for one, value in zip(watched, values, strict=True):
                doubtful |= ~np.isfinite(value) | ~(one.error <= np.maximum(ALLOWED * np.abs(value), UNDERFLOW))
        for row in np.flatnonzero(doubtful).tolist():
            point = {name: float(column[row]) for name, column in columns.items()}
            for value, number in zip(values, self._in_balls(point), strict=True):
                value[row] = number
        return values

    def _in_balls(self, point: Mapping[str, float]) -> list[float]:
        """The float64 nearest to each formula's value; NaN where a number is infinite, which balls are not told."""
        if not all(map(math.isfinite, point.values())):
            return [math.nan] * len(self.compiled.roots)
        exact = {name: fmpq(*number.as_integer_ratio()) for name, number in point.items()}
        found: list[float | None] = []
        for bits in BITS:
            with precision(bits):
                numbers = [nearest(numeral) for numeral in self.in_balls.at(exact)]
            found = [new if old is None else old for old, new in zip(found or numbers, numbers, strict=True)]
            if None not in found:
                break
        return [float("nan") if number is None else number for number in found]


def pointwise(tree: Tree, q: np.ndarray) -> np.ndarray:
    """The formula at every element of `q`, in its shape; `inf` beyond float64's range, nan where it has no value.

    Good to 12 digits at least, and as a rule to all but the last (`arithmetic/program.py`).
    """
    flat = np.ascontiguousarray(q, dtype=np.float64).reshape(-1)
    known = np.isfinite(flat)
    found = np.full(flat.shape, np.nan)
    if known.any():
        (found[known],) = _program(tree).run({"q": flat[known]})
    return found.reshape(q.shape)


def derivative(trees: Sequence[Tree], order: int, q: np.ndarray) -> np.ndarray:
    """The derivative of that order, as `pointwise`; `trees` are a function's and its derivatives' formulas.

    Where two sides of an == or != are equal, or the formula has no value, it is what `sides.slope_at` gives; nan where
    nothing tells.
    """
    found = pointwise(trees[order], q)
    singles_out = any(isinstance(n, Apply) and n.operator in EQUALITIES for n in share(trees).nodes)
    if not order or not (singles_out or np.isnan(found).any()):
        return found
    from netcalc.arithmetic.sides import slope_at

    flat = found.reshape(-1)
    given = np.ascontiguousarray(q, dtype=np.float64).reshape(-1)
    doubtful = _program(trees[0]).tied({"q": given}, EQUALITIES) | (
        np.isnan(flat) & ~np.isnan(pointwise(trees[0], given))
    )
    for place in np.flatnonzero(doubtful & np.isfinite(given)):
        number = nearest(slope_at(trees, order, fmpq(*float(given[place]).as_integer_ratio())))
        flat[place] = np.nan if number is None else number
    return flat.reshape(q.shape)


@lru_cache(maxsize=256)
def _program(tree: Tree) -> Program:
    return Program([tree])
