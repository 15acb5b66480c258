"""A problem stated as a graph made ready for checking: what is right, in balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from netcalc.arithmetic.balls import precision
from netcalc.checking.bench import BITS, Bench, Forced, settled
from netcalc.checking.variation import Array
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.evaluate import evaluate
from netcalc.models.graphed import GraphProblem
from netcalc.problem import by_element
from netcalc.solving.graphed import is_small, wanted_of


@dataclass(frozen=True)
class Graphs(Bench):
    """A graph whose inputs all have numbers."""

    problem: GraphProblem

    @cached_property
    def truth(self) -> dict[str, Array]:
        with precision(BITS):
            return settled(self._answers(Balls(self.problem.sizes)))

    def _answers(self, arithmetic: Arithmetic) -> dict[str, Array]:
        wanted = list(wanted_of(self.problem))
        inputs, values = self.problem.inputs, self.problem.values
        given = {inputs[name]: arithmetic.array(array) for name, array in values.items()}
        found = evaluate([one.node for one in wanted], arithmetic, given)
        return {one.name: array for one, array in zip(wanted, found, strict=True)}

    @cached_property
    def names(self) -> dict[str, Any]:
        with precision(BITS):
            given = {name: Balls().array(array) for name, array in self.problem.values.items()}
        return by_element(given, self.problem.index_from) | by_element(self.truth, self.problem.index_from)

    def exactly(self, change: Callable[[Any], Any], forced: Forced | None = None) -> dict[str, Array]:  # noqa: ARG002
        """Nothing is done otherwise here."""
        return {}

    def nearly(self, change: Callable[[Any], Any], forced: Forced | None = None) -> dict[str, Array]:  # noqa: ARG002
        """As above."""
        return {}

    def quantity(self, name: str) -> str | None:
        return name if name in self.truth else None


@dataclass(frozen=True)
class LargeGraphs(Graphs):
    """One so large that its answers are float64."""

    @cached_property
    def truth(self) -> dict[str, Array]:
        from netcalc.graph.arithmetic.float64 import Float64

        with np.errstate(all="ignore"):
            return self._answers(Float64(self.problem.sizes))

    @cached_property
    def largest(self) -> dict[str, Any]:
        return {name: arb(float(np.abs(array).max())) for name, array in self.truth.items()}


def here(problem: GraphProblem) -> Sequence[Bench]:
    """The graph at the numbers that are given. Raises NetcalcError where some are not."""
    if problem.free:
        raise NetcalcError(f"answers are checked where all names have values; {problem.free[0]} has none")
    roots = [one.node for one in wanted_of(problem)]
    return [Graphs(problem) if is_small(problem, roots) else LargeGraphs(problem)]
