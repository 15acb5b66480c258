"""The frame of every table for people."""

from __future__ import annotations

from collections.abc import Container
from textwrap import wrap
from typing import Any, Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from netcalc.notation import is_plain
from netcalc.render.wrapping import Cell

NARROW = 60  # columns below which a table that doesn't fit is a list instead
UNBOUNDED = 10_000
LEAST = 16  # columns that a cell of a list is given
MARGIN = "  "


def frame(*headers: str, right: Container[str] = (), whole: Container[str] = (), folds: bool = True) -> Frame:
    """A table without outer edges that folds what is too wide, so that no value is cut off; not what is `whole`.

    One that does not fold is a list as soon as the terminal is too narrow for it: no number is torn apart.
    """
    style = box.ASCII if is_plain() else box.HEAVY_HEAD
    table = Frame(folds=folds, show_edge=False, pad_edge=False, header_style="bold", box=style)
    for header in headers:
        side: Literal["left", "right"] = "right" if header in right else "left"
        table.add_column(header, overflow="fold", justify=side, no_wrap=header in whole)
    return table


class Frame(Table):
    """A table that is a list, a line a cell, where the terminal is too narrow for its columns."""

    def __init__(self, *headers: Any, folds: bool = True, **style: Any) -> None:
        super().__init__(*headers, **style)
        self.narrow = NARROW if folds else UNBOUNDED
        self.kept: list[tuple[str, ...]] = []

    def add_row(self, *cells: Any, **style: Any) -> None:
        """A row, kept for the list."""
        self.kept.append(cells)
        super().add_row(*(Cell(one) if isinstance(one, str) else one for one in cells), **style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if width >= self.narrow or self.natural(console, options) <= width:
            yield from super().__rich_console__(console, options)
            return
        headers = [str(column.header) for column in self.columns]
        indent = max(map(len, headers)) + len(MARGIN) + 2
        for first, *cells in self.kept:
            yield Text(f"{headers[0]} {first}".strip(), style="bold")
            for header, cell in zip(headers[1:], cells, strict=False):
                lines = wrap(cell, max(width - indent, LEAST), break_on_hyphens=False)
                for name, line in zip([header, *[""] * len(lines)], lines, strict=False):
                    yield Text(f"{MARGIN}{name}".ljust(indent) + line, overflow="fold")

    def natural(self, console: Console, options: ConsoleOptions) -> int:
        """The columns that it takes where nothing is folded."""
        return self.__rich_measure__(console, options.update(max_width=UNBOUNDED)).maximum
