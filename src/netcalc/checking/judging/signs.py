"""Which signs a formula can have, whatever its variables are: 1 + eˣ is positive, so that nothing switches there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from netcalc.expression.tree import Apply, Leaf, Number, Symbol, Tree, share

Signs = frozenset[int]

ANY, POSITIVE, NEGATIVE, NOT_NEGATIVE = Signs({-1, 0, 1}), Signs({1}), Signs({-1}), Signs({0, 1})


def has_one_sign(tree: Tree) -> bool:
    """Whether a formula is positive wherever it has a value, or negative, as far as its parts tell."""
    shared = share((tree,))
    signs: list[Signs] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        own = [signs[place] for place in places]
        if not isinstance(node, Apply):
            signs.append(_of_leaf(node))
        elif node.operator == "power":
            signs.append(_power(own[0], node.arguments[1]))
        else:
            rule = RULES.get(node.operator)
            signs.append(ANY if rule is None else rule(*own))
    return signs[shared.roots[0]] in (POSITIVE, NEGATIVE)


def _of_leaf(leaf: Leaf) -> Signs:
    if isinstance(leaf, Number):
        return Signs({(leaf.value > 0) - (leaf.value < 0)})
    return ANY if isinstance(leaf, Symbol) else POSITIVE  # π and e


def _product(*factors: Signs) -> Signs:
    return reduce(lambda a, b: Signs(x * y for x in a for y in b), factors)


def _sum(*terms: Signs) -> Signs:
    """Of terms none of which is negative, positive where one of them is; likewise the other way round."""
    for side in (1, -1):
        if not any(-side in one for one in terms):
            return Signs({side}) if any(0 not in one for one in terms) else Signs({0, side})
    return ANY


def _power(base: Signs, exponent: Tree) -> Signs:
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        powers = Signs(one ** (exponent.value.numerator % 2 or 2) for one in base)
        return powers if exponent.value > 0 else (powers - {0}) or ANY
    return POSITIVE if base == POSITIVE else ANY


def _abs(one: Signs) -> Signs:
    return Signs(x * x for x in one)


def _max(*some: Signs) -> Signs:
    return reduce(lambda a, b: Signs(max(x, y) for x in a for y in b), some)


RULES: Mapping[str, Callable[..., Signs]] = {
    "add": _sum,
    "negate": lambda one: Signs(-x for x in one),
    "subtract": lambda a, b: _sum(a, Signs(-x for x in b)),
    "multiply": _product,
    "divide": lambda a, b: _product(a, b - {0}) or ANY,
    "abs": _abs,
    "sqrt": lambda one: (one & NOT_NEGATIVE) or ANY,
    "max": _max,
    "where": lambda _, a, b: a | b,
    **dict.fromkeys(("exp", "cosh"), lambda _: POSITIVE),
    **dict.fromkeys(("sinh", "tanh", "atan", "asinh", "cbrt", "expm1", "erf"), lambda one: one),
}
