"""NumPy's `.npy`: its header first, its numbers when they are asked for, all of them or block after block of rows.

They are read rather than mapped into memory, which costs as little: a process that has mapped a file dies when another
one cuts the file short.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from operator import index
from os import SEEK_END
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from netcalc.errors import FileError
from netcalc.files.numbers import as_float64, refuse_no_numbers
from netcalc.files.source import unreadable
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from zipfile import ZipInfo

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
READ_BYTES = 1 << 20  # at once: an archive copies them, at best within what the processor has at hand
ZIP_MAGIC = b"PK\x03\x04"
Fits = Callable[[tuple[int, ...]], None]


MAX_HEADER_BYTES = 100 << 20
BFLOAT16 = np.dtype(np.float32, metadata={"bfloat16": True})  # what NumPy lacks, held in float32
HALVES = np.dtype("<u2", metadata={"bfloat16": True})  # as a file has it: the upper half of float32


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
        return (found.astype(np.uint32) << 16).view(BFLOAT16) if self.dtype is HALVES else found


def shrunk(name: str) -> FileError:
    """The error for a file that had more in it when it was opened."""
    return FileError(f"{name} became shorter while it was read")


def anything(shape: tuple[int, ...]) -> None:
    """Any shape fits."""


def read_member(path_text: str, name: str | None, fits: Fits = anything) -> np.ndarray:
    """One array of a `.npz` or `.safetensors` file as float64; `name` may be left out where there is one only.

    `fits` may refuse its shape before the numbers are unpacked. Raises FileError, and as `fits` does.
    """
    with _members(path_text) as members:
        key = _only(list(members), name, path_text)
        member = members[key]()
        fits(member.shape)
        return member.array()


def read_members(path_text: str) -> dict[str, np.ndarray]:
    """Every array of such a file by name, as stored; bfloat16 as float32 that says so.

    Raises FileError for what is no real number.
    """
    with _members(path_text) as members:
        arrays = {name: member().stored() for name, member in members.items()}
    if not arrays:
        raise FileError(f"{path_text} holds no array")
    return arrays


Members = dict[str, Callable[[], NpyFile]]  # what opens each array of an archive


def _members(path_text: str) -> AbstractContextManager[Members]:
    """What is wrong with it is a FileError."""
    return _zipped(path_text) if path_text.lower().endswith(".npz") else _safetensors(path_text)


@contextmanager
def _zipped(path_text: str) -> Iterator[Members]:
    import zipfile  # only an archive pays for it
    import zlib

    try:
        with Path(path_text).open("rb") as file, zipfile.ZipFile(file) as archive, ExitStack() as opened:

            def member(info: zipfile.ZipInfo) -> NpyFile:
                stream: Any = opened.enter_context(archive.open(info))
                return NpyFile.open(f"{path_text}:{_stem(info)}", stream, info.file_size)

            yield {_stem(info): partial(member, info) for info in archive.infolist() if info.filename.endswith(".npy")}
    except OSError as error:
        raise unreadable(path_text, error) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FileError(f"{path_text} is no .npz file, or a damaged one ({error})") from None


def _stem(info: ZipInfo) -> str:
    return info.filename.removesuffix(".npy")


@contextmanager
def _safetensors(path_text: str) -> Iterator[Members]:
    """Eight bytes say how long the JSON is that says where each tensor is, row by row, lowest byte first."""
    import json  # NumPy's own files have none

    try:
        with Path(path_text).open("rb") as file:
            length = min(int.from_bytes(file.read(8), "little"), MAX_HEADER_BYTES)
            header = json.loads(file.read(length))
            begin, size = file.tell(), file.seek(0, SEEK_END)

            def tensor(name: str) -> NpyFile:
                kind, (start, end) = header[name]["dtype"], header[name]["data_offsets"]
                dtype = HALVES if kind == "BF16" else np.dtype(f"<{kind[0].lower()}{int(kind[1:]) // 8}")
                shape, source = tuple(map(index, header[name]["shape"])), f"{path_text}:{name}"
                refuse_no_numbers(shape, dtype, source)
                if not 0 <= start <= end <= size - begin or end - start != math.prod(shape) * dtype.itemsize:
                    raise FileError(f"{source}: the file is cut short, or damaged")
                return NpyFile(source, file, shape, dtype, by_columns=False, begin=begin + start)

            yield {name: partial(tensor, name) for name in header if name != "__metadata__"}
    except OSError as error:
        raise unreadable(path_text, error) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"{path_text} is no .safetensors file of numbers that NumPy has ({error})") from None


def _only(names: list[str], name: str | None, path_text: str) -> str:
    if name is not None and name in names:
        return name
    listed = ", ".join(names) or "no array"
    if name is not None:
        raise FileError(f"{path_text} holds no '{name}'; it holds {listed}")
    if not names:
        raise FileError(f"{path_text} holds {listed}")
    if len(names) != 1:
        raise FileError(f"{path_text} holds {listed}; say which, as in {path_text}:{names[0]}")
    return names[0]
