"""A problem's answer, explained: the formula of each part, the steps on paper, notes. One file a kind of problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from netcalc.explain.explanation import Explanation
from netcalc.explain.linear import linear
from netcalc.explain.net import net
from netcalc.explain.neuron import neuron
from netcalc.problem import Problem

__all__ = ["Explanation", "explain"]

KINDS: Mapping[str, Callable[[Problem, Mapping[str, np.ndarray]], Explanation]] = {
    "neuron": neuron,
    "linear": linear,
    "net": net,
}


def explain(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """The explanation of what was found, `shown` by the names that the command gives it."""
    return KINDS[problem.command](problem, shown)
