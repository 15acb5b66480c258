"""`netcalc quiz`."""

from __future__ import annotations

from typing import Annotated

import typer

from netcalc.commands.command import command
from netcalc.commands.options import Listing, switch


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
    listing: Listing,
) -> int | None:
    """Exercises whose numbers come out pleasantly, with a key."""
    from netcalc.commands._quiz import ask, print_quiz

    heading = {"kind": kind, "seed": seed, "level": level}
    if interactive:
        return ask(kind, seed, count, level)
    print_quiz(heading, count, listing, key=key)
    return None
