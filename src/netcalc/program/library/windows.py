"""Convolutions and pooling, in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY, INPUT, without_name
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS
from netcalc.graph.shaping import SCATTER
from netcalc.graph.sizes import described, over, same, settled, times, total, written
from netcalc.graph.windows import Sliding, overlapped
from netcalc.graph.windows import windows as sliding_windows
from netcalc.program.library.padding import padded
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.values import Tensor


def dimensions(call: Call) -> int:
    """How many axes a function has windows along: its name says it."""
    return next((int(one) for one in call.name if one in "123"), 2)


def each_axis(value: Any, many: int, least: int = 1) -> tuple[int, ...]:
    """One number for every axis, or a number each."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, int) for one in found) or len(found) not in (1, many):
        raise NetcalcError(f"a whole number is needed here, or {many} of them")
    if min(found) < least:
        raise NetcalcError(f"{min(found)} is less than {least}, the least that goes here")
    return tuple(found * (many // len(found)))


def batched(x: Tensor, many: int) -> tuple[Node, bool]:
    """(batch, channels, …), and whether the batch was left out."""
    if x.rank == many + 1:
        return b.index(x.node, [None]), True
    if x.rank == many + 2:
        return x.node, False
    raise ShapeError(f"an input of {many + 1} or {many + 2} axes is needed; this is {described(x.shape)}")


def unbatched(node: Node, alone: bool) -> Node:
    """Without the batch, where it was left out."""
    return b.index(node, [0]) if alone else node


def _around(padding: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[tuple[int, int]]:
    if padding == "valid":
        padding = 0
    if padding == "same":
        wide = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(one // 2, one - one // 2) for one in wide]
    return [(one, one) for one in each_axis(padding, len(kernel), 0)]


def _convolution(
    call: Call, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Node:
    """Σ over channels and window of x · weight, in groups of channels."""
    many = dimensions(call)
    if weight.rank != many + 2:
        raise ShapeError(f"{call.name} needs weights of {many + 2} axes, not {written(weight.shape)}")
    node, alone = batched(x, many)
    kernel = tuple(concrete(one, call.name) for one in weight.shape[2:])
    steps, gaps = each_axis(stride, many), each_axis(dilation, many)
    found = convolved(call.name, node, weight.node, steps, _around(padding, kernel, gaps), gaps, groups)
    return unbatched(_with_bias(found, bias, many), alone)


def convolved(
    name: str,
    node: Node,
    weight: Node,
    steps: Sequence[int],
    around: Sequence[tuple[int, int]],
    gaps: Sequence[int],
    groups: int,
) -> Node:
    """(batch, channels, …) by weights (outputs, channels of a group, …)."""
    many = node.rank - 2
    kernel = tuple(concrete(settled(one), name) for one in weight.shape[2:])
    wide = padded(node, [(0, 0), (0, 0), *around])
    batch, channels = wide.shape[:2]
    own, out_channels = settled(weight.shape[1]), settled(weight.shape[0])
    if times(own, groups) != settled(channels):
        raise ShapeError(
            f"{name}: weights {written(weight.shape)} are for {times(own, groups)} channels; "
            f"{written(node.shape)} has {settled(channels)}"
        )
    opened = sliding_windows(wide, kernel, steps, gaps)
    place, inside = LETTERS[:many], LETTERS[many : 2 * many]
    n, c, f, g = list(LETTERS[2 * many : 2 * many + 4])
    if groups == 1:
        return b.einsum(f"{n}{c}{place}{inside},{f}{c}{inside}->{n}{f}{place}", opened, weight)
    apart = over(out_channels, groups)
    if apart is None:
        raise ShapeError(f"{name}: {out_channels} outputs do not split into {groups} groups")
    split = b.reshaped(opened, [batch, groups, own, *opened.shape[2:]])
    weights = b.reshaped(weight, [groups, apart, own, *kernel])
    found = b.einsum(f"{n}{g}{c}{place}{inside},{g}{f}{c}{inside}->{n}{g}{f}{place}", split, weights)
    return b.reshaped(found, [batch, out_channels, *opened.shape[2 : 2 + many]])


def _transposed(
    call: Call, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, more: Any, groups: int, dilation: Any
) -> Node:
    """The convolution's slope by its input, as a layer: each entry spreads a window."""
    many = dimensions(call)
    if groups != 1:
        raise NetcalcError(f"{call.name} with groups is not understood; write it a group at a time")
    node, alone = batched(x, many)
    kernel = tuple(concrete(one, call.name) for one in weight.shape[2:])
    steps, gaps, pads, extra = (
        each_axis(stride, many),
        each_axis(dilation, many),
        each_axis(padding, many, 0),
        each_axis(more, many, 0),
    )
    sizes = [concrete(settled(one), call.name) for one in node.shape[2:]]
    whole = tuple((o - 1) * s + d * (k - 1) + 1 for o, s, d, k in zip(sizes, steps, gaps, kernel, strict=True))
    place, inside = LETTERS[:many], LETTERS[many : 2 * many]
    n, c, f = list(LETTERS[2 * many : 2 * many + 3])
    spread = b.einsum(f"{n}{c}{place},{c}{f}{inside}->{n}{f}{place}{inside}", node, weight.node)
    found = overlapped(spread, Sliding(kernel, steps, gaps, whole))
    found = padded(found, [(0, 0), (0, 0), *((0, one) for one in extra)])
    return unbatched(_with_bias(_cut(found, pads), bias, many), alone)


def _cut(node: Node, pads: Sequence[int]) -> Node:
    """(batch, channels, …) without so many entries on either side along each axis."""
    return b.index(node, [b.EVERYTHING] * 2 + [b.Span(p, -p or None, None) for p in pads])


def _with_bias(node: Node, bias: Any, many: int) -> Node:
    return node if bias is None else b.add(node, b.reshaped(bias.node, [-1, *[1] * many]))


def _unfold(x: Tensor, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Node:
    size = each_axis(kernel, 2)
    node, alone = batched(x, 2)
    steps, gaps = each_axis(stride, 2), each_axis(dilation, 2)
    opened = sliding_windows(padded(node, [(0, 0), (0, 0), *_around(padding, size, gaps)]), size, steps, gaps)
    order = b.transpose(opened, [0, 1, 4, 5, 2, 3])
    batch, channels = node.shape[:2]
    places = opened.shape[2:4]
    return unbatched(b.reshaped(order, [batch, times(channels, prod(size)), times(*places)]), alone)


def _unfolded_axis(x: Tensor, axis: int, size: int, step: int) -> Node:
    axis %= x.rank
    order = [n for n in range(x.rank) if n != axis]
    opened = sliding_windows(b.transpose(x.node, [*order, axis]), [size], [step], [1])
    back = list(range(x.rank - 1))
    back.insert(axis, x.rank - 1)
    return b.transpose(opened, [*back, x.rank])


def _view_of_windows(call: Call, x: Tensor, window: Any, axis: Any) -> Node:
    """NumPy's: the windows' entries along new axes behind."""
    sizes = list(window) if isinstance(window, list | tuple) else [window]
    if axis is None and len(sizes) != x.rank:
        raise ShapeError(f"a window of {len(sizes)} axes does not fit {written(x.shape)}; say axis=")
    axes = range(x.rank) if axis is None else [axis] if isinstance(axis, int) else axis
    places = [one % x.rank for one in axes]
    if len(places) != len(sizes):
        raise ShapeError(f"a window of {len(sizes)} axes goes along as many, not {len(places)}")
    order = [*(n for n in range(x.rank) if n not in places), *places]
    kernel = [concrete(one, call.name) for one in sizes]
    opened = sliding_windows(b.transpose(x.node, order), kernel, [1] * len(places), [1] * len(places))
    return b.transpose(opened, [*(order.index(n) for n in range(x.rank)), *range(x.rank, opened.rank)])


BYTES = 8  # of an entry, as strides count


def strides(x: Tensor) -> tuple[int, ...]:
    """How many bytes lie between neighbours along each axis, of an array whose entries lie in order."""
    if without_name(x.node).operation not in (INPUT, ARRAY, SCATTER) or x.cells is not None:
        raise NetcalcError("strides go by how an array is stored; write np.lib.stride_tricks.sliding_window_view")
    sizes = [concrete(one, "strides") for one in x.shape]
    return tuple(BYTES * prod(sizes[n + 1 :]) for n in range(len(sizes)))


def _strided(x: Tensor, shape: Any, steps: Any) -> Node:
    """The entries at places that strides say."""
    strides(x)
    sizes, by = [list(one) if isinstance(one, list | tuple) else [one] for one in (shape, steps)]
    if len(sizes) != len(by) or any(not isinstance(one, int) or one % BYTES for one in by):
        raise NetcalcError("as_strided takes a stride an axis, made of x.strides")
    places = np.zeros((), dtype=np.int64)
    for size, step in zip(sizes, by, strict=True):
        places = places[..., None] + np.arange(concrete(size, "as_strided")) * (step // BYTES)
    whole = prod(concrete(one, "as_strided") for one in x.shape)
    if places.size and (places.min() < 0 or places.max() >= whole):
        raise ShapeError("as_strided reaches beyond the array's memory")
    return b.index(b.reshaped(x.node, [-1]), [b.Fixed(places)])


def _fold(x: Tensor, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Node:
    """unfold's slope as a layer: columns added up where their windows overlap."""
    window, whole_size = each_axis(kernel, 2), each_axis(size, 2)
    steps, gaps, pads = each_axis(stride, 2), each_axis(dilation, 2), each_axis(padding, 2, 0)
    node = b.index(x.node, [None]) if x.rank == 2 else x.node
    sliding = Sliding(window, steps, gaps, tuple(one + 2 * p for one, p in zip(whole_size, pads, strict=True)))
    channels, places = over(node.shape[1], prod(window)), total(sliding.places)
    if channels is None or not same(node.shape[2], places):
        raise ShapeError(f"fold: {written(x.shape)} is no {places} windows of {written(window)}")
    apart = b.reshaped(node, [node.shape[0], channels, *window, *sliding.places])
    found = overlapped(b.transpose(apart, [0, 1, 4, 5, 2, 3]), sliding)
    return unbatched(_cut(found, pads), x.rank == 2)


def _slid(call: Call, x: Tensor, kernel: Tensor, mode: str, boundary: Any, _: Any) -> Node:
    """SciPy's convolution and correlation of two matrices, which keep their sizes with the kernel's centre."""
    if boundary != "fill" or x.rank != 2 or kernel.rank != 2:
        raise NetcalcError(f"{call.name} is understood of two matrices, with zeros around")
    flipped, n = call.name == "convolve2d", [concrete(settled(one), call.name) for one in kernel.shape]
    around = {
        "valid": [(0, 0)] * 2,
        "full": [(one - 1, one - 1) for one in n],
        "same": [((one - 1 + flipped) // 2, (one - flipped) // 2) for one in n],
    }.get(mode)
    if around is None:
        raise NetcalcError(f"{call.name} has the modes full, same and valid")
    back = b.Span(None, None, -1)
    weights = b.index(kernel.node, [back, back]) if flipped else kernel.node
    opened = sliding_windows(padded(x.node, around), n, [1, 1], [1, 1])
    return b.einsum("abij,ij->ab", opened, weights)


_CONVOLVED = "input|x|lhs:t weight|w|rhs:t bias|b:t?=None stride:v=1 padding:v=0 dilation:v=1 groups:i=1"
_SPREAD = "input:t weight:t bias:t?=None stride:v=1 padding:v=0 output_padding:v=0 groups:i=1 dilation:v=1"
ROWS = [
    Row("conv1d conv2d conv3d", _CONVOLVED, _convolution, "Σ of weights and windows", asks=True),
    Row(
        "conv_transpose1d conv_transpose2d conv_transpose3d",
        _SPREAD,
        _transposed,
        "windows spread and added up",
        asks=True,
    ),
    Row(
        "unfold",
        "input|x:t kernel_size:v dilation:v=1 padding:v=0 stride:v=1",
        _unfold,
        "windows as columns",
    ),
    Row(
        "fold",
        "input|x:t output_size:v kernel_size:v dilation:v=1 padding:v=0 stride:v=1",
        _fold,
        "columns added up as windows",
    ),
    Row(
        "sliding_window_view",
        "x:t window_shape:v axis:v=None",
        _view_of_windows,
        "windows along new axes",
        "same",
        asks=True,
    ),
    Row("as_strided", "x:t shape|size:v strides|stride:v", _strided, "entries at places that strides say", "same"),
    Row(
        "correlate2d convolve2d",
        "in1:t in2:t mode:s='full' boundary:v='fill' fillvalue:v=0",
        _slid,
        "a kernel slid over a matrix",
        asks=True,
    ),
    Row("unfold_axis", "x:t dimension|dim:i size:i step:i", _unfolded_axis, "windows along an axis, x.unfold(…)"),
]
