"""A problem stated as a graph → its result: proven values where it is small, float64 where it is not, or formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netcalc.errors import ShapeError, UndefinedError
from netcalc.expression import Number, Tree
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import along, backward, gradients, jacobian
from netcalc.graph.cost import cost
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import NAMED, array
from netcalc.graph.node import Node
from netcalc.graph.product import number
from netcalc.graph.sizes import described
from netcalc.models.graphed import GraphProblem
from netcalc.problem import derivative, element
from netcalc.result import Deferred, Result, Step, Tensor, Value
from netcalc.solving.formulas import formula_value
from netcalc.solving.notes import NO_CLOSED_FORMS, value_notes

if TYPE_CHECKING:
    from netcalc.graph.writing import Writer

MAX_CERTIFIED_OPERATIONS = 400_000  # entry by entry, that balls are done with in a second or two
MAX_CERTIFIED_MULTIPLICATIONS = 10_000_000  # within products of matrices
OPERATIONS_TO_ROUND = 5  # what a value takes to be rounded and proven, in these
MAX_JACOBIAN_ENTRIES = 250_000
BITS_OF_STEPS = 128
MAX_ENTRIES = 1 << 28  # of one array: 2 GB of float64


class Wanted(NamedTuple):
    """One tensor of the answer: its name, its node, what it is a derivative of and by, and what else it is."""

    name: str
    node: Node
    of: str | None = None
    by: tuple[str, ...] = ()
    role: str = ""


def solve(
    problem: GraphProblem, *, digits: int | None = None, exact: bool = False, proven: bool | None = None
) -> Result:
    """Every value and derivative that the problem asks for.

    Raises UndefinedError where something has no value, ShapeError for what would take more than memory.
    """
    wanted = list(wanted_of(problem))
    if problem.free:
        return _in_formulas(problem, wanted)
    roots = [one.node for one in wanted]
    _check_size(problem, roots)
    certain = digits is not None or exact or (is_small(problem, roots) if proven is None else proven)
    arrays, certainty, notes = (
        _in_balls(problem, wanted, digits, exact=exact) if certain else _in_float64(problem, wanted)
    )
    formulas = _Formulas(problem, wanted)
    tensors = [_tensor(formulas, one, entries) for one, entries in zip(wanted, arrays, strict=True)]
    return _result(problem, tensors, certainty, notes)


def _result(problem: GraphProblem, tensors: Sequence[Tensor], certainty: str, notes: Sequence[str]) -> Result:
    return Result(
        problem.command,
        problem.given,
        tuple(tensors),
        Deferred(lambda: _steps(problem)),
        (*problem.notes, *notes, *value_notes(tensors)),
        certainty,
        problem=problem,
    )


def _steps(problem: GraphProblem) -> list[Step]:
    """The derivation on paper, with numbers where they are known and few."""
    from netcalc.explain.graph import steps

    has_numbers = not problem.free and is_small(problem, [problem.output])
    return list(steps(problem, partial(values_of, problem) if has_numbers else None))


def values_of(problem: GraphProblem, nodes: Sequence[Node]) -> list[np.ndarray]:
    """What nodes come to where all inputs have values, proven."""
    from netcalc.arithmetic.balls import precision
    from netcalc.graph.arithmetic.balls import Balls
    from netcalc.graph.arithmetic.objects import entry_by_entry

    numbers = Balls(problem.sizes)
    with precision(BITS_OF_STEPS):
        given = {problem.inputs[name]: numbers.array(values) for name, values in problem.values.items()}
        found = evaluate(nodes, numbers, given)
        return [entry_by_entry(lambda entry: _value(entry, None, exact=False), entries) for entries in found]


# --- what is wanted, as nodes


def wanted_of(problem: GraphProblem) -> Iterator[Wanted]:
    """The output and what lies before it, its derivatives, and inputs after a step."""
    yield from (Wanted(name, node) for name, node in problem.named.items() if name != problem.output_name)
    yield Wanted(problem.output_name, problem.output)
    yield from _derivatives(problem)
    yield from (Wanted(name, node) for name, node in problem.updates.items())


def _derivatives(problem: GraphProblem) -> Iterator[Wanted]:
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
            yield Wanted(f"d{name}", number(0, shape) if found is None else found, of)
        return
    firsts = backward(output, problem.delta, set(nodes.values())).gradients
    for name, node in nodes.items():
        yield Wanted(f"d{name}", firsts.get(node) or number(0, node.shape), of)
    if problem.order == 2:
        _check_hessian(problem, nodes)
        for name, node in nodes.items():
            yield from _row_of_hessian(problem, name, firsts.get(node), nodes)


def _row_of_hessian(
    problem: GraphProblem, name: str, first: Node | None, nodes: Mapping[str, Node]
) -> Iterator[Wanted]:
    rows: list[Node | None] = [None] * len(nodes) if first is None else jacobian(first, list(nodes.values()))
    for (other, node), found in zip(nodes.items(), rows, strict=True):
        shape = problem.nodes[name].shape + node.shape
        yield Wanted(f"d{name}d{other}", found or number(0, shape), problem.output_name, (name, other))


def _in_a_direction(problem: GraphProblem) -> Iterator[Wanted]:
    """J v; with order 2 the gradient in that direction too, H v by variable."""
    tangents = {problem.nodes[name]: array(values, f"v_{name}") for name, values in problem.along.items()}
    for name, values in problem.along.items():
        if values.shape != problem.nodes[name].shape:
            raise ShapeError(
                f"--along: {name} is {described(problem.nodes[name].shape)}, its direction {described(values.shape)}"
            )
    output, of = problem.output, problem.output_name
    direction = along(output, tangents) or number(0, output.shape)
    yield Wanted(f"D{of}", direction, of, role="directional")
    if problem.order == 2:
        if output.rank:
            raise ShapeError(f"--order 2 with --along is for a number; {of} is {described(output.shape)}")
        nodes = [problem.nodes[name] for name in problem.wrt]
        for name, node, found in zip(problem.wrt, nodes, gradients(direction, nodes), strict=True):
            yield Wanted(f"Hv_{name}", found or number(0, node.shape), of, role=f"hvp.{name}")


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


def _check_size(problem: GraphProblem, roots: Sequence[Node]) -> None:
    largest = cost(roots, Arithmetic(problem.sizes)).largest
    if largest > MAX_ENTRIES:
        raise ShapeError(f"an array of {largest:,} entries is needed, more than the {MAX_ENTRIES:,} that netcalc takes")


def is_small(problem: GraphProblem, roots: Sequence[Node]) -> bool:
    """Whether balls are done with it in a second or two."""
    needed = cost(roots, Arithmetic(problem.sizes))
    shown = sum(prod(Arithmetic(problem.sizes).shape(root.shape)) for root in roots)
    return (
        needed.operations + OPERATIONS_TO_ROUND * shown <= MAX_CERTIFIED_OPERATIONS
        and needed.multiplications <= MAX_CERTIFIED_MULTIPLICATIONS
    )


# --- formulas and tensors


class _Formulas:
    """The formulas of an answer, each written when it is first asked for."""

    def __init__(self, problem: GraphProblem, wanted: Sequence[Wanted]) -> None:
        self.problem, self.wanted = problem, wanted

    @cached_property
    def writer(self) -> Writer:
        """Writes all of them by the same names."""
        from netcalc.graph.writing import Writer

        named = {**self.problem.named} | {one.name: one.node for one in self.wanted}
        called = {node: name for name, node in named.items() if node.operation is NAMED}
        called |= {node: name for name, node in named.items() if node in called and "@" not in name}
        return Writer([self.problem.output, *named.values()], called)

    def of(self, one: Wanted) -> Tree:
        """One formula; Jacobians and second derivatives with diagonal matrices."""
        is_jacobian = bool(self.problem.output.rank) and self.problem.delta is None and one.of is not None
        return self.writer.shortest(one.node, diagonal=(is_jacobian or bool(one.by)) and not one.role)


def _tensor(formulas: _Formulas, one: Wanted, entries: np.ndarray) -> Tensor:
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
        titled=_titles(problem, one),
    )


def _titles(problem: GraphProblem, one: Wanted) -> Callable[[tuple[int, ...]], str] | None:
    """The long names of entries of second derivatives, Jacobians, and what a direction leads to: `df0/dx1`."""

    def entry(name: str, index: tuple[int, ...]) -> str:
        return element(name, index, problem.index_from)

    if one.of is None or (not one.by and not one.role and one.node.rank == problem.nodes[one.name[1:]].rank):
        return None
    of, rank = one.of, problem.output.rank
    if one.role:
        return lambda index: entry(one.name, index)
    if one.by:
        first = problem.nodes[one.by[0]].rank
        return lambda index: derivative(of, (entry(one.by[0], index[:first]), entry(one.by[1], index[first:])))
    return lambda index: derivative(entry(of, index[:rank]), (entry(one.name[1:], index[rank:]),))


def _in_formulas(problem: GraphProblem, wanted: Sequence[Wanted]) -> Result:
    """Every answer as one formula for all its entries."""
    tensors, formulas = [], _Formulas(problem, wanted)
    for one in wanted:
        tensor = _tensor(formulas, one, np.empty((), dtype=object))
        tensors.append(replace(tensor, entries=np.array(formula_value(tensor.formula), dtype=object)))
    names = problem.free
    certainty = "formulas in " + ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return _result(problem, tensors, certainty, ())


# --- values


def _in_float64(problem: GraphProblem, wanted: Sequence[Wanted]) -> tuple[list[np.ndarray], str, tuple[str, ...]]:
    from netcalc.graph.arithmetic.float64 import Float64

    numbers = Float64(problem.sizes)
    given = {problem.inputs[name]: numbers.array(values) for name, values in problem.values.items()}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = evaluate([one.node for one in wanted], numbers, given)
    for one, entries in zip(wanted, found, strict=True):
        if not np.isfinite(entries.sum()) and not np.isfinite(entries).all():
            at = tuple(map(int, np.argwhere(~np.isfinite(entries))[0]))
            if np.isnan(entries[at]) or one.of is not None:
                _refuse(problem, one, at)
    return found, "float64, not certified", ()


def _refuse(problem: GraphProblem, one: Wanted, at: tuple[int, ...]) -> None:
    """Raises UndefinedError with the place in the graph that has no value, and why, if that is found."""
    from netcalc.solving.undefined_nodes import reason

    name = element(one.name, at, problem.index_from)
    why = reason(problem, [one.node]) or "a function in it has no value at this point"
    raise UndefinedError(f"{name} is undefined here: {why}")


def _in_balls(
    problem: GraphProblem, wanted: Sequence[Wanted], digits: int | None, *, exact: bool
) -> tuple[list[np.ndarray], str, tuple[str, ...]]:
    """With more and more bits until every value is decided, as far as balls can tell."""
    from netcalc.arithmetic.balls import precision
    from netcalc.graph.arithmetic.balls import Balls
    from netcalc.graph.arithmetic.objects import entry_by_entry
    from netcalc.solving.certify import as_numbers, certainty, is_certain, precisions
    from netcalc.solving.graph_kinks import kink_notes

    numbers = Balls(problem.sizes)
    roots = [one.node for one in wanted]
    arrays: list[np.ndarray] | None = None

    def decided(known: Value | None, entry: Any) -> Value:
        return known if known is not None and known.certified else _value(entry, digits, exact=exact)

    def shown(known: np.ndarray, entries: np.ndarray) -> np.ndarray:
        if known.dtype != object:
            return known
        numbers = None if digits or exact else as_numbers(entries)
        return entry_by_entry(decided, known, entries) if numbers is None else numbers

    needed = cost(roots, numbers)
    for bits in precisions(digits, needed.multiplications + needed.operations):
        with precision(bits):
            given = {problem.inputs[name]: numbers.array(values) for name, values in problem.values.items()}
            found = evaluate(roots, numbers, given)
            before = [np.array(None)] * len(found) if arrays is None else arrays
            arrays = [shown(known, entries) for known, entries in zip(before, found, strict=True)]
        if is_certain(arrays):
            break
    assert arrays is not None  # noqa: S101 - there is a precision to try
    with_values = [(one, entries) for one, entries in zip(wanted, arrays, strict=True) if entries.dtype == object]
    for one, entries in with_values:
        for at, value in np.ndenumerate(entries):
            if value.is_undefined:
                _refuse(problem, one, at)
    notes = tuple(kink_notes(problem))
    if exact and any(value.exact is None for _, entries in with_values for value in entries.flat):
        notes += (f"{NO_CLOSED_FORMS} tensors where a value is rational",)
    return arrays, certainty(arrays), notes


def _value(entry: Any, digits: int | None, *, exact: bool) -> Value:
    from flint import fmpq

    from netcalc.solving.certify import as_value

    if isinstance(entry, fmpq):
        closed = Number(Fraction(int(entry.p), int(entry.q))) if exact else None
        return replace(as_value(entry, digits), exact=closed)
    if not entry.is_finite() and (entry > 0 or entry < 0):  # -inf in a mask is exact
        return Value(float("inf") if entry > 0 else float("-inf"), "inf" if entry > 0 else "-inf", certified=True)
    return as_value(entry, digits)
