"""A forward pass with some of its nodes moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node, in_order


class Moves:
    """The values of nodes as others are moved: only what follows from those is computed again.

    A node that is moved is cut off from what it is made of.
    """

    def __init__(self, nodes: Sequence[Node], arithmetic: Arithmetic, given: Mapping[Node, np.ndarray]) -> None:
        self.order = in_order(nodes)
        self.arithmetic = arithmetic
        self.here = dict(zip(self.order, evaluate(self.order, arithmetic, given), strict=True))
        self.known: dict[frozenset[Node], tuple[set[Node], list[Node]]] = {}

    def at(self, node: Node, moved: Mapping[Node, np.ndarray]) -> np.ndarray:
        """The value of a node where others have these values."""
        if node in moved:
            return moved[node]
        follows, beside = self._around(frozenset(moved))
        if node not in follows:
            return self.here[node]
        return evaluate([node], self.arithmetic, {**{one: self.here[one] for one in beside}, **moved})[0]

    def _around(self, moved: frozenset[Node]) -> tuple[set[Node], list[Node]]:
        """What follows from these, and what comes together with that without following from them."""
        if moved not in self.known:
            follows, beside = set(moved), dict[Node, None]()
            for node in self.order:
                if node not in moved and not follows.isdisjoint(node.args):
                    follows.add(node)
                    beside |= dict.fromkeys(node.args)
            self.known[moved] = follows, [node for node in beside if node not in follows]
        return self.known[moved]
