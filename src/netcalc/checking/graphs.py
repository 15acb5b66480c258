"""A problem stated as a graph made ready for checking: what is right, in balls; formulas of whole tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.bench import BITS, Array, Bench, number_at, settled
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number, Tree
from netcalc.expression.tensor_parser import parse_tensors
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.evaluate import evaluate
from netcalc.graph.from_tree import Reader
from netcalc.graph.node import Node
from netcalc.graph.sizes import described
from netcalc.graph.sizes import settled as settled_size
from netcalc.graph.tensor_operations import OPERATIONS
from netcalc.models.graphed import GraphProblem
from netcalc.problem import by_element
from netcalc.records import dataclass
from netcalc.result import Result, Tensor
from netcalc.solving.graph_values import is_small, nodes_in
from netcalc.solving.graphed import quantities_of

SAME_BITS = 200  # to which formulas agree that are equal
LARGE = 30
POINTS_ELSEWHERE = 3  # at which a formula is compared that is right for the numbers given


@dataclass(frozen=True)
class Graphs(Bench):
    """A graph whose inputs all have numbers."""

    problem: GraphProblem

    @cached_property
    def truth(self) -> dict[str, Array]:
        with precision(BITS):
            return settled(self._answers(Balls(self.problem.sizes)))

    def _answers(self, arithmetic: Arithmetic) -> dict[str, Array]:
        quantities = list(quantities_of(self.problem))
        found = nodes_in(arithmetic, self.problem, [one.node for one in quantities])
        return {one.name: array for one, array in zip(quantities, found, strict=True)}

    @cached_property
    def names(self) -> dict[str, Any]:
        with precision(BITS):
            given = {name: Balls().array(array) for name, array in self.problem.values.items()}
        return by_element(given, self.problem.index_from) | by_element(self.truth, self.problem.index_from)

    @property
    def given(self) -> Mapping[str, Array]:
        return self.problem.values


@dataclass(frozen=True)
class LargeGraphs(Graphs):
    """One so large that its answers are float64."""

    @cached_property
    def truth(self) -> dict[str, Array]:
        from netcalc.graph.arithmetic.float64 import Float64

        with np.errstate(all="ignore"):
            return self._answers(Float64(self.problem.sizes))

    def take(self, result: Result) -> None:
        """Take the answers that were computed already, which are float64 too."""
        self.__dict__["truth"] = {tensor.name: tensor.numbers() for tensor in result.tensors}

    @cached_property
    def largest(self) -> dict[str, Any]:
        return {name: arb(float(np.abs(array).max())) for name, array in self.truth.items()}


def is_formula(problem: object, tensor: Tensor, content: object) -> bool:
    """Whether an answer to a whole tensor is a formula in the problem's names."""
    if not isinstance(problem, GraphProblem) or not isinstance(content, str) or not tensor.entries.ndim:
        return False
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", content) for name in problem.inputs)


def verdict(problem: GraphProblem, tensor: Tensor, text: str) -> tuple[Tree, str]:
    """A formula of a whole tensor as a tree, and whether it is `right`, `here` (for these numbers alone) or `wrong`.

    Raises ExpressionError, and ShapeError where it is of another shape.
    """
    reading = parse_tensors(text, problem.inputs)
    shapes = {name: node.shape for name, node in problem.inputs.items()}
    node = Reader(reading, shapes, problem.values, {}, lambda _: None, OPERATIONS).node(reading.tree)
    right = next(one.node for one in quantities_of(problem) if one.name == tensor.name)
    if tuple(map(settled_size, node.shape)) != tuple(map(settled_size, right.shape)):
        message = f"{tensor.name} is {described(right.shape)}, and what is given for it is {described(node.shape)}"
        raise ShapeError(message, source=text, position=0)
    if not _agree(problem, node, right, problem.values):
        return reading.tree, "wrong"
    elsewhere = [_agree(problem, node, right, point) for point in _points(problem)]
    return reading.tree, "here" if False in elsewhere else "right"


def _agree(problem: GraphProblem, node: Node, right: Node, values: Mapping[str, Array]) -> bool | None:
    """Whether two nodes are equal there; None where one has no value."""
    with precision(BITS):
        numbers = Balls(problem.sizes)
        given = {problem.inputs[name]: numbers.array(array) for name, array in values.items()}
        try:
            claimed, true = evaluate([node, right], numbers, given)
        except (NetcalcError, ZeroDivisionError):
            return None
        pairs = list(zip(claimed.reshape(-1), true.reshape(-1), strict=True))
        if not all(_is_finite(one) for pair in pairs for one in pair):
            return None
        tolerance = ball(2) ** -SAME_BITS * max([ball(1), *(abs(ball(one)) for one in true.reshape(-1))], key=_middle)
        return all(bool(abs(ball(one) - ball(other)) < tolerance) for one, other in pairs)


def _middle(value: Any) -> float:
    return float(value.mid())


def _is_finite(value: Any) -> bool:
    return not hasattr(value, "is_finite") or bool(value.is_finite())


def _points(problem: GraphProblem) -> Iterator[dict[str, Array]]:
    """Other numbers for all that is given: positive ones, those of both signs, small and large ones."""
    for attempt in range(POINTS_ELSEWHERE):
        for is_signed, scale in ((False, 1), (True, 1), (True, LARGE), (True, Fraction(1, LARGE))):
            point: dict[str, Array] = {}
            for place, (name, array) in enumerate(problem.values.items()):
                numbers = (number_at(place * 7 + n, attempt) for n in range(array.size))
                moved = [one if is_signed else abs(one) + Fraction(1, 7) for one in numbers]
                out = np.empty(array.size, dtype=object)
                out[:] = [Number(scale * one) for one in moved]
                point[name] = out.reshape(array.shape)
            yield point


def here(problem: GraphProblem) -> Sequence[Bench]:
    """The graph at the numbers that are given. Raises NetcalcError where some are not."""
    if problem.free:
        raise NetcalcError(f"answers are checked where all names have values; {problem.free[0]} has none")
    roots = [one.node for one in quantities_of(problem)]
    return [Graphs(problem) if is_small(problem, roots) else LargeGraphs(problem)]
