"""float64 arrays of any size, by the catalogue's stable kernels."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derive import derivation
from netcalc.values import to_float64

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss


class Fast:
    """float64."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as float64, in its shape."""
        return to_float64(tensor)

    def number(self, value: Fraction) -> float:
        """The float64 nearest to a rational."""
        return float(value)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of z."""
        if activation.has_kernels:
            return (activation.value, activation.slope, activation.curvature)[order](z)
        from netcalc.arithmetic.pointwise import pointwise

        return pointwise(derivation(activation).stable[order], z)

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along rows."""
        from netcalc.catalogue.kernels.softmax import softmax

        return softmax(z)

    def log_softmax(self, z: np.ndarray) -> np.ndarray:
        """zᵢ - log Σⱼ exp(zⱼ) along rows."""
        from netcalc.catalogue.kernels.softmax import log_softmax

        return log_softmax(z)

    def softmax_product(self, z: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The softmax's Jacobian times g, along rows."""
        from netcalc.catalogue.kernels.softmax import softmax_product

        return softmax_product(z, g)

    def log_softmax_product(self, z: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The log_softmax's Jacobian, transposed, times g, along rows."""
        from netcalc.catalogue.kernels.softmax import log_softmax_product

        return log_softmax_product(z, g)

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The unreduced loss, or its slope in a."""
        return (loss.value, loss.slope)[order](a, t)
