"""softsign: q/(1 + |q|)."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels


def softsign(q: Array) -> Array:
    """q/(1 + |q|); ±1 is the nearest float64 long before 2^60."""
    clipped = np.clip(q, -(2.0**60), 2.0**60)
    return clipped / (1.0 + np.abs(clipped))


def softsign_slope(q: Array) -> Array:
    """r², r = 1/(1 + |q|)"""
    return np.square(1.0 / (1.0 + np.abs(q)))


def softsign_curvature(q: Array) -> Array:
    """-2·sign(q)·r³; at 0, where it jumps, 0."""
    r = 1.0 / (1.0 + np.abs(q))
    return -2.0 * np.sign(q) * r * (r * r)


SOFTSIGN = kernels(softsign, softsign_slope, softsign_curvature)
