"""Formulas written in Python: `1 / (2 * function.sqrt(q))` is the tree that its text would be read as."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Self

from netcalc.expression.tree import Apply, Number, Tree, apply


class Formula:
    """A tree that +, -, *, / and ** make longer, with formulas and whole numbers."""

    __slots__ = ("tree",)

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def _apply(self, operator: str, *parts: Formula | int) -> Self:
        return type(self)(apply(operator, [part.tree if isinstance(part, Formula) else number(part) for part in parts]))

    def __add__(self, other: Formula | int) -> Self:
        return self._apply("add", self, other)

    def __radd__(self, other: int) -> Self:
        return self._apply("add", other, self)

    def __sub__(self, other: Formula | int) -> Self:
        return self._apply("subtract", self, other)

    def __rsub__(self, other: int) -> Self:
        return self._apply("subtract", other, self)

    def __mul__(self, other: Formula | int) -> Self:
        return self._apply("multiply", self, other)

    def __rmul__(self, other: int) -> Self:
        return self._apply("multiply", other, self)

    def __truediv__(self, other: Formula | int) -> Self:
        return self._apply("divide", self, other)

    def __rtruediv__(self, other: int) -> Self:
        return self._apply("divide", other, self)

    def __pow__(self, other: Formula | int) -> Self:
        return self._apply("power", self, other)

    def __neg__(self) -> Self:
        return self._apply("negate", self)


class _Functions:
    def __getattr__(self, name: str) -> Callable[..., Formula]:
        return lambda *parts: Formula(
            Apply(name, tuple(part.tree if isinstance(part, Formula) else number(part) for part in parts))
        )


function = _Functions()


def number(whole: int) -> Number:
    """A whole number."""
    return Number(Fraction(whole))
