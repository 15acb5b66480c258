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
    kind = problem.command
    explained: Callable[..., Explanation] = getattr(import_module(f"netcalc.explain.{kind}"), kind)
    return explained(problem, shown)
