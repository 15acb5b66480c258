"""Pooling: the largest entry, or the mean, of each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import over, settled
from netcalc.graph.windows import windows as sliding_windows
from netcalc.program.library.elementwise import MINUS_INFINITY
from netcalc.program.library.padding import padded
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.library.windows import batched, dimensions, each_axis, unbatched
from netcalc.program.values import Tensor


def _pooled(
    call: Call, x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> tuple[Any, ...]:
    many = dimensions(call)
    node, alone = batched(x, many)
    sizes = each_axis(kernel, many)
    steps = sizes if stride in (None, []) else each_axis(stride, many)
    pads, gaps = each_axis(padding, many, 0), each_axis(dilation, many)
    if ceil:
        for size, k, s, p in zip(node.shape[2:], sizes, steps, pads, strict=True):
            if (concrete(settled(size), call.name) + 2 * p - k) % s:
                raise NetcalcError(f"{call.name} with ceil_mode is not understood where a window hangs over the edge")
    return node, alone, sizes, steps, [(0, 0), (0, 0), *((p, p) for p in pads)], gaps, many


def _max_pool(
    call: Call, x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool, places: bool
) -> Node:
    """The largest entry of each window; the edge is -∞."""
    if places:
        raise NetcalcError(f"{call.name} with return_indices is not understood")
    node, alone, sizes, steps, around, gaps, many = _pooled(call, x, kernel, stride, padding, dilation, ceil)
    wide = padded(node, around, b.number_of(MINUS_INFINITY))
    opened = sliding_windows(wide, sizes, steps, gaps)
    return unbatched(b.largest(opened, tuple(range(-many, 0))), alone)


def _average_pool(
    call: Call, x: Tensor, kernel: Any, stride: Any, padding: Any, ceil: bool, with_edge: bool, divisor: Any
) -> Node:
    """The mean of each window."""
    node, alone, sizes, steps, around, gaps, many = _pooled(call, x, kernel, stride, padding, 1, ceil)
    axes = tuple(range(-many, 0))
    opened = sliding_windows(padded(node, around), sizes, steps, gaps)
    if divisor is not None:
        found = b.divide(b.summed(opened, axes), b.number(divisor))
    elif with_edge or not any(one for pair in around for one in pair):
        found = b.mean(opened, axes)
    else:
        inside = np.pad(np.ones([concrete(settled(one), call.name) for one in node.shape[2:]], int), around[2:])
        view = np.lib.stride_tricks.sliding_window_view(inside, sizes)[tuple(slice(None, None, one) for one in steps)]
        counts = view.sum(axis=axes)
        found = b.divide(b.summed(opened, axes), b.array(counts, "count"))
    return unbatched(found, alone)


def _lp_pool(call: Call, x: Tensor, p: Any, kernel: Any, stride: Any, ceil: bool) -> Node:
    node, alone, sizes, steps, around, gaps, many = _pooled(call, x, kernel, stride, 0, 1, ceil)
    opened = sliding_windows(padded(node, around), sizes, steps, gaps)
    order = b.number(p)
    total = b.summed(b.power(opened, order), tuple(range(-many, 0)))
    return unbatched(b.power(total, b.divide(b.number(1), order)), alone)


def _adaptive(call: Call, x: Tensor, size: Any) -> Node:
    """So many windows as are asked for."""
    many = dimensions(call)
    wanted = each_axis(size, many)
    node, alone = batched(x, many)
    reduced = b.largest if "max" in call.name else b.mean
    shape: list[Any] = list(node.shape[:2])
    for own, count in zip(node.shape[2:], wanted, strict=True):
        part = over(own, count)
        if part is None:
            return unbatched(_in_uneven_windows(call, node, wanted, reduced), alone)
        shape += [count, part]
    axes = tuple(3 + 2 * n for n in range(many))
    return unbatched(reduced(b.reshaped(node, shape), axes), alone)


def _in_uneven_windows(call: Call, node: Node, wanted: Sequence[int], reduced: Callable[..., Node]) -> Node:
    """PyTorch's, which begin and end at whole parts of an axis, so that they overlap; one axis after the other."""
    for axis, count in enumerate(wanted, 2):
        own = concrete(settled(node.shape[axis]), call.name)
        spans = [b.Span(n * own // count, -(-(n + 1) * own // count), None) for n in range(count)]
        node = b.joined([reduced(b.index(node, [*[b.EVERYTHING] * axis, one]), (axis,), True) for one in spans], axis)
    return node


_LARGEST = "input|x:t kernel_size:v stride:v=None padding:v=0 dilation:v=1 ceil_mode:b=False return_indices:b=False"
_MEAN = (
    "input|x:t kernel_size:v stride:v=None padding:v=0 ceil_mode:b=False "
    "count_include_pad:b=True divisor_override:v=None"
)
ROWS = [
    Row("max_pool1d max_pool2d max_pool3d", _LARGEST, _max_pool, "the largest entry of each window", asks=True),
    Row("avg_pool1d avg_pool2d avg_pool3d", _MEAN, _average_pool, "the mean of each window", asks=True),
    Row(
        "lp_pool1d lp_pool2d",
        "input:t norm_type:n kernel_size:v stride:v=None ceil_mode:b=False",
        _lp_pool,
        "the norm of each window",
        asks=True,
    ),
    Row(
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d",
        "input:t output_size:v",
        _adaptive,
        "so many windows as are asked for",
        asks=True,
    ),
]
