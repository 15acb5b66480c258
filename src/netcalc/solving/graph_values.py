"""What the nodes of a graph come to where all inputs have values: proven, or in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import count
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arithmetic.turns import turn_given_up
from netcalc.arrays import each
from netcalc.expression import Number, Symbol
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.contract import spread
from netcalc.graph.elementwise import Elementwise, slot
from netcalc.graph.evaluate import Cost, cost, evaluate
from netcalc.graph.node import Node, in_order
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.problem import derivative, of_gradient
from netcalc.records import NamedTuple
from netcalc.result import Value

if TYPE_CHECKING:
    from netcalc.arithmetic.evaluation import Once

MAX_CERTIFIED_OPERATIONS = 400_000  # entry by entry, that balls are done with in a second or two
MAX_CERTIFIED_MULTIPLICATIONS = 10_000_000  # within products of matrices
OPERATIONS_TO_ROUND = 5  # what a value takes to be rounded and proven, in these
BITS_OF_STEPS = 128


class Quantity(NamedTuple):
    """One tensor of the answer: its name, its node, what it is a derivative of and by, and what else it is."""

    name: str
    node: Node
    of: str | None = None
    by: tuple[str, ...] = ()
    role: str = ""

    @property
    def key(self) -> str:
        """The name of the thing itself, of a derivative's too."""
        return self.name if self.of is None else of_gradient(self.name, self.of)

    def titles(self, problem: GraphProblem) -> Callable[[tuple[int, ...]], str] | None:
        """The long names of entries of second derivatives, Jacobians, and what a direction leads to: `df0/dx1`."""

        def entry(name: str, index: tuple[int, ...]) -> str:
            return problem.element(name, index)

        if self.of is None or (not self.by and not self.role and self.node.rank == problem.nodes[self.key].rank):
            return None
        of, rank = self.of, problem.output.rank
        if self.role:
            return lambda index: entry(self.name, index)
        if self.by:
            first = problem.nodes[self.by[0]].rank
            return lambda index: derivative(of, (entry(self.by[0], index[:first]), entry(self.by[1], index[first:])))
        return lambda index: derivative(entry(of, index[:rank]), (entry(self.key, index[rank:]),))

    def title(self, problem: GraphProblem, index: tuple[int, ...] = ()) -> str:
        """What an entry, or the whole, is called in a sentence: `∂f/∂x0`."""
        if (titles := self.titles(problem)) is not None:
            return to_unicode(Symbol(titles(index)))
        if self.of is None:
            return problem.element(self.name, index)
        return to_unicode(Symbol(derivative(self.of, (problem.element(self.key, index),))))


def is_small(problem: GraphProblem, roots: Sequence[Node], needed: Cost | None = None) -> bool:
    """Whether balls are done with it in a second or two."""
    needed = needed or cost(roots, Arithmetic(problem.sizes))
    shown = sum(prod(Arithmetic(problem.sizes).shape(root.shape)) for root in roots)
    return (
        needed.operations + OPERATIONS_TO_ROUND * shown <= MAX_CERTIFIED_OPERATIONS
        and needed.multiplications <= MAX_CERTIFIED_MULTIPLICATIONS
    )


def nodes_in(arithmetic: Arithmetic, problem: GraphProblem, nodes: Sequence[Node]) -> list[np.ndarray]:
    """What nodes come to in an arithmetic."""
    return evaluate(nodes, arithmetic, problem.given_in(arithmetic))


def each_node(
    problem: GraphProblem, roots: Sequence[Node], most: int | None = None, once: Once | None = None
) -> Iterator[tuple[Node, list[np.ndarray], np.ndarray]]:
    """Every node, arguments first, with what these and it come to, in balls of the bits that are set.

    It ends at the first node of more than `most` entries. With `once` each operation is done once on the same numbers.
    """
    from netcalc.graph.arithmetic.balls import Balls

    numbers, values = Balls(problem.sizes, once=once), dict[Node, np.ndarray]()
    given = {problem.inputs[name]: array for name, array in problem.values.items()}
    for node in in_order(roots):
        if most is not None and prod(numbers.shape(node.shape)) > most:
            return
        arguments = [values[arg] for arg in node.args]
        found = numbers.array(given[node]) if node in given else node.value(numbers, arguments)
        values[node] = numbers.settled(found)
        yield node, arguments, values[node]


def each_entry(node: Node, arguments: Sequence[np.ndarray]) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """Every entry of an elementwise node: its index, and what stands there in the place of the formula's symbols."""
    params: Elementwise = node.params
    pairs = zip(arguments, params.letters, strict=True)
    columns = np.broadcast_arrays(*(spread(array, own, params.out, None) for array, own in pairs))
    for index in np.ndindex(columns[0].shape if columns else ()):
        yield index, {slot(place): column[index] for place, column in enumerate(columns)}


def values_of(problem: GraphProblem, nodes: Sequence[Node], *, exact: bool = False) -> list[np.ndarray]:
    """What nodes come to, as far as a few bits tell; `exact` with closed forms."""
    from netcalc.arithmetic.balls import precision
    from netcalc.graph.arithmetic.balls import Balls
    from netcalc.solving.vanishing import Zeros

    with precision(BITS_OF_STEPS):
        value = partial(_with_closed_form, digits=None) if exact else shown_value
        arrays = Zeros(problem).put_in(nodes, nodes_in(Balls(problem.sizes), problem, nodes))
        found = [each(value, entries) for entries in arrays]
    return _with_closed_forms(problem, nodes, found)[0] if exact else found


def in_float64(problem: GraphProblem, nodes: Sequence[Node]) -> list[np.ndarray]:
    """What nodes come to in float64."""
    from netcalc.graph.arithmetic.float64 import Float64
    from netcalc.memory import keep_what_is_freed

    keep_what_is_freed()
    with turn_given_up(), np.errstate(all="ignore"):
        return nodes_in(Float64(problem.sizes), problem, nodes)


def in_balls(
    problem: GraphProblem, nodes: Sequence[Node], digits: int | None, *, exact: bool
) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """The same with more and more bits until every value is decided, as far as balls can tell; closed forms' notes."""
    from netcalc.graph.arithmetic.balls import Balls
    from netcalc.solving.bits import decided_arrays
    from netcalc.solving.vanishing import Zeros

    numbers = Balls(problem.sizes)
    needed = cost(nodes, numbers)
    zeros, attempts = Zeros(problem), count()

    def evaluated() -> dict[int, np.ndarray]:
        found = nodes_in(numbers, problem, nodes)
        return dict(enumerate(zeros.put_in(nodes, found) if next(attempts) else found))

    _, arrays = decided_arrays(
        evaluated,
        digits,
        needed.multiplications + needed.operations,
        exact=exact,
        value=_with_closed_form if exact else shown_value,
    )
    if not exact:
        return list(arrays.values()), ()
    return _with_closed_forms(problem, nodes, list(arrays.values()))


def _with_closed_forms(
    problem: GraphProblem, nodes: Sequence[Node], arrays: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], tuple[str, ...]]:
    from netcalc.graph.arithmetic.closed import Closed
    from netcalc.solving.closed_values import with_closed_forms

    return with_closed_forms(nodes, arrays, problem.given_in, partial(Closed, problem.sizes))


def shown_value(entry: Any, digits: int | None = None) -> Value:
    """A numeral as a value; an infinity that is exact as one."""
    from flint import fmpq

    from netcalc.solving.bits import as_value

    if not isinstance(entry, fmpq) and not entry.is_finite() and (entry > 0 or entry < 0):  # -inf in a mask is exact
        return Value(float("inf") if entry > 0 else float("-inf"), "inf" if entry > 0 else "-inf", certified=True)
    return as_value(entry, digits)


def _with_closed_form(entry: Any, digits: int | None) -> Value:
    from flint import fmpq

    closed = Number(Fraction(int(entry.p), int(entry.q))) if isinstance(entry, fmpq) else None
    return replace(shown_value(entry, digits), exact=closed)
