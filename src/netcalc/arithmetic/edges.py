"""Where a formula's domain ends: sqrt(x)·sqrt(x) has a slope at 0, and no values left of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import fmpq

from netcalc.arithmetic.balls import OPERATIONS, Numeral, is_nowhere, numeral, sign
from netcalc.expression import Tree, evaluate
from netcalc.expression.tree import Apply, share


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
