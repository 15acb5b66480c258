"""`netcalc grade`."""

from typing import Annotated

import typer

from netcalc.commands.command import command
from netcalc.commands.inputs import Reading
from netcalc.commands.options import Listing, Nearness, switch


@command(
    order=60,
    examples={
        "netcalc quiz neuron --count 2 -f json > quiz.json": "problems to mark answers to, or a file of your own",
        "printf 'student,1.q,1.f,2.f\\nAda,21,21,30\\n' > answers.csv": "a row a student, a column an answer",
        "netcalc grade quiz.json answers.csv": "the marks, and how many made which mistake",
        "netcalc grade quiz.json answers.csv -f csv -o marks.csv": "the marks for a spreadsheet",
    },
)
def grade(
    *,
    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help="The problem, in TOML or JSON, or a quiz.")],
    answers: Annotated[str, typer.Argument(metavar="ANSWERS", help="A row a student, a column an answer.")],
    follow_through: Annotated[
        bool, switch("--follow-through", "Give the mark to what is right from an earlier wrong answer.")
    ] = False,
    reading: Reading,
    nearness: Nearness,
    listing: Listing,
) -> int | None:
    """The answers of a class, marked: right or wrong, and what went wrong."""
    from netcalc.checking import Tolerance
    from netcalc.checking.answers.tables import from_file
    from netcalc.checking.classes.exercises import checkers
    from netcalc.checking.classes.grading import grade as marked
    from netcalc.checking.classes.sheets import aside, grades
    from netcalc.commands._answer import write_out
    from netcalc.commands._stderr import say
    from netcalc.render import LISTS, chosen

    ready = checkers(problem, Tolerance(*nearness))
    found = marked(ready, from_file(answers), follow_through=follow_through, decimal=reading.decimal)
    form = chosen(listing.format, listing.output, LISTS)
    write_out(lambda: grades(form.name, found), form, listing.output, plain=listing.ascii)
    for line in (*aside(form.name, found), *(f"note: {note}" for note in found.notes)):
        say(line)
    return int(not found.is_all_right)
