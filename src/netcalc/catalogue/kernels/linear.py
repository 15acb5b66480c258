"""Activations in straight pieces (and hard_swish, a parabola): comparisons and clips."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, Kernels, elementwise, gated, patch

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _inside(mask: NDArray[np.bool_], height: float, q: Array) -> Array:
    """`height` where `mask` holds, else 0, and NaN where `q` is NaN: a comparison alone would lose it."""
    return _keep_nan(np.multiply(mask, height, dtype=np.float64), q)


def _keep_nan(result: Array, q: Array) -> Array:
    return patch(result, q, np.isnan(q), lambda nan: nan)


@elementwise
def zero(q: Array, **parameters: Fraction) -> Array:  # noqa: ARG001 - of straight pieces, whatever their slopes
    """0: the curvature of straight pieces."""
    return np.where(np.isnan(q), q, 0.0)


@elementwise
def identity(q: Array) -> Array:
    """q"""
    return q


@elementwise
def one(q: Array) -> Array:
    """1"""
    return np.where(np.isnan(q), q, 1.0)


@elementwise
def relu(q: Array) -> Array:
    """max(q, 0)"""
    return np.maximum(q, 0.0)


@elementwise
def relu_slope(q: Array) -> Array:
    """1 above 0, else 0."""
    return _keep_nan((q > 0).astype(np.float64), q)


@elementwise
def leaky_relu(q: Array, negative_slope: Fraction) -> Array:
    """q above 0, else negative_slope·q."""
    return np.where(q > 0, q, float(negative_slope) * q)


@elementwise
def leaky_relu_slope(q: Array, negative_slope: Fraction) -> Array:
    """1 above 0, else negative_slope."""
    return _keep_nan(np.where(q > 0, 1.0, float(negative_slope)), q)


@elementwise
def relu6(q: Array) -> Array:
    """q clipped to [0, 6]."""
    return np.clip(q, 0.0, 6.0)


@elementwise
def relu6_slope(q: Array) -> Array:
    """1 between 0 and 6."""
    return _inside((q > 0) & (q < 6), 1.0, q)


@elementwise
def hard_tanh(q: Array) -> Array:
    """q clipped to [-1, 1]."""
    return np.clip(q, -1.0, 1.0)


@elementwise
def hard_tanh_slope(q: Array) -> Array:
    """1 between -1 and 1."""
    return _inside(np.abs(q) < 1, 1.0, q)


@elementwise
def hard_sigmoid(q: Array) -> Array:
    """(q + 3)/6 clipped to [0, 1]."""
    return np.clip(q + 3.0, 0.0, 6.0) / 6.0


@elementwise
def hard_sigmoid_slope(q: Array) -> Array:
    """1/6 between -3 and 3."""
    return _inside(np.abs(q) < 3, 1.0 / 6.0, q)


@elementwise
def hard_swish(q: Array) -> Array:
    """q·hard_sigmoid(q)"""
    return gated(q, np.maximum(q, -3.0) * (np.clip(q + 3.0, 0.0, 6.0) / 6.0))


@elementwise
def hard_swish_slope(q: Array) -> Array:
    """(2q + 3)/6 between -3 and 3; 0 to the left, 1 to the right."""
    return np.where(np.abs(q) < 3, (2.0 * q + 3.0) / 6.0, _inside(q > 0, 1.0, q))


@elementwise
def hard_swish_curvature(q: Array) -> Array:
    """1/3 between -3 and 3."""
    return _inside(np.abs(q) < 3, 1.0 / 3.0, q)


IDENTITY = Kernels(identity, one, zero)
RELU = Kernels(relu, relu_slope, zero)
LEAKY_RELU = Kernels(leaky_relu, leaky_relu_slope, zero)
RELU6 = Kernels(relu6, relu6_slope, zero)
HARD_TANH = Kernels(hard_tanh, hard_tanh_slope, zero)
HARD_SIGMOID = Kernels(hard_sigmoid, hard_sigmoid_slope, zero)
HARD_SWISH = Kernels(hard_swish, hard_swish_slope, hard_swish_curvature)
