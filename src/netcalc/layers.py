"""The layers, each with its forward and backward pass written once, on NumPy arrays of any kind of number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from netcalc.catalogue.activations import BoundActivation


class Arithmetic(Protocol):
    """A kind of number: how arrays of it are made, and how functions act on them."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor in this kind of number, in its shape."""

    def activate(self, activation: BoundActivation, order: int, q: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of `q`."""


@dataclass(frozen=True, slots=True)
class Linear:
    """u = W v + b: `W` (m, n), `b` (m,) or None, on rows `v` (samples, n) -> (samples, m)."""

    W: np.ndarray
    b: np.ndarray | None

    def forward(self, v: np.ndarray) -> np.ndarray:
        """u = v Wᵀ + b, a row a sample."""
        u: np.ndarray = v @ self.W.T
        return u if self.b is None else u + self.b

    def backward(self, delta: np.ndarray) -> np.ndarray:
        """∂L/∂v = Wᵀ δ, a row a sample."""
        v: np.ndarray = delta @ self.W
        return v

    def gradients(self, v: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(∂L/∂W, ∂L/∂b) = (δ vᵀ, δ), summed over samples."""
        return delta.T @ v, delta.sum(axis=0)

    def sample_gradients(self, v: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(∂L/∂W, ∂L/∂b) of each sample by itself: (samples, m, n) and (samples, m)."""
        return delta[:, :, None] * v[:, None, :], delta


@dataclass(frozen=True, slots=True)
class Elementwise:
    """a = φ(z), element by element."""

    activation: BoundActivation

    def forward(self, arithmetic: Arithmetic, z: np.ndarray) -> np.ndarray:
        """φ(z), in z's shape."""
        return arithmetic.activate(self.activation, 0, z)

    def slope(self, arithmetic: Arithmetic, z: np.ndarray) -> np.ndarray:
        """φ'(z), in z's shape; the backward pass is δ ∘ φ'(z)."""
        return arithmetic.activate(self.activation, 1, z)
