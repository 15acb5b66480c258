"""Printed text with how tightly it holds together, as the printers pass it on."""

from __future__ import annotations

from netcalc.expression.tree import Leaf, Level, Number
from netcalc.records import NamedTuple


class Piece(NamedTuple):
    """Printed text, how tightly it holds together, and what it was printed from.

    `positive` is the piece without its leading minus, if it has one; `literal` tells that this minus belongs to a
    number, so that a product may go on from it.
    """

    text: str
    level: Level
    positive: Piece | None = None
    literal: bool = False
    leaf: Leaf | None = None
    operator: str = ""
    arguments: tuple[Piece, ...] = ()

    @property
    def integer(self) -> int | None:
        """The value, if it is a whole number."""
        if isinstance(self.leaf, Number) and self.leaf.value.denominator == 1:
            return self.leaf.value.numerator
        return None
