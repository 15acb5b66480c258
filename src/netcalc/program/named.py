"""What a program's names stand for: its forward pass's, and not those of its gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from netcalc.graph.leaves import INPUT, NAMED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.rebuilt import with_arguments
from netcalc.program.frames import Assigned
from netcalc.program.statements import Statements
from netcalc.program.values import Tensor

GRADIENT_NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}grad", "g_{}")


def returned_again(output: Node, named: Mapping[str, Node]) -> dict[Node, Node]:
    """Names for what a call returned, and the call's own array, where the call goes on with that itself.

    The gradient by `logits` in `logits, loss = model(x, y)` has what the call made of it.
    """
    order = in_order([output, *named.values()])
    users: dict[Node, set[Node]] = {}
    for node in order:
        for arg in node.args:
            users.setdefault(arg, set()).add(node)
    found: dict[Node, Node] = {}
    for node in order:
        if node.operation is NAMED and node.params.again and node is not output:
            (own,) = node.args
            if own in found or users[own] != {node}:
                found[node] = found.get(own, own)
    return found


def as_calls_call_them(output: Node, named: Mapping[str, Node]) -> tuple[Node, Mapping[str, Node]]:
    """The output and named nodes with a call's own arrays in the places of those that stand for them."""
    again = returned_again(output, named)
    if not again:
        return output, named
    done: dict[Node, Node] = {}
    for node in in_order([output, *named.values()]):
        done[node] = done[again[node]] if node in again else with_arguments(node, [done[one] for one in node.args])
    return done[output], {key: done[node] for key, node in named.items()}


def without_gradients(reader: Statements, output: Node) -> list[Assigned]:
    """The names of the forward pass: those of a backward pass below it say gradients, and lead to no output."""
    leads = set(in_order([output]))
    names = set(reader.inputs)
    found = []
    for one in reader.assigned:
        is_one = is_gradient(one.name, names, [*GRADIENT_NAMES, "g{}"])
        if not is_one or (one.node in leads and name_of(one.node) == one.name):
            found.append(one)
        names.add(one.name)
    return found


def is_gradient(name: str, names: Collection[str], forms: Sequence[str] = GRADIENT_NAMES) -> bool:
    """Whether a name says the gradient of one of the others."""
    for form in forms:
        before, _, behind = form.partition("{}")
        if name.startswith(before) and name.endswith(behind) and name[len(before) : len(name) - len(behind)] in names:
            return True
    return False


def names_of(
    assigned: Sequence[Assigned], inputs: Mapping[str, Tensor], main: int
) -> tuple[dict[str, Node], dict[str, int]]:
    """The named nodes, by what tells them apart, in the order in which they were assigned; and their lines.

    What is called `_` is not looked at.
    """
    assigned = [one for one in assigned if one.name.strip("_")]
    last = {one.name: place for place, one in enumerate(assigned) if one.level == main}
    last = {one.name: place for place, one in enumerate(assigned) if one.name not in last} | last
    times = Counter(one.name for one in assigned)
    lines = Counter((one.name, one.line) for one in assigned)
    passed: Counter[tuple[str, int]] = Counter()
    named: dict[str, Node] = {}
    where: dict[str, int] = {}
    for number, one in enumerate(assigned):
        if times[one.name] == 1 and one.name not in inputs:
            named[one.name], where[one.name] = one.node, one.line
            continue
        place = (one.name, one.line)
        passed[place] += 1
        label = f"{one.name}@{one.line}" + f".{passed[place]}" * (lines[place] > 1)
        if one.node.operation is not INPUT:
            named[label], where[label] = one.node, one.line
        if last[one.name] == number and one.name not in inputs:
            named[one.name], where[one.name] = one.node, one.line
    return named, where


def made_of(leaves: Sequence[Node], roots: Sequence[Node]) -> set[Node]:
    """The nodes that depend on leaves."""
    found: set[Node] = set(leaves)
    for node in in_order(roots):
        if any(arg in found for arg in node.args):
            found.add(node)
    return found
