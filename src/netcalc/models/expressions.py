"""Expressions as a problem: of numbers, or of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.models.request import Request, of_tensors

if TYPE_CHECKING:
    from netcalc.graph.node import Node
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


def as_graph(problem: Gradient) -> tuple[dict[str, Node], dict[str, Node]]:
    """Expressions of numbers as a graph: its inputs and its outputs, by name."""
    from netcalc.expression import Symbol, substitute
    from netcalc.graph import build
    from netcalc.graph.elementwise import of_tree, slot

    inputs = {name: build.given(name, ()) for name in problem.variables}
    slots = {name: Symbol(slot(place)) for place, name in enumerate(inputs)}
    leaves = [(node, "") for node in inputs.values()]
    return inputs, {
        name: build.named(name, of_tree(substitute(tree, slots), leaves, "", ()))
        for name, tree in zip(problem.outputs, problem.expressions, strict=True)
    }
