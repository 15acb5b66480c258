"""Matrix products as people write them: A B x from left to right, and what a transpose does to one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from netcalc.expression import Apply, Tree


def transposed(tree: Tree) -> Tree:
    """treeᵀ; of a transpose what it is of."""
    match tree:
        case Apply("transpose", (inner,)):
            return inner
        case Apply("outer", (a, b)):
            return Apply("outer", (b, a))
        case Apply("diag" | "eye", _):
            return tree
        case _:
            return Apply("transpose", (tree,))


def links(tree: Tree) -> list[Tree]:
    """The factors of a matrix product, those of a transposed one turned and in reverse."""
    match tree:
        case Apply("matmul", (a, b)):
            return [*links(a), *links(b)]
        case Apply("transpose", (Apply("matmul", (a, b)),)):
            return [*links(transposed(b)), *links(transposed(a))]
        case _:
            return [tree]


def chain(*trees: Tree) -> Tree:
    """The matrix product of all, A @ B @ C."""
    factors = [factor for tree in trees for factor in links(tree)]
    return joined(factors)


def joined(factors: Sequence[Tree]) -> Tree:
    """The matrix product of factors that are no products themselves."""
    return reduce(lambda a, b: Apply("matmul", (a, b)), factors)


def turns(tree: Tree) -> int:
    """How many transposes a product is written with."""
    return sum(isinstance(one, Apply) and one.operator == "transpose" for one in links(tree))


def flipped(tree: Tree) -> Tree:
    """The transpose of a matrix, in the shorter of its two forms: (A B)ᵀ or Bᵀ Aᵀ."""
    factors = links(tree)
    if len(factors) == 1:
        return transposed(tree)
    turned = [transposed(one) for one in reversed(factors)]
    many = sum(isinstance(one, Apply) and one.operator == "transpose" for one in turned)
    return joined(turned) if many <= 2 else Apply("transpose", (tree,))
