"""A node's operation on other arguments."""

from __future__ import annotations

from collections.abc import Sequence

from netcalc.graph.node import Node, make
from netcalc.graph.product import PRODUCT, SUM, product, total


def with_arguments(node: Node, args: Sequence[Node]) -> Node:
    """The node's operation on other arguments of the same shapes."""
    if all(new is old for new, old in zip(args, node.args, strict=True)):
        return node
    if node.operation is PRODUCT:
        letters, out, number, averaged = node.params
        return product(zip(args, letters, strict=True), out, node.shape, number, averaged=averaged)
    if node.operation is SUM:
        return total(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.numbers)
    return make(node.operation, args, node.shape, node.params)
