"""The sigmoid's family: everything from e = exp(-|q|), which never overflows, and d = 1 + e.

With binary cross-entropy, of a probability and of a logit.
"""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels, loss_kernels, patch


def _sigmoid(q: Array) -> Array:
    return np.exp(np.minimum(q, 0.0)) / (1.0 + np.exp(-np.abs(q)))


def _sigmoid_slope(q: Array) -> Array:
    """σ'(q) = e/d²; σ(1 - σ) would be 0 from q = 37 on."""
    e = np.exp(-np.abs(q))
    d = 1.0 + e
    return e / d / d


def _softplus(q: Array) -> Array:
    return np.maximum(q, 0.0) + np.log1p(np.exp(-np.abs(q)))


def sigmoid_curvature(q: Array) -> Array:
    """σ''(q) = -σ'(q)·tanh(q/2), which is -q/8 near 0."""
    near = np.abs(q) < 1e-9  # q/2 would round among the subnormals
    return np.where(near, -0.125 * q, -_sigmoid_slope(q) * np.tanh(0.5 * q))


def tanh_slope(q: Array) -> Array:
    """4e²/(1 + e²)², and (2e)² where e² would be subnormal."""
    e = np.exp(-2.0 * np.abs(q))
    d = 1.0 + e
    return patch(4.0 * e / d / d, q, np.abs(q) >= 350, lambda far: np.square(2.0 * np.exp(-np.abs(far))))


def tanh_curvature(q: Array) -> Array:
    """-2·tanh(q)·tanh'(q)"""
    e = np.exp(-2.0 * np.abs(q))
    d = 1.0 + e
    return patch(-2.0 * np.tanh(q) * (4.0 * e / d / d), q, np.abs(q) >= 350, _tanh_curvature_far)


def _tanh_curvature_far(q: Array) -> Array:
    e = np.exp(-np.abs(q))
    return np.copysign(8.0 * e, -q) * e


SIGMOID = kernels(_sigmoid, _sigmoid_slope, sigmoid_curvature)
TANH = kernels(np.tanh, tanh_slope, tanh_curvature)
SOFTPLUS = kernels(_softplus, _sigmoid, _sigmoid_slope)
LOG_SIGMOID = kernels(lambda q: -_softplus(-q), lambda q: _sigmoid(-q), lambda q: -_sigmoid_slope(q))


def _weighted(weight: Array, values: Array) -> Array:
    """weight·values, 0 where the weight is 0: what has no weight may be infinite."""
    return np.where(weight == 0, np.where(np.isnan(values), values, 0.0), weight * values)


def bce(a: Array, t: Array) -> Array:
    """-t·log(a) - (1 - t)·log(1 - a); 0·log(0) is 0. NaN for an `a` outside [0, 1]."""
    return _weighted(t, -np.log(a)) + _weighted(1.0 - t, -np.log1p(-a))


def bce_slope(a: Array, t: Array) -> Array:
    """(a - t)/(a(1 - a)), divided in turn; at a = t = 0 it is 1, and at a = t = 1 it is -1."""
    plain = (a - t) / (1.0 - a) / a
    corner = (a == t) & ((a == 0) | (a == 1))
    return np.where(corner, 1.0 - 2.0 * a, np.where((a < 0) | (a > 1), np.nan, plain))


BCE = loss_kernels(bce, bce_slope)
BCE_WITH_LOGITS = loss_kernels(
    lambda a, t: _weighted(t, _softplus(-a)) + _weighted(1.0 - t, _softplus(a)),
    lambda a, t: (1.0 - t) * _sigmoid(a) - t * _sigmoid(-a),  # σ(a) - t
)
