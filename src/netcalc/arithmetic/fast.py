"""float64 arrays of any size, by the catalogue's stable kernels."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.values import to_float64


class Fast:
    """float64."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as float64, in its shape."""
        return to_float64(tensor)

    def activate(self, activation: BoundActivation, order: int, q: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of q."""
        kernel = (activation.value, activation.slope, activation.curvature)[order]
        return kernel(q)
