"""Parts of arrays: reading x[…], and writing x[…] = … into a new array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from netcalc.arguments import check_axes
from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import ARANGE, INPUT, MAX_WRITTEN_ENTRIES, arange, without_name
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.shaping import Fixed, Keyed, Part, Place, Span
from netcalc.graph.sizes import Letters, Shape, is_counted, plus, same, settled, times, written
from netcalc.program.library.table import concrete
from netcalc.program.scope import Scope
from netcalc.program.values import Tensor, described, node_of
from netcalc.records import NamedTuple


class PartOf(NamedTuple):
    """A key as the graph has it, with the nodes that are indices in it; `mask` alone where it is a condition."""

    key: tuple[Part, ...]
    arrays: tuple[Node, ...]
    mask: Node | None = None

    @property
    def is_basic(self) -> bool:
        """Whether it is made of numbers and slices, so that the part shares the whole's memory."""
        return not self.arrays and not any(isinstance(part, Fixed) for part in self.key)


def part_of(scope: Scope, whole: Tensor, raw: Any, *, picks: bool = False) -> PartOf:
    """The part that a subscript means. Raises NetcalcError, ShapeError.

    A condition stays one, but where it `picks` entries and is known: then it is their places.
    """
    items = list(raw) if isinstance(raw, tuple) else [raw]
    items = [as_index(one) for one in items]
    if len(items) == 1 and isinstance(items[0], Tensor) and items[0].kind == "bool" and items[0].rank:
        mask = items[0]
        if not picks or scope.picked(mask) is None:
            return PartOf((), (), _broadcast_mask(mask, whole))
    key: list[Part] = []
    arrays: list[Node] = []
    used = sum(_axes_of(one) for one in items)
    if used > whole.rank == 0:
        raise ShapeError("this is a number, which has no entries to pick: leave the index out")
    if used > whole.rank:
        raise ShapeError(f"{used} indices are too many for {written(whole.shape)}")
    check_axes(whole.rank + sum(one is None for one in items))
    axis = 0
    for item in items:
        if item is Ellipsis:
            key += [b.EVERYTHING] * (whole.rank - used)
            axis += whole.rank - used
            continue
        for part in _parts(scope, whole, item, axis):
            if isinstance(part, Node):
                arrays.append(part)
                key.append(Place(len(arrays)))
            else:
                key.append(part)
        axis += _axes_of(item)
    return PartOf(tuple(key), tuple(arrays))


def as_index(value: Any) -> Any:
    """A list of numbers as an array of them."""
    if isinstance(value, range) and value == range(len(value)) and value:
        return Tensor(arange(len(value)), "int")
    if isinstance(value, list | range):
        kind = "bool" if value and all(isinstance(one, bool) for one in value) else "int"
        return Tensor(node_of(list(value)) if value else b.array(np.zeros(0, dtype=np.int64)), kind)
    return value


def _axes_of(item: Any) -> int:
    """How many axes an index takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.rank if isinstance(item, Tensor) and item.kind == "bool" else 1


def _parts(scope: Scope, whole: Tensor, item: Any, axis: int) -> Sequence[Any]:
    if item is None:
        return [None]
    extent = settled(whole.node.shape[axis])
    if isinstance(item, bool):
        raise NetcalcError("True and False are no indices")
    if isinstance(item, int):
        return [item]
    if isinstance(item, slice):
        return [_span(item, extent)]
    if isinstance(item, Tensor):
        return _array_parts(scope, item, whole.shape, axis)
    if isinstance(item, Letters):
        raise NetcalcError(f"the index {item} has to be a number here; say the size with --shape or give values")
    raise NetcalcError(f"{described(item)} is no index")


def _array_parts(scope: Scope, item: Tensor, whole: Shape, axis: int) -> Sequence[Any]:
    known = scope.picked(item) if item.kind == "bool" else scope.seen(item)
    if item.kind == "bool":
        if known is None:
            raise NetcalcError("which entries this picks depends on values; write np.where(condition, x, 0) instead")
        if item.node.operation is INPUT:  # what a condition compares may have a gradient
            scope.index(item)
        _check_mask(item, whole[axis:], whole)
        return [b.array(places.astype(np.int64)) for places in np.nonzero(known)]
    scope.index(item, settled(whole[axis]), axis)
    if known is None and item.kind == "float" and _has_values(scope, item):
        raise NetcalcError("an index is a whole number; what is used as one here is not, or not known to be")
    return [item.node]


def _has_values(scope: Scope, item: Tensor) -> bool:
    """Whether it is made of inputs whose values are given, and no whole numbers."""
    leaves = [node for node in in_order([item.node]) if node.operation is INPUT]
    return any(scope.given[node.params.text].fractional for node in leaves)


def _span(item: slice, extent: Any) -> Span:
    if item.step is not None and not isinstance(item.step, int):
        raise NetcalcError("a slice's step is a whole number")
    start, stop = (_end(one) for one in (item.start, item.stop))
    if isinstance(start, Letters) and same(start, extent):
        raise NetcalcError("this slice is empty")
    if isinstance(stop, Letters) and same(stop, extent):
        stop = None
    if isinstance(start, Letters) or isinstance(stop, Letters):
        behind = plus(stop, times(-1, extent)) if isinstance(stop, Letters) else stop
        if isinstance(behind, int) and behind < 0 and not isinstance(start, Letters):
            return Span(start, behind, item.step)
        ends = [0 if start is None else start, extent if stop is None else stop, extent]
        if (
            item.step is None
            and all(is_counted(plus(b, times(-1, a))) for a, b in pairwise(ends))
            and is_counted(ends[0])
        ):
            return Span(None if start == 0 else start, stop, None)
        raise NetcalcError(f"the end {stop or start} of this slice has to be a number; say it with --shape")
    return Span(None if start == 0 else start, stop, None if item.step == 1 else item.step)


def _end(value: Any) -> Any:
    from netcalc.program.signature import whole

    return value if value is None or isinstance(value, Letters) else whole(value)


def _broadcast_mask(mask: Tensor, whole: Tensor) -> Node:
    """A condition on the first axes as one on all."""
    _check_mask(mask, whole.shape, whole.shape)
    return b.index(mask.node, [*[b.EVERYTHING] * mask.rank, *[None] * (whole.rank - mask.rank)])


def _check_mask(mask: Tensor, shape: Shape, whole: Shape) -> None:
    """Raises ShapeError for a condition that is not on the first of the axes left."""
    if mask.rank > len(shape) or not all(same(one, other) for one, other in zip(mask.shape, shape, strict=False)):
        raise ShapeError(f"a condition of {written(mask.shape)} does not pick from {written(whole)}")


def numpy_key(part: PartOf) -> tuple[Any, ...]:
    """A part of numbers and slices as NumPy takes it."""
    return tuple(slice(*one) if isinstance(one, Span) else one for one in part.key)


def is_concrete(tensor: Tensor) -> bool:
    """Whether all its sizes are numbers."""
    return all(isinstance(size, int) for size in tensor.shape)


def read(scope: Scope, whole: Tensor, raw: Any) -> Any:
    """whole[…]."""
    part = part_of(scope, whole, raw, picks=True)
    if part.mask is not None:
        raise NetcalcError("which entries this picks depends on values; write np.where(condition, x, 0) instead")
    node = b.index(whole.node, part.key, list(part.arrays))
    if not part.is_basic:
        return scope.made(Tensor(node, whole.kind))
    if not node.rank and not scope.is_torch:  # a number, which NumPy copies
        return scope.made(Tensor(node, whole.kind, level=whole.level))
    is_base = whole.cells is None and is_concrete(whole)
    everything = node is whole.node
    cells = whole.cells if everything else (whole.shape, numpy_key(part)) if is_base else ()
    return scope.made(Tensor(node, whole.kind, whole.buffer, cells, level=whole.level))


def written_into(scope: Scope, old: Tensor, part: PartOf, value: Node, *, stays: bool = False) -> Tensor:
    """The array with a part replaced: old[…] = value. What is written where 0 was is added.

    Where the old array `stays`, as in JAX, no gradient comes back to what was replaced, be it 0.
    """
    if part.mask is not None and not _is_broadcast(value, old):
        part = part_of(scope, old, Tensor(part.mask, "bool"), picks=True)
    if part.mask is not None:
        return Tensor(b.where(part.mask, value, old.node), old.kind, old.buffer)
    piece = b.index(old.node, part.key, list(part.arrays))
    try:
        value = b.broadcast(value, piece.shape)
    except ShapeError:
        raise ShapeError(f"{written(value.shape)} does not fit the part, which is {written(piece.shape)}") from None
    if not part.is_basic:
        return _picked(scope, old, part, value, piece)
    keyed = Keyed(_counted(part.key, old), old.node.shape)
    spread = b.scatter(value, keyed)
    if not is_concrete(old):
        from netcalc.graph.as_typed import is_empty  # what writes formulas waits for sizes that are letters

        if not stays and is_empty(old.node, spread):
            return Tensor(b.add(old.node, spread), old.kind, old.buffer)
        keep = b.subtract(b.number(1), b.scatter(b.number(1, piece.shape), keyed))
        return Tensor(b.add(b.multiply(keep, old.node), spread), old.kind, old.buffer)
    key = numpy_key(part)
    empty = np.broadcast_to(np.asarray(old.zero), old.shape)
    if empty[key].all() and not (stays and as_number(old.node) is None):
        left = empty.copy()
        left[key] = False
        node = spread if empty.all() else b.add(old.node, spread)
        return Tensor(node, old.kind, old.buffer, zero=left)
    inside = np.zeros(old.shape, dtype=np.int64)
    inside[key] = 1
    if inside.all():
        return Tensor(b.reshaped(value, old.shape), old.kind, old.buffer)
    return Tensor(b.where(_marked(inside, key), spread, old.node), old.kind, old.buffer)


def _marked(inside: np.ndarray, key: tuple[Any, ...]) -> Node:
    """Ones where an array is written into; of more entries than are listed it says the key."""
    if inside.size <= MAX_WRITTEN_ENTRIES:
        return b.array(inside, key=key)
    parts = [*map(_in_brackets, key), *["..."] * (len(key) == 1)]
    sizes = ", ".join(map(str, inside.shape))
    return b.array(inside, f"zeros({sizes}).at[{', '.join(parts)}].set(1)", key)


def _in_brackets(part: Any) -> str:
    if isinstance(part, slice):
        step = "" if part.step in (None, 1) else f":{part.step}"
        return ":".join("" if one is None else str(one) for one in (part.start, part.stop)) + step
    if isinstance(part, np.ndarray):
        return str(part.tolist()) if part.size <= MAX_WRITTEN_ENTRIES else "…"
    return "..." if part is Ellipsis else str(part)


def _counted(key: tuple[Part, ...], whole: Tensor) -> tuple[Part, ...]:
    """The key with whole numbers counted from the front."""
    found, axis = [], 0
    for one in key:
        size = settled(whole.node.shape[axis]) if one is not None else 0
        found.append(one % size if isinstance(one, int) and isinstance(size, int) else one)
        axis += one is not None
    return tuple(found)


def _is_broadcast(value: Node, old: Tensor) -> bool:
    """Whether a value is one for all places, or one for each, and not one for each that a condition picks."""
    behind = old.shape[len(old.shape) - value.rank :] if value.rank <= old.rank else ()
    return len(behind) == value.rank and all(
        settled(one) == 1 or same(one, own) for one, own in zip(value.shape, behind, strict=True)
    )


def _picked(scope: Scope, old: Tensor, part: PartOf, value: Node, piece: Node) -> Tensor:
    """old[indices] = value: of what is written twice the last stands, as in NumPy."""
    known = [scope.known(Tensor(node)) for node in part.arrays]
    if any(one is None for one in known) or not is_concrete(old):
        if is_added(scope, part):
            return _placed(scope, old, part, value)
        raise NetcalcError("writing at places that are not known is not understood; give their values with --at")
    arrays = [one for one in known if one is not None]
    key: Any = tuple(
        arrays[one.number - 1] if isinstance(one, Place) else slice(*one) if isinstance(one, Span) else one
        for one in part.key
    )
    source = np.full(old.shape, -1, dtype=np.int64)
    shape = [concrete(size, "this") for size in map(settled, piece.shape)]
    many = prod(shape)
    if not many:
        return old
    source[key] = np.arange(many).reshape(shape)
    flat = b.reshaped(value, [-1])
    moved = b.index(flat, [Fixed(np.maximum(source, 0))])
    return Tensor(b.where(_marked((source >= 0).astype(np.int64), key), moved, old.node), old.kind, old.buffer)


def _placed(scope: Scope, old: Tensor, part: PartOf, value: Node) -> Tensor:
    """old[indices] = value at places that go by an input, no two of which are one."""
    for node in part.arrays:
        scope.index(Tensor(node))
    keyed, arrays = Keyed(part.key, old.node.shape), list(part.arrays)
    spread = b.scatter(value, keyed, arrays) if as_number(value) != 0 else b.number(0, old.node.shape)
    if isinstance(old.zero, bool) and old.zero:
        return Tensor(spread, old.kind, old.buffer)
    there = b.scatter(b.number(1, value.shape), keyed, arrays)
    return Tensor(b.where(there, spread, old.node), old.kind, old.buffer)


def is_added(scope: Scope, part: PartOf) -> bool:
    """Whether places go by an input, yet no two are one, as one index has no number twice: x[rows, k] += 1."""
    if not any(one.operation is INPUT for one in in_order(part.arrays)):
        return _are_distinct([scope.known(Tensor(node)) for node in part.arrays])
    if all(not node.rank for node in part.arrays):
        return True
    rows = [node for node in part.arrays if not any(one.operation is INPUT for one in in_order([node]))]
    if any(without_name(node).operation is ARANGE for node in rows):
        return True
    known = [scope.seen(Tensor(node)) for node in rows]
    return any(one is not None and one.ndim == 1 and np.unique(one).size == one.size for one in known)


def _are_distinct(arrays: Sequence[np.ndarray | None]) -> bool:
    """Whether indices are known, and no place is there twice."""
    known = [one for one in arrays if one is not None]
    if not known or len(known) < len(arrays):
        return False
    places = np.stack([one.reshape(-1) for one in np.broadcast_arrays(*known)], axis=1)
    return bool(places.size) and len(np.unique(places, axis=0)) == len(places)


def added_into(scope: Scope, old: Tensor, part: PartOf, value: Node) -> Tensor:
    """np.add.at(old, …, value): all that is added at one place counts."""
    if part.mask is not None:
        return written_into(scope, old, part, b.add(old.node, value))
    for node in part.arrays:
        scope.index(Tensor(node))
    piece = b.index(old.node, part.key, list(part.arrays))
    spread = b.scatter(b.broadcast(value, piece.shape), Keyed(part.key, old.node.shape), list(part.arrays))
    whole_zero = isinstance(old.zero, bool) and old.zero
    return Tensor(spread if whole_zero else b.add(old.node, spread), old.kind, old.buffer)
