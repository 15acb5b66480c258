"""gelu's approximation by tanh: q·σ(Y), Y = √(8/π)(q + 0.044715q³), which is kept to twice the digits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, gated, kernels
from netcalc.catalogue.kernels.errorfree import DEEP, decaying, high_and_low, two_product, two_sum
from netcalc.catalogue.kernels.roots import GELU_TANH_CURVATURE, GELU_TANH_SLOPE

FAR = 30.0  # here exp(-Y) is long 0
SCALE = (1.5957691216057308, -9.96930880911092e-17)  # √(8/π), high and low part
CUBIC = high_and_low(Fraction("0.044715"))
THRICE_CUBIC = high_and_low(3 * Fraction("0.044715"))


def _bent(a: Array, cubic: tuple[float, float]) -> tuple[Array, Array]:
    """(y, l) with y + l = 1 + cubic·a², to twice the digits."""
    square, square_low = two_product(a, a)
    bend, bend_low = two_product(square, cubic[0])
    one, one_low = two_sum(1.0, bend)
    return one, one_low + (bend_low + square * cubic[1] + square_low * cubic[0])


def _exponent(a: Array) -> tuple[Array, Array]:
    """(y, l) with y + l = √(8/π)(a + 0.044715a³) = √(8/π)·a·(1 + 0.044715a²), to twice the digits."""
    one, one_low = _bent(a, CUBIC)
    line, line_low = two_product(a, SCALE[0])
    line_low = line_low + a * SCALE[1]
    y, low = two_product(line, one)
    return y, low + line * one_low + line_low * one


def _parts(q: Array) -> tuple[Array, Array, Array, Array]:
    """(a, y, l, e): a = |q| up to FAR, and e = exp(-(y + l)) for its exponent y + l."""
    a = np.minimum(np.abs(q), FAR)
    y, low = _exponent(a)
    e = np.exp(-y)
    return a, y, low, e - e * low


def _times_decay(factor: Array, e: Array, y: Array, low: Array) -> Array:
    return np.where(y > -DEEP, decaying(factor, -y, -low), factor * e)


def gelu_tanh(q: Array) -> Array:
    """q/(1 + e), or q·e/(1 + e) below 0."""
    a, y, low, e = _parts(q)
    d = 1.0 + e
    return gated(q, np.where(q >= 0, q / d, _times_decay(-a / d, e, y, low)))


def _exponent_slope(a: Array) -> tuple[Array, Array]:
    """(s, l) with s + l = Y'(a) = √(8/π)(1 + 3·0.044715a²), to twice the digits."""
    one, one_low = _bent(a, THRICE_CUBIC)
    s, low = two_product(one, SCALE[0])
    return s, low + one * SCALE[1] + one_low * SCALE[0]


def gelu_tanh_slope(q: Array) -> Array:
    """(1 + q·Y'·e/d)/d, or (1 + q·Y' + e)·e/d² below 0, with d = 1 + e; its root is at -0.752."""
    a, y, low, e = _parts(q)
    d = 1.0 + e
    s, s_low = _exponent_slope(a)
    bend, bend_low = two_product(a, s)
    rest, rest_low = two_sum(1.0, -bend)
    left = rest + (e + (rest_low - bend_low - a * s_low))
    plain = np.where(q >= 0, (1.0 + bend * e / d) / d, _times_decay(left / d / d, e, y, low))
    return GELU_TANH_SLOPE.mend(plain, q)


def gelu_tanh_curvature(q: Array) -> Array:
    """σ'(Y)·(2Y' + |q|·Y'' - |q|·Y'²·tanh(Y/2)), an even function with a root at 1.419.

    Here 2Y' + |q|·Y'' = 4Y' - 2√(8/π), and tanh(Y/2) = 1 - 2e/d.
    """
    a, y, low, e = _parts(q)
    d = 1.0 + e
    s, s_low = _exponent_slope(a)
    square, square_low = two_product(s, s)
    steep, steep_low = two_product(a, square)
    steep_low = steep_low + a * (square_low + 2.0 * s * s_low)
    line, line_low = two_sum(4.0 * s, -2.0 * SCALE[0])
    rest, rest_low = two_sum(line, -steep)
    rest_low = rest_low + (line_low + 4.0 * s_low - 2.0 * SCALE[1] - steep_low)
    factor = rest + (rest_low + 2.0 * steep * e / d)
    return GELU_TANH_CURVATURE.mend(_times_decay(factor / d / d, e, y, low), a)


GELU_TANH = kernels(gelu_tanh, gelu_tanh_slope, gelu_tanh_curvature)
