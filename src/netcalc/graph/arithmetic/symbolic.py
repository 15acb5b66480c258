"""SymPy expressions, for formulas and closed forms."""

# SymPy costs more to import than the rest of a run, so only the functions that use it pay for it.
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import each
from netcalc.derivation.algebra import symbol, to_sympy
from netcalc.derivation.derive import applied, derivation, expand, loss_derivation
from netcalc.expression import parse
from netcalc.graph.arithmetic.objects import Objects

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss
    from netcalc.derivation.closed import ClosedForms


class Symbolic(Objects):
    """SymPy expressions; activations stay named unless `closed`, which writes their formulas out.

    Closed, what each function comes to is made short, if `forms` are there to do it, before anything is made of it.
    """

    def __init__(self, *, closed: bool = False, forms: ClosedForms | None = None) -> None:
        super().__init__()
        self.closed = closed
        self.forms = forms

    def array(self, tensor: np.ndarray) -> np.ndarray:
        if tensor.dtype != object:
            return each(lambda number: self.number(Fraction(float(number))), tensor)
        return each(lambda tree: to_sympy(expand(tree)) if self.closed else to_sympy(tree), tensor)

    def number(self, value: Fraction) -> Any:
        import sympy as sp

        return sp.Rational(value.numerator, value.denominator)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
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

    def exponentials(self, array: np.ndarray) -> np.ndarray:
        import sympy as sp

        return each(sp.exp, array)

    def logarithms(self, array: np.ndarray) -> np.ndarray:
        import sympy as sp

        return each(sp.log, array)

    def elementwise_loss(self, loss: BoundLoss, order: int) -> Callable[[Any, Any], Any]:
        formula = to_sympy(expand(loss_derivation(loss)[order]))

        def at(a: Any, t: Any) -> Any:
            corner = loss.at_corner(order, a, t)
            known = to_sympy(parse(corner)) if corner else formula
            return self._short(known.subs({symbol("a"): a, symbol("t"): t}, simultaneous=True))

        return at
