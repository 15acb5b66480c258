"""How a text of numbers is laid out: its delimiter, its header, its number of columns."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Sequence

from netcalc.errors import FileError
from netcalc.files.cells import NOT_FINITE, decimal_comma, reads
from netcalc.records import NamedTuple

COMMENT = "#"
MISSING = {"na", "n/a", "null", "none"}
SPREADSHEET_ERRORS = ("#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")  # no comments
SEPARATOR = r"[sS][eE][pP]=([,;\t])"  # how a spreadsheet is told, in a line before the table
BESIDE_QUOTE = re.compile(r'"\s*,|,\s*"')
NUMBER_BEGINS = tuple("0123456789+-.−")


class Dialect(NamedTuple):
    """How the rows of `source` are cut into cells.

    `delimiter` is None for runs of white space, `header` empty where there is none; rows begin at line `begin`, and
    line `first` is the one that said how many columns there are. Of all columns those in `used` are read, or all: the
    others may hold any text, and are 0.
    """

    source: str
    delimiter: str | None
    decimal: str
    columns: int
    header: tuple[str, ...]
    begin: int
    first: int
    used: tuple[int, ...] | None = None

    def cells(self, line: str) -> list[str]:
        """A line's cells, without the empty ones that a spreadsheet leaves behind the last column."""
        cells = split(line, self.delimiter)
        while len(cells) > self.columns and not cells[-1].strip():
            cells.pop()
        return cells


def content(line: str) -> str:
    """A line without its comment; `#` begins one where it can't be inside a quoted cell."""
    if COMMENT not in line or any(error in line for error in SPREADSHEET_ERRORS):
        return line.strip("\r\n ")
    if '"' not in line:
        return line.partition(COMMENT)[0].strip("\r\n ")
    return "" if line.lstrip().startswith(COMMENT) else line.strip("\r\n ")


def split(line: str, delimiter: str | None) -> list[str]:
    """A line's cells, quotes taken off."""
    if '"' in line:
        import csv

        with contextlib.suppress(csv.Error):  # a return within a line, or a cell beyond csv's limit: no numbers
            return next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True))
    if delimiter is None and not line.isascii():
        return re.split(r"[ \t]+", line.strip(" \t"))  # no-break spaces stand between thousands
    return line.split(delimiter)


Use = Callable[[Sequence[str]], Sequence[int]]  # a header's names -> the places of those that are of use


def sniff(lines: Iterable[tuple[int, str]], source: str, decimal: str, use: Use | None = None) -> Dialect:
    """The layout, from as many of the first lines as it takes. Raises FileError where there are no numbers.

    With `use`, a line that has a name of use is a header, and no other columns are read.
    """
    filled = ((number, text) for number, line in lines if (text := content(line)))
    number, first = next(filled, (0, ""))
    announced = re.fullmatch(SEPARATOR, first.strip('"'))
    if announced:
        number, first = next(filled, (0, ""))
    if not first:
        raise FileError(f"{source} is empty")
    delimiter = announced[1] if announced else delimiter_of(first, decimal)
    _refuse_decimal_comma(first, delimiter, decimal, f"{source}, line {number}")
    names = without_empty_end(split(first, delimiter))
    if not is_header(names, decimal) and not (use and use(names)):
        return Dialect(source, delimiter, decimal, len(names), (), number, number)
    begin, row = next(filled, (0, ""))
    if not row:
        raise FileError(f"{source} holds a header and no numbers")
    if not announced and (len(names) == 1 or len(without_empty_end(split(row, delimiter))) != len(names)):
        delimiter = delimiter_of(row, decimal)
    _refuse_decimal_comma(row, delimiter, decimal, f"{source}, line {begin}")
    header = tuple(without_empty_end(split(first, delimiter))) if delimiter else _words(first, row)
    return Dialect(source, delimiter, decimal, len(header), header, begin, number, tuple(use(header)) if use else None)


def without_empty_end(cells: Sequence[str]) -> list[str]:
    """Cells without white space around, and without the empty ones that a spreadsheet leaves at the end of a line."""
    found = [cell.strip() for cell in cells]
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


def _refuse_decimal_comma(row: str, delimiter: str | None, decimal: str, where: str) -> None:
    """Raises FileError for `1,5 2,5`, which commas don't cut into numbers."""
    if delimiter == "," and decimal == "." and (word := decimal_comma(row)):
        raise FileError(f"{where}: '{word}' has a decimal comma; --decimal , reads it")


def _words(first: str, row: str) -> tuple[str, ...]:
    """The header above white-space columns; above a single column it may have spaces of its own."""
    return tuple(split(first, None)) if len(row.split()) > 1 else (first,)


def order_by_name(header: Sequence[str], letter: str) -> list[int] | None:
    """Where the columns x0, x1, … (or x1, x2, …) stand, if these are a header's names, in another order; else None."""
    names = [name.strip() for name in header]
    for start in (0, 1):
        wanted = [f"{letter}{start + place}" for place in range(len(names))]
        if names != wanted and sorted(names) == sorted(wanted):
            return [names.index(name) for name in wanted]
    return None


def delimiter_of(line: str, decimal: str) -> str | None:
    """The delimiter in a line: `;`, a tab, `,`, or None for white space.

    A comma that is the decimal sign is a delimiter too where it stands beside a quoted cell: `"1,5","2,5"`.
    """
    if ";" in line:
        return ";"
    if "\t" in line and ",\t" not in line:
        return "\t"
    return "," if "," in line and (decimal != "," or BESIDE_QUOTE.search(line)) else None


def is_header(cells: list[str], decimal: str) -> bool:
    """Whether the cells are names: none begins as a number does, and not all are constants such as `e`."""
    names = (cell.strip().replace(decimal, ".") for cell in cells)
    return not any(map(_is_numeric, names)) and not all(map(reads, cells))


def _is_numeric(cell: str) -> bool:
    """Whether a cell was meant as a value, be it a bad one."""
    if cell.startswith(NUMBER_BEGINS) or cell.lower() in MISSING or re.fullmatch(NOT_FINITE, cell):
        return True
    return "(" in cell and reads(cell)
