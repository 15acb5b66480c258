"""`netcalc activations`."""

from typing import Annotated

import typer

from netcalc.commands.command import command
from netcalc.commands.inputs import activation_names
from netcalc.commands.options import Listing, completion


@command(
    order=50,
    examples={
        "netcalc activations": "the catalogue",
        "netcalc activations gelu": "one entry: formula, slope, limits, and its curve",
        "netcalc activations 'q*exp(-q^2)'": "the same of any expression in q",
    },
)
def activations(
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A name, 'leaky_relu(0.2)', or any expression in q.",
            metavar="[NAME]",
            autocompletion=completion(activation_names),
            show_default=False,
        ),
    ] = None,
    listing: Listing,
) -> None:
    """The catalogue of activations; one entry with its formulas, limits, source and curve."""
    from netcalc.commands._catalogue import show_entries

    show_entries(name, listing)
