"""What a quiz is shown with: a sheet, or a terminal."""

from __future__ import annotations

import sys
from typing import Any

from netcalc.commands.options import Listing
from netcalc.errors import NetcalcError


def print_quiz(heading: dict[str, Any], count: int, listing: Listing, *, key: bool) -> None:
    """The questions, or the key, in a format."""
    from netcalc.commands._answer import write_out
    from netcalc.exercises import quiz
    from netcalc.exercises.sheets import FORMATS, sheets
    from netcalc.render import chosen

    exercises = quiz(heading["kind"], heading["seed"], count, heading["level"])
    form = chosen(listing.format, listing.output, FORMATS)
    lines = sheets(form.name, exercises, key=key, heading=heading)
    write_out(lambda: lines, form, listing.output, plain=listing.ascii)


def ask(kind: str, seed: int, count: int, level: int) -> int:
    """Ask on the terminal; 0 if all was right. Raises NetcalcError where there is none."""
    from rich.console import Console

    from netcalc.exercises import quiz
    from netcalc.exercises.session import session

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NetcalcError("--interactive asks on a terminal, and there is none; without it the exercises are printed")
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        return int(not session(quiz(kind, seed, count, level), input, console.print))
    except EOFError:
        console.print()
        return 1
