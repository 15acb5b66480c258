"""silu: q·σ(q), from e = exp(-|q|) and d = 1 + e."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, gated, kernels, patch
from netcalc.catalogue.kernels.errorfree import DEEP, decaying
from netcalc.catalogue.kernels.roots import SILU_CURVATURE, SILU_SLOPE

FAR = 1500.0  # here exp(-q)·q² is long 0, and infinity times 0 is kept out


def silu(q: Array) -> Array:
    """q/d, or q·(e/d) below 0; q never multiplies a subnormal."""
    gate = np.exp(np.minimum(q, 0.0)) / (1.0 + np.exp(-np.abs(q)))
    near = gated(q, np.maximum(q, -FAR) * gate)
    return patch(near, q, q < DEEP, lambda deep: decaying(np.maximum(deep, -FAR), deep))


def silu_slope(q: Array) -> Array:
    """(1 + q·e/d)/d, or (1 + q + e)·e/d² below 0; its root is at -1.278."""
    c = np.clip(q, -FAR, FAR)
    e = np.exp(-np.abs(c))
    d = 1.0 + e
    plain = np.where(q >= 0, 1.0 + c * e / d, ((1.0 + c) + e) * (e / d)) / d
    return SILU_SLOPE.mend(patch(plain, c, c < DEEP, lambda deep: decaying(1.0 + deep, deep)), q)


def silu_curvature(q: Array) -> Array:
    """σ'(q)·(2 - |q|·tanh(|q|/2)), tanh(|q|/2) = 1 - 2e/d: an even function with a root at 2.399."""
    a = np.minimum(np.abs(q), FAR)
    e = np.exp(-a)
    d = 1.0 + e
    plain = ((2.0 - a) + 2.0 * a * e / d) * (e / d / d)
    return SILU_CURVATURE.mend(patch(plain, a, a > -DEEP, lambda deep: decaying(2.0 - deep, -deep)), a)


SILU = kernels(silu, silu_slope, silu_curvature)
