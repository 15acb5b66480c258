"""From one named node to the next: how its entries depend on those of the named nodes that it is made of, directly."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from netcalc.derivation.reverse import reverse
from netcalc.graph.backward import added, one_by_one, passed_on
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order


def segments(output: Node, start: Node) -> dict[Node, dict[Node, Node]]:
    """What lies between `start` and the output: each named node, first to last, by the ones that it is made of.

    Of each pair there is the Jacobian, the first one's axes, then the other's; other named nodes are held fixed.
    """
    stops = {node for node in in_order([output]) if node.operation in (NAMED, INPUT)} | {output, start}
    order = [node for node in in_order([output]) if node in stops]
    before = {node: direct(node, stops) for node in order if node is not start}
    forward = {start}
    for node in order:
        if node is not start and any(one in forward for one in _ends(before[node], stops)):
            forward.add(node)
    found: dict[Node, dict[Node, Node]] = {}
    for node in order:
        if node in forward and node is not start:
            ends = [one for one in _ends(before[node], stops) if one in forward]
            found[node] = {
                end: slope for end, slope in shares(before[node], ends, one_by_one(node)).items() if slope is not None
            }
    return _leading_to(output, found)


def _leading_to(output: Node, found: Mapping[Node, dict[Node, Node]]) -> dict[Node, dict[Node, Node]]:
    """Those that the output is made of."""
    kept = {output}
    for node in reversed(list(found)):
        if node in kept:
            kept |= found[node].keys()
    return {node: ends for node, ends in found.items() if node in kept}


def direct(node: Node, stops: Collection[Node]) -> list[Node]:
    """The nodes that a node is made of, itself last, as far back as the next stops, arguments first."""
    return in_order([node], lambda one: () if one in stops and one is not node else one.args)


def _ends(before: Sequence[Node], stops: Collection[Node]) -> list[Node]:
    return [one for one in before[:-1] if one in stops]


def shares(before: Sequence[Node], ends: Sequence[Node], delta: Node) -> dict[Node, Node | None]:
    """What `delta`, the gradient of a node, means for each of the ends that it is made of; None where nothing does.

    `before` are the nodes from the ends to it, as `direct` has them.
    """
    found = reverse(
        before, lambda one: () if one in ends else one.args, ends, delta, lambda _, parts: added(parts), passed_on
    )
    return {end: found.gradients.get(end) for end in ends}
