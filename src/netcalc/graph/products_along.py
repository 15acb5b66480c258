"""The product of the entries along axes, and its slope: for each entry the product of the others.

Nothing is divided, so an entry that is 0 has its slope too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.expression import Apply, Number, Symbol
from netcalc.graph.arithmetic import back, last, with_axes
from netcalc.graph.elementwise import of_tree, slot
from netcalc.graph.leaves import eye
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS, product
from netcalc.graph.reductions import Along, along_axes, axes_of, cumsum, kept, over, reduced_by, scaled
from netcalc.graph.shaping import EVERYTHING, Span, concatenate, index, reshape
from netcalc.graph.sizes import concrete, settled, total

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


# --- the product


def _value_of_prod(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    """By halves, until one entry is left."""
    along: Along = node.params
    rows = last(array, along.axes)
    while (many := rows.shape[-1]) > 1:
        half = many // 2
        pairs = arithmetic.multiply(rows[..., :half], rows[..., half : 2 * half])
        rows = np.concatenate([pairs, rows[..., 2 * half :]], axis=-1)
    return with_axes(rows[..., 0], along.axes, array.ndim, along.keep)


def _vjp_of_prod(node: Node, _: int, delta: Node) -> Node:
    """g Π of the others."""
    along: Along = node.params
    return scaled(kept(delta, along), _others(node.args[0], along.axes))


PROD = along_axes("prod", _value_of_prod, _vjp_of_prod)


def prod(node: Node, axis: int | Sequence[int] | None = None, keep: bool = False) -> Node:
    """Π x along axes."""
    return reduced_by(PROD, node, axis, keep) if axes_of(node, axis) else node


# --- the products of the others


def _value_of_others(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    """The product of what stands before an entry and of what stands behind it, both from those of pairs."""
    axes = node.params.axes
    return back(_without_each(arithmetic, last(array, axes)), axes, array.shape)


def _without_each(arithmetic: Arithmetic, rows: np.ndarray) -> np.ndarray:
    """Π_{k≠i} x_k along the last axis: the partner of a pair times the product of the other pairs."""
    many = rows.shape[-1]
    if many == 1:
        return arithmetic.numbers(np.ones(rows.shape, dtype=np.int64))
    half = many // 2
    first, second, left = rows[..., :half], rows[..., half : 2 * half], rows[..., 2 * half :]
    pairs = np.concatenate([arithmetic.multiply(first, second), left], axis=-1)
    others = _without_each(arithmetic, pairs)
    by_pair = others[..., :half]
    parts = [arithmetic.multiply(by_pair, second), arithmetic.multiply(by_pair, first), others[..., half:]]
    return np.concatenate(parts, axis=-1)


def _vjp_of_others(node: Node, _: int, delta: Node) -> Node:
    """That of the products of rows that lack an entry each."""
    from netcalc.graph.backward import gradients

    (found,) = gradients(row_by_row(node), node.args, delta)
    assert found is not None  # noqa: S101 - it depends on it
    return found


OTHERS = Operation("products_of_others", _value_of_others, _vjp_of_others)


def _others(node: Node, axes: tuple[int, ...]) -> Node:
    """Π_{k≠i} x_k along axes, at each i."""
    return make(OTHERS, [node], node.shape, Along(axes, keep=True))


def row_by_row(node: Node) -> Node:
    """The products of the others as those of rows: in row i, 1 stands in place of entry i."""
    (arg,) = node.args
    axes = node.params.axes
    if len(axes) == 1:
        return _along_one(arg, arg.rank + axes[0])
    letters = LETTERS[: arg.rank]
    order = "".join(one for n, one in enumerate(letters) if n - arg.rank not in axes)
    order += "".join(letters[axis] for axis in axes)
    moved = product([(arg, letters)], order, tuple(arg.shape[letters.index(one)] for one in order))
    front = moved.shape[: -len(axes)]
    flat = reshape(moved, (*front, total(moved.shape[-len(axes) :])))
    found = reshape(_along_one(flat, len(front)), moved.shape)
    return product([(found, order)], letters, arg.shape)


def _along_one(node: Node, place: int) -> Node:
    """Π_k where(I_ik = 1, 1, x_k)."""
    letters, row = LETTERS[: node.rank], LETTERS[node.rank]
    own, one = letters[place], Number(Fraction(1))
    tree = Apply("where", (Apply("equal", (Symbol(slot(0)), one)), one, Symbol(slot(1))))
    many = node.shape[place]
    shape = (*node.shape[:place], many, *node.shape[place:])
    rows = of_tree(tree, [(eye(many), row + own), (node, letters)], letters[:place] + row + letters[place:], shape)
    return prod(rows, place - node.rank)


# --- running products


def _value_of_cumprod(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    (axis,) = node.params.axes
    return np.moveaxis(_running(arithmetic, np.moveaxis(array, axis, 0)), 0, axis)


def _running(arithmetic: Arithmetic, rows: np.ndarray) -> np.ndarray:
    found = [rows[:1]]
    for n in range(1, len(rows)):
        found.append(arithmetic.multiply(found[-1], rows[n : n + 1]))
    return np.concatenate(found)


def _vjp_of_cumprod(node: Node, _: int, delta: Node) -> Node:
    return make(CUMPROD_SLOPE, [node.args[0], delta, node], delta.shape, node.params)


def _value_of_slope(node: Node, arithmetic: Arithmetic, x: np.ndarray, g: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Π of the entries before, times what comes back from there on: Sₖ = gₖ + xₖ₊₁ Sₖ₊₁. Nothing is divided."""
    (axis,) = node.params.axes
    x, g = (np.moveaxis(one, axis, 0) for one in (np.broadcast_to(x, g.shape), g))
    behind, one = [g[-1:]], Fraction(1)
    for n in reversed(range(len(x) - 1)):
        terms = [g[n : n + 1], arithmetic.multiply(x[n + 1 : n + 2], behind[-1])]
        behind.append(arithmetic.total(terms, [one, one], terms[0].shape))
    ones = arithmetic.numbers(np.ones(x[:1].shape, dtype=np.int64))
    before = _running(arithmetic, np.concatenate([ones, x[:-1]]))
    return np.moveaxis(arithmetic.multiply(before, np.concatenate(behind[::-1])), 0, axis)


def _vjp_of_slope(node: Node, place: int, delta: Node) -> Node | None:
    """That of the slope of products one by one."""
    from netcalc.graph.backward import gradients

    if place == 2:
        return None  # it is made of the entries, and stands there to be written
    x, g, _ = node.args
    axis = x.rank + node.params.axes[0]
    parts = [index(x, [*[EVERYTHING] * axis, Span(n, n + 1, None)]) for n in range(concrete(x.shape[axis], {}))]
    for n in range(1, len(parts)):
        parts[n] = scaled(parts[n - 1], parts[n])
    (slope,) = gradients(concatenate(parts, axis), [x], g)
    return None if slope is None else gradients(slope, [node.args[place]], delta)[0]


def divided(node: Node) -> Node:
    """The slope of a running product p of x as it is known: the running sum of g ∘ p from the other end, over x."""
    x, g, p = node.args
    axis = g.rank + node.params.axes[0]
    back_to_front = [*[EVERYTHING] * axis, Span(None, None, -1)]
    return over(index(cumsum(index(scaled(g, p), back_to_front), axis), back_to_front), x)


CUMPROD = along_axes("cumprod", _value_of_cumprod, _vjp_of_cumprod)
CUMPROD_SLOPE = Operation("slope_of_cumprod", _value_of_slope, _vjp_of_slope)


def cumprod(node: Node, axis: int) -> Node:
    """The running product along an axis."""
    return make(CUMPROD, [node], node.shape, Along(axes_of(node, axis))) if settled(node.shape[axis]) else node
