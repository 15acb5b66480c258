"""A net explained as a course does it: forward layer by layer, the loss, then δ from the last layer to the first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netcalc.explain.explanation import Explanation
from netcalc.explain.layered import Formulas
from netcalc.problem import Problem


def net(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas layer by layer, the steps with their matrices, or the paths of a trace."""
    formulas = Formulas(problem).all()
    partials = [name for name in shown if name.startswith("d")]
    return Explanation(formulas, dict.fromkeys(partials, "L"))
