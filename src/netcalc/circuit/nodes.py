"""A graph of tensor operations gate by gate: each wire with a tensor, and the part of its gradient that comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from netcalc.circuit.graph import Circuit, Node, Wire
from netcalc.circuit.layers import summary
from netcalc.errors import NetcalcError
from netcalc.graph import node as graph
from netcalc.graph.backward import Backward, added, backward
from netcalc.graph.leaves import INPUT, NAMED, given, name_of
from netcalc.graph.writing import formula
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.solving.graph_values import in_float64, is_small, values_of

MAX_GATES = 64
MAX_CHARACTERS = 40  # of a formula on a wire


def nodes(problem: GraphProblem, *, split: bool = False) -> Circuit:
    """The circuit of a graph at its values, or with formulas on its wires where something was left out.

    What is used by several gates shows its whole gradient by itself, and on each wire the part that comes back there;
    `split` has an input stand once a use instead. Raises NetcalcError for more gates than can be looked at.
    """
    return _Drawing(problem, split=split).circuit()


class _Drawing:
    """The circuit as it grows: wires with the nodes that their texts are of."""

    def __init__(self, problem: GraphProblem, *, split: bool) -> None:
        self.problem, self.split = problem, split
        self.order = graph.in_order([problem.output])
        has_gradient = problem.delta is not None or not problem.output.rank
        self.back = backward(problem.output, problem.delta) if has_gradient else Backward({}, {})
        self.names = self.named()
        self.nodes: list[tuple[Node, graph.Node]] = []
        self.wires: list[tuple[str, str, graph.Node, graph.Node | None]] = []
        self.drawn: set[str] = set()

    def named(self) -> dict[graph.Node, str]:
        """What each node is called: by its own name, the output by its, a gate without one v1, v2, …"""
        names: dict[graph.Node, str] = {}
        for node in self.order:
            own = name_of(node)
            if own is not None:
                names[self.inner(node)] = own if node.operation is NAMED else names.get(node, own)
        names[self.inner(self.problem.output)] = self.problem.output_name
        taken = set(names.values()) | self.problem.inputs.keys()
        free = (name for n in range(1, len(self.order) + len(taken) + 1) if (name := f"v{n}") not in taken)
        for node in self.order:
            if node.args and node.operation is not NAMED and node not in names:
                names[node] = next(free)
        return names

    def inner(self, node: graph.Node) -> graph.Node:
        """What a name is the name of."""
        while node.operation is NAMED:
            (node,) = node.args
        return node

    def circuit(self) -> Circuit:
        gates = [node for node in self.order if node.args and node.operation is not NAMED]
        if len(gates) > MAX_GATES:
            raise NetcalcError(f"a circuit of {len(gates)} gates would show nothing; at most {MAX_GATES} are drawn")
        output, name = self.inner(self.problem.output), self.problem.output_name
        seed = self.back.gradients.get(self.problem.output)
        self.wires.append((self.draw(output, "output"), "output", output, seed))
        self.nodes.append((Node("output", name, "output"), output))
        return Circuit(self.title(), tuple(self.with_totals()), tuple(self.with_texts()))

    def title(self) -> str:
        """What is drawn, in a line."""
        typed = self.problem.typed
        return self.problem.output_name if typed is None else f"{self.problem.output_name} = {to_unicode(typed)}"

    def draw(self, node: graph.Node, use: str) -> str:
        """The key of a node, drawn with all that feeds it if it isn't yet."""
        name = self.names.get(node)
        key = f"{self.order.index(node)}<{use}" if name is None or (self.split and not node.args) else name
        if key in self.drawn:
            return key
        self.drawn.add(key)
        for source in dict.fromkeys(map(self.inner, node.args)):
            if source.args or source.operation is INPUT:
                uses = [one for arg in node.args if self.inner(arg) is source for one in self.back.uses.get(arg, [])]
                shares = [one.share for one in dict.fromkeys(uses) if one.node is node]
                part = added(shares) if shares else None
                self.wires.append((self.draw(source, f"{key}.{len(self.nodes)}"), key, source, part))
        self.nodes.append((Node(key, self.label(node), "gate" if node.args else "given"), node))
        return key

    def label(self, node: graph.Node) -> str:
        """A gate's name and its formula in the names of what feeds it."""
        name = self.names.get(node)
        if not node.args:
            return name or to_unicode(formula(node))
        called = [(arg, self.names.get(self.inner(arg))) for arg in node.args]
        args = [arg if text is None else given(text, arg.shape) for arg, text in called]
        alone = graph.make(node.operation, args, node.shape, node.params)
        return f"{name} = {to_unicode(formula(alone))}"

    def with_texts(self) -> list[Wire]:
        texts = self.texts([one for *_, source, back in self.wires for one in (source, back) if one is not None])
        return [
            Wire(source, target, texts.get(node, ""), "" if back is None else texts.get(back, ""))
            for source, target, node, back in self.wires
        ]

    def with_totals(self) -> list[Node]:
        """The nodes; those whose wires part with their value and their whole gradient in them."""
        sources = [source for source, *_ in self.wires]
        parted = {one.key: node for one, node in self.nodes if sources.count(one.key) > 1}
        gradients = {key: self.gradient(node) for key, node in parted.items()}
        texts = self.texts([*parted.values(), *filter(None, gradients.values())])

        def text(node: graph.Node | None) -> str:
            return texts.get(node, "") if node else ""

        return [
            replace(one, forward=text(parted.get(one.key)), backward=text(gradients.get(one.key)))
            for one, _ in self.nodes
        ]

    def gradient(self, node: graph.Node) -> graph.Node | None:
        """The whole gradient of a node, by any of its names."""
        found = [gradient for one, gradient in self.back.gradients.items() if self.inner(one) is node]
        return found[0] if found else None

    def texts(self, wanted: Sequence[graph.Node]) -> Mapping[graph.Node, str]:
        """Values, proven where they are few; formulas, where they are short, if something is left out."""
        problem, wanted = self.problem, list(dict.fromkeys(wanted))
        if problem.free:
            written = {node: to_unicode(formula(node)) for node in wanted}
            return {node: text for node, text in written.items() if len(text) <= MAX_CHARACTERS}
        found = (values_of if is_small(problem, wanted) else in_float64)(problem, wanted)
        return {node: summary(array) for node, array in zip(wanted, found, strict=True)}
