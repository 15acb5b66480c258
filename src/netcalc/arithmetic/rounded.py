"""Arrays of numerals as float64: each the nearest, proven so, or told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.rounding import PLAIN_BITS, PLAIN_DIGITS, PLAIN_HIGH, PLAIN_LOW, WIDENED, plainly_rounded

NEAR_A_TIE = 1e-7  # of a unit of the sixth digit: what is nearer is looked at by itself


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
    return number, float((one - number).abs_upper())


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
