"""The shorter of two ways to write a graph: rewrites are tried from the leaves up, what is longer is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netcalc.graph.node import Node, make
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, number, product, total
from netcalc.graph.rewrites import REWRITES
from netcalc.graph.selection import EVERYTHING
from netcalc.graph.shaping import INDEX
from netcalc.graph.sizes import Size, settled

MAX_NODES = 250  # of a graph that is rewritten
MAX_LENGTH = 1000  # characters of a formula that is
MAX_ROUNDS = 8  # in which a node is made shorter


Measure = Callable[[Node], tuple[int, int]]  # how long a node's formula is, and of how many parts


def readable(root: Node, is_leaf: Callable[[Node], bool], measure: Measure) -> Node:
    """The graph in the shortest form that rewrites find. `is_leaf` tells what is written by a name of its own."""
    order = _in_order(root, is_leaf)
    if len(order) > MAX_NODES or (plain := measure(root))[0] > MAX_LENGTH:
        return root
    done: dict[Node, Node] = {}
    for node in order:
        leaf = node is not root and is_leaf(node)
        done[node] = node if leaf else _shortest(_rebuilt(node, done, is_leaf), measure)
    return done[root] if measure(done[root]) < plain else root


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


def _rebuilt(node: Node, done: Mapping[Node, Node], is_leaf: Callable[[Node], bool]) -> Node:
    """The node of the shorter arguments, without what only makes or drops axes of one entry."""
    args = [done[arg] for arg in node.args]
    if node.operation is PRODUCT:
        pairs = zip(args, node.params.letters, strict=True)
        factors = [factor for arg, own in pairs for factor in _opened(arg, own, is_leaf)]
        return product(factors, node.params.out, node.shape, node.params.number)
    if node.operation is INDEX and all(part is None or part == EVERYTHING for part in node.params.key):
        letters = LETTERS[: node.rank]
        new = [node.params.extra + n for n, part in enumerate(node.params.key) if part is None]
        kept = "".join(one for n, one in enumerate(letters) if n not in new)
        return product([(args[0], kept)], letters, node.shape)
    return with_arguments(node, args)


def with_arguments(node: Node, args: Sequence[Node]) -> Node:
    """The node's operation on other arguments of the same shapes."""
    if all(new is old for new, old in zip(args, node.args, strict=True)):
        return node
    if node.operation is PRODUCT:
        return product(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.number)
    if node.operation is SUM:
        return total(zip(args, node.params.letters, strict=True), node.params.out, node.shape, node.params.numbers)
    return make(node.operation, args, node.shape, node.params)


def _opened(node: Node, letters: str, is_leaf: Callable[[Node], bool]) -> Sequence[Factor]:
    """A factor; that of a product that sums over axes of one entry alone as its factors."""
    if node.operation is not PRODUCT or is_leaf(node) or not node.params.summed:
        return [(node, letters)]
    params = node.params
    sizes: dict[str, Size] = {}
    for arg, own in zip(node.args, params.letters, strict=True):
        sizes |= zip(own, arg.shape, strict=True)
    if any(settled(sizes[one]) != 1 for one in params.summed):
        return [(node, letters)]
    factors = []
    for arg, own in zip(node.args, params.letters, strict=True):
        kept = "".join(one for one in own if one not in params.summed)
        bare = product([(arg, own)], kept, tuple(sizes[one] for one in kept))
        names = dict(zip(params.out, letters, strict=True))
        factors.append((bare, "".join(names[one] for one in kept)))
    return [*factors, (number(params.number), "")]


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
