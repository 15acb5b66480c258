"""Formulas of single entries: trees in the entries of what is given, put together and not made shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netcalc.arrays import each
from netcalc.derivation.derive import derivation, loss_derivation
from netcalc.errors import ShapeError
from netcalc.expression import Apply, Number, Tree, substitute
from netcalc.expression.formula import Formula as Written
from netcalc.expression.formula import number
from netcalc.graph.arithmetic import Axes
from netcalc.graph.arithmetic.objects import Objects, cofactors, filled

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss

ZERO, ONE = number(0), number(1)
MAX_ROWS = 4  # of a matrix whose determinant is written out


class Formula(Written):
    """A formula that leaves out what is 0 or a factor of 1, for object arrays that do what a graph does."""

    __slots__ = ()

    def __add__(self, other: Written | int) -> Self:
        if isinstance(other, int) or other.tree == ZERO:  # the 0 that a sum begins with
            return self
        return type(self)(other.tree) if self.tree == ZERO else super().__add__(other)

    __radd__ = __add__

    def __sub__(self, other: Written | int) -> Self:
        return self + (-other)

    def __mul__(self, other: Written | int) -> Self:
        own, by = self.tree, number(other) if isinstance(other, int) else other.tree
        if ZERO in (own, by):
            return type(self)(ZERO)
        return type(self)(by) if own == ONE else self if by == ONE else super().__mul__(other)

    __rmul__ = __mul__


def _of(operator: str, *parts: Formula) -> Formula:
    return Formula(Apply(operator, tuple(one.tree for one in parts)))


class Trees(Objects):
    """Formulas of entries."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        return each(lambda one: one if isinstance(one, Formula) else Formula(_tree(one)), tensor)

    def number(self, value: Fraction) -> Formula:
        return Formula(Number(value))

    def whole(self, array: np.ndarray) -> np.ndarray:
        if not all(isinstance(one.tree, Number) and one.tree.value.denominator == 1 for one in array.reshape(-1)):
            raise ShapeError("an index is a whole number")
        return np.array([int(one.tree.value) for one in array.reshape(-1)], dtype=np.int64).reshape(array.shape)

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        if not columns:
            return filled(shape, Formula(tree))

        def at(*entries: Formula) -> Formula:
            own = {name: one.tree for name, one in zip(columns, entries, strict=True)}
            return Formula(substitute(tree, own))

        return np.broadcast_to(each(at, *columns.values()), shape)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        known = derivation(activation)
        tree = (known.value, known.slope, known.curvature)[order]
        return each(lambda one: Formula(substitute(tree, {"q": one.tree})), z)

    def elementwise_loss(self, loss: BoundLoss, order: int) -> Callable[[Any, Any], Any]:
        formula = loss_derivation(loss)[order]
        return lambda a, t: Formula(substitute(formula, {"a": a.tree, "t": t.tree}))

    def exponentials(self, array: np.ndarray) -> np.ndarray:
        return each(lambda one: _of("exp", one), array)

    def logarithms(self, array: np.ndarray) -> np.ndarray:
        return each(lambda one: _of("log", one), array)

    def extreme(self, array: np.ndarray, axes: Axes, keep: bool, *, largest: bool) -> np.ndarray:
        name = "max" if largest else "min"
        return self.each_row(lambda row: _of(name, *row) if len(row) > 1 else row[0], array, axes, keep=keep)

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        """Where the entry is no less than each other: ties, where it is shared, are no piece of their own."""
        order = "greater_equal" if largest else "less_equal"

        def share(row: list[Formula], place: int) -> Formula:
            others = [Apply(order, (row[place].tree, one.tree)) for j, one in enumerate(row) if j != place]
            here = [reduce(lambda a, b: Apply("and", (a, b)), others)] if others else []
            return Formula(Apply("where", (*here, ONE, ZERO)) if here else ONE)

        return self.each_entry(lambda row: [share(row, place) for place in range(len(row))], array, axes)

    def norm(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        return self.each_row(lambda row: _of("sqrt", _sum(one * one for one in row)), array, axes, keep=keep)

    def reciprocal(self, array: np.ndarray) -> np.ndarray:
        def one(entry: Formula) -> Formula:
            return Formula(Apply("where", (Apply("equal", (entry.tree, ZERO)), ZERO, (1 / entry).tree)))

        return each(one, array)

    def determinant(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(_determinant, array, number=True)

    def cofactors(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(_cofactors, array, number=False)

    def inverse(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(lambda a: each(lambda one: one / _determinant(a), _cofactors(a).T), array, number=False)


def _tree(one: Any) -> Tree:
    if isinstance(one, (int, float, np.generic)):
        return Number(Fraction(one.item() if isinstance(one, np.generic) else one))
    tree: Tree = one
    return tree


def _sum(parts: Iterable[Formula]) -> Formula:
    return reduce(lambda a, b: a + b, parts)


def _determinant(a: np.ndarray) -> Formula:
    """By minors along the first row. Raises ShapeError for a large matrix."""
    if len(a) > MAX_ROWS:
        raise ShapeError(f"a determinant of more than {MAX_ROWS} rows is not written out")
    if len(a) == 1:
        return Formula(a[0, 0].tree)
    return _sum(a[0, j] * one for j, one in enumerate(_cofactors(a, rows=1)[0]))


def _cofactors(a: np.ndarray, rows: int | None = None) -> np.ndarray:
    return cofactors(a, _determinant, Formula(ONE), rows)
