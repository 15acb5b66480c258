"""Displays laid out as lines of text: brackets around rows, parts side by side on one baseline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from netcalc.expression.tree import Number, Symbol, Tree
from netcalc.notation import is_plain, to_ascii, to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, is_ratio, needs_brackets
from netcalc.records import NamedTuple

EQUALS = " = "
GAP = "  "  # between the columns of a matrix


class Block(NamedTuple):
    """Lines of one width; the `baseline` is the line on which a neighbour of one line stands."""

    lines: tuple[str, ...]
    baseline: int = 0

    @property
    def width(self) -> int:
        return len(self.lines[0])


class Style(NamedTuple):
    """How formulas and the things between them are written; brackets are (alone, top, middle, bottom), each a pair.

    `flat` writes a matrix in one line, as it is typed: `[4, -4; 1, 2]`.
    """

    formula: Callable[[Tree], str]
    square: tuple[str, str, str, str]
    round: tuple[str, str, str, str]
    transposed: str
    symbols: Mapping[str, str]
    flat: bool = False


UNICODE = Style(
    to_unicode, ("[]", "⎡⎤", "⎢⎥", "⎣⎦"), ("()", "⎛⎞", "⎜⎟", "⎝⎠"), "ᵀ", {"": " ", "∘": " ∘ ", "+": " + ", "−": " − "}
)
ASCII = Style(
    to_ascii, ("[]", "[]", "[]", "[]"), ("()", "/\\", "||", "\\/"), "^T", {"": " ", "∘": " .* ", "+": " + ", "−": " - "}
)
DOTS = frozenset("⋯⋮⋱")  # in the place of rows and columns that are not drawn
BETWEEN_ROWS = re.compile(r"(?<=;) |(?<=\]) (?=(?:\S )?\[)")  # of matrices as they are typed, and between two of them
BEGINS_MATRIX = re.compile(r"(?:\S )?\[")
NARROWEST = 24  # columns that a text is wrapped to
INDENT = 12  # columns at most that a chain's further lines stand to the right


def current() -> Style:
    """How formulas are written now."""
    return ASCII if is_plain() else UNICODE


def in_line(display: Display, style: Style | None = None) -> str:
    """A display in one line of text."""
    style = style or current()
    return lay_out(display, style._replace(flat=True)).lines[0]


def lay_out(display: Display, style: Style | None = None) -> Block:
    """A display as a block of text."""
    style = style or current()
    if isinstance(display, Matrix):
        return _matrix(display, style)
    if isinstance(display, Named):
        return line(style.formula(Symbol(display.text)))
    if isinstance(display, Transposed):
        inner = _held(display.of, style, (Product, Sum, *([Named] if is_ratio(display.of) else [])))
        return beside([inner, Block((style.transposed, *[""] * (len(inner.lines) - 1)), inner.baseline)])
    if isinstance(display, Product):
        return _joined([_held(part, style, (Sum,)) for part in display.parts], style.symbols[display.symbol])
    if isinstance(display, Sum):
        return _joined([lay_out(part, style) for part in display.parts], style.symbols[display.symbol])
    return line(style.formula(display))


def line(text: str) -> Block:
    """One line."""
    return Block((text,))


def beside(blocks: Sequence[Block]) -> Block:
    """Blocks from left to right, their baselines on one line."""
    above = max(block.baseline for block in blocks)
    below = max(len(block.lines) - block.baseline for block in blocks)
    columns = []
    for block in blocks:
        width = max(map(len, block.lines))
        top = above - block.baseline
        filled = [*[""] * top, *block.lines, *[""] * (above + below - top - len(block.lines))]
        columns.append([text.ljust(width) for text in filled])
    return Block(tuple("".join(parts) for parts in zip(*columns, strict=True)), above)


def chain(
    displays: Sequence[Display], width: int, style: Style | None = None, page: int | None = None
) -> Iterator[Block]:
    """`a = b = c` in as many blocks, one below another, as keep within the width; each further one begins with `=`.

    Of what is wider than that by itself, a sum of matrices has a line a term; else it is written as it is typed, a
    matrix row by row, a formula in one line, or in lines within a `page` of so many columns.
    """
    style = style or current()
    head = lay_out(displays[0], style)
    indent = line(" " * min(head.width, INDENT))
    beyond = indent.width + len(EQUALS)
    room = None if page is None else max(page - max(head.width, indent.width) - len(EQUALS), NARROWEST)
    held, ends = [_fitting(displays[0], width - beyond, style, room)], False
    for display in displays[1:]:
        lines = _term_by_term(display, width - beyond, style)
        parts = lines or [(EQUALS, _fitting(display, width - beyond, style, room))]
        for sign, part in parts:
            is_full = sum(block.width for block in (*held, part)) + len(EQUALS) > width
            if len(held) > 1 and (ends or lines or is_full):
                yield beside(held)
                held = [indent]
            held += [line(sign), part]
            ends = bool(lines) or (len(part.lines) > 1 and part != lay_out(display, style))  # row by row
    yield beside(held)


def _fitting(display: Display, width: int, style: Style, room: int | None) -> Block:
    block = lay_out(display, style)
    return block if block.width <= width else _row_by_row(in_line(display, style), max(width, NARROWEST), room)


def _term_by_term(display: Display, width: int, style: Style) -> list[tuple[str, Block]]:
    """A sum that is too wide as a line a term, each behind its sign; none where a term is too wide, or nothing is."""
    if not isinstance(display, Sum) or lay_out(display, style).width <= width:
        return []
    terms = [lay_out(part, style) for part in display.parts]
    if all(len(term.lines) == 1 for term in terms) or any(term.width > width for term in terms):
        return []
    sign = style.symbols[display.symbol]
    return list(zip([EQUALS, *[sign] * len(terms)], terms, strict=False))


def _row_by_row(text: str, width: int, room: int | None) -> Block:
    """A display as it is typed, each row of a matrix in lines of its own; what has no rows, in one line or the room."""
    from netcalc.render.wrapping import wrapped

    first, *rows = BETWEEN_ROWS.split(text)
    if not rows and (room is None or len(text) <= room):
        return line(text)
    if not rows:
        lines = wrapped(text, room or width, subsequent="  ")
        return Block(tuple(text.ljust(max(map(len, lines))) for text in lines))
    lines, inside = list[str](), 0
    for row in (first, *rows):
        begins = BEGINS_MATRIX.match(row)
        inside = begins.end() if begins else inside
        indent = " " * (0 if begins else inside)
        lines += wrapped(row, width, initial=indent, subsequent=" " * (inside + 1))
    return Block(tuple(text.ljust(max(map(len, lines))) for text in lines))


def _joined(blocks: Sequence[Block], between: str) -> Block:
    parts = [blocks[0]]
    for block in blocks[1:]:
        parts += [line(between), block]
    return beside(parts)


def _held(part: Display, style: Style, loose: tuple[type, ...]) -> Block:
    """A part, in brackets if it is one of the `loose` kinds, or a formula that a product would tear apart."""
    block = lay_out(part, style)
    return _bracketed(block, style.round) if isinstance(part, loose) or needs_brackets(part) else block


def _matrix(matrix: Matrix, style: Style) -> Block:
    if style.flat:
        return line("[" + "; ".join(", ".join(map(style.formula, entries)) for entries in matrix.entries) + "]")
    columns = [_column(entries, style) for entries in zip(*matrix.entries, strict=True)]
    lines = tuple(GAP.join(cells) for cells in zip(*columns, strict=True))
    return _bracketed(Block(lines, (len(lines) - 1) // 2), style.square, space=" ")


def _column(entries: Sequence[Tree], style: Style) -> list[str]:
    """A matrix's column, numbers to the right on their decimal points, formulas centred, dots between numbers too."""
    texts = [style.formula(entry) for entry in entries]
    numbers = [text for text, entry in zip(texts, entries, strict=True) if isinstance(entry, Number)]
    if not all(isinstance(entry, Number) or text in DOTS for text, entry in zip(texts, entries, strict=True)):
        width = max(map(len, texts))
        return [text.center(width) for text in texts]
    if not numbers:
        return texts
    wholes = [text.partition(".")[0] for text in numbers]
    in_one_way = not any("e" in text or "/" in text for text in numbers)
    aligned = _aligned(numbers, wholes) if in_one_way else _right(numbers)
    width, rest = len(aligned[0]), iter(aligned)
    return [next(rest) if isinstance(entry, Number) else style.formula(entry).center(width) for entry in entries]


def _aligned(texts: Sequence[str], wholes: Sequence[str]) -> list[str]:
    left = max(map(len, wholes))
    right = max(len(text) - len(whole) for text, whole in zip(texts, wholes, strict=True))
    return [whole.rjust(left) + text[len(whole) :].ljust(right) for text, whole in zip(texts, wholes, strict=True)]


def _right(texts: Sequence[str]) -> list[str]:
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]


def _bracketed(block: Block, brackets: tuple[str, str, str, str], space: str = "") -> Block:
    alone, top, middle, bottom = brackets
    rows = len(block.lines)
    pairs = [alone] if rows == 1 else [top, *[middle] * (rows - 2), bottom]
    lines = [f"{pair[0]}{space}{text}{space}{pair[1]}" for text, pair in zip(block.lines, pairs, strict=True)]
    return Block(tuple(lines), block.baseline)
