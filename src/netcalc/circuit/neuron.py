"""A neuron gate by gate, as courses draw it: products into a sum, the sum into the activation."""

from __future__ import annotations

from fractions import Fraction

from netcalc.circuit.graph import Circuit, Node, Wire, text
from netcalc.explain.explanation import times
from netcalc.expression import Symbol, Tree, is_constant
from netcalc.expression.tree import Number, multiply, negate
from netcalc.notation import to_unicode
from netcalc.problem import LossAndTarget, Problem, element
from netcalc.result import Result, Tensor, Value
from netcalc.solving.bits import constant
from netcalc.values import to_exact

MINUS_ONE = Number(Fraction(-1))


def neuron(problem: Problem, result: Result) -> Circuit:
    """w·x + b and φ, each wire with its value and its gradient."""
    x, w = (to_exact(tensor[0]) for tensor in (problem.x, problem.layers[0].W))
    bias = to_exact(problem.tensors[2])[0]
    at_q = _gradient(result, "db")
    nodes, wires = [], []
    for place in range(len(x)):
        gate = f"product{place}"
        for letter, tensor in (("w", w), ("x", x)):
            name = element(letter, (place,), problem.index_from)
            nodes.append(Node(name, _name(name), "given"))
            wires.append(Wire(name, gate, text(tensor[place]), _gradient(result, f"d{letter}", place)))
        nodes.append(Node(gate, "×", "gate"))
        wires.append(Wire(gate, "sum", _product(w[place], x[place]), at_q))
    nodes += [Node("b", "b", "given"), Node("sum", "+", "gate"), Node("activation", _activation(problem), "gate")]
    wires += [Wire("b", "sum", text(bias), at_q), Wire("sum", "activation", text(result["q"].at(()).value), at_q)]
    above, joined = _above(problem, result)
    return Circuit(_title(problem), (*nodes, *above), (*wires, *joined))


def _above(problem: Problem, result: Result) -> tuple[list[Node], list[Wire]]:
    """What the activation's output goes to: the end, or the loss."""
    value, delta = text(result["f"].at(()).value), text(result["df"].at(()).value)
    if not isinstance(problem.upstream, LossAndTarget):
        return [Node("f", "f", "output")], [Wire("activation", "f", value, delta)]
    target = to_exact(problem.upstream.target)[0, 0]
    return [Node("t", "t", "given"), Node("loss", problem.upstream.loss.label, "gate"), Node("L", "L", "output")], [
        Wire("activation", "loss", value, delta),
        Wire("t", "loss", text(target), ""),
        Wire("loss", "L", text(result["loss"].at(()).value), "1"),
    ]


def _product(w: Tree, x: Tree) -> str:
    if is_constant(w) and is_constant(x):
        return text(constant(multiply(w, x)))
    if MINUS_ONE in (w, x):
        return text(negate(x if w == MINUS_ONE else w))
    return text(times(w, x))


def _gradient(result: Result, name: str, *index: int) -> str:
    tensor: Tensor = result[name]
    value: Value = tensor.at(index).value
    return text(value)


def _name(name: str) -> str:
    return to_unicode(Symbol(name))


def _activation(problem: Problem) -> str:
    label = problem.layers[0].activation_label
    return "σ" if label == "sigmoid" else label


def _title(problem: Problem) -> str:
    above = f", then {problem.upstream.loss.label}" if isinstance(problem.upstream, LossAndTarget) else ""
    return f"A neuron: q = w·x + b, f = {_activation(problem)}(q){above}"
