"""JAX's own convolutions and pooling, whose axes are told by letters: N a batch, C channels, I and O a kernel's."""

from __future__ import annotations

from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled, written
from netcalc.graph.windows import windows
from netcalc.program.library.elementwise import MINUS_INFINITY
from netcalc.program.library.padding import padded
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.library.windows import convolved
from netcalc.program.values import LibraryFunction, Tensor, is_scalar, node_of


def _convolution(
    call: Call,
    x: Tensor,
    kernel: Tensor,
    strides: Any,
    padding: Any,
    _dilated: Any,
    dilation: Any,
    axes: Any,
    groups: int,
) -> Node:
    """A convolution of axes in any order."""
    if x.rank != kernel.rank or x.rank < 3:
        raise ShapeError(f"{call.name}: a kernel {written(kernel.shape)} does not fit {written(x.shape)}")
    many = x.rank - 2
    if _dilated is not None and any(one != 1 for one in _dilated):
        raise NetcalcError(f"{call.name} with lhs_dilation is not understood; F.conv_transpose2d is")
    spatial = "DHW"[-many:]
    usual = [f"NC{spatial}", f"OI{spatial}", f"NC{spatial}"]
    told = usual if axes is None else [str(one) for one in axes]
    if len(told) != 3 or any(sorted(one) != sorted(own) for one, own in zip(told, usual, strict=False)):
        raise NetcalcError(f"{call.name} takes dimension_numbers such as ('NHWC', 'HWIO', 'NHWC')")
    lhs, rhs = (
        b.transpose(node, [one.index(letter) for letter in own])
        for node, one, own in zip((x.node, kernel.node), told, usual, strict=False)
    )
    steps, gaps = (list(one) if one is not None else [1] * many for one in (strides, dilation))
    around = _around(
        call,
        lhs,
        [d * (concrete(settled(k), call.name) - 1) + 1 for d, k in zip(gaps, rhs.shape[2:], strict=True)],
        steps,
        padding,
    )
    found = convolved(call.name, lhs, rhs, steps, around, gaps, groups)
    return b.transpose(found, [usual[2].index(letter) for letter in told[2]])


def _around(call: Call, node: Node, window: list[int], steps: list[int], padding: Any) -> list[tuple[int, int]]:
    """What is added before and behind along the last axes; SAME leaves one window for every step."""
    if isinstance(padding, list | tuple):
        return [(one[0], one[1]) for one in padding]
    if padding not in ("SAME", "VALID"):
        raise NetcalcError(f"{call.name} takes the padding 'SAME', 'VALID' or pairs of numbers")
    found = []
    for size, wide, step in zip(node.shape[node.rank - len(window) :], window, steps, strict=True):
        own = concrete(settled(size), call.name)
        more = max((-(-own // step) - 1) * step + wide - own, 0) if padding == "SAME" else 0
        found.append((more // 2, more - more // 2))
    return found


def _reduced(call: Call, x: Tensor, init: Any, function: Any, window: Any, strides: Any, padding: Any) -> Node:
    """The largest entry or the sum of each window, over all axes."""
    name = function.name if isinstance(function, LibraryFunction) else ""
    if name not in ("max", "min", "add") or not is_scalar(init):
        raise NetcalcError(f"{call.name} is understood with lax.max, lax.min and lax.add")
    sizes, steps = list(window), [1] * x.rank if strides is None else list(strides)
    if len(sizes) != x.rank or len(steps) != x.rank:
        raise ShapeError(f"{call.name} takes a size and a stride for each of {x.rank} axes")
    wide = padded(x.node, _around(call, x.node, sizes, steps, padding), node_of(init))
    opened = windows(wide, sizes, steps, [1] * x.rank)
    axes = tuple(range(-x.rank, 0))
    if name == "add":
        found = b.summed(opened, axes)
        return found if init == 0 else b.add(found, node_of(init))
    found = (b.largest if name == "max" else b.smallest)(opened, axes)
    without = MINUS_INFINITY if name == "max" else MINUS_INFINITY.arguments[0]
    return found if init == without else b.elementwise(name, found, node_of(init))


_FURTHER = "lhs_dilation:v=None rhs_dilation:v=None dimension_numbers:v=None feature_group_count:i=1"
ROWS = [
    Row(
        "conv_general_dilated",
        f"lhs:t rhs:t window_strides:v padding:v {_FURTHER}",
        _convolution,
        "JAX's convolution",
        asks=True,
    ),
    Row(
        "conv",
        "lhs:t rhs:t window_strides:v padding:v",
        lambda call, x, kernel, strides, padding: _convolution(call, x, kernel, strides, padding, None, None, None, 1),
        "JAX's convolution of a batch of channels",
        asks=True,
    ),
    Row(
        "reduce_window",
        "operand:t init_value:v computation:v window_dimensions:v window_strides:v=None padding:v='VALID'",
        _reduced,
        "JAX's pooling, by lax.max, lax.min or lax.add",
        asks=True,
    ),
]
