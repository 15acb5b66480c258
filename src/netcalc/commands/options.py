"""The options that mean the same in every command, each written once, and the kinds that all are made of."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from netcalc.commands.variadic import LINE
from netcalc.errors import NetcalcError
from netcalc.records import NamedTuple
from netcalc.render import FORMATS, LISTS, SHEETS

Values = list[str] | None


def values(
    flag: str,
    meaning: str,
    *,
    metavar: str = "VALUE…",
    completed: Callable[[typer.Context, str], list[str]] | None = None,
) -> Any:
    """An option of many values: `x: Annotated[Values, values("--x", "The inputs.")] = None`."""
    return typer.Option(flag, help=meaning, metavar=metavar, show_default=False, autocompletion=completed)


def names_on_line(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names that an open list can take, as far as the line tells."""
    from netcalc.commands._names import names

    line = ctx.meta.get(LINE)
    if line is None or line.open is None:
        return []
    return [name for name in names(line.open.name, ctx.command.name or "", line) if name.startswith(incomplete)]


def switch(flag: str, meaning: str) -> Any:
    """An option without a value: `no_bias: Annotated[bool, switch("--no-bias", "Without b.")] = False`."""
    return typer.Option(flag, help=meaning)


def named(*flags: str, kind: str, meaning: str, names: Callable[[], Iterable[str]], strict: bool) -> Any:
    """An option whose value is a name; a `strict` one takes no other and suggests the nearest."""

    def check(name: str | None) -> str | None:
        if name is None or not strict or name in names():
            return name
        from netcalc.catalogue.names import unknown

        raise unknown(kind, name, names(), f"the {kind}s are {', '.join(names())}")

    return typer.Option(*flags, help=meaning, metavar="NAME", callback=check, autocompletion=completion(names))


def completion(names: Callable[[], Iterable[str]] | None) -> Callable[[str], list[str]] | None:
    def complete(incomplete: str) -> list[str]:
        return [name for name in (names or tuple)() if name.startswith(incomplete)]

    return complete if names else None


def zero_or_one(number: int) -> int:
    if number not in (0, 1):
        raise NetcalcError(f"--index-from takes 0 or 1, not {number}")
    return number


def format_option(names: Collection[str]) -> Any:
    """`--format`, with the formats that a command has."""
    meaning = f"How the result is written: {', '.join(names)}; else as the file's name ends, or a table."
    return named("--format", "-f", kind="format", meaning=meaning, names=lambda: names, strict=True)


FormatName = Annotated[str | None, format_option(FORMATS)]
ListFormatName = Annotated[str | None, format_option(LISTS)]
SheetFormatName = Annotated[str | None, format_option(SHEETS)]
STDOUT = Path("-")
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write to FILE, in the format its name ends with.",
        metavar="FILE",
        show_default=False,
        callback=lambda path: None if path == STDOUT else path,
    ),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="Write with ASCII characters alone.")]


class Presentation(NamedTuple):
    """How a result is shown, and where."""

    format: FormatName = None
    steps: Annotated[bool, typer.Option("--steps", help="Show the whole derivation.")] = False
    circuit: Annotated[bool, typer.Option("--circuit", help="Draw the circuit, values above gradients.")] = False
    by_layer: Annotated[bool, typer.Option("--by-layer", help="Draw the circuit layer by layer.")] = False
    exact: Annotated[bool, typer.Option("--exact", help="Give exact values beside the decimals.")] = False
    digits: Annotated[
        int | None,
        typer.Option("--digits", help="Give N proven digits.", metavar="N", min=1, max=10_000, show_default=False),
    ] = None
    certify: Annotated[bool, typer.Option("--certify", help="Prove every value, however many there are.")] = False
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold every partial to central differences of the forward pass.")
    ] = False
    output: OutputFile = None
    only: Annotated[
        Values,
        values("--only", "The parts of the answer to give, as in dW db.", metavar="NAME…", completed=names_on_line),
    ] = None
    index_from: Annotated[
        int, typer.Option("--index-from", help="Count elements from 0 or from 1.", metavar="0|1", callback=zero_or_one)
    ] = 0
    ascii: Ascii = False

    @property
    def proves(self) -> bool:
        """Whether proven values are asked for, or closed forms."""
        return bool(self.exact or self.digits or self.certify)


class Sheet(NamedTuple):
    """How exercises are written, and where."""

    format: SheetFormatName = None
    output: OutputFile = None
    ascii: Ascii = False


class Listing(NamedTuple):
    """How a list out of the catalogue is shown, and where."""

    format: ListFormatName = None
    output: OutputFile = None
    ascii: Ascii = False


RelativeTolerance = Annotated[
    float | None,
    typer.Option("--rtol", help="Relative tolerance of a right answer.", metavar="R", min=0, show_default=False),
]
AbsoluteTolerance = Annotated[
    float | None,
    typer.Option("--atol", help="Absolute tolerance of a right answer.", metavar="A", min=0, show_default=False),
]
SignificantDigits = Annotated[
    int | None,
    typer.Option(
        "--sig", help="Significant digits of a right answer.", metavar="N", min=1, max=1000, show_default=False
    ),
]


class Nearness(NamedTuple):
    """How near is right, for answers that are checked; as the answers' own digits say where nothing is given."""

    rtol: RelativeTolerance = None
    atol: AbsoluteTolerance = None
    sig: SignificantDigits = None


class Checking(NamedTuple):
    """Answers to check, and how near is right."""

    check: Annotated[
        Values,
        values(
            "--check",
            "Answers to check: dx0=-1.1 dW=mine.csv, or a file of them (.json, .csv, .npz, - for standard input).",
            metavar="NAME=VALUE…",
            completed=names_on_line,
        ),
    ] = None
    rtol: RelativeTolerance = None
    atol: AbsoluteTolerance = None
    sig: SignificantDigits = None
