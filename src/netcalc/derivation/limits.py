"""Where a function of q tends as q goes to -∞ and ∞, by SymPy."""

from __future__ import annotations

import contextlib
from typing import Any

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.bounded import bounded
from netcalc.derivation.derive import expand
from netcalc.derivation.remembered import remembered
from netcalc.errors import TookTooLong
from netcalc.expression import Apply, Number, Symbol, Tree, parse
from netcalc.expression.tree import COMPARISONS
from netcalc.notation import to_ascii

INFINITY = Symbol("oo")
NONE = Symbol("none")
LIMIT_EVALUATIONS = 40_000
_BRANCHES = {
    "greater": (False, True),
    "greater_equal": (False, True),
    "less": (True, False),
    "less_equal": (True, False),
}


def limits(activation: BoundActivation) -> tuple[Tree | None, Tree | None]:
    """The limits of f at -∞ and at ∞, `oo` for infinity; None where there is none or it was not found."""
    formula = expand(parse(activation.formula))

    def holds(trees: list[Tree]) -> bool:
        from netcalc.derivation.held import is_limit

        sides = zip((-1, 1), trees, strict=True)
        return all(tree == NONE or is_limit(formula, side, tree) for side, tree in sides)

    found = remembered(f"limits | {activation.formula}", 2, {"oo", "none"}, lambda: _texts(formula), holds)
    left, right = (None if tree == NONE else tree for tree in found)
    return left, right


def _texts(formula: Tree) -> list[str]:
    found = [_limit(far_branch(formula, side), side) for side in (0, 1)]
    return ["none" if one is None else to_ascii(one) for one in found]


def far_branch(tree: Tree, side: int) -> Tree:
    """The tree with each `where` on q and a number replaced by the branch taken far to the left (0) or right (1)."""
    if not isinstance(tree, Apply):
        return tree
    if tree.operator == "where" and (taken := _taken(tree.arguments[0], side)) is not None:
        return far_branch(tree.arguments[1 if taken else 2], side)
    return Apply(tree.operator, tuple(far_branch(argument, side) for argument in tree.arguments))


def _taken(condition: Tree, side: int) -> bool | None:
    """Whether q far to that side meets a condition; None where it compares anything but q with a number."""
    if not isinstance(condition, Apply) or condition.operator not in COMPARISONS:
        return None
    left, right = condition.arguments
    if left != Symbol("q") or not isinstance(right, Number) or condition.operator not in _BRANCHES:
        return None
    return _BRANCHES[condition.operator][side]


def _limit(formula: Tree, side: int) -> Tree | None:
    import sympy as sp

    from netcalc.derivation.algebra import from_sympy, symbol, to_sympy

    found: Any = None
    # SymPy raises whatever its heuristics stumble over: NotImplementedError, ValueError, TypeError, PoleError, …
    with contextlib.suppress(TookTooLong, Exception), bounded(LIMIT_EVALUATIONS):
        found = sp.limit(to_sympy(formula), symbol("q"), sp.oo if side else -sp.oo)
    if found in (sp.oo, -sp.oo):
        return INFINITY if found is sp.oo else Apply("negate", (INFINITY,))
    if not isinstance(found, sp.Expr) or found.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.AccumBounds) or found.free_symbols:
        return None
    return from_sympy(found) if found.is_real else None
