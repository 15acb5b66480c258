"""One way in for every kind of file: by its name, and where that says nothing by its first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np

from netcalc.errors import FileError
from netcalc.expression import Tree
from netcalc.files.archives import ZIP_MAGIC, read_npz, read_safetensors
from netcalc.files.cells import nearest_float
from netcalc.files.decode import text_chunks
from netcalc.files.npy import NPY_MAGIC, NpyFile
from netcalc.files.numbers import check_finite
from netcalc.files.source import Source, StandardInput, open_source
from netcalc.files.stream import Block, OnBadRow, Place, RowStream, Tensor, TextRows
from netcalc.files.text import RowError, chunk_size, counted, open_rows
from netcalc.notation import to_ascii

PARQUET_MAGIC = b"PAR1"
ARRAY_BLOCK = 1 << 20  # bytes
SUFFIXES = (".csv", ".tsv", ".txt", ".npy", ".npz", ".json", ".mtx", ".gz", ".safetensors")
WITH_NAMES = (".npz", ".safetensors", ".json", ".json.gz")


def split_name(path_text: str) -> tuple[str, str | None]:
    """`grads.npz:W` -> the path and the name in it, None where there is none."""
    path, colon, name = path_text.rpartition(":")
    if colon and (path == "-" or path.lower().endswith(WITH_NAMES)) and not Path(path_text).exists():
        return path, name
    return path_text, None


def is_file(path_text: str) -> bool:
    """Whether it names something to read that is there: `-` is."""
    path, _ = split_name(path_text)
    try:
        return path == "-" or Path(path).exists()
    except (OSError, ValueError):
        return False


def looks_like_file(path_text: str) -> bool:
    """Whether it was meant as a file, there or not."""
    path = split_name(path_text)[0]
    return path.lower().endswith(SUFFIXES) or path.startswith(("./", "../", "/", "~"))


def read_tensor(
    path_text: str, flag: str = "the command", *, stdin: StandardInput | None = None, decimal: str = "."
) -> Tensor:
    """All that a file holds: trees if it is text of at most EXACT_LIMIT numbers, else float64.

    A table of text is always (rows, columns). `flag` is who asks, for the message when standard input is asked
    for twice. Raises FileError.
    """
    found = _open(path_text, flag, stdin, decimal)
    return found.read() if isinstance(found, TextRows) else _whole(found)


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
) -> Tensor | RowStream:
    """A table's rows of so many `columns`, as they arrive; a tensor if it is one row, one column, or no table.

    Where `columns` is None the table may have any number of them, and one too.

    Up to `few` rows come exactly as they are written; if there are more, all are float64. With `wait`, a pipe that has
    not ended so many seconds after its first row is taken for few rows until it has more.
    A row that does not read goes to `on_bad_row`, or else is a RowError after the rows before it. Raises FileError.
    """
    found = _open(path_text, flag, stdin, decimal)
    if isinstance(found, TextRows):
        if columns is not None and found.dialect.columns == 1 != columns:
            return found.read()
        with closed_if_refused(found.source.close):
            _check_columns(found.dialect.columns, columns, found.source.name)
        return found.rows(few, wait, on_bad_row)
    if len(found.shape) != 2 or found.shape[0] == 1 or (columns is not None and found.shape[1] == 1 != columns):
        return _whole(found)
    close = found.stream.close if isinstance(found, NpyFile) else _nothing
    with closed_if_refused(close):
        _check_columns(found.shape[1], columns, found.source)
    blocks = _array_blocks(found, few, on_bad_row)
    header = () if isinstance(found, NpyFile) else found.header
    return RowStream(found.source, found.shape[1], header, blocks, close, found.shape[0])


def _nothing() -> None:
    """What there is to close of an array in memory."""


@contextmanager
def closed_if_refused(close: Callable[[], None]) -> Iterator[None]:
    """A file is open no longer than it is read."""
    try:
        yield
    except BaseException:
        close()
        raise


def _whole(found: Tensor | NpyFile) -> Tensor:
    """All of it. Raises FileError where a number in it is NaN or infinite."""
    if isinstance(found, NpyFile):
        with closing(found.stream):
            found = Tensor(found.array(), found.source)
    if found.array.dtype != object:
        check_finite(found.array, found.source)
    return found


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


def _open(path_text: str, flag: str, stdin: StandardInput | None, decimal: str) -> Tensor | NpyFile | TextRows:
    """What is no table of rows, whole; a text, or an array, as far as its first row."""
    path, name = split_name(path_text)
    if path.lower().endswith(".npz"):
        return Tensor(read_npz(path, name), path_text)
    if path.lower().endswith(".safetensors"):
        return Tensor(read_safetensors(path, name), path_text)
    source = open_source(path, flag, stdin or StandardInput())
    with closed_if_refused(source.close):
        found = _open_source(source, name, decimal)
    if isinstance(found, Tensor):
        source.close()
    return found


def _open_source(source: Source, name: str | None, decimal: str) -> Tensor | NpyFile | TextRows:
    head = source.head((NPY_MAGIC, ZIP_MAGIC, PARQUET_MAGIC))
    if head.startswith(NPY_MAGIC):
        if source.size is not None:
            source.stream.seek(0)
            return NpyFile.open(source.name, source.stream, source.size)
        piped = b"".join(source.chunks())
        return NpyFile.open(source.name, BytesIO(piped), len(piped))
    if head.startswith(ZIP_MAGIC):
        raise FileError(f"{source.name} is a zip archive (a spreadsheet?); save its table as CSV")
    if head.startswith(PARQUET_MAGIC):
        raise FileError(f"{source.name} is Parquet; netcalc neuron --x reads it with --engine dask, or save it as CSV")
    chunks = text_chunks(source, chunk_size(source.size))
    first = next(chunks, b"")
    chunks = chain([first], chunks)
    beginning = first.lstrip()[:16].lower()
    if beginning.startswith((b"{", b"[")):
        from netcalc.files.structured import read_json

        return Tensor(read_json(b"".join(chunks), source.name, name), source.name)
    if beginning.startswith(b"%%matrixmarket"):
        from netcalc.files.structured import read_matrix_market

        return Tensor(read_matrix_market(b"".join(chunks), source.name), source.name)
    if source.name.lower().removesuffix(".gz").endswith(".mtx"):
        banner = "%%MatrixMarket matrix coordinate real general"
        raise FileError(f"{source.name} does not begin as a Matrix Market file does, with a line such as {banner}")
    if name is not None:
        raise FileError(f"{source.name} is one table, so ':{name}' names nothing in it")
    dialect, lines = open_rows(chunks, source.name, decimal)
    return TextRows(source, dialect, lines)
