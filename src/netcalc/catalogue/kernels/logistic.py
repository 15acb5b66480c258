"""The sigmoid's family: everything from e = exp(-|q|), which never overflows, and d = 1 + e."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels, patch


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
