"""A stack of layers, as one node a layer or one a unit; a neuron gate by gate, as courses draw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from netcalc.arrays import norm
from netcalc.catalogue.activations import BoundActivation
from netcalc.circuit.graph import Circuit, Gate, Node, Wire, drawn, labelled, text
from netcalc.explain.explanation import times
from netcalc.expression import Tree, is_constant
from netcalc.expression.tree import MINUS_ONE, multiply, negate
from netcalc.graph import node as graph
from netcalc.graph.leaves import name_of, named
from netcalc.layers import forward, given_values
from netcalc.notation import significant, to_unicode
from netcalc.problem import Dense, LossAndTarget, Problem, element
from netcalc.records import dataclass
from netcalc.result import Result, Tensor, Value, as_floats, as_value
from netcalc.solving.bits import constant
from netcalc.values import to_exact, to_float64

SHORT = 4  # entries of a tensor that stand on a wire; a longer one shows its shape and norm


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is to draw from: names as the command calls things, and what was found by name."""

    problem: Problem
    result: Result

    def called(self, name: str) -> str:
        """The command's name for z1, dW1 and so on."""
        found = self.problem.names.get(name)
        return found.name if found else name

    def tensor(self, name: str) -> Tensor | None:
        """What was found under the passes' name, if it is part of the answer."""
        try:
            return self.result[self.called(name)]
        except KeyError:
            return None

    def whole(self, name: str) -> str:
        """A tensor that was found, on a wire."""
        found = self.tensor(name)
        return "" if found is None else summary(found.entries)

    def value(self, name: str) -> str:
        """A tensor, given or found, on a wire."""
        given = given_values(self.problem)
        return summary(given[name]) if name in given else self.whole(name)

    def gradient(self, name: str) -> str:
        """Its gradient on a wire; what the loss is the sum of has 1."""
        if name in ("loss", "penalty"):
            return "1"
        found = self.whole(f"d{name}")
        if not found and name[0] == "z" and len(self.problem.x) == 1:
            return self.whole(f"db{name[1:]}")  # of one sample they are the same
        return found

    def key(self, name: str) -> str:
        """What a tensor's node is called."""
        kinds = {"z": "linear", "a": "activation"}
        keys = {"x": "x", "t": "target"}
        return kinds[name[0]] + name[1:] if name[0] in kinds else keys.get(name, self.problem.given_name(name))

    def label(self, name: str, sources: Sequence[str]) -> str:
        """What stands in a tensor's node."""
        upstream = self.problem.upstream
        if name[0] == "z":
            v, W, *b = (labelled(self.called(self.problem.given_name(one))) for one in sources)
            return f"{W}·{v}" + "".join(f" + {one}" for one in b)
        if name[0] == "a":
            layer = self.problem.layers[int(name[1:]) - 1]
            return layer.activation_label + _cooled(layer.temperature)
        if name == "penalty" and self.problem.decay is not None:
            return f"λ/2·Σ W², λ = {to_unicode(self.problem.decay)}"
        if name == "loss" and isinstance(upstream, LossAndTarget):
            return upstream.loss.label + _cooled(upstream.temperature) + " + penalty" * ("penalty" in sources)
        return labelled(self.problem.given_name(name))

    def one(self, name: str, *index: int) -> str:
        """An entry of a tensor that was found, of one sample, in whatever shape it has."""
        found = self.tensor(name)
        if found is None:
            return ""
        return text(as_value(found.entries.reshape(-1)[index[0]] if len(index) == 1 else found.entries[index]))


def by_layers(problem: Problem, result: Result) -> Circuit:
    """A gate for each tensor that the forward pass names, whole tensors on the wires."""
    drawing, ahead = Drawing(problem, result), forward(problem)
    nodes = ahead.given | ahead.found
    root = str(name_of(ahead.output))
    output = Node("output", labelled(drawing.called(root)), "output")
    if isinstance(problem.upstream, LossAndTarget):
        root, output = "loss", Node("output", "L", "output")
        nodes["loss"] = named("loss", ahead.objective.total(ahead.objective.losses))
    gates: dict[str, Gate] = {}
    for name, node in nodes.items():
        sources = [] if name in ("t", "penalty") else list(dict.fromkeys(_sources(node)))
        fed = [(drawing.key(one), drawing.gradient(one)) for one in sources]
        label, shown = drawing.label(name, sources), (drawing.value(name), drawing.gradient(name))
        gates[drawing.key(name)] = Gate(label, *shown, fed, is_given=name in ahead.given or name == "t")
    return drawn(title(problem), gates, drawing.key(root), output, lambda texts: [text or "" for text in texts])


def _sources(node: graph.Node) -> Iterator[str]:
    """The names of what a node is made of."""
    for arg in node.args:
        name = name_of(arg)
        if name is None:
            yield from _sources(arg)
        else:
            yield name


def _cooled(temperature: Tree | None) -> str:
    return "" if temperature is None else f", T = {to_unicode(temperature)}"


def by_units(problem: Problem, result: Result) -> Circuit:
    """Each unit a node with its value and gradient, each weight a wire with its own."""
    drawing = Drawing(problem, result)
    name, many = drawing.problem.given_name("x"), problem.index_from
    before = [element(name, (place,), many) for place in range(problem.x.shape[1])]
    nodes = [
        Node(unit, labelled(unit), "given", _entry(problem.x, 0, place), drawing.one("dx", place))
        for place, unit in enumerate(before)
    ]
    wires: list[Wire] = []
    for number, layer in enumerate(problem.layers, 1):
        sums, bias = [f"sum{number},{row}" for row in range(len(layer.W))], drawing.problem.given_name(f"b{number}")
        for row, unit in enumerate(sums):
            label = labelled(element(drawing.called(f"z{number}"), (row,), many))
            for column, source in enumerate(before):
                gradient = drawing.one(f"dW{number}", row, column)
                wires.append(Wire(source, unit, _entry(layer.W, row, column), gradient))
            if layer.b is not None:
                key = element(bias, (row,), many)
                nodes.append(Node(key, labelled(key), "given", _entry(layer.b, row), drawing.one(f"db{number}", row)))
                wires.append(Wire(key, unit, "", ""))
            nodes.append(Node(unit, label, "unit", drawing.one(f"z{number}", row), drawing.one(f"dz{number}", row)))
        before = sums
        if layer.activation is not None:
            before = [f"activation{number},{row}" for row in range(len(layer.W))]
            for row, unit in enumerate(before):
                label = labelled(element(drawing.called(f"a{number}"), (row,), many))
                shown = drawing.one(f"a{number}", row), drawing.one(f"da{number}", row)
                nodes.append(Node(unit, label, "unit", *shown))
            whole = not isinstance(layer.activation, BoundActivation)  # softmax mixes its inputs
            wires += [Wire(a, b, "", "") for i, a in enumerate(sums) for j, b in enumerate(before) if whole or i == j]
    if isinstance(problem.upstream, LossAndTarget):
        nodes.append(Node("output", problem.upstream.loss.label, "output", drawing.whole("loss"), "1"))
        wires += [Wire(source, "output", "", "") for source in before]
    return Circuit(title(problem), tuple(nodes), tuple(wires))


def title(problem: Problem) -> str:
    """What is drawn, in a line."""
    kinds = ", ".join(map(_kind, problem.layers))
    samples = f", {len(problem.x)} samples" if len(problem.x) > 1 else ""
    return f"{'A layer' if len(problem.layers) == 1 else 'A net'}: {kinds}{_then(problem)}{samples}"


def _kind(layer: Dense) -> str:
    activation = f" {layer.activation_label}" if layer.activation is not None else ""
    return f"{layer.W.shape[1]} → {layer.W.shape[0]}{activation}"


def _entry(tensor: np.ndarray, *index: int) -> str:
    entry = tensor[index]
    return text(as_value(entry)) if isinstance(entry, np.floating | Value) else text(entry)


def summary(tensor: np.ndarray, most: int = SHORT) -> str:
    """A tensor in a few characters: its entries where there are no more than `most`, else shape and norm."""
    if tensor.size == 1:
        return _entry(tensor, *(0 for _ in tensor.shape))
    if tensor.size <= most:
        rows = (tensor[place] for place in np.ndindex(tensor.shape[:-1]))
        return f"[{'; '.join(', '.join(_entry(one, place) for place in range(len(one))) for one in rows)}]"
    shape = "×".join(map(str, tensor.shape))
    size = _norm(tensor)
    return f"{shape}" if size is None else f"{shape}, norm {significant(size)}"


def _norm(tensor: np.ndarray) -> float | None:
    """The Euclidean norm, None where an entry has no number."""
    if tensor.dtype == object and all(isinstance(entry, Value) for entry in tensor.flat):
        floats = as_floats(tensor)
        return None if np.isnan(floats).any() else norm(floats)
    if tensor.dtype == object and not all(is_constant(entry) for entry in tensor.flat):
        return None
    return norm(to_float64(tensor))


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
    return text(result[name].at(index).value)


def _activation(problem: Problem) -> str:
    label = problem.layers[0].activation_label
    return "σ" if label == "sigmoid" else label


def _title(problem: Problem) -> str:
    return f"A neuron: q = w·x + b, f = {_activation(problem)}(q){_then(problem)}"


def _then(problem: Problem) -> str:
    """What comes above."""
    return f", then {problem.upstream.loss.label}" if isinstance(problem.upstream, LossAndTarget) else ""
