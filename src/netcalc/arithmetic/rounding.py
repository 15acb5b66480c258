"""From numerals to digits and floats, rounded correctly or not at all; arrays of them too."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpz

from netcalc.arithmetic.balls import EXACT_BITS, ball, exactly, precision

MAX_FLOAT_BITS = 1100  # |x| >= 2**1100 rounds to infinity, |x| < 2**-1100 to zero
ENCLOSED_DIGITS = 17
PLAIN_LOW, PLAIN_HIGH = 1e-290, 1e290  # where float64 has all its bits, and room on both sides
PLAIN_BITS = 1000  # of a numerator or denominator whose quotient is surely in float64's range
PLAIN_DIGITS = 6
MAX_EXACT_POWER = 400  # of ten, that is multiplied by as the whole number that it is
WIDENED = 1 + 2.0**-50  # what is rounded to nearest may be below what it bounds
LARGEST_EXPONENT = 10**15  # decimal exponents that are written; a larger one says no more than that it is large
NEXT_TO_NOTHING = 999  # decimal exponent, below which an undecided value is said to be no more than next to 0
BITS_OF_A_SIZE = 128  # that tell how large a number is, whatever its own digits
NEAR_A_TIE = 1e-7  # of a unit of the sixth digit: what is nearer is looked at by itself


def plainly_rounded(value: Any) -> tuple[float, str] | None:
    """The float64 nearest to a numeral and its six digits; None where that takes a closer look.

    Digits that are the same on either side of the float64, at both its neighbours, are those of what rounds to it.
    """
    if isinstance(value, fmpq):
        return _plainly_exact(int(value.p), int(value.q))
    number = _plainly_nearest(value)
    if number is None or value.is_exact():
        return None
    text = f"{number:.5e}"
    low, high = math.nextafter(number, -math.inf), math.nextafter(number, math.inf)
    return (number, from_scientific(text)) if f"{low:.5e}" == text == f"{high:.5e}" else None


def _plainly_nearest(value: arb) -> float | None:
    """The float64 that is nearest to all of a ball; None where that takes a closer look."""
    number = float(value)
    size = abs(number)
    if not PLAIN_LOW < size < PLAIN_HIGH:
        return None
    room = (size - math.nextafter(size, 0.0)) / 2  # of a power of two, the smaller of both sides
    return number if float((value - number).abs_upper()) * WIDENED < room else None


def _plainly_exact(p: int, q: int) -> tuple[float, str] | None:
    if p == 0:
        return 0.0, "0"
    number = p / q if max(abs(p).bit_length(), q.bit_length()) < PLAIN_BITS else 0.0
    if not PLAIN_LOW < abs(number) < PLAIN_HIGH:
        return None
    text = f"{number:.5e}"
    mantissa, exponent = _parts(text)
    above, below = _scaled(abs(p), q, PLAIN_DIGITS - 1 - exponent)
    whole, rest = divmod(above, below)
    if not rest and whole == int(mantissa):
        return number, _written(p < 0, mantissa, exponent, strip=True)
    if whole + (2 * rest > below) != int(mantissa) or 2 * rest == below:  # at a tie, or next to one
        return None
    return number, from_scientific(text)


def from_scientific(text: str) -> str:
    """`1.23450e-03` as it is shown: `0.00123450`."""
    mantissa, exponent = _parts(text)
    return _written(text[0] == "-", mantissa, exponent, strip=False)


def _parts(text: str) -> tuple[str, int]:
    mantissa, _, exponent = text.partition("e")
    return mantissa.lstrip("-").replace(".", ""), int(exponent)


def nearest(value: Any) -> float | None:
    """The float64 nearest to a numeral; None where its ball does not decide between two."""
    if isinstance(value, fmpq):
        return _quotient(int(value.p), int(value.q))
    if not value.is_finite():
        return None
    if (number := _plainly_nearest(value)) is not None:
        return number
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
    return _quotient(mantissa << exponent, 1) if exponent >= 0 else _quotient(mantissa, 1 << -exponent)


def _quotient(p: int, q: int) -> float:
    """p / q to the nearest float64, as Python divides whole numbers."""
    try:
        return p / q
    except OverflowError:
        return float("inf") if p > 0 else float("-inf")


def digits(value: Any, count: int) -> str | None:
    """`count` significant decimal digits, correctly rounded; None where the ball does not decide them.

    An exact value that needs fewer is written with fewer.
    """
    value = exactly(value) if isinstance(value, arb) else value
    if isinstance(value, fmpq) and value == 0:
        return "0"
    if isinstance(value, fmpq) and value.height_bits() <= EXACT_BITS:
        return _exact_digits(int(value.p), int(value.q), count)
    return _ball_digits(ball(value), count)


def enclosure(value: Any) -> str | None:
    """What is known of a value whose digits are not decided, as `0.5 ± 0.5`; None if that is nothing."""
    known = ball(value)
    if not known.is_finite():
        return None
    far = f"1e{LARGEST_EXPONENT}"
    if is_out_of_reach(known) and abs(known) > 1:
        return f"beyond {far}"
    with precision(BITS_OF_A_SIZE):
        if abs(known) < arb(10) ** -NEXT_TO_NOTHING:
            return f"0 ± 1e-{NEXT_TO_NOTHING}"
        if not abs(known) < arb(10) ** LARGEST_EXPONENT:
            return f"0 ± more than {far}"
    middle = _worth_writing(known)
    error = abs(known - arb(middle))
    return f"{middle} ± {above(error.upper())}"


def is_out_of_reach(value: Any) -> bool:
    """Whether a numeral is so large or small that no number of bits will show its digits."""
    with precision(BITS_OF_A_SIZE):
        size, far = abs(ball(value)), arb(10) ** LARGEST_EXPONENT
        return bool(size > far or size * far < 1) and not size.is_zero()


def is_next_to_nothing(value: Any) -> bool:
    """Whether no more is known of a numeral than that it is next to 0."""
    known = ball(value)
    with precision(BITS_OF_A_SIZE):
        return bool(known.contains(0) and abs(known) < arb(10) ** -NEXT_TO_NOTHING)


def is_below(value: Any, bits: int) -> bool:
    """Whether a numeral that is not 0 is below 2**-bits, so that so many bits are none too many beside 1."""
    return bool(abs(ball(value)) < arb(2) ** -bits) and not ball(value).contains(0)


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


def _exact_digits(p: int, q: int, count: int) -> str:
    """Of p/q, a tie to the even digit."""
    exponent = _decimal_exponent(abs(p), q)
    above, below = _scaled(abs(p), q, count - 1 - exponent)
    whole, rest = divmod(above, below)
    whole += 2 * rest > below or (2 * rest == below and whole % 2)
    if whole >= 10**count:
        whole, exponent = whole // 10, exponent + 1
    return _written(p < 0, str(fmpz(whole)), exponent, strip=not rest)


def _scaled(p: int, q: int, places: int) -> tuple[int, int]:
    """p/q times 10 ** places."""
    return (p * 10**places, q) if places >= 0 else (p, q * 10**-places)


def _decimal_exponent(p: int, q: int) -> int:
    """The e with 10**e <= p/q < 10**(e+1)."""
    exponent = math.floor((p.bit_length() - q.bit_length() - 1) * math.log10(2))
    while True:
        above, below = _scaled(p, q, -exponent - 1)
        if above < below:
            return exponent
        exponent += 1


def _ball_digits(value: arb, count: int) -> str | None:
    magnitude = abs(value)
    if not value.is_finite() or not magnitude > 0:
        return None
    with _precision_of(value):
        exponent = _exponent(magnitude)
        if exponent is None or abs(exponent) > LARGEST_EXPONENT:
            return None
        for guess in (exponent, exponent + 1, exponent - 1):
            scaled = _integer(_shifted(magnitude, count - 1 - guess))
            if scaled is None:  # not decided; with a larger exponent 7.5 would round to 1 of the next decade
                return None
            if 10 ** (count - 1) <= scaled < 10**count:
                leading = _shifted(magnitude, -guess)
                if not leading >= 1 and _integer(_shifted(magnitude, count - guess)) != 10**count:
                    if leading < 1:
                        continue  # all of it lies in the decade below
                    return None  # some of it lies there, where digits are finer
                return _written(bool(value < 0), str(fmpz(scaled)), guess, strip=False)
    return None


def _exponent(magnitude: arb) -> int | None:
    """The decimal exponent, or one next to it; None where so few bits don't tell."""
    size = float(magnitude)
    if PLAIN_LOW < size < PLAIN_HIGH:
        return math.floor(math.log10(size))
    with precision(BITS_OF_A_SIZE):
        logarithm = magnitude.log() / arb(10).log()
        if not logarithm.rad() < 1:  # so large or small that its decimal exponent takes more bits
            return None
        return int(logarithm.mid().floor().unique_fmpz() or 0)


def _shifted(magnitude: arb, places: int) -> arb:
    """Times 10 ** places."""
    if abs(places) > MAX_EXACT_POWER:
        return magnitude * arb(10) ** places
    return magnitude * fmpz(10) ** places if places >= 0 else magnitude / fmpz(10) ** -places


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


def rounded(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The float64 of each numeral, and where it is proven to be the nearest, its six digits those of the numeral."""
    flat = array.reshape(-1)
    pairs = np.array([_with_error(one) for one in flat.tolist()]).reshape(-1, 2)
    numbers, errors = pairs[:, 0], pairs[:, 1] * WIDENED
    size = np.abs(numbers)
    with np.errstate(all="ignore"):
        room = (size - np.nextafter(size, 0)) / 2  # of a power of two, the smaller of both sides
        sure = (size > PLAIN_LOW) & (size < PLAIN_HIGH) & (errors < room)
    sure |= (size == 0) & (errors == 0)
    for place in np.flatnonzero(sure & _may_be_a_tie(numbers)):
        sure[place] = _has_its_digits(flat[place], float(numbers[place]))
    return numbers.reshape(array.shape), sure.reshape(array.shape)


def _with_error(one: Any) -> tuple[float, float]:
    """A float64 next to a numeral, and a bound on how far it is; 0 for the quotient that is rounded correctly."""
    if isinstance(one, fmpq):
        p, q = int(one.p), int(one.q)
        if not p:
            return 0.0, 0.0
        return (p / q, 0.0) if max(p.bit_length(), q.bit_length()) < PLAIN_BITS else (0.0, 1.0)
    number = float(one)
    return (number, float((one - number).abs_upper())) if number or one.is_zero() else (0.0, 1.0)


def _may_be_a_tie(numbers: np.ndarray) -> np.ndarray:
    """Where the seventh digit and those behind it are next to a half."""
    size = np.abs(numbers)
    with np.errstate(all="ignore"):
        scaled = size * 10.0 ** (PLAIN_DIGITS - 1 - np.floor(np.log10(size)))
        found: np.ndarray = (size > 0) & ~(np.abs(scaled - np.floor(scaled) - 0.5) > NEAR_A_TIE)
    return found


def _has_its_digits(one: Any, number: float) -> bool:
    plain = plainly_rounded(one)
    return plain is not None and plain[0] == number and float(plain[1]) == float(f"{number:.5e}")
