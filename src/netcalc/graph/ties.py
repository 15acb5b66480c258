"""What goes to the largest or the smallest of several entries: as it is written where some tie, and where none do."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netcalc.expression import Apply, Number, Symbol, Tree, share
from netcalc.expression.tree import HALF, ZERO, fold
from netcalc.graph.elementwise import ELEMENTWISE, of_tree, slot
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order, make
from netcalc.graph.rebuilt import with_arguments
from netcalc.graph.reductions import TIED


def with_ties(root: Node, tied: Collection[Node] | None = None) -> Node:
    """The node, down to what has a name, with what is true where entries tie written out, of all or of some."""
    done: dict[Node, Node] = {}

    def args(node: Node) -> Sequence[Node]:
        return () if node.operation is NAMED and node is not root else node.args

    for node in in_order([root], args):
        new = with_arguments(node, [done[arg] for arg in args(node)]) if args(node) else node
        is_tied = tied is None or node in tied
        if is_tied and node.operation in TIED:
            new = make(TIED[node.operation], new.args, node.shape, node.params)
        elif not is_tied and node.operation is ELEMENTWISE:
            tree, pairs = _without_ties(node.params.tree)
            new = make(ELEMENTWISE, new.args, node.shape, node.params._replace(tree=tree)) if pairs else new
        done[node] = new
    return done[root]


def ties(node: Node) -> Node | None:
    """What is between 0 and 1 where entries tie; None of what doesn't go to the largest or the smallest."""
    if node.operation in TIED:
        return node
    if node.operation is not ELEMENTWISE or not (pairs := _without_ties(node.params.tree)[1]):
        return None
    tree: Tree = ZERO
    for pair in pairs:
        tree = Apply("where", (Apply("equal", pair), HALF, tree))
    return of_tree(tree, node.factors, node.params.out, node.shape)


KINKED = {"min", "max", "clip", "where", "abs", "relu"}


def may_tie(node: Node) -> bool:
    """Whether the two of a minimum or a maximum are the same throughout a region, as those of min(r, clip(r)) are."""
    if node.operation is not ELEMENTWISE:
        return False
    known = dict(zip(map(slot, range(len(node.args))), node.args, strict=True))
    for pair in _without_ties(node.params.tree)[1]:
        within = [
            in_order([known[one.name] for one in share([side]).nodes if isinstance(one, Symbol)]) for side in pair
        ]
        made = [one for side in within for one in side if one.operation is ELEMENTWISE]
        trees = share([*pair, *(one.params.tree for one in made)]).nodes
        shares = any(one.operation is INPUT for one in set(within[0]) & set(within[1]))
        if shares and any(isinstance(one, Apply) and one.operator in KINKED for one in trees):
            return True
    return False


def _without_ties(tree: Tree) -> tuple[Tree, list[tuple[Tree, Tree]]]:
    """where(a > b, u, v) for where(a > b, u, where(a < b, v, (u + v)/2)), as max(a, b) has it; and all such a and b."""
    pairs: list[tuple[Tree, Tree]] = []

    def combine(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        match operator, arguments:
            case "where", (
                Apply("greater" | "less" as first, (a, b)) as test,
                Number(u),
                Apply("where", (Apply("greater" | "less" as other, (c, d)), Number(v), Number(mean))),
            ) if first != other and (a, b) == (c, d) and 2 * mean == u + v:
                pairs.append((a, b))
                return Apply("where", (test, arguments[1], Number(v)))
        return Apply(operator, arguments)

    return fold(tree, lambda leaf: leaf, combine), pairs
