"""A neuron gate by gate, as courses draw it: products into a sum, the sum into the activation."""

from __future__ import annotations

from fractions import Fraction

from netcalc.circuit.graph import Circuit, Gate, Node, drawn, labelled, text
from netcalc.explain.explanation import times
from netcalc.expression import Tree, is_constant
from netcalc.expression.tree import Number, multiply, negate
from netcalc.problem import LossAndTarget, Problem, element
from netcalc.result import Result, Tensor, Value
from netcalc.solving.bits import constant
from netcalc.values import to_exact

MINUS_ONE = Number(Fraction(-1))


def neuron(problem: Problem, result: Result) -> Circuit:
    """w·x + b and φ, each wire with its value and its gradient."""
    x, w = (to_exact(tensor[0]) for tensor in (problem.x, problem.layers[0].W))
    at_q = _gradient(result, "db")
    gates: dict[str, Gate] = {}
    for place in range(len(x)):
        factors = []
        for letter, tensor in (("w", w), ("x", x)):
            name, gradient = element(letter, (place,), problem.index_from), _gradient(result, f"d{letter}", place)
            gates[name] = Gate(labelled(name), text(tensor[place]), gradient, is_given=True)
            factors.append((name, gradient))
        gates[f"product{place}"] = Gate("×", _product(w[place], x[place]), at_q, factors)
    terms = [*(f"product{place}" for place in range(len(x))), "b"]
    gates["b"] = Gate("b", text(to_exact(problem.tensors[2])[0]), at_q, is_given=True)
    gates["sum"] = Gate("+", text(result["q"].at(()).value), at_q, [(name, at_q) for name in terms])
    value, delta = text(result["f"].at(()).value), text(result["df"].at(()).value)
    gates["activation"] = Gate(_activation(problem), value, delta, [("sum", at_q)])
    root, output = "activation", Node("f", "f", "output")
    if isinstance(problem.upstream, LossAndTarget):
        root, output = "loss", Node("L", "L", "output")
        gates["t"] = Gate("t", text(to_exact(problem.upstream.target)[0, 0]), "", is_given=True)
        loss = text(result["loss"].at(()).value)
        gates["loss"] = Gate(problem.upstream.loss.label, loss, "1", [("activation", delta), ("t", "")])
    return drawn(_title(problem), gates, root, output, list)


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


def _activation(problem: Problem) -> str:
    label = problem.layers[0].activation_label
    return "σ" if label == "sigmoid" else label


def _title(problem: Problem) -> str:
    above = f", then {problem.upstream.loss.label}" if isinstance(problem.upstream, LossAndTarget) else ""
    return f"A neuron: q = w·x + b, f = {_activation(problem)}(q){above}"
