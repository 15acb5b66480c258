"""Expressions as a problem: of numbers, or of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.models.asked import Asked, of_tensors

if TYPE_CHECKING:
    from netcalc.models.grad import Gradient
    from netcalc.models.graphed import GraphProblem


def expressions(texts: Sequence[str], asked: Asked, *, points: bool = False) -> Gradient | GraphProblem:
    """The problem that expressions, as text, state. `points` is whether a name may have a number a point.

    Raises ExpressionError, UnknownNameError, ShapeError, NetcalcError.
    """
    if of_tensors(texts, asked, points=points):
        from netcalc.models.tensors import tensors  # the graph waits for tensors

        return tensors(texts, asked)
    from netcalc.models.grad import grad

    return grad(texts, asked.values, asked.wrt, asked.order, asked.index_from)
