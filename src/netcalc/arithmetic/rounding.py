"""From numerals to digits and floats, rounded correctly or not at all."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from netcalc.arithmetic.balls import EXACT_BITS, ball, exactly, precision

MAX_FLOAT_BITS = 1100  # |x| >= 2**1100 rounds to infinity, |x| < 2**-1100 to zero
ENCLOSED_DIGITS = 17
LARGEST_EXPONENT = 10**15  # decimal exponents that are written; a larger one says no more than that it is large


def nearest(value: Any) -> float | None:
    """The float64 nearest to a numeral; None where its ball does not decide between two."""
    if isinstance(value, fmpq):
        return _float(Fraction(int(value.p), int(value.q)))
    if not value.is_finite():
        return None
    with _precision_of(value):
        low, high = _dyadic(value.lower()), _dyadic(value.upper())
    return low if low is not None and low == high else None


def _precision_of(value: arb) -> AbstractContextManager[None]:
    """Bits enough to look at a ball without blurring it."""
    return precision(max(ctx.prec, value.bits(), 64) + 64)


def _dyadic(number: arb) -> float | None:
    mantissa, exponent = (int(part) for part in number.mid().man_exp())
    size = mantissa.bit_length() + exponent
    if mantissa == 0 or size < -MAX_FLOAT_BITS:
        return 0.0
    if size > MAX_FLOAT_BITS:
        return float("inf") if mantissa > 0 else float("-inf")
    return _float(Fraction(mantissa) * Fraction(2) ** exponent)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def digits(value: Any, count: int) -> str | None:
    """`count` significant decimal digits, correctly rounded; None where the ball does not decide them.

    An exact value that needs fewer is written with fewer.
    """
    value = exactly(value) if isinstance(value, arb) else value
    if isinstance(value, fmpq) and value == 0:
        return "0"
    if isinstance(value, fmpq) and max(int(value.p).bit_length(), int(value.q).bit_length()) <= EXACT_BITS:
        return _exact_digits(Fraction(int(value.p), int(value.q)), count)
    return _ball_digits(ball(value), count)


def enclosure(value: Any) -> str | None:
    """What is known of a value whose digits are not decided, as `0.5 ± 0.5`; None if that is nothing."""
    known = ball(value)
    if not known.is_finite():
        return None
    far = f"1e{LARGEST_EXPONENT}"
    if is_out_of_reach(known):
        return f"beyond {far}" if abs(known) > 1 else f"0 ± 1e-{LARGEST_EXPONENT}"
    if not abs(known) < arb(10) ** LARGEST_EXPONENT:
        return f"0 ± more than {far}"
    middle = _worth_writing(known)
    error = abs(known - arb(middle))
    return f"{middle} ± {above(error.upper())}"


def is_out_of_reach(value: Any) -> bool:
    """Whether a numeral is so large or small that no number of bits will show its digits."""
    size = abs(ball(value))
    return bool(size > arb(10) ** LARGEST_EXPONENT or size < arb(10) ** -LARGEST_EXPONENT) and not size.is_zero()


def _worth_writing(known: arb) -> str:
    """The midpoint, to the digits that its radius does not blur."""
    size, radius = abs(known.mid()), known.rad()
    if not 2 * size > radius:
        return "0"
    blurred = int((size / radius).log().floor().mid().unique_fmpz() or 0) if radius > 0 else ENCLOSED_DIGITS
    return digits(exactly(known.mid()), min(blurred // 2 + 2, ENCLOSED_DIGITS)) or "0"


def above(bound: arb) -> str:
    """Two digits of a number that is not negative, rounded up."""
    for nudge in ("1", "1.01", "1.02", "1.05", "1.1"):
        written = digits(exactly((bound * arb(nudge)).mid()), 2) or "inf"
        if arb(written) >= bound:
            break
    return written


def _exact_digits(value: Fraction, count: int) -> str:
    exponent = _decimal_exponent(value)
    scaled = round(abs(value) / Fraction(10) ** (exponent - count + 1))
    if scaled >= 10**count:
        scaled, exponent = scaled // 10, exponent + 1
    exact = abs(value) == scaled * Fraction(10) ** (exponent - count + 1)
    return _written(value < 0, str(fmpz(scaled)), exponent, strip=exact)


def _decimal_exponent(value: Fraction) -> int:
    """The e with 10**e <= |value| < 10**(e+1)."""
    size = abs(value)
    exponent = math.floor((size.numerator.bit_length() - size.denominator.bit_length() - 1) * math.log10(2))
    while size >= Fraction(10) ** (exponent + 1):
        exponent += 1
    return exponent


def _ball_digits(value: arb, count: int) -> str | None:
    magnitude = abs(value)
    if not value.is_finite() or not magnitude > 0:
        return None
    with _precision_of(value):
        logarithm = magnitude.log() / arb(10).log()
        if not logarithm.rad() < 1:  # so large or small that its decimal exponent takes more bits
            return None
        exponent = int(logarithm.mid().floor().unique_fmpz() or 0)
        if abs(exponent) > LARGEST_EXPONENT:
            return None
        for guess in (exponent, exponent + 1, exponent - 1):
            scaled = _integer(magnitude * arb(10) ** (count - 1 - guess))
            if scaled is None:  # not decided; with a larger exponent 7.5 would round to 1 of the next decade
                return None
            if 10 ** (count - 1) <= scaled < 10**count:
                return _written(bool(value < 0), str(fmpz(scaled)), guess, strip=False)
    return None


def _integer(value: arb) -> int | None:
    """The integer nearest to a ball, if the ball decides it."""
    rounded: fmpz | None = (value + arb("0.5")).floor().unique_fmpz()
    return None if rounded is None else int(rounded)


def _written(negative: bool, digits_text: str, exponent: int, *, strip: bool) -> str:
    """Digits d₀d₁d₂… as d₀.d₁d₂…·10**exponent, plainly where that is short."""
    count = len(digits_text)
    if strip:
        digits_text = digits_text.rstrip("0") or "0"
    minus = "-" if negative else ""
    if -5 <= exponent < 0:
        return f"{minus}0.{'0' * (-exponent - 1)}{digits_text}"
    if 0 <= exponent < max(count, 6):
        whole = digits_text[: exponent + 1].ljust(exponent + 1, "0")
        rest = digits_text[exponent + 1 :]
        return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"
    rest = digits_text[1:]
    return f"{minus}{digits_text[0]}{'.' + rest if rest else ''}e{exponent}"
