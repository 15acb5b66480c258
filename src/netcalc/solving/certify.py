"""A problem of layers in balls: every value proven, as far as they can tell, and its closed form."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import ball
from netcalc.arrays import each
from netcalc.expression import Number
from netcalc.expression.tree import divide
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.node import Node
from netcalc.kinks import kink_notes
from netcalc.layers import Found, Quantities, passes, run, values
from netcalc.problem import Problem
from netcalc.result import Value
from netcalc.solving.bits import are_values, as_value, certainty, decided_arrays, is_certain, rational_in

ALGEBRA_WORK = 200  # multiplications of a forward pass that SymPy repeats in about a second
ALGEBRA_EVALUATIONS = 60_000


def certify(problem: Problem, count: int | None = None, without: Collection[str] = (), *, exact: bool = False) -> Found:
    """Both passes in balls, each value proven to `count` digits and to its float64, as far as balls can tell.

    But for what to do `without`: what depends on a symbol has no value. `exact` has closed forms found too.
    """
    found, entries = decided_arrays(
        lambda: run(problem, Balls(), without),
        count,
        problem.work + problem.size,
        exact=exact,
        value=_with_ratio if exact else None,
        shown=lambda name: name in problem.names and name not in problem.hidden,
    )
    if not is_certain(_shown(problem, entries)):
        found, entries = _settled(problem, found, entries, count, without)
    sure = Found(entries, certainty(_shown(problem, entries)), tuple(kink_notes(problem, found)))
    return _with_closed_forms(problem, sure, without) if exact else sure


def _with_ratio(entry: Any, count: int | None) -> Value:
    """A numeral as a value, a rational with the ratio that it is."""
    value = as_value(entry, count)
    if not isinstance(entry, fmpq):
        return value
    p, q = (Number(Fraction(int(part))) for part in (entry.p, entry.q))
    return replace(value, exact=p if q.value == 1 else divide(p, q))


def _shown(problem: Problem, entries: Quantities) -> list[np.ndarray]:
    """The values that are shown."""
    return [entries[name] for name in problem.names if name in entries and name not in problem.hidden]


def _settled(
    problem: Problem, found: Quantities, entries: Quantities, count: int | None, without: Collection[str]
) -> tuple[Quantities, Quantities]:
    """The same, with the rational in place of each ball that algebra shows to be one: √2·√2 - 2 is 0."""
    from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
    from netcalc.errors import TookTooLong
    from netcalc.graph.arithmetic.symbolic import Symbolic

    values = [name for name, array in entries.items() if are_values(array)]
    is_open = any(_is_open(*both) for name in values for both in zip(found[name].flat, entries[name].flat, strict=True))
    if problem.work > ALGEBRA_WORK or not is_open:  # what has no value is none that algebra shows
        return found, entries
    settled = dict(found)
    with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), bounded(ALGEBRA_EVALUATIONS):
        for name, array in run(problem, Symbolic(closed=True), without).items():
            if are_values(entries[name]):
                settled[name] = each(_rational, found[name], entries[name], array)

    def value(known: Value, entry: Any) -> Value:
        return known if known.certified else as_value(entry, count)

    again = {name: each(value, entries[name], array) for name, array in settled.items() if are_values(entries[name])}
    return settled, entries | again


def _is_open(value: Any, known: Value) -> bool:
    """Whether a number is between bounds, and its digits are not decided."""
    return not known.certified and bool(ball(value).is_finite())


def _rational(value: Any, known: Value, expression: Any) -> Any:
    """The rational that the expression is, if it simplifies to one within the undecided ball; else the ball."""
    if not _is_open(value, known):
        return value
    rational = rational_in(value, expression)
    return value if rational is None else rational


def _with_closed_forms(problem: Problem, found: Found, without: Collection[str]) -> Found:
    from netcalc.graph.arithmetic.symbolic import Symbolic
    from netcalc.solving.closed_values import with_closed_forms

    both = passes(problem)
    given = values(problem, both.given)

    def given_in(arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        return {node: arithmetic.array(tensor) for node, tensor in given.items()}

    names = [name for name in problem.names if name not in without]
    nodes, arrays = [both.found[name] for name in names], [found.entries[name] for name in names]
    closed, notes = with_closed_forms(nodes, arrays, given_in, lambda forms: Symbolic(closed=True, forms=forms))
    return found._replace(entries=dict(zip(names, closed, strict=True)), notes=(*found.notes, *notes))
