"""What every command ends with: solve, and print in the format asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from netcalc.commands.options import Checking, Presentation

if TYPE_CHECKING:
    from netcalc.models.grad import Gradient
    from netcalc.problem import Problem
    from netcalc.result import Result

UNBOUNDED = 10_000  # columns: a pipe or a file has no width, so rows there are as long as they need to be


def answer(problem: Problem | Gradient, checking: Checking, presentation: Presentation) -> int | None:
    """Solve a problem and print its result; the exit status."""
    from netcalc.solve import solve

    del checking
    result = solve(problem, digits=presentation.digits, exact=presentation.exact, verify=presentation.verify)
    show(result, presentation)
    return contradicted(result, presentation)


def contradicted(result: Result, presentation: Presentation) -> int | None:
    """1 if differences contradict the answer; formats that hold rows alone have their word on stderr."""
    if result.verification is None:
        return None
    if presentation.format in ("csv", "tsv", "jsonl"):
        for line in (*(f"note: {note}" for note in result.verification.notes), result.verification.line):
            print(line, file=sys.stderr)
    return 1 if result.verification.wrong else None


def show(result: Result, presentation: Presentation) -> None:
    """Print a result, or write it to the file that was asked for, all or nothing."""
    from netcalc.render import View, render

    view = View(presentation.steps, presentation.circuit, presentation.by_layer, presentation.ascii)
    lines = render(result, presentation.format, view)
    write_out(lines, presentation.output, rich=presentation.format == "table")


def write_out(lines: Iterable[Any], output: Path | None, *, rich: bool) -> None:
    """Print lines, or write them to a file, all or nothing."""
    if output is None:
        write(lines, sys.stdout, rich=rich)
        return
    from netcalc.files import write_atomically

    with write_atomically(output) as file:
        write(lines, file, rich=rich)


def write(lines: Iterable[Any], file: TextIO, *, rich: bool) -> None:
    """Lines of text as they are; tables as wide as a terminal is, or as they need to be."""
    if not rich:
        file.writelines(f"{line}\n" for line in lines)
        return
    from rich.console import Console

    measured = file.isatty() or "COLUMNS" in os.environ
    console = Console(file=file, highlight=False, markup=False, emoji=False, width=None if measured else UNBOUNDED)
    for line in lines:
        console.print(line, soft_wrap=not measured)
