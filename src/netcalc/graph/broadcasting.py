"""NumPy's broadcasting, as letters of axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, Factor, product
from netcalc.graph.sizes import Shape, broadcast_shapes, settled


def aligned(nodes: Sequence[Node]) -> tuple[list[Factor], str, Shape]:
    """Each node with letters for NumPy's broadcasting, the result's letters and its shape.

    An axis of 1 that is stretched bears a letter that is summed over, which for one entry changes nothing.
    """
    shape = broadcast_shapes(*(node.shape for node in nodes))
    out = LETTERS[: len(shape)]
    spare = iter(LETTERS[len(shape) :])
    factors = []
    for node in nodes:
        first = len(shape) - node.rank
        own = "".join(
            next(spare) if extent == 1 and settled(shape[place]) != 1 else out[place]
            for place, extent in enumerate(map(settled, node.shape), first)
        )
        factors.append((node, own))
    return factors, out, shape


def without_ones(factors: Iterable[Factor], out: str) -> list[Factor]:
    """The factors without their axes of size 1 that the result lacks, so that each has letters of the result alone."""
    found = []
    for node, letters in factors:
        kept = [place for place, one in enumerate(letters) if one in out]
        own = "".join(letters[place] for place in kept)
        shape = tuple(node.shape[place] for place in kept)
        found.append((node if len(kept) == node.rank else product([(node, letters)], own, shape), own))
    return found
