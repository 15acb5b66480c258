"""Exact rationals and balls as an arithmetic for both passes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import OPERATIONS, Numeral, ball, exactly, numeral
from netcalc.arithmetic.vectors import Exact, by_sample
from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import derivation, loss_derivation
from netcalc.expression import parse

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss


class Certain(Exact):
    """Balls of `bits` bits, exact rationals where the numbers allow it; symbols are what `names` says."""

    def __init__(self, bits: int, names: Mapping[str, Numeral] = MappingProxyType({})) -> None:
        self.bits = bits
        self.names = names

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as numerals, in its shape; float64 as the exact numbers they are."""
        if tensor.dtype != object:
            return each(lambda number: fmpq(*float(number).as_integer_ratio()), tensor)
        return each(lambda tree: numeral(tree, self.names), tensor)

    def number(self, value: Fraction) -> Numeral:
        """An exact rational."""
        return fmpq(value.numerator, value.denominator)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of z."""
        trees = derivation(activation).stable
        if order and not activation.has_kernels:  # what is typed may single out a point
            from netcalc.arithmetic.sides import slope_at

            return each(lambda value: slope_at(trees, order, value), z)
        tree = trees[order]
        return each(lambda value: numeral(tree, {"q": value}), z)

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along rows."""
        if z.shape[1] == 1:
            return each(lambda one: OPERATIONS["exp"](one * 0), z)  # 1, where there is a number at all
        powers = each(OPERATIONS["exp"], z)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def log_softmax(self, z: np.ndarray) -> np.ndarray:
        """-log(1 + Σⱼ exp(zⱼ - zᵢ)) over j ≠ i, along rows, which cancels nothing."""
        out = np.empty(z.shape, dtype=object)
        for sample, i in np.ndindex(z.shape):
            others = [OPERATIONS["exp"](z[sample, j] - z[sample, i]) for j in range(z.shape[1]) if j != i]
            out[sample, i] = -OPERATIONS["log1p"](OPERATIONS["add"](*others))
        return out

    def log(self, a: np.ndarray) -> np.ndarray:
        """log(a), element by element."""
        return each(OPERATIONS["log"], a)

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The unreduced loss, or its slope in a."""
        if loss.by_sample:
            return by_sample(self, loss, order, a, t)
        tree = loss_derivation(loss)[order]

        def at(output: Numeral, aim: Numeral) -> Numeral:
            known = exactly(ball(output)), exactly(ball(aim))
            corner = loss.at_corner(order, *known) if all(isinstance(one, fmpq) for one in known) else None
            return numeral(parse(corner) if corner else tree, {"a": output, "t": aim})

        return each(at, a, t)
