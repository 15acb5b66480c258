"""Forward passes run again as graphs, with what an entry of an answer is a derivative by moved: no derivative in them.

Each kind of problem says which entries of which node that is, and what moves.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import EllipsisType, MappingProxyType
from typing import Any

import numpy as np
from flint import ctx

from netcalc.arithmetic.balls import Numeral
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.evaluate import Plan, evaluate
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.records import NamedTuple
from netcalc.result import Tensor

Index = tuple[int, ...]
Point = Mapping[str, Numeral]
Move = Callable[[Any], Any]


class Shift(NamedTuple):
    """An entry of a node that moves by a step, or so many times it."""

    node: Node
    place: Index
    times: Any = None


class Derivative(NamedTuple):
    """What an entry of an answer is: the derivative of the sum of `parts[at]` by what each step shifts.

    `run` tells forward passes with other inputs apart: those of samples, or of points.
    """

    parts: Node
    shifts: tuple[Sequence[Shift], ...]
    at: Index | slice | EllipsisType = ...
    run: int = 0


class Forward:
    """A forward pass in which nodes move: only what follows from those is computed again, and they are cut off.

    `names` are the symbols that were left out, `sizes` what letters in shapes stand for. `samples` are the
    parts that it is taken apart into in float64, where that is done.
    """

    arithmetic: type[Balls] = Balls
    names: Sequence[str] = ()
    sizes: Mapping[str, int] = MappingProxyType({})
    samples: Node | None = None

    def __init__(self, problem: Any) -> None:
        self.problem = problem
        self.arithmetics: dict[tuple[int, int], Balls] = {}
        self.values: dict[Any, dict[Node, np.ndarray]] = {}
        self.around: dict[tuple[Node, frozenset[Node]], tuple[list[Node], Plan] | None] = {}

    @property
    def work(self) -> int:
        """Multiplications of one pass, and what else it takes, in multiplications."""
        raise NotImplementedError

    def roots(self, run: int) -> Sequence[Node]:
        """All that moves, or is a derivative's parts."""
        raise NotImplementedError

    def given(self, run: int) -> Mapping[Node, np.ndarray]:
        """The inputs' tensors."""
        raise NotImplementedError

    def derivative(self, tensor: Tensor, index: Index) -> Derivative:
        """What the entry of one of the result's tensors is a derivative of, and by."""
        raise NotImplementedError

    def named(self, point: Point) -> Point:
        """The symbols' numbers, with those there of everything that a formula may name."""
        return point

    def order(self, tensor: Tensor) -> int:
        """How many steps an entry of the tensor is a derivative by."""
        return len(self.derivative(tensor, (0,) * tensor.entries.ndim).shifts)

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:
        """In balls of the current precision, what the entry is a derivative of, moved by as many steps as its order."""
        key = ctx.prec, id(point)
        if key not in self.arithmetics:
            self.arithmetics[key] = self.arithmetic(self.sizes, point)
        found = self.derivative(tensor, index)
        there = [
            (shifts, partial(operator.add, step)) for shifts, step in zip(found.shifts, steps, strict=True) if step
        ]
        found = found._replace(shifts=tuple(shifts for shifts, _ in there))  # a step of 0 moves nothing
        return self.parts(found, [move for _, move in there], self.arithmetics[key]).sum()

    def parts(self, found: Derivative, moves: Sequence[Move], arithmetic: Arithmetic) -> np.ndarray:
        """What adds up to what is differentiated, each step's entries moved."""
        here = self._here(found.run, arithmetic)
        moved: dict[Node, np.ndarray] = {}
        for shifts, move in zip(found.shifts, moves, strict=True):
            for node, place, times in shifts:
                array = np.array(self._at(node, moved, here, arithmetic))
                array[place] = move(array[place]) if times is None else array[place] + times * move(0)
                moved[node] = array
        return np.asarray(self._at(found.parts, moved, here, arithmetic)[found.at])

    def perturbed(self, parts: Node, move: Callable[[np.ndarray], np.ndarray], arithmetic: Arithmetic) -> np.ndarray:
        """The parts, `move` applied to all that is given or has a name."""
        return evaluate(
            [parts],
            arithmetic,
            {node: arithmetic.array(tensor) for node, tensor in self.given(0).items()},
            after=lambda node, array: move(array) if node.operation in (INPUT, NAMED) else array,
        )[0]

    def _here(self, run: int, arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        """Every node's value at the point."""
        if (run, arithmetic) not in self.values:
            order = in_order(self.roots(run))
            inputs = {node: arithmetic.array(tensor) for node, tensor in self.given(run).items()}
            self.values[run, arithmetic] = dict(zip(order, evaluate(order, arithmetic, inputs), strict=True))
        return self.values[run, arithmetic]

    def _at(
        self, node: Node, moved: Mapping[Node, np.ndarray], here: Mapping[Node, np.ndarray], arithmetic: Arithmetic
    ) -> np.ndarray:
        """The value of a node where others have these values."""
        if node in moved:
            return moved[node]
        key = node, frozenset(moved)
        if key not in self.around:
            beside = _around(node, moved)
            self.around[key] = None if beside is None else (beside, Plan.of([node], {*beside, *moved}))
        around = self.around[key]
        if around is None:
            return here[node]
        beside, plan = around
        return plan.run(arithmetic, {**{one: here[one] for one in beside}, **moved})[0]


def _around(root: Node, moved: Collection[Node]) -> list[Node] | None:
    """What comes together with what follows from these on the way to a node; None where that doesn't follow."""
    follows, beside = set(moved), dict[Node, None]()
    for node in in_order([root]):
        if node not in follows and not follows.isdisjoint(node.args):
            follows.add(node)
            beside |= dict.fromkeys(node.args)
    return [node for node in beside if node not in follows] if root in follows else None
