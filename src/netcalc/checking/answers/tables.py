"""A table of answers as text: how its cells are cut, and its rows with their lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from netcalc.errors import FileError
from netcalc.files.decode import text_chunks
from netcalc.files.dialect import SEPARATOR
from netcalc.files.source import Source, StandardInput, joined, open_source
from netcalc.records import NamedTuple

CHUNK = 1 << 20
DELIMITERS = ",\t;"
WITHIN = re.compile(r'"[^"]*"|\[[^\]]*\]')  # commas there cut nothing: `dW[0,1];dW[1,0]`


class Table(NamedTuple):
    """What a text holds; `source` is what messages call it."""

    source: str
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def too_long(self, row: Sequence[str]) -> str:
        """What there is to say of a row that has more cells than the header."""
        return f"{len(row)} cells, and the header has {len(self.header)}" if len(row) > len(self.header) else ""


def read_text(source: Source) -> str:
    """All of a source, which is closed. Raises FileError."""
    text = joined(text_chunks(source, CHUNK), source.name).decode(errors="replace")
    source.close()
    return text


def from_file(path: str) -> Table:
    """The table of answers in a file, or `-`, whose rows may have more cells than it has columns. Raises FileError."""
    source = open_source(path, "the answers", StandardInput())
    return _table(read_text(source), source.name)


def from_rows(rows: Sequence[Mapping[str, object]], source: str) -> Table:
    """The same of a mapping a row: its columns are all that any of them names."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    texts = [["" if (cell := row.get(name)) is None else str(cell) for name in header] for row in rows]
    return Table(source, header, list(enumerate(texts, 1)))


def read_cells(text: str, source: str) -> list[tuple[int, list[str]]]:
    """The rows of a table, each with its line, without the empty ones; there is one at least.

    Raises FileError, also for a quote that isn't closed.
    """
    announced = re.match(rf'\s*"?{SEPARATOR}"?[ \t]*(?=[\r\n])', text)
    body = text[announced.end() :] if announced else text
    first = next((line for line in body.splitlines() if line.strip()), "")
    delimiter = announced[1] if announced else max(DELIMITERS, key=WITHIN.sub("", first).count)
    before = text.count("\n") - body.count("\n")
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(before + reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise FileError(f"{source}, line {reader.line_num}: it does not read as a table ({error})") from None
    if not rows:
        raise FileError(f"{source} is empty")
    return rows


def read_table(text: str, source: str) -> Table:
    """The header and the rows below it, each with its line; no row has more cells than there are columns.

    Raises FileError as `read_cells` does.
    """
    table = _table(text, source)
    for line, row in table.rows:
        if said := table.too_long(row):
            raise FileError(f"{source}, line {line}: it has {said}")
    return table


def _table(text: str, source: str) -> Table:
    """The same without empty cells beyond the header, as spreadsheets leave them, nor in it at its end."""
    (_, header), *rows = read_cells(text, source)
    while not header[-1].strip():
        header.pop()
    count = len(header)
    kept = [(line, row if any(map(str.strip, row[count:])) else row[:count]) for line, row in rows]
    return Table(source, [cell.strip() for cell in header], kept)
