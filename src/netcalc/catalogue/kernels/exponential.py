"""exp, gaussian, and the units that are an exponential on the left and a line on the right."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels, patch
from netcalc.catalogue.kernels.errorfree import DEEP, SQRT2, decaying, high_and_low, two_product

_SCALE = Fraction("1.0507009873554804934193349852946")
_SCALED_ALPHA = _SCALE * Fraction("1.6732632423543772848170429916717")


def _left_of_zero(q: Array, right: Array | float, left: Array) -> Array:
    return np.where(q > 0, right, left)


def _scaled_exp(q: Array, scale: float) -> Array:
    """scale·exp(q) for q <= 0 (0 stands in for a positive q)."""
    q = np.minimum(q, 0.0)
    return patch(scale * np.exp(q), q, q < DEEP, lambda deep: decaying(scale, deep))


def _bent(q: Array, scale: float, scaled_alpha: float) -> Array:
    return _left_of_zero(q, scale * q, scaled_alpha * np.expm1(np.minimum(q, 0.0)))


def _quotient(q: Array, alpha: Fraction) -> tuple[Array, Array]:
    """(z, l) with z + l = min(q, 0)/alpha to twice the digits: exp() would multiply the error of z by z.

    It ends where any alpha times its exponential is 0, or infinite (alpha may be negative).
    """
    high, low = high_and_low(alpha)
    negative = np.minimum(q, 0.0)
    z = negative / high
    product, error = two_product(z, high)
    rest = ((negative - product) - error - z * low) / high
    return np.clip(z, -1500.0, 1400.0), np.where(np.abs(z) < 1400.0, rest, 0.0)


def celu(q: Array, alpha: Fraction) -> Array:
    """q above 0, else alpha·(exp(q/alpha) - 1); that is q where q/alpha is tiny."""
    z, low = _quotient(q, alpha)
    bent = np.where(z < -DEEP, float(alpha) * (np.expm1(z) + low * np.exp(z)), decaying(float(alpha), z, low))
    return _left_of_zero(q, q, np.where(np.abs(z) < 1e-17, q, bent))


def _exp_of_quotient(q: Array, alpha: Fraction, factor: float) -> Array:
    z, low = _quotient(q, alpha)
    e = np.exp(z)
    return np.where(np.abs(z) < -DEEP, factor * (e + e * low), decaying(factor, z, low))


def _square(q: Array) -> tuple[Array, Array, Array]:
    """(c, -p, -l): q within ±40, beyond which exp(-q²) is 0, and its square p + l exactly."""
    clipped = np.clip(q, -40.0, 40.0)
    p, low = two_product(clipped, clipped)
    return clipped, -p, -low


def _times_gaussian(factor: Array | float, exponent: Array, low: Array) -> Array:
    e = np.exp(exponent)
    return np.where(exponent < DEEP, decaying(factor, exponent, low), factor * (e + e * low))


def gaussian_slope(q: Array) -> Array:
    """-2q·exp(-q²)"""
    clipped, exponent, low = _square(q)
    return _times_gaussian(-2.0 * clipped, exponent, low)


def gaussian_curvature(q: Array) -> Array:
    """(4q² - 2)·exp(-q²), with 4q² - 2 = (2|q| - √2)(2|q| + √2): no digit is lost at its roots."""
    clipped, exponent, low = _square(q)
    twice = 2.0 * np.abs(clipped)
    return _times_gaussian(((twice - SQRT2[0]) - SQRT2[1]) * (twice + SQRT2[0]), exponent, low)


EXP = kernels(np.exp, np.exp, np.exp)
ELU = kernels(
    lambda q, alpha: _bent(q, 1.0, float(alpha)),
    lambda q, alpha: _left_of_zero(q, 1.0, _scaled_exp(q, float(alpha))),
    lambda q, alpha: _left_of_zero(q, 0.0, _scaled_exp(q, float(alpha))),
)
SELU = kernels(
    lambda q: _bent(q, float(_SCALE), float(_SCALED_ALPHA)),
    lambda q: _left_of_zero(q, float(_SCALE), _scaled_exp(q, float(_SCALED_ALPHA))),
    lambda q: _left_of_zero(q, 0.0, _scaled_exp(q, float(_SCALED_ALPHA))),
)
CELU = kernels(
    celu,
    lambda q, alpha: _left_of_zero(q, 1.0, _exp_of_quotient(q, alpha, 1.0)),
    lambda q, alpha: _left_of_zero(q, 0.0, _exp_of_quotient(q, alpha, float(1 / alpha))),
)
GAUSSIAN = kernels(lambda q: _times_gaussian(1.0, *_square(q)[1:]), gaussian_slope, gaussian_curvature)
