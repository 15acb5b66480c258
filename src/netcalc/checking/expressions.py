"""Expressions made ready for checking: the right derivatives in balls, those of a slip, and other points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from flint import arb

from netcalc.arithmetic.balls import Evaluation, ball, is_nowhere, numeral, precision
from netcalc.arithmetic.sides import can_tie, tie
from netcalc.arrays import each
from netcalc.checking.bench import BITS, Bench, Forced, defined, near_zero, settled, to_floats
from netcalc.checking.calculus import Calculus, Work
from netcalc.checking.functions import Functions
from netcalc.checking.hypotheses import Hypothesis
from netcalc.checking.mistakes import CALCULUS
from netcalc.checking.pieces import Point, spread
from netcalc.checking.variation import Array
from netcalc.derivation.derive import evaluable, expand
from netcalc.derivation.gradient import Derived, derive
from netcalc.explain.ties import numerals_of
from netcalc.expression import Number, Tree, substitute
from netcalc.models.grad import Gradient, point_at
from netcalc.problem import by_element, derivative_in_short


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
        return [tree for one in self.derived.wanted if not one.by and can_tie(tree := expand(one.tree))]

    @cached_property
    def prepared(self) -> Evaluation:
        """The numbers of the answer, ready to be evaluated."""
        return Evaluation(evaluable([one.tree for one in self.derived.wanted]))

    @cached_property
    def truth(self) -> dict[str, Array]:
        return settled(self.shaped(self.rows))

    def exactly(self, change: Callable[[Any], Any], forced: Forced | None = None) -> dict[str, Array]:
        assert forced is None  # noqa: S101 - nothing follows from an answer here
        calculus = change(Calculus())
        with precision(BITS):
            return self.shaped(
                [
                    [
                        one if is_sound else arb.nan()
                        for one, is_sound in zip(self.worked(calculus, point), row, strict=True)
                    ]
                    for point, row in zip(self.points, self.sound, strict=True)
                ]
            )

    @cached_property
    def sound(self) -> list[list[bool]]:
        """Which numbers of each point the right rules yield: not those at a kink, where other slopes are agreed on."""
        return [
            [ball(one).overlaps(ball(right)) for one, right in zip(self.worked(Calculus(), point), row, strict=True)]
            for point, row in zip(self.points, self.rows, strict=True)
        ]

    def nearly(self, change: Callable[[Any], Any], forced: Forced | None = None) -> dict[str, Array]:
        return {name: to_floats(array) for name, array in self.exactly(change, forced).items()}

    def worked(self, calculus: Calculus, point: dict[str, Any]) -> list[Any]:
        """What rules yield for each number of the answer; nothing for derivatives beyond the second."""
        found: list[Any] = []
        for one in self.derived.wanted:
            work = Work(self.problem.expressions[one.output], point, calculus)
            if not one.by:
                found.append(work.value())
            elif len(one.by) == 1:
                found.append(work.derivative(one.by[0], self.problem.wrt))
            elif len(one.by) == 2:
                found.append(self.second(one.output, one.by, calculus, point))
            else:
                found.append(arb.nan())
        return found

    def second(self, output: int, by: tuple[str, ...], calculus: Calculus, point: dict[str, Any]) -> Any:
        """What rules yield for a derivative of a first derivative that is right."""
        first, other = (Work(self.firsts[output, name], point, calculus) for name in by)
        found = first.dual(calculus.by(by[1], self.problem.wrt))
        whole = calculus.whole(found.slope, arb.nan())  # whose value is another derivative's
        return calculus.second(whole, found.value, other.value())

    @cached_property
    def firsts(self) -> dict[tuple[int, str], Tree]:
        """The first derivatives as people write them, by output and variable."""
        return {
            (one.output, one.by[0]): self.derived.written(one.tree)[0]
            for one in self.derived.wanted
            if len(one.by) == 1
        }

    def shaped(self, rows: list[list[Any]]) -> dict[str, Array]:
        """The numbers of each point, as the answer calls and shapes them."""
        columns: dict[str, list[Array]] = {}
        for place, one in enumerate(self.derived.wanted):
            column = np.empty(len(rows) if self.problem.many else (), dtype=object)
            column[...] = [row[place] for row in rows] if self.problem.many else rows[0][place]
            columns.setdefault(derivative_in_short(one.by) if one.by else "f", []).append(column)
        single = len(self.problem.texts) == 1
        return {name: own[0] if single else np.stack(own, axis=-1) for name, own in columns.items()}

    @cached_property
    def names(self) -> dict[str, Any]:
        given = {} if self.problem.many else self.points[0]
        return {**by_element(self.truth, self.problem.index_from), **given}

    def quantity(self, name: str) -> None:
        """Nothing follows from an answer."""


def here(problem: Gradient) -> list[Bench]:
    """The problem where every variable has a number; else at points in place of those left open."""
    if not problem.free:
        return [Expressions(problem)]
    positive = [{name: abs(number) for name, number in point.items()} for point in near_zero(problem.free)]
    return defined(lambda point: placed(problem, point), chain(positive, spread(problem.free)))


def placed(problem: Gradient, point: Point) -> Bench:
    """The problem with numbers for some of its variables, or others."""
    numbers = {name: np.array(None, dtype=object) for name in point}
    for name, number in point.items():
        numbers[name][()] = Number(number)
    return Expressions(replace(problem, points={**problem.points, **numbers}))


def functions(problem: Gradient, names: Sequence[str]) -> Functions:
    """The answers as functions of some of the variables."""
    own = Expressions(problem)
    trees = own.shaped([[one.tree for one in own.derived.wanted]])
    fixed = {name: tree for name, tree in point_at(problem).items() if name not in names}
    answers = {name: each(lambda tree: substitute(tree, fixed), array) for name, array in trees.items()}
    given = by_element(answers, problem.index_from) | fixed
    return Functions(tuple(names), answers, given, lambda point: _beside(own, point))


def _beside(own: Expressions, point: Point) -> Bench:
    """The same problem at a point, which is derived once."""
    bench = placed(own.problem, point)
    bench.__dict__.update(derived=own.derived, prepared=own.prepared)
    return bench


def singles(_: Gradient) -> Iterator[Hypothesis]:
    """Each row of the table."""
    for slip in sorted(CALCULUS, key=lambda one: one.frequency):
        yield Hypothesis(slip.said, slip.change, slip.frequency, row=slip)
