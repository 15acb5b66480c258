"""A stack of layers, as one node a layer or one a unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.circuit.graph import Circuit, Node, Wire, text
from netcalc.expression import Symbol, Tree, is_constant
from netcalc.notation import significant, to_unicode
from netcalc.problem import Dense, LossAndTarget, Problem, element
from netcalc.result import Result, Tensor, Value, as_value
from netcalc.values import to_float64

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

    def signal(self, source: str, letter: str, number: int) -> Signal:
        """What leaves a layer's sum, z, or its activation, a."""
        name = f"{letter}{number}"
        gradient = self.whole(f"d{name}")
        if not gradient and letter == "z" and len(self.problem.x) == 1:
            gradient = self.whole(f"db{number}")  # of one sample they are the same
        return Signal(source, self.called(name), self.whole(name), gradient)

    def one(self, name: str, *index: int) -> str:
        """An entry of a tensor that was found, of one sample, in whatever shape it has."""
        found = self.tensor(name)
        if found is None:
            return ""
        return text(as_value(found.entries.reshape(-1)[index[0]] if len(index) == 1 else found.entries[index]))


@dataclass(slots=True)
class Signal:
    """What runs along the chain: the node it comes from, its name, its value and its gradient."""

    source: str
    name: str
    forward: str
    backward: str

    def into(self, target: str) -> Wire:
        """The wire that takes it to a node."""
        return Wire(self.source, target, self.forward, self.backward)


def by_layers(problem: Problem, result: Result) -> Circuit:
    """A chain of layers, whole tensors on its wires."""
    drawing = Drawing(problem, result)
    name = drawing.problem.given_name("x")
    nodes, wires = [Node("x", name, "given")], []
    signal = Signal("x", name, summary(problem.x), drawing.whole("dx"))
    for number, layer in enumerate(problem.layers, 1):
        linear, activation = f"linear{number}", f"activation{number}"
        names = {letter: drawing.problem.given_name(f"{letter}{number}") for letter, _ in _parameters(layer)}
        wires.append(signal.into(linear))
        for letter, tensor in _parameters(layer):
            nodes.append(Node(names[letter], _name(names[letter]), "given"))
            wires.append(Wire(names[letter], linear, summary(tensor), drawing.whole(f"d{letter}{number}")))
        bias = f" + {_name(names['b'])}" if "b" in names else ""
        nodes.append(Node(linear, f"{_name(names['W'])}·{_name(signal.name)}{bias}", "gate"))
        signal = drawing.signal(linear, "z", number)
        if layer.activation is not None:
            nodes.append(Node(activation, layer.activation_label + _cooled(layer.temperature), "gate"))
            wires.append(signal.into(activation))
            signal = drawing.signal(activation, "a", number)
    nodes, wires = [*nodes, *_last_nodes(problem, signal)], [*wires, *_last_wires(drawing, signal)]
    return Circuit(title(problem), tuple(nodes), tuple(wires))


def _parameters(layer: Dense) -> Iterator[tuple[str, np.ndarray]]:
    yield "W", layer.W
    if layer.b is not None:
        yield "b", layer.b


def _last_nodes(problem: Problem, signal: Signal) -> list[Node]:
    if not isinstance(problem.upstream, LossAndTarget):
        return [Node("output", _name(signal.name), "output")]
    label = problem.upstream.loss.label + _cooled(problem.upstream.temperature)
    penalty = []
    if problem.decay is not None:
        penalty = [Node("penalty", f"λ/2·Σ W², λ = {to_unicode(problem.decay)}", "gate")]
        label += " + penalty"
    return [Node("target", "t", "given"), *penalty, Node("loss", label, "gate"), Node("output", "L", "output")]


def _last_wires(drawing: Drawing, signal: Signal) -> list[Wire]:
    above = drawing.problem.upstream
    if not isinstance(above, LossAndTarget):
        return [signal.into("output")]
    target = drawing.whole("t") if above.weighing else summary(above.target)
    wires = [signal.into("loss"), Wire("target", "loss", target, "")]
    if drawing.problem.decay is not None:
        wires.append(Wire("penalty", "loss", drawing.whole("penalty"), "1"))
    return [*wires, Wire("loss", "output", drawing.whole("loss"), "1")]


def _cooled(temperature: Tree | None) -> str:
    return "" if temperature is None else f", T = {to_unicode(temperature)}"


def by_units(problem: Problem, result: Result) -> Circuit:
    """Each unit a node with its value and gradient, each weight a wire with its own."""
    drawing = Drawing(problem, result)
    name, many = drawing.problem.given_name("x"), problem.index_from
    before = [element(name, (place,), many) for place in range(problem.x.shape[1])]
    nodes = [
        Node(unit, _name(unit), "given", _entry(problem.x, 0, place), drawing.one("dx", place))
        for place, unit in enumerate(before)
    ]
    wires: list[Wire] = []
    for number, layer in enumerate(problem.layers, 1):
        sums, bias = [f"sum{number},{row}" for row in range(len(layer.W))], drawing.problem.given_name(f"b{number}")
        for row, unit in enumerate(sums):
            label = _name(element(drawing.called(f"z{number}"), (row,), many))
            for column, source in enumerate(before):
                gradient = drawing.one(f"dW{number}", row, column)
                wires.append(Wire(source, unit, _entry(layer.W, row, column), gradient))
            if layer.b is not None:
                key = element(bias, (row,), many)
                nodes.append(Node(key, _name(key), "given", _entry(layer.b, row), drawing.one(f"db{number}", row)))
                wires.append(Wire(key, unit, "", ""))
            nodes.append(Node(unit, label, "unit", drawing.one(f"z{number}", row), drawing.one(f"dz{number}", row)))
        before = sums
        if layer.activation is not None:
            before = [f"activation{number},{row}" for row in range(len(layer.W))]
            for row, unit in enumerate(before):
                label = _name(element(drawing.called(f"a{number}"), (row,), many))
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
    above = f", then {problem.upstream.loss.label}" if isinstance(problem.upstream, LossAndTarget) else ""
    samples = f", {len(problem.x)} samples" if len(problem.x) > 1 else ""
    return f"{'A layer' if len(problem.layers) == 1 else 'A net'}: {kinds}{above}{samples}"


def _kind(layer: Dense) -> str:
    activation = f" {layer.activation_label}" if layer.activation is not None else ""
    return f"{layer.W.shape[1]} → {layer.W.shape[0]}{activation}"


def _name(name: str) -> str:
    return to_unicode(Symbol(name))


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
    size = norm(tensor)
    return f"{shape}" if size is None else f"{shape}, norm {significant(size)}"


def norm(tensor: np.ndarray) -> float | None:
    """The Euclidean norm, None where an entry has no number."""
    if tensor.dtype != object:
        return float(np.linalg.norm(tensor))
    if all(isinstance(entry, Value) for entry in tensor.flat):
        numbers = [entry.nearest for entry in tensor.flat]
        return None if None in numbers else float(np.linalg.norm(numbers))
    if not all(is_constant(entry) for entry in tensor.flat):
        return None
    return float(np.linalg.norm(to_float64(tensor)))
