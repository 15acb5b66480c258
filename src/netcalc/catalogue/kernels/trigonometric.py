"""sin and arctan."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels


def _parts(q: Array) -> tuple[Array, Array]:
    """(v, w): v = min(1, 1/|q|) and w = min(|q|, 1/|q|), whose squares never overflow."""
    a = np.abs(q)
    return 1.0 / np.maximum(a, 1.0), np.minimum(a, 1.0 / a)


def arctan_slope(q: Array) -> Array:
    """1/(1 + q²), as v²/(1 + w²)."""
    v, w = _parts(q)
    return v * v / (1.0 + w * w)


def arctan_curvature(q: Array) -> Array:
    """-2q/(1 + q²)², as -2·sign(q)·w·v²/(1 + w²)²."""
    v, w = _parts(q)
    d = 1.0 + w * w
    return np.copysign(2.0 * w, -q) * (v * v) / d / d


SIN = kernels(np.sin, np.cos, lambda q: -np.sin(q))
ARCTAN = kernels(np.arctan, arctan_slope, arctan_curvature)
