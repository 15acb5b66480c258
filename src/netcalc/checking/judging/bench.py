"""A problem made ready for checking: what is right in balls, what a mistake yields, and other points to compare at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from itertools import chain, islice
from typing import Any

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import numeral
from netcalc.arithmetic.rounding import nearest
from netcalc.arrays import each
from netcalc.checking.judging.pieces import Point, spread
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Leaf, Number, Tree, fold, is_constant, substitute
from netcalc.graph.arithmetic.balls import Balls
from netcalc.layers import Quantities, given_values, run
from netcalc.problem import LossAndTarget, Problem, by_element, free_names
from netcalc.records import dataclass
from netcalc.solving.layers import is_small

BITS = 320
NOTHING = 200  # bits below 1 from which on a ball that holds 0 is one: nothing proves that sin(π) is
POINTS = 3  # at which what may have gone wrong is tried
POINTS_ELSEWHERE = 10  # at which formulas are compared in place of the numbers given
ATTEMPTS = 12  # to find so many where everything is defined
Array = np.ndarray


class Bench(ABC):
    """One point of a problem: every given number is known there."""

    problem: Any

    @property
    @abstractmethod
    def truth(self) -> dict[str, Array]:
        """The right answers, in balls, by the command's names."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The numbers of the letters in shapes."""
        return {}

    @property
    @abstractmethod
    def tensors(self) -> Mapping[str, Array]:
        """Every given tensor and every answer, in balls; indices are integers."""

    @cached_property
    def names(self) -> dict[str, Any]:
        """Their numbers, each by its own name."""
        return by_element(self.tensors, self.problem.index_from)

    @cached_property
    def largest(self) -> dict[str, Any]:
        """The largest magnitude in each answer."""
        with precision(BITS):
            return {
                name: max((abs(ball(value)) for value in array.flat), key=lambda value: float(value.mid()))
                for name, array in self.truth.items()
            }

    def scale(self, name: str) -> Any:
        """What the precision of an answer's numbers is of: its largest magnitude; that of all answers where it is 0."""
        own = self.largest[name]
        return own if own > 0 else max(self.largest.values(), key=lambda value: float(value.mid()))

    @cached_property
    def has_floats(self) -> bool:
        """Whether a number was given as float64, which is next to what people write for it."""
        return has_floats(self.given.values())

    @property
    @abstractmethod
    def given(self) -> Mapping[str, Array]:
        """What the inputs of its workings are at this point, by name: trees or float64."""


@dataclass(frozen=True)
class Layers(Bench):
    """One point of a problem of layers."""

    problem: Problem

    @cached_property
    def truth(self) -> dict[str, Array]:
        with precision(BITS):
            return settled(called(self.problem, run(self.problem, Balls())))

    @cached_property
    def given(self) -> Mapping[str, Array]:
        return given_values(self.problem)

    @cached_property
    def tensors(self) -> Mapping[str, Array]:
        with precision(BITS):
            stated = {name: each(_exact, array) for name, array in stated_tensors(self.problem)}
        slope = {"dq": self.truth["db"]} if self.problem.command == "neuron" and "db" in self.truth else {}
        return stated | slope | self.truth


def has_floats(arrays: Iterable[Array]) -> bool:
    """Whether a number of these is a float64."""
    return any(array.dtype.kind == "f" or any(map(_is_float, array.flat)) for array in arrays)


def _is_float(given: object) -> bool:
    return isinstance(given, float) or (isinstance(given, Number) and bool(given.written))


def as_people_write(tree: Tree) -> Tree:
    """A formula with the decimals that people write for the float64s in it."""

    def leaf(own: Leaf) -> Tree:
        return Number(Fraction(own.written)) if isinstance(own, Number) and own.written else own

    return fold(tree, leaf, Apply)


def called(problem: Problem, found: Quantities) -> dict[str, Array]:
    """What was found, as the command calls and shapes it."""
    names = problem.names.items()
    return {one.name: problem.shaped(found[name], one.shape) for name, one in names if name in found}


def settled(answers: dict[str, Array]) -> dict[str, Array]:
    """The same answers, each ball about 0 with next to nothing in it as 0."""
    return {name: each(without_dust, array) for name, array in answers.items()}


def without_dust(value: Any) -> Any:
    """0 for a ball that holds it and next to nothing else."""
    is_dust = isinstance(value, arb) and value.contains(0) and abs(value) < arb(2) ** -NOTHING
    return fmpq(0) if is_dust else value


def _exact(entry: Any) -> Any:
    return numeral(entry if not isinstance(entry, float) else Number(Fraction(entry)), {})


def to_floats(array: Array) -> Array:
    """Balls as the nearest float64, nan where they don't decide one; float64 as it is."""
    if array.dtype == np.float64:
        return array

    def one(value: Any) -> float:
        found = nearest(value)
        return float("nan") if found is None else found

    return each(one, array).astype(np.float64)


def stated_tensors(problem: Problem) -> Iterator[tuple[str, Array]]:
    """The arrays that were stated, by the names that formulas call them; `t` are the targets."""
    if isinstance(problem.upstream, LossAndTarget):
        for name, array in problem.upstream.given.items():
            yield (
                name,
                array if problem.many or name == "w" else array.reshape(() if problem.command == "neuron" else -1),
            )
    if problem.command == "net":
        yield "x", problem.x if problem.many else problem.x.reshape(-1)
        for number, layer in enumerate(problem.layers, 1):
            yield f"W{number}", layer.W
            if layer.b is not None:
                yield f"b{number}", layer.b
        return
    for name, thing in problem.given.items():
        if isinstance(thing, np.ndarray):
            yield name, thing
    above = problem.upstream
    if problem.command == "linear" and isinstance(above, np.ndarray) and "delta" not in problem.given:
        yield "delta", above if problem.many else above.reshape(-1)  # that nobody gave


def largest(array: Array) -> float:
    """The largest magnitude, without another array of them; nan where one is."""
    return float(np.maximum(array.max(), -array.min()))


@dataclass(frozen=True)
class InFloat64(Bench):
    """A point of a problem so large that its answers are float64."""

    @cached_property
    def largest(self) -> dict[str, Any]:
        return {name: arb(largest(array)) for name, array in self.truth.items()}


@dataclass(frozen=True)
class LargeLayers(InFloat64, Layers):
    """Layers so large."""

    @cached_property
    def truth(self) -> dict[str, Array]:
        from netcalc.graph.arithmetic.float64 import Float64

        return called(self.problem, run(self.problem, Float64()))


def here(problem: Problem) -> Sequence[Bench]:
    """The problem as it is where every number is given; else at points in place of what was left out."""
    names = free_names(problem.tensors)
    if not names:
        return [Layers(problem) if is_small(problem) else LargeLayers(problem)]
    return defined(lambda point: placed(problem, point), chain(near_zero(names), spread(names)))


def placed(problem: Problem, point: Point) -> Bench:
    """The problem with numbers in place of the names that were left open."""
    numbers = {name: Number(number) for name, number in point.items()}
    return Layers(changed(problem, lambda tree: substitute(tree, numbers) if not is_constant(tree) else tree))


def movable(problem: Problem) -> dict[str, Tree]:
    """What was given, by its names, but for targets; nothing where some of it is in arrays of floats."""
    stated = dict(stated_tensors(problem))
    if any(array.dtype != object for array in stated.values()):
        return {}
    target = problem.upstream.target if isinstance(problem.upstream, LossAndTarget) else np.empty(0, dtype=object)
    fixed = {id(entry) for entry in target.flat}
    entries = by_element(stated, problem.index_from).items()
    return {name: entry for name, entry in entries if id(entry) not in fixed}


def moved(problem: Problem, to: Mapping[str, Tree]) -> Problem:
    """The problem with others in the place of what is movable."""
    others = {id(entry): to[name] for name, entry in movable(problem).items()}
    return changed(problem, lambda tree: others.get(id(tree), tree))


def moved_to(problem: Problem, point: Point) -> Layers:
    """The problem with numbers in the place of what is movable."""
    return Layers(moved(problem, {name: Number(number) for name, number in point.items()}))


def elsewhere(problem: Problem) -> Iterator[Bench]:
    """The problem with other numbers in place of all that were given; none if they can't be told apart."""
    names = list(movable(problem))
    points = chain(near_zero(names), spread(names)) if names else ()
    return islice(each_defined(lambda point: moved_to(problem, point), points), POINTS_ELSEWHERE)


def defined(at: Callable[[Point], Bench], points: Iterable[Point], count: int = POINTS) -> list[Bench]:
    """The first points at which every answer has a value."""
    return list(islice(each_defined(at, points), count))


def each_defined(at: Callable[[Point], Bench], points: Iterable[Point]) -> Iterator[Bench]:
    """The points at which every answer has a value."""
    for point in points:
        with suppress(NetcalcError, ZeroDivisionError):
            bench = at(point)
            if is_sound(bench):
                yield bench


def near_zero(names: Sequence[str]) -> list[Point]:
    """Points between -5/4 and 5/4."""
    return [{name: number_at(place, attempt) for place, name in enumerate(names)} for attempt in range(ATTEMPTS)]


def is_sound(bench: Bench) -> bool:
    """Whether every answer has a value."""
    return all(_is_finite(value) for array in bench.truth.values() for value in array.flat)


def _is_finite(value: Any) -> bool:
    return not hasattr(value, "is_finite") or bool(value.is_finite())


def number_at(place: int, attempt: int) -> Fraction:
    """A number that nothing makes special, between -5/4 and 5/4 and not 0."""
    return Fraction(2 * ((37 * (place + 1) + 23 * (attempt + 1) * (place + 3)) % 50) - 49, 40)


def changed(problem: Problem, function: Callable[[Tree], Tree]) -> Problem:
    """The problem with a function applied to each given number, wherever it stands."""

    def tensor(array: Array) -> Array:
        return each(function, array) if array.dtype == object else array

    layers = tuple(
        layer._replace(W=tensor(layer.W), b=None if layer.b is None else tensor(layer.b)) for layer in problem.layers
    )
    above = problem.upstream
    above = above._replace(target=tensor(above.target)) if isinstance(above, LossAndTarget) else tensor(above)
    given = {name: tensor(thing) if isinstance(thing, np.ndarray) else thing for name, thing in problem.given.items()}
    return problem._replace(x=tensor(problem.x), layers=layers, upstream=above, given=given)
