"""Lines of text -> rows of numbers: exact trees for a few, float64 for many."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from io import BytesIO
from itertools import chain, islice
from typing import Any

import numpy as np

from netcalc.arrays import of_rows
from netcalc.errors import FileError, ValueSyntaxError
from netcalc.files.cells import exact_cell, float_cell
from netcalc.files.decode import line_blocks
from netcalc.files.dialect import SPREADSHEET_ERRORS, Dialect, Use, content, sniff

IN_NUMBERS = b"0123456789+-.eE \t\r"
NO_COMMA = bytes(byte for byte in range(256) if byte not in b",\n")
POLARS_BYTES = 24 << 20  # its import takes as long as NumPy takes to read this much
POLARS_BLOCK = 512 << 10  # and its start, as this much
NUMPY_CHUNK, PIPE_CHUNK, POLARS_CHUNK = 256 << 10, 1 << 20, 8 << 20  # bytes read at once: what each is fastest at

Lines = tuple[int, bytes]  # the number of the first line, and whole lines


class RowError(FileError):
    """A row that does not read, or has no answer though it `reads`: its number, and `text`, what stands there."""

    def __init__(self, message: str, line: int, text: str, *, reads: bool = False) -> None:
        super().__init__(message)
        self.line = line
        self.text = text
        self.reads = reads


def chunk_size(size: int | None) -> int:
    """How many bytes to read at once from a file of `size` bytes, or from a pipe (None)."""
    if size is None:
        return PIPE_CHUNK
    return POLARS_CHUNK if size >= POLARS_BYTES and load_polars() is not None else NUMPY_CHUNK


def open_rows(
    chunks: Iterable[bytes], source: str, decimal: str, use: Use | None = None
) -> tuple[Dialect, Iterator[Lines]]:
    """The text's layout, and its lines from the first row on; `use` as for `sniff`. Raises FileError."""
    blocks = line_blocks(chunks, source)
    held: list[Lines] = []

    def first_lines() -> Iterator[tuple[int, str]]:
        for number, data in blocks:
            held.append((number, data))
            for index, line in enumerate(BytesIO(data), number):
                yield index, decoded(line, source, index)

    dialect = sniff(first_lines(), source, decimal, use)
    return dialect, chain(_from_line(held, dialect.begin), blocks)


def _from_line(blocks: list[Lines], begin: int) -> Iterator[Lines]:
    """The lines from number `begin` on."""
    for number, data in blocks:
        skipped = data.split(b"\n", max(0, begin - number))
        if len(skipped) > begin - number and skipped[-1]:
            yield max(begin, number), skipped[-1]


def count_rows(blocks: Iterable[Lines], most: int) -> int:
    """How many rows the lines hold; one more than `most` for any more of them."""
    filled = (line for _, data in blocks for line in BytesIO(data) if (text := line.strip()) and text[:1] != b"#")
    return sum(1 for _ in islice(filled, most + 1))


def exact_rows(blocks: list[Lines], dialect: Dialect) -> np.ndarray:
    """(rows, columns) of trees. Raises RowError."""
    rows = []
    for first, data in blocks:
        for _, row in slow_rows(first, data, dialect, exact=True):
            if isinstance(row, RowError):
                raise row
            rows.append(row)
    return array_of(rows, exact=True)


def array_of(rows: list[list[Any]], *, exact: bool) -> np.ndarray:
    """Rows of trees, or of float64, as an array."""
    if not exact:
        return np.array(rows, dtype=np.float64)
    return of_rows(rows)


def slow_rows(first: int, data: bytes, dialect: Dialect, *, exact: bool) -> Iterator[tuple[int, list[Any] | RowError]]:
    """Each row, cell by cell, as trees or float64, or what is wrong with it, with its line's number."""
    convert = partial(exact_cell if exact else float_cell, decimal=dialect.decimal)
    for number, line in enumerate(BytesIO(data), first):
        try:
            if text := content(decoded(line, dialect.source, number)):
                yield number, _checked_row(number, text, dialect, convert)
        except RowError as error:
            yield number, error


def decoded(line: bytes, source: str, number: int) -> str:
    """A line of text. Raises RowError where it is no UTF-8, or holds a zero byte."""
    if b"\0" in line:
        shown = line.decode(errors="replace").rstrip("\r\n")
        raise RowError(f"{source}, line {number}: this is no text, since it holds a zero byte", number, shown)
    try:
        return line.decode()
    except UnicodeDecodeError:
        shown = line.decode(errors="replace").rstrip("\r\n")
        raise RowError(f"{source}, line {number}: this is no text in UTF-8", number, shown) from None


def _checked_row(number: int, text: str, dialect: Dialect, convert: Callable[[str], Any]) -> list[Any]:
    where, row = f"{dialect.source}, line {number}", []
    if text.count('"') % 2:
        raise RowError(f"{where}: a quote is opened and not closed", number, text)
    used, unread = dialect.used, convert("0")
    for column, cell in enumerate(dialect.cells(text), 1):
        try:
            row.append(unread if used is not None and column - 1 not in used else convert(cell))
        except ValueSyntaxError as error:
            raise RowError(f"{where}, column {column}: {error.message}", number, text) from None
    if len(row) != dialect.columns:
        raise RowError(f"{where}: {counted(len(row))}, where line {dialect.first} has {dialect.columns}", number, text)
    return row


def counted(count: int) -> str:
    """`3 columns`."""
    return "1 column" if count == 1 else f"{count} columns"


def float_rows(data: bytes, dialect: Dialect, work: int) -> np.ndarray | None:
    """(rows, columns) of float64, each the nearest to its text; None if anything but plain numbers is there.

    `work` is how many bytes there are to read in all, as far as that is known.
    """
    plain = _with_commas(data, dialect)
    if plain is None or b'"' in plain or b"\0" in plain:
        return None
    if b"#" in plain and any(error.encode() in plain for error in SPREADSHEET_ERRORS):
        return None
    if dialect.used is not None and len(dialect.used) < dialect.columns:
        return _some_columns(plain, dialect)
    worth = work >= POLARS_BYTES or "polars" in sys.modules  # what writes rows has often loaded it already
    polars = load_polars() if len(plain) >= POLARS_BLOCK and worth else None
    read = partial(_by_polars, polars) if polars is not None else _by_numpy
    rows = read(plain, dialect.columns)
    if rows is None and (cleaned := _without_comments(plain)) != plain:
        return read(cleaned, dialect.columns)
    return rows


def _with_commas(data: bytes, dialect: Dialect) -> bytes | None:
    if dialect.delimiter == dialect.decimal:
        return None
    if dialect.decimal != ".":
        data = data.replace(b".", b"?").replace(dialect.decimal.encode(), b".")
    if dialect.delimiter == ",":
        return data
    if b"," in data:
        return None
    if dialect.delimiter is None and dialect.columns == 1 and b" " not in data and b"\t" not in data:
        return data
    if dialect.delimiter is None:
        return b"\n".join(b",".join(line.split()) for line in data.split(b"\n"))
    return data.replace(dialect.delimiter.encode(), b",")


def _without_comments(plain: bytes) -> bytes:
    lines = (line.partition(b"#")[0].strip(b" \r") for line in plain.split(b"\n"))
    return b"".join(line + b"\n" for line in lines if line)


def _some_columns(plain: bytes, dialect: Dialect) -> np.ndarray | None:
    """Rows whose lines all have a number in each column of use, the others left at 0."""
    lines, used = plain.count(b"\n"), dialect.used or ()
    if b"#" in plain or plain.translate(None, NO_COMMA) != (b"," * (dialect.columns - 1) + b"\n") * lines:
        return None
    found = np.zeros((lines, dialect.columns))
    if used:
        read = _by_numpy(plain, len(used), used)
        if read is None or len(read) != lines:
            return None
        found[:, used] = read
    return found


def _by_numpy(plain: bytes, columns: int, used: tuple[int, ...] | None = None) -> np.ndarray | None:
    """Rows of numbers between commas, those of all columns or of some."""
    if not plain.isascii():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # lines without a number are no mistake
            rows = np.loadtxt(BytesIO(plain), delimiter=",", comments="#", ndmin=2, usecols=used)
    except ValueError:
        return None
    if not rows.size:
        return np.empty((0, columns))
    return rows if rows.shape[1] == columns and np.isfinite(rows).all() else None


def _by_polars(polars: Any, plain: bytes, columns: int) -> np.ndarray | None:
    """The same where the delimiters, and nothing else, stand between the numbers."""
    between = plain.translate(None, IN_NUMBERS)
    rows = len(between) // columns
    if between != (b"," * (columns - 1) + b"\n") * rows:
        return None
    try:
        column = polars.read_csv(plain.replace(b",", b"\n"), has_header=False, schema={"": polars.Float64})
    except polars.exceptions.PolarsError:
        return None
    flat: np.ndarray = column.to_series().to_numpy()
    return flat.reshape(rows, columns) if flat.size == rows * columns and np.isfinite(flat).all() else None


@cache
def load_polars() -> Any:
    """The fast reader and writer, where it is installed; else None."""
    try:
        import polars as pl  # an extra, and slow to import
    except ImportError:
        return None
    return pl
