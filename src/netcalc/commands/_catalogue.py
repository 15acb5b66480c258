"""What shows the catalogue: a list, or one entry."""

from __future__ import annotations

from netcalc.commands.options import Listing


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
