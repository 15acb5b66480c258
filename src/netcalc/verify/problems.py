"""Each kind of problem as a forward pass to be moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import Evaluation, work
from netcalc.arrays import each, from_list
from netcalc.derivation.derive import expand
from netcalc.expression import Symbol, Tree
from netcalc.graph import build
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.evaluate import cost
from netcalc.graph.node import Node, in_order
from netcalc.layers import forward, run, values
from netcalc.models.expressions import as_graph
from netcalc.models.grad import Gradient, point_at
from netcalc.models.graphed import GraphProblem
from netcalc.problem import Problem, by_element, free_names
from netcalc.result import Tensor
from netcalc.verify.forward import Derivative, Forward, Index, Point, Shift

ACTIVATION_WORK = 40
NAMED_BITS = 512  # of the numbers that formulas name


class _Floating(Balls):
    """Balls from the start: passes with rationals would take longer the more numbers they add up."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        return each(ball, super().array(tensor))


class _AsTyped(Balls):
    """Balls that evaluate formulas as they were typed, no other form of them in sight."""

    def evaluation(self, tree: Tree) -> Evaluation:
        return Evaluation((expand(tree),))


class LayersForward(Forward):
    """L, or each sample's own, as x, W1, b1, z1, a1, … move."""

    problem: Problem
    arithmetic = _Floating

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.ahead = forward(problem)
        self.samples = self.ahead.parts
        self.names = free_names(problem.tensors)

    @property
    def work(self) -> int:
        outputs = sum(len(layer.W) for layer in self.problem.layers)
        return self.problem.work + ACTIVATION_WORK * outputs * len(self.problem.x)

    def named(self, point: Point) -> Point:
        """With z1[0], da1[0], …"""
        if self.problem.command != "net" or not self.names:
            return point
        with precision(NAMED_BITS):
            found = run(self.problem, Balls(names=point))
        names = self.problem.names.items()
        shown = {called.name: self.problem.shaped(found[name], called.shape) for name, called in names}
        return {**point, **by_element(shown, self.problem.index_from)}

    def roots(self, run: int) -> Sequence[Node]:  # noqa: ARG002 - there is one
        return [self.ahead.parts]

    def given(self, run: int) -> Mapping[Node, np.ndarray]:  # noqa: ARG002
        return values(self.problem, self.ahead.given)

    def derivative(self, tensor: Tensor, index: Index) -> Derivative:
        """Of L, or of the sample's part of it, by an entry of any tensor of partials."""
        inner = next(name for name, called in self.problem.names.items() if called.name == tensor.name)
        node = (self.ahead.given | self.ahead.found)[inner.removeprefix("d")]
        flat = int(np.ravel_multi_index(index, tensor.entries.shape)) if index else 0
        shape: Any = node.shape  # in numbers
        place = np.unravel_index(flat % prod(shape), shape)  # a sample's own gradient of W is by the W of them all
        sample = flat // (tensor.entries.size // len(self.problem.x)) if self.problem.per_sample else None
        parts = ... if sample is None else slice(sample, sample + 1)
        return Derivative(self.ahead.parts, ([Shift(node, tuple(map(int, place)))],), parts)


class ExpressionsForward(Forward):
    """Each expression as its variables move, at a point at a time."""

    problem: Gradient
    arithmetic = _AsTyped

    def __init__(self, problem: Gradient) -> None:
        super().__init__(problem)
        self.inputs, self.outputs = as_graph(problem)
        self.names = problem.free

    @cached_property
    def work(self) -> int:
        return work(list(map(expand, self.problem.expressions)))

    def roots(self, run: int) -> Sequence[Node]:  # noqa: ARG002 - each point has the same
        return [*self.inputs.values(), *self.outputs.values()]

    def given(self, run: int) -> Mapping[Node, np.ndarray]:
        point = point_at(self.problem, run if self.problem.many else None)
        return {node: from_list([point.get(name, Symbol(name))], ()) for name, node in self.inputs.items()}

    def derivative(self, tensor: Tensor, index: Index) -> Derivative:
        places = list(index)
        run = places.pop(0) if self.problem.many else 0
        output = list(self.outputs.values())[places[0] if places else 0]
        return Derivative(output, tuple([Shift(self.inputs[name], ())] for name in tensor.by), run=run)


class GraphForward(Forward):
    """The output as inputs and named nodes move; by sample, each sample's own."""

    problem: GraphProblem

    def __init__(self, problem: GraphProblem) -> None:
        super().__init__(problem)
        self.sizes = problem.sizes
        self.outputs: dict[int, Node] = {}

    @cached_property
    def work(self) -> int:
        output, sizes = self._of(0).output, Balls(self.sizes)
        needed = cost([output], sizes)
        formulas = [node for node in in_order([output]) if node.operation is ELEMENTWISE]
        slow = sum(prod(sizes.shape(node.shape)) * work((node.params.tree,)) for node in formulas)
        return needed.multiplications + needed.operations + slow

    def _of(self, run: int) -> GraphProblem:
        return self.problem.samples[run] if self.problem.samples else self.problem

    def _parts(self, run: int) -> Node:
        """The output, entry by entry times what comes from above."""
        if run not in self.outputs:
            problem = self._of(run)
            delta = problem.delta
            self.outputs[run] = problem.output if delta is None else build.multiply(problem.output, delta)
        return self.outputs[run]

    def roots(self, run: int) -> Sequence[Node]:
        return [self._parts(run), *self._of(run).nodes.values()]

    def given(self, run: int) -> Mapping[Node, np.ndarray]:
        problem = self._of(run)
        return {problem.inputs[name]: array for name, array in problem.values.items()}

    def derivative(self, tensor: Tensor, index: Index) -> Derivative:
        run, problem = 0, self.problem
        if problem.samples:
            run, *own = index
            problem = self._of(run)
            has_rows = problem.nodes[tensor.key].rank == len(index)  # what has a row a sample is a row there
            index = (0, *own) if has_rows else tuple(own)
        rank = 0 if problem.delta is not None else problem.output.rank
        if tensor.role == "directional":
            return Derivative(self._parts(run), (self._direction(),), index)
        if tensor.role:
            by = problem.nodes[tensor.role.removeprefix("hvp.")]
            return Derivative(self._parts(run), ([Shift(by, index)], self._direction()))
        nodes = [problem.nodes[name] for name in tensor.by or (tensor.key,)]
        if len(nodes) == 2:
            first = nodes[0].rank
            return Derivative(self._parts(run), ([Shift(nodes[0], index[:first])], [Shift(nodes[1], index[first:])]))
        return Derivative(self._parts(run), ([Shift(nodes[0], index[rank:])],), index[:rank] if rank else ..., run)

    def _direction(self) -> list[Shift]:
        numbers = Balls(self.sizes)
        return [
            Shift(self.problem.nodes[name], index, numbers.array(direction)[index])
            for name, direction in self.problem.along.items()
            for index in np.ndindex(direction.shape)
        ]


FORWARDS: dict[type, Callable[[Any], Forward]] = {
    Problem: LayersForward,
    Gradient: ExpressionsForward,
    GraphProblem: GraphForward,
}
