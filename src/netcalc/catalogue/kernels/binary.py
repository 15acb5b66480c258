"""Binary cross-entropy of a probability, and of a logit."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, loss_kernels
from netcalc.catalogue.kernels.logistic import _sigmoid, _softplus


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
