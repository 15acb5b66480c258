"""`netcalc activations`."""

from __future__ import annotations

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
    show_entries(name, listing)


def show_entries(name: str | None, listing: Listing) -> None:
    """Print all activations, or the one of that name; a picture if the file asked for is one."""
    from netcalc.catalogue.activations import ACTIVATIONS
    from netcalc.commands._answer import write_out
    from netcalc.entry import describe
    from netcalc.models.activations import read_activation
    from netcalc.render import LISTS, chosen
    from netcalc.render.entries import entries
    from netcalc.render.picture import is_picture, picture

    if name is None:
        listed = [describe(row.bind()) for row in ACTIVATIONS.values()]
    else:
        listed = [describe(read_activation(name), with_limits=True)]
    if name is not None and is_picture(listing.output):
        picture(listed[0], listing.output)
        return
    form = chosen(listing.format, listing.output, LISTS)
    alone = name is not None
    write_out(lambda: entries(form.name, listed, alone=alone), form, listing.output, plain=listing.ascii)
