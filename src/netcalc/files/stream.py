"""Rows in constant memory, in order, as they arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np

from netcalc.errors import FileError
from netcalc.files.dialect import Dialect
from netcalc.files.source import Source
from netcalc.files.text import Lines, RowError, exact_rows, float_rows, is_small, slow_float_rows

OnBadRow = Callable[[RowError], None]
SLOW_BYTES = 4096  # fewer are not worth halving again


@dataclass(frozen=True, slots=True)
class Block:
    """`rows` (rows, columns) in float64; `line` is where the first of them stands: a line of text, or a row from 0."""

    rows: np.ndarray
    line: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a file holds: trees where there are few numbers and they are text, else float64. `header` may be empty."""

    array: np.ndarray
    source: str
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowStream:
    """Rows that are read while they are iterated over, once. A context manager: leaving it closes the file."""

    source: str
    columns: int
    header: tuple[str, ...]
    blocks: Iterator[Block]
    close: Callable[[], None]

    def __iter__(self) -> Iterator[Block]:
        return self.blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self) -> Tensor:
        """All rows at once. Raises FileError."""
        try:
            with self:
                blocks = [block.rows for block in self]
                array = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        except MemoryError:
            raise FileError(f"{self.source} does not fit into memory") from None
        return Tensor(array, self.source, self.header)


@dataclass(frozen=True, slots=True)
class TextRows:
    """An open text: its layout, and its lines from the first row on."""

    source: Source
    dialect: Dialect
    lines: Iterator[Lines]

    def stream(self, held: Iterable[Lines] = (), on_bad_row: OnBadRow | None = None) -> RowStream:
        """The lines held back and those to come, as blocks of float64."""
        blocks = self._blocks(chain(held, self.lines), on_bad_row)
        return RowStream(self.source.name, self.dialect.columns, self.dialect.header, blocks, self.source.close)

    def exact_or_stream(self, wait: float | None) -> Tensor | RowStream:
        """Trees if the numbers are few, else a stream. Raises RowError."""
        held, ended = self._first_lines(wait)
        if not ended or not is_small(held, self.dialect):
            return self.stream(held)
        with closing(self.source):
            return Tensor(exact_rows(held, self.dialect), self.source.name, self.dialect.header)

    def _first_lines(self, wait: float | None) -> tuple[list[Lines], bool]:
        """Lines until they are too many to be small, or the text has ended (True), or the time is over."""
        held: list[Lines] = []
        end = None if wait is None else time.monotonic() + wait
        while is_small(held, self.dialect):
            if held and end is not None and not self.source.ready(end - time.monotonic()):
                return held, False
            block = next(self.lines, None)
            if block is None:
                return held, True
            held.append(block)
        return held, False

    def _blocks(self, lines: Iterable[Lines], on_bad_row: OnBadRow | None) -> Iterator[Block]:
        done = 0
        with closing(self.source):
            for first, data in lines:
                done += len(data)
                yield from float_blocks(first, data, self.dialect, max(done, self.source.size or 0), on_bad_row)


def float_blocks(first: int, data: bytes, dialect: Dialect, work: int, on_bad_row: OnBadRow | None) -> Iterator[Block]:
    """The rows of some lines: halved until what is not plain numbers is alone, which then is read cell by cell."""
    rows = float_rows(data, dialect, work)
    if rows is not None:
        if len(rows):
            yield Block(rows, first)
        return
    half = data.find(b"\n", len(data) // 2) + 1
    if len(data) < SLOW_BYTES or half in (0, len(data)):
        yield from _slow_blocks(first, data, dialect, on_bad_row)
        return
    yield from float_blocks(first, data[:half], dialect, work, on_bad_row)
    yield from float_blocks(first + data.count(b"\n", 0, half), data[half:], dialect, work, on_bad_row)


def _slow_blocks(first: int, data: bytes, dialect: Dialect, on_bad_row: OnBadRow | None) -> Iterator[Block]:
    """The good rows before a bad one, which goes to `on_bad_row` or ends the stream, then the rest."""
    good: list[list[float]] = []
    begin = first
    for number, row in slow_float_rows(first, data, dialect):
        if not isinstance(row, RowError):
            begin = begin if good else number
            good.append(row)
            continue
        if good:
            yield Block(np.array(good), begin)
            good = []
        if on_bad_row is None:
            raise row
        on_bad_row(row)
    if good:
        yield Block(np.array(good), begin)
