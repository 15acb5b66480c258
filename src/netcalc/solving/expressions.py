"""A problem of expressions → its result: proven values at a point, or formulas where a variable is left open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.evaluation import Known
from netcalc.arithmetic.sides import BITS
from netcalc.arrays import scalar
from netcalc.derivation.bounded import bounded
from netcalc.derivation.derive import evaluable
from netcalc.derivation.gradient import Derived, Quantity, derive, element_name, groups, label
from netcalc.errors import TookTooLong
from netcalc.explain.corners import decided, refuse_undefined, undefined_notes
from netcalc.explain.grad import formulas_of, steps, trail
from netcalc.explain.ties import Sides, at_points, in_float64, sides, singled_out
from netcalc.expression import Tree, is_constant, substitute
from netcalc.models.grad import Gradient, point_at
from netcalc.problem import derivative_in_short
from netcalc.records import NamedTuple
from netcalc.result import UNDECIDED, UNDEFINED, LazySteps, Result, Step, Tensor, Value
from netcalc.solving.bits import as_value, certainty, constant, proven
from netcalc.solving.formulas import formula_value, formula_values, formulas_in
from netcalc.solving.notes import value_notes

Point = Mapping[str, Tree]
CLOSED_EVALUATIONS = 400_000  # who asks for closed forms waits for them
CERTIFIED_WORK = 100_000  # operations, at all points together, that balls are done with in a second or two


class Answered(NamedTuple):
    """What was found: a number wanted each, an array of shape () or (points,); how sure; notes; what was decided."""

    entries: Sequence[np.ndarray]
    certainty: str = ""
    notes: tuple[str, ...] = ()
    known: Known | None = None


class _Formulas:
    """The formulas of an answer, written when one is first asked for."""

    def __init__(self, derived: Derived) -> None:
        self.derived = derived

    @cached_property
    def all(self) -> list[Tree]:
        """A formula for each number of the answer."""
        return formulas_of(self.derived)

    def of(self, place: int) -> Tree:
        """One of them."""
        return self.all[place]


def solve(problem: Gradient, *, digits: int | None = None, exact: bool = False, proven: bool | None = None) -> Result:
    """Every value and derivative that the problem asks for. Raises UndefinedError."""
    derived = derive(problem)
    formulas = _Formulas(derived)
    answered = _answered(derived, formulas, digits, exact=exact, proven=proven)
    found = tuple(_tensors(derived, answered.entries, formulas))
    numbers = [one.item() for one in answered.entries] if not problem.many else []
    return Result(
        problem.command,
        problem.given,
        found,
        () if problem.many else LazySteps(partial(_steps, derived, numbers, formulas, digits, answered.known)),
        (*problem.notes, *answered.notes, *value_notes(found)),
        answered.certainty,
        problem.many,
        problem=problem,
    )


def _steps(
    derived: Derived, numbers: Sequence[Value], formulas: _Formulas, digits: int | None, known: Known | None
) -> list[Step]:
    """The steps, with the value of every node and adjoint where it is known at the point."""
    behind, values = trail(derived), dict[int, Value]()
    if known is not None and behind:
        found, _ = proven(evaluable(behind), point_at(derived.problem), digits, known)
        values = dict(zip(map(id, behind), found, strict=True))
    return list(steps(derived, numbers, formulas.all, values))


def _answered(
    derived: Derived, formulas: _Formulas, digits: int | None, *, exact: bool, proven: bool | None
) -> Answered:
    problem = derived.problem
    if problem.free and not problem.points:
        return Answered([scalar(one) for one in formula_values(formulas.all)])
    if problem.free:
        return _formulas(derived, digits, exact=exact)
    many = problem.samples * len(derived.sweeps[0].nodes.nodes) * len(derived.quantities)
    if proven is None:
        proven = many <= CERTIFIED_WORK
    if problem.many and digits is None and not exact and not proven:
        return _in_float64(derived)
    if problem.many:
        return _at_points(derived, digits, exact=exact)
    return _at_a_point(derived, digits, exact=exact)


def _values_at(
    derived: Derived, trees: Sequence[Tree], point: Point, digits: int | None, *, exact: bool
) -> tuple[list[Value], Known, Sides]:
    """What is wanted at a point, in balls, as both sides say where a comparison ties; what algebra decided; the sides.

    `trees` are the evaluable ones; `exact` has every value with its closed form.
    """
    known = decided(trees, point)
    values, _ = proven(trees, point, digits, known)
    beside = sides(derived, point, known, lacks_value=any(value.is_undefined for value in values))
    values = _where_defined(derived, _by_sides(values, beside, digits))
    return _with_closed_forms(derived, values, point) if exact else values, known, beside


def _at_a_point(derived: Derived, digits: int | None, *, exact: bool) -> Answered:
    point, trees = point_at(derived.problem), evaluable(derived.trees)
    values, known, beside = _values_at(derived, trees, point, digits, exact=exact)
    undefined = undefined_notes(derived, values, point, known, beside.kinks)
    entries = [scalar(value) for value in values]
    return Answered(entries, certainty(entries), (*undefined, *beside.notes), known)


def _by_sides(values: Sequence[Value], beside: Sides, count: int | None) -> list[Value]:
    """The values, where a comparison ties as either side says; not certified where that isn't known."""
    found = list(values)
    with precision(BITS):
        for place, numeral in beside.settled.items():
            found[place] = as_value(numeral, count)
    for place in beside.doubtful:
        known = found[place].nearest is not None  # that of a branch, which may be of a single point
        found[place] = Value(None, UNDECIDED) if known else replace(found[place], certified=False)
    return found


def _where_defined(derived: Derived, values: Sequence[Value]) -> list[Value]:
    """The values, undefined where the expression is, or the derivative that a further one is of."""
    found: list[Value] = []
    nowhere: set[tuple[int, tuple[str, ...]]] = set()
    for one, value in zip(derived.quantities, values, strict=True):
        if value.is_undefined or any((one.output, one.by[:count]) in nowhere for count in range(len(one.by))):
            nowhere.add((one.output, one.by))
            found.append(Value(None, UNDEFINED))
        else:
            found.append(value)
    return found


def _at_points(derived: Derived, digits: int | None, *, exact: bool) -> Answered:
    """Each point by itself, in balls. Raises UndefinedError at the first without a value."""
    samples, trees = derived.problem.samples, evaluable(derived.trees)
    columns = np.empty((samples, len(trees)), dtype=object)
    told: list[Sides] = []
    for sample in range(samples):
        point = point_at(derived.problem, sample)
        values, known, beside = _values_at(derived, trees, point, digits, exact=exact)
        told.append(beside)
        for one, value in zip(derived.quantities, values, strict=True):
            if value.is_undefined:
                where = f" (point {sample})" if samples > 1 else ""
                refuse_undefined(derived, one, point, where, known, beside.kinks)
        columns[sample] = values
    return Answered(list(columns.T), certainty([columns]), tuple(at_points(told)))


def _in_float64(derived: Derived) -> Answered:
    """Many points at once. Raises UndefinedError at the first without a value."""
    from netcalc.arithmetic.program import Program
    from netcalc.values import to_float64

    columns = {name: to_float64(column) for name, column in derived.problem.points.items() if column.ndim}
    fixed = {name: column.item() for name, column in derived.problem.points.items() if not column.ndim}
    found = Program([substitute(one.tree, fixed) for one in derived.quantities]).run(columns)
    nowhere = np.flatnonzero(np.any([np.isnan(column) for column in found], axis=0))
    for sample in dict.fromkeys([*singled_out(derived, columns), *nowhere.tolist()]):
        for column, number in zip(found, in_float64(derived, point_at(derived.problem, sample)), strict=True):
            column[sample] = number
    for one, column in zip(derived.quantities, found, strict=True):
        if np.isnan(column).any():
            sample = int(np.isnan(column).argmax())
            refuse_undefined(derived, one, point_at(derived.problem, sample), f" (point {sample})")
    return Answered(found, "float64, not certified")


def _with_closed_forms(derived: Derived, values: Sequence[Value], point: Point) -> list[Value]:
    from netcalc.solving.closed_values import closing  # which loads the graph

    closed, found = closing(), list(values)
    with contextlib.suppress(TookTooLong), bounded(CLOSED_EVALUATIONS):
        for place, one in enumerate(derived.quantities):
            found[place] = closed(values[place], substitute(one.tree, point))
    return found


def _formulas(derived: Derived, digits: int | None, *, exact: bool) -> Answered:
    forms = derived.forms
    point = {name: forms.keep(number) for name, number in point_at(derived.problem).items()}

    def value(one: Quantity) -> Value:
        tree = forms.put(derived.written(one.tree)[0], point)
        return number(tree) if is_constant(tree) else formula_value(tree)

    number: Callable[[Tree], Value] = partial(constant, count=digits)
    if exact:
        from netcalc.solving.closed_values import closed_constant  # which loads the graph

        number = closed_constant(digits)
    return Answered([scalar(value(one)) for one in derived.quantities], formulas_in(derived.problem.free))


def _tensors(derived: Derived, entries: Sequence[np.ndarray], formulas: _Formulas) -> Iterator[Tensor]:
    """The answers by name: f, dx, dy, dxdx, …, each with an entry an expression where there are several."""
    problem = derived.problem
    single = len(problem.texts) == 1
    for by, own in groups(derived).items():
        quantities = [derived.quantities[place] for place in own]
        yield Tensor(
            derivative_in_short(by) if by else "f",
            entries[own[0]] if single else np.stack([entries[place] for place in own], axis=-1),
            partial(formulas.of, own[0]),
            None if not by else "f",
            problem.index_from,
            by,
            () if single else tuple(map(formulas.of, own)),
            () if single else tuple(element_name(problem, one) for one in quantities),
            full=label(problem, quantities[0]) if single and by else "",
        )
