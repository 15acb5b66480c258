"""Where two sides of a formula's comparison are equal, and where its domain ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from flint import fmpq

from netcalc.arithmetic.balls import OPERATIONS, Numeral, is_nowhere, sign
from netcalc.arithmetic.evaluation import Evaluation, Known, Once, numeral
from netcalc.expression import Tree, evaluate
from netcalc.expression.tree import COMPARISONS, Apply, is_constant, share

Tie = Literal["exact", "undecided"] | None
_WATCHED = frozenset({*COMPARISONS, "abs", "max", "min", "sign", "floor", "atan2"})


def can_tie(tree: Tree) -> bool:
    """Whether anything in the tree compares."""
    return any(isinstance(node, Apply) and node.operator in _WATCHED for node in share((tree,)).nodes)


def tie(tree: Tree, names: Mapping[str, Numeral], known: Known = (), once: Once | None = None) -> Tie:
    """Whether two sides of a comparison in the tree are equal at this point, or can't be told apart.

    What is one formula on both sides, as a clip's piece may be, is no tie, nor a constant, as max(pi, pi).

    `known` is what is decided of subtrees there, comparisons among them only where they tie; `once` what is done.
    """
    evaluation, once = Evaluation((tree,), known), once or Once()
    values, found = evaluation.all_at(names, once), list[Tie]()
    for place, (node, parts) in enumerate(zip(evaluation.shared.nodes, evaluation.shared.arguments, strict=True)):
        if isinstance(node, Apply) and node.operator in _WATCHED and not is_constant(node):
            is_known = place in evaluation.known and node.operator in (*COMPARISONS, "max", "min")
            found += ["exact"] if is_known else _ties(node.operator, [values[part] for part in parts], once)
    return "undecided" if "undecided" in found else "exact" if found else None


def _ties(operator: str, values: Sequence[Numeral], once: Once) -> list[Tie]:
    if operator == "atan2":  # whose cut is where y is 0 and x is negative
        values = [] if sign(values[1]) == 1 else values[:1]
    if operator == "floor":  # which ties where it is of a whole number
        values, operator = [values[0] - OPERATIONS["floor"](values[0] + fmpq(1, 2))], "sign"
    if operator in ("abs", "sign", "atan2"):  # of x - x, which is 0 beside the point too, is no tie
        differences = [value for value in values[:1] if value is not once.constant(Fraction(0))]
    else:
        differences = [values[0] - one for one in values[1:] if one is not values[0]]
    orders = [sign(difference) for difference in differences]
    return ["undecided" if order is None else "exact" for order in orders if not order]


def _of_power(base: Numeral, exponent: Numeral) -> Numeral:
    """Whole powers are defined everywhere but at 0."""
    return fmpq(1) if isinstance(exponent, fmpq) and exponent.q == 1 else base


# How far arguments are inside: positive, 0 at the edge, negative outside.
ROOM: Mapping[str, Callable[..., Numeral]] = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10"), lambda q: q),
    **dict.fromkeys(("asin", "acos", "atanh"), lambda q: 1 - abs(q)),
    "log1p": lambda q: 1 + q,
    "acosh": lambda q: q - 1,
    "power": _of_power,
}


def at_an_edge(trees: Sequence[Tree], names: Mapping[str, Numeral]) -> bool:
    """Whether an argument in the trees is at the very edge of where its function is defined."""
    bounded = any(isinstance(node, Apply) and node.operator in ROOM for node in share(trees).nodes)
    return bounded and any(0 in _rooms(tree, names)[1] for tree in trees)


def is_outside(tree: Tree, names: Mapping[str, Numeral]) -> bool:
    """Whether the tree has no value there, an argument being outside of where its function is defined."""
    found, signs = _rooms(tree, names)
    return is_nowhere(found) and -1 in signs


def _rooms(tree: Tree, names: Mapping[str, Numeral]) -> tuple[Numeral, list[int | None]]:
    """The tree's value, and on which side of the edge each argument is."""
    signs: list[int | None] = []

    def watched(name: str) -> Callable[..., Any]:
        def applied(*values: Any) -> Any:
            signs.append(sign(ROOM[name](*values)))
            return OPERATIONS[name](*values)

        return applied

    operations = {**OPERATIONS, **{name: watched(name) for name in ROOM}}
    return evaluate(tree, operations, lambda node: numeral(node, names)), signs
