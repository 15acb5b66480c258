"""Closed forms of what a graph comes to: SymPy's numbers, decisions among them by balls, rational matrices by FLINT."""

# SymPy costs more to import than the rest of a run, so only the functions that use it pay for it.
from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from types import MappingProxyType
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import numeral
from netcalc.arrays import each
from netcalc.derivation.algebra import from_sympy, symbol, to_sympy
from netcalc.derivation.closed import ClosedForms
from netcalc.derivation.derive import expand
from netcalc.errors import TookTooLong
from netcalc.expression import Tree
from netcalc.graph.arithmetic import Axes, with_axes
from netcalc.graph.arithmetic.objects import filled
from netcalc.graph.arithmetic.symbolic import Symbolic

BITS_OF_DECISIONS = 512  # within which two numbers differ, or are taken as not to be told apart
MAX_PARTS = 6_000  # of a number written out: what is longer, nobody reads, and functions of it take SymPy without end
MAX_ROWS = 4  # of a matrix whose entries are not all rational


class Closed(Symbolic):
    """SymPy's numbers. Raises TookTooLong where there is no telling two apart, or a matrix is large."""

    def __init__(self, sizes: Mapping[str, int] = MappingProxyType({}), forms: ClosedForms | None = None) -> None:
        super().__init__(closed=True, forms=forms)
        self.sizes = sizes

    def array(self, tensor: np.ndarray) -> np.ndarray:
        return self.numbers(tensor) if tensor.dtype.kind in "iub" else super().array(tensor)

    def whole(self, array: np.ndarray) -> np.ndarray:
        return np.array([int(one) for one in array.reshape(-1)], dtype=np.int64).reshape(array.shape)

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        formula, names = _formula(tree), list(columns)
        if not names:
            return filled(shape, formula)

        def at(*entries: Any) -> Any:
            return formula.subs(dict(zip(map(symbol, names), entries, strict=True)), simultaneous=True)

        return np.broadcast_to(each(at, *columns.values()), shape)

    def settled(self, array: np.ndarray) -> np.ndarray:
        return each(lambda one: one if one.is_Rational else self._short(one), array)

    def _short(self, expression: Any) -> Any:
        if self.forms is None:
            return expression
        if self.forms.size(expression) > MAX_PARTS:
            raise TookTooLong("a closed form that nobody would read is too long for algebra")
        return self.forms.shortest(expression, deep=False)

    def norm(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        import sympy as sp

        squares = self.sum(self.multiply(array, array), axes)
        return with_axes(each(sp.sqrt, squares), axes, array.ndim, keep)

    def reciprocal(self, array: np.ndarray) -> np.ndarray:
        return each(lambda one: one if sign(one) == 0 else 1 / one, array)

    def extreme(self, array: np.ndarray, axes: Axes, keep: bool, *, largest: bool) -> np.ndarray:
        return self.each_row(lambda row: reduce(_chosen(largest=largest), row), array, axes, keep=keep)

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        def of_row(row: list[Any]) -> list[Any]:
            top = reduce(_chosen(largest=largest), row)
            ties = [sign(one - top) == 0 for one in row]
            return [self.number(Fraction(tie, sum(ties))) for tie in ties]

        return self.each_entry(of_row, array, axes)

    def determinant(self, array: np.ndarray) -> np.ndarray:
        return self._of_matrices("determinant", array, lambda matrix: matrix.det(), number=True)

    def inverse(self, array: np.ndarray) -> np.ndarray:
        return self._of_matrices("inverse", array, lambda matrix: matrix.adjugate() / matrix.det(), number=False)

    def cofactors(self, array: np.ndarray) -> np.ndarray:
        return self._of_matrices("cofactors", array, lambda matrix: matrix.adjugate().T, number=False)

    def _of_matrices(self, name: str, array: np.ndarray, function: Callable[[Any], Any], *, number: bool) -> np.ndarray:
        """What becomes of each matrix: by FLINT where all is rational."""
        if all(one.is_Rational for one in array.flat):
            return _by_flint(name, array)
        if array.shape[-1] > MAX_ROWS:
            raise TookTooLong(f"a matrix of {array.shape[-1]} rows is too large for algebra")
        import sympy as sp

        def of(entries: np.ndarray) -> Any:
            found = function(sp.Matrix(entries.tolist()))
            return found if number else np.array(found.tolist(), dtype=object)

        return self.each_matrix(of, array, number=number)


def _by_flint(name: str, array: np.ndarray) -> np.ndarray:
    import sympy as sp
    from flint import fmpq

    from netcalc.graph.arithmetic.balls import Balls

    def back_to_sympy(one: Any) -> Any:
        if not isinstance(one, fmpq):
            raise TookTooLong("a matrix of so many rows is too large for rationals")
        return sp.Rational(int(one.p), int(one.q))

    rational = each(lambda one: fmpq(int(one.p), int(one.q)), array)
    return each(back_to_sympy, getattr(Balls(), name)(rational))


@lru_cache(maxsize=1024)
def _formula(tree: Tree) -> Any:
    return to_sympy(expand(tree))


def _chosen(*, largest: bool) -> Callable[[Any, Any], Any]:
    """The larger, or smaller, of two numbers."""
    return lambda one, other: other if sign(other - one) == (1 if largest else -1) else one


def sign(number: Any) -> int:
    """-1, 0 or 1 for a SymPy number. Raises TookTooLong where balls do not tell."""
    if number.is_Rational:
        return 0 if number.is_zero else -1 if number.is_negative else 1
    with precision(BITS_OF_DECISIONS):
        found = ball(numeral(from_sympy(number), {}))
        if found > 0 or found < 0:
            return 1 if found > 0 else -1
    raise TookTooLong("two numbers are too near to each other to be told apart")
