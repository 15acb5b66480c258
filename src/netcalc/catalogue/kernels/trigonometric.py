"""sin and arctan."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, Kernels, elementwise


@elementwise
def sin(q: Array) -> Array:
    """sin(q); it has no limit at ±∞."""
    return np.sin(q)


@elementwise
def cos(q: Array) -> Array:
    """cos(q)"""
    return np.cos(q)


@elementwise
def minus_sin(q: Array) -> Array:
    """-sin(q)"""
    return -np.sin(q)


@elementwise
def arctan(q: Array) -> Array:
    """arctan(q)"""
    return np.arctan(q)


@elementwise
def arctan_slope(q: Array) -> Array:
    """1/(1 + q²); beyond 1 as w²/(1 + w²) with w = 1/q, since q² overflows."""
    far = np.abs(q) > 1
    w = np.divide(1.0, q, where=far, out=q.copy())
    return np.where(far, w * w, 1.0) / (1.0 + w * w)


@elementwise
def arctan_curvature(q: Array) -> Array:
    """-2q/(1 + q²)²; beyond 1 as -2w³/(1 + w²)² with w = 1/q."""
    far = np.abs(q) > 1
    w = np.divide(1.0, q, where=far, out=q.copy())
    d = 1.0 + w * w
    return -2.0 * w * np.where(far, w * w, 1.0) / d / d


SIN = Kernels(sin, cos, minus_sin)
ARCTAN = Kernels(arctan, arctan_slope, arctan_curvature)
