"""Activations that a program writes out: 1/(1 + exp(-z)) is σ(z), max(z, 0) relu, exp(z)/Σ exp(z) a softmax.

Who differentiates them knows them by their slopes, so what goes wrong is a slip in these.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, multiply, parse, substitute
from netcalc.expression.tree import add, fold
from netcalc.graph.elementwise import ELEMENTWISE, slot
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT

SPELLED: Mapping[str, tuple[str, ...]] = {
    "sigmoid": (
        "1/(1 + exp(-q))",
        "1/(exp(-q) + 1)",
        "exp(q)/(1 + exp(q))",
        "exp(q)/(exp(q) + 1)",
        "(1 + tanh(q/2))/2",
        "(tanh(q/2) + 1)/2",
    ),
    "relu": ("max(q, 0)", "max(0, q)", "where(q > 0, q, 0)", "where(q >= 0, q, 0)", "where(q < 0, 0, q)"),
    "softplus": ("log(1 + exp(q))", "log(exp(q) + 1)", "log1p(exp(q))"),
}


@cache
def _patterns() -> tuple[tuple[str, Tree], ...]:
    return tuple((name, parse(text)) for name, texts in SPELLED.items() for text in texts)


def recognised(tree: Tree) -> Tree:
    """A formula with the functions by their names that it writes out."""

    def combined(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        node = Apply(operator, arguments)
        for name, pattern in _patterns():
            found: dict[str, Tree] = {}
            if _matches(pattern, node, found) and not is_constant(found["q"]):
                return Apply(name, (found["q"],))
        for pattern in _of_opposites():
            found = {}
            if _matches(pattern, node, found) and (opposite := _opposite(found["q"])) is not None:
                return Apply("sigmoid", (opposite,))
        return node

    return fold(tree, lambda leaf: leaf, combined)


@cache
def _of_opposites() -> tuple[Tree, ...]:
    return parse("1/(1 + exp(q))"), parse("1/(exp(q) + 1)")


def _opposite(tree: Tree) -> Tree | None:
    """A sum of terms that all have a minus sign, without it: w x + b for −w x − b."""
    match tree:
        case Apply("negate", (inner,)):
            return inner
        case Apply("subtract", (first, second)) if (without := _opposite(first)) is not None:
            return add(without, second)
        case Apply("add", (first, second)):
            both = _opposite(first), _opposite(second)
            return None if both[0] is None or both[1] is None else add(both[0], both[1])
        case Apply("multiply", (Number(), second)) if tree.arguments[0].value < 0:  # type: ignore[union-attr]
            return multiply(Number(-tree.arguments[0].value), second)  # type: ignore[union-attr]
    return None


def _matches(pattern: Tree, tree: Tree, found: dict[str, Tree]) -> bool:
    if isinstance(pattern, Symbol):
        return found.setdefault(pattern.name, tree) == tree
    if not isinstance(pattern, Apply):
        return pattern == tree
    if not isinstance(tree, Apply) or (pattern.operator, len(pattern.arguments)) != (
        tree.operator,
        len(tree.arguments),
    ):
        return False
    return all(_matches(a, b, found) for a, b in zip(pattern.arguments, tree.arguments, strict=True))


def logits_of_softmax(node: Node) -> tuple[Node, int] | None:
    """What a node is the softmax of, and along which axis, if it is exp(z) over its sum; else None.

    Where these have names, their gradients are of interest, and they stay what they are.
    """
    if node.operation is not PRODUCT or len(node.args) != 2 or node.params.number != 1:
        return None
    grown, inverse = node.args
    if not _applies(grown, GROWN) or not _applies(inverse, INVERSE) or grown.rank != inverse.rank:
        return None
    (total,) = inverse.args
    if total.operation is not PRODUCT or total.args != (grown,) or total.params.number != 1:
        return None
    axes = [n for n in range(grown.rank) if grown.shape[n] != inverse.shape[n]]
    if len(axes) != 1 or node.shape != grown.shape or node.params.letters[0] != node.params.out:
        return None
    (axis,) = axes
    pairs = (*node.params.letters, total.params.letters[0], total.params.out)
    first, *others = (letters[:axis] + letters[axis + 1 :] for letters in pairs)
    second = total.params.letters[0][:axis] + total.params.letters[0][axis + 1 :]
    is_same = others[0] == first and others[2] == second and total.params.letters[0][axis] not in total.params.out
    return (grown.args[0], axis) if is_same else None


GROWN, INVERSE = parse("exp(x)"), parse("1/x")


def _applies(node: Node, formula: Tree) -> bool:
    """Whether a node is that formula of its one argument."""
    return (
        node.operation is ELEMENTWISE
        and len(node.args) == 1
        and node.params.tree == substitute(formula, {"x": Symbol(slot(0))})
    )
