"""Numbers in steps with as many digits as the operation shown takes to come to the value shown."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, numeral, precision
from netcalc.arithmetic.rounding import digits
from netcalc.derivation.derive import evaluable
from netcalc.explain.explanation import literal
from netcalc.expression import Number, Tree, symbols
from netcalc.expression.numerals import decimals
from netcalc.result import Value

ROUGHLY = arb("0.1")
NEAR = arb("1e-4")  # relative: six digits that don't cancel come as near
BITS = 128
SHORT = 12  # digits of a number that is repeated as it was given


def is_short_decimal(number: Tree) -> bool:
    """Whether it is a decimal of few digits."""
    written = decimals(number.value) if isinstance(number, Number) else None
    return written is not None and len(written.digits) <= SHORT and abs(written.point) <= SHORT


def to_digits(value: Value, count: int) -> Tree:
    """A value as a leaf of an expression, rounded to so many digits; as it is shown, where float64 doesn't hold it."""
    enough = value.as_digits and len(value.shown.partition("e")[0].lstrip("-0.")) > count
    if enough or not value.nearest or math.isinf(value.nearest):
        return literal(value)
    text = digits(fmpq(*value.nearest.as_integer_ratio()), count)
    return literal(value) if text is None or len(text) > 2 * count else Number(Fraction(text), text)


def comes_to(formula: Tree, value: Value, near: arb = NEAR) -> bool:
    """Whether a formula of the numbers that are shown has the value that is, nearly; True where that can't be told."""
    if not value.nearest or symbols(formula):
        return True
    with precision(BITS):
        found, true = ball(numeral(evaluable((formula,))[0], {})), arb(value.nearest)
        return not (found.is_finite() and abs(found - true) > near * abs(true))
