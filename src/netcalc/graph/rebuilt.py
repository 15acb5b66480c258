"""A node's operation on other arguments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node, in_order, make
from netcalc.graph.product import PRODUCT, SUM, product, total
from netcalc.graph.reductions import TIED


def with_arguments(node: Node, args: Sequence[Node]) -> Node:
    """The node's operation on other arguments of the same shapes."""
    if all(new is old for new, old in zip(args, node.args, strict=True)):
        return node
    if node.operation is PRODUCT:
        return product(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.number)
    if node.operation is SUM:
        return total(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.numbers)
    return make(node.operation, args, node.shape, node.params)


def with_ties(root: Node, tied: Collection[Node] | None = None) -> Node:
    """The node, down to what has a name, with the number of entries that tie written out, of all or of some."""
    done: dict[Node, Node] = {}

    def args(node: Node) -> Sequence[Node]:
        return () if node.operation is NAMED and node is not root else node.args

    for node in in_order([root], args):
        new = with_arguments(node, [done[arg] for arg in args(node)]) if args(node) else node
        is_tied = node.operation in TIED and (tied is None or node in tied)
        done[node] = make(TIED[node.operation], new.args, node.shape, node.params) if is_tied else new
    return done[root]
