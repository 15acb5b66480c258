"""Expressions as a problem: of numbers, or of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.models.request import Request, of_tensors

if TYPE_CHECKING:
    from netcalc.models.grad import Gradient
    from netcalc.models.graphed import GraphProblem


def expressions(texts: Sequence[str], request: Request, *, points: bool = False) -> Gradient | GraphProblem:
    """The problem that expressions, as text, state. `points` is whether a name may have a number a point.

    Raises ExpressionError, UnknownNameError, ShapeError, NetcalcError.
    """
    if of_tensors(texts, request, points=points):
        from netcalc.models.tensors import tensors  # the graph waits for tensors

        return tensors(texts, request)
    from netcalc.models.grad import grad

    return grad(texts, request.values, request.wrt, request.order, request.index_from)
