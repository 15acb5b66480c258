"""Sums and products with the rounding error kept, and exponentials that round once, even among subnormals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array

DEEP = -700.0  # below it exp() comes near the subnormals (from -708.4), where it has lost digits

SQRT2 = (1.4142135623730951, -9.667293313452913e-17)  # high and low part


def two_sum(a: Array | float, b: Array | float) -> tuple[Array, Array]:
    """(s, l) with s + l = a + b exactly, s the rounded sum. Knuth 1969, 4.2.2."""
    s = np.asarray(a + b)
    virtual = s - a
    return s, (a - (s - virtual)) + (b - virtual)


def two_product(a: Array | float, b: Array | float) -> tuple[Array, Array]:
    """(p, l) with p + l = a·b exactly, p the rounded product; for factors below 1e300. Dekker 1971."""
    p = np.asarray(a * b)
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: Array | float) -> tuple[Array | float, Array | float]:
    carried = a * 134217729.0  # 2^27 + 1: the high half keeps 26 bits
    high = carried - (carried - a)
    return high, a - high


def high_and_low(value: Fraction | float) -> tuple[float, float]:
    """(high, low): the float64 nearest to an exact number, and the float64 nearest to what is left."""
    exact = Fraction(value)
    high = float(exact)
    return high, float(exact - Fraction(high))


def decaying(factor: Array | float, exponent: Array, low: Array | float = 0.0) -> Array:
    """factor·exp(exponent + low), for an exponent far from 0 and a tiny low part: only the last product underflows."""
    half = np.exp(0.5 * exponent)
    return (factor * (half + half * low)) * half
