"""What stays a formula, as a value: numbers in it that were made of float64 in the digits of the nearest one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from netcalc.expression import Apply, Leaf, Number, Tree, fold, multiply
from netcalc.expression.numerals import of_float64
from netcalc.expression.tree import apply
from netcalc.notation import to_ascii
from netcalc.result import Value

NAMES_SHOWN = 6


def formula_value(tree: Tree) -> Value:
    """The value that a formula is."""
    written = fold(tree, _leaf, _node)
    return Value(None, to_ascii(written), formula=written)


def formulas_in(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """How sure an answer is that has symbols: `formulas in x, y, …`."""
    return f"formulas in {', '.join(names[:most])}" + ", …" * (len(names) > most)


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
