"""A graph of tensor operations gate by gate: each wire with a tensor, and the part of its gradient that comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from netcalc.circuit.graph import Circuit, Gate, Node, check_count, drawn
from netcalc.circuit.layers import summary
from netcalc.graph import node as graph
from netcalc.graph.backward import Backward, added, backward
from netcalc.graph.leaves import INPUT, NAMED, given, name_of, without_name
from netcalc.graph.segments import direct, shares
from netcalc.graph.writing import formula
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.solving.graph_values import in_float64, is_small, values_of

MAX_CHARACTERS = 40  # of a formula on a wire


def nodes(problem: GraphProblem, *, split: bool = False) -> Circuit:
    """The circuit of a graph at its values, or with formulas on its wires where something was left out.

    `split` has an input stand once a use. Raises NetcalcError for more gates than can be looked at.
    """
    if problem.named:
        return _by_lines(problem, split=split)
    order = graph.in_order([problem.output])
    check_count(sum(bool(node.args) and node.operation is not NAMED for node in order))
    has_gradient = problem.delta is not None or not problem.output.rank
    back = backward(problem.output, problem.delta) if has_gradient else Backward({}, {})
    names = _names(problem, order)
    whole = {without_name(node): gradient for node, gradient in reversed(back.gradients.items())}

    def gate(node: graph.Node) -> Gate:
        sources = dict.fromkeys(map(without_name, node.args))
        drawn_ones = [one for one in sources if one.args or one.operation is INPUT]
        fed = [(names.get(one, str(order.index(one))), _part(back, one, node)) for one in drawn_ones]
        once = node not in names or (split and not node.args)
        return Gate(_label(node, names), node, whole.get(node), fed, is_given=not node.args, each_use=once)

    gates = {names.get(node, str(place)): gate(node) for place, node in enumerate(order) if node.operation is not NAMED}
    name, typed = problem.output_name, problem.typed
    title = name if typed is None else f"{name} = {to_unicode(typed)}"
    root = names[without_name(problem.output)]
    return drawn(title, gates, root, Node("output", name, "output"), partial(_texts, problem))


def _by_lines(problem: GraphProblem, *, split: bool) -> Circuit:
    """A program's circuit: a box a line, its name with the formula."""
    called = {node: name for name, node in reversed([*problem.inputs.items(), *problem.named.items()])}
    called |= problem.called | {problem.output: problem.output_name}
    order = [node for node in graph.in_order([problem.output]) if node in called]
    check_count(sum(node.operation is not INPUT for node in order))
    has_gradient = problem.delta is not None or not problem.output.rank
    gradients = backward(problem.output, problem.delta).gradients if has_gradient else {}
    gates = {}
    for node in order:
        before = [] if node.operation is INPUT else direct(node, called)
        ends = [one for one in before[:-1] if one in called]
        above = gradients.get(node)
        parts = dict.fromkeys(ends) if above is None else shares(before, ends, above)
        fed = [(called[end], part) for end, part in parts.items()]
        given_to = node.operation is INPUT
        line = _line(node, called)
        gates[called[node]] = Gate(line, node, above, fed, is_given=given_to, each_use=split and given_to)
    name = problem.output_name
    return drawn(name, gates, name, Node("output", name, "output"), partial(_texts, problem))


def _line(node: graph.Node, called: Mapping[graph.Node, str]) -> str:
    """A line's name, with its formula where that is short."""
    name = called[node]
    if node.operation is INPUT:
        return name
    text = f"{name} = {to_unicode(formula(without_name(node), called=called))}"
    return text if len(text) <= MAX_CHARACTERS else name


def _names(problem: GraphProblem, order: Sequence[graph.Node]) -> dict[graph.Node, str]:
    """What each node is called: by its own name, the output by its, a gate without one v1, v2, …"""
    names: dict[graph.Node, str] = {}
    for node in order:
        own = name_of(node)
        if own is not None:
            names[without_name(node)] = own if node.operation is NAMED else names.get(node, own)
    names[without_name(problem.output)] = problem.output_name
    taken = set(names.values()) | problem.inputs.keys()
    free = (name for n in range(1, len(order) + len(taken) + 1) if (name := f"v{n}") not in taken)
    for node in order:
        if node.args and node.operation is not NAMED and node not in names:
            names[node] = next(free)
    return names


def _part(back: Backward, source: graph.Node, user: graph.Node) -> graph.Node | None:
    """The part of a gradient that comes back from where a node is used."""
    uses = [one for arg in user.args if without_name(arg) is source for one in back.uses.get(arg, [])]
    shares = [one.share for one in dict.fromkeys(uses) if one.node is user]
    return added(shares) if shares else None


def _label(node: graph.Node, names: Mapping[graph.Node, str]) -> str:
    """A gate's name and its formula in the names of what feeds it."""
    name = names.get(node)
    if not node.args:
        return name or to_unicode(formula(node))
    called = [(arg, names.get(without_name(arg))) for arg in node.args]
    args = [arg if text is None else given(text, arg.shape) for arg, text in called]
    alone = graph.make(node.operation, args, node.shape, node.params)
    return f"{name} = {to_unicode(formula(alone))}"


def _texts(problem: GraphProblem, nodes: Sequence[graph.Node | None]) -> list[str]:
    """Values, proven where they are few; formulas, where they are short, if something is left out."""
    wanted = list(dict.fromkeys(node for node in nodes if node is not None))
    if problem.free:
        written = {node: to_unicode(formula(node)) for node in wanted}
        texts = {node: text if len(text) <= MAX_CHARACTERS else "" for node, text in written.items()}
    else:
        found = (values_of if is_small(problem, wanted) else in_float64)(problem, wanted)
        texts = {node: summary(array) for node, array in zip(wanted, found, strict=True)}
    return ["" if node is None else texts[node] for node in nodes]
