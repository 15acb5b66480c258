"""A graph run on numbers: each node once, arguments first, what is done with let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.node import Node, in_order

Edit = Callable[[Node, Sequence[np.ndarray]], np.ndarray | None]


def evaluate(
    roots: Sequence[Node],
    arithmetic: Arithmetic,
    given: Mapping[Node, np.ndarray],
    instead: Mapping[Node, Node] | None = None,
) -> list[np.ndarray]:
    """The value of each root. `given` has the values of inputs, in this arithmetic already, and may have other nodes'.

    `instead` has nodes that are evaluated in other nodes' place, on the graph as it is otherwise: mistakes.
    """
    order = _order(roots, given, instead or {})
    uses = _uses(order, roots, given, instead or {})
    values: dict[Node, np.ndarray] = {}
    for node in order:
        if node in given:
            values[node] = given[node]
            continue
        done = instead.get(node, node) if instead else node
        values[node] = done.value(arithmetic, [values[arg] for arg in done.args])
        for arg in done.args:
            uses[arg] -= 1
            if not uses[arg]:
                del values[arg]
    return [values[root] for root in roots]


def _order(roots: Sequence[Node], given: Mapping[Node, np.ndarray], instead: Mapping[Node, Node]) -> list[Node]:
    if not given and not instead:
        return in_order(roots)
    done: dict[Node, None] = {}
    stack = list(roots)[::-1]
    while stack:
        node = stack[-1]
        waiting = [] if node in done else [arg for arg in _args(node, given, instead) if arg not in done]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            done[stack.pop()] = None
    return list(done)


def _args(node: Node, given: Mapping[Node, np.ndarray], instead: Mapping[Node, Node]) -> tuple[Node, ...]:
    return () if node in given else instead.get(node, node).args


def _uses(
    order: Sequence[Node], roots: Sequence[Node], given: Mapping[Node, np.ndarray], instead: Mapping[Node, Node]
) -> dict[Node, int]:
    """How often each value is still needed; a root's to the end."""
    uses = dict.fromkeys(order, 0)
    for node in order:
        for arg in _args(node, given, instead):
            uses[arg] += 1
    for root in roots:
        uses[root] += 1
    return uses
