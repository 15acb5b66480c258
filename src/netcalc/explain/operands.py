"""Numbers in steps, with as many digits as the operation shown takes to come to the value shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from netcalc.derivation.derive import evaluable
from netcalc.explain.explanation import literal
from netcalc.expression import Apply, Constant, Number, Symbol, Tree, symbols
from netcalc.expression.numerals import decimals, of_float64
from netcalc.result import Value, as_value

NEAR = 1e-4  # relative: six digits that don't cancel come as near
ROUGHLY = 0.1
MORE_DIGITS = (9, 12, 15, 17)  # of numbers that cancel
BITS = 128
SHORT = 12  # digits of a number that is repeated as it was given
WIDEST = 8  # digits of a given number that is drawn in a matrix as it is

ZERO = Number(Fraction(0))

Leaf = Callable[[object], Tree]  # of what was given or found: the number that stands for it in a formula


def coming_to(value: object, *ways: Callable[[Leaf], Tree]) -> Tree:
    """A formula with numbers in it, which comes to the value: as they are shown; where these cancel, of more digits.

    There may be several ways to write it: a further one is for where the ones before it don't come to the value.
    """
    shown = ways[0](operand)
    goal = as_value(value)
    leaves: list[Leaf] = [operand, *(partial(operand, count=count) for count in MORE_DIGITS)]
    for write in ways:
        for leaf in leaves:
            formula = write(leaf)
            if comes_to(formula, goal):
                return formula
    longest = ways[0](leaves[-1])
    return longest if comes_to(longest, goal, ROUGHLY) else shown


def operand(entry: object, count: int | None = None) -> Tree:
    """What was given or found as a leaf of a formula: as it is shown, or to so many digits."""
    if isinstance(entry, Symbol | Constant | Apply):
        return entry
    if isinstance(entry, Number):
        if not _is_long(entry):
            return entry
        entry = float(entry.value)
    value = as_value(entry)
    return literal(value) if count is None else to_digits(value, count)


def _is_long(number: Number) -> bool:
    digits = decimals(number.value)
    return bool(of_float64(number.value)) if digits is None else len(digits.digits) > WIDEST


def is_short_decimal(number: Tree) -> bool:
    """Whether it is a decimal of few digits."""
    written = decimals(number.value) if isinstance(number, Number) else None
    return written is not None and len(written.digits) <= SHORT and abs(written.point) <= SHORT


def to_digits(value: Value, count: int) -> Tree:
    """A value as a leaf of an expression, rounded to so many digits; as it is shown, where float64 doesn't hold it."""
    from flint import fmpq

    from netcalc.arithmetic.rounding import digits

    enough = value.as_digits and len(value.shown.partition("e")[0].lstrip("-0.")) > count
    if enough or not value.nearest or math.isinf(value.nearest):
        return literal(value)
    text = digits(fmpq(*value.nearest.as_integer_ratio()), count)
    return literal(value) if text is None or len(text) > 2 * count else Number(Fraction(text), text)


def comes_to(formula: Tree, value: Value, near: float = NEAR) -> bool:
    """Whether a formula of the numbers that are shown has the value that is, nearly; True where that can't be told."""
    goal = literal(value)
    if symbols(formula) or symbols(goal) or goal == ZERO:
        return True
    from netcalc.arithmetic.balls import ball, numerals, precision

    with precision(BITS):
        found, true = map(ball, numerals(evaluable((formula, goal)), {}))
        is_apart = found.is_finite() and abs(found - true) > near * abs(true)
        return not is_apart
