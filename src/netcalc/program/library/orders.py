"""What goes by order: sorting, the largest few, medians and quantiles.

An order is indices, which have no gradient; what is sorted is the entries that it picks.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.order import argsort
from netcalc.graph.sizes import settled
from netcalc.program.library.shaping import entries_along
from netcalc.program.library.table import Call, Pair, Row, concrete
from netcalc.program.signature import fraction
from netcalc.program.values import Tensor

MAX_SORTED = 500  # entries: each is compared with each


class Order:
    """The order of an array along an axis; of all its entries as one vector where the axis is None."""

    def __init__(self, node: Node, axis: Any, what: str, *, descending: bool = False) -> None:
        if axis is None:
            node, axis = b.reshaped(node, [-1]), 0
        self.node, self.axis = node, axis % node.rank
        self.many = concrete(settled(node.shape[self.axis]), what)
        if self.many > MAX_SORTED:
            said = f"{what} takes up to {MAX_SORTED} entries, and here are {self.many:,}"
            raise NetcalcError(f"{said}: give the order with --at")
        self.order = argsort(b.negate(node) if descending else node, self.axis)

    def part(self, start: int | None, stop: int | None) -> tuple[Node, Node]:
        """The entries that come there, and where they stand."""
        order = b.index(self.order, [*[b.EVERYTHING] * self.axis, b.Span(start, stop, None)])
        return entries_along(self.node, order, self.axis), order

    def entry(self, place: int, *, keep: bool) -> tuple[Node, Node]:
        """The entry that comes there, and where it stands; the axis is kept with size 1, or is gone."""
        both = self.part(place, place + 1)
        return both if keep else tuple(b.index(one, [*[b.EVERYTHING] * self.axis, 0]) for one in both)  # type: ignore[return-value]


def _pair(both: tuple[Node, Node], x: Tensor) -> Pair:
    return Pair((Tensor(both[0], x.kind), Tensor(both[1], "int")))


def _sort(call: Call, x: Tensor, axis: Any, descending: bool, _: Any) -> Any:
    first = 0 if call.name == "msort" else -1
    order = Order(x.node, first if axis == "" else axis, call.name, descending=descending)
    both = _pair(order.part(None, None), x)
    return both if call.library == "torch" and call.name == "sort" else both[0]


def _argsort(x: Tensor, axis: Any, descending: bool, _: Any) -> Node:
    return Order(x.node, -1 if axis == "" else axis, "argsort", descending=descending).order


def _top(x: Tensor, many: int, axis: int, largest: bool, _: Any) -> Pair:
    return _pair(Order(x.node, axis, "topk", descending=largest).part(None, many), x)


def _kth(call: Call, x: Tensor, k: int, axis: int, keep: bool) -> Pair:
    return _pair(Order(x.node, axis, call.name).entry(k - 1, keep=keep), x)


def _median(call: Call, x: Tensor, axis: Any, keep: bool) -> Any:
    """The middle entry; of an even number the mean of both, but for PyTorch, which takes the lower."""
    if call.library != "torch":
        return _quantile(call, x, Fraction(1, 2), axis, keep)
    order = Order(x.node, axis, "median")
    both = order.entry((order.many - 1) // 2, keep=keep)
    return both[0] if axis is None else _pair(both, x)


def _quantile(call: Call, x: Tensor, q: Any, axis: Any, keep: bool) -> Node:
    """Between the entries beside place q (n - 1), as a straight line goes."""
    whole = 100 if call.name == "percentile" else 1
    if isinstance(q, list | tuple | Tensor):
        raise NetcalcError(f"{call.name} takes one number here, as in {call.name}(x, {whole / 4:g})")
    share = fraction(q) / whole
    if not 0 <= share <= 1:
        raise NetcalcError(f"{call.name} takes a share from 0 to {whole}")
    order = Order(x.node, axis, call.name)
    place = share * (order.many - 1)
    low = int(place)
    found, _ = order.entry(low, keep=keep)
    if part := place - low:
        above, _ = order.entry(low + 1, keep=keep)
        found = b.add(b.multiply(b.number(1 - part), found), b.multiply(b.number(part), above))
    return found


_X = "x|input|a|operand:t"
_SORT = f"{_X} axis|dim|dimension:v='' descending:b=False stable:v=None"
ROWS = [
    Row(
        "sort msort", _SORT, _sort, "the entries in order; PyTorch's also the places they come from", "same", asks=True
    ),
    Row("argsort", _SORT, _argsort, "the places that the entries in order come from", kind="int"),
    Row(
        "topk top_k",
        f"{_X} k:i dim:i=-1 largest:b=True sorted:v=None",
        _top,
        "the k largest entries, and their places",
    ),
    Row("kthvalue", f"{_X} k:i dim:i=-1 keepdim:b=False", _kth, "the k-th smallest entry, and its place", asks=True),
    Row("median", f"{_X} axis|dim:v=None keepdims|keepdim:b=False", _median, "the middle entry", asks=True),
    Row(
        "quantile percentile",
        f"{_X} q:v axis|dim:v=None keepdims|keepdim:b=False",
        _quantile,
        "what so large a share of the entries is below",
        asks=True,
    ),
]
