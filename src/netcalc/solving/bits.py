"""Values as far as balls can tell: more and more bits until each is decided; what never is says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import Known, numeral, numerals, work
from netcalc.arithmetic.rounding import (
    digits,
    enclosure,
    is_below,
    is_next_to_nothing,
    is_out_of_reach,
    nearest,
    plainly_rounded,
    rounded,
)
from netcalc.arrays import each
from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
from netcalc.derivation.derive import expand
from netcalc.errors import TookTooLong
from netcalc.expression import Tree, substitute
from netcalc.result import UNDEFINED, Value

SHOWN_DIGITS = 6
MANY = 8192  # values of a tensor that have no digits of their own beside their float64
TIE_DIGITS = 12  # further ones that are tried where the last that is shown would be rounded at a tie
FIRST_BITS = 128
LAST_BITS = 1 << 16
MAX_BIT_OPERATIONS = 1 << 28  # operations times bits: what takes more is not begun, but with the fewest bits
MAX_BIT_OPERATIONS_FOR_DIGITS = 1 << 34  # who asks for digits waits for them

Key = TypeVar("Key")
ALGEBRA_EVALUATIONS = 60_000
HOPELESS_BITS = 8192  # what has no value in balls of so many bits has none


def until_decided(count: int | None, operations: int, attempt: Callable[[int], bool]) -> None:
    """Attempts with more and more bits until one says that all is decided, as long as so many operations allow it.

    `count` is how many digits are asked for, if any.
    """
    most = MAX_BIT_OPERATIONS if count is None else MAX_BIT_OPERATIONS_FOR_DIGITS
    first = max(FIRST_BITS, int((count or SHOWN_DIGITS) * 3.33) + 64)
    for step in range(max(2, (LAST_BITS // first).bit_length())):
        bits = first << step
        if step and bits * operations > most:
            continue
        with precision(bits):
            if attempt(bits):
                return


def decided_arrays(
    evaluate: Callable[[], Mapping[Key, np.ndarray]],
    count: int | None,
    operations: int,
    *,
    exact: bool = False,
    value: Callable[[Any, int | None], Value] | None = None,
    shown: Callable[[Key], bool] = lambda _: True,
) -> tuple[dict[Key, np.ndarray], dict[Key, np.ndarray]]:
    """Arrays with as many bits as all entries that are `shown` take: in balls, and as each one's `value`.

    Very many values are float64, if that is the nearest to each, and shows the same digits; unless `exact` has every
    value be one that a closed form can be put to.
    """
    found: dict[Key, np.ndarray] = {}
    values: dict[Key, np.ndarray] = {}
    made = value or as_value

    def again(entry: Any, known: Value | None = None) -> Value:
        return known if known is not None and known.certified else made(entry, count)

    def attempt(bits: int) -> bool:
        for key, array in evaluate().items():
            found[key], known = array, values.get(key)
            if known is None or are_values(known):
                numbers = None if count is not None or exact else as_numbers(array)
                values[key] = each(again, array, *([] if known is None else [known])) if numbers is None else numbers
        seen = {key: array for key, array in values.items() if shown(key)}
        return is_certain(seen.values()) or (bits >= HOPELESS_BITS and _is_hopeless(seen, found))

    until_decided(count, operations, attempt)
    return found, values


def _is_hopeless(values: Mapping[Key, np.ndarray], found: Mapping[Key, np.ndarray]) -> bool:
    """Whether all that is not proven is next to 0, beside a number so small that the most bits lose it: exp(-9e15)."""
    left = [
        numeral
        for key, array in values.items()
        if are_values(array)
        for numeral, one in zip(found[key].flat, array.flat, strict=True)
        if not one.certified
    ]
    return all(is_out_of_reach(one) or is_next_to_nothing(one) for one in left) and any(
        is_below(one, LAST_BITS) for array in found.values() for one in array.flat
    )


def certainty(arrays: Collection[np.ndarray], what: str = "values") -> str:
    """How many of the values are proven, in words; float64 among them is."""
    proven = sum(sum(one.certified for one in array.flat) if are_values(array) else array.size for array in arrays)
    return f"certified: {proven} of {sum(array.size for array in arrays)} {what}"


def is_certain(arrays: Collection[np.ndarray]) -> bool:
    """Whether all values are proven."""
    return all(not are_values(array) or all(one.certified for one in array.flat) for array in arrays)


def are_values(array: np.ndarray) -> bool:
    """Whether entries are more than a float64."""
    return array.dtype == object


def as_numbers(array: np.ndarray) -> np.ndarray | None:
    """Very many numerals as float64, if that is the nearest to each, and shows the same digits."""
    if array.size <= MANY:
        return None
    numbers, sure = rounded(array)
    return numbers if sure.all() else None


def as_value(value: Any, count: int | None) -> Value:
    """A numeral as a value, with `count` digits if asked for; certified where digits and float64 are proven."""
    if count is None and (plain := plainly_rounded(value)):
        return Value(*plain, certified=True)
    shown, number = digits(value, count or SHOWN_DIGITS), nearest(value)
    if shown is None and count is None and number is not None:  # 1481.125 and next to nothing: a tie
        shown = next((more for extra in range(1, TIE_DIGITS) if (more := digits(value, SHOWN_DIGITS + extra))), None)
    if shown is not None and number is not None:
        return Value(number, shown, certified=True, as_digits=count is not None)
    return Value(number, enclosure(value) or UNDEFINED, as_digits=count is not None)


def rational_in(value: Any, number: Any) -> fmpq | None:
    """The rational within a ball that SymPy's number simplifies to, if it does, or is: √2·√2 - 2 is 0."""
    from netcalc.derivation.bounded import is_tame, simplified

    closed = simplified(number) if is_tame(number) else number
    if not closed.is_Rational:
        return None
    rational = fmpq(int(closed.p), int(closed.q))
    return rational if ball(value).contains(rational) else None


def constant(tree: Tree, count: int | None = None) -> Value:
    """The value of a tree without symbols, certified where it can be decided."""
    from netcalc.derivation.derive import expand

    whole = expand(tree)
    value = Value(None, UNDEFINED)

    def attempt(_: int) -> bool:
        nonlocal value
        value = as_value(numeral(whole, {}), count)
        return value.certified

    until_decided(count, work((whole,)), attempt)
    return value


def confirmed(value: Value, closed: Tree | None) -> Value:
    """The value with its closed form, if there is one and, where the value is certain, it comes to the same digits."""
    if closed is None:
        return value
    again = constant(closed, len(value.shown) if value.as_digits else None)
    agrees = again.certified and again.nearest == value.nearest
    return replace(value, exact=closed) if agrees or not value.certified else value


def proven(
    trees: Sequence[Tree], point: Mapping[str, Tree], count: int | None = None, known: Known = ()
) -> tuple[list[Value], list[Any]]:
    """The trees' values at a point, each proven to `count` digits and to its float64 as far as balls can tell.

    `trees` are evaluable ones (`derive.evaluable`), `known` is what is decided of subtrees (`explain.decided`).
    Beside each value stands the numeral that it is written from.
    """
    found: list[Any] = [None] * len(trees)
    values: list[Value] = [Value(None, UNDEFINED)] * len(trees)
    left = list(range(len(trees)))

    def attempt(bits: int) -> bool:
        nonlocal left
        names = {name: numeral(tree, {}) for name, tree in point.items()}
        for place, entry in zip(left, numerals([trees[place] for place in left], names, known), strict=True):
            found[place], values[place] = entry, as_value(entry, count)
        left = [place for place in left if not values[place].certified and not is_out_of_reach(found[place])]
        return not left or (bits >= HOPELESS_BITS and not any(ball(found[place]).is_finite() for place in left))

    until_decided(count, work(trees), attempt)
    for place in _settled(trees, point, found, left):
        values[place] = as_value(found[place], count)
    return values, found


def _settled(trees: Sequence[Tree], point: Mapping[str, Tree], found: list[Any], left: Sequence[int]) -> list[int]:
    """Puts the rational in place of each undecided ball that algebra shows to be one; the places of these."""
    if not left:  # SymPy waits for what needs it
        return []
    from netcalc.derivation.algebra import to_sympy

    settled: list[int] = []
    with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), bounded(ALGEBRA_EVALUATIONS):
        for place in left:
            if not ball(found[place]).rad() < 1:  # nothing is nearly decided
                continue
            number = to_sympy(expand(substitute(trees[place], point)))
            if (rational := rational_in(found[place], number)) is not None:
                found[place] = rational
                settled.append(place)
    return settled
