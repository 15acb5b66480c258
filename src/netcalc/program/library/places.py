"""Rows and entries at places that whole numbers say: taken, written and added."""

from __future__ import annotations

from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import arange
from netcalc.graph.node import Node
from netcalc.graph.shaping import Keyed
from netcalc.graph.sizes import settled, written
from netcalc.program.library.elementwise import INFINITY, MINUS_INFINITY
from netcalc.program.library.shaping import axis_of, beside, entries_along
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import whole
from netcalc.program.values import Tensor, kind_of, node_of


def _take(call: Call, x: Tensor, places: Tensor, axis: Any) -> Node:
    node = x.node if axis is not None else b.reshaped(x.node, [-1])
    call.index(places, settled(node.shape[axis_of(node, axis or 0)]))
    return b.index(node, [*[b.EVERYTHING] * axis_of(node, axis or 0), b.Place(1)], [places.node])


def _gather(call: Call, x: Tensor, axis: Any, places: Tensor) -> Node:
    """x's entries at places along an axis, the other axes as they are."""
    axis = axis_of(x.node, whole(axis))
    call.index(places, x.shape[axis])
    if places.rank != x.rank:
        raise ShapeError(f"{call.name} needs places with as many axes as {written(x.shape)}")
    return entries_along(x.node, places.node, axis)


def _scattered(call: Call, x: Tensor, axis: int, places: Tensor, source: Any) -> tuple[Node, Node]:
    """What is written, as an array in x's shape, and 1 where something is."""
    axis = axis_of(x.node, axis)
    call.index(places, x.shape[axis])
    arrays = beside(places.node, axis)
    keyed = Keyed(tuple(b.Place(n + 1) for n in range(x.rank)), x.node.shape)
    value = node_of(source)
    if value.rank == places.rank and value.rank:
        value = b.index(value, [b.Span(0, concrete(size, call.name), None) for size in map(settled, places.node.shape)])
    spread = b.scatter(b.broadcast(value, places.node.shape), keyed, arrays)
    return spread, b.scatter(b.number(1, places.node.shape), keyed, arrays)


def _scatter(call: Call, x: Tensor, axis: int, places: Tensor, source: Any) -> Node:
    known = call.known(places)
    if known is not None and _says_one_twice(known, axis_of(x.node, axis)):
        raise NetcalcError(f"{call.name} writes to one place twice: which stays is not said")
    spread, written_there = _scattered(call, x, axis, places, source)
    return b.where(written_there, spread, x.node)


def _scatter_add(call: Call, x: Tensor, axis: int, places: Tensor, source: Any) -> Node:
    return b.add(x.node, _scattered(call, x, axis, places, source)[0])


def _index_add(call: Call, x: Tensor, axis: int, places: Tensor, source: Tensor) -> Node:
    call.index(places, x.shape[axis_of(x.node, axis)])
    key: b.Key = (*[b.EVERYTHING] * axis_of(x.node, axis), b.Place(1))
    spread = b.scatter(source.node, Keyed(key, x.node.shape), [places.node])
    return b.add(x.node, spread)


def _says_one_twice(places: np.ndarray, axis: int) -> bool:
    ordered = np.sort(places, axis=axis)
    return bool(np.any(np.diff(ordered, axis=axis) == 0))


def _index_put(call: Call, x: Tensor, places: Any, value: Tensor, adds: bool) -> Node:
    """PyTorch's x[places] = value, or +=, of whole numbers along the first axes."""
    if any(kind_of(one) == "bool" for one in places):
        raise NetcalcError(f"{call.name} with a mask is not understood; write x[mask] = value")
    for one, extent in zip(places, x.shape, strict=False):
        call.index(one, extent)
    arrays = [node_of(one) for one in places]
    key = tuple(b.Place(n + 1) for n in range(len(arrays)))
    there = b.index(x.node, key, arrays)
    spread = b.scatter(b.broadcast(value.node, there.shape), Keyed(key, x.node.shape), arrays)
    if adds:
        return b.add(x.node, spread)
    known = [call.known(one) for one in places]
    numbers = [one for one in known if one is not None]
    pairs = list(zip(*(one.ravel().tolist() for one in np.broadcast_arrays(*numbers)), strict=True))
    if len(set(pairs)) < len(pairs):
        raise NetcalcError(f"{call.name} writes to one place twice: which stays is not said")
    return b.where(b.scatter(b.number(1, there.shape), Keyed(key, x.node.shape), arrays), spread, x.node)


def _segment_sum(call: Call, x: Tensor, places: Tensor, many: Any) -> Node:
    """The rows of each segment added up."""
    many = _segments(call, places, many)
    return b.scatter(x.node, Keyed((b.Place(1),), (many, *x.node.shape[1:])), [places.node])


def _scatter_reduce(
    call: Call, x: Tensor, axis: int, places: Tensor, source: Tensor, how: str, with_self: bool
) -> Node:
    """What is scattered to each place, and the entry there if that counts too, added up or averaged."""
    if how not in ("sum", "mean"):
        raise NetcalcError(f"{call.name} with reduce='{how}' is not understood; 'sum' and 'mean' are")
    spread, many = _scattered(call, x, axis, places, source)
    if with_self:
        found, many = b.add(x.node, spread), b.add(b.number(1), many)
        return found if how == "sum" else b.divide(found, many)
    found = spread if how == "sum" else b.divide(spread, b.elementwise("max", many, b.number(1)))
    return b.where(b.compared("greater", many, b.number(0)), found, x.node)


def _segment_extreme(call: Call, x: Tensor, places: Tensor, many: Any) -> Node:
    """The largest or smallest row of each segment, entry by entry; of one without rows minus or plus infinity."""
    many = _segments(call, places, many)
    is_largest = call.name == "segment_max"
    numbers = b.index(arange(many), [b.EVERYTHING, None])
    is_within = b.compared("equal", numbers, places.node)
    wide = b.index(is_within, [b.EVERYTHING, b.EVERYTHING, *[None] * (x.rank - 1)])
    without = b.number_of(MINUS_INFINITY if is_largest else INFINITY)
    return (b.largest if is_largest else b.smallest)(b.where(wide, x.node, without), 1)


def _segments(call: Call, places: Tensor, many: Any) -> int:
    """How many segments there are; known places tell too."""
    if many is None:
        known = call.known(places)
        if known is None:
            raise NetcalcError(f"{call.name} needs num_segments=")
        many = int(known.max()) + 1
    call.index(places, many)
    return concrete(many, call.name)


_X = "x|input|a|m|ary|self|tensor|A:t"
_SEGMENTS = "data:t segment_ids:t num_segments:v=None indices_are_sorted:v=False unique_indices:v=False"
ROWS = [
    Row(
        "index_put index_put_",
        f"{_X} indices:v values:t accumulate:b=False",
        _index_put,
        "written, or added, at places along the first axes",
        "widest",
        asks=True,
    ),
    Row("take", f"{_X} indices|index:t axis|dim:v=None", _take, "entries at places", "same", asks=True),
    Row(
        "index_select",
        f"{_X} dim:v index:t",
        lambda c, x, dim, index: _take(c, x, index, whole(dim)),
        "rows at places",
        "same",
        asks=True,
    ),
    Row("gather", f"{_X} dim:i index:t", _gather, "entries at places along an axis", "same", asks=True),
    Row(
        "take_along_axis take_along_dim",
        f"{_X} indices:t axis|dim:i",
        lambda c, x, places, axis: _gather(c, x, axis, places),
        "entries at places along an axis",
        "same",
        asks=True,
    ),
    Row(
        "segment_sum",
        _SEGMENTS,
        lambda call, x, places, many, *_: _segment_sum(call, x, places, many),
        "the rows of each segment added up",
        asks=True,
    ),
    Row(
        "index_add index_add_",
        f"{_X} dim:i index:t source:t",
        _index_add,
        "added into rows at places",
        "widest",
        asks=True,
    ),
    Row(
        "scatter scatter_",
        f"{_X} dim:i index:t src|value:v",
        _scatter,
        "written at places along an axis",
        "widest",
        asks=True,
    ),
    Row(
        "scatter_add scatter_add_",
        f"{_X} dim:i index:t src:v",
        _scatter_add,
        "added at places along an axis",
        "widest",
        asks=True,
    ),
    Row(
        "scatter_reduce scatter_reduce_",
        f"{_X} dim:i index:t src:t reduce:s include_self:b=True",
        _scatter_reduce,
        "added up, or averaged, at places along an axis",
        "widest",
        asks=True,
    ),
    Row(
        "segment_max segment_min",
        _SEGMENTS,
        lambda call, x, places, many, *_: _segment_extreme(call, x, places, many),
        "the largest or smallest rows of each segment",
        asks=True,
    ),
]
