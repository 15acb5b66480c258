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
        case _:
            return tree if is_symmetric(tree) else Apply("transpose", (tree,))


def is_symmetric(tree: Tree) -> bool:
    """Whether a matrix is its own transpose by how it is written: X Xᵀ, diag(x), the inverse of such."""
    match tree:
        case Apply("diag" | "eye", _):
            return True
        case Apply("inv", (inner,)):
            return is_symmetric(inner)
        case Apply("matmul", _):
            factors = links(tree)
            return factors == [transposed(one) for one in reversed(factors)]
        case _:
            return False


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
    factors: list[Tree] = []
    left = sum(len(links(tree)) for tree in trees)
    for factor in (one for tree in trees for one in links(tree)):
        if factors and left > 2 and _are_inverse(factors[-1], factor):
            factors.pop()
            left -= 2
        else:
            factors.append(factor)
    return joined(factors)


def inverse_of(tree: Tree) -> Tree:
    """tree⁻¹; of an inverse what it is of."""
    return tree.arguments[0] if isinstance(tree, Apply) and tree.operator == "inv" else Apply("inv", (tree,))


def _are_inverse(a: Tree, b: Tree) -> bool:
    match a, b:
        case Apply("transpose", (x,)), Apply("transpose", (y,)):
            return _are_inverse(x, y)
        case Apply("inv", (x,)), y:
            return x == y
        case x, Apply("inv", (y,)):
            return x == y
        case _:
            return False


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
