"""A graph run on numbers: each node once, arguments first, what is done with let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.node import Node, in_order

After = Callable[[Node, np.ndarray], np.ndarray]


def evaluate(
    roots: Sequence[Node],
    arithmetic: Arithmetic,
    given: Mapping[Node, np.ndarray],
    instead: Mapping[Node, Node] | None = None,
    after: After | None = None,
) -> list[np.ndarray]:
    """The value of each root. `given` has the values of inputs, in this arithmetic already, and may have other nodes'.

    `instead` has nodes that are evaluated in other nodes' place, on the graph as it is otherwise: mistakes.
    The run goes on with what `after` makes of each node's value.
    """
    instead = instead or {}
    order = _order(roots, given, instead)
    uses = _uses(order, roots, given, instead)
    values: dict[Node, np.ndarray] = {}
    for node in order:
        args = _args(node, given, instead)
        if node in given:
            values[node] = given[node]
        elif node in instead:
            values[node] = values[args[0]]
        else:
            values[node] = arithmetic.settled(node.value(arithmetic, [values[arg] for arg in args]))
        if after:
            values[node] = after(node, values[node])
        for arg in args:
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
    if node in given:
        return ()
    return (instead[node],) if node in instead else node.args


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
