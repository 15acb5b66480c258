"""Answers a line each, `dS = P ∘ dP`, as a page of a derivation has them, or in the rows of netcalc's own table."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.checking.answers.together import Given
from netcalc.errors import FileError

BAR, HEAD, RULE = "│", "┃", "━"  # of the table between a name and its formula, in its header, and below that


def is_by_line(text: str) -> bool:
    """Whether a text's first line is an equation, or the header of netcalc's table; a table's has no = in it."""
    first = next((line for line in text.splitlines() if _says(line)), "")
    return HEAD in first or ("=" in first and "," not in first.partition("=")[0])


def by_line(text: str, source: str) -> Iterator[Given]:
    """The answers, by name. Raises FileError for a line that is none."""
    is_table = HEAD in text
    for number, line in enumerate(text.splitlines(), 1):
        if is_table and BAR not in line:
            continue  # the header, its rule, and what is said below
        if not _says(line):
            continue
        name, mark, content = line.partition(BAR if is_table else "=")
        content = content.partition(BAR)[0].strip()
        if is_table and not name.strip():
            raise FileError(f"{source}, line {number}: a value of more lines than one is in -f json: check that")
        if not mark or not name.strip() or not content:
            raise FileError(f"{source}, line {number}: it is no NAME = FORMULA, as the first line is")
        yield name.strip(), content


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
