"""What there is to write: the forward pass of a problem and its derived backward pass, as graphs."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.errors import NetcalcError
from netcalc.graph import build
from netcalc.graph.backward import backward
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, product, total
from netcalc.models.expressions import as_graph
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.records import NamedTuple


class Passes(NamedTuple):
    """`outputs` by name are made of `inputs`; `upstream` are the gradients that come back to the outputs.

    `gradients` are those of the inputs that are differentiated by, None where nothing depends on one; `inner` are the
    named nodes between that have a gradient, by that.
    """

    title: str
    inputs: Mapping[str, Node]
    outputs: Mapping[str, Node]
    upstream: Mapping[str, Node]
    gradients: Mapping[str, Node | None]
    inner: Mapping[Node, Node]


def passes(problem: object) -> Passes:
    """Both passes of a problem. Raises NetcalcError for what is no forward and backward pass."""
    if isinstance(problem, GraphProblem):
        return _of_graph(problem)
    if isinstance(problem, Gradient):
        return _of_expressions(problem)
    from netcalc.problem import LossAndTarget, Problem

    if isinstance(problem, Problem):
        from netcalc.render.codegen.layered import forward

        inputs, name, output = forward(problem)
        targets = problem.upstream.given if isinstance(problem.upstream, LossAndTarget) else ()
        return _derived(problem.command, inputs, {name: output}, [one for one in inputs if one not in targets], {})
    raise NetcalcError("there is no code of this problem")


def _of_graph(problem: GraphProblem) -> Passes:
    if problem.along or problem.order > 1:
        flag = "--along" if problem.along else "--order"
        raise NetcalcError(f"code is of the forward and the backward pass; {flag} has no place in it")
    inputs = {name: node for name, node in problem.inputs.items() if node is not problem.delta}
    own = next((name for name, node in problem.inputs.items() if node is problem.delta), None)
    wrt = [name for name in inputs if name in problem.wrt]
    title = str(problem.given.get("program") or problem.given.get("f") or problem.command)
    outputs = {problem.output_name: problem.output}
    return _derived(title, inputs, outputs, wrt, {} if own is None else {problem.output_name: own})


def _derived(
    title: str,
    inputs: Mapping[str, Node],
    outputs: Mapping[str, Node],
    wrt: list[str],
    called: Mapping[str, str],
) -> Passes:
    upstream = {}
    for name, node in outputs.items():
        label = called.get(name, f"d{name}")
        while label in inputs:
            label += "_"
        upstream[label] = build.given(label, node.shape)
    found: dict[Node, Node] = {}
    nodes = {inputs[name] for name in wrt}
    if len(outputs) == 1:
        ((output, delta),) = zip(outputs.values(), upstream.values(), strict=True)
        found = backward(output, delta, nodes).gradients
    else:
        terms = []
        for output, delta in zip(outputs.values(), upstream.values(), strict=True):
            letters = LETTERS[: output.rank]
            terms.append((product([(output, letters), (delta, letters)], "", ()), ""))
        found = backward(total(terms, "", ()), None, nodes).gradients
    inner = {gradient: node for node, gradient in found.items() if node.operation is gradient.operation is NAMED}
    return Passes(title, inputs, outputs, upstream, {name: found.get(inputs[name]) for name in wrt}, inner)


def _of_expressions(problem: Gradient) -> Passes:
    if problem.order > 1:
        raise NetcalcError("code is of the forward and the backward pass; --order has no place in it")
    return _derived(", ".join(problem.texts), *as_graph(problem), list(problem.wrt), {})
