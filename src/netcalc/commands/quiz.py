"""`netcalc quiz`."""

import sys
from typing import Annotated, Any

import typer

from netcalc.commands.command import command
from netcalc.commands.options import Sheet, switch
from netcalc.errors import NetcalcError


@command(
    order=70,
    examples={
        "netcalc quiz neuron --seed 7 --count 5": "five exercises",
        "netcalc quiz neuron --seed 7 --count 5 --key": "their answers, with the steps",
        "netcalc quiz net --level 2 -f latex -o worksheet.tex": "a worksheet",
    },
)
def quiz(
    *,
    kind: Annotated[str, typer.Argument(metavar="neuron|linear|net|grad", help="What the exercises are about.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same exercises.", metavar="N")] = 1,
    count: Annotated[int, typer.Option("--count", help="How many.", metavar="N", min=1, max=1000)] = 5,
    level: Annotated[int, typer.Option("--level", help="How hard, from 1 to 3.", metavar="1..3", min=1, max=3)] = 1,
    key: Annotated[bool, switch("--key", "Give the answers and their steps.")] = False,
    interactive: Annotated[bool, switch("--interactive", "Ask on the terminal, mark and explain.")] = False,
    listing: Sheet,
) -> int | None:
    """Exercises whose numbers come out pleasantly, with a key."""
    heading = {"kind": kind, "seed": seed, "level": level}
    if interactive:
        return ask(kind, seed, count, level)
    print_quiz(heading, count, listing, key=key)
    return None


def print_quiz(heading: dict[str, Any], count: int, listing: Sheet, *, key: bool) -> None:
    """The questions, or the key, in a format."""
    from netcalc.commands._answer import page_width, write_out
    from netcalc.exercises import quiz
    from netcalc.exercises.sheets import sheets
    from netcalc.render import SHEETS, chosen
    from netcalc.render.prose import READABLE

    exercises = quiz(heading["kind"], heading["seed"], count, heading["level"])
    form = chosen(listing.format, listing.output, SHEETS)
    page = page_width(sys.stdout) if listing.output is None else READABLE
    lines = sheets(form.name, exercises, key=key, heading=heading, page=page)
    write_out(lambda: lines, form, listing.output, plain=listing.ascii)


def ask(kind: str, seed: int, count: int, level: int) -> int:
    """Ask on the terminal; 0 if all was right. Raises NetcalcError where there is none."""
    from rich.console import Console

    from netcalc.exercises import quiz
    from netcalc.exercises.session import session

    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise NetcalcError("--interactive asks on a terminal, and there is none; without it the exercises are printed")
    console = Console(highlight=False, markup=False, emoji=False)
    return int(not session(quiz(kind, seed, count, level), input, console.print))
