"""A typed formula over float64 arrays of any shape."""

from __future__ import annotations

from functools import cache

import numpy as np

from netcalc.arithmetic.program import Program
from netcalc.expression import Tree


def pointwise(tree: Tree, q: np.ndarray) -> np.ndarray:
    """The formula at every element of `q`, in its shape; `inf` beyond float64's range, nan where it has no value.

    Good to 12 digits at least, and as a rule to all but the last (`arithmetic/program.py`).
    """
    flat = np.ascontiguousarray(q, dtype=np.float64).reshape(-1)
    known = np.isfinite(flat)
    found = np.full(flat.shape, np.nan)
    if known.any():
        (found[known],) = _program(tree).run({"q": flat[known]})
    return found.reshape(q.shape)


@cache
def _program(tree: Tree) -> Program:
    return Program([tree])
