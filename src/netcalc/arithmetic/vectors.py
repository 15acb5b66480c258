"""What takes a whole sample at once, written once for numbers that are exact: softmax products, losses by sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from netcalc.arrays import each

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss


class Logarithms(Protocol):
    """What these losses take of an arithmetic."""

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """Along rows."""

    def log_softmax(self, z: np.ndarray) -> np.ndarray:
        """Along rows."""

    def log(self, a: np.ndarray) -> np.ndarray:
        """Element by element."""


class Exact:
    """What both exact arithmetics share: products with the Jacobians."""

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """Along rows."""
        raise NotImplementedError

    def softmax_product(self, z: np.ndarray, g: np.ndarray) -> np.ndarray:
        """s ∘ (g - Σ gⱼsⱼ), along rows; one entry alone is 1 whatever z is, and its slope exactly 0."""
        if z.shape[1] == 1:
            return np.asarray(g * self.softmax(z) * 0)
        s = self.softmax(z)
        return np.asarray(s * (g - (g * s).sum(axis=1, keepdims=True)))

    def log_softmax_product(self, z: np.ndarray, g: np.ndarray) -> np.ndarray:
        """g - s Σ gⱼ, along rows; exactly 0 for one entry alone."""
        if z.shape[1] == 1:
            return np.asarray(g * self.softmax(z) * 0)
        return np.asarray(g - self.softmax(z) * g.sum(axis=1, keepdims=True))


def by_sample(arithmetic: Logarithms, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Each sample's loss (order 0) or its slope in `a` (order 1): `a`, `t` (samples, n) -> (samples,) or (samples, n).

    What has no weight counts for nothing: 0·log(0) is 0.
    """
    if order:
        if loss.name == "nll":
            return -t
        if a.shape[1] == 1 and not loss.of_probabilities:
            return np.asarray(t * 0)  # the softmax of one entry is 1
        return each(_share, t, a) if loss.of_probabilities else arithmetic.softmax(a) * t.sum(axis=1, keepdims=True) - t
    logarithms = a if loss.name == "nll" else arithmetic.log(a) if loss.of_probabilities else arithmetic.log_softmax(a)
    return np.asarray(-each(_weighted, t, logarithms).sum(axis=1))


def _weighted(weight: Any, value: Any) -> Any:
    return weight if weight == 0 else weight * value


def _share(weight: Any, probability: Any) -> Any:
    return weight if weight == 0 else -weight / probability
