"""The kinds of problem that answers can be checked for: layers and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from netcalc.arrays import each
from netcalc.checking import bench, expressions, graphs, hypotheses
from netcalc.checking.bench import Bench
from netcalc.checking.functions import Functions
from netcalc.checking.hypotheses import Hypothesis
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.problem import by_element, free_names
from netcalc.result import Result, Tensor


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a problem's answers are compared, and what may go wrong in them."""

    here: Callable[[Any], Sequence[Bench]]
    elsewhere: Callable[[Any], Sequence[Bench]]
    singles: Callable[[Any], Iterable[Hypothesis]]
    roundings: Callable[[Any], Iterable[Hypothesis]]


LAYERS = Kind(bench.here, bench.elsewhere, hypotheses.singles, hypotheses.roundings)
GRAPHS = Kind(graphs.here, lambda _: (), lambda _: (), lambda _: ())
EXPRESSIONS = Kind(expressions.here, lambda _: (), expressions.singles, lambda _: ())


def kind_of(problem: object) -> Kind:
    """The kind of a problem."""
    if isinstance(problem, GraphProblem):
        return GRAPHS
    return EXPRESSIONS if isinstance(problem, Gradient) else LAYERS


def functions_of(result: Result) -> Functions | None:
    """The answers as functions of what is left open; None where nothing is."""
    problem = result.asked
    if isinstance(problem, Gradient):
        return expressions.functions(problem, problem.free) if problem.free else None
    if isinstance(problem, GraphProblem):
        return None
    names = free_names(problem.tensors)
    if not names:
        return None
    answers = {
        tensor.name: each(lambda value: value.formula, tensor.entries)
        for tensor in (*result.tensors, *result.inner)
        if _is_open(tensor)
    }
    stated = by_element(dict(bench.stated_tensors(problem)), problem.index_from)
    own = {name: tree for name, tree in by_element(answers, problem.index_from).items() if tree is not None}
    return Functions(names, answers, stated | own, lambda point: bench.placed(problem, point))


def _is_open(tensor: Tensor) -> bool:
    return tensor.whole is None and tensor.entries.dtype == object


def functions_elsewhere(result: Result) -> Functions | None:
    """The answers of an expression as functions of all its variables; None for layers, and for many points."""
    problem = result.asked
    if not isinstance(problem, Gradient) or problem.many:
        return None
    return expressions.functions(problem, problem.variables)
