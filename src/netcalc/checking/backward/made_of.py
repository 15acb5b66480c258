"""What a node is made of, and whether it goes element by element; shapes without axes of one entry."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM
from netcalc.graph.sizes import settled


def squeezed(node: Node) -> tuple[object, ...]:
    """A shape without axes of size 1."""
    return tuple(size for size in map(settled, node.shape) if size != 1)


def fits(assigned: Node, of: Node) -> bool:
    """Whether a gradient has the shape of what it is the gradient of, but for axes of size 1."""
    return squeezed(assigned) == squeezed(of)


def made_of(root: Node, named: Mapping[Node, object]) -> set[Node]:
    """Those of some nodes that a node is made of, without what those are made of in turn."""
    found, seen, stack = set[Node](), {root}, [root]
    while stack:
        node = stack.pop()
        if node in named:
            found.add(node)
            continue
        stack += [arg for arg in node.args if arg not in seen]
        seen.update(node.args)
    return found


def is_elementwise(root: Node, leaf: Node) -> bool:
    """Whether a node is made of a leaf entry by entry, and is not linear in it."""
    stack, seen, curved = [root], {root}, False
    while stack:
        node = stack.pop()
        if node is leaf:
            continue
        is_product = node.operation is PRODUCT and not node.params.summed
        if not (node.operation in (ELEMENTWISE, SUM) or is_product) and not _is_free(node, leaf):
            return False
        curved |= node.operation is ELEMENTWISE
        stack += [arg for arg in node.args if arg not in seen]
        seen.update(node.args)
    return curved


def _is_free(node: Node, leaf: Node) -> bool:
    stack, seen = [node], {node}
    while stack:
        one = stack.pop()
        if one is leaf:
            return False
        stack += [arg for arg in one.args if arg not in seen]
        seen.update(one.args)
    return True
