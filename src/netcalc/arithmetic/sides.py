"""What a formula comes to on either side of a point: where a comparison ties, the side decides, not the convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from flint import arb, fmpq

from netcalc.arithmetic import puiseux
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
from netcalc.expression.tree import COMPARISONS, Apply, Leaf, Symbol, share

BITS = 1024
NEAR = fmpq(1, 1 << 200)  # far below what tells two kinks apart, far above what BITS can't tell from 0

Side = Literal[-1, 1]
SIDES: tuple[Side, Side] = (-1, 1)
Tie = Literal["exact", "undecided"] | None


class Beside(NamedTuple):
    """A number at the point, or a series about it, and the same a little to the side."""

    here: Any
    beside: Numeral


def one_sided(tree: Tree, name: str, names: Mapping[str, Numeral], side: Side) -> Numeral:
    """The limit of `tree` as its variable `name` comes to its place in `names` from the left (-1) or the right.

    An infinity where it grows beyond all bounds; undefined where there is no limit, or none is found.
    """
    place = exactly(ball(names[name]).mid()) if isinstance(names[name], arb) else names[name]
    radius = exactly(ball(names[name]).rad()) if isinstance(names[name], arb) else ZERO
    step = side * (abs(place) * NEAR + NEAR + 2 * radius)

    def numbers(node: Leaf) -> Beside:
        value = numeral(node, {**names, name: place})
        return Beside(value, place + step if node == Symbol(name) else value)

    def about(node: Leaf) -> Beside:
        here, beside = numbers(node)
        return Beside(puiseux.beside(here, side) if node == Symbol(name) else puiseux.constant(here), beside)

    with precision(BITS):
        found: Numeral = evaluate(tree, _NUMBERS, numbers).here
        if ball(found).is_finite():
            return found
        with puiseux.all_terms():
            return evaluate(tree, _SERIES, about).here.limit


def _both(here: Callable[..., Any], beside: Callable[..., Numeral]) -> Callable[..., Beside]:
    def applied(*parts: Beside) -> Beside:
        return Beside(here(*(part.here for part in parts)), beside(*(part.beside for part in parts)))

    return applied


def _compared(operation: Callable[..., Condition]) -> Callable[[Beside, Beside], Condition]:
    return lambda a, b: operation(a.beside, b.beside)


def _where(nowhere: Beside) -> Callable[[Condition, Beside, Beside], Beside]:
    def where(condition: Condition, then: Beside, other: Beside) -> Beside:
        if not isinstance(condition, bool):
            return nowhere
        return then if condition else other

    return where


def _extreme(nowhere: Beside, largest: bool) -> Callable[..., Beside]:
    def extreme(*values: Beside) -> Beside:
        best = values[0]
        for value in values[1:]:
            order = sign(value.beside - best.beside)
            if order is None:
                return nowhere
            best = value if order and (order > 0) == largest else best
        return best

    return extreme


def _signed(nowhere: Beside, positive: Callable[[Beside, int], Beside]) -> Callable[[Beside], Beside]:
    def applied(value: Beside) -> Beside:
        order = sign(value.beside)
        return nowhere if order is None else positive(value, order)

    return applied


def _abs(value: Beside, order: int) -> Beside:
    return Beside(-value.here, -value.beside) if order < 0 else value


def _atan2(y: Beside, x: Beside) -> Beside:
    """Its cut, along y = 0 left of x = 0, is come to from one side or the other."""
    here = OPERATIONS["atan2"](y.here, x.here)
    if sign(y.here) == 0 and sign(x.here) == -1 and sign(y.beside) == -1:
        here = -here
    return Beside(here, OPERATIONS["atan2"](y.beside, x.beside))


Told = Literal["same", "apart", "unknown"]
SAME = fmpq(1, 1 << 150)  # the limits are taken far closer than this


def compared(a: Numeral, b: Numeral) -> Told:
    """Whether two numerals are the same, as far as so many bits tell."""
    if isinstance(a, fmpq) and isinstance(b, fmpq):
        return "same" if a == b else "apart"
    a, b = ball(a), ball(b)
    if a.is_nan() or b.is_nan():
        return "unknown"
    if not (a.is_finite() and b.is_finite()):
        return "same" if a == b else "apart"
    difference = a - b
    if not difference.contains(0):
        return "apart"
    return "same" if abs(difference) < arb(SAME) else "unknown"


def of_both(left: Numeral, right: Numeral) -> Numeral:
    """One numeral for two that are the same."""
    return left if isinstance(left, fmpq) else ball(left).union(ball(right))


def slope_at(trees: Sequence[Tree], order: int, value: Numeral) -> Numeral:
    """The derivative of that order at a `value` of `q`; `trees` are a function and its derivatives' formulas.

    Where a comparison ties, the formula is that of the branch taken, which may be a single point's: then what both
    sides come to. At a kink or a jump it is the formula's; undefined where nothing tells.
    """
    names = {"q": value}
    found = numeral(trees[order], names)
    if not order or tie(Apply("add", tuple(trees[: order + 1])), names) != "exact":
        return found
    with precision(BITS):
        below = slope_at(trees, order - 1, value)
        continuous = {compared(one_sided(trees[order - 1], "q", names, side), below) for side in SIDES}
        if "apart" in continuous:
            return found
        left, right = (one_sided(trees[order], "q", names, side) for side in SIDES)
        told = compared(left, right)
        if told == "unknown" or "unknown" in continuous:
            return UNDEFINED
        return of_both(left, right) if told == "same" and ball(left).is_finite() else found


def _operations(
    here: Callable[[str], Callable[..., Any]], constant: Callable[[Numeral], Any]
) -> Mapping[str, Callable[..., Any]]:
    """Both numbers of a `Beside` at once; `here` finds what works on the first of them."""
    nowhere = Beside(constant(UNDEFINED), UNDEFINED)
    return {
        **{name: _both(here(name), operation) for name, operation in OPERATIONS.items()},
        **{name: _compared(OPERATIONS[name]) for name in COMPARISONS},
        **{name: OPERATIONS[name] for name in ("and", "or", "not")},
        "where": _where(nowhere),
        "max": _extreme(nowhere, largest=True),
        "min": _extreme(nowhere, largest=False),
        "abs": _signed(nowhere, _abs),
        "sign": _signed(nowhere, lambda _, order: Beside(constant(fmpq(order)), fmpq(order))),
    }


_NUMBERS = {**_operations(OPERATIONS.__getitem__, lambda value: value), "atan2": _atan2}
_SERIES = _operations(lambda name: puiseux.OPERATIONS.get(name, puiseux.unknown), puiseux.constant)


def can_tie(tree: Tree) -> bool:
    """Whether anything in the tree compares."""
    return any(isinstance(node, Apply) and node.operator in _WATCHED for node in share((tree,)).nodes)


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


_WATCHED = frozenset({*COMPARISONS, "abs", "max", "min", "sign", "atan2"})


def _ties(operator: str, values: Sequence[Numeral]) -> list[Tie]:
    if operator == "atan2":  # whose cut is where y is 0 and x is negative
        values = [] if sign(values[1]) == 1 else values[:1]
    differences = values if operator in ("abs", "sign", "atan2") else [values[0] - value for value in values[1:]]
    orders = [sign(difference) for difference in differences]
    return ["undecided" if order is None else "exact" for order in orders if not order]
