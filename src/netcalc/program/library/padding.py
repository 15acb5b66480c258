"""What makes arrays larger at their edges, or finer: padding, and resampling along axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arrays import from_list
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.shaping import Keyed
from netcalc.graph.sizes import plus, settled, written
from netcalc.program.library.shaping import axes_of
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import fraction, whole
from netcalc.program.values import Tensor, node_of

MODES: Mapping[str, str] = {  # PyTorch's words, and NumPy's own
    "replicate": "edge",
    "circular": "wrap",
    **{name: name for name in ("reflect", "edge", "wrap", "symmetric")},
}


def padded(node: Node, widths: Sequence[tuple[int, int]], value: Node | None = None) -> Node:
    """The node with so many entries more before and behind along each axis: 0, or `value`."""
    if not any(one for pair in widths for one in pair):
        return node
    if any(one < 0 for pair in widths for one in pair):
        raise ShapeError("pad adds entries, and takes no number below 0; write a slice to cut them")
    shape: list[Any] = []
    key: list[Any] = []
    for size, (before, behind) in zip(map(settled, node.shape), widths, strict=True):
        shape.append(plus(size, before + behind))
        stop = None if not behind else -behind
        key.append(b.Span(before, stop, None) if before or behind else b.EVERYTHING)
    keyed = Keyed(tuple(key), tuple(shape))
    wide = b.scatter(node, keyed)
    if value is None:
        return wide
    inside = b.scatter(b.number(1, node.shape), keyed)
    return b.where(inside, wide, value)


def _pad(call: Call, x: Tensor, widths: Any, mode: str, value: Any) -> Node:
    found = _widths(call, x, widths)
    if mode == "constant":
        return padded(x.node, found, None if value in (None, 0) else node_of(value))
    if mode not in MODES:
        raise NetcalcError(f"pad with mode {mode!r} is not understood; constant, {', '.join(MODES)} are")
    node = x.node
    for axis, around in enumerate(found):
        if any(around):
            many = concrete(settled(node.shape[axis]), "pad")
            if min(around) < 0 or (mode != "edge" and not many):
                raise ShapeError("pad adds entries, and takes no number below 0; write a slice to cut them")
            places = np.pad(np.arange(many), around, MODES[mode])  # type: ignore[call-overload]
            node = b.index(node, [*[b.EVERYTHING] * axis, b.Fixed(places)])
    return node


def _widths(call: Call, x: Tensor, widths: Any) -> list[tuple[int, int]]:
    """How many entries come before and behind along each axis; PyTorch names them from the last axis on."""
    if call.library == "torch":
        flat = list(axes_of([widths]))
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
    return found


def _resampled(call: Call, x: Tensor, size: Any, factor: Any, mode: str, corners: Any) -> Node:
    """Each entry repeated, or what lies between two of them as a straight line goes, along every axis behind two."""
    linear = {3: "linear", 4: "bilinear", 5: "trilinear"}.get(x.rank, "linear")
    if mode not in ("nearest", linear):
        raise NetcalcError(f"{call.name} of {x.rank} axes is understood with mode='nearest' and mode='{linear}'")
    if (size is None) == (factor is None):
        raise NetcalcError(f"{call.name} takes either size= or scale_factor=")
    node, many = x.node, x.rank - 2
    for n, wanted in enumerate(_each(factor if size is None else size, many)):
        own = concrete(settled(node.shape[2 + n]), call.name)
        new = int(fraction(wanted) * own) if size is None else whole(wanted)
        step = 1 / fraction(wanted) if size is None else Fraction(own, max(new, 1))
        front = [b.EVERYTHING] * (2 + n)
        if mode == "nearest":
            places = np.array([min(int(step * one), own - 1) for one in range(new)], dtype=np.int64)
            node = b.index(node, [*front, b.Fixed(places)])
        else:
            step = Fraction(own - 1, max(new - 1, 1)) if corners else step
            node = _between(node, 2 + n, [step * one if corners else step * (one + HALF) - HALF for one in range(new)])
    return node


HALF = Fraction(1, 2)


def _between(node: Node, axis: int, places: Sequence[Fraction]) -> Node:
    """The values at places along an axis, which may lie between two entries: a product with a matrix of shares."""
    own = concrete(settled(node.shape[axis]), "interpolate")
    shares = np.full((len(places), own), Fraction(0), dtype=object)
    for row, place in zip(shares, places, strict=True):
        at = min(max(place, Fraction(0)), Fraction(own - 1))
        low = int(at)
        row[low] += 1 - (at - low)
        row[min(low + 1, own - 1)] += at - low
    matrix = b.array(from_list([Number(one) for one in shares.reshape(-1)], shares.shape))
    letters = "abcdefgh"[: node.rank]
    return b.einsum(f"{letters},z{letters[axis]}->{letters.replace(letters[axis], 'z')}", node, matrix)


def _each(value: Any, many: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * many


ROWS = [
    Row(
        "pad",
        "x|input|a|array:t pad|pad_width:v mode:s='constant' value|constant_values:v=None",
        _pad,
        "entries added around: 0, a value, or those of the array",
        "widest",
        asks=True,
    ),
    Row(
        "interpolate upsample",
        "input:t size:v=None scale_factor:v=None mode:s='nearest' align_corners:v=None",
        _resampled,
        "each entry repeated, or values between them",
        asks=True,
    ),
]
