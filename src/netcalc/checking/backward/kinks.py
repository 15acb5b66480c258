"""Points right beside kinks, on either side: of the forward pass's functions, and of masks that a backward pass has.

A mask z > 0.001 in the place of z > 0 is right at all other points.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import numpy as np

from netcalc.derivation.derive import evaluable
from netcalc.expression import Apply, Tree
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.contract import spread
from netcalc.graph.elementwise import ELEMENTWISE, slopes, slot
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node, in_order

MAX_KINKS = 6  # that points are looked for
HALVINGS = 48  # of the way between two points on either side
ORDERED = frozenset({"less", "less_equal", "greater", "greater_equal"})

Values = Mapping[Node, np.ndarray]
Side = Callable[[Values], np.ndarray]  # how far each entry is from a kink, at a point


def beside_kinks(
    roots: Sequence[Node], points: Sequence[Values], moved: Collection[Node], numbers: Float64
) -> Iterator[Values]:
    """Inputs with an entry right beside a kink of the roots, one on either side, on a line between two of the points.

    The inputs that are `moved` are between those of both points, others are as in the first.
    """
    for side in islice(_sides(roots, numbers), MAX_KINKS):
        yield from _pair(side, points, moved)


def _sides(roots: Sequence[Node], numbers: Float64) -> Iterator[Side]:
    seen = set[tuple[Node, str]]()
    for node in in_order(roots):
        for key, side in _of(node, numbers):
            if (node, key) not in seen:
                seen.add((node, key))
                yield side


def _of(node: Node, numbers: Float64) -> Iterator[tuple[str, Side]]:
    if node.operation is ELEMENTWISE:
        trees = evaluable([node.params.tree, *slopes(node.params.tree, len(node.args))])
        for pair in dict.fromkeys(pair for one in trees for pair in _compared(one)):
            yield str(pair), partial(_difference, node, pair, numbers)


def _compared(tree: Tree) -> Iterator[tuple[Tree, Tree]]:
    """The sides of the comparisons in a formula."""
    if isinstance(tree, Apply):
        if tree.operator in ORDERED:
            yield tree.arguments[0], tree.arguments[1]
        for part in tree.arguments:
            yield from _compared(part)


def _difference(node: Node, pair: tuple[Tree, Tree], numbers: Float64, given: Values) -> np.ndarray:
    arrays = evaluate(list(node.args), numbers, dict(given))
    columns = {
        slot(place): spread(array, letters, node.params.out, None)
        for place, (array, letters) in enumerate(zip(arrays, node.params.letters, strict=True))
    }
    left, right = (numbers.apply(one, columns, numbers.shape(node.shape)) for one in pair)
    return np.asarray(left - right)


def _pair(side: Side, points: Sequence[Values], moved: Collection[Node]) -> Iterator[Values]:
    """The ends of what is left of the way between two points on either side, for the entry that is nearest."""
    first = points[0]
    for other in points[1:]:
        start, end = side(first), side(_between(first, other, 1.0, moved))
        crossing = np.argwhere(start * end < 0)
        if len(crossing):
            at = tuple(crossing[0])
            low, high = 0.0, 1.0
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                is_before = side(_between(first, other, middle, moved))[at] * start[at] > 0
                low, high = (middle, high) if is_before else (low, middle)
            yield _between(first, other, low, moved)
            yield _between(first, other, high, moved)
            return


def _between(first: Values, other: Values, share: float, moved: Collection[Node]) -> dict[Node, np.ndarray]:
    return {node: array + share * (other[node] - array) if node in moved else array for node, array in first.items()}
