"""What a drawing is put together from: how large text is, boxes with lines of text in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from html import escape

from netcalc.circuit import Node
from netcalc.records import NamedTuple

LETTER = 7.4  # pixels of an average letter at the size of the text
BOLD = 1.14  # times as wide are the letters of a title
LINE = 17.0  # pixels between two lines of text
MARGIN = 16.0
GATE = 15.0  # radius of a round gate
PADDING = 8.0  # pixels between a box and the text in it

Line = tuple[str, str]  # a text and its style: "t" a title, "f" a value, "b" a gradient


class Box(NamedTuple):
    """A node on the page: its middle, and half its width and height."""

    x: float
    y: float
    half_width: float
    half_height: float


class Drawing(NamedTuple):
    """Elements of SVG, and the pixels that they take."""

    width: float
    height: float
    elements: Sequence[str]


def wide(text: str) -> float:
    """How wide a text is, about."""
    return LETTER * sum(not unicodedata.combining(letter) for letter in text)


def lines_of(node: Node) -> list[Line]:
    """What stands in a node: its label, and its value and gradient where it shows them."""
    return [(text, style) for text, style in ((node.label, "t"), (node.forward, "f"), (node.backward, "b")) if text]


def is_round(node: Node) -> bool:
    """Whether a node is a circle around a sign."""
    return node.kind == "gate" and len(node.label) <= 2


def size(lines: Sequence[Line]) -> tuple[float, float]:
    """Half the width and height of a box with lines of text in it."""
    widest = max(wide(text) * (BOLD if style == "t" else 1) for text, style in lines)
    return widest / 2 + PADDING, LINE * len(lines) / 2 + 4


def boxed(node: Node, box: Box, lines: Sequence[Line], *, aligned: bool = False) -> Iterator[str]:
    """A node with its lines of text, in its middle or aligned at its left; what is given or an output has no frame."""
    if is_round(node) and not aligned:
        yield f'<circle class="g" cx="{box.x:.1f}" cy="{box.y:.1f}" r="{GATE:.0f}"/>'
    elif node.kind in ("gate", "unit"):
        left, top = box.x - box.half_width, box.y - box.half_height
        sides = f'width="{2 * box.half_width:.1f}" height="{2 * box.half_height:.1f}"'
        yield f'<rect class="g" x="{left:.1f}" y="{top:.1f}" {sides} rx="8"/>'
    x, anchor = (box.x - box.half_width + PADDING, "start") if aligned else (box.x, "middle")
    first = box.y - LINE * (len(lines) - 1) / 2 + 4.5
    for number, (text, style) in enumerate(lines):
        y = first + number * LINE
        yield f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
