"""A problem's answer, explained: the formula of each part, the steps on paper, notes. One file a kind of problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

import numpy as np

from netcalc.explain.explanation import Explanation
from netcalc.problem import Problem

__all__ = ["Explanation", "explain"]


def explain(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """The explanation of what was found, `shown` by the names that the command gives it."""
    kind = import_module(f"netcalc.explain.{problem.command}")  # a function in a file of its name; no other is loaded
    explained: Callable[[Problem, Mapping[str, np.ndarray]], Explanation] = getattr(kind, problem.command)
    return explained(problem, shown)
