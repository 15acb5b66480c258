"""The layers, each with its forward and backward pass written once, on NumPy arrays of any kind of number.

Rows are samples: `v` is (samples, n), and δ = ∂L/∂(a layer's output) has the output's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from netcalc.catalogue.activations import BoundActivation

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss

Array = np.ndarray


class Arithmetic(Protocol):
    """A kind of number: how arrays of it are made, and how functions act on them."""

    def array(self, tensor: Array) -> Array:
        """A given tensor in this kind of number, in its shape."""

    def activate(self, activation: BoundActivation, order: int, z: Array) -> Array:
        """The derivative of that order (0 is the value) at every element of `z`, in a new array."""

    def softmax(self, z: Array) -> Array:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along rows, in z's shape."""

    def log_softmax(self, z: Array) -> Array:
        """zᵢ - log Σⱼ exp(zⱼ) along rows, in z's shape."""

    def softmax_product(self, z: Array, g: Array) -> Array:
        """sᵢ(gᵢ - Σⱼ gⱼsⱼ) along rows, s the softmax of z, in z's shape."""

    def log_softmax_product(self, z: Array, g: Array) -> Array:
        """gᵢ - sᵢ Σⱼ gⱼ along rows, s the softmax of z, in z's shape."""

    def loss(self, loss: BoundLoss, order: int, a: Array, t: Array) -> Array:
        """The unreduced loss (order 0) or its slope in `a` (order 1): (samples, n), or (samples,) by sample."""

    def number(self, value: Fraction) -> object:
        """One exact number in this kind of number."""


class Layer(Protocol):
    """A step of the forward pass that knows its backward pass."""

    def forward(self, v: Array) -> Array:
        """The output for rows `v`."""

    def backward(self, v: Array, delta: Array) -> Array:
        """∂L/∂v from `delta`, ∂L/∂(output)."""


class Linear(NamedTuple):
    """u = W v + b: `W` (m, n), `b` (m,) or None, on rows `v` (samples, n) -> (samples, m)."""

    W: Array
    b: Array | None

    def forward(self, v: Array) -> Array:
        """u = v Wᵀ + b, a row a sample."""
        u: Array = v @ self.W.T
        if self.b is not None:
            u += self.b  # in place: new memory costs more than the sum
        return u

    def backward(self, v: Array, delta: Array) -> Array:  # noqa: ARG002 - a linear map's slope is the same everywhere
        """∂L/∂v = Wᵀ δ, a row a sample."""
        dv: Array = delta @ self.W
        return dv

    def gradients(self, v: Array, delta: Array) -> Mapping[str, Array]:
        """∂L/∂W = δ vᵀ and ∂L/∂b = δ, summed over samples."""
        return {"W": delta.T @ v, "b": delta.sum(axis=0)}

    def sample_gradients(self, v: Array, delta: Array) -> Mapping[str, Array]:
        """∂L/∂W and ∂L/∂b of each sample by itself: (samples, m, n) and (samples, m)."""
        return {"W": delta[:, :, None] * v[:, None, :], "b": delta}


class Elementwise(NamedTuple):
    """a = φ(z), element by element."""

    activation: BoundActivation
    arithmetic: Arithmetic

    def forward(self, v: Array) -> Array:
        """φ(z)."""
        return self.arithmetic.activate(self.activation, 0, v)

    def slope(self, v: Array) -> Array:
        """φ'(z)."""
        return self.arithmetic.activate(self.activation, 1, v)

    def backward(self, v: Array, delta: Array) -> Array:
        """∂L/∂z = δ ∘ φ'(z)."""
        dz: Array = delta * self.slope(v)
        return dz


class Softmax(NamedTuple):
    """s = softmax(z) along rows; ∂sᵢ/∂zⱼ = sᵢ(δᵢⱼ - sⱼ)."""

    arithmetic: Arithmetic

    def forward(self, v: Array) -> Array:
        """softmax(z)."""
        return self.arithmetic.softmax(v)

    def backward(self, v: Array, delta: Array) -> Array:
        """s ∘ (δ - Σ δⱼsⱼ): the whole Jacobian, not its diagonal."""
        return self.arithmetic.softmax_product(v, delta)

    def jacobian(self, v: Array) -> Array:
        """∂sᵢ/∂zⱼ for each sample: (samples, n, n)."""
        return _jacobian(v, self.backward)


class LogSoftmax(NamedTuple):
    """log softmax(z) along rows; ∂/∂zⱼ of its i-th is δᵢⱼ - sⱼ."""

    arithmetic: Arithmetic

    def forward(self, v: Array) -> Array:
        """log softmax(z)."""
        return self.arithmetic.log_softmax(v)

    def backward(self, v: Array, delta: Array) -> Array:
        """δ - s Σ δⱼ."""
        return self.arithmetic.log_softmax_product(v, delta)

    def jacobian(self, v: Array) -> Array:
        """∂(log s)ᵢ/∂zⱼ for each sample: (samples, n, n)."""
        return _jacobian(v, self.backward)


def _jacobian(v: Array, backward: Callable[[Array, Array], Array]) -> Array:
    """Row i is what comes back where 1 comes from above at output i alone."""
    rows = []
    for output in range(v.shape[1]):
        unit = np.zeros(v.shape, dtype=v.dtype)
        unit[:, output] = 1
        rows.append(backward(v, unit))
    return np.stack(rows, axis=1)


class Criterion(NamedTuple):
    """L = factor · Σ loss(a, t), a number a sample."""

    loss: BoundLoss
    target: Array
    factor: Fraction
    arithmetic: Arithmetic

    def forward(self, v: Array) -> Array:
        """Each sample's part of L: (samples,)."""
        losses = self.arithmetic.loss(self.loss, 0, v, self.target)
        summed = losses if losses.ndim == 1 else losses.sum(axis=1)
        return np.asarray(summed * self.arithmetic.number(self.factor))

    def backward(self, v: Array) -> Array:
        """∂L/∂a, a row a sample."""
        slope: Array = self.arithmetic.loss(self.loss, 1, v, self.target) * self.arithmetic.number(self.factor)
        return slope


class SoftmaxCriterion(NamedTuple):
    """Cross-entropy of a softmax, taken together: nothing is lost where a probability is nearly 0 or 1."""

    target: Array
    factor: Fraction
    arithmetic: Arithmetic

    def forward(self, v: Array) -> Array:
        """-factor · Σ tᵢ log softmax(z)ᵢ, each sample's part: (samples,)."""
        return self._of_logits().forward(v)

    def backward(self, v: Array) -> Array:
        """factor · (softmax(z) Σ tᵢ - t), a row a sample: the Jacobian has gone into it."""
        return self._of_logits().backward(v)

    def _of_logits(self) -> Criterion:
        from netcalc.catalogue.losses import CROSS_ENTROPY  # most problems have no loss

        return Criterion(CROSS_ENTROPY, self.target, self.factor, self.arithmetic)
