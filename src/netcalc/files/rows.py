"""Rows of numbers as CSV, TSV or JSON lines, each number in the fewest digits that read back to it.

The text is the same whether Polars writes it or Python does: 1e-5 is 0.00001, and 1e-6 has one digit in its exponent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from math import isfinite
from typing import Any

import numpy as np

DELIMITERS = {"csv": ",", "tsv": "\t", "jsonl": None}
POLARS_VALUES = 250_000  # by then Python has written half as long as the import of Polars takes
POLARS_BLOCK = 4096  # values that are worth a call of it
POLARS_COLUMNS = 1024  # its cost grows with the columns


class RowWriter:
    """Rows under these column names, in `csv`, `tsv` or `jsonl`."""

    def __init__(self, columns: Sequence[str], format_name: str) -> None:
        self.columns = tuple(columns)
        self.delimiter = DELIMITERS[format_name]
        self.written = 0

    def header(self) -> list[str]:
        """The line of names, if there is one: JSON lines have them in every row."""
        return [] if self.delimiter is None else [separated(self.columns, self.delimiter)]

    def row(self, values: Iterable[float | str | None]) -> str:
        """One row, in which a value may be a formula as text, or not be known."""
        if self.delimiter is not None:
            return separated(map(cell, values), self.delimiter)
        import json  # tables, which write numbers here too, do without

        pairs = (f"{json.dumps(name)}:{json_value(value)}" for name, value in zip(self.columns, values, strict=True))
        return f"{{{','.join(pairs)}}}"

    def rows(self, block: np.ndarray) -> bytes:
        """(rows, columns) of float64, a line each; what is not finite is `inf` or `nan`, and null in JSON."""
        self.written += block.size
        fast = block.size >= POLARS_BLOCK and block.shape[1] <= POLARS_COLUMNS and self.written >= POLARS_VALUES
        if fast and np.isfinite(block).all():
            from netcalc.files.text import load_polars

            if (polars := load_polars()) is not None:
                return self._by_polars(polars, block)
        if self.delimiter is None:
            return "".join(f"{self.row(row)}\n" for row in block.tolist()).encode()
        text = repr(block.tolist())[2:-2].replace("], [", "\n").replace(", ", self.delimiter)
        return spelled(text).encode() + b"\n" if text else b""

    def _by_polars(self, polars: Any, block: np.ndarray) -> bytes:
        text = BytesIO()
        frame = polars.from_numpy(block, schema=list(self.columns))
        if self.delimiter is None:
            frame.write_ndjson(text)
        else:
            frame.write_csv(text, include_header=False, separator=self.delimiter)
        return text.getvalue()


def separated(cells: Iterable[str], delimiter: str) -> str:
    """Cells as a line, quoted where they have to be. RFC 4180."""
    import csv  # tables don't need it

    line = StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    return line.getvalue()


def cell(value: float | str | None) -> str:
    """A value as delimited text has it; nothing for one that is not decided."""
    return "" if value is None else value if isinstance(value, str) else spelled(repr(value))


def json_value(value: float | str | None) -> str:
    """A value as JSON has it; null for one that is not decided, or not finite."""
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None or not isfinite(value) else spelled(repr(value))


def spelled(text: str) -> str:
    """Numbers as `repr` writes them -> as they are written here."""
    if "e-0" not in text:
        return text
    *before, last = text.split("e-05")
    return _SHORT_EXPONENT.sub(r"e-\1", "".join([*map(_in_fifth_place, before), last]))


def _in_fifth_place(text: str) -> str:
    """`…2.5`, what stands before `e-05`, as `…0.000025`."""
    mantissa = _MANTISSA.search(text, max(0, len(text) - LONGEST_MANTISSA))
    return f"{text[: mantissa.start()]}0.0000{mantissa[1]}{mantissa[2] or ''}" if mantissa else text


LONGEST_MANTISSA = 18  # 17 digits and the point
_MANTISSA = re.compile(r"(\d)(?:\.(\d+))?$")
_SHORT_EXPONENT = re.compile(r"e-0(\d)")
