"""Activations in straight pieces (and hard_swish, a parabola): comparisons and clips."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, Kernels, elementwise, gated, kernels, patch

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


def straight(value: Callable[..., Array], slope: Callable[..., Array]) -> Kernels:
    """The kernels of straight pieces."""
    return Kernels(elementwise(value), elementwise(slope), zero)


def _leaky_relu_slope(q: Array, negative_slope: Fraction) -> Array:
    return _keep_nan(np.where(q > 0, 1.0, float(negative_slope)), q)


def _hard_sigmoid(q: Array) -> Array:
    return np.clip(q + 3.0, 0.0, 6.0) / 6.0


def _hard_swish(q: Array) -> Array:
    return gated(q, np.maximum(q, -3.0) * _hard_sigmoid(q))


def _hard_swish_slope(q: Array) -> Array:
    return np.where(np.abs(q) < 3, (2.0 * q + 3.0) / 6.0, _inside(q > 0, 1.0, q))


IDENTITY = straight(lambda q: q, lambda q: np.where(np.isnan(q), q, 1.0))
RELU = straight(lambda q: np.maximum(q, 0.0), lambda q: _inside(q > 0, 1.0, q))
LEAKY_RELU = straight(lambda q, negative_slope: np.where(q > 0, q, float(negative_slope) * q), _leaky_relu_slope)
RELU6 = straight(lambda q: np.clip(q, 0.0, 6.0), lambda q: _inside((q > 0) & (q < 6), 1.0, q))
HARD_TANH = straight(lambda q: np.clip(q, -1.0, 1.0), lambda q: _inside(np.abs(q) < 1, 1.0, q))
HARD_SIGMOID = straight(_hard_sigmoid, lambda q: _inside(np.abs(q) < 3, 1.0 / 6.0, q))
HARD_SWISH = kernels(_hard_swish, _hard_swish_slope, lambda q: _inside(np.abs(q) < 3, 1.0 / 3.0, q))
