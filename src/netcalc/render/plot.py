"""A curve drawn with characters: braille dots, or ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from math import isfinite

from netcalc.records import NamedTuple, dataclass

Cell = tuple[int, int]
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a cell's dots
STEEPEST = 0.25  # of the height: a longer step between two dots across a kink is a jump, and left open


class Pen(NamedTuple):
    """What is drawn with: dots across and down a cell, the axes, and how a cell's dots become a character."""

    across: int
    down: int
    horizontal: str
    vertical: str
    braille: bool

    def character(self, dots: set[Cell]) -> str:
        if self.braille:
            return chr(0x2800 + sum(BRAILLE[y][x] for x, y in dots))
        return {(True, False): "'", (False, True): ".", (True, True): ":"}[(0, 0) in dots, (0, 1) in dots]


DOTS = Pen(2, 4, "┄", "┆", braille=True)
PLAIN = Pen(1, 2, "-", "|", braille=False)


class Window(NamedTuple):
    """The stretch of the plane that is shown."""

    left: float
    right: float
    bottom: float
    top: float


@dataclass(slots=True)
class Canvas:
    """`columns` × `rows` characters with a window behind them."""

    window: Window
    columns: int
    rows: int
    pen: Pen
    dots: dict[Cell, set[Cell]] = field(default_factory=dict)

    def places(self) -> list[float]:
        """Where along the window a curve is wanted: one place a dot."""
        count = self.columns * self.pen.across
        return [self.window.left + (self.window.right - self.window.left) * n / (count - 1) for n in range(count)]

    def draw(self, values: Sequence[float], breaks: Sequence[float] = ()) -> None:
        """The curve of these values at `places`, steps filled in but for jumps at `breaks`."""
        places, before = self.places(), None
        for x, value in enumerate(values):
            y = self._row(value) if isfinite(value) else None
            if y is not None:
                jumps = before is not None and any(places[x - 1] <= one <= places[x] for one in breaks)
                start = y if before is None or (jumps and abs(y - before) > STEEPEST * self._height) else before
                for between in range(min(start, y), max(start, y) + 1):
                    self._put(x, between)
            before = y

    @property
    def _height(self) -> int:
        return self.rows * self.pen.down

    def _row(self, value: float) -> int:
        """The dots between the top and a value; beyond the window, just outside it."""
        down = (self.window.top - value) / (self.window.top - self.window.bottom)
        return round(min(max(down * (self._height - 1), -1), self._height))

    def _put(self, x: int, y: int) -> None:
        if 0 <= y < self._height:
            cell = x // self.pen.across, y // self.pen.down
            self.dots.setdefault(cell, set()).add((x % self.pen.across, y % self.pen.down))

    def lines(self) -> Iterator[str]:
        """The rows, from the top, the axes where nothing else is."""
        level = self._row(0.0) // self.pen.down if self.window.bottom <= 0 <= self.window.top else -1
        middle = round(-self.window.left / (self.window.right - self.window.left) * (self.columns - 1))
        for row in range(self.rows):
            blank = [self.pen.horizontal if row == level else " "] * self.columns
            if 0 <= middle < self.columns:
                blank[middle] = self.pen.vertical
            marks = (self.dots.get((column, row)) for column in range(self.columns))
            yield "".join(self.pen.character(dots) if dots else empty for dots, empty in zip(marks, blank, strict=True))
