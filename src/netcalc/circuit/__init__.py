"""The computation graph of an answer: each wire with its value, going forward, and its gradient, coming back."""

from __future__ import annotations

from netcalc.circuit.expression import expression
from netcalc.circuit.graph import Circuit, Node, Wire
from netcalc.circuit.layers import by_layers, by_units, neuron
from netcalc.circuit.nodes import nodes
from netcalc.errors import NetcalcError
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.problem import Problem
from netcalc.result import Result

__all__ = ["Circuit", "Node", "Wire", "circuit"]

MOST_GATES = 12  # inputs of a neuron that are drawn one by one
MOST_UNITS = 8  # of a layer, likewise
MOST_LAYERS = 4  # of a net drawn unit by unit
MOST_NUMBERS = 100_000  # beyond which a drawing has to be asked for layer by layer


class TooLargeError(NetcalcError):
    """A drawing would show nothing; the message has the alternative."""


def circuit(result: Result, *, by_layer: bool = False) -> Circuit:
    """The graph of what was computed: gate by gate, unit by unit, or for a large one or if asked for layer by layer.

    Raises NetcalcError for an answer that has none, and for one too large to be looked at.
    """
    problem = result.problem
    if isinstance(problem, Gradient):
        return expression(problem)
    if isinstance(problem, GraphProblem):
        return nodes(problem)
    if not isinstance(problem, Problem):
        raise NetcalcError("a circuit is drawn of a whole answer: leave out --only")
    if by_layer:
        return by_layers(problem, result)
    if problem.size > MOST_NUMBERS:
        raise TooLargeError(
            f"a drawing of {problem.size:,} numbers would show nothing; draw it layer by layer: --by-layer"
        )
    if len(problem.x) == 1 and problem.command == "neuron" and problem.x.shape[1] <= MOST_GATES:
        return neuron(problem, result)
    widths = [problem.x.shape[1], *(layer.W.shape[0] for layer in problem.layers)]
    if len(problem.x) > 1 or max(widths) > MOST_UNITS or len(problem.layers) > MOST_LAYERS:
        return by_layers(problem, result)
    return by_units(problem, result)


def chain(result: Result, *, by_layer: bool = False) -> Circuit:
    """The graph as a tree, which can be drawn with characters: gate by gate, or layer by layer."""
    found = circuit(result, by_layer=by_layer)
    if isinstance(result.problem, Gradient) and not found.is_tree:
        return expression(result.problem, split=True)
    if isinstance(result.problem, GraphProblem):
        parted = nodes(result.problem, split=True)
        return parted if parted.is_tree else found
    return found if found.is_tree else circuit(result, by_layer=True)
