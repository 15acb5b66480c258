"""What was typed beside expressions: values, shapes, what comes from above, a direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.commands.inputs import OfTensors
from netcalc.commands.options import Presentation
from netcalc.errors import NetcalcError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from netcalc.files.source import StandardInput
    from netcalc.models.request import Request
    from netcalc.rows.points import Place


def place_of(words: Sequence[str], decimal: str) -> tuple[StandardInput, Place]:
    """Standard input, which values may be read from, and what follows --at."""
    from netcalc.files.source import StandardInput
    from netcalc.rows.points import read_place

    stdin = StandardInput()
    return stdin, read_place(words, "--at", stdin, decimal)


def request(
    values: Mapping[str, np.ndarray],
    wrt: Sequence[str] | None,
    order: int,
    tensors: OfTensors,
    presentation: Presentation,
    stdin: StandardInput,
    decimal: str,
) -> Request:
    """What is asked of the expressions."""
    from netcalc.models.request import Request, read_shapes
    from netcalc.rows.points import read_place
    from netcalc.values import read_array

    direction = read_place(tensors.along or [], "--along", stdin, decimal)
    if direction.table is not None:
        raise NetcalcError(f"--along: '{direction.table}' is no NAME=VALUE; write --along x=1,0")
    words = tensors.delta
    delta = (
        read_array(",".join(words) if len(words) > 1 else words[0], "--delta", stdin=stdin, decimal=decimal)
        if words
        else None
    )
    return Request(
        values, read_shapes(tensors.shape or []), wrt, order, delta, direction.fixed, presentation.index_from
    )
