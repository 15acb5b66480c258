"""Expressions made ready for checking: the right derivatives in balls, those of a slip, and other points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import is_nowhere, precision
from netcalc.arithmetic.evaluation import Evaluation, numeral
from netcalc.arithmetic.ties import can_tie, tie
from netcalc.arrays import each, scalar
from netcalc.checking.judging.bench import BITS, Array, Bench, defined, each_defined, near_zero, settled
from netcalc.checking.judging.functions import Functions
from netcalc.checking.judging.pieces import Point, spread
from netcalc.derivation.derive import evaluable, expand
from netcalc.derivation.gradient import Derived, derive
from netcalc.explain.ties import numerals_of
from netcalc.expression import Number, Tree, substitute
from netcalc.models.grad import Gradient, point_at
from netcalc.problem import by_element, derivative_in_short
from netcalc.records import dataclass


@dataclass(frozen=True)
class Expressions(Bench):
    """A problem of expressions in which every variable has a number, or one at each of many points."""

    problem: Gradient

    @cached_property
    def derived(self) -> Derived:
        """Every number of the answer as a tree."""
        return derive(self.problem)

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """The variables' numbers at each point, in balls."""
        samples: Iterable[int | None] = range(self.problem.samples) if self.problem.many else [None]
        with precision(BITS):
            return [
                {name: numeral(tree, {}) for name, tree in point_at(self.problem, sample).items()} for sample in samples
            ]

    @cached_property
    def rows(self) -> list[list[Any]]:
        """What is right for each number of the answer, at each point: as both sides say where a comparison ties."""
        with precision(BITS):
            return [self._row(place, point) for place, point in enumerate(self.points)]

    def _row(self, place: int, point: dict[str, Any]) -> list[Any]:
        found = list(self.prepared.at(point))
        if any(map(is_nowhere, found)) or any(tie(tree, point) for tree in self.switching):
            return numerals_of(self.derived, point_at(self.problem, place if self.problem.many else None))
        return found

    @cached_property
    def switching(self) -> list[Tree]:
        """The expressions that compare."""
        return [tree for one in self.derived.quantities if not one.by and can_tie(tree := expand(one.tree))]

    @cached_property
    def prepared(self) -> Evaluation:
        """The numbers of the answer, ready to be evaluated."""
        return Evaluation(evaluable(self.derived.trees))

    @cached_property
    def truth(self) -> dict[str, Array]:
        return settled(self.shaped(self.rows))

    @cached_property
    def given(self) -> Mapping[str, Array]:
        whole = (self.problem.samples,) if self.problem.many else ()
        return {name: np.broadcast_to(column, whole) for name, column in self.problem.points.items()}

    def shaped(self, rows: list[list[Any]]) -> dict[str, Array]:
        """The numbers of each point, as the answer calls and shapes them."""
        columns: dict[str, list[Array]] = {}
        for place, one in enumerate(self.derived.quantities):
            column = np.empty(len(rows) if self.problem.many else (), dtype=object)
            column[...] = [row[place] for row in rows] if self.problem.many else rows[0][place]
            columns.setdefault(derivative_in_short(one.by) if one.by else "f", []).append(column)
        single = len(self.problem.texts) == 1
        return {name: own[0] if single else np.stack(own, axis=-1) for name, own in columns.items()}

    @cached_property
    def tensors(self) -> Mapping[str, Array]:
        given = {} if self.problem.many else self.points[0]
        return {**self.truth, **{name: scalar(number) for name, number in given.items()}}


def here(problem: Gradient) -> list[Bench]:
    """The problem where every variable has a number; else at points in place of those left open."""
    if not problem.free:
        return [Expressions(problem)]
    positive = [{name: abs(number) for name, number in point.items()} for point in near_zero(problem.free)]
    return defined(lambda point: placed(problem, point), chain(positive, spread(problem.free)))


def elsewhere(problem: Gradient) -> Iterator[Bench]:
    """The problem with other numbers for its variables; none of many points."""
    if not problem.many:
        place = functions(problem, problem.variables).place
        yield from each_defined(place, chain(near_zero(problem.variables), spread(problem.variables)))


def placed(problem: Gradient, point: Point) -> Bench:
    """The problem with numbers for some of its variables, or others."""
    numbers = {name: np.array(None, dtype=object) for name in point}
    for name, number in point.items():
        numbers[name][()] = Number(number)
    return Expressions(replace(problem, points={**problem.points, **numbers}))


def functions(problem: Gradient, names: Sequence[str]) -> Functions:
    """The answers as functions of some of the variables."""
    own = Expressions(problem)
    trees = own.shaped([own.derived.trees])
    fixed = {name: tree for name, tree in point_at(problem).items() if name not in names}
    answers = {name: each(lambda tree: substitute(tree, fixed), array) for name, array in trees.items()}
    given = by_element(answers, problem.index_from) | fixed
    return Functions(tuple(names), answers, given, lambda point: _beside(own, point))


def _beside(own: Expressions, point: Point) -> Bench:
    """The same problem at a point, which is derived once."""
    bench = placed(own.problem, point)
    bench.__dict__.update(derived=own.derived, prepared=own.prepared)
    return bench
