"""What adds up to 0 along an axis, as x - mean(x) does: it is left together, and what it makes 0 is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netcalc.graph.leaves import SIZE, is_one_over, without_name
from netcalc.graph.node import Node
from netcalc.graph.opened import opened, opened_terms
from netcalc.graph.product import PRODUCT, SUM, Sum, as_number, number, of_size, product, total


def sum_of_centred(node: Node) -> Iterator[Node]:
    """Σ c·(x - mean x) = 0, where c is the same for all that is summed."""
    if is_sum_of_centred(node):
        yield number(0, node.shape)


def is_sum_of_centred(node: Node) -> bool:
    """Whether a product is 0 because a factor adds up to 0 along axes that it alone has."""
    if node.operation is not PRODUCT or not node.params.summed:
        return False
    term = opened(node, node.params.out, without_name)
    letters = term.letters()
    for factor, own in term.factors:
        alone = [place for place, one in enumerate(own) if one not in node.params.out and letters.count(one) == 1]
        if alone and is_centred(factor, alone):
            return True
    return False


def is_centred(node: Node, axes: Sequence[int]) -> bool:
    """Whether the entries of a sum along axes add up to 0, by what it is the sum of."""
    if node.operation is not SUM:
        return False
    params: Sum = node.params
    left = "".join(one for place, one in enumerate(params.out) if place not in axes)
    shape = tuple(extent for place, extent in enumerate(node.shape) if place not in axes)
    terms = []
    for term, own in zip(opened_terms(node, without_name), params.letters, strict=True):
        counts = [(of_size(node.shape[axis]), "") for axis in axes if params.out[axis] not in own]
        terms.append((product([*term.factors, *counts], left, shape, term.number), left))
    return as_number(total(terms, left, shape)) == 0


def is_centred_somewhere(node: Node) -> bool:
    """Whether a sum adds up to 0 along axes that one of its terms lacks, as a mean does."""
    params: Sum = node.params
    lacking = {tuple(n for n, one in enumerate(params.out) if one not in own) for own in params.letters}
    return any(is_centred(node, axes) for axes in lacking if axes)


def is_count(node: Node) -> bool:
    """Whether it is the size of axes, or one over it."""
    return node.operation is SIZE or is_one_over(node)
