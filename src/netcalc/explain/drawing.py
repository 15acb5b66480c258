"""Whole tensors as displays: names of tensors, and the same with their numbers in matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from netcalc.arrays import each
from netcalc.explain.explanation import literal
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.expression.numerals import decimals
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.result import Value

WIDEST = 8  # digits of a given number that is drawn as it is


def with_matrices(display: Display, matrix_of: Callable[[str], Matrix]) -> Display:
    """The same, matrices in the place of names."""
    if isinstance(display, Named):
        return matrix_of(display.text)
    if isinstance(display, Transposed) and isinstance(display.of, Named):
        return transposed(matrix_of(display.of.text))
    if isinstance(display, Product | Sum):
        return display._replace(parts=tuple(with_matrices(part, matrix_of) for part in display.parts))
    return display


def transposed(given: Matrix) -> Matrix:
    """Its rows as columns."""
    return matrix(zip(*given.entries, strict=True))


def drawn(array: np.ndarray) -> Matrix:
    """A vector as a column, rows as they are."""
    return column(array.ravel()) if array.ndim < 2 else matrix(array)


def leaves(array: np.ndarray) -> np.ndarray:
    """Given numbers and values found as leaves of formulas; what is long by six of its digits."""
    return each(_leaf, array)


def _leaf(entry: Value | Tree | float) -> Tree:
    if isinstance(entry, Number):
        digits = decimals(entry.value)
        return literal(float(entry.value)) if digits and len(digits.digits) > WIDEST else entry
    return entry if isinstance(entry, Symbol | Constant | Apply) else literal(entry)
