"""Losses of the residual a - t, and the hinge."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, LossKernels, pairwise
from netcalc.catalogue.kernels.errorfree import two_product


@pairwise
def mse(a: Array, t: Array) -> Array:
    """(a - t)²"""
    return np.square(a - t)


@pairwise
def mse_slope(a: Array, t: Array) -> Array:
    """2(a - t)"""
    return 2.0 * (a - t)


@pairwise
def half_mse(a: Array, t: Array) -> Array:
    """(a - t)²/2, halved first: the square alone may overflow."""
    return 0.5 * (a - t) * (a - t)


@pairwise
def half_mse_slope(a: Array, t: Array) -> Array:
    """a - t"""
    return a - t


@pairwise
def mae(a: Array, t: Array) -> Array:
    """|a - t|"""
    return np.abs(a - t)


@pairwise
def mae_slope(a: Array, t: Array) -> Array:
    """The sign of a - t, 0 where they are equal."""
    return np.sign(a - t)


@pairwise
def huber(a: Array, t: Array, delta: Fraction) -> Array:
    """(a - t)²/2 within delta, else delta·(|a - t| - delta/2); in halves, since a - t alone may overflow."""
    bound = float(delta)
    half = np.abs(0.5 * a - 0.5 * t)
    line = 2.0 * bound * (half - 0.25 * bound)
    return np.where(half < 0.5 * bound, 0.5 * (a - t) * (a - t), line)


@pairwise
def huber_slope(a: Array, t: Array, delta: Fraction) -> Array:
    """a - t clipped to ±delta."""
    return np.clip(a - t, -float(delta), float(delta))


def _margin(a: Array, t: Array) -> Array:
    """1 - a·t, with the product's rounding error kept."""
    product, low = two_product(a, t)
    return (1.0 - product) - np.where(np.isfinite(low), low, 0.0)


@pairwise
def hinge(a: Array, t: Array) -> Array:
    """max(0, 1 - a·t)"""
    return np.maximum(_margin(a, t), 0.0)


@pairwise
def hinge_slope(a: Array, t: Array) -> Array:
    """-t where a·t < 1, else 0."""
    margin = _margin(a, t)
    return np.where(np.isnan(margin), margin, np.where(margin > 0, -t, 0.0))


MSE = LossKernels(mse, mse_slope)
HALF_MSE = LossKernels(half_mse, half_mse_slope)
MAE = LossKernels(mae, mae_slope)
HUBER = LossKernels(huber, huber_slope)
HINGE = LossKernels(hinge, hinge_slope)
