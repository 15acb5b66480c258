"""What there is to write: the forward pass of a problem and its derived backward pass, as graphs."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.catalogue.activations import ACTIVATIONS, BoundActivation
from netcalc.catalogue.losses import CROSS_ENTROPY, BoundLoss
from netcalc.derivation.derive import applied, loss_formula
from netcalc.errors import NetcalcError
from netcalc.expression import Symbol, Tree, parse, substitute
from netcalc.graph import build
from netcalc.graph.backward import backward
from netcalc.graph.elementwise import of_tree, slot
from netcalc.graph.functions import by_sample
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, product, total
from netcalc.graph.sizes import Shape, Size, letter
from netcalc.models.expressions import as_graph
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.objective import cooled, decay, weighed
from netcalc.problem import Dense, LossAndTarget, Problem
from netcalc.records import NamedTuple

SAMPLES = letter("m")


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
    if isinstance(problem, Problem):
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
    title: str, inputs: Mapping[str, Node], outputs: Mapping[str, Node], wrt: list[str], called: Mapping[str, str]
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


def forward(problem: Problem) -> tuple[dict[str, Node], str, Node]:
    """The inputs by name, and what comes out: its name, and its node."""
    rows = (SAMPLES,) if problem.many else ()
    sizes = [_size(problem, number) for number in range(len(problem.layers) + 1)]
    called = problem.given_name
    v = build.given(called("x"), (*rows, *sizes[0]))
    inputs = {called("x"): v}
    name = called("x")
    for number, layer in enumerate(problem.layers, 1):
        W = build.given(called(f"W{number}"), (*sizes[number], *sizes[number - 1]))
        inputs[called(f"W{number}")] = W
        z = _product(v, W, rows, sizes[number])
        if layer.b is not None:
            b = build.given(called(f"b{number}"), sizes[number])
            inputs[called(f"b{number}")] = b
            z = build.add(z, b)
        name = _found(problem, f"z{number}")
        v = before = build.named(name, z)
        if layer.activation is not None:
            name = _found(problem, f"a{number}")
            v = build.named(name, _activated(layer, v))
    if not isinstance(problem.upstream, LossAndTarget):
        return inputs, name, v
    t = _target(problem.upstream, inputs, v.shape)
    name = _found(problem, "loss")
    is_apart = not problem.is_fused
    output = v if is_apart else cooled(before, problem.layers[-1].temperature)
    loss = _loss(problem, output, t, inputs, is_apart=is_apart)
    if problem.decay is not None:
        weights = [node for called, node in inputs.items() if called[0] == "W"]
        loss = build.add(loss, build.named("penalty", decay(problem.decay, weights)))
    return inputs, name, build.named(name, loss)


def _target(above: LossAndTarget, inputs: dict[str, Node], shape: Shape) -> Node:
    """The targets as the loss takes them; what they are made of is given."""
    if above.weighing is None:
        inputs["t"] = build.given("t", shape)
        return inputs["t"]
    inputs["y"] = build.given("y", shape)
    if above.weighing.weights is not None:
        inputs["w"] = build.given("w", shape[-1:])
    made = {name: inputs[name] for name in above.given}
    return build.named("t", weighed(above.weighing, **made))


def _size(problem: Problem, number: int) -> tuple[Size, ...]:
    """The outputs of a layer as a shape; one neuron's is a number."""
    if problem.command == "neuron":
        return () if number else (letter("n"),)
    if len(problem.layers) == 1:
        return (letter("m" if number and not problem.many else "k" if number else "n"),)
    return (letter(f"n{number}"),)


def _found(problem: Problem, name: str) -> str:
    called = problem.names.get(name)
    return called.name if called else name


def _product(v: Node, W: Node, rows: tuple[Size, ...], outputs: tuple[Size, ...]) -> Node:
    front, out = "i"[: len(rows)], "j"[: len(outputs)]
    return product([(v, f"{front}k"), (W, f"{out}k")], front + out, (*rows, *outputs))


def _elementwise(tree: Tree, nodes: dict[str, Node]) -> Node:
    first = next(iter(nodes.values()))
    letters = LETTERS[: first.rank]
    slots = {name: Symbol(slot(n)) for n, name in enumerate(nodes)}
    return of_tree(substitute(tree, slots), [(node, letters) for node in nodes.values()], letters, first.shape)


def _activated(layer: Dense, z: Node) -> Node:
    activation = layer.activation
    if isinstance(activation, BoundActivation):
        is_known = activation.name in ACTIVATIONS
        return _elementwise(applied(activation) if is_known else parse(activation.formula), {"q": z})
    return (build.softmax if activation == "softmax" else build.log_softmax)(cooled(z, layer.temperature), -1)


def _loss(problem: Problem, output: Node, t: Node, inputs: Mapping[str, Node], *, is_apart: bool) -> Node:
    """The losses' sum or mean."""
    above = problem.upstream
    assert isinstance(above, LossAndTarget)  # noqa: S101 - who calls it has seen to that
    each = _each(above.loss, cooled(output, above.temperature), t, is_apart=is_apart)
    if above.weighing and above.weighing.total is not None:
        return build.divide(build.summed(each), _counted(inputs))
    if problem.per_sample and problem.many:
        return build.summed(each, tuple(range(1, each.rank))) if each.rank > 1 else each
    divisor = above.reduction.factor_text(by_sample=above.loss.by_sample)
    if not each.rank or (divisor == "1/m" and not problem.many):
        return build.summed(each)
    if divisor == "1/m" and each.rank > 1:
        return build.divide(build.summed(each), build.size(SAMPLES))
    return build.summed(each) if divisor == "1" else build.mean(each)


def _counted(inputs: Mapping[str, Node]) -> Node:
    """What a mean divides by: the weights of the samples' classes added up, of samples that aren't ignored."""
    y, w = inputs["y"], inputs.get("w")
    return build.summed(y if w is None else build.multiply(y, w))


def _each(loss: BoundLoss, output: Node, t: Node, *, is_apart: bool) -> Node:
    if not loss.by_sample:
        return _elementwise(loss_formula(loss), {"a": output, "t": t})
    return by_sample(loss if is_apart else CROSS_ENTROPY, output, t)
