"""A problem of layers in balls: every value proven, as far as they can tell, and its closed form."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import ball
from netcalc.arrays import each
from netcalc.graph.arithmetic.balls import Balls
from netcalc.kinks import kink_notes
from netcalc.layers import Found, Quantities, run
from netcalc.problem import Problem
from netcalc.result import Value
from netcalc.solving.bits import are_values, as_value, certainty, confirmed, decided_arrays, is_certain, rational_in
from netcalc.solving.notes import NO_CLOSED_FORMS

ALGEBRA_WORK = 200  # multiplications of a forward pass that SymPy repeats in about a second
ALGEBRA_EVALUATIONS = 60_000
EXACT_EVALUATIONS = 400_000  # who asks for closed forms waits for them
MOST_RATIONALS, MOST_CLOSED_FORMS = 100_000, 2_000  # which take about so long


def certify(problem: Problem, count: int | None = None, without: Collection[str] = (), *, exact: bool = False) -> Found:
    """Both passes in balls, each value proven to `count` digits and to its float64, as far as balls can tell.

    But for what to do `without`: what depends on a symbol has no value. `exact` has every value be one that a closed
    form can be put to.
    """
    found, entries = decided_arrays(
        lambda: run(problem, Balls(), without),
        count,
        problem.work + problem.size,
        exact=exact,
        shown=lambda name: name in problem.names and name not in problem.hidden,
    )
    if not is_certain(_shown(problem, entries)):
        found, entries = _settled(problem, found, entries, count, without)
    return Found(entries, certainty(_shown(problem, entries)), tuple(kink_notes(problem, found)))


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


def with_closed_forms(problem: Problem, found: Found) -> Found:
    """What was found, each entry with its closed form, as long as balls confirm it."""
    from netcalc.graph.arithmetic.polynomial import adds_and_multiplies

    rational, values = adds_and_multiplies(problem), sum(one.size for one in _shown(problem, found.entries))
    most = MOST_RATIONALS if rational else MOST_CLOSED_FORMS
    if values > most:
        return _without(found, f"{NO_CLOSED_FORMS} up to {most:,} values, and here are {values:,}")
    if rational:
        return _with_rationals(problem, found)
    from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
    from netcalc.derivation.closed import ClosedForms
    from netcalc.errors import TookTooLong
    from netcalc.graph.arithmetic.symbolic import Symbolic

    forms = ClosedForms()

    def closed(value: Value, expression: Any) -> Value:
        return confirmed(value, forms.tree(expression, deep=False))

    try:
        with bounded(EXACT_EVALUATIONS):
            expressions = run(problem, Symbolic(closed=True, forms=forms))
    except (TookTooLong, *SYMPY_FAILURES):
        return _without(found, f"{NO_CLOSED_FORMS} shorter problems: here they are too long to be found")
    entries = {name: each(closed, found.entries[name], expressions[name]) for name in problem.names}
    return found._replace(entries=entries)


def _without(found: Found, why: str) -> Found:
    return found._replace(notes=(*found.notes, why))


def _with_rationals(problem: Problem, found: Found) -> Found:
    """The same where all is rational, without algebra."""
    from netcalc.graph.arithmetic.polynomial import Polynomials, ratio

    exact = run(problem, Polynomials())
    entries = {
        name: each(lambda value, one: replace(value, exact=ratio(one)), found.entries[name], exact[name])
        for name in problem.names
    }
    return found._replace(entries=entries)
