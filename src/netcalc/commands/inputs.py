"""The options of commands whose problem is on their line: activation, what comes from above, files and their rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from netcalc.commands.options import Values, completion, named, one_of, option, values
from netcalc.errors import NetcalcError
from netcalc.records import NamedTuple

ON_ERROR = ("stop", "skip")


def activation_names() -> Iterable[str]:
    from netcalc.catalogue.activations import ACTIVATIONS

    return list(ACTIVATIONS)


def losses() -> Iterable[str]:
    from netcalc.catalogue.losses import LOSSES

    return list(LOSSES)


def reductions() -> Iterable[str]:
    from netcalc.catalogue.losses import REDUCTIONS

    return list(REDUCTIONS)


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


class OfTensors(NamedTuple):
    """What goes with an expression of tensors."""

    shape: Annotated[
        Values,
        values(
            "--shape",
            "What names are: W=3,4 a matrix, x=n a vector of any size, c=number a number.",
            metavar="NAME=SIZES…",
        ),
    ] = None
    delta: Annotated[
        Values, values("--delta", "The gradient of the output from above, in its shape: its product with the Jacobian.")
    ] = None
    along: Annotated[
        Values, values("--along", "A direction, by name: the derivative in it.", metavar="NAME=VALUE…")
    ] = None


class Rows(NamedTuple):
    """What is done with rows that stream."""

    on_error: Annotated[
        str,
        typer.Option(
            "--on-error",
            help="What a row that does not read does: stop the run, or be left out (skip), which ends with 1.",
            metavar="|".join(ON_ERROR),
            callback=one_of("--on-error", *ON_ERROR),
            autocompletion=completion(lambda: ON_ERROR),
        ),
    ] = "stop"
    bad_rows: Annotated[
        Path | None,
        option("--bad-rows", "Where --on-error skip keeps the rows left out; else x.bad.csv for x.csv.", "FILE"),
    ] = None
    engine: Annotated[
        str | None,
        option(
            "--engine",
            "Answer the rows of many files on a Dask cluster, into the folder -o, as Parquet or as -f says.",
            "dask",
            callback=one_of("--engine", "dask"),
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        option(
            "--scheduler", "The cluster's scheduler, as in tcp://host:8786; else processes of this machine.", "ADDRESS"
        ),
    ] = None


class Upstream(NamedTuple):
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
