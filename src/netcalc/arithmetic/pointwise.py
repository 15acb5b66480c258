"""A typed formula over float64 arrays of any shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from flint import fmpq

from netcalc.arithmetic.program import Program
from netcalc.arithmetic.rounding import nearest
from netcalc.expression import Tree
from netcalc.expression.tree import Apply, share

EQUALITIES = ("equal", "unequal")


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


def derivative(trees: Sequence[Tree], order: int, q: np.ndarray) -> np.ndarray:
    """The derivative of that order, as `pointwise`; `trees` are a function's and its derivatives' formulas.

    Where two sides of an == or != are equal, or the formula has no value, it is what `sides.slope_at` gives; nan where
    nothing tells.
    """
    found = pointwise(trees[order], q)
    singles_out = any(isinstance(n, Apply) and n.operator in EQUALITIES for n in share(trees).nodes)
    if not order or not (singles_out or np.isnan(found).any()):
        return found
    from netcalc.arithmetic.sides import slope_at

    flat = found.reshape(-1)
    given = np.ascontiguousarray(q, dtype=np.float64).reshape(-1)
    doubtful = _program(trees[0]).tied({"q": given}, EQUALITIES) | (
        np.isnan(flat) & ~np.isnan(pointwise(trees[0], given))
    )
    for place in np.flatnonzero(doubtful & np.isfinite(given)):
        number = nearest(slope_at(trees, order, fmpq(*float(given[place]).as_integer_ratio())))
        flat[place] = np.nan if number is None else number
    return flat.reshape(q.shape)


@cache
def _program(tree: Tree) -> Program:
    return Program([tree])
