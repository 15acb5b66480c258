"""What a quiz is shown with: a sheet, or a terminal."""

from __future__ import annotations

import sys
from typing import Any

from netcalc.commands.options import Listing
from netcalc.errors import NetcalcError


def made(kind: str, seed: int, count: int, level: int) -> list[Any]:
    """The exercises. Raises UnknownNameError for another kind."""
    from netcalc.catalogue.names import unknown
    from netcalc.quiz import KINDS, quiz

    if kind not in KINDS:
        raise unknown("kind of exercise", kind, KINDS, f"there are {', '.join(KINDS)}")
    return quiz(kind, seed, count, level)


def print_quiz(heading: dict[str, Any], count: int, listing: Listing, *, key: bool) -> None:
    """The questions, or the key, in a format."""
    from netcalc.commands._answer import write_out
    from netcalc.quiz.sheets import FORMATS, sheets
    from netcalc.render import chosen

    exercises = made(heading["kind"], heading["seed"], count, heading["level"])
    form = chosen(listing.format, listing.output, FORMATS)
    lines = sheets(form.name, exercises, key=key, heading=heading)
    write_out(lambda: lines, form, listing.output, plain=listing.ascii)


def ask(kind: str, seed: int, count: int, level: int) -> int:
    """Ask on the terminal; 0 if all was right. Raises NetcalcError where there is none."""
    from rich.console import Console

    from netcalc.quiz.session import session

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NetcalcError("--interactive asks on a terminal, and there is none; without it the exercises are printed")
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        return int(not session(made(kind, seed, count, level), input, console.print))
    except EOFError:
        console.print()
        return 1
