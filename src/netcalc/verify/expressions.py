"""Expressions, with some of their variables moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from netcalc.arithmetic.balls import Numeral, numeral
from netcalc.derivation.derive import expand
from netcalc.expression import Tree
from netcalc.expression.tree import share
from netcalc.graph.arithmetic.balls import Balls
from netcalc.models.grad import Gradient
from netcalc.result import Tensor
from netcalc.verify.forward import Index, Point


@dataclass(frozen=True)
class ExpressionsForward:
    """Each expression as its variables move; as it was typed, no derivative and no other form of it in sight."""

    problem: Gradient
    written_out: list[Tree] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.written_out.extend(map(expand, self.problem.expressions))

    @property
    def names(self) -> Sequence[str]:
        """The variables that were left open."""
        return self.problem.free

    @cached_property
    def work(self) -> int:
        """The nodes of the expressions."""
        return len(share(self.written_out).nodes)

    def order(self, tensor: Tensor) -> int:
        """How many variables the tensor is a derivative by."""
        return len(tensor.by)

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:
        """The expression that the entry is a derivative of; a variable moves by each step that is its own."""
        places = list(index)
        sample = places.pop(0) if self.problem.many else None
        at = dict(point)
        for name, column in self.problem.points.items():
            entry = column.item() if sample is None or not column.ndim else column[sample]
            at[name] = Balls().array(np.array([entry], dtype=column.dtype))[0]
        for name, step in zip(tensor.by, steps, strict=True):
            at[name] = at[name] + step
        return numeral(self.written_out[places[0] if places else 0], at)
