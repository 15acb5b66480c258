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
from netcalc.graph.node import Node, in_order
from netcalc.layers import Forward as Graph
from netcalc.layers import forward, values
from netcalc.passes import run
from netcalc.problem import Problem, by_element, free_names
from netcalc.result import Tensor
from netcalc.verify.forward import Index, Point

ACTIVATION_WORK = 40
NAMED_BITS = 512  # of the numbers that formulas name


class _Remembering(Balls):
    """Balls that read each given tensor once, rather than at every pass."""

    def __init__(self, point: Point) -> None:
        super().__init__(names=point)
        self.read: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor as balls: passes with rationals would take longer the more numbers they add up."""
        if id(tensor) not in self.read:
            self.read[id(tensor)] = tensor, each(ball, super().array(tensor))
        return self.read[id(tensor)][1]


@dataclass(frozen=True)
class LayersForward:
    """L, or each sample's own, as x, W1, b1, z1, a1, … move."""

    problem: Problem
    arithmetics: dict[tuple[int, int], _Remembering] = field(default_factory=dict, repr=False)
    known: dict[int, tuple[Arithmetic, dict[Node, np.ndarray]]] = field(default_factory=dict, repr=False)
    besides: dict[Node, list[Node]] = field(default_factory=dict, repr=False)

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
        arithmetic = self.arithmetics.setdefault(key, _Remembering(point))
        return self.parts(tensor, index, lambda number: number + step, arithmetic).sum()

    @cached_property
    def ahead(self) -> Graph:
        """The forward pass as a graph."""
        return forward(self.problem)

    def parts(self, tensor: Tensor, index: Index, move: Callable[[Any], Any], arithmetic: Arithmetic) -> np.ndarray:
        """The samples' parts of L, or the one that the entry belongs to, `move` applied to what it is a partial by.

        Only what follows from that is computed again.
        """
        inner = next(name for name, called in self.problem.names.items() if called.name == tensor.name)
        node = (self.ahead.given | self.ahead.found)[inner.removeprefix("d")]
        flat = int(np.ravel_multi_index(index, tensor.entries.shape)) if index else 0
        here = self.here(arithmetic)
        moved = here[node].copy()
        place = flat % moved.size  # a sample's own gradient of W or b is by the W or b of them all
        moved.reshape(-1)[place] = move(moved.reshape(-1)[place])
        given = {other: here[other] for other in self.beside(node)}
        return self.own(tensor, index, evaluate([self.ahead.parts], arithmetic, given | {node: moved})[0])

    def here(self, arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        """The value of every node where nothing is moved."""
        if id(arithmetic) not in self.known:
            nodes = in_order([self.ahead.parts])
            found = dict(zip(nodes, evaluate(nodes, arithmetic, self.given(arithmetic)), strict=True))
            self.known[id(arithmetic)] = arithmetic, found
        return self.known[id(arithmetic)][1]

    def given(self, arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        """What was given, in this arithmetic."""
        tensors = values(self.problem, self.ahead.given)
        return {node: arithmetic.array(tensor) for node, tensor in tensors.items()}

    def beside(self, node: Node) -> Sequence[Node]:
        """What comes together with all that follows from a node, without following from it."""
        if node not in self.besides:
            follows, found = {node}, dict[Node, None]()
            for other in in_order([self.ahead.parts]):
                if not follows.isdisjoint(other.args):
                    follows.add(other)
                    found |= dict.fromkeys(other.args)
            self.besides[node] = [other for other in found if other not in follows]
        return self.besides[node]

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
