"""What moves entries without changing them: reshape, concatenate, index and scatter.

Indexing picks entries, scattering adds them into zeros: each is the other's slope rule. So padding is scattering, and
unfolding for a convolution, an embedding, a gather or a slice is indexing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import PRODUCT, number
from netcalc.graph.sizes import Shape, Size, broadcast_shapes, over, plus, same, settled, times, total, written
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


class Span(NamedTuple):
    """A slice; a stop of None is the end, and a negative step has a stop of None for the beginning.

    Where a bound is no number, neither counts from the end.
    """

    start: Size | None
    stop: Size | None
    step: int | None


class Place(NamedTuple):
    """An index that is an argument of the node: argument `number`, an array of whole numbers."""

    number: int


class Fixed:
    """An index array whose numbers are known; equal only to itself."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


EVERYTHING, BACKWARDS = Span(None, None, None), Span(None, None, -1)
Part = int | Span | Place | Fixed | None  # None is a new axis
Key = tuple[Part, ...]


class Keyed(NamedTuple):
    """`key` indexes the axes of `whole` after `extra` axes in front, which are kept as they are."""

    key: Key
    whole: Shape
    extra: int = 0


# --- reshape


def _vjp_of_reshape(node: Node, _: int, delta: Node) -> Node:
    extra = delta.shape[: delta.rank - node.rank]
    return reshape(delta, extra + node.args[0].shape)


RESHAPE = Operation(
    "reshape", lambda node, arithmetic, array: array.reshape(arithmetic.shape(node.shape)), _vjp_of_reshape
)


def reshape(node: Node, shape: Shape) -> Node:
    """The same entries in row order in another shape. Raises ShapeError if their numbers differ."""
    if node.shape == shape:
        return node
    if not same(total(node.shape), total(shape)):
        held, needed = (written((total(one),)) for one in (node.shape, shape))
        of = f" of {written(node.shape)}" if node.rank > 1 else ""
        asked = written(shape) if len(shape) > 1 else "the new shape"
        raise ShapeError(f"{asked} takes {needed} entries, and there are {held}{of}")
    if node.operation is PRODUCT and not node.args:  # one number throughout
        return number(node.params.number, shape)
    inner = node.args[0] if node.operation is RESHAPE else node
    return inner if inner.shape == shape else make(RESHAPE, [inner], shape)


# --- concatenate


def _vjp_of_concatenate(node: Node, place: int, delta: Node) -> Node:
    axis = node.params
    ends: list[Size] = [0]
    for arg in node.args[: place + 1]:
        ends.append(plus(ends[-1], arg.shape[axis]))
    extra = delta.rank - node.rank
    key = (*[EVERYTHING] * (extra + axis), Span(ends[-2], ends[-1], None))
    return index(delta, key)


def _prints_concatenate(node: Node, arguments: tuple[Any, ...]) -> Any:
    from netcalc.expression import Apply, Number

    return Apply("concat", (*arguments, Apply("axis", (Number(node.params),))))


CONCATENATE = Operation(
    "concat",
    lambda node, _, *arrays: np.concatenate(arrays, axis=node.params),
    _vjp_of_concatenate,
    _prints_concatenate,
)


def concatenate(nodes: Sequence[Node], axis: int) -> Node:
    """The nodes one after the other along an axis. Raises ShapeError if their other axes differ."""
    first = nodes[0]
    for node in nodes[1:]:
        others = [n for n in range(first.rank) if n != axis]
        if node.rank != first.rank or not all(same(node.shape[n], first.shape[n]) for n in others):
            raise ShapeError(f"{written(first.shape)} and {written(node.shape)} do not join along axis {axis}")
    size: Size = 0
    for node in nodes:
        size = plus(size, node.shape[axis])
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return nodes[0] if len(nodes) == 1 else make(CONCATENATE, nodes, shape, axis)


# --- index and scatter


def numpy_key(keyed: Keyed, indices: Sequence[np.ndarray], arithmetic: Arithmetic) -> tuple[Any, ...]:
    """The key as NumPy takes it, from the values of the nodes that are indices."""
    return (slice(None),) * keyed.extra + tuple(_numpy_part(part, indices, arithmetic) for part in keyed.key)


def _numpy_part(part: Part, indices: Sequence[np.ndarray], arithmetic: Arithmetic) -> Any:
    if isinstance(part, Span):
        start, stop = (None if one is None else arithmetic.size(one) for one in part[:2])
        return slice(start, stop, part.step)
    if isinstance(part, Place):
        return indices[part.number - 1]
    return part.array if isinstance(part, Fixed) else part


def _value_of_index(node: Node, arithmetic: Arithmetic, array: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    key = numpy_key(node.params, [arithmetic.whole(one) for one in indices], arithmetic)
    try:
        found = array[key]
    except IndexError as error:
        raise ShapeError(f"an index is out of range: {error}") from None
    return _as_array(found, array.dtype)


def _as_array(found: Any, dtype: Any) -> np.ndarray:
    if isinstance(found, np.ndarray):
        return found
    out = np.empty((), dtype=dtype)
    out[()] = found
    return out


def _vjp_of_index(node: Node, place: int, delta: Node) -> Node | None:
    if place:
        return None  # an index is a whole number
    keyed: Keyed = node.params
    extra = delta.rank - node.rank
    moved = keyed._replace(extra=keyed.extra + extra, whole=delta.shape[:extra] + keyed.whole)
    return scatter(delta, moved, node.args[1:])


def _value_of_scatter(node: Node, arithmetic: Arithmetic, array: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    key = numpy_key(node.params, [arithmetic.whole(one) for one in indices], arithmetic)
    out = arithmetic.zeros(arithmetic.shape(node.shape))
    if any(isinstance(one, np.ndarray) for one in key):
        np.add.at(out, key, array)
    else:
        out[key] = array if array.ndim else array[()]  # an entry, and not the array, goes into an array of objects
    return out


def _vjp_of_scatter(node: Node, place: int, delta: Node) -> Node | None:
    if place:
        return None
    keyed: Keyed = node.params
    extra = delta.rank - node.rank
    shape = delta.shape[:extra] + node.args[0].shape
    moved = keyed._replace(extra=keyed.extra + extra, whole=delta.shape[:extra] + keyed.whole)
    return make(INDEX, [delta, *node.args[1:]], shape, moved)


INDEX = Operation("index", _value_of_index, _vjp_of_index)
SCATTER = Operation("scatter", _value_of_scatter, _vjp_of_scatter)


def scatter(node: Node, keyed: Keyed, indices: Sequence[Node] = ()) -> Node:
    """Zeros in the shape `keyed.whole` with the node's entries added in where the key points.

    Where the key puts all entries in another order, they are put back.
    """
    back = tuple(_put_back(part, size) for part, size in zip(keyed.key, keyed.whole[keyed.extra :], strict=False))
    if None not in keyed.key and None not in back and sum(isinstance(one, Fixed) for one in back) < 2:
        return make(INDEX, [node, *indices], keyed.whole, keyed._replace(key=back, whole=node.shape))
    return make(SCATTER, [node, *indices], keyed.whole, keyed)


def _put_back(part: Part, size: Size) -> Part:
    """The part of a key that undoes this one along an axis, if there is one that does."""
    if part in (EVERYTHING, BACKWARDS):
        return part
    if isinstance(part, Fixed) and part.array.ndim == 1:
        order = np.argsort(part.array)
        if isinstance(size, int) and np.array_equal(part.array[order], np.arange(size)):
            return Fixed(order)
    return None


def index(node: Node, key: Sequence[Part], indices: Sequence[Node] = ()) -> Node:
    """node[key] as NumPy has it: whole numbers, slices, new axes, and arrays of whole numbers that broadcast together.

    `Place(n)` in the key stands for `indices[n - 1]`. Axes beyond the key are kept.
    Raises ShapeError for an index out of range, NetcalcError for too many indices.
    """
    key = tuple(key)
    used = sum(part is not None for part in key)
    if used > node.rank:
        counted = f"{used} indices are" if used > 1 else "an index is"
        raise ShapeError(f"{counted} too many for {written(node.shape)}")
    kept, axis = [], 0
    for part in key:
        kept.append(_checked(part, node.shape, axis))
        axis += part is not None
    if all(part == EVERYTHING for part in kept):
        return node
    from netcalc.graph.product import as_number, number

    shape = _shape_of(tuple(kept), node.shape, indices)
    if (everywhere := as_number(node)) is not None:
        return number(everywhere, shape)
    return make(INDEX, [node, *indices], shape, Keyed(tuple(kept), node.shape))


def _checked(part: Part, shape: Shape, axis: int) -> Part:
    """A part of a key with whole numbers counted from the front. Raises ShapeError for one out of range."""
    extent = settled(shape[axis]) if part is not None else None
    if not isinstance(extent, int):
        return part
    if isinstance(part, Fixed) and part.array.size:
        low, high = int(part.array.min()), int(part.array.max())
        _check_range(low if low < -extent else high, shape, axis, extent)
    if isinstance(part, int) and not isinstance(part, bool):
        _check_range(part, shape, axis, extent)
        return part % extent
    return part


def _check_range(place: int, shape: Shape, axis: int, extent: int) -> None:
    if not -extent <= place < extent:
        whole = f"{extent}" if len(shape) == 1 else f"{extent}, of {written(shape)}"
        raise ShapeError(f"index {place} is out of range for axis {axis} of {whole}")


def _shape_of(key: Key, whole: Shape, indices: Sequence[Node]) -> Shape:
    """The shape of an array of shape `whole`, indexed: arrays side by side leave their axes there, others in front."""
    arrays: list[Shape] = []
    places: list[int] = []
    found: list[Size] = []
    axis = 0
    advanced = any(isinstance(part, Place | Fixed) for part in key)
    for place, part in enumerate(key):
        if part is None:
            found.append(1)
            continue
        extent = settled(whole[axis])
        axis += 1
        if isinstance(part, Span):
            found.append(_length(part, extent))
        elif isinstance(part, Place | Fixed) or advanced:
            shape: Shape = indices[part.number - 1].shape if isinstance(part, Place) else ()
            arrays.append(part.array.shape if isinstance(part, Fixed) else shape)
            places.append(place)
            if len(places) == 1:
                first = len(found)
    found += whole[axis:]
    if not arrays:
        return tuple(found)
    together = broadcast_shapes(*arrays)
    side_by_side = places == list(range(places[0], places[0] + len(places)))
    first = first if side_by_side else 0
    return (*found[:first], *together, *found[first:])


def _length(span: Span, extent: Size) -> Size:
    if span == EVERYTHING or span == Span(None, None, -1):
        return extent
    start, stop, step = span
    if not all(isinstance(one, int | None) for one in (start, stop)):  # parts of a concatenation
        return plus(stop if stop is not None else extent, times(-1, start or 0))
    if isinstance(extent, int):
        return len(range(*slice(start, stop, step).indices(extent)))
    from_front, to_end = _is_from(start, 0), isinstance(stop, int) and stop < 0
    if step in (None, 1) and from_front and (stop is None or to_end):
        return plus(extent, plus(stop or 0, times(-1, start or 0)))
    if step in (None, 1) and from_front and stop is not None:
        return plus(stop, times(-1, start or 0))  # as long as there are that many
    if step in (None, 1) and isinstance(start, int) and start < 0 and stop is None:
        return -start
    multiple = ""
    first = start or 0
    if step is not None and isinstance(first, int) and 0 <= first < step and stop is None:
        if (parts := over(extent, step)) is not None:
            return parts
        multiple = f", as the multiple {step}{extent}"
    said = f"say it in --shape{multiple}, or give values"
    raise NetcalcError(f"the size {extent} has to be a number for this slice: {said}")


def _is_from(start: Size | None, least: int) -> bool:
    """Whether a slice starts at a number counted from the front."""
    return start is None or (isinstance(start, int) and start >= least)
