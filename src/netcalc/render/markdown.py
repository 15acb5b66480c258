"""A result as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.render.rows import records
from netcalc.result import Result


def markdown(result: Result) -> Iterator[str]:
    """A pipe table: a row an element, or a row a sample."""
    started = False
    for record in records(result):
        if not started:
            yield _line(list(record))
            yield _line(["---"] * len(record))
            started = True
        yield _line([_cell(name, value) for name, value in record.items()])


def _cell(name: str, value: float | str) -> str:
    text = value if isinstance(value, str) else repr(value)
    return f"`{text}`" if name in {"formula", "exact"} else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
