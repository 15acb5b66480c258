"""A table's rows as they arrive, whatever kind of file it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from netcalc.errors import FileError
from netcalc.expression import Tree
from netcalc.files.cells import nearest_float
from netcalc.files.dialect import Use
from netcalc.files.npy import NpyFile
from netcalc.files.numbers import Tensor, check_finite
from netcalc.files.read import closed_if_refused, open_file, whole
from netcalc.files.source import StandardInput
from netcalc.files.stream import Block, OnBadRow, Place, RowStream, TextRows
from netcalc.files.text import RowError, counted
from netcalc.notation import to_ascii

ARRAY_BLOCK = 1 << 20  # bytes


def read_rows(
    path_text: str,
    flag: str = "the command",
    *,
    columns: int | None,
    few: int,
    stdin: StandardInput | None = None,
    decimal: str = ".",
    wait: float | None = None,
    on_bad_row: OnBadRow | None = None,
    use: Use | None = None,
) -> Tensor | RowStream:
    """A table's rows of so many `columns`, as they arrive; a tensor if it is one row, one column, or no table.

    Where `columns` is None the table may have any number of them, and one too.

    Up to `few` rows come exactly as they are written; if there are more, all are float64. With `wait`, a pipe that has
    not ended so many seconds after its first row is taken for few rows until it has more.
    With `use`, only the columns are read that it finds in a text's header; the others are 0.
    A row that does not read goes to `on_bad_row`, or else is a RowError after the rows before it. Raises FileError.
    """
    found = open_file(path_text, flag, stdin, decimal, use, columns, finite=on_bad_row is None)
    if isinstance(found, TextRows):
        if columns is not None and found.dialect.columns == 1 != columns:
            return found.read()
        with closed_if_refused(found.source.close):
            _check_columns(found.dialect.columns, columns, found.source.name)
        return found.rows(few, wait, on_bad_row)
    if len(found.shape) != 2 or found.shape[0] == 1 or (columns is not None and found.shape[1] == 1 != columns):
        return whole(found)
    close = found.stream.close if isinstance(found, NpyFile) else _nothing
    with closed_if_refused(close):
        _check_columns(found.shape[1], columns, found.source)
    blocks = _array_blocks(found, few, on_bad_row)
    header = () if isinstance(found, NpyFile) else found.header
    return RowStream(found.source, found.shape[1], header, blocks, close, found.shape[0])


def _nothing() -> None:
    """What there is to close of an array in memory."""


def _check_columns(columns: int, needed: int | None, name: str) -> None:
    if needed is not None and columns != needed:
        raise FileError(f"{name} has {counted(columns)}, and {needed} {'is' if needed == 1 else 'are'} needed")


def _array_blocks(found: Tensor | NpyFile, few: int, on_bad_row: OnBadRow | None) -> Iterator[Block]:
    count, start = found.shape[0], 0
    for given in found.blocks(max(1, ARRAY_BLOCK // (8 * max(1, found.shape[1])))):
        rows = given
        if rows.dtype == object and count > few:
            rows = np.array([[nearest_float(tree) for tree in row] for row in rows])
        where = partial(_place, found.source, start, rows)
        good = np.arange(len(rows)) if rows.dtype == object else _finite_rows(rows, where, on_bad_row)
        if len(good):
            kept = rows if len(good) == len(rows) else rows[good]
            yield Block(kept, lambda row, where=where, good=good: where(int(good[row])), count <= few)  # type: ignore[misc]
        if len(good) < len(rows) and on_bad_row is None:
            check_finite(rows, found.source, start)
        start += len(rows)


def _place(source: str, start: int, rows: np.ndarray, row: int) -> Place:
    """The place of a row of an array that is number `start` of all in its first row."""
    text = ",".join(_written(one) for one in rows[row].tolist())
    return Place(f"{source}, row {start + row}", start + row, text)


def _written(entry: Tree | float) -> str:
    return repr(entry) if isinstance(entry, float) else to_ascii(entry)


def _finite_rows(rows: np.ndarray, where: Callable[[int], Place], on_bad_row: OnBadRow | None) -> np.ndarray:
    """Which rows have no NaN or infinity: those before the first bad one if the bad ones go nowhere."""
    finite = np.isfinite(rows).all(axis=1)
    bad = np.flatnonzero(~finite).tolist()
    if bad and on_bad_row is None:
        return np.arange(bad[0])
    for place in map(where, bad):
        assert on_bad_row is not None  # noqa: S101 - as above
        on_bad_row(RowError(f"{place.name} has a number that is not finite", place.number, place.text))
    return np.flatnonzero(finite)
