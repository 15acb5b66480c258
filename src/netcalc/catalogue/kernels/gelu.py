"""gelu: q·Φ(q), with Φ(q) = erfc(-q/√2)/2 and the density φ(q) = exp(-q²/2)/√(2π)."""

from __future__ import annotations

import math

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, gated, kernels, patch
from netcalc.catalogue.kernels.errorfree import DEEP, SQRT2, decaying, two_product
from netcalc.catalogue.kernels.roots import GELU_SLOPE

FAR = 60.0  # here φ is long 0
MILLS = -36.0  # from here down Φ(q) = φ(q)/|q| times an asymptotic series
INVERSE_SQRT2 = (0.7071067811865476, -4.833646656726457e-17)  # high and low part
INVERSE_SQRT_PI = 0.5641895835477563
INVERSE_SQRT_2PI = 0.3989422804014327


def _distribution(q: Array) -> Array:
    """Φ(q), with the low part of -q/√2 taken to first order: erfc multiplies a relative error by up to q²."""
    z, low = two_product(-q, INVERSE_SQRT2[0])
    low = low - q * INVERSE_SQRT2[1]
    erfc = np.fromiter(map(math.erfc, z.tolist()), np.float64, z.size)
    return 0.5 * erfc - low * INVERSE_SQRT_PI * np.exp(-z * z)


def _times_density(factor: Array | float, q: Array) -> Array:
    """factor·φ(q), with the rounding error of q² kept."""
    p, low = two_product(q, q)
    factor = factor * INVERSE_SQRT_2PI
    e = np.exp(-0.5 * p)
    return np.where(-0.5 * p < DEEP, decaying(factor, -0.5 * p, -0.5 * low), factor * (e - e * (0.5 * low)))


def _mills(q: Array) -> Array:
    """1 - 1/q² + 3/q⁴ - 15/q⁶ + …, which is |q|·Φ(q)/φ(q) far to the left. Abramowitz & Stegun 26.2.12."""
    r = 1.0 / (q * q)
    series = 1.0 - 15.0 * r
    for odd in (13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
        series = 1.0 - odd * r * series
    return series


def gelu(q: Array) -> Array:
    """q·Φ(q)"""
    c = np.maximum(q, -FAR)
    plain = gated(q, c * _distribution(np.minimum(c, FAR)))
    return patch(plain, c, c < MILLS, lambda deep: _times_density(-_mills(deep), deep))


def gelu_slope(q: Array) -> Array:
    """Φ(q) + q·φ(q); its root is at -0.752."""
    c = np.clip(q, -FAR, FAR)
    plain = _distribution(c) + _times_density(c, c)
    deep = patch(plain, c, c < MILLS, lambda far: _times_density(far - _mills(far) / far, far))
    return GELU_SLOPE.mend(deep, q)


def gelu_curvature(q: Array) -> Array:
    """φ(q)(2 - q²), with 2 - q² = (√2 - |q|)(√2 + |q|): no digit is lost at its roots."""
    a = np.minimum(np.abs(q), FAR)
    return _times_density(((SQRT2[0] - a) + SQRT2[1]) * (SQRT2[0] + a), a)


GELU = kernels(gelu, gelu_slope, gelu_curvature)
