"""A product seen factor by factor, and with other factors in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, Factor, product
from netcalc.graph.sizes import Size, settled


def each_factor(node: Node) -> Iterator[tuple[Node, str, list[Factor], list[Factor]]]:
    """Each factor of a product with its letters, those before it and those behind it; nothing of what is no product."""
    if node.operation is PRODUCT:
        for place, (factor, letters) in enumerate(node.factors):
            yield factor, letters, node.factors[:place], node.factors[place + 1 :]


def with_factors(node: Node, factors: Iterable[Factor], by: Fraction | int = 1) -> Node:
    """The product of other factors in a product's place, times a number."""
    return product(factors, node.params.out, node.shape, node.params.number * by)


def sizes_by_letter(node: Node) -> dict[str, Size]:
    """The sizes of the letters that the axes of a node and of its arguments bear."""
    sizes = dict(zip(node.params.out, node.shape, strict=True))
    for arg, own in node.factors:
        sizes |= zip(own, arg.shape, strict=True)
    return sizes


def sums_over_ones(node: Node) -> bool:
    """Whether a product sums over axes of one entry alone, so that it is what its factors are."""
    sizes = sizes_by_letter(node)
    return bool(node.params.summed) and all(settled(sizes[one]) == 1 for one in node.params.summed)
