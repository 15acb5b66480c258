"""Formulas of tensors with their numbers put in: matrices beside each other, or entry by entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.explain.explanation import operand, outcome
from netcalc.expression import FUNCTIONS, Apply, Number, Symbol, Tree, substitute, symbols
from netcalc.expression.tree import CONDITIONS, add, apply, divide, fold, multiply, power
from netcalc.notation.displays import Display, Matrix, Product, Sum, column, matrix, row
from netcalc.records import NamedTuple
from netcalc.result import Value

WIDEST = 8  # rows or columns of a matrix that is drawn
MAX_TERMS = 8  # of a sum that is written out
EXTREMES = ("max", "min")  # of several arguments entry by entry; of one the largest and the smallest of all its entries
REDUCTIONS = frozenset({"sum", "mean", "prod", "norm", "dot", "dist", "fsum", "sumprod"})  # of all entries
ELEMENTWISE = (frozenset(FUNCTIONS) - REDUCTIONS) | {
    *("add", "subtract", "negate", "multiply", "hadamard", "divide", "power", "where", *CONDITIONS)
}


class Drawn(NamedTuple):
    """A display, and the shape of what it shows."""

    display: Display
    shape: tuple[int, ...]


class Matrices:
    """What is given and found, by name, as it is drawn."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        small = {name: array for name, array in arrays.items() if max(array.shape, default=1) <= WIDEST}
        self.arrays = {name: each(operand, array) for name, array in small.items()}
        self.closed = {
            name: each(lambda one: outcome(one)[0], array)
            for name, array in small.items()
            if any(isinstance(one, Value) and len(outcome(one)) > 1 for one in array.flat)
        }

    def value(self, name: str) -> Display | None:
        """A tensor by its numbers; None where it is too large, or has more than two axes."""
        drawn = self._of_name(name)
        return None if drawn is None else drawn.display

    def closed_form(self, name: str) -> Display | None:
        """A tensor by its closed forms, where they say more than its numbers."""
        drawn = _drawn(self.closed[name]) if name in self.closed else None
        return None if drawn is None else drawn.display

    def put_in(self, tree: Tree) -> Display | None:
        """A formula with numbers in the place of names; None where that can't be drawn."""
        drawn = self._drawn(tree) if not isinstance(tree, Symbol) else None
        return None if drawn is None else drawn.display

    def _of_name(self, name: str) -> Drawn | None:
        array = self.arrays.get(name)
        return None if array is None else _drawn(array)

    def _drawn(self, tree: Tree) -> Drawn | None:
        match tree:
            case Number():
                return Drawn(tree, ())
            case Symbol(name):
                return self._of_name(name)
            case Apply("matmul", (a, b)):
                return self._product(self._drawn(a), self._drawn(b))
            case Apply("transpose", (inner,)):
                return self._turned(self._drawn(inner))
            case Apply("outer", (a, b)):
                left, right = self._drawn(a), self._turned(self._drawn(b))
                if left is None or right is None:
                    return None
                return Drawn(_side_by_side(left, right), (left.shape[0], right.shape[0]))
            case Apply("negate", (inner,)):
                return self._by_entry(tree) or self._scaled([Number(Fraction(-1))], inner)
            case Apply("multiply", (*scalars, inner)):
                return self._by_entry(tree) or self._scaled(scalars, inner)
            case Apply("divide", (inner, scalar)):
                return self._by_entry(tree) or self._scaled([divide(Number(Fraction(1)), scalar)], inner)
            case Apply("add", (first, *others)):
                return self._by_entry(tree) or self._sum(first, others)
            case Apply("hadamard", factors):
                return self._by_entry(tree) or self._entry_by_entry(factors)
            case _:
                return self._by_entry(tree)

    def _scaled(self, scalars: Sequence[Tree], inner: Tree) -> Drawn | None:
        """A number in front of what is drawn."""
        number, drawn = self._by_entry(multiply(*scalars)), self._drawn(inner)
        if not any(map(symbols, scalars)):
            number = Drawn(multiply(*scalars), ())
        if number is None or drawn is None or number.shape or not drawn.shape:
            return None
        return Drawn(_side_by_side(number, drawn), drawn.shape)

    def _entry_by_entry(self, factors: Sequence[Tree]) -> Drawn | None:
        drawn = [self._drawn(one) for one in factors]
        known = [one for one in drawn if one is not None]
        if len(known) < len(drawn) or len({one.shape for one in known}) > 1:
            return None
        return Drawn(Product(tuple(one.display for one in known), "∘"), known[0].shape)

    def _product(self, a: Drawn | None, b: Drawn | None) -> Drawn | None:
        if a is None or b is None or not a.shape or not b.shape:
            return None
        return Drawn(_side_by_side(a, b), a.shape[:-1] + b.shape[1:])

    def _turned(self, drawn: Drawn | None) -> Drawn | None:
        if drawn is None or not isinstance(drawn.display, Matrix):
            return None
        entries = drawn.display.entries
        if len(drawn.shape) == 1:
            return Drawn(row([one for (one,) in entries]), drawn.shape)
        return Drawn(matrix(zip(*entries, strict=True)), drawn.shape[::-1])

    def _sum(self, first: Tree, others: Sequence[Tree]) -> Drawn | None:
        """Matrices with signs between them."""
        total = self._drawn(first)
        for term in others:
            sign, bare = "+", term
            if isinstance(term, Apply) and term.operator == "negate":
                sign, (bare,) = "−", term.arguments
            drawn = self._drawn(bare)
            if total is None or drawn is None:
                return None
            drawn = _in_every_row(drawn, total.shape)
            if drawn.shape != total.shape:
                return None
            parts = total.display.parts if isinstance(total.display, Sum) and total.display.symbol == sign else None
            display = Sum((*parts, drawn.display) if parts else (total.display, drawn.display), sign)
            total = Drawn(display, total.shape)
        return total

    def _by_entry(self, tree: Tree) -> Drawn | None:
        """What is done element by element: in each entry the formula with its numbers; sums are written out."""
        made: dict[str, np.ndarray] = {}
        plain = self._with_sums_written_out(tree, made)
        known = {name: array for name in symbols(plain) if (array := made.get(name, self.arrays.get(name))) is not None}
        if not fold(plain, lambda _: True, _is_by_entry) or len(known) < len(symbols(plain)):
            return None
        shape: tuple[int, ...] = np.broadcast_shapes(*(array.shape for array in known.values()))
        if len(shape) > 2 or (not known and plain == tree):
            return None
        stretched = {name: np.broadcast_to(array, shape) for name, array in known.items()}
        found = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            entries: dict[str, Any] = {name: array[place] for name, array in stretched.items()}
            found[place] = substitute(plain, entries)
        return _drawn(found)

    def _with_sums_written_out(self, tree: Tree, made: dict[str, np.ndarray]) -> Tree:
        """A formula with ∘ as a product, and what is of several entries of a tensor (Σ x, max x, …) with their numbers.

        What is reduced along axes has a name of its own in it, and its entries are put into `made`.
        """
        if not isinstance(tree, Apply):
            return tree
        match tree:
            case Apply("power", (Apply("norm", (x,)), Number(value) as square)) if value == 2:
                terms = self._entries(x)
                return add(*(power(one, square) for one in terms)) if terms else tree
            case Apply("sum" | "mean" | "prod" | "max" | "min" as operator, (x,)):
                terms = self._entries(x)
                return _reduced(operator, terms) if terms else tree
            case Apply("sum" | "mean" | "prod" | "max" | "min" as operator, (x, Apply("axis", axes), *keeps)):
                drawn = self._of_name(x.name) if isinstance(x, Symbol) else self._by_entry(x)
                found = None if drawn is None else _reduced_along(operator, drawn, axes, keep=bool(keeps))
                if found is None:
                    return tree
                name = f"\0{len(made)}"
                made[name] = found
                return Symbol(name)
        parts = [self._with_sums_written_out(one, made) for one in tree.arguments]
        return apply("multiply" if tree.operator == "hadamard" else tree.operator, parts)

    def _entries(self, tree: Tree) -> list[Tree]:
        """The entries of a tensor, with numbers; none where they are many."""
        drawn = self._of_name(tree.name) if isinstance(tree, Symbol) else self._by_entry(tree)
        if drawn is None or not isinstance(drawn.display, Matrix):
            return []
        entries = [one for line in drawn.display.entries for one in line]
        return entries if len(entries) <= MAX_TERMS else []


def _drawn(array: np.ndarray) -> Drawn | None:
    """Entries as a number, a column or a matrix; None for more axes."""
    if array.ndim > 2:
        return None
    if not array.ndim:
        return Drawn(array.item(), ())
    return Drawn(column(array) if array.ndim == 1 else matrix(array), array.shape)


def _is_by_entry(operator: str, parts: Sequence[bool]) -> bool:
    return operator in ELEMENTWISE and all(parts) and (operator not in EXTREMES or len(parts) > 1)


def _reduced(operator: str, entries: Sequence[Tree]) -> Tree:
    """The sum, mean, product, largest or smallest of entries: of numbers the largest and the smallest are known."""
    match operator:
        case "prod":
            return multiply(*entries)
        case "max" | "min":
            numbers = [one for one in entries if isinstance(one, Number)]
            best = max if operator == "max" else min
            return best(numbers, key=lambda one: one.value) if numbers == entries else apply(operator, entries)
        case _:
            total = add(*entries)
            return total if operator == "sum" else divide(total, Number(Fraction(len(entries))))


def _reduced_along(operator: str, drawn: Drawn, axes: Sequence[Tree], *, keep: bool) -> np.ndarray | None:
    """The same of a matrix's rows or columns, an entry each; None where they are long."""
    places = tuple(int(one.value) for one in axes if isinstance(one, Number))
    if not isinstance(drawn.display, Matrix) or len(drawn.shape) != 2 or len(places) != 1:
        return None
    rows = drawn.display.entries if places == (1,) else tuple(zip(*drawn.display.entries, strict=True))
    if len(rows[0]) > MAX_TERMS or any(isinstance(one, Apply) and one.operator in CONDITIONS for one in rows[0]):
        return None
    found = np.empty(len(rows), dtype=object)
    found[:] = [_reduced(operator, row) for row in rows]
    return np.expand_dims(found, places) if keep else found


def _in_every_row(drawn: Drawn, shape: tuple[int, ...]) -> Drawn:
    """A vector that is added to each row of a matrix, as these rows."""
    if len(shape) != 2 or drawn.shape != shape[1:] or not isinstance(drawn.display, Matrix):
        return drawn
    entries = tuple(one for (one,) in drawn.display.entries)
    return Drawn(matrix([entries] * shape[0]), shape)


def _side_by_side(a: Drawn, b: Drawn) -> Display:
    left = a.display.parts if isinstance(a.display, Product) and not a.display.symbol else (a.display,)
    return Product((*left, b.display))
