"""A problem of layers in small steps: its forward pass taken apart, activations and losses into their formulas."""

from __future__ import annotations

import numpy as np

from netcalc.checking.edits.edit import whole
from netcalc.checking.workings import Pass, Workings, refined
from netcalc.graph.leaves import given, named
from netcalc.graph.node import Node
from netcalc.graph.product import product, total
from netcalc.layers import Forward, activated, forward
from netcalc.objective import objective
from netcalc.problem import Problem


def of_layers(problem: Problem) -> Workings:
    """Layers: every answer of the passes by the name that the command has for it."""
    ahead = _forward_of_each_sample(problem) if problem.per_sample and len(problem.x) > 1 else forward(problem)
    root = named("loss", product([(ahead.parts, "i")], "", ()))
    output, inputs, steps = refined(root, ahead.parts)
    one = Pass(output)
    nodes = {name: steps[node] for name, node in {**ahead.given, **ahead.found}.items() if node in steps}
    found: dict[str, Node] = {**{name: nodes[name] for name in ahead.found}, "loss": output}
    if problem.per_sample:
        found["loss"] = steps[ahead.parts]
    for name, node in nodes.items():
        found[f"d{name}"] = one.gradient(node)
        if problem.lr is not None and name[0] in "Wb":
            found[f"{name}_new"] = _after_a_step(node, one.gradient(node))
    if problem.lr is not None:
        inputs["lr"] = given("lr", ())
    answers = {called.name: (found[own],) for own, called in problem.names.items() if own in found}
    called = {name: problem.names[name].name if name in problem.names else problem.given_name(name) for name in nodes}
    called["loss"] = problem.output
    by_name = {called[name]: node for name, node in nodes.items()}
    silent = () if "delta" in problem.given else ("delta",)
    shapes = {name: _shape(problem, name, node) for name, node in nodes.items()}
    return Workings((one,), inputs, by_name, answers, called, shapes, silent, problem.index_from)


def _shape(problem: Problem, name: str, node: Node) -> tuple[int, ...]:
    """The shape that people see of a step."""
    known = problem.names.get(name) or problem.names.get(f"d{name}")
    shown = known.shape if known else None if problem.many else () if problem.command == "neuron" else (-1,)
    return problem.shaped(np.empty(tuple(map(whole, node.shape))), shown).shape


def _forward_of_each_sample(problem: Problem) -> Forward:
    """The forward pass in which each sample has weights of its own, so that their gradients stay apart."""
    samples = len(problem.x)
    v = given("x", problem.x.shape)
    stated, found = {"x": v}, dict[str, Node]()
    for number, layer in enumerate(problem.layers, 1):
        outputs, inputs = layer.W.shape
        own = product([(given(f"W{number}", layer.W.shape), "jk")], "ijk", (samples, outputs, inputs))
        stated[f"W{number}"] = W = named(f"W{number}", own)
        z = product([(v, "ik"), (W, "ijk")], "ij", (samples, outputs))
        if layer.b is not None:
            each = product([(given(f"b{number}", layer.b.shape), "j")], "ij", (samples, outputs))
            stated[f"b{number}"] = b = named(f"b{number}", each)
            z = total([(z, "ij"), (b, "ij")], "ij", (samples, outputs))
        found[f"z{number}"] = v = named(f"z{number}", z)
        if layer.activation is not None:
            found[f"a{number}"] = v = named(f"a{number}", activated(layer, v))
    above = objective(problem, v, [])
    return Forward(stated | above.given, found | above.found, v, above)


def _after_a_step(weights: Node, gradient: Node) -> Node:
    letters = "jk"[: weights.rank]
    step = product([(given("lr", ()), ""), (gradient, letters)], letters, weights.shape)
    return total([(weights, letters), (step, letters)], letters, weights.shape, [1, -1])
