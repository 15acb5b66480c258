"""Losses of the residual a - t, and the hinge."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, loss_kernels
from netcalc.catalogue.kernels.errorfree import two_product


def huber(a: Array, t: Array, delta: Fraction) -> Array:
    """(a - t)²/2 within delta, else delta·(|a - t| - delta/2); in halves, since a - t alone may overflow."""
    bound = float(delta)
    half = np.abs(0.5 * a - 0.5 * t)
    line = 2.0 * bound * (half - 0.25 * bound)
    return np.where(half < 0.5 * bound, 0.5 * (a - t) * (a - t), line)


def _margin(a: Array, t: Array) -> Array:
    """1 - a·t, with the product's rounding error kept."""
    product, low = two_product(a, t)
    return (1.0 - product) - np.where(np.isfinite(low), low, 0.0)


def hinge_slope(a: Array, t: Array) -> Array:
    """-t where a·t < 1, else 0."""
    margin = _margin(a, t)
    return np.where(np.isnan(margin), margin, np.where(margin > 0, -t, 0.0))


MSE = loss_kernels(lambda a, t: np.square(a - t), lambda a, t: 2.0 * (a - t))
HALF_MSE = loss_kernels(lambda a, t: 0.5 * (a - t) * (a - t), lambda a, t: a - t)  # the square alone may overflow
MAE = loss_kernels(lambda a, t: np.abs(a - t), lambda a, t: np.sign(a - t))
HUBER = loss_kernels(huber, lambda a, t, delta: np.clip(a - t, -float(delta), float(delta)))
HINGE = loss_kernels(lambda a, t: np.maximum(_margin(a, t), 0.0), hinge_slope)
