"""A problem stated as a graph, with one of its tensors moved: the forward pass alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from flint import ctx

from netcalc.arithmetic.balls import ZERO, Numeral
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.cost import cost
from netcalc.graph.node import Node
from netcalc.models.graphed import GraphProblem
from netcalc.result import Tensor
from netcalc.verify.forward import Index, Point
from netcalc.verify.moves import Moves


@dataclass(frozen=True)
class GraphForward:
    """The output as inputs and named nodes move."""

    problem: GraphProblem
    known: dict[int, Moves] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> Sequence[str]:
        """No symbols: what is verified has values."""
        return ()

    @cached_property
    def work(self) -> int:
        """Multiplications and operations of a forward pass."""
        needed = cost([self.problem.output], self._numbers)
        return needed.multiplications + needed.operations

    def order(self, tensor: Tensor) -> int:
        """How many things the tensor is a derivative by; a direction is one."""
        return 2 if tensor.role.startswith("hvp.") else max(1, len(tensor.by))

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:  # noqa: ARG002
        """The entry of the output that the entry of the tensor is a derivative of; what moves, moves by the steps."""
        problem = self.problem
        shifts: list[tuple[str, Index, Numeral]] = []
        output: Index = ()
        if tensor.role == "directional":
            output = index
            shifts = self._direction(steps[0])
        elif tensor.role:
            shifts = [(tensor.role.removeprefix("hvp."), index, steps[0]), *self._direction(steps[1])]
        elif len(tensor.by) == 2:
            first = problem.nodes[tensor.by[0]].rank
            shifts = [(tensor.by[0], index[:first], steps[0]), (tensor.by[1], index[first:], steps[1])]
        else:
            rank = 0 if problem.delta is not None else problem.output.rank
            output = index[:rank]
            shifts = [(tensor.key, index[rank:], steps[0])]
        moves, moved = self._moves(ctx.prec), dict[Node, np.ndarray]()
        for name, place, step in shifts:
            node = problem.nodes[name]
            moved[node] = np.array(moves.at(node, moved), dtype=object)
            moved[node][place] = moved[node][place] + step
        return self._output(moves, moved, output)

    def _moves(self, bits: int) -> Moves:
        """At that precision."""
        if bits not in self.known:
            problem, numbers = self.problem, self._numbers
            above = [] if problem.delta is None else [problem.delta]
            self.known[bits] = Moves(
                [problem.output, *above, *problem.nodes.values()], numbers, problem.given_in(numbers)
            )
        return self.known[bits]

    def _direction(self, step: Numeral) -> list[tuple[str, Index, Numeral]]:
        return [
            (name, index, step * self._numbers.array(values)[index])
            for name, values in self.problem.along.items()
            for index in np.ndindex(values.shape)
        ]

    def _output(self, moves: Moves, moved: dict[Node, np.ndarray], index: Index) -> Numeral:
        value, delta = moves.at(self.problem.output, moved), self.problem.delta
        if delta is None:
            return value[index]
        total: Numeral = ZERO
        for one, weight in zip(value.reshape(-1), moves.at(delta, moved).reshape(-1), strict=True):
            total = total + one * weight
        return total

    @cached_property
    def _numbers(self) -> Balls:
        return Balls(self.problem.sizes)
