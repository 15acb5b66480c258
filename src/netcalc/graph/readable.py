"""The shorter of two ways to write a graph: rewrites are tried from the leaves up, what is longer is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netcalc.graph.node import Node, make
from netcalc.graph.product import PRODUCT, SUM, product, total
from netcalc.graph.rewrites import REWRITES

MAX_NODES = 250  # of a graph that is rewritten
MAX_LENGTH = 1000  # characters of a formula that is
MAX_ROUNDS = 8  # in which a node is made shorter


Measure = Callable[[Node], tuple[int, int]]  # how long a node's formula is, and of how many parts


def readable(root: Node, is_leaf: Callable[[Node], bool], measure: Measure) -> Node:
    """The graph in the shortest form that rewrites find. `is_leaf` tells what is written by a name of its own."""
    order = _in_order(root, is_leaf)
    if len(order) > MAX_NODES or measure(root)[0] > MAX_LENGTH:
        return root
    done: dict[Node, Node] = {}
    for node in order:
        leaf = node is not root and is_leaf(node)
        done[node] = node if leaf else _shortest(_rebuilt(node, done), measure)
    return done[root]


def _in_order(root: Node, is_leaf: Callable[[Node], bool]) -> list[Node]:
    done: dict[Node, None] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        args = () if node is not root and is_leaf(node) else node.args
        waiting = [] if node in done else [arg for arg in args if arg not in done]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            done[stack.pop()] = None
    return list(done)


def _rebuilt(node: Node, done: Mapping[Node, Node]) -> Node:
    args = [done[arg] for arg in node.args]
    if all(new is old for new, old in zip(args, node.args, strict=True)):
        return node
    if node.operation is PRODUCT:
        return product(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.number)
    if node.operation is SUM:
        return total(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.numbers)
    return make(node.operation, args, node.shape, node.params)


def _shortest(node: Node, measure: Measure) -> Node:
    for _ in range(MAX_ROUNDS):
        own = measure(node)
        found = [(measure(one), place, one) for place, one in enumerate(_rewritten(node))]
        best = min(found, key=lambda one: one[:2], default=None)
        if best is None or best[0] >= own:
            break
        node = best[2]
    return node


def _rewritten(node: Node) -> list[Node]:
    return [one for rewrite in REWRITES for one in rewrite(node)]
