"""A big file of rows as parts that can be read apart from each other: byte ranges of text, row groups of Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from netcalc.errors import FileError, MissingExtraError
from netcalc.files.decode import ALL_MARKS, LONGEST_LINE_BYTES, too_long
from netcalc.files.dialect import order_by_name
from netcalc.files.numbers import Tensor, check_finite
from netcalc.files.source import unreadable
from netcalc.files.stream import float_blocks
from netcalc.files.table import read_rows
from netcalc.files.text import POLARS_CHUNK, RowError, counted, open_rows
from netcalc.records import dataclass

PART_BYTES = 64 << 20  # a few hundred MB of memory while it is worked on
TEXT = (".csv", ".tsv", ".txt")
INPUT = "x"
NEEDS_ARROW = "Parquet needs pyarrow: pip install 'netcalc-gradients[dask]'"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a file: the lines that begin in the bytes from `first` to `last`, or these row groups; else all of it."""

    path: str
    first: int = 0
    last: int | None = None


def parts_of(path: str, size: int = PART_BYTES) -> list[Part]:
    """The parts of a file, in order, of about `size` bytes each. Raises FileError, MissingExtraError."""
    if path.endswith(".parquet"):
        return [Part(path, group, group + 1) for group in range(_parquet(path).num_row_groups)]
    try:
        length = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise unreadable(path, error) from None
    if not path.lower().endswith(TEXT) or length <= size or any(map(head.startswith, ALL_MARKS)):
        return [Part(path)]
    return [Part(path, first, min(first + size, length)) for first in range(0, length, size)]


def part_blocks(part: Part, columns: int, decimal: str = ".") -> Iterator[np.ndarray]:
    """The part's rows in float64, (rows, columns) at a time; by name where the header names a neuron's inputs.

    Raises FileError, which names the line.
    """
    if part.path.endswith(".parquet"):
        yield from _row_groups(part, columns)
    elif part.last is None:
        yield from _whole(part, columns, decimal)
    else:
        try:
            yield from _lines(part, columns, decimal, 1)
        except RowError:
            for _ in _lines(part, columns, decimal, 1 + _lines_before(part)):  # which line it was is counted only now
                pass
            raise


def _whole(part: Part, columns: int, decimal: str) -> Iterator[np.ndarray]:
    found = read_rows(part.path, columns=columns, few=1, decimal=decimal)
    found = found.by_name(INPUT)
    if isinstance(found, Tensor):
        from netcalc.values import to_float64

        rows = np.atleast_2d(to_float64(found.array))
        if rows.shape[1] != columns:
            raise FileError(f"{part.path} has {counted(rows.shape[1])}, and {columns} are needed")
        yield rows
        return
    with found:
        yield from (block.rows for block in found if len(block.rows))


def _lines(part: Part, columns: int, decimal: str, number: int) -> Iterator[np.ndarray]:
    """The lines that begin in the part; the first of them has this number in the file."""
    assert part.last is not None  # noqa: S101 - a range
    with Path(part.path).open("rb") as file:
        dialect, _ = open_rows(chain([file.read(1 << 20)], iter(lambda: file.read(1 << 20), b"")), part.path, decimal)
        if dialect.columns != columns:
            raise FileError(f"{part.path} has {counted(dialect.columns)}, and {columns} are needed")
        file.seek(0)
        if part.first:
            file.seek(part.first - 1)
            _end_of_line(file)
        else:
            for _ in range(dialect.begin - 1):
                file.readline()
            number = dialect.begin
        order = order_by_name(dialect.header, INPUT) or slice(None)
        for first, data in _chunks(file, part.last, number):
            for block in float_blocks(first, data, dialect, part.last - part.first, None):
                yield block.rows[:, order]


def _chunks(file: BinaryIO, last: int, number: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines with the first one's number, as far as they begin before `last`."""
    while (room := last - file.tell()) > 0:
        data = file.read(min(POLARS_CHUNK, room))
        if not data:
            return
        if not data.endswith(b"\n"):
            data += _end_of_line(file)
            if len(data) > LONGEST_LINE_BYTES + POLARS_CHUNK:
                raise too_long(file.name, number + data.count(b"\n"))
        yield number, data if data.endswith(b"\n") else data + b"\n"
        number += data.count(b"\n")


def _end_of_line(file: BinaryIO) -> bytes:
    """What is left of a line, as far as one goes."""
    return file.readline(LONGEST_LINE_BYTES + 1)


def _lines_before(part: Part) -> int:
    with Path(part.path).open("rb") as file:
        left, count = part.first, 0
        while left > 0 and (data := file.read(min(1 << 20, left))):
            left, count = left - len(data), count + data.count(b"\n")
        return count + (1 if part.first and not data.endswith(b"\n") else 0)


def _parquet(path: str) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError(NEEDS_ARROW) from None
    from pyarrow import ArrowException

    try:
        return pq.ParquetFile(path)
    except OSError as error:
        raise unreadable(path, error) from None
    except ArrowException as error:
        raise FileError(f"{path} is no Parquet file, or a damaged one ({error})") from None


def _row_groups(part: Part, columns: int) -> Iterator[np.ndarray]:
    group = _parquet(part.path).read_row_group(part.first)
    if group.num_columns != columns:
        raise FileError(f"{part.path} has {counted(group.num_columns)}, and {columns} are needed")
    try:
        cells = [column.cast("float64").to_numpy() for column in group.columns]
    except ValueError as error:  # what Arrow raises is one
        raise FileError(f"{part.path} holds what is no number: {error}") from None
    rows = np.column_stack(cells)[:, order_by_name(group.column_names, INPUT) or slice(None)]
    check_finite(rows, f"{part.path}, row group {part.first}")
    if len(rows):
        yield rows
