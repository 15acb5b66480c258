"""What any file's array has to hold: real, finite numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcalc.arrays import is_surely_finite
from netcalc.errors import FileError
from netcalc.records import NamedTuple

DENSE_LIMIT = 10**8  # numbers of a text that are read at once
PICKLED = "it holds pickled Python objects, which are never loaded; save plain numbers with numpy.save"


def as_float64(array: Any, source: str) -> np.ndarray:
    """The numbers as float64. Raises FileError for what is not real numbers, and for no numbers at all."""
    refuse_no_numbers(array.shape, array.dtype, source)
    with np.errstate(all="ignore"):  # a long double beyond float64 is infinite, which is looked for where it matters
        floats: np.ndarray = array.astype(np.float64, copy=False)
    return floats


def refuse_no_numbers(shape: tuple[int, ...], dtype: np.dtype[Any], source: str) -> None:
    """Raises FileError for what is not real numbers, and for no numbers at all."""
    if dtype.hasobject:
        raise FileError(f"{source}: {PICKLED}")
    if dtype.kind not in "fiub":
        raise FileError(f"{source} holds {dtype}, not real numbers")
    if min(shape, default=1) <= 0:
        raise FileError(f"{source} is empty: its shape is {shape}")


def check_finite(array: np.ndarray, source: str, first: int = 0) -> None:
    """Raises FileError naming the first element that is NaN or infinite; rows count from `first`."""
    if is_surely_finite(array):
        return
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(int(i) for i in bad[0])
        where = ",".join(map(str, (at[0] + first, *at[1:])))
        raise FileError(f"{source}: element [{where}] is {array[at]}, not a finite number")


class Tensor(NamedTuple):
    """What a file holds: trees where there are few numbers and they are text, else float64. `header` may be empty."""

    array: np.ndarray
    source: str
    header: tuple[str, ...] = ()

    def by_name(self, letter: str) -> Tensor:
        """The same with its columns in the order of their names, if the header calls them x0, x1, …"""
        from netcalc.files.dialect import order_by_name

        order = order_by_name(self.header, letter)
        return self if order is None else Tensor(self.array[:, order], self.source)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's."""
        return self.array.shape

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """So many rows at a time."""
        return (self.array[start : start + rows] for start in range(0, len(self.array), rows))
