"""NumPy's `.npy`: its header first, its numbers when they are asked for, all of them or block after block of rows.

They are read rather than mapped into memory, which costs as little: a process that has mapped a file dies when another
one cuts the file short.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np

from netcalc.errors import FileError
from netcalc.files.numbers import as_float64, refuse_no_numbers
from netcalc.files.source import unreadable
from netcalc.records import NamedTuple

NPY_MAGIC = b"\x93NUMPY"
DAMAGED = "it is no .npy file, or a damaged one"
# What reading one as Python, which it is, may end with.
NOT_A_HEADER = (ValueError, EOFError, SyntaxError, TokenError, TypeError, ArithmeticError, LookupError, RecursionError)
HEADERS = {  # by version; the third differs from the second in the names of fields, which no numbers have
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}
MOST_AXES = 32  # that every NumPy takes
READ_BYTES = 8 << 20  # at once


class NpyFile(NamedTuple):
    """An open `.npy`: the shape and type that its header says, and its numbers, which `begin` there."""

    source: str
    stream: BinaryIO
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool
    begin: int

    @classmethod
    def open(cls, source: str, stream: BinaryIO, size: int) -> NpyFile:
        """The file of so many bytes, read up to its numbers. Raises FileError, also where there are too few of them."""
        try:
            version = np.lib.format.read_magic(stream)
            shape, by_columns, dtype = HEADERS[version](stream)
        except OSError as error:
            raise unreadable(source, error) from None
        except NOT_A_HEADER as error:
            cut = str(error).startswith("EOF: reading")
            raise FileError(f"{source}: {'the file is cut short' if cut else DAMAGED}") from None
        if len(shape) > MOST_AXES or any(type(length) is not int for length in shape):
            raise FileError(f"{source}: {DAMAGED}")
        refuse_no_numbers(shape, dtype, source)
        begin = stream.tell()
        if begin + math.prod(shape) * dtype.itemsize > size:
            raise FileError(f"{source}: the file is cut short")
        return cls(source, stream, shape, dtype, by_columns, begin)

    def array(self) -> np.ndarray:
        """All of it as float64. Raises FileError."""
        return as_float64(self.stored(), self.source)

    def stored(self) -> np.ndarray:
        """All of it in its own type. Raises FileError."""
        order: Any = "F" if self.by_columns else "C"
        return self._read(0, math.prod(self.shape)).reshape(self.shape, order=order)

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """So many rows of it at a time, as float64. Raises FileError."""
        if self.by_columns:
            whole = self.array()
            yield from (whole[start : start + rows] for start in range(0, len(whole), rows))
            return
        width = math.prod(self.shape[1:])
        for start in range(0, self.shape[0], rows):
            count = min(rows, self.shape[0] - start)
            yield as_float64(self._read(start * width, count * width), self.source).reshape(count, *self.shape[1:])

    def _read(self, first: int, count: int) -> np.ndarray:
        """So many numbers from the first on, as they are stored."""
        try:
            found = np.empty(count, dtype=self.dtype)
        except MemoryError:
            raise FileError(f"{self.source} does not fit into memory") from None
        room = found.view(np.uint8).data
        try:
            self.stream.seek(self.begin + first * self.dtype.itemsize)
            while room and (read := self.stream.readinto(room[:READ_BYTES])):  # type: ignore[attr-defined]
                room = room[read:]
        except OSError as error:
            raise unreadable(self.source, error) from None
        if room:
            raise shrunk(self.source)
        return found


def shrunk(name: str) -> FileError:
    """The error for a file that had more in it when it was opened."""
    return FileError(f"{name} became shorter while it was read")
