"""A circuit down the page: a box a node, each below what it is made of, and the wires in lanes beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netcalc.circuit import Circuit, Node
from netcalc.render.pixels import LINE, MARGIN, Box, Drawing, Line, boxed, lines_of, size

LANE = 16.0  # pixels between two wires beside the boxes
BETWEEN = 16.0  # pixels between two boxes
PORT = 9.0  # pixels between the wires that end at a box
BEND = 6.0  # pixels that a wire takes to turn


def column(circuit: Circuit) -> Drawing:
    """Each node's value in green and gradient in red, and the parts of it that come back where it has several uses."""
    order = [node.key for node in circuit.nodes]
    texts = {node.key: _lines(circuit, node) for node in circuit.nodes}
    lanes = _lanes(circuit, order)
    left = MARGIN + LANE * (max(lanes.values(), default=0) + 1)
    boxes: dict[str, Box] = {}
    top = 2 * MARGIN + LINE
    for node in circuit.nodes:
        half_width, half_height = size(texts[node.key])
        half_height = max(half_height, PORT * (len(circuit.sources(node.key)) + 2) / 2)
        boxes[node.key] = Box(left + half_width, top + half_height, half_width, half_height)
        top += 2 * half_height + BETWEEN
    elements = [*_wires(circuit, boxes, lanes, left)]
    for node in circuit.nodes:
        elements += boxed(node, boxes[node.key], texts[node.key], aligned=True)
    width = max(box.x + box.half_width for box in boxes.values()) + MARGIN
    return Drawing(width, top - BETWEEN + MARGIN, elements)


def _lines(circuit: Circuit, node: Node) -> Sequence[Line]:
    """A node's label, value and gradient, each once: those that its only wire carries, or its own and their parts."""
    own = lines_of(node)
    uses = [wire for wire in circuit.wires if wire.source == node.key]
    if len(own) == 1 and uses:
        value = "" if uses[0].forward in (node.label, node.label.partition(" = ")[2]) else uses[0].forward  # in letters
        own += [(text, style) for text, style in ((value, "f"), (uses[0].backward, "b")) if text]
    elif len(uses) > 1:
        names = {other.key: other.label.partition(" = ")[0] for other in circuit.nodes}
        own += [(f"{wire.backward} from {names[wire.target]}", "b") for wire in uses if wire.backward]
    return own


def _lanes(circuit: Circuit, order: Sequence[str]) -> Mapping[str, int]:
    """The lane of each node's wires, 0 next to the boxes; two that pass the same box are in different ones."""
    rows = {key: row for row, key in enumerate(order)}
    ends = {key: max((rows[wire.target] for wire in circuit.wires if wire.source == key), default=0) for key in order}
    found: dict[str, int] = {}
    until: list[int] = []  # where each lane is free again
    for key in order:
        if ends[key] <= rows[key]:
            continue
        free = next((lane for lane, row in enumerate(until) if row <= rows[key]), len(until))
        until[free : free + 1] = [ends[key]]
        found[key] = free
    return found


def _wires(circuit: Circuit, boxes: Mapping[str, Box], lanes: Mapping[str, int], left: float) -> Iterator[str]:
    """From the foot of a box along its lane to the head of each that uses it, at a port of its own."""
    for node in circuit.nodes:
        for port, wire in enumerate(circuit.sources(node.key)):
            start, end = boxes[wire.source], boxes[node.key]
            x = left - LANE * (lanes[wire.source] + 1)
            out, into = start.y + start.half_height - PORT, end.y - end.half_height + PORT * (port + 1)
            yield (
                f'<path class="w" d="M{left:.1f} {out:.1f}H{x + BEND:.1f}Q{x:.1f} {out:.1f} {x:.1f} {out + BEND:.1f}'
                f"V{into - BEND:.1f}Q{x:.1f} {into:.1f} {x + BEND:.1f} {into:.1f}H{left - 1:.1f}"
                f'm-4 -3l4 3l-4 3"/>'
            )
