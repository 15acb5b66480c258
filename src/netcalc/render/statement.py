"""A problem as mathematics: what is computed, line by line, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation
from netcalc.explain.explanation import formula_of, operand
from netcalc.expression import Apply, Symbol, Tree, substitute
from netcalc.expression.tree import divide
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.notation.printer import WHOLE
from netcalc.problem import Dense, Problem, given_tensors
from netcalc.result import Result, Step

MAX_LINES = 40  # of a problem that is written out
MAX_DRAWN = 8  # rows or columns of a given matrix


def lines(result: Result) -> Iterator[Step]:
    """Each line of the forward pass as a formula in names: z1 = W1 x + b1, h = tanh(z)."""
    state = LINES.get(type(result.problem))  # of a part of an answer nothing is known
    yield from islice(state(result.problem, result) if state else (), MAX_LINES)


def given(result: Result) -> Mapping[str, np.ndarray]:
    """What the problem is given, by the names in its formulas."""
    problem = result.problem
    if isinstance(problem, GraphProblem):
        return problem.values
    if isinstance(problem, Gradient):
        return problem.points
    if not isinstance(problem, Problem):
        return {}
    return {name: array for name, array in given_tensors(problem).items() if not _is_symbols(array)}


def drawn(result: Result, name: str, array: np.ndarray) -> Step | None:
    """A given tensor as a matrix; None where it is too large, or has more than two axes."""
    if array.ndim > 2 or max(array.shape, default=1) > MAX_DRAWN:
        return None
    leaves = each(operand, array)
    left = Named(name) if isinstance(result.problem, Problem) else name
    if not array.ndim:
        return Step(left, (leaves.item(),))
    shown: Matrix = column(leaves) if array.ndim == 1 else matrix(leaves)
    return Step(left, (shown,))


def _of_graph(problem: GraphProblem, result: Result) -> Iterator[Step]:
    for tensor in result.tensors:
        node = problem.named.get(tensor.name)
        is_other_name = node is not None and problem.called.get(node, tensor.name) != tensor.name
        if tensor.of is None and tensor.name not in problem.updates and not is_other_name:
            yield Step(tensor.name, (tensor.formula,))


def _of_expressions(problem: Gradient, result: Result) -> Iterator[Step]:  # noqa: ARG001
    for name, tree in zip(problem.outputs, problem.expressions, strict=True):
        yield Step(name, (tree,))


def _of_layers(problem: Problem, result: Result) -> Iterator[Step]:
    def called(name: str) -> str:
        return problem.names[name].name if name in problem.names else problem.given_name(name)

    v = called("x")
    for number, layer in enumerate(problem.layers, 1):
        z, a = called(f"z{number}"), called(f"a{number}")
        yield Step(Named(z), (_affine(problem, called(f"W{number}"), v, called(f"b{number}"), layer),))
        v = z
        if layer.activation is not None:
            yield Step(Named(a), (_activated(layer, Symbol(f"{z}{WHOLE}")),))
            v = a
    for name in ("penalty", "loss"):
        if name in problem.names:
            yield Step(called(name), (result[called(name)].formula,))


def _affine(problem: Problem, W: str, v: str, b: str, layer: Dense) -> Display:
    if problem.command == "neuron":
        product: Display = Product((Named(W), Named(v)), "·")
    else:
        product = Product((Named(v), Transposed(Named(W)))) if problem.many else Product((Named(W), Named(v)))
    return product if layer.b is None else Sum((product, Named(b)))


def _activated(layer: Dense, z: Tree) -> Tree:
    if isinstance(layer.activation, BoundActivation):
        return substitute(formula_of(layer.activation), {"q": z})
    cooled = z if layer.temperature is None else divide(z, layer.temperature)
    return Apply(str(layer.activation), (cooled,))


def _is_symbols(array: np.ndarray) -> bool:
    return array.dtype == object and all(isinstance(one, Symbol) for one in array.flat)


LINES: Mapping[type, Callable[[Any, Result], Iterator[Step]]] = {
    GraphProblem: _of_graph,
    Gradient: _of_expressions,
    Problem: _of_layers,
}
