"""A circuit drawn with characters: each value on its wire, the gradient below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from netcalc.circuit import Circuit, Wire
from netcalc.notation import is_plain
from netcalc.records import dataclass
from netcalc.render.frame import frame
from netcalc.render.layout import places
from netcalc.render.spelling import spelled

LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
LINES = {3: "─", 12: "│", 9: "╮", 5: "╯", 10: "╭", 6: "╰", 11: "┬", 7: "┴", 13: "┤", 14: "├", 15: "┼", 1: "─", 2: "─"}
PLAIN = {3: "-", 12: "|", 1: "-", 2: "-"}  # and + for every corner
APART = 2  # lines between two rows: one for the wire, one for its gradient
SHORTEST = 8  # columns of a wire beside its text
WIDEST = 160  # columns that a drawing is still taken in with
FORWARD, BACKWARD = "green", "red"


@dataclass(frozen=True, slots=True)
class Drawing:
    """The circuit as a drawing where it is a tree and fits, else as a list of its wires."""

    circuit: Circuit

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(f"\n{spelled(self.circuit.title)}", style="bold")
        if self.circuit.is_tree:
            lines = list(_Grid.of(self.circuit).lines())
            if max(line.cell_len for line in lines) <= min(options.max_width, WIDEST):
                yield Text("\n").join(lines)
                return
        yield _listed(self.circuit)


def _listed(circuit: Circuit) -> RenderableType:
    """A row a wire: from where to where, the value and the gradient."""
    table = frame("from", "to", "value", "gradient", right=("value", "gradient"))
    labels = {node.key: node.label for node in circuit.nodes}
    for wire in circuit.wires:
        cells = labels[wire.source], labels[wire.target], wire.forward, wire.backward
        table.add_row(*map(spelled, cells))
    return table


@dataclass(slots=True)
class _Grid:
    """Characters by line and column: pieces of wire as the directions they go in, and texts over them."""

    wires: dict[tuple[int, int], int] = field(default_factory=dict)
    texts: list[tuple[int, int, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, circuit: Circuit) -> _Grid:
        grid, placed = cls(), places(circuit)
        labels = {one.key: spelled(f"({one.label})" if one.kind == "gate" else one.label) for one in circuit.nodes}
        count = max(place.column for place in placed.values()) + 1
        widths = [max(len(labels[key]) for key, at in placed.items() if at.column == column) for column in range(count)]
        gaps = [0, *[SHORTEST] * count]
        for wire in circuit.wires:
            after = placed[wire.source].column + 1
            gaps[after] = max(gaps[after], SHORTEST + max(len(spelled(wire.forward)), len(spelled(wire.backward))))
        lefts = [sum(gaps[: column + 1]) + sum(widths[:column]) for column in range(count)]
        rows = {key: round(APART * at.row) for key, at in placed.items()}
        for wire in circuit.wires:
            start, end = placed[wire.source].column, placed[wire.target].column
            grid.wire((lefts[start] + widths[start] + 1, rows[wire.source]), (lefts[end] - 2, rows[wire.target]))
            room = gaps[start + 1] - 3
            grid.label(wire, lefts[start] + widths[start] + 1, rows[wire.source], room)
        for key, at in placed.items():
            grid.texts.append((rows[key], lefts[at.column], labels[key].rjust(widths[at.column]), "bold"))
        return grid

    def wire(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Level to the bend before the end, up or down there, and on."""
        (x1, y1), (x2, y2) = start, end
        bend = x2 - 1
        for x in range(x1, bend):
            self.add(x, y1, LEFT | RIGHT)
        self.add(bend, y1, LEFT | (RIGHT if y1 == y2 else DOWN if y2 > y1 else UP))
        for y in range(min(y1, y2) + 1, max(y1, y2)):
            self.add(bend, y, UP | DOWN)
        if y1 != y2:
            self.add(bend, y2, RIGHT | (UP if y2 > y1 else DOWN))
        self.add(x2, y2, LEFT | RIGHT)

    def add(self, x: int, y: int, directions: int) -> None:
        self.wires[y, x] = self.wires.get((y, x), 0) | directions

    def label(self, wire: Wire, x: int, y: int, room: int) -> None:
        """The value on the wire, the gradient below."""
        if wire.forward:
            text = spelled(wire.forward)
            self.texts.append((y, x + (room - len(text)) // 2 - 1, f" {text} ", FORWARD))
        if wire.backward:
            text = spelled(wire.backward)
            self.texts.append((y + 1, x + (room - len(text)) // 2, text, BACKWARD))

    def lines(self) -> Iterator[Text]:
        """The drawing, from the top."""
        height = max([y for y, *_ in self.texts] + [y for y, _ in self.wires]) + 1
        signs = PLAIN if is_plain() else LINES
        for line in range(height):
            drawn = {x: signs.get(bits, "+") for (y, x), bits in self.wires.items() if y == line}
            over = sorted((x, text, style) for y, x, text, style in self.texts if y == line)
            for x, text, _ in over:
                drawn |= {x + place: letter for place, letter in enumerate(text)}
            whole = Text("".join(drawn.get(x, " ") for x in range(max(drawn, default=-1) + 1)).rstrip())
            for x, text, style in over:
                whole.stylize(style, x, x + len(text))
            yield whole
