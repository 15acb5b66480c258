"""Reductions along axes that are no sums: the largest and smallest entry, running sums; softmax and its kin, norms.

Each slope rule uses the answer where people write it so. Axes are counted from the end, so that a gradient with more
axes in front goes through unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.errors import ShapeError
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.graph.broadcasting import aligned, without_ones
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, elementwise, slot
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS, number, of_size, product, total
from netcalc.graph.shaping import BACKWARDS, EVERYTHING, index
from netcalc.graph.sizes import Shape, written
from netcalc.graph.sizes import total as entries
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


class Along(NamedTuple):
    """The axes of a reduction, counted from the end: -1 is the last; and whether they stay with size 1."""

    axes: tuple[int, ...]
    keep: bool = False


def axes_of(node: Node, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    """Axes counted from the end, in order; None is all of them. Raises ShapeError for one that is not there."""
    if axis is None:
        return tuple(range(-node.rank, 0))
    found = []
    for one in [axis] if isinstance(axis, int) else axis:
        if not -node.rank <= one < node.rank:
            raise ShapeError(f"axis {one} is not there: {axes_in_words(node.shape)}")
        found.append(one if one < 0 else one - node.rank)
    if len(set(found)) < len(found):
        raise ShapeError("an axis is named twice")
    return tuple(sorted(found))


def axes_in_words(shape: Shape) -> str:
    """Which axes there are."""
    if not shape:
        return "a number has no axes"
    if len(shape) == 1:
        return f"a vector of {written(shape)} has axis 0 alone"
    return f"{written(shape)} has axes 0 to {len(shape) - 1}"


def reduced(shape: Shape, along: Along) -> Shape:
    """What is left of a shape."""
    gone = {len(shape) + axis for axis in along.axes}
    return tuple(1 if n in gone else one for n, one in enumerate(shape) if along.keep or n not in gone)


def summed(node: Node, axis: int | Sequence[int] | None = None, keep: bool = False, *, averaged: bool = False) -> Node:
    """The sum along axes; that of a mean is `averaged`."""
    along = Along(axes_of(node, axis), keep)
    letters = LETTERS[: node.rank]
    gone = {node.rank + one for one in along.axes}
    spare = iter(LETTERS[node.rank :])
    out = "".join(next(spare) if n in gone else one for n, one in enumerate(letters) if keep or n not in gone)
    return product([(node, letters)], out, reduced(node.shape, along), averaged=averaged)


def count(node: Node, along: Along) -> Node:
    """How many entries are reduced to one, as a number."""
    return of_size(entries([node.shape[axis] for axis in along.axes]))


def scaled(node: Node, by: Node) -> Node:
    """node · by, elementwise with broadcasting."""
    factors, out, shape = aligned([node, by])
    return product(factors, out, shape)


def over(node: Node, by: Node) -> Node:
    """node / by, elementwise with broadcasting."""
    return scaled(node, elementwise("divide", number(1), by))


def minus(a: Node, b: Node) -> Node:
    """a - b, elementwise with broadcasting."""
    factors, out, shape = aligned([a, b])
    return total(without_ones(factors, out), out, shape, [1, -1])


def reduced_of_some(node: Node, along: Along) -> Shape:
    """The shape of what is left along axes. Raises ShapeError where it has entries that are each of none."""
    shape = reduced(node.shape, along)
    if 0 in node.shape and 0 not in shape:
        raise ShapeError(f"an array of no entries has no mean and no largest entry; this is {written(node.shape)}")
    return shape


def mean(node: Node, axis: int | Sequence[int] | None = None, keep: bool = False) -> Node:
    """The mean along axes."""
    along = Along(axes_of(node, axis), keep)
    reduced_of_some(node, along)
    return over(summed(node, axis, keep, averaged=True), count(node, along))


def kept(node: Node, along: Along) -> Node:
    """A reduced node, or its gradient, so that it broadcasts against what was reduced: its axes back at size 1.

    A number broadcasts as it is.
    """
    if along.keep or not node.rank:
        return node
    rank = node.rank + len(along.axes)
    places = {rank + axis for axis in along.axes}
    return index(node, [None if n in places else EVERYTHING for n in range(rank)])


def printed(name: str, node: Node, arguments: tuple[Tree, ...]) -> Tree:
    """name(x, axis=…, keepdims=…), with what is usual left out."""
    along: Along = node.params
    rank = node.args[0].rank
    extra: list[Tree] = []
    if len(along.axes) < rank or (name in ALONG_ONE and rank > 1):
        extra += [Apply("axis", tuple(Number(Fraction(rank + axis)) for axis in along.axes))]
    if along.keep and name not in ALONG_ONE:
        extra += [Apply("keepdims", (Number(Fraction(1)),))]
    return Apply(name, (*arguments, *extra))


ALONG_ONE = frozenset({"softmax", "log_softmax", "cumsum", "cumprod", "argsort"})  # these keep the shape


def along_axes(name: str, value: Callable[..., np.ndarray], vjp: Callable[[Node, int, Node], Node]) -> Operation:
    """An operation whose parameters are `Along`, written as `printed` has it."""
    return Operation(name, value, vjp, lambda node, arguments: printed(name, node, arguments))


def reduced_by(operation: Operation, node: Node, axis: int | Sequence[int] | None, keep: bool) -> Node:
    """A reduction of a node along axes."""
    along = Along(axes_of(node, axis), keep)
    return make(operation, [node], reduced(node.shape, along), along)


# --- the largest and the smallest entry


def _vjp_of_extreme(node: Node, _: int, delta: Node) -> Node:
    """Those that tie share the gradient equally, as in PyTorch's amax."""
    (arg,) = node.args
    along: Along = node.params
    return scaled(kept(delta, along), shares(arg, along.axes, largest=node.operation.name == "max"))


def _extreme(name: str) -> Operation:
    def value(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
        along: Along = node.params
        return arithmetic.extreme(array, along.axes, along.keep, largest=name == "max")

    return along_axes(name, value, _vjp_of_extreme)


MAX, MIN = _extreme("max"), _extreme("min")


def _shares(name: str, *, tied: bool = False) -> Operation:
    def value(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
        return arithmetic.shares(array, node.params.axes, largest=name == "max")

    def prints(node: Node, arguments: tuple[Tree, ...]) -> Tree:
        is_best = Apply("equal", (arguments[0], printed(name, node, arguments)))
        one, zero = Number(Fraction(1)), Number(Fraction(0))
        share = Apply("where", (is_best, one, zero))
        return Apply("divide", (share, printed("sum", node, (is_best,)))) if tied else share

    return Operation(f"arg{name}{'_tied' * tied}", value, lambda _, __, ___: None, prints)


ARGMAX, ARGMIN = _shares("max"), _shares("min")
TIED = {ARGMAX: _shares("max", tied=True), ARGMIN: _shares("min", tied=True)}  # as they are written where entries tie


def shares(node: Node, axis: int | Sequence[int] | None = None, *, largest: bool = True) -> Node:
    """1 where the largest (or smallest) entry along axes is, 0 elsewhere; 1/k at each of k that tie. No slope."""
    along = Along(axes_of(node, axis), keep=True)
    reduced_of_some(node, along)
    return make(ARGMAX if largest else ARGMIN, [node], node.shape, along)


def extreme(operation: Operation, node: Node, axis: int | Sequence[int] | None = None, keep: bool = False) -> Node:
    """The largest (MAX) or smallest (MIN) entry along axes."""
    along = Along(axes_of(node, axis), keep)
    if not along.axes:
        return node
    return make(operation, [node], reduced_of_some(node, along), along)


# --- running sums


def _vjp_of_cumsum(node: Node, _: int, delta: Node) -> Node:
    """The running sum from the other end."""
    axis = node.params.axes[0]
    return _backwards(cumsum(_backwards(delta, axis), axis), axis)


def _backwards(node: Node, axis: int) -> Node:
    return index(node, [*[EVERYTHING] * (node.rank + axis), BACKWARDS])


CUMSUM = along_axes("cumsum", lambda node, _, array: np.cumsum(array, axis=node.params.axes[0]), _vjp_of_cumsum)


def cumsum(node: Node, axis: int) -> Node:
    """The running sum along an axis."""
    return make(CUMSUM, [node], node.shape, Along(axes_of(node, axis)))


# --- softmax and its kin


def _vjp_of_softmax(node: Node, _: int, delta: Node) -> Node:
    """p ∘ (g - Σ g∘p)."""
    inner = summed(scaled(delta, node), node.params.axes, keep=True)
    return scaled(node, minus(delta, inner))


def _vjp_of_log_softmax(node: Node, _: int, delta: Node) -> Node:
    """g - p Σ g, p the softmax."""
    p = softmax(node.args[0], node.params.axes)
    return minus(delta, scaled(p, summed(delta, node.params.axes, keep=True)))


def _vjp_of_logsumexp(node: Node, _: int, delta: Node) -> Node:
    """g p, p the softmax."""
    along: Along = node.params
    return scaled(kept(delta, along), softmax(node.args[0], along.axes))


SOFTMAX = along_axes("softmax", lambda node, by, array: by.softmax(array, node.params.axes), _vjp_of_softmax)
LOG_SOFTMAX = along_axes(
    "log_softmax", lambda node, by, array: by.log_softmax(array, node.params.axes), _vjp_of_log_softmax
)
LOGSUMEXP = along_axes("logsumexp", lambda node, by, array: by.logsumexp(array, *node.params), _vjp_of_logsumexp)


def softmax(node: Node, axis: int | Sequence[int] | None) -> Node:
    """exp(zᵢ) / Σⱼ exp(zⱼ) along axes."""
    return make(SOFTMAX, [node], node.shape, Along(axes_of(node, axis)))


def log_softmax(node: Node, axis: int | Sequence[int] | None) -> Node:
    """zᵢ - log Σⱼ exp(zⱼ) along axes."""
    return make(LOG_SOFTMAX, [node], node.shape, Along(axes_of(node, axis)))


def logsumexp(node: Node, axis: int | Sequence[int] | None = None, keep: bool = False) -> Node:
    """log Σ exp(z) along axes."""
    return reduced_by(LOGSUMEXP, node, axis, keep) if axes_of(node, axis) else node


# --- norm and variance


def _vjp_of_norm(node: Node, _: int, delta: Node) -> Node:
    """g x/‖x‖, and 0 where x is: the norm has a kink there, and of its slopes 0 is taken, as for |x|."""
    along: Along = node.params
    return scaled(scaled(kept(delta, along), node.args[0]), _reciprocal(kept(node, along)))


def _reciprocal(node: Node) -> Node:
    """1/n, and 0 where n is 0."""
    own = LETTERS[: node.rank]
    params = Elementwise(Apply("divide", (Number(Fraction(1)), Symbol(slot(0)))), (own,), own)
    return make(RECIPROCAL, [node], node.shape, params)


def _vjp_of_reciprocal(node: Node, _: int, delta: Node) -> Node:
    """-g/n², which is not defined where n is 0."""
    inverse = elementwise("divide", number(1), node.args[0])
    return scaled(scaled(scaled(delta, number(-1)), inverse), inverse)


RECIPROCAL = Operation(
    "reciprocal", lambda _, arithmetic, array: arithmetic.reciprocal(array), _vjp_of_reciprocal, ELEMENTWISE.prints
)


NORM = along_axes("norm", lambda node, by, array: by.norm(array, *node.params), _vjp_of_norm)


def norm(node: Node, axis: int | Sequence[int] | None = None, keep: bool = False) -> Node:
    """The Euclidean norm, of a matrix Frobenius's: √Σx² along axes."""
    return reduced_by(NORM, node, axis, keep)


def variance(
    node: Node, axis: int | Sequence[int] | None = None, keep: bool = False, correction: Fraction = Fraction(0)
) -> Node:
    """Σ(x - mean)²/(n - correction) along axes."""
    along = Along(axes_of(node, axis), keep)
    centred = minus(node, mean(node, axis, keep=True))
    letters = LETTERS[: node.rank]
    square = product([(centred, letters), (centred, letters)], letters, node.shape)
    many = count(node, along)
    if correction:
        many = minus(many, number(correction))
    return over(summed(square, axis, keep, averaged=not correction), many)
