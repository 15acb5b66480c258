"""A typed formula over float64 arrays: each value is the float64 nearest to the true one, found by balls."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from netcalc.arithmetic.certain import numeral, precision
from netcalc.arithmetic.rounding import nearest
from netcalc.expression import Tree

BITS = (128, 512, 4096)  # tried in turn; the last only where a value all but vanishes


def pointwise(tree: Tree, q: np.ndarray) -> np.ndarray:
    """The formula at every element of `q`, in its shape; `inf` beyond float64's range, nan where it has no value."""
    places, where = np.unique(q, return_inverse=True)
    values = [_at(tree, place) for place in places.tolist()]
    return np.array(values, dtype=np.float64)[where].reshape(q.shape)


def _at(tree: Tree, place: float) -> float:
    if not np.isfinite(place):
        return float("nan")
    names = {"q": fmpq(*place.as_integer_ratio())}
    for bits in BITS:
        with precision(bits):
            found = nearest(numeral(tree, names))
        if found is not None:
            return found
    return float("nan")
