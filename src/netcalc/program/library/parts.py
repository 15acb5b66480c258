"""What joins, splits, pads and picks entries of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY, INPUT, triangular_ones
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.products_along import cumprod
from netcalc.graph.sizes import Size, over, same, settled, times
from netcalc.program.library.shaping import axis_of
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import several, whole
from netcalc.program.values import Tensor, node_of


def _roll(x: Tensor, shift: Any, axis: Any) -> Node:
    if axis is None:
        flat = Tensor(b.reshaped(x.node, [-1]))
        return b.reshaped(_roll(flat, shift, 0), x.shape)
    node = x.node
    shifts, axes = ([shift], [axis]) if isinstance(axis, int) else (list(shift), list(axis))
    for by, one in zip(shifts, axes, strict=True):
        place = axis_of(node, one)
        cut = -whole(by) % concrete(settled(node.shape[place]), "roll")
        front = [b.EVERYTHING] * place
        parts = [b.index(node, [*front, b.Span(cut, None, None)]), b.index(node, [*front, b.Span(0, cut, None)])]
        node = b.joined(parts, place) if cut else node
    return node


def _flip(x: Tensor, axes: Any) -> Node:
    axes = range(x.rank) if axes is None else [axes] if isinstance(axes, int) else axes
    places = {axis_of(x.node, one) for one in axes}
    return b.index(x.node, [b.Span(None, None, -1) if n in places else b.EVERYTHING for n in range(x.rank)])


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


def _blocks(rows: Any) -> Node:
    """A matrix of matrices: those of an inner list side by side, the lists one below the other."""
    if not isinstance(rows, list | tuple) or not all(isinstance(row, list | tuple) for row in rows):
        raise NetcalcError("block takes rows of blocks, as in block([[A, B], [C, D]])")
    nodes = [[node_of(one) for one in row] for row in rows]
    wide = [[node if node.rank > 1 else b.reshaped(node, [1, -1]) for node in row] for row in nodes]
    return b.joined([b.joined(row, -1) for row in wide], -2)


def _deep(arrays: list[Tensor]) -> Node:
    nodes = [one.node if one.rank > 1 else b.reshaped(one.node, [1, -1]) for one in arrays]
    return b.joined([node if node.rank > 2 else b.index(node, [b.EVERYTHING, b.EVERYTHING, None]) for node in nodes], 2)


def _columns(arrays: list[Tensor]) -> Node:
    return b.joined([one.node if one.rank > 1 else b.reshaped(one.node, [-1, 1]) for one in arrays], 1)


def _split_at(node: Node, ends: Sequence[Size], axis: int) -> list[Node]:
    front = [b.EVERYTHING] * axis
    starts = [None, *ends]
    stops = [*ends, None]
    return [b.index(node, [*front, b.Span(i, j, None)]) for i, j in zip(starts, stops, strict=True)]


def pieces(node: Node, many: int, axis: int, *, uneven: bool = False) -> list[Node]:
    """The node in `many` parts along an axis."""
    axis = axis_of(node, axis)
    size = settled(node.shape[axis])
    part = over(size, many)
    if isinstance(size, int):
        if part is None and not uneven:
            raise ShapeError(f"an axis of {size} does not split into {many} equal parts")
        ends = [size * n // many if part else n * (size // many) + min(n, size % many) for n in range(1, many)]
        return _split_at(node, ends, axis)
    if part is None:
        said = f"say it as a number, or as {many}{size}, in --shape"
        raise NetcalcError(f"a size of {size} does not split in {many}: {said}")
    return _split_at(node, [times(part, n) for n in range(1, many)], axis)


def _split(call: Call, x: Tensor, sections: Any, axis: int) -> list[Node]:
    """PyTorch's pieces of a size, NumPy's number of pieces; a list is of sizes or of cuts."""
    if call.library != "torch" or call.name != "split":
        return _cut(x, sections, axis, uneven=call.name != "split")
    node, axis = x.node, axis_of(x.node, axis)
    if isinstance(sections, list | tuple):
        sizes = [whole(one) for one in sections]
        if not same(node.shape[axis], int(sum(sizes))):
            raise ShapeError(f"{sizes} do not add up to {settled(node.shape[axis])}")
        return _split_at(node, [int(one) for one in np.cumsum(sizes)[:-1]], axis)
    size = settled(node.shape[axis])
    if not isinstance(size, int) or not isinstance(sections, int):
        many = over(size, sections)
        if not isinstance(many, int):
            raise NetcalcError(
                f"how many parts of {sections} are in {size}? Say the size as a number, or as a multiple such as "
                f"3{sections if not isinstance(sections, int) else size}, in --shape"
            )
        return pieces(node, many, axis)
    return _split_at(node, list(range(sections, size, sections)), axis)


def _cut(x: Tensor, sections: Any, axis: int, *, uneven: bool = False) -> list[Node]:
    """So many pieces, or those between cuts."""
    if isinstance(sections, list | tuple):
        return _split_at(x.node, [whole(one) for one in sections], axis_of(x.node, axis))
    return pieces(x.node, whole(sections), axis, uneven=uneven)


def _chunk(x: Tensor, many: int, axis: int) -> tuple[Node, ...]:
    size = settled(x.node.shape[axis_of(x.node, axis)])
    if isinstance(size, int) and size % many:
        step = -(-size // many)
        return tuple(_split_at(x.node, list(range(step, size, step)), axis_of(x.node, axis)))
    return tuple(pieces(x.node, many, axis))


def _unbind(x: Tensor, axis: int) -> list[Node]:
    axis = axis_of(x.node, axis)
    many = concrete(settled(x.node.shape[axis]), "unbind")
    return [b.index(x.node, [*[b.EVERYTHING] * axis, n]) for n in range(many)]


def _narrow(x: Tensor, axis: int, start: int, length: int) -> Node:
    return b.index(x.node, [*[b.EVERYTHING] * axis_of(x.node, axis), b.Span(start, start + length, None)])


def _select(x: Any, axis: Any, place: Any) -> Node:
    """PyTorch's entry of an axis, or NumPy's choice by the first condition that holds."""
    if isinstance(x, list | tuple):
        found = node_of(0 if place is None else place)
        for condition, value in reversed(list(zip(x, axis, strict=True))):
            found = b.where(node_of(condition), node_of(value), found)
        return found
    return b.index(x.node, [*[b.EVERYTHING] * axis_of(x.node, whole(axis)), whole(place)])


def _triangle(x: Tensor, offset: int, *, lower: bool) -> Node:
    is_constant = not any(node.operation is INPUT for node in in_order([x.node]))
    if is_constant and x.rank == 2 and not _is_finite(x.node):  # 0 times -inf is no number
        return b.where(triangular_ones(x.node.shape[0], x.node.shape[1], offset, lower=lower), x.node, b.number(0))
    return b.triangle(x.node, offset, lower=lower)


def _is_finite(node: Node) -> bool:
    """Whether it is a number, or an array of fractions, which no infinity is."""
    if node.operation is not ARRAY:
        return as_number(node) is not None
    entries = node.params.array
    return entries.dtype.kind in "iub" or all(isinstance(one, Number) for one in entries.flat)


def _difference(x: Tensor, many: int, axis: int) -> Node:
    node, axis = x.node, axis_of(x.node, axis)
    for _ in range(many):
        front = [b.EVERYTHING] * axis
        node = b.subtract(
            b.index(node, [*front, b.Span(1, None, None)]), b.index(node, [*front, b.Span(None, -1, None)])
        )
    return node


def _running_product(x: Tensor, axis: Any) -> Node:
    if axis is None:
        x, axis = Tensor(b.reshaped(x.node, [-1])), 0
    return cumprod(x.node, axis_of(x.node, axis))


def _open_mesh(call: Call, arrays: list[Any]) -> tuple[Node, ...]:
    """np.ix_(rows, columns): each along an axis of its own."""
    for one in arrays:
        call.index(one)
    nodes = [node_of(one) for one in arrays]
    return tuple(
        b.index(node, [b.EVERYTHING if place == k else None for place in range(len(nodes))])
        for k, node in enumerate(nodes)
    )


def _meshgrid(arrays: list[Any], indexing: Any) -> list[Node]:
    nodes = [node_of(one) for one in several(arrays)]
    shape = tuple(node.shape[0] for node in nodes)
    found = [
        b.broadcast(b.index(n, [b.EVERYTHING if m == k else None for m in range(len(nodes))]), shape)
        for k, n in enumerate(nodes)
    ]
    if indexing == "ij" or len(nodes) < 2:
        return found
    return [b.transpose(node, [1, 0, *range(2, len(nodes))]) for node in found]


_X = "x|input|a|m|ary|self|tensor|A:t"
_DIM = "axis|dim"


def _quarter_turns(x: Tensor, k: int) -> Node:
    node = x.node
    for _ in range(k % 4):
        node = _flip(Tensor(b.transpose(node, [1, 0, *range(2, node.rank)])), 0)
    return node


_CUT = f"{_X} indices_or_sections|sections|indices:v"
ROWS = [
    Row("roll", f"{_X} shift|shifts:v axis|dims:a=None", _roll, "entries moved round", "same"),
    Row("flip", f"{_X} axis|dims:a=None", _flip, "entries in reverse", "same", True),
    Row("flipud", _X, lambda x: _flip(x, 0), "rows in reverse", "same", True),
    Row("rot90", f"{_X} k:i=1", _quarter_turns, "a matrix turned by quarters, counterclockwise", "same"),
    Row("fliplr", _X, lambda x: _flip(x, 1), "columns in reverse", "same", True),
    Row(
        "concatenate cat concat",
        f"arrays|tensors|operands:ts {_DIM}|dimension:a=0",
        _concatenate,
        "one after the other",
        "widest",
    ),
    Row(
        "stack",
        f"arrays|tensors:ts {_DIM}:i=0",
        lambda arrays, axis: b.stack([one.node for one in arrays], axis),
        "beside each other along a new axis",
        "widest",
    ),
    Row("block", "arrays:v", _blocks, "a matrix of matrices"),
    Row("hstack", "arrays|tensors|tup:ts", _stacked_at(1, 1), "side by side", "widest"),
    Row("vstack row_stack", "arrays|tensors|tup:ts", _stacked_at(0, 2), "one below the other", "widest"),
    Row("dstack", "arrays|tensors|tup:ts", _deep, "behind each other", "widest"),
    Row("column_stack", "arrays|tensors|tup:ts", _columns, "vectors as columns", "widest"),
    Row(
        "split array_split tensor_split",
        f"{_X} indices_or_sections|split_size|split_size_or_sections:v {_DIM}:i=0",
        _split,
        "parts along an axis: PyTorch's of a size, NumPy's so many",
        "same",
        True,
        asks=True,
    ),
    Row("hsplit", _CUT, lambda x, at: _cut(x, at, min(x.rank, 2) - 1), "parts side by side", "same", True),
    Row("vsplit", _CUT, lambda x, at: _cut(x, at, 0), "parts below each other", "same", True),
    Row("chunk", f"{_X} chunks:i {_DIM}:i=0", _chunk, "so many parts along an axis", "same", True),
    Row("unbind unstack", f"{_X} {_DIM}:i=0", _unbind, "the entries along an axis", "same", True),
    Row("narrow", f"{_X} dim:i start:i length:i", _narrow, "a part of an axis", "same", True),
    Row(
        "select",
        "input|condlist:v dim|choicelist:v index|default:v=None",
        _select,
        "one entry of an axis; or a choice",
        "widest",
    ),
    Row("tril", f"{_X} diagonal|k:i=0", partial(_triangle, lower=True), "on and below a diagonal, else 0", "same"),
    Row("triu", f"{_X} diagonal|k:i=0", partial(_triangle, lower=False), "on and above a diagonal, else 0", "same"),
    Row("diff", f"{_X} n:i=1 axis|dim:i=-1", _difference, "differences of neighbours"),
    Row("cumprod", f"{_X} axis|dim:a=None", _running_product, "the running product", "counted"),
    Row("ix_", "*arrays:v", _open_mesh, "indices, each along an axis of its own", "int", asks=True),
    Row("meshgrid", "*arrays:v indexing:v='xy'", _meshgrid, "vectors as grids", "widest"),
]
