"""The forward and the backward pass of a problem, in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextvars import ContextVar

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import After, evaluate
from netcalc.graph.leaves import NAMED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.layers import passes, values
from netcalc.problem import Problem
from netcalc.records import NamedTuple

Quantities = dict[str, np.ndarray]
Progress = Callable[[int, int], None]
WATCHER: ContextVar[Progress | None] = ContextVar("watcher", default=None)  # of layers passed, and of how many


class Found(NamedTuple):
    """What both passes produced, as values or float64; how sure it is, in a few words; and notes.

    What is `unknown`, its elements too many to write out, stays one formula.
    """

    entries: Quantities
    certainty: str
    notes: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()


def run(
    problem: Problem, arithmetic: Arithmetic, without: Collection[str] = (), watch: After | None = None
) -> Quantities:
    """Everything that both passes produce, by the names of `layers.passes`; but for what to do `without`.

    `watch` sees each node's value. Where a weight is traced, `paths` are the products along its paths.
    """
    both = passes(problem)
    nodes = {name: node for name, node in both.found.items() if name not in without}
    needed = set(in_order(nodes.values()))
    tensors = values(problem, both.given)
    given = {node: arithmetic.array(tensor) for node, tensor in tensors.items() if node in needed}
    found = evaluate(list(nodes.values()), arithmetic, given, after=_after(problem, watch))
    quantities = dict(zip(nodes, found, strict=True))
    if problem.trace and "paths" not in without:
        from netcalc.trace import path_products

        quantities["paths"] = path_products(problem, quantities, arithmetic.array)
    return quantities


def _after(problem: Problem, watch: After | None) -> After | None:
    told = _progress(problem)
    if told is None or watch is None:
        return told or watch
    return lambda node, array: watch(node, told(node, array))


def _progress(problem: Problem) -> After | None:
    """Who watches is told of each z and dz that is found."""
    watcher = WATCHER.get()
    if watcher is None:
        return None
    passed = 0

    def after(node: Node, array: np.ndarray) -> np.ndarray:
        nonlocal passed
        if node.operation is NAMED and str(name_of(node)).lstrip("d")[0] == "z":
            passed += 1
            watcher(passed, 2 * len(problem.layers))
        return array

    return after
