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


def option(flag: str, meaning: str, metavar: str, **more: Any) -> Any:
    """An option that nothing stands for where it is left out."""
    return typer.Option(flag, help=meaning, metavar=metavar, show_default=False, **more)


def values(
    flag: str,
    meaning: str,
    *,
    metavar: str = "VALUE…",
    completed: Callable[[typer.Context, str], list[str]] | None = None,
) -> Any:
    """An option of many values: `x: Annotated[Values, values("--x", "The inputs.")] = None`."""
    return option(flag, meaning, metavar, autocompletion=completed)


def one_of(flag: str, *allowed: Any) -> Callable[[Any], Any]:
    """Takes no other value; None where the option is left out."""

    def check(value: Any) -> Any:
        if value is not None and value not in allowed:
            raise NetcalcError(f"{flag} takes {' or '.join(map(str, allowed))}, not {value!r}")
        return value

    return check


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
    digits: Annotated[int | None, option("--digits", "Give N proven digits.", "N", min=1, max=10_000)] = None
    certify: Annotated[bool, typer.Option("--certify", help="Prove every value, however many there are.")] = False
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold every partial to central differences of the forward pass.")
    ] = False
    output: OutputFile = None
    only: Annotated[
        Values,
        values(
            "--only", "The parts of the answer to give, as in dW db, or dx0.", metavar="NAME…", completed=names_on_line
        ),
    ] = None
    index_from: Annotated[
        int,
        typer.Option(
            "--index-from",
            help="Count elements from 0 or from 1.",
            metavar="0|1",
            callback=one_of("--index-from", 0, 1),
        ),
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


RelativeTolerance = Annotated[float | None, option("--rtol", "Relative tolerance of a right answer.", "R", min=0)]
AbsoluteTolerance = Annotated[float | None, option("--atol", "Absolute tolerance of a right answer.", "A", min=0)]
SignificantDigits = Annotated[
    int | None, option("--sig", "Significant digits of a right answer.", "N", min=1, max=1000)
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

    def check_needed(self) -> None:
        """Raises NetcalcError for a tolerance without an answer that it could be of."""
        flags = {"--rtol": self.rtol, "--atol": self.atol, "--sig": self.sig}
        for flag in [] if self.check else [flag for flag, value in flags.items() if value is not None]:
            raise NetcalcError(f"{flag} says how near an answer is right, and there is none: give it by --check")
