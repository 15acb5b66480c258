"""Arrays, element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """`function` of the arrays' entries at every place, as an object array in their common shape."""
    flat = [array.reshape(-1).tolist() for array in arrays]
    return np.fromiter(map(function, *flat), dtype=object, count=len(flat[0])).reshape(arrays[0].shape)


def places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every index of an array of that shape, in row order; NumPy's `ndindex` makes all of them before the first."""
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        for others in places(shape[1:]):
            yield (first, *others)
