"""The forward and the backward pass of a problem, in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import After, evaluate
from netcalc.graph.leaves import NAMED, name_of
from netcalc.graph.node import Node
from netcalc.layers import passes, values
from netcalc.problem import Problem

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


def run(problem: Problem, arithmetic: Arithmetic) -> Quantities:
    """Everything that both passes produce, by the names of `layers.passes`.

    Where a weight is traced, `paths` are the products along its paths.
    """
    both = passes(problem)
    given = {node: arithmetic.array(tensor) for node, tensor in values(problem, both.given).items()}
    found = evaluate(list(both.found.values()), arithmetic, given, after=_progress(problem))
    quantities = dict(zip(both.found, found, strict=True))
    if problem.trace:
        from netcalc.trace import path_products

        quantities["paths"] = path_products(problem, quantities, arithmetic.array)
    return quantities


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
