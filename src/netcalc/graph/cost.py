"""What it takes to run nodes: multiplications, and operations on single entries."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from netcalc.expression import share
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.inverses import COFACTORS, DETERMINANT, INVERSE, LOGDET, SOLVE
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, Product, sizes_by_letter
from netcalc.records import NamedTuple


class Cost(NamedTuple):
    """Multiplications within products of matrices, operations entry by entry, entries of the largest node."""

    multiplications: int
    operations: int
    largest: int


def cost(roots: Iterable[Node], sizes: Arithmetic) -> Cost:
    """What all that the roots need takes together; `sizes` knows the numbers of letters."""
    multiplications = operations = largest = 0
    for node in in_order(roots):
        entries = prod(sizes.shape(node.shape))
        largest = max(largest, entries)
        if node.operation is PRODUCT:
            many = _of_product(node, sizes)
            if node.params.summed and len(node.args) > 1:
                multiplications += many
                operations += entries
            else:
                operations += many
        elif node.operation is ELEMENTWISE:
            operations += entries * len(share((node.params.tree,)).nodes)
        elif node.operation in (INVERSE, DETERMINANT, LOGDET, SOLVE, COFACTORS):
            n = sizes.size(node.args[0].shape[-1])
            multiplications += prod(sizes.shape(node.args[0].shape)) * n * (n * n if node.operation is COFACTORS else 1)
        else:
            operations += sum(prod(sizes.shape(arg.shape)) for arg in node.args) or entries
    return Cost(multiplications, operations, largest)


def _of_product(node: Node, sizes: Arithmetic) -> int:
    params: Product = node.params
    extents = [sizes.size(one) for one in sizes_by_letter(node).values()]
    if len(node.args) < 3 or not params.summed:
        return prod(extents) * max(1, len(node.args) - 1)
    return sum(prod(sizes.shape(arg.shape)) for arg in node.args) * max(extents)
