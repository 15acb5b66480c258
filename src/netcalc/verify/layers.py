"""The forward pass through layers, with one number moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from flint import ctx

from netcalc.arithmetic.balls import Numeral, ball, precision
from netcalc.arrays import each
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.layers import Forward as Graph
from netcalc.layers import forward, values
from netcalc.passes import run
from netcalc.problem import Problem, by_element, free_names
from netcalc.result import Tensor
from netcalc.verify.forward import Index, Point
from netcalc.verify.moves import Moves

ACTIVATION_WORK = 40
NAMED_BITS = 512  # of the numbers that formulas name


class _Floating(Balls):
    """Balls from the start: passes with rationals would take longer the more numbers they add up."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as balls."""
        return each(ball, super().array(tensor))


@dataclass(frozen=True)
class LayersForward:
    """L, or each sample's own, as x, W1, b1, z1, a1, … move."""

    problem: Problem
    arithmetics: dict[tuple[int, int], _Floating] = field(default_factory=dict, repr=False)
    moves: dict[Arithmetic, Moves] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> Sequence[str]:
        """The symbols that were left out."""
        return free_names(self.problem.tensors)

    @property
    def work(self) -> int:
        """Multiplications of one pass, and what activations take, in multiplications."""
        outputs = sum(len(layer.W) for layer in self.problem.layers)
        return self.problem.work + ACTIVATION_WORK * outputs * len(self.problem.x)

    def named(self, point: Point) -> Point:
        """The point, with the number there of everything that a formula may name: z1[0], da1[0], …"""
        if self.problem.command != "net" or not self.names:
            return point
        with precision(NAMED_BITS):
            found = run(self.problem, Balls(names=point))
        names = self.problem.names.items()
        shown = {called.name: self.problem.shaped(found[name], called.shape) for name, called in names}
        return {**point, **by_element(shown, self.problem.index_from)}

    def order(self, tensor: Tensor) -> int:  # noqa: ARG002 - a backward pass finds first derivatives alone
        """1."""
        return 1

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:
        """In balls, by entries of any tensor of partials."""
        (step,) = steps
        key = (ctx.prec, id(point))
        arithmetic = self.arithmetics.setdefault(key, _Floating(names=point))
        return self.parts(tensor, index, lambda number: number + step, arithmetic).sum()

    @cached_property
    def ahead(self) -> Graph:
        """The forward pass as a graph."""
        return forward(self.problem)

    def parts(self, tensor: Tensor, index: Index, move: Callable[[Any], Any], arithmetic: Arithmetic) -> np.ndarray:
        """The samples' parts of L, or the one that the entry belongs to, `move` applied to what it is a partial by."""
        inner = next(name for name, called in self.problem.names.items() if called.name == tensor.name)
        node = (self.ahead.given | self.ahead.found)[inner.removeprefix("d")]
        flat = int(np.ravel_multi_index(index, tensor.entries.shape)) if index else 0
        if arithmetic not in self.moves:
            self.moves[arithmetic] = Moves([self.ahead.parts], arithmetic, self.given(arithmetic))
        moves = self.moves[arithmetic]
        moved = moves.here[node].copy()
        place = flat % moved.size  # a sample's own gradient of W or b is by the W or b of them all
        moved.reshape(-1)[place] = move(moved.reshape(-1)[place])
        return self.own(tensor, index, moves.at(self.ahead.parts, {node: moved}))

    def given(self, arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        """What was given, in this arithmetic."""
        tensors = values(self.problem, self.ahead.given)
        return {node: arithmetic.array(tensor) for node, tensor in tensors.items()}

    def all_parts(self, move: Callable[[np.ndarray], np.ndarray], arithmetic: Arithmetic) -> np.ndarray:
        """The samples' parts of L, (samples,), `move` applied to all that is given and to every z and a."""
        moved = {*self.ahead.given.values(), *self.ahead.found.values()}
        (parts,) = evaluate(
            [self.ahead.parts],
            arithmetic,
            self.given(arithmetic),
            after=lambda node, array: move(array) if node in moved else array,
        )
        return parts

    def own(self, tensor: Tensor, index: Index, parts: np.ndarray) -> np.ndarray:
        """Of the samples' `parts` those that the entry is a partial of: the one of its sample where it has one."""
        if not self.problem.per_sample:
            return parts
        flat = int(np.ravel_multi_index(index, tensor.entries.shape)) if index else 0
        sample = flat // (tensor.entries.size // len(self.problem.x))
        return parts[sample : sample + 1]
