"""The certified path: balls of more and more bits until every value is decided; what never is says so."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import ball, numeral, precision
from netcalc.arithmetic.rounded import rounded
from netcalc.arithmetic.rounding import digits, enclosure, nearest, plainly_rounded
from netcalc.arrays import each
from netcalc.expression import Tree, share
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.objects import from_list
from netcalc.kinks import kink_notes
from netcalc.passes import Found, Quantities, run
from netcalc.problem import Problem
from netcalc.result import UNDEFINED, Value
from netcalc.solving.notes import NO_CLOSED_FORMS

SHOWN_DIGITS = 6
MANY = 8192  # values of a tensor that have no digits of their own beside their float64
TIE_DIGITS = 12  # further ones that are tried where the last that is shown would be rounded at a tie
FIRST_BITS = 128
LAST_BITS = 1 << 16
MAX_BIT_OPERATIONS = 1 << 28  # operations times bits: what takes more is not begun, but with the fewest bits
MAX_BIT_OPERATIONS_FOR_DIGITS = 1 << 34  # who asks for digits waits for them
ALGEBRA_WORK = 200  # multiplications of a forward pass that SymPy repeats in about a second
ALGEBRA_EVALUATIONS = 60_000
EXACT_EVALUATIONS = 400_000  # who asks for closed forms waits for them
MOST_RATIONALS, MOST_CLOSED_FORMS = 100_000, 2_000  # which take about so long


def certify(problem: Problem, count: int | None = None, without: Collection[str] = (), *, exact: bool = False) -> Found:
    """Both passes in balls, each value proven to `count` digits and to its float64, as far as balls can tell.

    But for what to do `without`: what depends on a symbol has no value. `exact` has every value be one that a closed
    form can be put to.
    """
    found, entries = _as_far_as_balls_tell(problem, count, without, exact=exact)
    if not is_certain(_shown(problem, entries)):
        found, entries = _settled(problem, found, entries, count, without)
    return Found(entries, certainty(_shown(problem, entries)), tuple(kink_notes(problem, found)))


def certainty(arrays: Collection[np.ndarray], what: str = "values") -> str:
    """How many of the values are proven, in words; float64 among them is."""
    proven = sum(sum(one.certified for one in array.flat) if _are_values(array) else array.size for array in arrays)
    return f"certified: {proven} of {sum(array.size for array in arrays)} {what}"


def is_certain(arrays: Collection[np.ndarray]) -> bool:
    """Whether all values are proven."""
    return all(not _are_values(array) or all(one.certified for one in array.flat) for array in arrays)


def _shown(problem: Problem, entries: Quantities) -> list[np.ndarray]:
    """The values that are shown."""
    return [entries[name] for name in problem.names if name in entries and name not in problem.hidden]


def _as_far_as_balls_tell(
    problem: Problem, count: int | None, without: Collection[str], *, exact: bool
) -> tuple[Quantities, Quantities]:
    """What both passes find with as many bits as all the values shown take, in balls and as values."""
    for bits in precisions(count, problem.work + problem.size):
        with precision(bits):
            found = run(problem, Balls(), without)
            entries = {name: as_values(array, count, exact=exact) for name, array in found.items()}
        if is_certain(_shown(problem, entries)):
            break
    return found, entries


def precisions(count: int | None, operations: int) -> list[int]:
    """Precisions to try, in bits, for the digits asked for, if any, as long as so many operations allow it."""
    most = MAX_BIT_OPERATIONS if count is None else MAX_BIT_OPERATIONS_FOR_DIGITS
    first = max(FIRST_BITS, int((count or SHOWN_DIGITS) * 3.33) + 64)
    found = [first << step for step in range(max(2, (LAST_BITS // first).bit_length()))]
    return [first, *(bits for bits in found[1:] if bits * operations <= most)]


def as_values(array: np.ndarray, count: int | None, *, exact: bool = False) -> np.ndarray:
    """Numerals as values; very many as float64, if that is the nearest to each, and shows the same digits."""
    if count is None and not exact and (numbers := as_numbers(array)) is not None:
        return numbers
    return from_list([as_value(one, count) for one in array.reshape(-1).tolist()], array.shape)


def as_numbers(array: np.ndarray) -> np.ndarray | None:
    """Very many numerals as float64, if that is the nearest to each, and shows the same digits."""
    if array.size <= MANY:
        return None
    numbers, sure = rounded(array)
    return numbers if sure.all() else None


def as_value(value: Any, count: int | None) -> Value:
    """A numeral as a value, with `count` digits if asked for; certified where digits and float64 are proven."""
    if count is None and (plain := plainly_rounded(value)):
        return Value(*plain, certified=True)
    shown, number = digits(value, count or SHOWN_DIGITS), nearest(value)
    if shown is None and count is None and number is not None:  # 1481.125 and next to nothing: a tie
        shown = next((more for extra in range(1, TIE_DIGITS) if (more := digits(value, SHOWN_DIGITS + extra))), None)
    if shown is not None and number is not None:
        return Value(number, shown, certified=True, as_digits=count is not None)
    return Value(number, enclosure(value) or UNDEFINED, as_digits=count is not None)


def constant(tree: Tree, count: int | None = None) -> Value:
    """The value of a tree without symbols, certified where it can be decided."""
    from netcalc.derivation.derive import expand

    whole = expand(tree)
    for bits in precisions(count, len(share((whole,)).nodes)):
        with precision(bits):
            value = as_value(numeral(whole, {}), count)
        if value.certified:
            break
    return value


def _settled(
    problem: Problem, found: Quantities, entries: Quantities, count: int | None, without: Collection[str]
) -> tuple[Quantities, Quantities]:
    """The same, with the rational in place of each ball that algebra shows to be one: √2·√2 - 2 is 0."""
    from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
    from netcalc.errors import TookTooLong
    from netcalc.graph.arithmetic.symbolic import Symbolic

    if problem.work > ALGEBRA_WORK:
        return found, entries
    settled = dict(found)
    with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), bounded(ALGEBRA_EVALUATIONS):
        for name, array in run(problem, Symbolic(closed=True), without).items():
            if _are_values(entries[name]):
                settled[name] = each(_rational, found[name], entries[name], array)

    def value(known: Value, entry: Any) -> Value:
        return known if known.certified else as_value(entry, count)

    again = {name: each(value, entries[name], array) for name, array in settled.items() if _are_values(entries[name])}
    return settled, entries | again


def _are_values(array: np.ndarray) -> bool:
    """Whether entries are more than a float64."""
    return array.dtype == object


def _rational(value: Any, known: Value, expression: Any) -> Any:
    """The rational that the expression is, if it simplifies to one within the undecided ball; else the ball."""
    from netcalc.derivation.bounded import is_tame, simplified

    if known.certified or not ball(value).is_finite() or not is_tame(expression):
        return value
    closed = simplified(expression)
    if not closed.is_Rational:
        return value
    rational = fmpq(int(closed.p), int(closed.q))
    return rational if ball(value).contains(rational) else value


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


def confirmed(value: Value, closed: Tree | None) -> Value:
    """The value with its closed form, if there is one and, where the value is certain, it comes to the same digits."""
    if closed is None:
        return value
    again = constant(closed, len(value.shown) if value.as_digits else None)
    agrees = again.certified and again.nearest == value.nearest
    return replace(value, exact=closed) if agrees or not value.certified else value
