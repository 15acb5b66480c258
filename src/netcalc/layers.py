"""A problem of layers as a graph, under the names x, W1, b1, z1, a1, …, loss, dz1, …; run in any arithmetic.

Rows are samples: `z1` is (samples, outputs), and ∂L/∂(a thing) has the thing's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import backward, gradients
from netcalc.graph.evaluate import After, evaluate
from netcalc.graph.functions import activation, slope, vector_activation
from netcalc.graph.leaves import NAMED, eye, given, name_of, named
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import product, total
from netcalc.objective import Nodes, Objective, cooled, losses, objective
from netcalc.problem import Dense, LossAndTarget, Problem, Weighing
from netcalc.records import NamedTuple, dataclass

Quantities = dict[str, np.ndarray]
Progress = Callable[[int, int], None]
WATCHER: ContextVar[Progress | None] = ContextVar("watcher", default=None)  # of layers passed, and of how many


class Forward(NamedTuple):
    """The forward pass: what is `given`, what is `found` from it, the last layer's `output`, and its `objective`."""

    given: Nodes
    found: Nodes
    output: Node
    objective: Objective

    @property
    def parts(self) -> Node:
        """Each sample's part of L, (samples,)."""
        return self.objective.parts


def forward(problem: Problem, *, apart: bool = False) -> Forward:
    """Through every layer, and what is made of the last one's output.

    `apart` gives each sample weights of its own, so that their gradients stay apart.
    """
    v = given("x", problem.x.shape)
    inputs, found = {"x": v}, Nodes()
    sample = "i" * apart

    def weights(name: str, tensor: np.ndarray, letters: str) -> Node:
        own = given(name, tensor.shape)
        if apart:
            own = named(name, product([(own, letters)], sample + letters, (len(problem.x), *tensor.shape)))
        inputs[name] = own
        return own

    for number, layer in enumerate(problem.layers, 1):
        W = weights(f"W{number}", layer.W, "jk")
        shape = (len(problem.x), len(layer.W))
        z = product([(v, "ik"), (W, f"{sample}jk")], "ij", shape)
        if layer.b is not None:
            z = total([(z, "ij"), (weights(f"b{number}", layer.b, "j"), f"{sample}j")], "ij", shape)
        found[f"z{number}"] = v = named(f"z{number}", z)
        if layer.activation is not None:
            found[f"a{number}"] = v = named(f"a{number}", activated(layer, v))
    goal = objective(problem, v, [node for name, node in inputs.items() if name[0] == "W" and not apart])
    return Forward(inputs | goal.given, found | goal.found, v, goal)


def activated(layer: Dense, z: Node) -> Node:
    """φ(z), of a vector's φ that of z/T."""
    assert layer.activation is not None  # noqa: S101 - who calls it has seen to that
    if isinstance(layer.activation, BoundActivation):
        return activation(layer.activation, z)
    return vector_activation(layer.activation, cooled(z, layer.temperature))


class Passes(NamedTuple):
    """Both passes: what is `given`, and everything that is `found`, each by its name.

    z1, a1, …, t and penalty where they are made, loss; then da1, s1 or J1 where the problem names them, dz1, dW1,
    db1, …, dx; W1_new, … after a step; paths, the products along those of a trace. `losses` is each sample's part of
    the loss, if there is one, without a penalty, and `upstream` ∂L/∂(the last output).
    """

    given: Nodes
    found: Nodes
    losses: Node | None
    upstream: Node


def passes(problem: Problem, *, together: bool = True) -> Passes:
    """The forward pass and, from it, the backward pass; of problems that differ in their numbers alone the same.

    Cross-entropy of a softmax is taken `together`, so that nothing is lost where a probability is nearly 0 or 1.
    """
    return _passes(_outline(problem), together)


@dataclass(frozen=True, slots=True)
class _Blank:
    """An array of which the shape alone is known."""

    shape: tuple[int, ...]

    def __len__(self) -> int:
        return self.shape[0]


def _outline(problem: Problem) -> Any:
    """What the graph of a problem depends on, as a problem that can be hashed."""
    changed: dict[str, Any] = {"names": frozenset(problem.names), "lr": problem.lr is not None or None, "given": None}
    return _blank(problem._replace(**changed, index_from=0, notes=(), hidden=frozenset()))


def _blank(thing: Any) -> Any:
    """The same without the numbers of its arrays."""
    if isinstance(thing, np.ndarray):
        return _Blank(thing.shape)
    if isinstance(thing, Problem | Dense | LossAndTarget | Weighing):
        return type(thing)(*map(_blank, thing))
    return tuple(map(_blank, thing)) if type(thing) is tuple else thing


@lru_cache(maxsize=64)
def _passes(problem: Problem, together: bool) -> Passes:
    ahead = forward(problem)
    found, output = Nodes(ahead.found), ahead.output
    fused = _together(problem, ahead) if together else None
    parts, upstream = None, ahead.given.get("delta")
    if upstream is None:
        parts = named("losses", fused or ahead.objective.losses)
        found["loss"] = named("loss", parts if problem.per_sample else ahead.objective.total(parts))
        (upstream,) = gradients(ahead.objective.losses, [output])
    assert upstream is not None  # noqa: S101 - the losses are made of the output
    top = named("above", upstream)
    slopes = (backward(fused) if fused else backward(output, top)).gradients | {output: top}
    slopes |= _with_decay(slopes, ahead)
    for number in range(len(problem.layers), 0, -1):
        found |= _of_layer(problem, ahead, slopes, number)
    found["dx"] = named("dx", slopes[ahead.given["x"]])
    if problem.trace:
        found["paths"] = named("paths", _along_paths(problem, ahead.given | found))
    rate = {} if problem.lr is None else {"lr": _rate()}
    return Passes(ahead.given | rate, found, parts, top)


def _together(problem: Problem, ahead: Forward) -> Node | None:
    """The losses as cross-entropy of what goes into the last softmax; None where there is no such pair."""
    upstream = problem.upstream
    if not (problem.is_fused and isinstance(upstream, LossAndTarget)):
        return None
    from netcalc.catalogue.losses import CROSS_ENTROPY

    of_logits = problem._replace(upstream=upstream._replace(loss=CROSS_ENTROPY))
    logits = cooled(ahead.found[f"z{len(problem.layers)}"], problem.layers[-1].temperature)
    return losses(of_logits, logits, ahead.objective.target)


def _with_decay(slopes: dict[Node, Node], ahead: Forward) -> dict[Node, Node]:
    """The gradients of the weights, with those of the penalty, if there is one."""
    penalty = ahead.found.get("penalty")
    if penalty is None:
        return {}
    weights = [node for name, node in ahead.given.items() if name[0] == "W"]
    own = zip(weights, gradients(penalty, weights), strict=True)
    return {W: total([(slopes[W], "jk"), (share, "jk")], "jk", W.shape) for W, share in own if share is not None}


def _of_layer(problem: Problem, ahead: Forward, slopes: dict[Node, Node], number: int) -> Nodes:
    """What the backward pass finds in one layer."""
    z, a = ahead.found[f"z{number}"], ahead.found.get(f"a{number}")
    found: Nodes = {}
    if a is not None:
        found[f"da{number}"] = slopes[a]
        found |= _slope_of(problem, z, a, number)
    found[f"dz{number}"] = dz = slopes[z]
    weights = {name: node for name in (f"W{number}", f"b{number}") if (node := ahead.given.get(name))}
    if problem.per_sample:
        slopes = dict(zip(weights.values(), _of_each_sample(z, list(weights.values()), dz), strict=True))
    for name, node in weights.items():
        found[f"d{name}"] = gradient = named(f"d{name}", slopes[node], gradient_of=name)
        if problem.lr is not None:
            found[f"{name}_new"] = after_a_step(node, gradient)
    return found


def _slope_of(problem: Problem, z: Node, a: Node, number: int) -> Nodes:
    (inner,) = a.args
    is_vector = isinstance(problem.layers[number - 1].activation, str)
    name = f"{'J' if is_vector else 's'}{number}"
    if name not in problem.names:
        return {}
    return {name: named(name, _jacobian_of_rows(inner, z) if is_vector else slope(inner))}


def _jacobian_of_rows(activated: Node, z: Node) -> Node:
    """∂(output i)/∂(input j) of each sample by itself: (samples, n) -> (samples, n, n).

    Row i is what comes back where 1 comes from above at output i alone.
    """
    samples, n = activated.shape
    units = product([(eye(n), "oj")], "oij", (n, samples, n))
    (rows,) = gradients(activated, [z], units)
    assert rows is not None  # noqa: S101 - it is made of z
    return product([(rows, "oij")], "ioj", (samples, n, n))


def _of_each_sample(z: Node, weights: Sequence[Node], dz: Node) -> list[Node]:
    """∂L/∂W and ∂L/∂b of each sample by itself: an axis in front that tells which, of dz and so of what comes of it."""
    samples, outputs = dz.shape
    own = product([(eye(samples), "ei"), (dz, "ij")], "eij", (samples, samples, outputs))
    return [gradient for gradient in gradients(z, weights, own) if gradient is not None]


def _along_paths(problem: Problem, nodes: Nodes) -> Node:
    """The product along each path: (paths,), in the order of `trace.paths`; that through the penalty, λ·W, the last."""
    from netcalc.graph import build  # most problems have no trace
    from netcalc.graph.elementwise import constant
    from netcalc.trace import paths, traced

    name, index = traced(problem)

    def picked(node: Node, *places: Sequence[int]) -> Node:
        return build.index(node, [build.Fixed(np.array(one)) for one in places])

    first, last, found = int(name[1:]), len(problem.layers), list(paths(problem))
    samples = [path.sample for path in found]
    factors = [picked(nodes[f"da{last}"], samples, [path.a[-1] for path in found])]
    for place in range(last - first, -1, -1):
        number, z, a = first + place, [path.z[place] for path in found], [path.a[place] for path in found]
        slope = nodes.get(f"s{number}")
        factors.append(picked(nodes[f"J{number}"], samples, a, z) if slope is None else picked(slope, samples, z))
        if place:
            factors.append(picked(nodes[f"W{number}"], z, [path.a[place - 1] for path in found]))
    if name[0] == "W":
        inputs = nodes[f"a{first - 1}"] if first > 1 else nodes["x"]
        factors.append(picked(inputs, samples, [index[1]] * len(found)))
    products = build.multiply(*factors)
    if problem.decay is None or name[0] != "W":
        return products
    own = build.multiply(constant(problem.decay), picked(nodes[name], *([one] for one in index)))
    return build.joined([products, own], 0)


def _rate() -> Node:
    return given("lr", ())


def after_a_step(weights: Node, gradient: Node) -> Node:
    """W - lr · ∂L/∂W."""
    letters = "jk"[: weights.rank]
    step = product([(_rate(), ""), (gradient, letters)], letters, weights.shape)
    return total([(weights, letters), (step, letters)], letters, weights.shape, [1, -1])


def given_values(problem: Problem) -> dict[str, np.ndarray]:
    """The given tensors by the names that the passes have for them."""
    upstream = problem.upstream
    known = {"x": problem.x}
    for number, layer in enumerate(problem.layers, 1):
        known |= {f"W{number}": layer.W} | ({} if layer.b is None else {f"b{number}": layer.b})
    known |= upstream.given if isinstance(upstream, LossAndTarget) else {"delta": upstream}
    return known if problem.lr is None else {**known, "lr": np.array(problem.lr, dtype=object)}


def values(problem: Problem, nodes: Nodes) -> dict[Node, np.ndarray]:
    """The given tensors by their nodes."""
    known = given_values(problem)
    return {node: known[name] for name, node in nodes.items()}


class Found(NamedTuple):
    """What both passes produced, as values or float64; how sure it is, in a few words; and notes.

    What is `unknown`, its elements too many to write out, stays one formula.
    """

    entries: Quantities
    certainty: str
    notes: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()


def run(
    problem: Problem, arithmetic: Arithmetic, without: Collection[str] = (), watch: After | None = None
) -> Quantities:
    """Everything that both passes produce, by the names of `layers.passes`; but for what to do `without`.

    `watch` sees each node's value.
    """
    both = passes(problem)
    nodes = {name: node for name, node in both.found.items() if name not in without}
    needed = set(in_order(nodes.values()))
    tensors = values(problem, both.given)
    given = {node: arithmetic.array(tensor) for node, tensor in tensors.items() if node in needed}
    found = evaluate(list(nodes.values()), arithmetic, given, after=_after(problem, watch))
    return dict(zip(nodes, found, strict=True))


def _after(problem: Problem, watch: After | None) -> After | None:
    told = _progress(problem)
    if told is None or watch is None:
        return told or watch
    return lambda node, array: watch(node, told(node, array))


def _progress(problem: Problem) -> After | None:
    """Who watches is told of each z and dz that is found."""
    watcher = WATCHER.get()
    if watcher is None:
        return None
    passed = 0

    def after(node: Node, array: np.ndarray) -> np.ndarray:
        nonlocal passed
        if node.operation is NAMED and str(name_of(node)).lstrip("d")[0] == "z":
            passed += 1
            watcher(passed, 2 * len(problem.layers))
        return array

    return after
