"""What one-sided difference quotients come to at a kink, a removable point or the end of a domain, by mpmath.

Every value is taken with two precisions at once: where a sign decides, both have to see the same number, or both next to
nothing, which then is 0. A derivative of a derivative takes its inner quotients with steps far below its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import truth
from truth import Real, Untold, mp

from netcalc.expression import Number, Symbol, Tree
from netcalc.expression.tree import Apply

# By order: a step and one nearer, of the outermost derivative first; 1/1e-30^4 and constants of 1e-80 are far above. Then the two looks.
STEPS = {1: ((300, 360),), 2: ((300, 360), (700, 840)), 3: ((150, 180), (380, 456), (950, 1140))}
DIGITS = {1: (1100, 1400), 2: (2400, 2900), 3: (3600, 4300)}
SLACK = 100  # digits that values of any size may have lost
SAME = mp.mpf("1e-25")  # relative
FARTHEST = 200_000  # of exponents
POWER = 1.1  # nearer steps are as the 1.2th power of the others: what grows or falls as a power of them does so too


class Nowhere(Exception):
    """No real value."""


class Blurred(Exception):
    """One side is next to nothing, and the other as good as 0: the step may hide that both are the same."""


class Twice(NamedTuple):
    """A number as the fewer and the more digits have it."""

    rough: Real
    fine: Real


class Told(NamedTuple):
    """A derivative's limits from either side, infinite ones too; None where none is seen, or there are no values."""

    left: Real | None
    right: Real | None

    @property
    def both(self) -> Real | None:
        """The derivative, if there is one. Raises Blurred."""
        left, right = self
        if left is None or right is None or not (mp.isfinite(left) and mp.isfinite(right)):
            return None
        if not (left and right) and 0 < abs(left - right) < mp.mpf(10) ** -SLACK:
            raise Blurred
        return right if abs(left - right) <= SAME * abs(right) or left == right else None


def derivative(tree: Tree, by: Sequence[str], point: Mapping[str, Tree]) -> Told:
    """What quotients of the tree come to as it is derived by those variables in turn. Raises Untold, Nowhere."""
    return _Quotients(tree, len(by)).sides(tuple(by), {name: _Exact(place) for name, place in point.items()})


def value(tree: Tree, point: Mapping[str, Tree]) -> Real:
    """The tree's value. Raises Untold, Nowhere."""
    return _Quotients(tree, 1).slope((), {name: _Exact(place) for name, place in point.items()})


class _Exact(NamedTuple):
    """A place and how far it is moved, in powers of ten: as exact as its text."""

    place: Tree
    moves: tuple[tuple[int, int], ...] = ()

    def moved(self, side: int, exponent: int) -> _Exact:
        return self._replace(moves=(*self.moves, (side, exponent)))

    def at(self, digits: int) -> Real:
        with mp.workdps(digits):
            total = _leaf(self.place)
            for side, exponent in self.moves:
                total += side * mp.mpf(10) ** -exponent
            return total


Place = Mapping[str, _Exact]


class _Quotients:
    def __init__(self, tree: Tree, order: int) -> None:
        self.tree, self.order = tree, order
        self.digits = DIGITS[order]
        self.known: dict[tuple[tuple[str, ...], tuple[_Exact, ...]], Real | Exception] = {}

    def slope(self, by: tuple[str, ...], at: Place) -> Real:
        """The derivative there, if both sides agree. Raises Untold, Nowhere."""
        key = by, tuple(at.values())
        if key not in self.known:
            try:
                self.known[key] = self._slope(by, at)
            except (Untold, Nowhere) as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, Exception):
            raise found
        return found

    def _slope(self, by: tuple[str, ...], at: Place) -> Real:
        if not by:
            return _settled(_value(self.tree, at, self.digits), self.digits).fine
        found = self.sides(by, at).both
        if found is None:
            raise Untold
        return found

    def sides(self, by: tuple[str, ...], at: Place) -> Told:
        """The limits of quotients of the derivative below."""
        here = self.slope(by[:-1], at)
        return Told(*(self._limit(by, at, side, here) for side in (-1, 1)))

    def _limit(self, by: tuple[str, ...], at: Place, side: int, here: Real) -> Real | None:
        name, quotients = by[-1], []
        for exponent in STEPS[self.order][self.order - len(by)]:
            try:
                there = self.slope(by[:-1], {**at, name: at[name].moved(side, exponent)})
            except (Untold, Nowhere):
                return None
            with mp.workdps(self.digits[0]):
                quotients.append((there - here) * side * mp.mpf(10) ** exponent)
        return _limit(*quotients)


def _limit(coarse: Real, fine: Real) -> Real | None:
    if max(mp.mag(coarse), mp.mag(fine)) < -FARTHEST:  # exp(-1/q)
        return mp.zero
    if coarse == fine or abs(coarse - fine) <= SAME * abs(fine):
        return fine
    if max(abs(coarse), abs(fine)) < mp.mpf(10) ** -SLACK:  # what rounding left, or what falls faster than any power
        return mp.zero
    if not (coarse and fine):
        return None
    sizes = [float(mp.log10(abs(one))) for one in (coarse, fine)]
    if sizes[1] < POWER * sizes[0] < -SLACK / 3:
        return mp.zero
    return mp.inf * mp.sign(fine) if sizes[1] > POWER * sizes[0] > SLACK / 10 else None


def _settled(number: Twice, digits: tuple[int, int]) -> Twice:
    """The number, or 0 where it is what rounding has left of 0. Raises Untold where nothing tells."""
    rough, fine = number
    if abs(rough - fine) <= SAME * abs(fine):
        return number
    if max(abs(rough), abs(fine)) < mp.mpf(10) ** (SLACK - digits[0]):
        return Twice(mp.zero, mp.zero)
    raise Untold


def _value(tree: Tree, at: Place, digits: tuple[int, int]) -> Twice:
    """By recursion, into the branch that is taken alone."""
    if isinstance(tree, Symbol):
        return Twice(*(at[tree.name].at(count) for count in digits))
    if not isinstance(tree, Apply):
        return Twice(*(_at(count, _leaf, tree) for count in digits))
    if tree.operator == "where":
        condition, then, other = tree.arguments
        return _value(then if _holds(condition, at, digits) else other, at, digits)
    return _applied(_uncancelled(tree), at, digits)


def _applied(tree: Apply, at: Place, digits: tuple[int, int]) -> Twice:
    values = [_value(one, at, digits) for one in tree.arguments]
    if tree.operator in _DECIDING:
        values = [_settled(one, digits) for one in values]
    function = _OWN.get(tree.operator) or truth._FUNCTIONS[tree.operator]
    return Twice(*(_at(count, function, *numbers) for count, *numbers in zip(digits, *values, strict=True)))


def _uncancelled(tree: Apply) -> Apply:
    """1 - cos(q), exp(q) - 1 and log(1 + q) in the forms that keep their digits where q is next to nothing."""
    match tree:
        case Apply("add", (Number(number), Apply("negate", (Apply("cos", (q,)),)))) if number == 1:
            return Apply("versine", (q,))
        case Apply("add", (Apply("exp", (q,)), Number(number))) if number == -1:
            return Apply("expm1", (q,))
        case Apply("log", (Apply("add", (Number(number), q)),)) if number == 1:
            return Apply("log1p", (q,))
    return tree


def _holds(condition: Tree, at: Place, digits: tuple[int, int]) -> bool:
    if condition.operator in ("and", "or", "not"):
        held = [_holds(one, at, digits) for one in condition.arguments]
        return not held[0] if condition.operator == "not" else (all if condition.operator == "and" else any)(held)
    left, right = (_value(one, at, digits) for one in condition.arguments)
    apart = _settled(
        Twice(*(_at(n, lambda a, b: a - b, a, b) for n, a, b in zip(digits, left, right, strict=True))), digits
    )
    return truth._CONDITIONS[condition.operator](apart.fine, mp.zero)


def _leaf(tree: Tree) -> Real:
    if isinstance(tree, Number):
        return mp.mpf(tree.value.numerator) / tree.value.denominator
    if isinstance(tree, Apply):  # -1/3, as a place is written
        return truth._value(tree, {})
    return +mp.e if tree.name == "e" else +mp.pi


def _at(digits: int, function: Callable[..., Real], *arguments: Real) -> Real:
    with mp.workdps(digits):
        try:
            found = function(*arguments)
        except (ArithmeticError, ValueError):
            raise Nowhere from None
    if not isinstance(found, mp.mpf) or not mp.isfinite(found):
        raise Nowhere
    return found


def _exp(q: Real) -> Real:
    """What is next to nothing is so to any power: exp(-1/q)."""
    if q > FARTHEST:
        raise Untold
    return mp.exp(q) if q > -FARTHEST else mp.mpf(10) ** -FARTHEST


def _power(base: Real, exponent: Real) -> Real:
    if mp.isint(exponent):
        return base ** int(exponent)
    if base < 0 or (base == 0 and exponent < 0):
        raise ArithmeticError
    return mp.exp(exponent * mp.log(base)) if base else mp.zero


# What jumps, is steep beyond bounds or ends at some argument has to know on which side of it it is.
_DECIDING = frozenset(("sqrt", "cbrt", "power", "divide", "log", "log2", "log10", "sign", "atan2", "asin", "acos"))
_OWN: Mapping[str, Callable[..., Real]] = {
    "power": _power,
    **{name: getattr(mp, name) for name in ("expm1", "log1p", "sin", "cos", "tan")},
    "exp": _exp,
    "versine": lambda q: 2 * mp.sin(q / 2) ** 2,
}
