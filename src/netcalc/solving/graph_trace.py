"""Every path from one entry of a graph's node to the output, through the entries of the named nodes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from netcalc.arrays import from_list
from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import cost
from netcalc.graph.leaves import name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.segments import segments
from netcalc.models.graphed import GraphProblem
from netcalc.records import NamedTuple
from netcalc.result import Value, as_value
from netcalc.solving.graph_values import in_float64, nodes_in, shown_value
from netcalc.trace import PATHS_LIMIT

MAX_JACOBIAN_ENTRIES = 250_000

Entry = tuple[Node, tuple[int, ...]]  # of a node's tensor


class Traced(NamedTuple):
    """The paths from an entry, called `start`: what each passes, first to last; the derivative of each by the one
    before it, and behind them what comes from above, where that is no 1; and the product along each path.
    """

    start: str
    ways: tuple[tuple[str, ...], ...]
    factors: tuple[tuple[Value, ...], ...]
    products: np.ndarray


class _Graph(NamedTuple):
    """Named nodes and the Jacobians between them, as numbers: by each node, those that are made of it."""

    users: Mapping[Node, Sequence[tuple[Node, np.ndarray]]]
    output: Node
    upstream: np.ndarray | None

    def edges(self, entry: Entry) -> Iterator[tuple[Entry, Any]]:
        """The entries that are made of one, each with its derivative by it; those whose derivative is 0 left out."""
        node, index = entry
        for user, jacobian in self.users.get(node, ()):
            place: Any = (Ellipsis, *index)
            slopes = np.asarray(jacobian[place])
            for found in np.ndindex(slopes.shape):
                if not _is_zero(slopes[found]):
                    yield (user, found), slopes[found]

    def count(self, start: Entry) -> int:
        """How many paths there are, without walking each."""
        after: dict[Entry, list[Entry]] = {}

        def following(entry: Entry) -> list[Entry]:
            if entry not in after:
                after[entry] = [] if entry[0] is self.output else [one for one, _ in self.edges(entry)]
            return after[entry]

        counts: dict[Entry, int] = {}
        for entry in in_order([start], following):
            counts[entry] = sum(counts[one] for one in after[entry]) + (entry[0] is self.output)
        return counts[start]

    def paths(self, start: Entry) -> Iterator[list[tuple[Entry, Any]]]:
        """Each path: its entries behind the start, each with its derivative by the one before it."""
        stack: list[list[tuple[Entry, Any]]] = [[(start, None)]]
        while stack:
            path = stack.pop()
            if path[-1][0][0] is self.output:
                yield path[1:]
            else:
                stack += [[*path, edge] for edge in reversed(list(self.edges(path[-1][0])))]


def _is_zero(number: Any) -> bool:
    return bool(number == 0)


def traced(problem: GraphProblem, digits: int | None, *, proven: bool) -> Traced:
    """The paths of the problem's trace, and the product along each.

    Raises ShapeError where there are more than a page can show, NetcalcError where there is none.
    """
    assert problem.trace is not None  # noqa: S101 - asked for where there is one
    name, index = problem.trace
    start = (problem.nodes[name], index)
    found = segments(problem.output, start[0])
    pairs = [(user, node, slope) for user, ends in found.items() for node, slope in ends.items()]
    nodes = [slope for *_, slope in pairs] + ([] if problem.delta is None else [problem.delta])
    sizes = Arithmetic(problem.sizes)
    largest = max((prod(sizes.shape(node.shape)) for node in nodes), default=0)
    if largest > MAX_JACOBIAN_ENTRIES:
        raise ShapeError(
            f"the paths from {_label(problem, start)} go through Jacobians of {largest:,} entries, more than the "
            f"{MAX_JACOBIAN_ENTRIES:,} that are looked at: give fewer samples, or a name nearer {problem.output_name}"
        )
    walks: list[list[tuple[Entry, Any]]] = []

    def evaluated(numbers: Arithmetic | None) -> dict[str, np.ndarray]:
        arrays = in_float64(problem, nodes) if numbers is None else nodes_in(numbers, problem, nodes)
        walks[:] = _walks(problem, start, _graph(problem, pairs, arrays))
        slopes = [[slope for _, slope in walk] for walk in walks]
        return {"factors": _flat(chain.from_iterable(slopes)), "products": _flat(map(_product, slopes))}

    values = _values(problem, evaluated, nodes, digits) if proven else evaluated(None)
    factors = iter(values["factors"])
    ways = [[_label(problem, start), *(_label(problem, entry) for entry, _ in walk)] for walk in walks]
    return Traced(
        ways[0][0],
        tuple(tuple(dict.fromkeys(way)) for way in ways),
        tuple(tuple(as_value(next(factors)) for _ in walk) for walk in walks),
        values["products"],
    )


def _values(
    problem: GraphProblem,
    evaluated: Callable[[Arithmetic], dict[str, np.ndarray]],
    nodes: Sequence[Node],
    digits: int | None,
) -> dict[str, np.ndarray]:
    """The same in balls of as many bits as it takes."""
    from netcalc.graph.arithmetic.balls import Balls
    from netcalc.solving.bits import decided_arrays

    numbers = Balls(problem.sizes)
    needed = cost(nodes, numbers)
    operations = needed.multiplications + needed.operations
    return decided_arrays(lambda: evaluated(numbers), digits, operations, exact=True, value=shown_value)[1]


def _graph(problem: GraphProblem, pairs: Sequence[tuple[Node, Node, Node]], arrays: Sequence[np.ndarray]) -> _Graph:
    users: dict[Node, list[tuple[Node, np.ndarray]]] = {}
    for (user, node, _), array in zip(pairs, arrays, strict=False):
        users.setdefault(node, []).append((user, array))
    return _Graph(users, problem.output, None if problem.delta is None else arrays[-1])


def _walks(problem: GraphProblem, start: Entry, graph: _Graph) -> list[list[tuple[Entry, Any]]]:
    """Each path with its derivatives, and behind it what comes from above, where the output is no single number."""
    name, of = _label(problem, start), problem.output_name
    many = graph.count(start)
    if many > PATHS_LIMIT:
        raise ShapeError(
            f"there are {many:,} paths from {name} to {of}, and up to {PATHS_LIMIT} are written out; "
            f"d{name} itself is in the answer, and a name nearer {of} has fewer paths"
        )
    if not many:
        raise NetcalcError(f"there is no path from {name} to {of}: it does not depend on it here")
    walks = list(graph.paths(start))
    upstream = graph.upstream
    if upstream is None:
        return walks
    return [[*walk, ((walk[-1] if walk else (start, None))[0], upstream[_last(walk, start)[1]])] for walk in walks]


def _last(walk: Sequence[tuple[Entry, Any]], start: Entry) -> Entry:
    return walk[-1][0] if walk else start


def _product(slopes: Sequence[Any]) -> Any:
    product = 1
    for slope in reversed(slopes):
        product = product * slope
    return product


def _flat(entries: Iterable[Any]) -> np.ndarray:
    found = list(entries)
    return from_list(found, (len(found),))


def _label(problem: GraphProblem, entry: Entry) -> str:
    """`W1[0,1]`, by the name that the program has for a node."""
    node, index = entry
    names = [name for name, one in problem.nodes.items() if one is node]
    name = min(names, key=lambda one: "@" in one, default=name_of(node) or problem.output_name)
    return problem.element(name, index)
