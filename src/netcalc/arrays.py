"""Arrays, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SQUARES = 1e-150, 1e150  # numbers between them have squares, and those a sum


def is_surely_finite(array: np.ndarray) -> bool:
    """Whether all entries are finite, in one pass and without an array of flags; False where it takes a closer look."""
    if array.dtype.kind != "f":
        return False
    with np.errstate(all="ignore"):  # a sum may overflow
        return bool(np.isfinite(np.add.reduce(array, axis=None)))


def norm(array: np.ndarray) -> float:
    """√Σxᵢ² of float64, also where the squares of its largest numbers are out of float64's range."""
    flat = array.reshape(-1)
    largest = max(abs(float(flat.min())), abs(float(flat.max())))
    if largest == 0 or SQUARES[0] < largest < SQUARES[1]:
        return math.sqrt(np.einsum("i,i->", flat, flat))  # BLAS would wake its threads for it
    if not math.isfinite(largest):
        return largest
    scaled = flat / largest
    return largest * math.sqrt(np.einsum("i,i->", scaled, scaled))


def each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """`function` of the arrays' entries at every place, as an object array; the arrays broadcast together."""
    together = np.broadcast_arrays(*arrays) if len(arrays) > 1 else arrays
    return from_list(list(map(function, *(array.reshape(-1).tolist() for array in together))), together[0].shape)


def from_list(entries: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An array of dtype object from its entries in row order."""
    return np.fromiter(entries, dtype=object, count=len(entries)).reshape(shape)


def scalar(entry: Any) -> np.ndarray:
    """An array of dtype object, of shape (), that holds one object."""
    return from_list([entry], ())


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of size 1."""
    return tuple(size for size in shape if size != 1)


def of_rows(rows: list[list[Any]]) -> np.ndarray:
    """An array of dtype object from its rows."""
    return from_list([entry for row in rows for entry in row], (len(rows), len(rows[0]) if rows else 0))


def by_place(function: Callable[..., Any], shape: tuple[int, ...]) -> np.ndarray:
    """`function(*index)` at every index, as an object array of that shape."""
    return from_list([function(*index) for index in places(shape)], shape)


def places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every index of an array of that shape, in row order; NumPy's `ndindex` makes all of them before the first."""
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        for others in places(shape[1:]):
            yield (first, *others)
