"""What a formula comes to on either side of a point: where a comparison ties, the side decides, not the convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from flint import arb, fmpq

from netcalc.arithmetic import puiseux
from netcalc.arithmetic.balls import (
    OPERATIONS,
    UNDEFINED,
    ZERO,
    Condition,
    Numeral,
    ball,
    exactly,
    is_nowhere,
    precision,
    sign,
)
from netcalc.arithmetic.evaluation import numeral
from netcalc.arithmetic.ties import tie
from netcalc.expression import Tree, fold
from netcalc.expression.tree import COMPARISONS, Apply, Leaf, Symbol
from netcalc.records import dataclass

BITS = 1024
NEAR = fmpq(1, 1 << 200)  # far below what tells two kinks apart, far above what BITS can't tell from 0

Side = Literal[-1, 1]
SIDES: tuple[Side, Side] = (-1, 1)


@dataclass
class NearPoint:
    """A number at the point, the number a little to the side, and how to find its series about the point.

    It is `fixed` where it is the same all the way from the point to some place on that side.
    """

    here: Numeral
    beside: Numeral
    expand: Callable[[], puiseux.Series]
    fixed: bool = False

    @cached_property
    def series(self) -> puiseux.Series:
        """Its series about the point: most signs are told without."""
        return self.expand()

    @property
    def order(self) -> int | None:
        """Its sign as close beside the point as one likes: -1, 0 or 1; None where nothing tells.

        The number a little to the side tells what a series can't: of 0, and of what can't be told from 0.
        """
        return sign(self.here) or self.series.order or (None if is_nowhere(self.here) else sign(self.beside))


def one_sided(tree: Tree, name: str, names: Mapping[str, Numeral], side: Side) -> Numeral:
    """The limit of `tree` as its variable `name` comes to its place in `names` from the left (-1) or the right.

    An infinity where it grows beyond all bounds; undefined where there is no limit, or none is found.
    """
    with precision(BITS), puiseux.all_terms():
        found = _evaluated(tree, name, names, side)
        is_lost = is_nowhere(found.here) or is_nowhere(found.beside)  # as sqrt(x) is on the left of 0
        return found.series.limit if is_lost else found.here


def slope_beside(tree: Tree, name: str, names: Mapping[str, Numeral], side: Side, order: int = 1) -> Numeral:
    """The same of a derivative of `tree` by `name`, of that order, from the series of `tree` itself."""
    with precision(BITS), puiseux.all_terms():
        found = _evaluated(tree, name, names, side).series
        if found.rough and order > 1:
            return UNDEFINED
        for _ in range(order):
            found = found.slope(side)
        return found.limit


def _evaluated(tree: Tree, name: str, names: Mapping[str, Numeral], side: Side) -> NearPoint:
    place = exactly(ball(names[name]).mid()) if isinstance(names[name], arb) else names[name]
    radius = exactly(ball(names[name]).rad()) if isinstance(names[name], arb) else ZERO
    step = side * (abs(place) * NEAR + NEAR + 2 * radius)

    def leaf(node: Leaf) -> NearPoint:
        value = numeral(node, names)
        if node == Symbol(name):
            return NearPoint(value, place + step, lambda: puiseux.beside(value, side))
        return _constant(value)

    done: dict[tuple[object, ...], tuple[Any, tuple[Any, ...]]] = {}

    def once(operator: str, *parts: Any) -> Any:
        """An operation, done once for the same parts: a formula less itself is 0 on both sides."""
        key = (operator, *sorted(map(id, parts))) if operator in ("add", "multiply") else (operator, *map(id, parts))
        if key not in done:
            done[key] = _OPERATIONS[operator](*parts), parts  # which keeps their ids theirs
        return done[key][0]

    found: NearPoint = fold(tree, leaf, lambda operator, parts: once(operator, *parts))
    return found


def _constant(value: Numeral) -> NearPoint:
    return NearPoint(value, value, lambda: puiseux.constant(value), fixed=True)


_NOWHERE = _constant(UNDEFINED)


def _function(name: str) -> Callable[..., NearPoint]:
    number, series = OPERATIONS[name], puiseux.OPERATIONS.get(name, puiseux.unknown)

    def applied(*parts: NearPoint) -> NearPoint:
        here = number(*(part.here for part in parts))
        if all(part.fixed for part in parts):
            return _constant(here)
        if name == "subtract" and parts[0] is parts[1] and not is_nowhere(here):
            return _constant(ZERO)
        if name in _HELD_AT_0 and _is_held(name, parts):
            return _constant(ZERO)
        beside = number(*(part.beside for part in parts))
        return NearPoint(here, beside, lambda: series(*(part.series for part in parts)))

    return applied


_HELD_AT_0 = ("multiply", "divide", "power")


def _is_held(name: str, parts: Sequence[NearPoint]) -> bool:
    """Whether a part that is 0 all along keeps the whole at 0: 0·x, 0/x where x isn't 0, 0^x where x > 0."""
    if name == "multiply":
        finite = all(not is_nowhere(part.here) and not is_nowhere(part.beside) for part in parts)
        return finite and any(part.fixed and sign(part.here) == 0 for part in parts)
    first, second = parts
    return first.fixed and sign(first.here) == 0 and sign(second.here) in ((1,) if name == "power" else (1, -1))


def _comparison(name: str) -> Callable[[NearPoint, NearPoint], Condition]:
    def compared(a: NearPoint, b: NearPoint) -> Condition:
        order = _SUBTRACT(a, b).order
        return None if order is None else OPERATIONS[name](fmpq(order), ZERO)

    return compared


def _where(condition: Condition, then: NearPoint, other: NearPoint) -> NearPoint:
    if not isinstance(condition, bool):
        return _NOWHERE
    return then if condition else other


def _extreme(largest: bool) -> Callable[..., NearPoint]:
    def extreme(*values: NearPoint) -> NearPoint:
        best = values[0]
        for value in values[1:]:
            order = _SUBTRACT(value, best).order
            if order is None:
                return _NOWHERE
            best = value if order and (order > 0) == largest else best
        return best

    return extreme


def _abs(value: NearPoint) -> NearPoint:
    order = value.order
    if order is None:
        return _NOWHERE
    return _NEGATE(value) if order < 0 else value


def _sign(value: NearPoint) -> NearPoint:
    return _NOWHERE if value.order is None else _constant(fmpq(value.order))


def _floor(value: NearPoint) -> NearPoint:
    """The whole number below, which beside a whole number is the one before it on one side."""
    below = OPERATIONS["floor"](value.here)
    if not isinstance(below, fmpq):
        return _NOWHERE
    order = 1 if value.here != below else _SUBTRACT(value, _constant(below)).order
    return _NOWHERE if order is None else _constant(below - 1 if order < 0 else below)


def _atan2(y: NearPoint, x: NearPoint) -> NearPoint:
    """Its cut, along y = 0 left of x = 0, is come to from one side or the other."""
    found = _ATAN2(y, x)
    if sign(y.here) == 0 and sign(x.here) == -1 and y.order == -1:
        return replace(found, here=-found.here)
    return found


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
    sides come to, and so where the formula has no value though the function does not move: max(q, 0)^0.5 at -1. At a
    kink or a jump it is the formula's; undefined where nothing tells.
    """
    names = {"q": value}
    found = numeral(trees[order], names)
    if order and is_nowhere(found) and not is_nowhere(numeral(trees[0], names)):
        return _from_both_sides(trees[0], order, names)
    if not order or tie(Apply("add", tuple(trees[: order + 1])), names) != "exact":
        return found
    with precision(BITS):
        below = slope_at(trees, order - 1, value)
        continuous = {compared(one_sided(trees[order - 1], "q", names, side), below) for side in SIDES}
        if "apart" in continuous:
            return found
        left, right = (_slope_beside(trees, order, names, side) for side in SIDES)
        told = compared(left, right)
        if told == "unknown" or "unknown" in continuous:
            return UNDEFINED
        return of_both(left, right) if told == "same" and ball(left).is_finite() else found


def _slope_beside(trees: Sequence[Tree], order: int, names: Mapping[str, Numeral], side: Side) -> Numeral:
    """What the derivative comes to by its formula; by the function where terms of that cancel, as 1/q - pi/(pi*q)."""
    found = one_sided(trees[order], "q", names, side)
    return slope_beside(trees[0], "q", names, side, order) if is_nowhere(found) else found


def _from_both_sides(tree: Tree, order: int, names: Mapping[str, Numeral]) -> Numeral:
    """The derivative of that order as the function itself tells it, if both sides come to the same."""
    left, right = (slope_beside(tree, "q", names, side, order) for side in SIDES)
    here = numeral(tree, names)
    continuous = all(compared(one_sided(tree, "q", names, side), here) == "same" for side in SIDES)
    return of_both(left, right) if continuous and compared(left, right) == "same" else UNDEFINED


_SUBTRACT, _NEGATE, _ATAN2 = (_function(name) for name in ("subtract", "negate", "atan2"))
_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **{name: _function(name) for name in OPERATIONS},
    **{name: _comparison(name) for name in COMPARISONS},
    **{name: OPERATIONS[name] for name in ("and", "or", "not")},
    "where": _where,
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "abs": _abs,
    "sign": _sign,
    "floor": _floor,
    "atan2": _atan2,
}
