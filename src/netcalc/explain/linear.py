"""A linear layer explained: u = W v + b drawn with its matrices, then Wᵀδ with W transposed, then every sum in full."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netcalc.explain.explanation import Explanation, WhenAskedFor, Written
from netcalc.problem import LossAndTarget, Problem
from netcalc.result import LazySteps, Step

if TYPE_CHECKING:
    from netcalc.explain.indexed import Indexed

TERMS, TERMS_OF_LOSS = 8, 4  # a longer sum is written with a Σ
DRAWN = 8  # rows or columns beyond which a matrix is not drawn
SUMMED = "dW and db are summed over the samples; dv has a row a sample"


def linear(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas by generic index, the layer drawn as matrices if they are small, and every sum."""
    formulas, names = WhenAskedFor(problem, _indexed), _names(problem)
    written = {label.name: partial(formulas.generic, name) for name, label in problem.names.items()}
    is_drawn = max(*problem.layers[0].W.shape, len(problem.x)) <= DRAWN
    steps = LazySteps(partial(_steps, formulas, shown)) if is_drawn else ()
    partials = [
        label.name for name, label in problem.names.items() if name[0] == "d" and names.get(name, name) != "delta"
    ]
    return Explanation(Written(written), dict.fromkeys(partials, "L"), steps, (SUMMED,) * problem.many)


def _names(problem: Problem) -> Mapping[str, str]:
    """What the elements of tensors are called; what comes from upstream is δ, or ∂L/∂ the output."""
    names = {"x": "v", "W1": "W", "b1": "b", "z1": "u", "a1": "a", "s1": "da/du"}
    names |= {"da1": "dL/da", "dz1": "dL/du"}
    top = "dz1" if problem.layers[0].activation is None else "da1"
    upstream = names[top] if isinstance(problem.upstream, LossAndTarget) else "delta"
    return names | {"above": upstream, top: upstream}


def _indexed(problem: Problem) -> Indexed:
    from netcalc.explain.indexed import Indexed, Limits

    return Indexed(problem, Limits(TERMS, TERMS_OF_LOSS), _names(problem), in_output=False)


def _steps(formulas: WhenAskedFor, shown: Mapping[str, np.ndarray]) -> list[Step]:
    from netcalc.explain.linear_page import steps

    return steps(formulas.indexed, shown)
