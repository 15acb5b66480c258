"""Rows in constant memory, in order, as they arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Self

import numpy as np

from netcalc.errors import FileError
from netcalc.files.cells import ALL, is_kept_exactly, most_exact
from netcalc.files.dialect import Dialect, content, order_by_name
from netcalc.files.numbers import DENSE_LIMIT, Tensor
from netcalc.files.source import Source
from netcalc.files.text import Lines, RowError, array_of, count_rows, exact_rows, float_rows, slow_rows
from netcalc.records import NamedTuple, dataclass

OnBadRow = Callable[[RowError], None]
SLOW_BYTES = 4096  # fewer are not worth halving again
LONGEST_NUMBER = 32  # bytes, with what stands between it and the next


class Place(NamedTuple):
    """Where a row stands: `x.csv, line 7`, its number, and its text."""

    name: str
    number: int
    text: str


class Block(NamedTuple):
    """`rows` (rows, columns): float64, or trees where the rows so far are `few`; and where each of them stands."""

    rows: np.ndarray
    where: Callable[[int], Place]
    few: bool = False


@dataclass(slots=True, eq=False, repr=False)
class RowStream:
    """Rows that are read while they are iterated over, once. A context manager: leaving it closes the file."""

    source: str
    columns: int
    header: tuple[str, ...]
    blocks: Iterator[Block]
    close: Callable[[], None]
    count: int | None = None  # how many rows there are, where that is known before they are read

    def __iter__(self) -> Iterator[Block]:
        return self.blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def by_name(self, letter: str) -> RowStream:
        """As for a tensor."""
        order = order_by_name(self.header, letter)
        if order is None:
            return self
        return replace(self, blocks=(block._replace(rows=block.rows[:, order]) for block in self.blocks), header=())

    def read(self) -> Tensor:
        """All rows at once. Raises FileError."""
        try:
            with self:
                blocks, count = [], 0
                for block in self:
                    blocks.append(block.rows)
                    count += block.rows.size
                    if count > DENSE_LIMIT:
                        raise FileError(f"{self.source} goes on beyond {DENSE_LIMIT:,} numbers; save so many as .npy")
                array = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        except MemoryError:
            raise FileError(f"{self.source} does not fit into memory") from None
        return Tensor(array, self.source, self.header)


class TextRows(NamedTuple):
    """An open text: its layout, and its lines from the first row on."""

    source: Source
    dialect: Dialect
    lines: Iterator[Lines]

    def read(self) -> Tensor:
        """All of it, as trees if so many numbers are kept exactly. Raises FileError."""
        most = most_exact() // self.dialect.columns
        if (self.source.size or 0) > most_exact() * LONGEST_NUMBER:  # which needn't be counted
            return self._tensor([], few=False)
        held, _ = self._first_lines(most, None)
        return self._tensor(held, few=count_rows(held, most) <= most)

    def rows(self, few: int, wait: float | None, on_bad_row: OnBadRow | None) -> Tensor | RowStream:
        """A stream whose first `few` rows are trees if there are no more, or no more yet; a lone row is a tensor.

        With `wait`, a pipe that has not ended so many seconds after its first row is not waited for.
        """
        few = ALL if is_kept_exactly(ALL) else few
        held, ended = self._first_lines(few, wait)
        count = count_rows(held, few)
        if ended and count == 1 and on_bad_row is None:
            return self._tensor(held, few=is_kept_exactly(self.dialect.columns))
        if count > few:
            return self._stream(self._blocks(chain(held, self.lines), on_bad_row))
        return replace(self._stream(self._few_blocks(held, few, on_bad_row)), count=count if ended else None)

    def _tensor(self, held: list[Lines], *, few: bool) -> Tensor:
        if not few:
            return self._stream(self._blocks(chain(held, self.lines), None)).read()
        with closing(self.source):
            return Tensor(exact_rows(held, self.dialect), self.source.name, self.dialect.header)

    def _stream(self, blocks: Iterator[Block]) -> RowStream:
        return RowStream(self.source.name, self.dialect.columns, self.dialect.header, blocks, self.source.close)

    def _first_lines(self, most: int, wait: float | None) -> tuple[list[Lines], bool]:
        """Lines until they hold more rows than `most`, or the text has ended (True), or the time is over."""
        held: list[Lines] = []
        count, end = 0, None if wait is None else time.monotonic() + wait
        while count <= most:
            if held and end is not None and not self.source.ready(end - time.monotonic()):
                return held, False
            block = self._next()
            if block is None:
                return held, True
            held.append(block)
            count += count_rows([block], most)
        return held, False

    def _next(self) -> Lines | None:
        """The next lines; the file is closed if they don't come."""
        try:
            return next(self.lines, None)
        except BaseException:
            self.source.close()
            raise

    def _few_blocks(self, held: list[Lines], few: int, on_bad_row: OnBadRow | None) -> Iterator[Block]:
        """Trees as they arrive, as long as the rows are few."""
        with closing(self.source):
            for lines in chain(held, self.lines):
                few -= count_rows([lines], few)
                if few < 0:
                    yield from self._blocks(chain([lines], self.lines), on_bad_row)
                    return
                yield from slow_blocks(*lines, self.dialect, on_bad_row, few=True)

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
            yield Block(rows, lambda row: place_of(row, first, data, dialect))
        return
    half = data.find(b"\n", len(data) // 2) + 1
    if len(data) < SLOW_BYTES or half in (0, len(data)):
        yield from slow_blocks(first, data, dialect, on_bad_row)
        return
    yield from float_blocks(first, data[:half], dialect, work, on_bad_row)
    yield from float_blocks(first + data.count(b"\n", 0, half), data[half:], dialect, work, on_bad_row)


def place_of(row: int, first: int, data: bytes, dialect: Dialect) -> Place:
    """The place of a row of lines that all read, empty ones and comments between them."""
    filled = ((number, line) for number, line in enumerate(data.split(b"\n"), first) if content(line.decode()))
    return place_at(*next(islice(filled, row, None)), dialect)


def place_at(number: int, line: bytes, dialect: Dialect) -> Place:
    """The place of a line."""
    return Place(f"{dialect.source}, line {number}", number, line.decode().rstrip("\r"))


def slow_blocks(
    first: int, data: bytes, dialect: Dialect, on_bad_row: OnBadRow | None, *, few: bool = False
) -> Iterator[Block]:
    """The rows cell by cell; a bad one goes to `on_bad_row`, or ends the stream after those before it."""
    good: list[list[Any]] = []
    numbers: list[int] = []
    bad = None
    for number, row in slow_rows(first, data, dialect, exact=few):
        if not isinstance(row, RowError):
            good.append(row)
            numbers.append(number)
        elif on_bad_row is not None:
            on_bad_row(row)
        else:
            bad = row
            break
    if good:
        yield Block(
            array_of(good, exact=few),
            lambda row: place_at(numbers[row], data.split(b"\n")[numbers[row] - first], dialect),
            few,
        )
    if bad is not None:
        raise bad
