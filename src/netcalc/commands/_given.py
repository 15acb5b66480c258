"""What the shared options give, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netcalc.commands.options import Above, Values

if TYPE_CHECKING:
    import numpy as np

    from netcalc.problem import Against


def vector(texts: Values, flag: str) -> np.ndarray | None:
    """The numbers given to a flag; None if it was left out."""
    from netcalc.values import read_vector

    return read_vector(texts, flag) if texts else None


def read_above(above: Above) -> np.ndarray | Against | None:
    """What comes from above: delta, a loss against a target, or nothing.

    Raises NetcalcError where only half of it was given, or too much.
    """
    from netcalc.api import from_above

    return from_above(vector(above.delta, "--delta"), vector(above.target, "--target"), above.loss, above.reduction)
