"""What a formula comes to on either side of a point: where a comparison ties, the side decides, not the convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from flint import arb, fmpq

from netcalc.arithmetic.certain import (
    OPERATIONS,
    UNDEFINED,
    ZERO,
    Condition,
    Numeral,
    ball,
    exactly,
    numeral,
    precision,
    sign,
)
from netcalc.expression import Tree, evaluate
from netcalc.expression.tree import COMPARISONS, Constant, Number, Symbol

BITS = 1024
NEAR = fmpq(1, 1 << 200)  # far below what tells two kinks apart, far above what BITS can't tell from 0

Side = Literal[-1, 1]
Tie = Literal["exact", "undecided"] | None


class Beside(NamedTuple):
    """A number at the point, and the same a little to the side."""

    here: Numeral
    beside: Numeral


def one_sided(tree: Tree, name: str, names: Mapping[str, Numeral], side: Side) -> Numeral:
    """The limit of `tree` as its variable `name` comes to its place in `names` from the left (-1) or the right."""
    place = exactly(ball(names[name]).mid()) if isinstance(names[name], arb) else names[name]
    radius = exactly(ball(names[name]).rad()) if isinstance(names[name], arb) else ZERO
    step = side * (abs(place) * NEAR + NEAR + 2 * radius)
    beside = {other: Beside(value, value) for other, value in names.items()} | {name: Beside(place, place + step)}

    def leaf(node: Number | Constant | Symbol) -> Beside:
        if isinstance(node, Symbol):
            return beside[node.name]
        value = numeral(node, {})
        return Beside(value, value)

    with precision(BITS):
        found: Beside = evaluate(tree, _SIDED, leaf)
    return found.here


def _both(operation: Callable[..., Numeral]) -> Callable[..., Beside]:
    def applied(*parts: Beside) -> Beside:
        return Beside(operation(*(part.here for part in parts)), operation(*(part.beside for part in parts)))

    return applied


def _compared(operation: Callable[..., Condition]) -> Callable[[Beside, Beside], Condition]:
    return lambda a, b: operation(a.beside, b.beside)


def _where(condition: Condition, then: Beside, other: Beside) -> Beside:
    if not isinstance(condition, bool):
        return Beside(UNDEFINED, UNDEFINED)
    return then if condition else other


def _extreme(largest: bool) -> Callable[..., Beside]:
    def extreme(*values: Beside) -> Beside:
        best = values[0]
        for value in values[1:]:
            order = sign(value.beside - best.beside)
            if order is None:
                return Beside(UNDEFINED, UNDEFINED)
            best = value if order and (order > 0) == largest else best
        return best

    return extreme


def _signed(positive: Callable[[Beside, int], Beside]) -> Callable[[Beside], Beside]:
    def applied(value: Beside) -> Beside:
        order = sign(value.beside)
        return Beside(UNDEFINED, UNDEFINED) if order is None else positive(value, order)

    return applied


_SIDED: Mapping[str, Callable[..., Any]] = {
    **{name: _both(operation) for name, operation in OPERATIONS.items()},
    **{name: _compared(OPERATIONS[name]) for name in COMPARISONS},
    **{name: OPERATIONS[name] for name in ("and", "or", "not")},
    "where": _where,
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "abs": _signed(lambda value, order: Beside(order * value.here, order * value.beside)),
    "sign": _signed(lambda _, order: Beside(fmpq(order), fmpq(order))),
}


def tie(tree: Tree, names: Mapping[str, Numeral]) -> Tie:
    """Whether two sides of a comparison in the tree are equal at this point, or can't be told apart."""
    found: list[Tie] = []

    def watched(operator: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def applied(*values: Any) -> Any:
            found.extend(_ties(operator, values))
            return operation(*values)

        return applied

    operations = {name: watched(name, operation) for name, operation in OPERATIONS.items() if name in _WATCHED}
    evaluate(tree, {**OPERATIONS, **operations}, lambda node: numeral(node, names))
    return "undecided" if "undecided" in found else "exact" if found else None


_WATCHED = frozenset({*COMPARISONS, "abs", "max", "min", "sign"})


def _ties(operator: str, values: Sequence[Numeral]) -> list[Tie]:
    differences = values if operator in ("abs", "sign") else [values[0] - value for value in values[1:]]
    orders = [sign(difference) for difference in differences]
    return ["undecided" if order is None else "exact" for order in orders if not order]
