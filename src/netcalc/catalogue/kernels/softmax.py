"""softmax, log_softmax, and the losses by sample, along the last axis.

Everything is shifted by the largest number, with the rounding error of the shift kept; sums are taken with twice the
digits; and 1 - sᵢ is the sum of the other entries, which loses nothing when sᵢ is nearly 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, LossKernels
from netcalc.catalogue.kernels.errorfree import DEEP, decaying, two_sum
from netcalc.errors import ShapeError, ValueSyntaxError
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

GONE = -1500.0  # exp() of it, times any float64, is 0


class Shifted(NamedTuple):
    """Numbers (…, n) less their largest: d + low exactly, w = exp(d + low), and the sums of w with and without the top.

    `top` is the place (…, 1) of the largest; there d = 0 and w = 1. `others` is the sum of all w but each one's own.
    """

    d: Array
    low: Array
    w: Array
    top: NDArray[np.intp]
    rest: Array

    @property
    def total(self) -> Array:
        """The sum of w: (…, 1)."""
        return 1.0 + self.rest

    @property
    def others(self) -> Array:
        """For each entry, the sum of the other w: (…, n). Only the top entry can hold most of the total."""
        result = self.total - self.w
        np.put_along_axis(result, self.top, self.rest, axis=-1)
        return result

    @property
    def shares(self) -> Array:
        """softmax: (…, n)."""
        return self.w / self.total

    def weighted(self, factor: Array) -> Array:
        """factor·w: (…, n), where only the last product underflows; 0 far down, however large the factor."""
        near = np.where(self.d < DEEP, decaying(factor, self.d, self.low), factor * self.w)
        return np.where((self.d < GONE) & ~np.isnan(factor), 0.0, near)

    @property
    def log_shares(self) -> Array:
        """log_softmax: (…, n)."""
        return self.d + (self.low - np.log1p(self.rest))


def _shift(a: Array) -> Shifted:
    """(…, n) -> its shift. NaN where no limit exists: a NaN, two infinities, nothing but -infinities."""
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ShapeError(f"a sample needs at least one output, and the outputs have shape {a.shape}")
    top = np.argmax(a, axis=-1, keepdims=True)
    largest = np.take_along_axis(a, top, axis=-1)
    d, low = two_sum(a, -largest)
    low = np.where(np.isfinite(low), low, 0.0)
    if np.isposinf(largest).any():  # one infinity takes everything
        limit = np.isposinf(largest) & (np.sum(np.isposinf(a), axis=-1, keepdims=True) == 1)
        d = np.where(limit, np.where(np.isposinf(a), 0.0, -np.inf), d)
    w = np.exp(d)
    w = w + w * low
    without_top = w.copy()
    np.put_along_axis(without_top, top, 0.0, axis=-1)
    return Shifted(d, low, w, top, total(without_top))


def total(terms: Array) -> Array:
    """The sum along the last axis, kept as one: (…, n) -> (…, 1), rounded about once."""
    high, low = _two_part_total(terms)
    return high + low


def _two_part_total(terms: Array) -> tuple[Array, Array]:
    """The sum as a high and a low part, (…, 1) each: by halves, with every rounding error summed beside."""
    high, low = terms, np.zeros_like(terms)
    while high.shape[-1] > 1:
        middle = high.shape[-1] // 2
        sums, errors = two_sum(high[..., :middle], high[..., middle : 2 * middle])
        lows = low[..., :middle] + low[..., middle : 2 * middle] + np.where(np.isfinite(errors), errors, 0.0)
        high = np.concatenate([sums, high[..., 2 * middle :]], axis=-1)
        low = np.concatenate([lows, low[..., 2 * middle :]], axis=-1)
    return high, low


def along_last_axis(function: Callable[..., Array]) -> Callable[..., Array]:
    """`function` on float64 arrays, without NumPy's warnings: overflow and underflow inside are meant."""

    @wraps(function)
    def kernel(a: ArrayLike, *others: ArrayLike) -> Array:
        with np.errstate(all="ignore"):
            return function(np.asarray(a, dtype=np.float64), *(np.asarray(other, dtype=np.float64) for other in others))

    return kernel


@along_last_axis
def softmax(a: Array) -> Array:
    """s = exp(a)/Σ exp(a): (…, n) -> (…, n). Raises ShapeError without outputs."""
    return _shift(a).shares


@along_last_axis
def log_softmax(a: Array) -> Array:
    """a - log Σ exp(a): (…, n) -> (…, n). Raises ShapeError without outputs."""
    return _shift(a).log_shares


@along_last_axis
def softmax_product(a: Array, g: Array) -> Array:
    """The softmax's Jacobian at `a` times `g`, on either side: (…, n), (…, n) -> (…, n), sᵢ(gᵢ - Σ sⱼgⱼ).

    Both are taken relative to the top entry's g, whose own share of the sum is then 0. Raises ShapeError.
    """
    shifted = _shift(a)
    s = shifted.shares
    relative = _alike(g, a) - np.take_along_axis(g, shifted.top, axis=-1)
    return shifted.weighted((relative - total(_weighted(s, relative))) / shifted.total)


@along_last_axis
def log_softmax_product(a: Array, g: Array) -> Array:
    """gᵢ - sᵢ·Σg, the log_softmax's Jacobian at `a`, transposed, times `g`: (…, n), (…, n) -> (…, n).

    As gᵢ(1 - sᵢ) - sᵢ·(the sum of the other g). Raises ShapeError.
    """
    return -_pull(_shift(a), _alike(g, a))


def _alike(g: Array, a: Array) -> Array:
    if g.shape != a.shape:
        raise ShapeError(f"what comes from above has shape {g.shape}, and the outputs have shape {a.shape}")
    return g


def _pull(shifted: Shifted, t: Array) -> Array:
    """sᵢ·Σt - tᵢ, as sᵢ·(the sum of the other t) - tᵢ·(1 - sᵢ)."""
    high, low = _two_part_total(t)
    rest = (high - t) + low
    return (shifted.weighted(rest) - _weighted(t, shifted.others)) / shifted.total


def _weighted(weight: Array, values: Array) -> Array:
    """weight·values, 0 where the weight is 0: what has no weight may be infinite."""
    return np.where((weight == 0) & ~np.isnan(values), 0.0, weight * values)


def _distribution(a: Array, t: Array) -> Array:
    """Targets as distributions (…, n): class indices (…) become a 1 among zeros.

    Raises ShapeError if the shapes do not fit, ValueSyntaxError for an index that is no class.
    """
    if a.ndim and t.shape == a.shape:
        return t
    if a.ndim == 0 or t.shape != a.shape[:-1]:
        raise ShapeError(
            f"outputs of shape {a.shape} take class indices of shape {a.shape[:-1]} "
            f"or distributions of shape {a.shape}, and the targets have shape {t.shape}"
        )
    outputs = a.shape[-1]
    bad = ~np.isin(t, np.arange(outputs))
    if bad.any():
        raise ValueSyntaxError(f"{t[bad][0]:g} is no class: of {outputs} outputs, the classes are 0 to {outputs - 1}")
    return np.equal(np.arange(outputs), t[..., np.newaxis]).astype(np.float64)


def _loss(logarithms: Callable[[Array], Array]) -> Callable[..., Array]:
    """-Σ tᵢ·log pᵢ of outputs whose `logarithms` these are: (…, n) and classes (…) or distributions (…, n) -> (…).

    0·log(0) is 0. Raises ShapeError, ValueSyntaxError.
    """
    return along_last_axis(lambda a, t: total(_weighted(_distribution(a, t), -logarithms(a)))[..., 0])


@along_last_axis
def cross_entropy_slope(a: Array, t: Array) -> Array:
    """sᵢ·Σt - tᵢ: (…, n) -> (…, n). Raises ShapeError, ValueSyntaxError."""
    return _pull(_shift(a), _distribution(a, t))


@along_last_axis
def log_loss_slope(a: Array, t: Array) -> Array:
    """-tᵢ/aᵢ, 0 where tᵢ is 0: (…, n). Raises ShapeError, ValueSyntaxError."""
    distribution = _distribution(a, t)
    return np.where(distribution == 0, 0.0, -distribution / a)


log_loss = _loss(np.log)
CROSS_ENTROPY = LossKernels(_loss(lambda a: _shift(a).log_shares), cross_entropy_slope)
NLL = LossKernels(_loss(lambda a: a), along_last_axis(lambda a, t: 0.0 - _distribution(a, t)))
LOG_LOSS = LossKernels(log_loss, log_loss_slope)
