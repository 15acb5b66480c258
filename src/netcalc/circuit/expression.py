"""An expression gate by gate: what each gate passes on, and the part of the gradient that comes back on each wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netcalc.circuit.graph import Circuit, Gate, Node, check_count, drawn, text
from netcalc.derivation.accumulate import Sweep, shown, sweep
from netcalc.derivation.derive import evaluable
from netcalc.derivation.forms import Forms
from netcalc.errors import NetcalcError
from netcalc.expression import Tree
from netcalc.expression.tree import CONDITIONS, Apply, Number, Symbol
from netcalc.models.grad import Gradient
from netcalc.notation import to_unicode
from netcalc.solving.bits import proven

SIGNS = {"add": "+", "multiply": "×", "divide": "÷", "negate": "−", "subtract": "−", "sigmoid": "σ", "sqrt": "√"}


def expression(problem: Gradient, *, split: bool = False) -> Circuit:
    """The circuit of one expression at one point, or with formulas on its wires where a variable is left open.

    `split` has everything stand once a use. Raises NetcalcError for several expressions or points, or for more gates
    than can be looked at.
    """
    if len(problem.expressions) > 1 or problem.many:
        raise NetcalcError("a circuit is drawn of one expression at one point")
    forms = Forms(problem.variables)
    swept = sweep(forms, problem.expressions[0], problem.wrt)
    check_count(len(swept.nodes.nodes))
    gates = {str(place): _gate(swept, place, split=split) for place in range(len(swept.nodes.nodes))}
    root = str(swept.nodes.roots[0])
    gates[root] = gates[root]._replace(gradient=forms.one)

    def texts(trees: Sequence[Tree | None]) -> list[str]:
        written = _texts(problem, forms, [tree or forms.zero for tree in trees])
        return ["" if tree is None else one for tree, one in zip(trees, written, strict=True)]

    return drawn(f"f = {to_unicode(problem.expressions[0])}", gates, root, Node("f", "f", "output"), texts)


def _gate(swept: Sweep, place: int, *, split: bool) -> Gate:
    node, gradient = swept.nodes.nodes[place], swept.gradients.get(place)
    if isinstance(node, Symbol):
        return Gate(to_unicode(node), node, gradient, is_given=True, each_use=split)
    if not isinstance(node, Apply):  # a number, which stands in the node itself
        return Gate(to_unicode(node), None, None, is_given=True, each_use=True)
    back = {
        use.place: use.share
        for source in dict.fromkeys(swept.nodes.arguments[place])
        for use in swept.uses.get(source, ())
        if use.node == place
    }
    sources = [
        (str(source), back.get(index))
        for index, source in enumerate(swept.nodes.arguments[place])
        if not _is_part_of_label(node, index)
    ]
    return Gate(_label(node), node, gradient, sources, each_use=split)


def _is_part_of_label(node: Apply, index: int) -> bool:
    """Whether an argument is written in the gate: a constant exponent, the condition of a `where`."""
    argument = node.arguments[index]
    is_exponent = node.operator == "power" and index == 1 and isinstance(argument, Number)
    return is_exponent or (isinstance(argument, Apply) and argument.operator in CONDITIONS)


def _label(node: Apply) -> str:
    if node.operator == "power":
        exponent = node.arguments[1]
        whole = to_unicode(Apply("power", (Symbol("x"), exponent))) if isinstance(exponent, Number) else "x^"
        return whole.removeprefix("x")
    if node.operator == "where":
        return f"where {to_unicode(node.arguments[0])}"
    return SIGNS.get(node.operator, node.operator)


def _texts(problem: Gradient, forms: Forms, trees: Sequence[Tree]) -> list[str]:
    """Proven numbers at the point; formulas where a variable is open."""
    point: dict[str, Any] = {name: column[()] for name, column in problem.points.items()}
    if not problem.free:
        return [text(value) for value in proven(evaluable(list(trees)), point)[0]]
    kept = {name: forms.keep(tree) for name, tree in point.items()}
    return [text(forms.put(tree, kept)) for tree in shown(forms, [forms.keep(tree) for tree in trees])]
