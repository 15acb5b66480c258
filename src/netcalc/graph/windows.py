"""Windows that slide over the last axes, for convolutions and pooling; and their entries added up where they overlap.

Each is the other's slope rule: one picks entries, the other adds them into zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.sizes import Shape, plus, settled, written
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


class Sliding(NamedTuple):
    """Windows of `kernel` entries, `stride` apart, their entries `dilation` apart, over `whole`, the last axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    whole: Shape

    @property
    def places(self) -> Shape:
        """How many windows there are along each axis."""
        return tuple(
            (size - dilation * (kernel - 1) - 1) // stride + 1
            if isinstance(size, int)
            else plus(size, -dilation * (kernel - 1))
            for size, kernel, stride, dilation in zip(self.whole, self.kernel, self.stride, self.dilation, strict=True)
        )

    def within(self, sizes: Sequence[int]) -> Sliding:
        """The same over axes whose sizes are known."""
        return self._replace(whole=tuple(sizes))

    def of_entry(self, entry: Sequence[int]) -> tuple[slice, ...]:
        """Where one entry of all the windows is."""
        return tuple(
            slice(place * dilation, place * dilation + (many - 1) * stride + 1, stride)
            for place, dilation, stride, many in zip(entry, self.dilation, self.stride, self.places, strict=True)
            if isinstance(many, int)
        )


def _value_of_windows(node: Node, _: Arithmetic, array: np.ndarray) -> np.ndarray:
    many = len(node.params.kernel)
    front = array.ndim - many
    sliding = node.params.within(array.shape[front:])
    strides = array.strides[front:]
    return np.lib.stride_tricks.as_strided(
        array,
        (*array.shape[:front], *sliding.places, *sliding.kernel),
        (
            *array.strides[:front],
            *(one * step for one, step in zip(strides, sliding.stride, strict=True)),
            *(one * step for one, step in zip(strides, sliding.dilation, strict=True)),
        ),
        writeable=False,
    )


def _value_of_overlap(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    sliding = node.params.within(arithmetic.shape(node.params.whole))
    out = arithmetic.zeros(arithmetic.shape(node.shape))
    for entry in product(*map(range, sliding.kernel)):
        where: Any = (..., *sliding.of_entry(entry))
        which: Any = (..., *entry)
        out[where] += array[which]
    return out


WINDOWS = Operation("windows", _value_of_windows, lambda node, _, delta: overlapped(delta, node.params))
OVERLAP = Operation("overlap", _value_of_overlap, lambda node, _, delta: _windows(delta, node.params))


def windows(node: Node, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Node:
    """The windows over the last axes: (…, H, W) -> (…, places, places, kernel, kernel).

    Raises ShapeError where a window is larger than what it slides over, NetcalcError for a size that is a letter.
    """
    whole = tuple(map(settled, node.shape[node.rank - len(kernel) :]))
    for size, step in zip(whole, stride, strict=True):
        if step != 1 and not isinstance(size, int):
            raise NetcalcError(
                f"how many windows fit, {step} apart, takes a number for the size {size} of {written(node.shape)}; "
                "say it with --shape (a batch and channels may stay letters)"
            )
    sliding = Sliding(tuple(kernel), tuple(stride), tuple(dilation), whole)
    if any(isinstance(many, int) and many < 1 for many in sliding.places):
        raise ShapeError(f"a window of {written(tuple(kernel))} does not fit into {written(whole)}")
    return _windows(node, sliding)


def _windows(node: Node, sliding: Sliding) -> Node:
    front = node.shape[: node.rank - len(sliding.kernel)]
    return make(WINDOWS, [node], (*front, *sliding.places, *sliding.kernel), sliding)


def overlapped(node: Node, sliding: Sliding) -> Node:
    """What lies in windows, added up where they overlap: (…, places, places, kernel, kernel) -> (…, H, W)."""
    front = node.shape[: node.rank - 2 * len(sliding.kernel)]
    return make(OVERLAP, [node], (*front, *sliding.whole), sliding)
