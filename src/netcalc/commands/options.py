"""How a command is declared, and the options that mean the same in every command, each written once.

A command is one file `commands/NAME.py` with a function `NAME` of at most fifteen lines, and is found by its name:

    @command(order=10, examples={"netcalc neuron --x -1 -2 --w 4 -4 --b -3": "the value and every gradient"})
    def neuron(
        x: Annotated[Values, values("--x", "The inputs.")] = None,
        activation: ActivationName = "sigmoid",
        *, above: Above, checking: Checking, presentation: Presentation,
    ) -> int | None:
        '''One neuron: q = w·x + b, f = a(q), and every ∂f/∂·.'''

A parameter whose type is a named tuple (`Presentation`, `Checking`, `Above`, or a command's own) stands for one option
per field; the function gets the tuple, filled in. What it returns is the exit status, None for 0.
Values arrive as they were typed. Import NumPy, SymPy and whatever imports them inside the function.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer
from typer.core import TyperCommand
from typer.main import get_command

from netcalc.commands.variadic import LINE, VariadicCommand
from netcalc.errors import NetcalcError
from netcalc.render import FORMATS, LISTS

Values = list[str] | None
Function = Callable[..., int | None]

ON_ERROR = ("stop", "skip")


class Command(NamedTuple):
    """A function as a command; `examples` maps a command line to what it shows, `order` sorts the help.

    `matrices` tells that it multiplies some: only then is it worth starting the threads that NumPy's BLAS does it with.
    """

    function: Function
    order: int
    examples: Mapping[str, str]
    matrices: bool

    @property
    def name(self) -> str:
        return self.function.__name__.replace("_", "-")

    def for_typer(self) -> TyperCommand:
        if not self.matrices:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self.name, cls=VariadicCommand, epilog=self._epilog())(flatten(self.function))
        built = get_command(app)
        assert isinstance(built, TyperCommand)  # noqa: S101  # one command without a callback is no group
        return built

    def _epilog(self) -> str:
        lines = [line for example, shown in self.examples.items() for line in (f"  # {shown}", f"  {example}")]
        return "\n".join(["\b", "Examples:", *lines]) if lines else ""


def command(
    *, order: int, examples: Mapping[str, str] | None = None, matrices: bool = False
) -> Callable[[Function], Command]:
    return lambda function: Command(function, order, examples or {}, matrices)


def flatten(function: Function) -> Function:
    """The same function for typer, with the fields of its named tuples as parameters of their own."""
    hints = get_type_hints(function, include_extras=True)
    parameters: dict[str, inspect.Parameter] = {}
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if is_group(hints[name]):
            flat = list(field_parameters(hints[name]))
            groups[name] = hints[name], [one.name for one in flat]
        else:
            flat = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])]
        if shared := parameters.keys() & {one.name for one in flat}:
            raise TypeError(f"{function.__name__} declares {', '.join(sorted(shared))} twice")
        parameters |= {one.name: one for one in flat}

    def run(**given: Any) -> int | None:
        for name, (group, members) in groups.items():
            given[name] = group(**{member: given.pop(member) for member in members})
        shown = given.get("presentation")
        if not isinstance(shown, Presentation) or not (shown.digits or shown.exact):
            return function(**given)
        from netcalc.files.cells import all_exact

        with all_exact():  # proven digits are those of the numbers as they were written
            return function(**given)

    run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters.values()}
    vars(run)["__signature__"] = inspect.Signature(list(parameters.values()))
    return run


def is_group(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_field_defaults")


def field_parameters(group: Any) -> Iterable[inspect.Parameter]:
    for name, hint in get_type_hints(group, include_extras=True).items():
        default = group._field_defaults.get(name, inspect.Parameter.empty)
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


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


def formats() -> Iterable[str]:
    return FORMATS


def activation_names() -> Iterable[str]:
    from netcalc.catalogue.activations import ACTIVATIONS

    return list(ACTIVATIONS)


def losses() -> Iterable[str]:
    from netcalc.catalogue.losses import LOSSES

    return list(LOSSES)


def reductions() -> Iterable[str]:
    from netcalc.catalogue.losses import REDUCTIONS

    return list(REDUCTIONS)


def stop_or_skip(text: str) -> str:
    if text not in ON_ERROR:
        raise NetcalcError(f"--on-error takes {' or '.join(ON_ERROR)}, not {text!r}")
    return text


def engine_of(text: str | None) -> str | None:
    if text not in (None, "dask"):
        raise NetcalcError(f"--engine takes dask, not {text!r}")
    return text


def zero_or_one(number: int) -> int:
    if number not in (0, 1):
        raise NetcalcError(f"--index-from takes 0 or 1, not {number}")
    return number


def sign(text: str) -> str:
    if text not in (".", ","):
        raise NetcalcError(f"--decimal takes . or , and not {text!r}")
    return text


_ACTIVATION = named(
    "--activation",
    "-a",
    kind="activation",
    meaning="A name of the catalogue, 'leaky_relu(0.2)', or any expression in q.",
    names=activation_names,
    strict=False,
)
ActivationName = Annotated[str, _ACTIVATION]
MaybeActivation = Annotated[str | None, _ACTIVATION]


class Reading(NamedTuple):
    """How files of numbers are read."""

    decimal: Annotated[
        str,
        typer.Option("--decimal", help="The decimal sign in files: a point, or a comma.", metavar=".|,", callback=sign),
    ] = "."


def format_option(names: Collection[str]) -> Any:
    """`--format`, with the formats that a command has."""
    meaning = f"How the result is written: {', '.join(names)}; else as the file's name ends, or a table."
    return named("--format", "-f", kind="format", meaning=meaning, names=lambda: names, strict=True)


FormatName = Annotated[str | None, format_option(FORMATS)]
ListFormatName = Annotated[str | None, format_option(LISTS)]
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


class Listing(NamedTuple):
    """How a list out of the catalogue is shown, and where."""

    format: ListFormatName = None
    output: OutputFile = None
    ascii: Ascii = False


class Rows(NamedTuple):
    """What is done with rows that stream."""

    on_error: Annotated[
        str,
        typer.Option(
            "--on-error",
            help="What a row that does not read does: stop the run, or be left out (skip), which ends with 1.",
            metavar="|".join(ON_ERROR),
            callback=stop_or_skip,
            autocompletion=completion(lambda: ON_ERROR),
        ),
    ] = "stop"
    bad_rows: Annotated[
        Path | None,
        typer.Option(
            "--bad-rows",
            help="Where --on-error skip keeps the rows left out; else x.bad.csv for x.csv.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="Answer the rows of many files on a Dask cluster, into the folder -o, as Parquet or as -f says.",
            metavar="dask",
            callback=engine_of,
            show_default=False,
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="The cluster's scheduler, as in tcp://host:8786; else processes of this machine.",
            metavar="ADDRESS",
            show_default=False,
        ),
    ] = None


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
            "Answers to check: dx0=-1.1 f=0.73, or a file of them (.json, .csv, .npz, - for standard input).",
            metavar="NAME=VALUE…",
            completed=names_on_line,
        ),
    ] = None
    rtol: RelativeTolerance = None
    atol: AbsoluteTolerance = None
    sig: SignificantDigits = None


class Above(NamedTuple):
    """What comes from above: a loss and its target, or the gradient itself."""

    target: Annotated[Values, values("--target", "What the output should be; goes with --loss.")] = None
    loss: Annotated[
        str | None,
        named("--loss", kind="loss", meaning="The loss of the output against --target.", names=losses, strict=False),
    ] = None
    delta: Annotated[Values, values("--delta", "∂L/∂output, in place of --target and --loss.")] = None
    reduction: Annotated[
        str | None,
        named(
            "--reduction",
            kind="reduction",
            meaning="How a loss sums its elements: mean, sum, or batch (sum a sample, mean over samples); else as the "
            "loss's name implies, or mean.",
            names=reductions,
            strict=True,
        ),
    ] = None
