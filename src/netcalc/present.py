"""What every command ends with: solve, and print in the format asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from rich.console import Console

from netcalc.commands.options import Checking, Presentation
from netcalc.files import write_atomically
from netcalc.problem import Problem
from netcalc.render import FORMATS
from netcalc.result import Result
from netcalc.solve import solve


def answer(problem: Problem, checking: Checking, presentation: Presentation) -> int | None:
    """Solve a problem and print its result; the exit status."""
    del checking
    result = solve(problem, digits=presentation.digits, exact=presentation.exact)
    show(result, presentation)
    return None


def show(result: Result, presentation: Presentation) -> None:
    """Print a result, or write it to the file that was asked for, all or nothing."""
    lines = FORMATS[presentation.format](result, steps=presentation.steps)
    if presentation.output is None:
        _print(lines, Console(file=sys.stdout, **_plainness()), plain=presentation.format != "table")
        return
    with write_atomically(presentation.output) as file:
        _print(lines, Console(file=file, width=200), plain=presentation.format != "table")


def _plainness() -> dict[str, int]:
    """A pipe has no width: rows there are as long as they need to be."""
    return {} if sys.stdout.isatty() or "COLUMNS" in os.environ else {"width": 400}


def _print(lines: Iterable[object], console: Console, *, plain: bool) -> None:
    for line in lines:
        if plain:
            console.file.write(f"{line}\n")
        else:
            console.print(line, highlight=False, soft_wrap=False)
