"""A problem stated as a graph → its result: proven values where it is small, float64 where it is not, or formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from netcalc.errors import ShapeError
from netcalc.expression import Symbol, Tree
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import along, backward, gradients, jacobian
from netcalc.graph.evaluate import Cost, cost
from netcalc.graph.leaves import NAMED, array, names_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import number
from netcalc.graph.sizes import described
from netcalc.graph.ties import with_ties
from netcalc.models.graphed import GraphProblem
from netcalc.notation import spelling_out
from netcalc.result import Deferred, Result, Step, Tensor, as_value
from netcalc.solving.defined import where_defined
from netcalc.solving.formulas import formula_value, formulas_in
from netcalc.solving.graph_values import Quantity, in_balls, in_float64, is_small, values_of
from netcalc.solving.notes import value_notes

if TYPE_CHECKING:
    from netcalc.graph.writing import Writer

MAX_JACOBIAN_ENTRIES = 250_000
BYTES = 8  # of a float64
MANY = 250_000  # entries from which on it saves more than it takes to ask for their memory ahead
MAX_ENTRIES = 1 << 28  # of one array: 2 GB of float64


def solve(
    problem: GraphProblem, *, digits: int | None = None, exact: bool = False, proven: bool | None = None
) -> Result:
    """Every value and derivative that the problem asks for.

    Raises UndefinedError where the output has no value, ShapeError for what would take more than memory.
    """
    if problem.samples:
        from netcalc.solving.graph_samples import solve_by_samples

        return solve_by_samples(problem, partial(solve, digits=digits, exact=exact, proven=proven))
    _ask_ahead(problem)
    quantities = list(quantities_of(problem))
    if problem.free:
        return _in_formulas(problem, quantities)
    roots = [one.node for one in quantities]
    needed = cost(roots, Arithmetic(problem.sizes))
    _check_size(needed)
    certain = digits is not None or exact or (is_small(problem, roots, needed) if proven is None else proven)
    arrays, notes = in_balls(problem, roots, digits, exact=exact) if certain else (in_float64(problem, roots), ())
    arrays, told = where_defined(problem, quantities, arrays)
    sure = "float64, not certified"
    if certain:
        from netcalc.solving.bits import certainty  # which loads balls
        from netcalc.solving.graph_kinks import kink_notes

        sure, notes = certainty(arrays), (*kink_notes(problem), *notes)
    formulas = _Formulas(problem, quantities)
    tensors = [_tensor(formulas, one, entries) for one, entries in zip(quantities, arrays, strict=True)]
    result = _result(problem, tensors, sure, (*told, *notes), exact=exact)
    return result if problem.trace is None else _with_paths(problem, result, digits, proven=certain)


def _ask_ahead(problem: GraphProblem) -> None:
    """For what names come to and their gradients, which all are kept until the end."""
    sizes = Arithmetic(problem.sizes)
    if not problem.free and (kept := sum(prod(sizes.shape(node.shape)) for node in problem.named.values())) > MANY:
        from netcalc.memory import ask_ahead

        ask_ahead(2 * BYTES * kept)


def _with_paths(problem: GraphProblem, result: Result, digits: int | None, *, proven: bool) -> Result:
    """The result with every path of the trace, as steps and as data."""
    from netcalc.explain.paths import path_steps
    from netcalc.solving.graph_trace import traced

    assert problem.trace is not None  # noqa: S101 - who calls it has seen to that
    name, index = problem.trace
    found = traced(problem, digits, proven=proven)
    total = as_value(result[problem.gradient(name)].entries[index])
    steps = path_steps(found.ways, found.factors, [as_value(one) for one in found.products], total, problem.output_name)
    paths = Tensor("paths", found.products, Symbol("path"))
    return replace(result, steps=tuple(steps), ways=found.ways, inner=(paths,))


def _result(
    problem: GraphProblem, tensors: Sequence[Tensor], certainty: str, notes: Sequence[str], *, exact: bool = False
) -> Result:
    return Result(
        problem.command,
        problem.given,
        tuple(tensors),
        Deferred(lambda: _steps(problem, exact=exact)),
        (*problem.notes, *notes, *value_notes(tensors)),
        certainty,
        problem=problem,
    )


def _steps(problem: GraphProblem, *, exact: bool) -> list[Step]:
    """The derivation on paper, with numbers where they are known and few."""
    from netcalc.explain.graph import steps

    has_numbers = not problem.free and is_small(problem, [problem.output])
    with spelling_out(lambda: problem.spelled_out):
        return list(steps(problem, partial(values_of, problem, exact=exact) if has_numbers else None))


# --- what is wanted, as nodes


def quantities_of(problem: GraphProblem) -> Iterator[Quantity]:
    """The output and what lies before it, its derivatives, and inputs after a step."""
    yield from (Quantity(name, node) for name, node in problem.named.items() if name != problem.output_name)
    yield Quantity(problem.output_name, problem.output)
    yield from _derivatives(problem)
    yield from (Quantity(name, node) for name, node in problem.updates.items())


def _derivatives(problem: GraphProblem) -> Iterator[Quantity]:
    output, of = problem.output, problem.output_name
    nodes = {name: problem.nodes[name] for name in problem.wrt}
    if problem.along:
        yield from _in_a_direction(problem)
        return
    if output.rank and problem.delta is None:
        if problem.order > 1:
            raise ShapeError(f"--order {problem.order} is for a number; {of} is {described(output.shape)}")
        _check_jacobian(problem, list(nodes.values()))
        for (name, node), found in zip(nodes.items(), jacobian(output, list(nodes.values())), strict=True):
            shape = output.shape + node.shape
            yield Quantity(problem.gradient(name), number(0, shape) if found is None else found, of)
        return
    firsts = backward(output, problem.delta, set(nodes.values())).gradients
    for name, node in nodes.items():
        yield Quantity(problem.gradient(name), firsts.get(node) or number(0, node.shape), of)
    if problem.order == 2:
        _check_hessian(problem, nodes)
        for name, node in nodes.items():
            yield from _row_of_hessian(problem, name, firsts.get(node), nodes)


def _row_of_hessian(
    problem: GraphProblem, name: str, first: Node | None, nodes: Mapping[str, Node]
) -> Iterator[Quantity]:
    rows: list[Node | None] = [None] * len(nodes) if first is None else jacobian(first, list(nodes.values()))
    for (other, node), found in zip(nodes.items(), rows, strict=True):
        shape = problem.nodes[name].shape + node.shape
        yield Quantity(f"d{name}d{other}", found or number(0, shape), problem.output_name, (name, other))


def _in_a_direction(problem: GraphProblem) -> Iterator[Quantity]:
    """J v; with order 2 the gradient in that direction too, H v by variable."""
    tangents = {problem.nodes[name]: array(values, f"v_{name}") for name, values in problem.along.items()}
    for name, values in problem.along.items():
        if values.shape != problem.nodes[name].shape:
            raise ShapeError(
                f"--along: {name} is {described(problem.nodes[name].shape)}, its direction {described(values.shape)}"
            )
    output, of = problem.output, problem.output_name
    direction = along(output, tangents) or number(0, output.shape)
    yield Quantity(f"D{of}", direction, of, role="directional")
    if problem.order == 2:
        if output.rank:
            raise ShapeError(f"--order 2 with --along is for a number; {of} is {described(output.shape)}")
        nodes = [problem.nodes[name] for name in problem.wrt]
        for name, node, found in zip(problem.wrt, nodes, gradients(direction, nodes), strict=True):
            yield Quantity(f"Hv_{name}", found or number(0, node.shape), of, role=f"hvp.{name}")


def _check_jacobian(problem: GraphProblem, nodes: Sequence[Node]) -> None:
    sizes = Arithmetic(problem.sizes)
    if problem.free:
        return
    rows = prod(sizes.shape(problem.output.shape))
    for name, node in zip(problem.wrt, nodes, strict=True):
        many = rows * prod(sizes.shape(node.shape))
        if many > MAX_JACOBIAN_ENTRIES:
            raise ShapeError(
                f"the Jacobian by {name} has {many:,} entries, more than the {MAX_JACOBIAN_ENTRIES:,} that are listed: "
                "ask for its product with --delta (a row of weights in the output's shape) or --along"
            )


def _check_hessian(problem: GraphProblem, nodes: Mapping[str, Node]) -> None:
    if problem.free:
        return
    many = sum(prod(Arithmetic(problem.sizes).shape(node.shape)) for node in nodes.values()) ** 2
    if many > MAX_JACOBIAN_ENTRIES:
        raise ShapeError(
            f"the Hessian has {many:,} entries, more than the {MAX_JACOBIAN_ENTRIES:,} that are listed: "
            "ask for its product with a direction by --along, or for fewer variables by --wrt"
        )


def _check_size(needed: Cost) -> None:
    if needed.largest > MAX_ENTRIES:
        raise ShapeError(
            f"an array of {needed.largest:,} entries is needed, more than the {MAX_ENTRIES:,} that netcalc takes"
        )


# --- formulas and tensors


class _Formulas:
    """The formulas of an answer, each written when it is first asked for."""

    def __init__(self, problem: GraphProblem, quantities: Sequence[Quantity]) -> None:
        self.problem, self.quantities = problem, quantities
        self.known: dict[Quantity, Tree] = {}

    @cached_property
    def writer(self) -> Writer:
        """Writes all of them by the same names."""
        from netcalc.graph.writing import Writer

        gradients = {one.name: one.node for one in self.quantities if one.of is not None}
        forward = {**self.problem.named} | {one.name: one.node for one in self.quantities if one.of is None}
        called = names_of(gradients) | names_of(forward)  # what is of both passes is called as in the forward pass
        named = forward | gradients
        return Writer([self.problem.output, *named.values()], called)

    @cached_property
    def tied(self) -> set[Node]:
        """What goes to the largest or the smallest entries, where the point has several."""
        problem, nodes = self.problem, [one.node for one in self.quantities if one.of is not None]
        if problem.free:
            from netcalc.graph.ties import may_tie

            return {node for node in in_order(nodes) if may_tie(node)}
        from netcalc.explain.graph import tied

        return tied(nodes, partial(values_of if is_small(problem, nodes) else in_float64, problem))

    def of(self, one: Quantity) -> Tree:
        """One formula, written once."""
        if one not in self.known:
            self.known[one] = self._written(one)
        return self.known[one]

    def _written(self, one: Quantity) -> Tree:
        """One formula, or another's name; Jacobians and second derivatives with diagonal matrices."""
        if one.of is not None and one.node.operation is NAMED:
            name = self.writer.name(one.node)
            if name.partition("@")[0] != one.name.partition("@")[0]:
                return Symbol(name)
        is_jacobian = bool(self.problem.output.rank) and self.problem.delta is None and one.of is not None
        return self.writer.shortest(
            with_ties(one.node, self.tied), diagonal=(is_jacobian or bool(one.by)) and not one.role
        )


def _tensor(formulas: _Formulas, one: Quantity, entries: np.ndarray) -> Tensor:
    problem = formulas.problem
    written_now = problem.typed if one.node is problem.output and problem.typed is not None else None
    return Tensor(
        one.name,
        entries,
        written_now if written_now is not None else lambda: formulas.of(one),
        one.of,
        problem.index_from,
        one.by,
        role=one.role,
        titled=one.titles(problem),
        numbered=problem.numbered,
    )


def _in_formulas(problem: GraphProblem, quantities: Sequence[Quantity]) -> Result:
    """Every answer as one formula for all its entries."""
    tensors, formulas = [], _Formulas(problem, quantities)
    for one in quantities:
        tensor = _tensor(formulas, one, np.empty((), dtype=object))
        tensors.append(replace(tensor, entries=np.array(formula_value(tensor.formula), dtype=object)))
    return _result(problem, tensors, formulas_in(problem.free), ())
