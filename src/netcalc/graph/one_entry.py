"""What is 0 but for one entry, multiplied: p ∘ (1 - one_hot(k)/p[k]) = p - one_hot(k)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from netcalc.expression.tree import Apply, Number, Symbol
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.factors import each_factor
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, Factor, product
from netcalc.graph.shaping import EVERYTHING, SCATTER, index, scatter


def at_one_entry(node: Node) -> Iterator[Node]:
    """Σᵢ v one_hot(k)ᵢ aᵢ = v a[k], and a ∘ v one_hot(k) = v a[k] one_hot(k)."""
    params = node.params
    for one, letters, before, behind in each_factor(node):
        if one.operation is not SCATTER or one.rank != 1 or one.args[0].rank or not isinstance(one.params.key[0], int):
            continue
        others = before + behind
        there = [_at(factor, letters, one.params.key[0]) for factor in others]
        if letters not in params.out:
            yield _without_quotients([*there, (one.args[0], "")], params.out, node, params.number)
        elif there != others:
            numbers, arrays = [f for f in there if not f[1]], [f for f in there if f[1]]
            value = _without_quotients([*numbers, (one.args[0], "")], "", one.args[0], params.number)
            yield product([(scatter(value, one.params), letters), *arrays], params.out, node.shape)


def _at(factor: Factor, letter: str, place: int) -> Factor:
    """A factor's part at a place of an axis; itself where it has no such axis."""
    array, own = factor
    if letter not in own:
        return factor
    key = [place if one == letter else EVERYTHING for one in own]
    return index(array, key), own.replace(letter, "")


def _without_quotients(factors: Sequence[Factor], out: str, like: Node, number: Fraction) -> Node:
    """Their product in the shape of a node; a · 1/a is left out."""
    opened: list[Factor] = []
    for array, own in factors:
        if array.operation is PRODUCT and not array.rank and not any(array.params.letters):
            opened += [(arg, "") for arg in array.args]
            number *= array.params.number
        else:
            opened.append((array, own))
    for array, own in list(opened):
        if _is_reciprocal(array) and (array.args[0], own) in opened:
            opened.remove((array, own))
            opened.remove((array.args[0], own))
    return product(opened, out, like.shape, number)


def _is_reciprocal(node: Node) -> bool:
    if node.operation is not ELEMENTWISE or len(node.args) != 1:
        return False
    match node.params.tree:
        case Apply("divide", (Number(above, _), Symbol())):
            return above == 1
    return False
