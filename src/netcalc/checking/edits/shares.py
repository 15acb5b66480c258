"""What comes back to a factor of a product or to a term of a sum, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from netcalc.checking.edits.edit import (
    Context,
    whole,
)
from netcalc.graph.backward import Use
from netcalc.graph.leaves import array
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM, Factor, product
from netcalc.graph.sizes import Shape
from netcalc.records import NamedTuple


class Share(NamedTuple):
    """What comes back from a product or a sum, rightly: `number` · the factors, the first of which is the gradient."""

    factors: list[Factor]
    own: str
    shape: Shape
    number: Fraction
    out: str

    def built(
        self, factors: Sequence[Factor] | None = None, number: Fraction | None = None, own: str | None = None
    ) -> Node:
        """The share, with other factors or another number."""
        return product(
            self.factors if factors is None else factors,
            self.own if own is None else own,
            self.shape,
            self.number if number is None else number,
        )

    @property
    def summed(self) -> list[str]:
        """The letters that are summed over."""
        letters = dict.fromkeys("".join(own for _, own in self.factors))
        return [one for one in letters if one not in self.own]

    def size(self, letter: str) -> int:
        """How many entries a letter has; 0 where that is not known."""
        for node, own in self.factors:
            if letter in own:
                return whole(node.shape[own.index(letter)])
        return 0

    def restricted(self, letter: str, weights: np.ndarray) -> Node:
        """The sum over a letter with weights."""
        return self.built([*self.factors, (array(weights), letter)])


def share_of(context: Context, use: Use) -> Share | None:
    """The share of a use in a product or sum; None of another operation."""
    node, delta = use.node, context.delta(use)
    if node.operation is PRODUCT:
        params = node.params
        others = [pair for n, pair in enumerate(zip(node.args, params.letters, strict=True)) if n != use.place]
        by = params.number
    elif node.operation is SUM:
        params, others = node.params, []
        by = params.numbers[use.place]
    else:
        return None
    own = params.letters[use.place]
    if len(set(own)) < len(own):
        return None
    return Share([(delta, params.out), *others], own, node.args[use.place].shape, by, params.out)
