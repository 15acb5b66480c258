"""What moves entries: reshape and transpose, join and split, pick and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import INPUT, triangular_ones
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.shaping import Keyed
from netcalc.graph.sizes import over, plus, same, settled, times, total, written
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import sizes as to_sizes
from netcalc.program.signature import whole
from netcalc.program.values import Tensor, node_of

ALL = b.Span(None, None, None)


def _axis(node: Node, axis: int, extra: int = 0) -> int:
    rank = node.rank + extra
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is not there: {written(node.shape)} has {node.rank} axes")
    return axis % rank


def _sizes(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Sizes by themselves or in a list."""
    if len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        arguments = arguments[0]
    return to_sizes(list(arguments))


def _axes(arguments: Sequence[Any]) -> tuple[int, ...]:
    if len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        arguments = arguments[0]
    return tuple(whole(one) for one in arguments)


def _reshape(x: Tensor, sizes: list[Any]) -> Node:
    return b.reshaped(x.node, _sizes(sizes))


def _flatten(x: Tensor, start: Any, end: int) -> Node:
    if not x.rank:
        return b.reshaped(x.node, [1])
    if isinstance(start, str):  # NumPy's order
        start = 0
    start, end = _axis(x.node, start), _axis(x.node, end)
    shape = x.shape
    return b.reshaped(x.node, [*shape[:start], total(shape[start : end + 1]), *shape[end + 1 :]])


def _unflatten(x: Tensor, axis: int, sizes: Any) -> Node:
    axis, shape = _axis(x.node, axis), x.shape
    sizes = list(to_sizes(sizes))
    if -1 in sizes:
        known = total([one for one in sizes if one != -1])
        sizes[sizes.index(-1)] = over(shape[axis], known)
    return b.reshaped(x.node, [*shape[:axis], *sizes, *shape[axis + 1 :]])


def transposed(call: Call, x: Tensor, arguments: list[Any]) -> Node:
    """NumPy's transpose(axes), or PyTorch's transpose(d0, d1)."""
    axes = _axes(arguments) if arguments and arguments[0] is not None else None
    if axes is not None and len(axes) == 2 and not isinstance(arguments[0], list | tuple):
        as_torch = call.library == "torch" or x.rank != 2 or sorted(one % 2 for one in axes) != [0, 1]
        if as_torch or axes in ((1, 0), (0, 1)):
            if call.library != "torch" and axes == (0, 1) and x.rank == 2:
                call.note("transpose(0, 1) is taken as NumPy's, which changes nothing; write .T to transpose")
                return x.node
            return _swapped(x, *axes)
    return b.transpose(x.node, axes)


def _swapped(x: Tensor, first: int, second: int) -> Node:
    order = list(range(x.rank))
    first, second = _axis(x.node, first), _axis(x.node, second)
    order[first], order[second] = order[second], order[first]
    return b.transpose(x.node, order)


def _permute(x: Tensor, axes: list[Any]) -> Node:
    return b.transpose(x.node, _axes(axes))


def _moved(x: Tensor, source: Any, destination: Any) -> Node:
    sources = [one % x.rank for one in ([source] if isinstance(source, int) else source)]
    destinations = [one % x.rank for one in ([destination] if isinstance(destination, int) else destination)]
    order = [n for n in range(x.rank) if n not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return b.transpose(x.node, order)


def _squeeze(x: Tensor, axis: Any) -> Node:
    shape = x.shape
    if axis is None:
        gone = {n for n, size in enumerate(shape) if size == 1}
    else:
        gone = {_axis(x.node, one) for one in ([axis] if isinstance(axis, int) else axis)}
        gone = {n for n in gone if shape[n] == 1}
    return b.index(x.node, [0 if n in gone else ALL for n in range(x.rank)]) if gone else x.node


def _unsqueeze(x: Tensor, axis: Any) -> Node:
    node = x.node
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = node.rank + len(axes)
    places = {one % rank for one in axes if -rank <= one < rank}
    if len(places) < len(axes):
        raise ShapeError(f"there is no place {axis} for a new axis in {written(node.shape)}")
    return b.index(node, [None if n in places else ALL for n in range(rank)])


def _expand(x: Tensor, sizes: list[Any]) -> Node:
    wanted = list(_sizes(sizes))
    own = x.shape
    first = len(wanted) - len(own)
    if first < 0:
        raise ShapeError(f"{written(own)} does not expand to {written(tuple(wanted))}")
    shape = [own[n - first] if size == -1 and n >= first else size for n, size in enumerate(wanted)]
    return b.broadcast(x.node, tuple(shape))


def _tile(x: Tensor, repeats: list[Any]) -> Node:
    times_ = list(_sizes(repeats))
    node = x.node
    while node.rank < len(times_):
        node = b.index(node, [None])
    times_ = [1] * (node.rank - len(times_)) + times_
    wide: list[Any] = []
    shape: list[Any] = []
    for size, many in zip(node.shape, times_, strict=True):
        wide += [None, ALL]
        shape += [many, size]
    spread = b.broadcast(b.index(node, wide), tuple(shape))
    return b.reshaped(spread, [times(many, size) for many, size in zip(times_, node.shape, strict=True)])


def _repeat(call: Call, x: Tensor, arguments: list[Any], axis: Any) -> Node:
    """NumPy's repeat of each entry, or PyTorch's tile."""
    if axis is None and (call.library == "torch" or len(arguments) > 1):
        return _tile(x, arguments)
    if axis is None and len(arguments) == 2:
        axis = arguments.pop()
    return _interleaved(x, arguments[0], axis)


def _interleaved(x: Tensor, many: Any, axis: Any) -> Node:
    node = x.node if axis is not None else b.reshaped(x.node, [-1])
    axis, many = _axis(node, axis or 0), whole(many)
    wide = b.index(node, [*[ALL] * (axis + 1), None])
    shape = (*node.shape[: axis + 1], many, *node.shape[axis + 1 :])
    return b.reshaped(
        b.broadcast(wide, shape), [*node.shape[:axis], times(node.shape[axis], many), *node.shape[axis + 1 :]]
    )


def _roll(x: Tensor, shift: Any, axis: Any) -> Node:
    if axis is None:
        flat = Tensor(b.reshaped(x.node, [-1]))
        return b.reshaped(_roll(flat, shift, 0), x.shape)
    node = x.node
    shifts, axes = ([shift], [axis]) if isinstance(axis, int) else (list(shift), list(axis))
    for by, one in zip(shifts, axes, strict=True):
        place = _axis(node, one)
        cut = -whole(by) % concrete(settled(node.shape[place]), "roll")
        front = [ALL] * place
        parts = [b.index(node, [*front, b.Span(cut, None, None)]), b.index(node, [*front, b.Span(0, cut, None)])]
        node = b.joined(parts, place) if cut else node
    return node


def _flip(x: Tensor, axes: Any) -> Node:
    axes = range(x.rank) if axes is None else [axes] if isinstance(axes, int) else axes
    places = {_axis(x.node, one) for one in axes}
    return b.index(x.node, [b.Span(None, None, -1) if n in places else ALL for n in range(x.rank)])


def _concatenate(arrays: list[Tensor], axis: Any) -> Node:
    nodes = [one.node for one in arrays]
    if axis is None:
        return b.joined([b.reshaped(node, [-1]) for node in nodes], 0)
    nodes = [node for node in nodes if node.shape != (0,)] or nodes[:1]
    return b.joined(nodes, axis)


def _stacked_at(axis: int, least: int) -> Any:
    """hstack (least 1, axis 1, or 0 of vectors) and vstack."""

    def build(arrays: list[Tensor]) -> Node:
        nodes = [one.node for one in arrays]
        if axis == 1 and all(node.rank <= 1 for node in nodes):
            return b.joined([b.reshaped(node, [-1]) for node in nodes], 0)
        wide = [
            node
            if node.rank >= least
            else b.reshaped(node, [*[1] * (least - max(node.rank, 1)), *(node.shape or (1,))])
            for node in nodes
        ]
        return b.joined(wide, axis)

    return build


def _deep(arrays: list[Tensor]) -> Node:
    nodes = [one.node if one.rank > 1 else b.reshaped(one.node, [1, -1]) for one in arrays]
    return b.joined([node if node.rank > 2 else b.index(node, [ALL, ALL, None]) for node in nodes], 2)


def _columns(arrays: list[Tensor]) -> Node:
    return b.joined([one.node if one.rank > 1 else b.reshaped(one.node, [-1, 1]) for one in arrays], 1)


def _split_at(node: Node, ends: Sequence[int], axis: int) -> list[Node]:
    front = [ALL] * axis
    starts = [0, *ends]
    stops = [*ends, None]
    return [b.index(node, [*front, b.Span(i, j, None)]) for i, j in zip(starts, stops, strict=True)]


def pieces(node: Node, many: int, axis: int, *, uneven: bool = False) -> list[Node]:
    """The node in `many` parts along an axis."""
    axis = _axis(node, axis)
    size = settled(node.shape[axis])
    part = over(size, many)
    if isinstance(size, int):
        if part is None and not uneven:
            raise ShapeError(f"an axis of {size} does not split into {many} equal parts")
        ends = [size * n // many if part else n * (size // many) + min(n, size % many) for n in range(1, many)]
        return _split_at(node, ends, axis)
    if part is None:
        raise NetcalcError(f"the size {size} has to be a number to split it in {many}; say it with --shape")
    rows = b.reshaped(node, [*node.shape[:axis], many, part, *node.shape[axis + 1 :]])
    return [b.index(rows, [*[ALL] * axis, n]) for n in range(many)]


def _split(call: Call, x: Tensor, sections: Any, axis: int) -> list[Node]:
    """PyTorch's pieces of a size, NumPy's number of pieces; a list is of sizes or of cuts."""
    node, axis = x.node, _axis(x.node, axis)
    as_torch = call.library == "torch"
    if isinstance(sections, list | tuple):
        cuts = [whole(one) for one in sections]
        if as_torch:
            ends = list(np.cumsum(cuts))[:-1]
            if not same(node.shape[axis], int(sum(cuts))):
                raise ShapeError(f"{cuts} do not add up to {settled(node.shape[axis])}")
            return _split_at(node, [int(one) for one in ends], axis)
        return _split_at(node, cuts, axis)
    if as_torch:
        size = settled(node.shape[axis])
        if not isinstance(size, int) or not isinstance(sections, int):
            many = over(size, sections)
            if not isinstance(many, int):
                raise NetcalcError(f"the size {size} has to be a number to split it; say it with --shape")
            return pieces(node, many, axis)
        return _split_at(node, list(range(sections, size, sections)), axis)
    return pieces(node, whole(sections), axis, uneven=call.name == "array_split")


def _chunk(x: Tensor, many: int, axis: int) -> tuple[Node, ...]:
    size = settled(x.node.shape[_axis(x.node, axis)])
    if isinstance(size, int) and size % many:
        step = -(-size // many)
        return tuple(_split_at(x.node, list(range(step, size, step)), _axis(x.node, axis)))
    return tuple(pieces(x.node, many, axis))


def _unbind(x: Tensor, axis: int) -> list[Node]:
    axis = _axis(x.node, axis)
    many = concrete(settled(x.node.shape[axis]), "unbind")
    return [b.index(x.node, [*[ALL] * axis, n]) for n in range(many)]


def _narrow(x: Tensor, axis: int, start: int, length: int) -> Node:
    return b.index(x.node, [*[ALL] * _axis(x.node, axis), b.Span(start, start + length, None)])


def _select(x: Tensor, axis: int, place: int) -> Node:
    return b.index(x.node, [*[ALL] * _axis(x.node, axis), place])


def padded(node: Node, widths: Sequence[tuple[int, int]], value: Node | None = None) -> Node:
    """The node with so many entries more before and behind along each axis: 0, or `value`."""
    if not any(one for pair in widths for one in pair):
        return node
    shape: list[Any] = []
    key: list[Any] = []
    for size, (before, behind) in zip(map(settled, node.shape), widths, strict=True):
        shape.append(plus(size, before + behind))
        stop = None if not behind else -behind
        key.append(b.Span(before, stop, None) if before or behind else ALL)
    keyed = Keyed(tuple(key), tuple(shape))
    wide = b.scatter(node, keyed)
    if value is None:
        return wide
    inside = b.scatter(b.number(1, node.shape), keyed)
    return b.where(inside, wide, value)


def _pad(call: Call, x: Tensor, widths: Any, mode: str, value: Any) -> Node:
    if mode != "constant":
        raise NetcalcError(f"pad with mode {mode!r} is not understood; constant is")
    as_torch = call.library == "torch"
    if as_torch:
        flat = list(_axes([widths]))
        pairs = [(flat[n], flat[n + 1]) for n in range(0, len(flat) - 1, 2)]
        found = [*[(0, 0)] * (x.rank - len(pairs)), *reversed(pairs)]
    elif isinstance(widths, int):
        found = [(widths, widths)] * x.rank
    else:
        rows = [(one, one) if isinstance(one, int) else tuple(one) for one in widths]
        if all(isinstance(one, int) for one in widths):
            rows = [(whole(widths[0]), whole(widths[-1]))]
        found = [(whole(one[0]), whole(one[-1])) for one in (rows * x.rank if len(rows) == 1 else rows)]
    if len(found) != x.rank:
        raise ShapeError(f"pad has widths for {len(found)} axes, and {written(x.shape)} has {x.rank}")
    return padded(x.node, found, None if value in (None, 0) else node_of(value))


def _triangle(x: Tensor, offset: int, *, lower: bool) -> Node:
    is_constant = not any(node.operation is INPUT for node in in_order([x.node]))
    if is_constant and x.rank == 2 and as_number(x.node) is None:  # 0 times -inf is no number
        return b.where(triangular_ones(x.node.shape[0], x.node.shape[1], offset, lower=lower), x.node, b.number(0))
    return b.triangle(x.node, offset, lower=lower)


def _take(call: Call, x: Tensor, places: Tensor, axis: Any) -> Node:
    node = x.node if axis is not None else b.reshaped(x.node, [-1])
    call.index(places, settled(node.shape[_axis(node, axis or 0)]))
    return b.index(node, [*[ALL] * _axis(node, axis or 0), b.Place(1)], [places.node])


def _gather(call: Call, x: Tensor, axis: Any, places: Tensor) -> Node:
    """x's entries at places along an axis, the other axes as they are."""
    axis = _axis(x.node, whole(axis))
    call.index(places, x.shape[axis])
    if places.rank != x.rank:
        raise ShapeError(f"{call.name} needs places with as many axes as {written(x.shape)}")
    parts: list[b.Place] = []
    arrays: list[Node] = []
    for n, size in enumerate(map(settled, places.node.shape)):
        if n == axis:
            arrays.append(places.node)
        else:
            line = np.arange(concrete(size, call.name)).reshape([-1 if m == n else 1 for m in range(x.rank)])
            arrays.append(b.array(line, f"arange({size})"))
        parts.append(b.Place(n + 1))
    return b.index(x.node, parts, arrays)


def _index_add(call: Call, x: Tensor, axis: int, places: Tensor, source: Tensor) -> Node:
    call.index(places, x.shape[_axis(x.node, axis)])
    key: b.Key = (*[ALL] * _axis(x.node, axis), b.Place(1))
    spread = b.scatter(source.node, Keyed(key, x.node.shape), [places.node])
    return b.add(x.node, spread)


def _meshgrid(arrays: list[Any], indexing: Any) -> list[Node]:
    nodes = [
        node_of(one) for one in (arrays[0] if len(arrays) == 1 and isinstance(arrays[0], list | tuple) else arrays)
    ]
    shape = tuple(node.shape[0] for node in nodes)
    found = [
        b.broadcast(b.index(n, [ALL if m == k else None for m in range(len(nodes))]), shape)
        for k, n in enumerate(nodes)
    ]
    if indexing == "ij" or len(nodes) < 2:
        return found
    return [b.transpose(node, [1, 0, *range(2, len(nodes))]) for node in found]


_X = "x|input|a|m|ary|self|tensor|A:t"
_DIM = "axis|dim"
ROWS = [
    Row("reshape view", f"{_X} *shape|newshape|size:v", _reshape, "the entries in another shape", "same", True),
    Row(
        "view_as reshape_as",
        f"{_X} other:t",
        lambda x, other: b.reshaped(x.node, other.shape),
        "in another's shape",
        "same",
        True,
    ),
    Row("flatten ravel", f"{_X} start_dim|order:v=0 end_dim:i=-1", _flatten, "axes joined into one", "same", True),
    Row("unflatten", f"{_X} dim:i sizes:v", _unflatten, "one axis as several", "same", True),
    Row("transpose", f"{_X} *axes:v", transposed, "axes in another order", "same", True, asks=True),
    Row("permute permute_dims", f"{_X} *dims|axes:v", _permute, "axes in another order", "same", True),
    Row("swapaxes swapdims", f"{_X} axis1|dim0|axis0:i axis2|dim1:i", _swapped, "two axes exchanged", "same", True),
    Row(
        "matrix_transpose adjoint t",
        _X,
        lambda x: b.swapped(x.node) if x.rank > 1 else x.node,
        "the last two axes exchanged",
        "same",
        True,
    ),
    Row("moveaxis movedim", f"{_X} source:a destination:a", _moved, "axes moved", "same", True),
    Row("squeeze squeeze_", f"{_X} {_DIM}:a=None", _squeeze, "without axes of size 1", "same", True),
    Row("unsqueeze expand_dims", f"{_X} {_DIM}:a", _unsqueeze, "with a new axis of size 1", "same", True),
    Row("expand broadcast_to", f"{_X} *sizes|shape:v", _expand, "stretched along axes of size 1", "same", True),
    Row(
        "expand_as",
        f"{_X} other:t",
        lambda x, other: b.broadcast(x.node, other.shape),
        "stretched to another's shape",
        "same",
        True,
    ),
    Row("tile", f"{_X} *reps|dims:v", _tile, "repeated as a whole", "same"),
    Row(
        "repeat",
        f"{_X} *repeats|sizes:v axis|dim:v=None",
        _repeat,
        "repeated: NumPy's entries, PyTorch's whole",
        "same",
        asks=True,
    ),
    Row("repeat_interleave", f"{_X} repeats:v axis|dim:v=None", _interleaved, "each entry repeated", "same"),
    Row("roll", f"{_X} shift|shifts:v axis|dims:a=None", _roll, "entries moved round", "same"),
    Row("flip", f"{_X} axis|dims:a=None", _flip, "entries in reverse", "same"),
    Row("flipud", _X, lambda x: _flip(x, 0), "rows in reverse", "same"),
    Row("fliplr", _X, lambda x: _flip(x, 1), "columns in reverse", "same"),
    Row("concatenate cat concat", f"arrays|tensors:ts {_DIM}:a=0", _concatenate, "one after the other"),
    Row(
        "stack",
        f"arrays|tensors:ts {_DIM}:i=0",
        lambda arrays, axis: b.stack([one.node for one in arrays], axis),
        "beside each other along a new axis",
    ),
    Row("hstack", "arrays|tensors|tup:ts", _stacked_at(1, 1), "side by side"),
    Row("vstack row_stack", "arrays|tensors|tup:ts", _stacked_at(0, 2), "one below the other"),
    Row("dstack", "arrays|tensors|tup:ts", _deep, "behind each other"),
    Row("column_stack", "arrays|tensors|tup:ts", _columns, "vectors as columns"),
    Row(
        "split array_split tensor_split",
        f"{_X} indices_or_sections|split_size|split_size_or_sections:v {_DIM}:i=0",
        _split,
        "parts along an axis: PyTorch's of a size, NumPy's so many",
        "same",
        True,
        asks=True,
    ),
    Row("hsplit", f"{_X} sections:i", lambda x, many: pieces(x.node, many, 1), "parts side by side", "same", True),
    Row("vsplit", f"{_X} sections:i", lambda x, many: pieces(x.node, many, 0), "parts below each other", "same", True),
    Row("chunk", f"{_X} chunks:i {_DIM}:i=0", _chunk, "so many parts along an axis", "same", True),
    Row("unbind unstack", f"{_X} {_DIM}:i=0", _unbind, "the entries along an axis", "same", True),
    Row("narrow", f"{_X} dim:i start:i length:i", _narrow, "a part of an axis", "same", True),
    Row("select", f"{_X} dim:i index:i", _select, "one entry of an axis", "same", True),
    Row(
        "pad",
        f"{_X} pad|pad_width:v mode:s='constant' value|constant_values:v=None",
        _pad,
        "entries added around: 0 or a value",
        asks=True,
    ),
    Row(
        "tril",
        f"{_X} diagonal|k:i=0",
        lambda x, k: _triangle(x, k, lower=True),
        "on and below a diagonal, else 0",
        "same",
    ),
    Row(
        "triu",
        f"{_X} diagonal|k:i=0",
        lambda x, k: _triangle(x, k, lower=False),
        "on and above a diagonal, else 0",
        "same",
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
    Row("index_add index_add_", f"{_X} dim:i index:t source:t", _index_add, "added into rows at places", asks=True),
    Row("meshgrid", "*arrays:v indexing:v='xy'", _meshgrid, "vectors as grids"),
]
__all__ = ["ROWS", "padded", "pieces", "transposed"]
