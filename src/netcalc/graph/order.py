"""Which entries come first: an array's order along an axis, as indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netcalc.expression.tree import ONE, ZERO, Apply, Symbol
from netcalc.graph.leaves import detached
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.reductions import Along, axes_of, printed, reduced_of_some

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic

_P, _Q = Symbol("p"), Symbol("q")
_IS_EQUAL = Apply("where", (Apply("equal", (_P, _Q)), ONE, ZERO))
# Whether p comes before q: 1 if it is smaller, `s` if they are equal.
_IS_BEFORE = Apply(
    "where", (Apply("less", (_P, _Q)), ONE, Apply("where", (Apply("equal", (_P, _Q)), Symbol("s"), ZERO)))
)


def _value(node: Node, arithmetic: Arithmetic, entries: np.ndarray) -> np.ndarray:
    """How many entries come before one is its place; at each place is the number of the entry that has it."""
    from netcalc.graph.arithmetic import back, last

    rows = last(entries, node.params.axes)
    many = rows.shape[-1]
    shape = (*rows.shape, many)
    numbers = arithmetic.numbers(np.arange(many))
    stands_before = arithmetic.numbers(np.tri(many, k=-1, dtype=np.int64))
    columns = {"p": rows[..., None, :], "q": rows[..., :, None], "s": stands_before}
    places = arithmetic.sum(arithmetic.apply(_IS_BEFORE, columns, shape), (-1,))
    columns = {"p": places[..., None, :], "q": numbers[:, None]}
    found = arithmetic.sum(arithmetic.multiply(arithmetic.apply(_IS_EQUAL, columns, shape), numbers), (-1,))
    return back(found, node.params.axes, entries.shape)


ARGSORT = Operation("argsort", _value, lambda *_: None, lambda node, arguments: printed("argsort", node, arguments))


# Whether an entry, whose share of the largest is p, is the first of the `s` of them so far.
_IS_FIRST = Apply(
    "where", (Apply("and", (Apply("greater", (_P, ZERO)), Apply("equal", (Symbol("s"), ONE)))), ONE, ZERO)
)
_IS_BEST = Apply("where", (Apply("greater", (_P, ZERO)), ONE, ZERO))


def _value_of_place(node: Node, arithmetic: Arithmetic, entries: np.ndarray) -> np.ndarray:
    from netcalc.graph.arithmetic import last

    axes = node.params.axes
    shares = last(arithmetic.shares(entries, axes, largest=node.operation is PLACE_OF_MAX), axes)
    so_far = np.cumsum(arithmetic.apply(_IS_BEST, {"p": shares}, shares.shape), axis=-1)
    first = arithmetic.apply(_IS_FIRST, {"p": shares, "s": so_far}, shares.shape)
    found = arithmetic.sum(arithmetic.multiply(first, arithmetic.numbers(np.arange(shares.shape[-1]))), (-1,))
    return np.expand_dims(found, axes) if node.params.keep else found


PLACE_OF_MAX = Operation(
    "place_of_max", _value_of_place, lambda *_: None, lambda node, arguments: printed("argmax", node, arguments)
)
PLACE_OF_MIN = Operation(
    "place_of_min", _value_of_place, lambda *_: None, lambda node, arguments: printed("argmin", node, arguments)
)


def place(node: Node, axis: int, keep: bool, *, largest: bool) -> Node:
    """Where along an axis the largest entry is, or the smallest, the first of equal ones."""
    along = Along(axes_of(node, axis), keep)
    return detached(make(PLACE_OF_MAX if largest else PLACE_OF_MIN, [node], reduced_of_some(node, along), along))


def argsort(node: Node, axis: int) -> Node:
    """Where the entries along an axis come from, the smallest first and of equal ones that which stands first."""
    return detached(make(ARGSORT, [node], node.shape, Along(axes_of(node, axis))))
