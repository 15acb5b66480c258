"""Which values a formula can have, whatever its variables are: 1 − 1/(1 + eˣ) > 0, so that nothing switches there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import product
from math import inf

from netcalc.expression.tree import Apply, Leaf, Number, Symbol, Tree, share
from netcalc.records import NamedTuple

MOST = 12  # a larger exponent is taken as this one, which says as much of the sign
End = Fraction | float  # a float only where there is none


class Range(NamedTuple):
    """The values between two ends; `has_low` and `has_high` say whether the ends are among them."""

    low: End = -inf
    high: End = inf
    has_low: bool = False
    has_high: bool = False


ANY, POSITIVE, NOT_NEGATIVE = Range(), Range(Fraction(0)), Range(Fraction(0), has_low=True)
ONE = Range(Fraction(1), Fraction(1), True, True)
WITHIN_ONE = Range(Fraction(-1), Fraction(1))


def has_one_sign(tree: Tree) -> bool:
    """Whether a formula is positive wherever it has a value, or negative, as far as its parts tell."""
    shared = share((tree,))
    ranges: list[Range] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        own = [ranges[place] for place in places]
        if not isinstance(node, Apply):
            ranges.append(_of_leaf(node))
        elif node.operator == "power":
            ranges.append(_power(own[0], node.arguments[1]))
        else:
            rule = RULES.get(node.operator)
            ranges.append(ANY if rule is None else rule(*own))
    return any(_is_positive(one) for one in (ranges[shared.roots[0]], _negated(ranges[shared.roots[0]])))


def _is_positive(one: Range) -> bool:
    return one.low > 0 or (one.low == 0 and not one.has_low)


def _of_leaf(leaf: Leaf) -> Range:
    if isinstance(leaf, Number):
        return Range(leaf.value, leaf.value, True, True)
    return ANY if isinstance(leaf, Symbol) else POSITIVE  # π and e


def _negated(one: Range) -> Range:
    return Range(-one.high, -one.low, one.has_high, one.has_low)


def _sum(*terms: Range) -> Range:
    return reduce(
        lambda a, b: Range(
            _plus(a.low, b.low), _plus(a.high, b.high), a.has_low and b.has_low, a.has_high and b.has_high
        ),
        terms,
    )


def _product(*factors: Range) -> Range:
    return reduce(_of_two, factors)


def _of_two(a: Range, b: Range) -> Range:
    ends: dict[End, bool] = {}  # each product of two ends, and whether it is among the values
    for (x, has_x), (y, has_y) in product(_ends(a), _ends(b)):
        value = _times(x, y)
        is_had = (has_x and has_y) or (x == 0 and has_x) or (y == 0 and has_y)
        ends[value] = ends.get(value, False) or is_had
    low, high = min(ends), max(ends)
    return Range(low, high, ends[low], ends[high])


def _plus(x: End, y: End) -> End:
    """Of ends on one side; a fraction may be beyond float64's range."""
    return next((one for one in (x, y) if isinstance(one, float)), None) or x + y


def _times(x: End, y: End) -> End:
    """An end at 0 stays there; likewise."""
    if x == 0 or y == 0:
        return Fraction(0)
    return x * y if isinstance(x, Fraction) and isinstance(y, Fraction) else inf if (x > 0) == (y > 0) else -inf


def _ends(one: Range) -> tuple[tuple[End, bool], tuple[End, bool]]:
    return (one.low, one.has_low), (one.high, one.has_high)


def _inverse(one: Range) -> Range:
    """1/x, where x is not 0."""
    if one.low < 0 < one.high or one.low == one.high == 0:
        return ANY
    if one.high <= 0:
        return _negated(_inverse(_negated(one)))
    low: End = Fraction(0) if one.high == inf else 1 / one.high
    return Range(low, inf if one.low == 0 else 1 / one.low, one.has_high, one.low != 0 and one.has_low)


def _power(base: Range, exponent: Tree) -> Range:
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        count = abs(exponent.value.numerator)
        if count > MOST:
            count = MOST + count % 2
        grown = _product(*[_abs(base) if count % 2 == 0 else base] * count) if count else ONE
        if count % 2 and base.low < 0 < base.high:
            grown = ANY
        return _inverse(grown) if exponent.value < 0 else grown
    return POSITIVE if _is_positive(base) else ANY


def _abs(one: Range) -> Range:
    if one.low >= 0:
        return one
    if one.high <= 0:
        return _negated(one)
    (low, has_low), (high, has_high) = (-one.low, one.has_low), (one.high, one.has_high)
    has_largest = has_high if high > low else has_low if low > high else has_low or has_high
    return Range(Fraction(0), max(low, high), True, has_largest)


def _exp(one: Range) -> Range:
    """Its ends are powers of e: told are those of eˣ for x up to 0 and from 0 on."""
    if one.low >= 0:
        return Range(Fraction(1), inf, one.low == 0 and one.has_low)
    return Range(Fraction(0), Fraction(1), False, one.high == 0 and one.has_high) if one.high <= 0 else POSITIVE


def _sqrt(one: Range) -> Range:
    return POSITIVE if _is_positive(one) else NOT_NEGATIVE


def _larger(a: Range, b: Range) -> Range:
    low, high = max(a.low, b.low), max(a.high, b.high)
    has_low = a.has_low and b.has_low if a.low == b.low else a.has_low if low == a.low else b.has_low
    return Range(low, high, has_low, any(one.has_high for one in (a, b) if one.high == high))


def _either(_: Range, a: Range, b: Range) -> Range:
    low, high = min(a.low, b.low), max(a.high, b.high)
    has_low = any(one.has_low for one in (a, b) if one.low == low)
    return Range(low, high, has_low, any(one.has_high for one in (a, b) if one.high == high))


def _of_sign(one: Range) -> Range:
    """Of a function that has its argument's sign."""
    if _is_positive(one):
        return POSITIVE
    if _is_positive(_negated(one)):
        return _negated(POSITIVE)
    return NOT_NEGATIVE if one.low >= 0 else _negated(NOT_NEGATIVE) if one.high <= 0 else ANY


def _within_one(one: Range) -> Range:
    """Of a function that has its argument's sign and stays between -1 and 1."""
    found = _of_sign(one)
    return Range(max(found.low, WITHIN_ONE.low), min(found.high, WITHIN_ONE.high), found.has_low, found.has_high)


RULES: Mapping[str, Callable[..., Range]] = {
    "add": _sum,
    "negate": _negated,
    "subtract": lambda a, b: _sum(a, _negated(b)),
    "multiply": _product,
    "divide": lambda a, b: _product(a, _inverse(b)),
    "abs": _abs,
    "sqrt": _sqrt,
    "max": lambda *some: reduce(_larger, some),
    "where": _either,
    "exp": _exp,
    "cosh": lambda _: Range(Fraction(1), has_low=True),
    **dict.fromkeys(("tanh", "erf"), _within_one),
    **dict.fromkeys(("sin", "cos"), lambda _: Range(Fraction(-1), Fraction(1), True, True)),
    **dict.fromkeys(("sinh", "atan", "asinh", "cbrt", "expm1"), _of_sign),
}
