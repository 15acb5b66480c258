"""What moves entries: reshape and transpose, join and split, pick and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import arange
from netcalc.graph.node import Node
from netcalc.graph.sizes import Size, over, same, settled, times, total, written
from netcalc.program.library.table import Call, Row, is_copied
from netcalc.program.signature import several, whole
from netcalc.program.signature import sizes as to_sizes
from netcalc.program.values import Tensor


def axis_of(node: Node, axis: int) -> int:
    if not -node.rank <= axis < node.rank:
        raise ShapeError(f"axis {axis} is not there: {written(node.shape)} has {node.rank} axes")
    return axis % node.rank


def open_grid(sizes: Sequence[Size]) -> list[Node]:
    """0, 1, 2, … along each axis, as indices that broadcast together: arange(m)[:, None], arange(n)."""
    lines = [arange(size) for size in sizes]
    behind = range(len(lines) - 1, -1, -1)
    return [
        b.index(line, [b.EVERYTHING, *[None] * many]) if many else line
        for line, many in zip(lines, behind, strict=True)
    ]


def beside(places: Node, axis: int) -> list[Node]:
    """Places along an axis, and where they stand along the others."""
    grid = open_grid(places.shape)
    return [*grid[:axis], places, *grid[axis + 1 :]]


def entries_along(node: Node, places: Node, axis: int) -> Node:
    """The entries at places along an axis, the other axes as they are."""
    return b.index(node, [b.Place(n + 1) for n in range(node.rank)], beside(places, axis))


def _sizes(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Sizes by themselves or in a list."""
    return to_sizes(several(arguments))


def axes_of(arguments: Sequence[Any]) -> tuple[int, ...]:
    return tuple(map(whole, several(arguments)))


def _reshape(x: Tensor, sizes: list[Any], order: str) -> Node:
    if sizes and isinstance(sizes[-1], str):
        *sizes, order = sizes
    if not sizes:
        return x.node  # x.view()
    if _is_by_columns(order):
        return b.transpose(b.reshaped(b.transpose(x.node), _sizes(sizes)[::-1]))
    return b.reshaped(x.node, _sizes(sizes))


def _is_by_columns(order: str) -> bool:
    """NumPy's order: "C" goes by rows, "F" by columns."""
    if order not in ("C", "F"):
        raise NetcalcError(f"the order {order!r} goes by how an array is stored; 'C' and 'F' are understood")
    return order == "F"


def _flatten(x: Tensor, start: Any, end: int) -> Node:
    if not x.rank:
        return b.reshaped(x.node, [1])
    if isinstance(start, str):  # NumPy's order
        return _reshape(x, [-1], start)
    start, end = axis_of(x.node, start), axis_of(x.node, end)
    shape = x.shape
    return b.reshaped(x.node, [*shape[:start], total(shape[start : end + 1]), *shape[end + 1 :]])


def _flattened(call: Call, x: Tensor, start: Any, end: int) -> Node | Tensor:
    """NumPy's flatten copies, PyTorch's only what is no one piece of memory."""
    node = _flatten(x, start, end)
    return Tensor(node, x.kind, x.buffer) if call.library == "torch" and not is_copied(x.node, node) else node


def _unflatten(x: Tensor, axis: int, sizes: Any) -> Node:
    axis, shape = axis_of(x.node, axis), x.shape
    sizes = list(to_sizes(sizes))
    if -1 in sizes:
        known = total([one for one in sizes if one != -1])
        sizes[sizes.index(-1)] = over(shape[axis], known)
    return b.reshaped(x.node, [*shape[:axis], *sizes, *shape[axis + 1 :]])


def transposed(call: Call, x: Tensor, arguments: list[Any]) -> Node:
    """NumPy's transpose(axes), or PyTorch's transpose(d0, d1)."""
    axes = axes_of(arguments) if arguments and arguments[0] is not None else None
    if axes is not None and len(axes) == 2 and not isinstance(arguments[0], list | tuple):
        as_torch = call.library == "torch" or x.rank != 2 or sorted(one % 2 for one in axes) != [0, 1]
        if as_torch or axes in ((1, 0), (0, 1)):
            if call.library != "torch" and axes == (0, 1) and x.rank == 2:
                call.note("transpose(0, 1) is taken as NumPy's, which changes nothing; write .T to transpose")
                return x.node
            return swapped_axes(x, *axes)
    return b.transpose(x.node, axes)


def swapped_axes(x: Tensor, first: int, second: int) -> Node:
    order = list(range(x.rank))
    first, second = axis_of(x.node, first), axis_of(x.node, second)
    order[first], order[second] = order[second], order[first]
    return b.transpose(x.node, order)


def _permute(x: Tensor, axes: list[Any]) -> Node:
    return b.transpose(x.node, axes_of(axes))


def _moved(x: Tensor, source: Any, destination: Any) -> Node:
    sources, destinations = (
        [axis_of(x.node, one) for one in ([axes] if isinstance(axes, int) else axes)] for axes in (source, destination)
    )
    order = [n for n in range(x.rank) if n not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return b.transpose(x.node, order)


def _squeeze(call: Call, x: Tensor, axis: Any) -> Node:
    """Without axes of size 1: all of them, or those named, which in PyTorch alone may be of another size."""
    sizes = x.shape
    if axis is None:
        gone = {n for n, size in enumerate(sizes) if size == 1}
    else:
        gone = {axis_of(x.node, one) for one in ([axis] if isinstance(axis, int) else axis)}
        if call.library in ("numpy", "jax") and not all(same(sizes[n], 1) for n in gone):
            raise ShapeError(f"squeeze takes axes of size 1; this is {written(sizes)}")
        gone = {n for n in gone if settled(sizes[n]) == 1}
    return b.index(x.node, [0 if n in gone else b.EVERYTHING for n in range(x.rank)]) if gone else x.node


def _unsqueeze(x: Tensor, axis: Any) -> Node:
    node = x.node
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = node.rank + len(axes)
    places = {one % rank for one in axes if -rank <= one < rank}
    if len(places) < len(axes):
        raise ShapeError(f"there is no place {axis} for a new axis in {written(node.shape)}")
    return b.index(node, [None if n in places else b.EVERYTHING for n in range(rank)])


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
        wide += [None, b.EVERYTHING]
        shape += [many, size]
    spread = b.broadcast(b.index(node, wide), tuple(shape))
    return b.reshaped(spread, [times(many, size) for many, size in zip(times_, node.shape, strict=True)])


def _repeat(call: Call, x: Tensor, arguments: list[Any], axis: Any) -> Node:
    """NumPy's repeat of each entry, or PyTorch's tile."""
    if axis is None and len(arguments) == 2 and (call.library in ("numpy", "jax") or not _is_positive(arguments[1])):
        arguments, axis = arguments[:1], whole(arguments[1])
    if axis is None and (call.library == "torch" or len(arguments) > 1):
        return _tile(x, arguments)
    return _interleaved(x, arguments[0], axis)


def _is_positive(size: Any) -> bool:
    return not isinstance(size, int) or size > 0


def _interleaved(x: Tensor, many: Any, axis: Any) -> Node:
    node = x.node if axis is not None else b.reshaped(x.node, [-1])
    axis, many = axis_of(node, axis or 0), whole(many)
    wide = b.index(node, [*[b.EVERYTHING] * (axis + 1), None])
    shape = (*node.shape[: axis + 1], many, *node.shape[axis + 1 :])
    return b.reshaped(
        b.broadcast(wide, shape), [*node.shape[:axis], times(node.shape[axis], many), *node.shape[axis + 1 :]]
    )


_X = "x|input|a|m|ary|self|tensor|A:t"
_DIM = "axis|dim"
ROWS = [
    Row(
        "reshape view",
        f"{_X} *shape|newshape|size:v order:s='C'",
        _reshape,
        "the entries in another shape",
        "same",
        True,
    ),
    Row(
        "view_as reshape_as",
        f"{_X} other:t",
        lambda x, other: b.reshaped(x.node, other.shape),
        "in another's shape",
        "same",
        True,
    ),
    Row(
        "atleast_1d",
        _X,
        lambda x: x.node if x.rank else b.reshaped(x.node, [1]),
        "a number as a vector",
        "same",
        True,
    ),
    Row(
        "atleast_2d",
        _X,
        lambda x: x.node if x.rank > 1 else b.reshaped(x.node, [1, -1]),
        "a vector as a row",
        "same",
        True,
    ),
    Row("ravel", f"{_X} order:v=0", lambda x, order: _flatten(x, order, -1), "axes joined into one", "same", True),
    Row("flatten", f"{_X} start_dim|order:v=0 end_dim:i=-1", _flattened, "axes joined into one", "same", asks=True),
    Row("unflatten", f"{_X} dim:i sizes:v", _unflatten, "one axis as several", "same", True),
    Row("transpose", f"{_X} *axes:v", transposed, "axes in another order", "same", True, asks=True),
    Row("permute permute_dims", f"{_X} *dims|axes:v", _permute, "axes in another order", "same", True),
    Row("swapaxes swapdims", f"{_X} axis1|dim0|axis0:i axis2|dim1:i", swapped_axes, "two axes exchanged", "same", True),
    Row(
        "matrix_transpose adjoint t",
        _X,
        lambda x: b.swapped(x.node) if x.rank > 1 else x.node,
        "the last two axes exchanged",
        "same",
        True,
    ),
    Row("moveaxis movedim", f"{_X} source:a destination:a", _moved, "axes moved", "same", True),
    Row("squeeze squeeze_", f"{_X} {_DIM}:a=None", _squeeze, "without axes of size 1", "same", True, asks=True),
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
]
