"""What stays a formula, as a value: numbers in it that were made of float64 in the digits of the nearest one."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction

from netcalc.expression import Apply, Leaf, Number, Tree, multiply
from netcalc.expression.numerals import of_float64
from netcalc.expression.tree import apply, share
from netcalc.notation import all_to_ascii
from netcalc.result import Value

NAMES_SHOWN = 6


def formula_value(tree: Tree) -> Value:
    """The value that a formula is."""
    return formula_values((tree,))[0]


def formula_values(trees: Sequence[Tree]) -> list[Value]:
    """The values that formulas are, in time linear in what they don't share and in their texts."""
    written = _written(trees)
    return [Value(None, text, formula=tree) for tree, text in zip(written, all_to_ascii(written), strict=True)]


def formulas_in(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """How sure an answer is that has symbols: `formulas in x, y, …`."""
    return f"formulas in {', '.join(names[:most])}" + ", …" * (len(names) > most)


def _written(trees: Sequence[Tree]) -> list[Tree]:
    """The trees with such numbers in their digits; a part without any is the same object still."""
    shared = share(trees)
    found: list[Tree] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        if not isinstance(node, Apply):
            found.append(_leaf(node))
            continue
        arguments = tuple(found[place] for place in places)
        is_same = all(map(operator.is_, arguments, (shared.nodes[place] for place in places)))
        found.append(node if is_same and node.operator != "divide" else _node(node.operator, arguments))
    return [found[root] for root in shared.roots]


def _leaf(leaf: Leaf) -> Tree:
    return _number(leaf.value) or leaf if isinstance(leaf, Number) and not leaf.written else leaf


def _node(operator: str, arguments: Sequence[Tree]) -> Tree:
    match operator, arguments:
        case "divide", (Number(p), Number(q)) if q and (number := _number(p / q)):
            return number
        case "divide", (Apply("multiply", (Number(p), *others)), Number(q)) if q and (number := _number(p / q)):
            return multiply(number, *others)
        case _:
            return apply(operator, arguments)


def _number(value: Fraction) -> Number | None:
    text = of_float64(value)
    return Number(value, text) if text else None
