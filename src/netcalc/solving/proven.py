"""Formulas evaluated at a point in balls, with more and more bits until each value is decided."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from netcalc.arithmetic.balls import Known, ball, numeral, numerals, work
from netcalc.arithmetic.rounding import is_out_of_reach
from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
from netcalc.derivation.derive import expand
from netcalc.errors import TookTooLong
from netcalc.expression import Tree, substitute
from netcalc.result import UNDEFINED, Value
from netcalc.solving.bits import as_value, rational_in, until_decided

ALGEBRA_EVALUATIONS = 60_000
HOPELESS_BITS = 8192  # what has no value in balls of so many bits has none


def proven(
    trees: Sequence[Tree], point: Mapping[str, Tree], count: int | None = None, known: Known = ()
) -> tuple[list[Value], list[Any]]:
    """The trees' values at a point, each proven to `count` digits and to its float64 as far as balls can tell.

    `trees` are evaluable ones (`derive.evaluable`), `known` is what is decided of subtrees (`explain.decided`).
    Beside each value stands the numeral that it is written from.
    """
    found: list[Any] = [None] * len(trees)
    values: list[Value] = [Value(None, UNDEFINED)] * len(trees)
    left = list(range(len(trees)))

    def attempt(bits: int) -> bool:
        nonlocal left
        names = {name: numeral(tree, {}) for name, tree in point.items()}
        for place, entry in zip(left, numerals([trees[place] for place in left], names, known), strict=True):
            found[place], values[place] = entry, as_value(entry, count)
        left = [place for place in left if not values[place].certified and not is_out_of_reach(found[place])]
        return not left or (bits >= HOPELESS_BITS and not any(ball(found[place]).is_finite() for place in left))

    until_decided(count, work(trees), attempt)
    for place in _settled(trees, point, found, left):
        values[place] = as_value(found[place], count)
    return values, found


def _settled(trees: Sequence[Tree], point: Mapping[str, Tree], found: list[Any], left: Sequence[int]) -> list[int]:
    """Puts the rational in place of each undecided ball that algebra shows to be one; the places of these."""
    if not left:  # SymPy waits for what needs it
        return []
    from netcalc.derivation.algebra import to_sympy

    settled: list[int] = []
    with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), bounded(ALGEBRA_EVALUATIONS):
        for place in left:
            if not ball(found[place]).rad() < 1:  # nothing is nearly decided
                continue
            number = to_sympy(expand(substitute(trees[place], point)))
            if (rational := rational_in(found[place], number)) is not None:
                found[place] = rational
                settled.append(place)
    return settled
