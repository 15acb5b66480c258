"""What a file holds, read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netcalc.records import NamedTuple


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
