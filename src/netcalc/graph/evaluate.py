"""A graph run on numbers: each node once, arguments first, what is done with let go; and what it takes to run it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import prod
from types import MappingProxyType

import numpy as np

from netcalc.expression import share
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.factors import sizes_by_letter
from netcalc.graph.inverses import COFACTORS, DETERMINANT, INVERSE, LOGDET, SOLVE
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, Product
from netcalc.records import NamedTuple

After = Callable[[Node, np.ndarray], np.ndarray]
NOTHING: Mapping[Node, Node] = MappingProxyType({})


def evaluate(
    roots: Sequence[Node],
    arithmetic: Arithmetic,
    given: Mapping[Node, np.ndarray],
    instead: Mapping[Node, Node] = NOTHING,
    after: After | None = None,
) -> list[np.ndarray]:
    """The value of each root. `given` has the values of inputs, in this arithmetic already, and may have other nodes'.

    `instead` has nodes that are evaluated in other nodes' place, on the graph as it is otherwise: mistakes.
    The run goes on with what `after` makes of each node's value.
    """
    return Plan.of(roots, given, instead).run(arithmetic, given, after)


class Plan(NamedTuple):
    """The way to the values of some nodes where those of others are given; it can be gone again with other values."""

    roots: Sequence[Node]
    order: list[Node]
    steps: list[tuple[Node, tuple[Node, ...], list[Node]]]  # each node, what it is made of, what is done with behind it
    instead: Mapping[Node, Node]

    @classmethod
    def of(cls, roots: Sequence[Node], given: Collection[Node], instead: Mapping[Node, Node] = NOTHING) -> Plan:
        """The way there; `instead` as `evaluate` has it."""

        def args_of(node: Node) -> tuple[Node, ...]:
            if node in given:
                return ()
            return (instead[node],) if node in instead else node.args

        order = in_order(roots, args_of)
        needed, steps = set(roots), list[tuple[Node, tuple[Node, ...], list[Node]]]()
        for node in reversed(order):
            args = args_of(node)
            done = [one for one in dict.fromkeys(args) if one not in needed]
            needed.update(done)
            steps.append((node, args, done))
        return cls(roots, order, steps[::-1], instead)

    def run(
        self, arithmetic: Arithmetic, given: Mapping[Node, np.ndarray], after: After | None = None
    ) -> list[np.ndarray]:
        """The value of each root; `given` has values of the same nodes as there were."""
        arithmetic = arithmetic.for_run(self.order)
        values: dict[Node, np.ndarray] = {}
        for node, args, done in self.steps:
            if node in given:
                values[node] = given[node]
            elif node in self.instead:
                values[node] = values[args[0]]
            else:
                values[node] = arithmetic.settled(node.value(arithmetic, [values[arg] for arg in args]))
            if after:
                values[node] = after(node, values[node])
            for one in done:
                del values[one]
        return [values[root] for root in self.roots]


class Cost(NamedTuple):
    """Multiplications within products of matrices, operations entry by entry, entries of the largest node."""

    multiplications: int
    operations: int
    largest: int


def cost(roots: Iterable[Node], sizes: Arithmetic) -> Cost:
    """What all that the roots need takes together; `sizes` knows the numbers of letters."""
    multiplications = operations = largest = 0
    for node in in_order(roots):
        entries = prod(sizes.shape(node.shape))
        largest = max(largest, entries)
        if node.operation is PRODUCT:
            many = _of_product(node, sizes)
            if node.params.summed and len(node.args) > 1:
                multiplications += many
                operations += entries
            else:
                operations += many
        elif node.operation is ELEMENTWISE:
            operations += entries * len(share((node.params.tree,)).nodes)
        elif node.operation in (INVERSE, DETERMINANT, LOGDET, SOLVE, COFACTORS):
            n = sizes.size(node.args[0].shape[-1])
            multiplications += prod(sizes.shape(node.args[0].shape)) * n * (n * n if node.operation is COFACTORS else 1)
        else:
            operations += sum(prod(sizes.shape(arg.shape)) for arg in node.args) or entries
    return Cost(multiplications, operations, largest)


def _of_product(node: Node, sizes: Arithmetic) -> int:
    params: Product = node.params
    extents = [sizes.size(one) for one in sizes_by_letter(node).values()]
    if len(node.args) < 3 or not params.summed:
        return prod(extents) * max(1, len(node.args) - 1)
    return sum(prod(sizes.shape(arg.shape)) for arg in node.args) * max(extents)
