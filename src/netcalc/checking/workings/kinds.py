"""The kinds of problem that answers can be checked for: layers and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netcalc.arrays import each
from netcalc.checking.judging import bench, expressions, graphs
from netcalc.checking.judging.bench import Bench
from netcalc.checking.judging.functions import Functions
from netcalc.checking.workings.workings import Workings, of_expressions, of_graph
from netcalc.checking.workings.workings_of_layers import of_layers
from netcalc.expression import Symbol
from netcalc.graph.arithmetic.trees import Trees
from netcalc.layers import run
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.problem import Problem, by_element, free_names
from netcalc.records import dataclass
from netcalc.result import Result
from netcalc.solving.layers import solve


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a problem's answers are compared, and its workings, in which something may go wrong."""

    here: Callable[[Any], Sequence[Bench]]
    elsewhere: Callable[[Any], Iterator[Bench]]
    workings: Callable[[Any], Workings]


LAYERS = Kind(bench.here, bench.elsewhere, of_layers)
EXPRESSIONS = Kind(expressions.here, expressions.elsewhere, of_expressions)
GRAPHS = Kind(graphs.here, graphs.elsewhere, of_graph)
KINDS: Mapping[type, Kind] = {Problem: LAYERS, Gradient: EXPRESSIONS, GraphProblem: GRAPHS}


def kind_of(problem: object) -> Kind:
    """The kind of a problem."""
    return KINDS[type(problem)]


def as_people_write(problem: Any) -> Any:
    """A problem that leaves something open with decimals for the float64s that were given; any other as it is."""
    if isinstance(problem, Gradient) and problem.free:
        points = {
            name: each(bench.as_people_write, column)
            for name, column in problem.points.items()
            if column.dtype == object
        }
        return replace(problem, points={**problem.points, **points})
    if isinstance(problem, Problem) and free_names(problem.tensors) and bench.has_floats(problem.tensors):
        return bench.changed(problem, bench.as_people_write)
    return problem


def functions_of(result: Result) -> Functions | None:
    """The answers as functions of what is left open; None where nothing is."""
    problem = as_people_write(result.problem)
    if isinstance(problem, Gradient):
        return expressions.functions(problem, problem.free) if problem.free else None
    names = free_names(problem.tensors) if isinstance(problem, Problem) else ()
    if not names:
        return None
    result = result if problem is result.problem else solve(problem)
    answers = {
        tensor.name: each(lambda value: value.formula, tensor.entries)
        for tensor in (*result.tensors, *result.inner)
        if tensor.whole is None and tensor.entries.dtype == object
    }
    stated = by_element(dict(bench.stated_tensors(problem)), problem.index_from)
    own = {name: tree for name, tree in by_element(answers, problem.index_from).items() if tree is not None}
    return Functions(names, answers, stated | own, lambda point: bench.placed(problem, point))


def functions_elsewhere(result: Result) -> Functions | None:
    """The answers as functions of all numbers that are given; None for many points, and where there are too many."""
    problem = result.problem
    if isinstance(problem, GraphProblem):
        return graphs.functions(problem)
    if isinstance(problem, Problem):
        return _functions_of_layers(problem)
    return None if problem.many else expressions.functions(problem, problem.variables)


def _functions_of_layers(problem: Problem) -> Functions | None:
    names = tuple(bench.movable(problem))
    if not names or len(names) > graphs.MAX_NUMBERS:
        return None
    stated = bench.moved(problem, {name: Symbol(name) for name in names})
    found = bench.called(problem, run(stated, Trees()))
    answers = {name: each(lambda one: one.tree, array) for name, array in found.items()}
    given = by_element(dict(bench.stated_tensors(stated)) | answers, problem.index_from)
    return Functions(names, answers, given, lambda point: bench.moved_to(problem, point))
