"""One way in for every kind of file: by its name, and where that says nothing by its first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import chain
from math import prod
from typing import TYPE_CHECKING

from netcalc.errors import FileError
from netcalc.files.names import split_name
from netcalc.files.npy import NPY_MAGIC, ZIP_MAGIC, Fits, NpyFile, read_member
from netcalc.files.numbers import Tensor, check_finite
from netcalc.files.source import Source, StandardInput, joined, open_source

if TYPE_CHECKING:
    from netcalc.files.dialect import Use
    from netcalc.files.stream import TextRows

PARQUET_MAGIC = b"PAR1"
LARGE = 1 << 20  # numbers: fewer are read, and then told from what is needed


def read_tensor(
    path_text: str,
    flag: str = "the command",
    *,
    stdin: StandardInput | None = None,
    decimal: str = ".",
    finite: bool = True,
    columns: int | None = None,
) -> Tensor:
    """All that a file holds: trees if it is text of at most EXACT_LIMIT numbers, else float64.

    A table of text is always (rows, columns). `flag` is who asks, for the message when standard input is asked
    for twice. An array may hold NaN and infinity unless all is to be `finite`; a large one that is no rows of `columns`
    numbers is refused before it is unpacked. Raises FileError.
    """
    found = open_file(path_text, flag, stdin, decimal, columns=columns)
    return whole(found, finite=finite) if isinstance(found, Tensor | NpyFile) else found.read()


def rows_of(columns: int | None, source: str) -> Fits:
    """Refuses a large array that is no row, nor rows, of so many numbers, if that is known."""

    def fits(shape: tuple[int, ...]) -> None:
        is_column = columns is not None and shape == (columns, 1)
        if columns is None or prod(shape) <= LARGE or is_column or (len(shape) <= 2 and shape[-1] == columns):
            return
        sizes = " × ".join(map(str, shape))
        raise FileError(f"{source} holds an array of {sizes} numbers, and rows of {columns:,} are needed")

    return fits


def open_file(
    path_text: str,
    flag: str,
    stdin: StandardInput | None,
    decimal: str,
    use: Use | None = None,
    columns: int | None = None,
    *,
    finite: bool = True,
) -> Tensor | NpyFile | TextRows:
    """What is no table of rows, whole; a text, or an array, as far as its first row.

    With `use`, only the columns are read that it finds in a text's header. JSON has no NaN where it is to be `finite`.
    """
    path, name = split_name(path_text)
    if path.lower().endswith((".npz", ".safetensors")):
        return Tensor(read_member(path, name, rows_of(columns, path_text)), path_text)
    source = open_source(path, flag, stdin or StandardInput())
    with closed_if_refused(source.close):
        found = _open_source(source, name, decimal, use, finite=finite)
    if isinstance(found, Tensor):
        source.close()
    return found


def _open_source(
    source: Source, name: str | None, decimal: str, use: Use | None, *, finite: bool
) -> Tensor | NpyFile | TextRows:
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
    from netcalc.files.decode import text_chunks
    from netcalc.files.stream import TextRows
    from netcalc.files.text import chunk_size, open_rows

    chunks = text_chunks(source, chunk_size(source.size))
    first = next(chunks, b"")
    chunks = chain([first], chunks)
    beginning = first.lstrip()[:16].lower()
    if beginning.startswith((b"{", b"[")) or source.name.endswith((".json", ".json.gz")):
        from netcalc.files.structured import read_json

        return Tensor(read_json(joined(chunks, source.name), source.name, name, finite=finite), source.name)
    if beginning.startswith(b"%%matrixmarket"):
        from netcalc.files.structured import read_matrix_market

        return Tensor(read_matrix_market(joined(chunks, source.name), source.name), source.name)
    if source.name.lower().removesuffix(".gz").endswith(".mtx"):
        banner = "%%MatrixMarket matrix coordinate real general"
        raise FileError(f"{source.name} does not begin as a Matrix Market file does, with a line such as {banner}")
    if name is not None:
        raise FileError(f"{source.name} is one table, so ':{name}' names nothing in it")
    dialect, lines = open_rows(chunks, source.name, decimal, use)
    return TextRows(source, dialect, lines)


def whole(found: Tensor | NpyFile, *, finite: bool = True) -> Tensor:
    """All of it. Raises FileError where a number in it is NaN or infinite, and they are to be `finite`."""
    if isinstance(found, NpyFile):
        with closing(found.stream):
            found = Tensor(found.array(), found.source)
    if finite and found.array.dtype != object:
        check_finite(found.array, found.source)
    return found


@contextmanager
def closed_if_refused(close: Callable[[], None]) -> Iterator[None]:
    """A file is open no longer than it is read."""
    try:
        yield
    except BaseException:
        close()
        raise
