"""What differences need of a kind of problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from netcalc.arithmetic.balls import Numeral
from netcalc.result import Tensor

Index = tuple[int, ...]
Point = Mapping[str, Numeral]


class Forward(Protocol):
    """A forward pass in balls of the current precision; no derivative is taken in it."""

    @property
    def names(self) -> Sequence[str]:
        """The symbols that were left out."""

    @property
    def work(self) -> int:
        """Multiplications of one pass, more or less."""

    def order(self, tensor: Tensor) -> int:
        """How many things an entry of this tensor is a derivative by: 1, or 2 in a Hessian."""

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:
        """The output that the entry is a derivative of, each thing that it is a derivative by moved by its step.

        `tensor` is one of the result's, `steps` are as many as its order, and `point` are the symbols' numbers.
        """
