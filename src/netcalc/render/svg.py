"""A circuit as SVG, by itself: no program, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from netcalc.circuit import Circuit, Wire
from netcalc.render.column import column
from netcalc.render.layout import Place, places
from netcalc.render.pixels import GATE, LINE, MARGIN, Box, Drawing, boxed, is_round, lines_of, size, wide

ROW = 46.0  # pixels between two nodes of a column
PORT = 38.0  # pixels between the wires that end at a unit
WIDEST = 1400.0  # pixels that a page shows with text that is still read
PHONE = 500.0  # pixels that are still read on a page of 390
AIR = 10.0  # pixels on either side of the text on a wire
BEND = 34.0  # pixels that a wire takes to come to another height
STYLE = (
    ".nc{color-scheme:light dark}.nc text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}"
    ".nc .w{stroke:#8b949e;fill:none}.nc .g{stroke:#57606a;fill:#f6f8fa}"
    ".nc .f{fill:#1a7f37}.nc .b{fill:#c0362c}.nc .t{font-weight:600}"
    "@media(prefers-color-scheme:dark){.nc text{fill:#e6edf3}.nc .w{stroke:#6e7681}.nc .g{stroke:#8b949e;fill:#21262d}"
    ".nc .f{fill:#56d364}.nc .b{fill:#ff9b8e}}"
)


def svg(circuit: Circuit) -> Iterator[str]:
    """The drawing: values in green, gradients in red; from left to right, or down the page where that is too wide."""
    across = _across(circuit)
    is_down = across.width > WIDEST and not any(node.kind == "unit" for node in circuit.nodes)
    yield from _of(circuit, column(circuit) if is_down else across)


def figures(circuit: Circuit) -> Iterator[str]:
    """The drawing for a page, which shows what is of the class `phone` where it is narrow: there a program's lines go
    down the page, if they were too small to read from left to right.
    """
    across = _across(circuit)
    if PHONE < across.width <= WIDEST and not any(node.kind == "unit" or is_round(node) for node in circuit.nodes):
        yield from ('<figure class="desk">', *_of(circuit, across), "</figure>")
        yield from ('<figure class="phone">', *_of(circuit, column(circuit)), "</figure>")
    else:
        yield from ("<figure>", *svg(circuit), "</figure>")


def _of(circuit: Circuit, drawn: Drawing) -> Iterator[str]:
    width = max(drawn.width, wide(circuit.title) + 2 * MARGIN)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {drawn.height:.0f}" '
        f'width="{width:.0f}" height="{drawn.height:.0f}" role="img" class="nc">'
    )
    yield f"<title>{escape(circuit.title)}</title>"
    yield f"<desc>{escape(description(circuit))}</desc>"
    yield f"<style>{STYLE}</style>"
    yield f'<text class="t" x="{MARGIN:.0f}" y="{MARGIN + 6:.0f}">{escape(circuit.title)}</text>'
    yield from drawn.elements
    yield "</svg>"


def _across(circuit: Circuit) -> Drawing:
    """Columns from left to right: values above the wires, gradients below."""
    boxes = _boxes(circuit, places(circuit))
    width = max(box.x + box.half_width for box in boxes.values()) + MARGIN
    sizes = {key: (box.half_width, box.half_height) for key, box in boxes.items()}
    height = max(box.y + _reach(circuit, key, sizes) for key, box in boxes.items()) + LINE
    elements: list[str] = []
    for node in circuit.nodes:
        ends = circuit.sources(node.key)
        for port, wire in enumerate(ends):
            draw = _levelled if circuit.is_tree else _ported
            elements += draw(wire, boxes[wire.source], boxes[wire.target], port - (len(ends) - 1) / 2)
    for node in circuit.nodes:
        elements += boxed(node, boxes[node.key], lines_of(node))
    return Drawing(width, height, elements)


def description(circuit: Circuit) -> str:
    """The drawing in words, for who cannot see it."""
    names = {node.key: node.label for node in circuit.nodes}
    said = [f"{node.label} is {node.forward}, its gradient {node.backward}" for node in circuit.nodes if node.forward]
    for wire in circuit.wires:
        if wire.forward or wire.backward:
            back = f", gradient {wire.backward}" if wire.backward else ""
            said.append(f"from {names[wire.source]} to {names[wire.target]}: value {wire.forward}{back}")
    return "; ".join(said) + "."


def _boxes(circuit: Circuit, placed: Mapping[str, Place]) -> dict[str, Box]:
    sizes = {node.key: (GATE, GATE) if is_round(node) else size(lines_of(node)) for node in circuit.nodes}
    columns: dict[int, list[str]] = {}
    for key, place in placed.items():
        columns.setdefault(place.column, []).append(key)
    lefts = _lefts(circuit, placed, sizes, columns)
    rows = {column: _spacing(circuit, keys, sizes) for column, keys in columns.items()}
    if circuit.is_tree:
        rows = dict.fromkeys(rows, max(rows.values()))
    heights = {key: place.row * rows[place.column] for key, place in placed.items()}
    top = 2 * MARGIN + LINE - min(heights[key] - _reach(circuit, key, sizes) for key in heights)
    return {key: Box(lefts[place.column], top + heights[key], *sizes[key]) for key, place in placed.items()}


def _lefts(
    circuit: Circuit,
    placed: Mapping[str, Place],
    sizes: Mapping[str, tuple[float, float]],
    columns: Mapping[int, list[str]],
) -> list[float]:
    """The middle of each column: between two there is room for the texts on the wires, and for their bends."""
    widest = [max(sizes[key][0] for key in columns[column]) for column in sorted(columns)]
    gaps = [0.0] * len(widest)  # before each column
    bends = 1.5 * BEND if circuit.is_tree else 4 * BEND
    for wire in circuit.wires:
        start, end = placed[wire.source].column, placed[wire.target].column
        there = sum(gaps[start + 1 : end]) + sum(2 * one for one in widest[start + 1 : end])
        gaps[end] = max(gaps[end], _label_width(wire) + bends - there)
    return [MARGIN + sum(gaps[: column + 1]) + 2 * sum(widest[:column]) + widest[column] for column in range(len(gaps))]


def _spacing(circuit: Circuit, keys: list[str], sizes: Mapping[str, tuple[float, float]]) -> float:
    """Pixels from a node of a column to the next."""
    return max(ROW, 2 * max(_reach(circuit, key, sizes) for key in keys) + LINE / 2)


def _reach(circuit: Circuit, key: str, sizes: Mapping[str, tuple[float, float]]) -> float:
    """How far above its middle a node reaches, with the wires that end there."""
    wires = 0.0 if circuit.is_tree else PORT * len(circuit.sources(key)) / 2
    return max(sizes[key][1], wires)


def _label_width(wire: Wire) -> float:
    return max(wide(wire.forward), wide(wire.backward)) + 2 * AIR


def _levelled(wire: Wire, start: Box, end: Box, _port: float) -> Iterator[str]:
    """Level from where it starts, its text above and below, then to the middle of where it ends."""
    x1, y1, x2, y2 = start.x + start.half_width, start.y, end.x - end.half_width, end.y
    bend = x2 - BEND
    yield f'<path class="w" d="M{x1:.1f} {y1:.1f}H{bend:.1f}{_curve(bend, y1, x2, y2)}"/>'
    x = x1 + _label_width(wire) / 2 if y1 != y2 else (x1 + x2) / 2
    yield from _texts(wire, x, y1)


def _ported(wire: Wire, start: Box, end: Box, port: float) -> Iterator[str]:
    """To a height of its own before it ends, level there, its text above and below, then to the middle."""
    x1, y1, x2, y2 = start.x + start.half_width, start.y, end.x - end.half_width, end.y + port * PORT
    bend = x2 - BEND
    level = bend - _label_width(wire)
    bent = _curve(bend, y2, x2, end.y)
    turn = max(x1, level - 3 * BEND)  # level past the columns between
    yield f'<path class="w" d="M{x1:.1f} {y1:.1f}H{turn:.1f}{_curve(turn, y1, level, y2)}H{bend:.1f}{bent}"/>'
    yield from _texts(wire, bend - _label_width(wire) / 2, y2)


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    """From one height to another, level at both ends."""
    middle = (x1 + x2) / 2
    return f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


def _texts(wire: Wire, x: float, y: float) -> Iterator[str]:
    for text, style, offset in ((wire.forward, "f", -5.0), (wire.backward, "b", LINE - 3)):
        if text:
            yield f'<text class="{style}" x="{x:.1f}" y="{y + offset:.1f}" text-anchor="middle">{escape(text)}</text>'
