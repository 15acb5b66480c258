"""Workings run on numbers, again and again with something edited: only what an edit reaches is done again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from types import MappingProxyType

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.node import Node, in_order

FAILED = (NetcalcError, ZeroDivisionError, ValueError, IndexError, TypeError, OverflowError)
Values = dict[Node, np.ndarray]
NOTHING: Mapping[Node, np.ndarray] = MappingProxyType({})


class Runs:
    """A graph's values, in one arithmetic at one point, and what becomes of some of its nodes under edits."""

    def __init__(self, roots: Sequence[Node], arithmetic: Arithmetic, given: Mapping[Node, np.ndarray]) -> None:
        self.roots = tuple(roots)
        self.arithmetic = arithmetic
        self.given = given
        self.order = in_order(self.roots)
        self.place = {node: place for place, node in enumerate(self.order)}
        self.users: dict[Node, list[int]] = {}
        for place, node in enumerate(self.order):
            for arg in node.args:
                self.users.setdefault(arg, []).append(place)
        self.values: Values = {}
        for node in self.order:
            self._evaluate(node, self.values, {})

    def __contains__(self, node: Node) -> bool:
        return node in self.place

    def edited(self, instead: Mapping[Node, Node]) -> list[np.ndarray]:
        """The roots' values with other nodes in some nodes' place; what is in their place may use any node."""
        changed = self.changed(instead)
        return [changed.get(root, self.values[root]) for root in self.roots]

    def changed(self, instead: Mapping[Node, Node], known: Mapping[Node, np.ndarray] = NOTHING) -> Values:
        """The values of all that edits reach; some nodes' values may be `known` to be others."""
        changed: Values = dict(known)
        waiting = [self.place[node] for node in instead if node in self.place]
        waiting += [user for node in known for user in self.users.get(node, ())]
        heapify(waiting)
        while waiting:
            node = self.order[heappop(waiting)]
            if node in changed:
                continue
            changed[node] = self.value_of(instead.get(node, node), changed)
            for user in self.users.get(node, ()):
                heappush(waiting, user)
        return changed

    def value(self, node: Node) -> np.ndarray:
        """A node's value, rightly."""
        return self.values[node] if node in self.values else self.value_of(node, {})

    def value_of(self, node: Node, changed: Mapping[Node, np.ndarray]) -> np.ndarray:
        """A node's value from the changed ones, and others that it needs besides."""
        local: Values = {}
        for one in _needed(node, self.place, changed):
            self._evaluate(one, local, changed)
        if node in self.given:
            return self.given[node]
        return node.value(self.arithmetic, [self._known(arg, local, changed) for arg in node.args])

    def _known(self, node: Node, local: Values, changed: Mapping[Node, np.ndarray]) -> np.ndarray:
        if node in changed:
            return changed[node]
        return self.values[node] if node in self.values else local[node]

    def _evaluate(self, node: Node, into: Values, changed: Mapping[Node, np.ndarray]) -> None:
        if node in self.given:
            into[node] = self.given[node]
        else:
            into[node] = node.value(self.arithmetic, [self._known(arg, into, changed) for arg in node.args])


def _needed(node: Node, known: Mapping[Node, int], changed: Mapping[Node, np.ndarray]) -> Iterable[Node]:
    """The nodes below that are not known yet, arguments first."""
    return in_order([node], lambda one: [arg for arg in one.args if arg not in known and arg not in changed])[:-1]
