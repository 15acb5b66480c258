"""An expression gate by gate: what each gate passes on, and the part of the gradient that comes back on each wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netcalc.circuit.graph import Circuit, Node, Wire, text
from netcalc.derivation.accumulate import Sweep, shown, sweep
from netcalc.derivation.derive import evaluable
from netcalc.derivation.forms import Forms
from netcalc.errors import NetcalcError
from netcalc.expression import Tree
from netcalc.expression.tree import CONDITIONS, Apply, Constant, Number, Symbol
from netcalc.models.grad import Gradient
from netcalc.notation import to_unicode
from netcalc.solving.proven import proven

MOST_GATES = 64
SIGNS = {"add": "+", "multiply": "×", "divide": "÷", "negate": "−", "subtract": "−", "sigmoid": "σ", "sqrt": "√"}


def expression(problem: Gradient, *, split: bool = False) -> Circuit:
    """The circuit of one expression at one point, or with formulas on its wires where a variable is left open.

    A variable used more than once shows its whole gradient by itself, and on each wire the part that comes back
    there; `split` has it stand once a use instead. Raises NetcalcError for several expressions or points, or for
    more gates than can be looked at.
    """
    if len(problem.expressions) > 1 or problem.many:
        raise NetcalcError("a circuit is drawn of one expression at one point")
    forms = Forms(problem.variables)
    swept = sweep(forms, problem.expressions[0], problem.wrt)
    if len(swept.nodes.nodes) > MOST_GATES:
        raise NetcalcError(
            f"a circuit of {len(swept.nodes.nodes)} gates would show nothing; at most {MOST_GATES} are drawn"
        )
    return _Drawing(problem, forms, swept, split=split).circuit()


class _Drawing:
    """The circuit of a sweep, as it grows."""

    def __init__(self, problem: Gradient, forms: Forms, swept: Sweep, *, split: bool) -> None:
        self.problem, self.forms, self.swept, self.split = problem, forms, swept, split
        self.nodes: list[Node] = []
        self.wires: list[tuple[str, str, int, Tree | None]] = []
        self.drawn: set[str] = set()

    def circuit(self) -> Circuit:
        root = self.swept.nodes.roots[0]
        self.wires.append((self.draw(root, "f"), "f", root, self.forms.one))
        self.nodes.append(Node("f", "f", "output"))
        values = self.values([self.swept.nodes.nodes[place] for _, _, place, _ in self.wires])
        gradients = self.values([back or self.forms.zero for *_, back in self.wires])
        wires = tuple(
            Wire(source, target, "" if self.is_number(place) else value, "" if back is None else gradient)
            for (source, target, place, back), value, gradient in zip(self.wires, values, gradients, strict=True)
        )
        nodes = (*map(self.with_total, self.nodes),)
        return Circuit(f"f = {to_unicode(self.problem.expressions[0])}", nodes, wires)

    def draw(self, place: int, use: str) -> str:
        """The key of a node, drawn with all that feeds it if it isn't yet."""
        node = self.swept.nodes.nodes[place]
        alone = self.split or not isinstance(node, Apply | Symbol)  # a number stands once a use
        key = f"{place}<{use}" if alone else str(place)
        if key in self.drawn:
            return key
        self.drawn.add(key)
        if not isinstance(node, Apply):
            self.nodes.append(Node(key, to_unicode(node), "given"))
            return key
        for index, below in enumerate(self.swept.nodes.arguments[place]):
            if not self.is_part_of_label(node, index):
                uses = self.swept.uses.get(below, ())
                back = next((use.share for use in uses if (use.node, use.place) == (place, index)), None)
                self.wires.append((self.draw(below, f"{key}.{index}"), key, below, back))
        self.nodes.append(Node(key, self.label(node), "gate"))
        return key

    def is_part_of_label(self, node: Apply, index: int) -> bool:
        """Whether an argument is written in the gate: a constant exponent, the condition of a `where`."""
        argument = node.arguments[index]
        is_exponent = node.operator == "power" and index == 1 and isinstance(argument, Number)
        return is_exponent or (isinstance(argument, Apply) and argument.operator in CONDITIONS)

    def is_number(self, place: int) -> bool:
        """Whether a node is a number, which stands in the node itself."""
        return isinstance(self.swept.nodes.nodes[place], Number | Constant)

    def label(self, node: Apply) -> str:
        """What stands in a gate."""
        if node.operator == "power":
            exponent = node.arguments[1]
            whole = to_unicode(Apply("power", (Symbol("x"), exponent))) if isinstance(exponent, Number) else "x^"
            return whole.removeprefix("x")
        if node.operator == "where":
            return f"where {to_unicode(node.arguments[0])}"
        return SIGNS.get(node.operator, node.operator)

    def values(self, trees: Sequence[Tree]) -> list[str]:
        """Proven numbers at the point; formulas where a variable is open."""
        point: dict[str, Any] = {name: column[()] for name, column in self.problem.points.items()}
        if not self.problem.free:
            return [text(value) for value in proven(evaluable(list(trees)), point)[0]]
        kept = {name: self.forms.keep(tree) for name, tree in point.items()}
        written = shown(self.forms, [self.forms.keep(tree) for tree in trees])
        return [text(self.forms.put(tree, kept)) for tree in written]

    def with_total(self, node: Node) -> Node:
        """A node whose wires part, with its value and its whole gradient."""
        uses = sum(source == node.key for source, *_ in self.wires)
        if uses < 2 or not node.key.isdigit():
            return node
        place = int(node.key)
        gradient = self.swept.gradients.get(place)
        value, whole = self.values([self.swept.nodes.nodes[place], gradient or self.forms.zero])
        return Node(node.key, node.label, node.kind, value, whole if gradient else "")
