"""How an exact rational number is written: as a decimal where that is short, else as a ratio."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from netcalc.records import NamedTuple

# Up to here a decimal is easier to read than a ratio, whatever the ratio's length.
EASY_DIGITS = 20
BINARY = 1 << 24  # a power of two this large is a float64's denominator, which nobody has written
# 0.0001 and 10^20 are written out, as `repr` does for small floats; beyond them it is 1e-5 and 1e21.
PLAIN_FROM, PLAIN_TO = -4, 21


class Decimals(NamedTuple):
    """The magnitude of a number as `0.d1d2d3… · 10^point`, without zeros at either end."""

    digits: str
    point: int


def whole(n: int) -> str:
    """All digits of n; unlike `str`, without a limit on their count."""
    return f"{Decimal(n):f}"


def decimals(value: Fraction) -> Decimals | None:
    """The digits of |value|, or None if it has no finite decimal or a ratio says it in less."""
    places = _places(value.denominator)
    if places is None:
        return None
    text = whole(abs(value.numerator) * (10**places // value.denominator))
    digits = text.rstrip("0")
    if len(digits) > EASY_DIGITS and value.denominator > 1:
        ratio = len(whole(abs(value.numerator))) + 1 + len(whole(value.denominator))
        if ratio < len(digits):
            return None
    return Decimals(digits or "0", len(text) - places if digits else 1)


def of_float64(value: Fraction) -> str:
    """The fewest digits that tell the nearest float64, of a number that was made of float64; of any other nothing."""
    if value.denominator < BINARY or value.denominator & (value.denominator - 1):
        return ""
    try:
        digits = repr(float(value))
    except OverflowError:
        return ""
    return digits if len(digits) < len(whole(abs(value.numerator))) + 1 + len(whole(value.denominator)) else ""


def _places(denominator: int) -> int | None:
    """The decimals that 1/denominator needs, or None if it needs endlessly many."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    for step in (1024, 32, 1):
        while rest % 5**step == 0:
            rest, fives = rest // 5**step, fives + step
    return max(twos, fives) if rest == 1 else None


def mantissa_and_exponent(number: Decimals) -> tuple[str, int] | None:
    """`("5.07596", -435)` for a number too large or small to write out, else None."""
    digits, point = number
    if PLAIN_FROM < point <= PLAIN_TO or (point == len(digits) > EASY_DIGITS):
        return None
    return digits[0] + ("." + digits[1:] if len(digits) > 1 else ""), point - 1


def plain(number: Decimals) -> str:
    """`0.001`, `12.5`, `1200`."""
    digits, point = number
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return digits[:point] + "." + digits[point:]
