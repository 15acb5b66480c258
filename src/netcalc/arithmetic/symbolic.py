"""SymPy expressions, for formulas and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from netcalc.algebra import symbol, to_sympy
from netcalc.catalogue.activations import BoundActivation
from netcalc.derive import applied, derivation, expand


class Symbolic:
    """SymPy expressions; activations stay named unless `closed`, which writes their formulas out."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as SymPy expressions, in its shape."""
        return _each(to_sympy, tensor)

    def activate(self, activation: BoundActivation, order: int, q: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of q."""
        known = derivation(activation)
        tree = (known.value, known.shown, known.curvature)[order]
        if self.closed:
            tree = expand((known.value, known.slope, known.curvature)[order])
        elif order == 0 and activation.has_kernels:
            tree = applied(activation)
        formula = to_sympy(tree)
        return _each(lambda value: formula.subs(symbol("q"), value), q)


def _each(function: Any, array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        out[index] = function(array[index])
    return out
