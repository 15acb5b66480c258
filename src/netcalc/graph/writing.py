"""A node as a formula."""

from __future__ import annotations

from netcalc.expression import Tree
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node


def formula(node: Node) -> Tree:
    """The node as a formula; a named node stops the writing, except where it is what is written."""
    inner = node.args[0] if node.operation is NAMED else node
    return inner.formula(tuple(_part(arg) for arg in inner.args))


def _part(node: Node) -> Tree:
    return node.formula(()) if node.operation in (INPUT, NAMED) else formula(node)
