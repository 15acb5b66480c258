"""A problem of layers in small steps: its forward pass taken apart, activations and losses into their formulas."""

from __future__ import annotations

import numpy as np

from netcalc.checking.edits.edit import whole
from netcalc.checking.workings.workings import Pass, Workings, refined
from netcalc.graph.leaves import NAMED, given, named
from netcalc.graph.node import Node
from netcalc.graph.product import SUM, product
from netcalc.layers import after_a_step, forward
from netcalc.problem import Problem


def of_layers(problem: Problem) -> Workings:
    """Layers: every answer of the passes by the name that the command has for it."""
    ahead = forward(problem, apart=problem.per_sample and len(problem.x) > 1)
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
            found[f"{name}_new"] = named(f"{name}_new", after_a_step(node, one.gradient(node)))
    if problem.lr is not None:
        inputs["lr"] = given("lr", ())
    answers = {called.name: (found[own],) for own, called in problem.names.items() if own in found}
    called = {name: problem.names[name].name if name in problem.names else problem.given_name(name) for name in nodes}
    called["loss"] = problem.output
    for number in range(1, len(problem.layers) + 1):
        core = nodes[f"z{number}"].args[0]
        if core.operation is SUM and core.args[0].operation is NAMED:
            weights, inputs_of = called[f"W{number}"], called["x" if number == 1 else f"a{number - 1}"]
            of_rows = f"{inputs_of} {weights}ᵀ" if problem.many else f"{weights} {inputs_of}"
            called[core.args[0].params.text] = "w·x" if problem.command == "neuron" else of_rows
    by_name = {called[name]: node for name, node in nodes.items()}
    silent = () if "delta" in problem.given else ("delta",)
    shapes = {name: _shape(problem, name, node) for name, node in nodes.items()}
    return Workings(
        (one,), inputs, by_name, answers, called, shapes, silent, problem.index_from, of_columns=True, problem=problem
    )


def _shape(problem: Problem, name: str, node: Node) -> tuple[int, ...]:
    """The shape that people see of a step."""
    known = problem.names.get(name) or problem.names.get(f"d{name}")
    shown = known.shape if known else None if problem.many else () if problem.command == "neuron" else (-1,)
    return problem.shaped(np.empty(tuple(map(whole, node.shape))), shown).shape
