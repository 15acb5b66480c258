"""The frame of every table for people."""

from __future__ import annotations

from collections.abc import Container

from rich import box
from rich.table import Table

from netcalc.notation import is_plain


def frame(*headers: str, right: Container[str] = ()) -> Table:
    """A table without outer edges that folds what is too wide, so that no value is cut off."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=box.ASCII if is_plain() else box.HEAVY_HEAD)
    for header in headers:
        table.add_column(header, overflow="fold", justify="right" if header in right else "left")
    return table
