"""SymPy expressions, for formulas and closed forms."""

# SymPy costs more to import than the rest of a run, so only the functions that use it pay for it.
from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arithmetic.vectors import Exact, by_sample
from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.algebra import symbol, to_sympy
from netcalc.derivation.derive import applied, derivation, expand, loss_derivation
from netcalc.expression import parse

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss
    from netcalc.derivation.closed import ClosedForms


class Symbolic(Exact):
    """SymPy expressions; activations stay named unless `closed`, which writes their formulas out.

    Closed, what each function comes to is made short, if `forms` are there to do it, before anything is made of it.
    """

    def __init__(self, *, closed: bool = False, forms: ClosedForms | None = None) -> None:
        self.closed = closed
        self.forms = forms

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as SymPy expressions, in its shape."""
        if tensor.dtype != object:
            return each(lambda number: self.number(Fraction(float(number))), tensor)
        return each(lambda tree: to_sympy(expand(tree)) if self.closed else to_sympy(tree), tensor)

    def number(self, value: Fraction) -> Any:
        """A rational."""
        import sympy as sp

        return sp.Rational(value.numerator, value.denominator)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of z."""
        known = derivation(activation)
        if self.closed:
            tree = expand((known.value, known.slope, known.curvature)[order])
        else:
            named = applied(activation) if activation.has_kernels else known.value
            tree = (named, known.shown, known.curvature)[order]
        formula = to_sympy(tree)
        return each(lambda value: self._short(formula.subs(symbol("q"), value)), z)

    def _short(self, expression: Any) -> Any:
        return self.forms.shortest(expression) if self.forms else expression

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along rows."""
        import sympy as sp

        powers = each(sp.exp, z)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def log_softmax(self, z: np.ndarray) -> np.ndarray:
        """zᵢ - log Σⱼ exp(zⱼ) along rows."""
        import sympy as sp

        return np.asarray(z - each(sp.log, each(sp.exp, z).sum(axis=1, keepdims=True)))

    def log(self, a: np.ndarray) -> np.ndarray:
        """log(a), element by element."""
        import sympy as sp

        return each(sp.log, a)

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The unreduced loss, or its slope in a."""
        if loss.by_sample:
            return by_sample(self, loss, order, a, t)
        formula = to_sympy(expand(loss_derivation(loss)[order]))

        def at(output: Any, aim: Any) -> Any:
            corner = loss.at_corner(order, output, aim)
            known = to_sympy(parse(corner)) if corner else formula
            return self._short(known.subs({symbol("a"): output, symbol("t"): aim}, simultaneous=True))

        return each(at, a, t)
