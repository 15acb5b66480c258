"""Formulas with a factor of a product transposed, or its factors in the other order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netcalc.expression import Apply, Number, Symbol, Tree

PRODUCTS = {"beside", "over_beside", "matmul"}
LEFT_OUT = "{}: transpose left out"
TOO_MANY = "{} is transposed where it should not be"
WITHOUT = "{} left out, which it is multiplied by"
OTHER_ORDER = "the factors in the wrong order: it is {}"


def transposes(tree: Tree) -> Iterator[tuple[str, Tree, Tree]]:
    """What is said of a part of the new tree, that part, and the new tree."""
    if not isinstance(tree, Apply):
        return
    is_product = tree.operator in PRODUCTS and len(tree.arguments) == 2
    for place, argument in enumerate(tree.arguments):
        if is_product:
            said, part, turned = _turned(argument)
            yield said, part, _put(tree, place, turned)
        for said, part, other in transposes(argument):
            yield said, part, _put(tree, place, other)
    if is_product:
        a, b = tree.arguments
        for factors in ((b, _turned(a)[-1]), (_turned(b)[-1], a), (b, a)):
            other = Apply(tree.operator, factors)
            yield OTHER_ORDER, other, other


def with_a_factor(tree: Tree, names: Iterable[str]) -> Iterator[tuple[str, Tree, Tree]]:
    """The same with a tensor multiplied by it, on either side: Aᵀ softmax(A x) for softmax(A x)."""
    for name in names:
        one: Tree = Symbol(name)
        turned = Apply("transpose", (one,))
        for factor in (turned, one):
            for factors in ((factor, tree), (tree, factor)):
                yield WITHOUT, factor, Apply("beside", factors)


def _turned(tree: Tree) -> tuple[str, Tree, Tree]:
    """What is said of a transposed factor, without a number before it, that factor, and the whole."""
    if isinstance(tree, Apply) and tree.operator in ("multiply", "beside") and isinstance(tree.arguments[0], Number):
        said, part, turned = _turned(tree.arguments[-1])
        return said, part, _put(tree, len(tree.arguments) - 1, turned)
    if isinstance(tree, Apply) and tree.operator == "transpose" and len(tree.arguments) == 1:
        return TOO_MANY, tree.arguments[0], tree.arguments[0]
    turned = Apply("transpose", (tree,))
    return LEFT_OUT, turned, turned


def _put(tree: Apply, place: int, argument: Tree) -> Apply:
    """The tree with another argument at that place."""
    return Apply(tree.operator, (*tree.arguments[:place], argument, *tree.arguments[place + 1 :]))
