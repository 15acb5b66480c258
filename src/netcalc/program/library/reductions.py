"""Sums, means, variances, norms and the rest that reduce along axes; softmax and its kin."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Constant
from netcalc.graph import build as b
from netcalc.graph import order
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled
from netcalc.program.library.table import Call, Pair, Row, concrete
from netcalc.program.signature import axis as to_axis
from netcalc.program.signature import fraction
from netcalc.program.values import Missing, Tensor, described, is_scalar, node_of

_X = "x|input|a:t"
_INFINITE = (Constant("inf"), Apply("negate", (Constant("inf"),)))
_ALONG = f"{_X} axis|dim:a=None keepdims|keepdim:b=False"
_WHERE = f"{_ALONG} where|mask:v=None"


def _variance(
    call: Call, x: Tensor, axis: Any, unbiased: Any, keep: bool, ddof: Any
) -> tuple[Node, Any, bool, Fraction]:
    if isinstance(axis, bool):  # torch.var(x, False)
        axis, unbiased = None, axis
    if ddof is None and unbiased is None and not call.library:
        call.note(f"{call.name}() divides by n, as NumPy's does; write unbiased=True or ddof=1 for n - 1")
    usual = 1 if call.library == "torch" else 0
    correction = fraction(ddof) if ddof is not None else Fraction(usual if unbiased is None else int(bool(unbiased)))
    return x.node, to_axis(axis), keep, correction


def _with_mean(spread: Callable[..., Node]) -> Callable[..., tuple[Node, Node]]:
    def build(call: Call, x: Tensor, axis: Any, unbiased: Any, keep: bool, ddof: Any) -> tuple[Node, Node]:
        return spread(*_variance(call, x, axis, unbiased, keep, ddof)), b.mean(x.node, axis, keep)

    return build


def _extreme(call: Call, x: Tensor, axis: Any, keep: bool, initial: Any, where: Any, *, largest: bool) -> Any:
    name = "max" if largest else "min"
    if isinstance(axis, Tensor):  # torch.max(x, y)
        return b.elementwise(name, x.node, axis.node)
    axis = to_axis(axis)
    if where is not None and initial is None:
        raise NetcalcError(f"{name} with where= takes initial=")
    node = x.node if where is None else b.where(node_of(where), x.node, node_of(initial))
    value = (b.largest if largest else b.smallest)(node, axis, keep)
    if initial is not None:
        value = b.elementwise(name, value, node_of(initial))
    if isinstance(axis, int) and call.name in ("max", "min") and call.library == "torch":
        is_counted = isinstance(settled(x.shape[axis]), int)
        place = Tensor(_place(x.node, axis, keep, largest=largest), "int") if is_counted else Missing("indices")
        return Pair((Tensor(value, x.kind), place))
    if isinstance(axis, int) and not call.library and call.name in ("max", "min"):
        call.note(f"{name}(…) along an axis is its values, as NumPy has it; write dim= for PyTorch's pair")
    return value


def _place(x: Node, axis: int | None, keep: bool, *, largest: bool) -> Node:
    """Where the largest entry is, the first of equal ones."""
    if axis is None:
        x, axis = b.reshaped(x, [-1]), 0
    concrete(settled(x.shape[axis]), "argmax")
    return order.place(x, axis, keep, largest=largest)


def _picked(x: Tensor, where: Any, otherwise: int) -> Node:
    """The entries that count, and one that changes nothing in the others' places."""
    return x.node if where is None else b.where(node_of(where), x.node, b.number(otherwise))


def _mean(x: Tensor, axis: Any, keep: bool, where: Any) -> Node:
    if where is None:
        return b.mean(x.node, axis, keep)
    counted = b.broadcast(b.compared("unequal", node_of(where), b.number(0)), x.node.shape)
    return b.divide(b.summed(_picked(x, where, 0), axis, keep), b.summed(counted, axis, keep))


def _first_place(x: Tensor, axis: Any, keep: bool, *, largest: bool) -> Node:
    return _place(x.node, to_axis(axis), keep, largest=largest)


def _norm(call: Call, x: Tensor, order: Any, axis: Any, keep: bool) -> Node:
    axis = to_axis(axis)
    if order not in (None, "fro") and (axes := _matrix_axes(call, x, axis)) is not None:
        return _matrix_norm(x, order, axes, keep)
    return norm_of_vectors(x, order, axis, keep)


def norm_of_vectors(x: Tensor, order: Any, axis: Any, keep: bool) -> Node:
    """(Σ |x|ᵖ)^(1/p) along axes; None is order 2."""
    if order in (None, 2, "fro"):
        return b.norm(x.node, axis, keep)
    size = b.elementwise("abs", x.node)
    if order == 0:
        return b.summed(b.compared("unequal", x.node, b.number(0)), axis, keep)
    if order == 1:
        return b.summed(size, axis, keep)
    if order in _INFINITE:
        return (b.largest if order == _INFINITE[0] else b.smallest)(size, axis, keep)
    if not is_scalar(order):
        raise NetcalcError(
            f"a norm of order {order!r} is not understood"
            if isinstance(order, str)
            else f"the order of a norm is a number, not {described(order)}"
        )
    power = b.power(size, node_of(order))
    return b.power(b.summed(power, axis, keep), b.divide(b.number(1), node_of(order)))


def _matrix_axes(call: Call, x: Tensor, axis: Any) -> tuple[int, int] | None:
    """The rows' and the columns' axis where a norm is that of a matrix; torch.norm takes all entries as one vector."""
    if call.name == "vector_norm" or (call.name == "norm" and call.library == "torch"):
        return None
    if axis is None and (x.rank == 2 or call.name == "matrix_norm"):
        return -2, -1
    return axis if isinstance(axis, tuple) and len(axis) == 2 else None


def _matrix_norm(x: Tensor, order: Any, axes: tuple[int, int], keep: bool) -> Node:
    """Order 1 is the largest sum of a column's sizes, inf that of a row's; -1 and -inf are the smallest ones."""
    if order == 2:
        raise NetcalcError("the spectral norm of a matrix is not understood; leave the 2 out for Frobenius's")
    if order not in (1, -1, *_INFINITE):
        raise NetcalcError("of a matrix's norms 'fro', 1, -1, inf and -inf are understood")
    sums = b.summed(b.elementwise("abs", x.node), axes[0] if order in (1, -1) else axes[1], True)
    return (b.largest if order in (1, _INFINITE[0]) else b.smallest)(sums, axes, keep)


def _distance(call: Call, x: Tensor, y: Tensor, order: Any) -> Node:
    """That of all entries, as of one vector."""
    apart = b.add(x.node, b.negate(y.node))
    return _norm(call, Tensor(b.reshaped(apart, [-1]) if apart.rank > 1 else apart), order, None, False)


def _average(x: Tensor, axis: Any, weights: Any) -> Node:
    if weights is None:
        return b.mean(x.node, axis)
    w = node_of(weights)
    if w.rank < x.rank and isinstance(axis, int):
        w = b.reshaped(w, [w.shape[0], *[1] * (x.rank - 1 - axis % x.rank)])
    return b.divide(b.summed(b.multiply(x.node, w), axis), b.summed(b.broadcast(w, x.node.shape), axis))


def _cumulative(x: Tensor, axis: Any) -> Node:
    if isinstance(axis, tuple):
        raise ShapeError("cumsum goes along one axis")
    node = x.node if axis is not None else b.reshaped(x.node, [-1])
    return b.cumsum(node, axis or 0)


def _running(x: Tensor, axis: int, what: str, function: Callable[[Node, int, bool], Node]) -> Node:
    """A function of the entries up to each, along an axis."""
    axis = axis % x.rank
    many = concrete(settled(x.node.shape[axis]), what)
    front = [b.EVERYTHING] * axis
    parts = [b.index(x.node, [*front, b.Span(None, n + 1, None)]) for n in range(many)]
    return b.stack([function(part, axis, False) for part in parts], axis)


def _running_extreme(call: Call, x: Tensor, axis: int) -> Any:
    """PyTorch's are values and places, of equal ones the last; NumPy's maximum.accumulate the values alone."""
    largest = call.name == "cummax"
    values = _running(x, axis, call.name, b.largest if largest else b.smallest)
    if call.library != "torch":
        return values

    def last_place(part: Node, axis: int, keep: bool) -> Node:
        behind = [*[b.EVERYTHING] * axis, b.Span(None, None, -1)]
        many = concrete(settled(part.shape[axis]), call.name)
        return b.subtract(b.number(many - 1), _place(b.index(part, behind), axis, keep, largest=largest))

    return Pair((Tensor(values, x.kind), Tensor(_running(x, axis, call.name, last_place), "int")))


def _softmax(function: Any, sign: int = 1) -> Any:
    def build(call: Call, x: Tensor, axis: Any) -> Node:
        if axis == "":
            axis = None if call.library == "scipy" else -1
            if call.library == "torch" and x.rank != 1:
                call.note(f"{call.name} without dim is along the last axis")
        node = x.node if sign == 1 else b.negate(x.node)
        return function(node, to_axis(axis))  # type: ignore[no-any-return]

    return build


def _any_or_all(x: Tensor, axis: Any, keep: bool, *, every: bool) -> Node:
    holds = b.compared("unequal", x.node, b.number(0))
    return (b.smallest if every else b.largest)(holds, axis, keep)


_VARIANCE = f"{_X} axis|dim:v=None unbiased:v=None keepdims|keepdim:b=False ddof|correction:v=None"
_OPTIONS = "axis|dim:v=None keepdims|keepdim:b=False"
_EXTREME = f"{_X} axis|dim|other:v=None keepdims|keepdim:b=False initial:v=None where:v=None"

ROWS = [
    Row(
        "sum nansum",
        _WHERE,
        lambda x, axis, keep, where: b.summed(_picked(x, where, 0), axis, keep),
        "Σ x along axes",
        "counted",
    ),
    Row("mean nanmean", _WHERE, _mean, "the mean along axes"),
    Row("average", f"{_X} axis:a=None weights:v=None", _average, "the weighted mean"),
    Row(
        "prod",
        _WHERE,
        lambda x, axis, keep, where: b.prod(_picked(x, where, 1), axis, keep),
        "Π x along axes",
        "counted",
    ),
    Row("var", _VARIANCE, lambda *a: b.variance(*_variance(*a)), "the variance along axes", asks=True),
    Row("std", _VARIANCE, lambda *a: b.std(*_variance(*a)), "the standard deviation along axes", asks=True),
    Row("std_mean", _VARIANCE, _with_mean(b.std), "standard deviation and mean", asks=True),
    Row("var_mean", _VARIANCE, _with_mean(b.variance), "variance and mean", asks=True),
    Row("max amax", _EXTREME, partial(_extreme, largest=True), "the largest entry along axes", "widest", asks=True),
    Row("min amin", _EXTREME, partial(_extreme, largest=False), "the smallest entry along axes", "widest", asks=True),
    Row("argmax", f"{_X} {_OPTIONS}", partial(_first_place, largest=True), "where the largest entry is", kind="int"),
    Row("argmin", f"{_X} {_OPTIONS}", partial(_first_place, largest=False), "where the smallest entry is", kind="int"),
    Row("all", _ALONG, lambda x, axis, keep: _any_or_all(x, axis, keep, every=True), "1 where all hold", kind="bool"),
    Row("any", _ALONG, lambda x, axis, keep: _any_or_all(x, axis, keep, every=False), "1 where one holds", kind="bool"),
    Row("logsumexp", _ALONG, lambda x, axis, keep: b.logsumexp(x.node, axis, keep), "log Σ eˣ along axes"),
    Row("norm matrix_norm", f"{_X} ord|p:v=None {_OPTIONS}", _norm, "√Σx², or another order", asks=True),
    Row("vector_norm", f"{_X} ord|p:v=2 {_OPTIONS}", _norm, "the norm along axes", asks=True),
    Row("dist", "x|input:t y|other:t p|order:v=2", _distance, "the norm of x − y", asks=True),
    Row("fsum", "x:t", lambda x: b.summed(x.node, None, False), "the sum"),
    Row("sumprod", "x|p:t y|q:t", lambda x, y: b.dot(x.node, y.node), "the inner product"),
    Row(
        "ptp",
        _ALONG,
        lambda x, axis, keep: b.subtract(b.largest(x.node, axis, keep), b.smallest(x.node, axis, keep)),
        "the largest entry less the smallest",
        "same",
    ),
    Row(
        "logcumsumexp cumlogsumexp",
        f"{_X} axis|dim:i",
        lambda x, axis: _running(x, axis, "logcumsumexp", b.logsumexp),
        "the running log Σ eˣ",
    ),
    Row("cummax cummin", f"{_X} axis|dim:i=0", _running_extreme, "the largest and the smallest so far", asks=True),
    Row("cumsum", f"{_X} axis|dim:a=None", _cumulative, "the running sum", "counted"),
    Row("softmax", f"{_X} axis|dim:v=''", _softmax(b.softmax), "eˣ / Σ eˣ along an axis", asks=True),
    Row("log_softmax", f"{_X} axis|dim:v=''", _softmax(b.log_softmax), "log(eˣ / Σ eˣ) along an axis", asks=True),
    Row("softmin", f"{_X} axis|dim:v=''", _softmax(b.softmax, -1), "e⁻ˣ / Σ e⁻ˣ along an axis", asks=True),
    Row(
        "count_nonzero",
        _ALONG,
        lambda x, axis, keep: b.summed(b.compared("unequal", x.node, b.number(0)), axis, keep),
        "how many are not 0",
        "counted",
    ),
]
