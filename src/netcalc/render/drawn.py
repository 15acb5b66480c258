"""A tensor whose entries have one formula, as one row of a table: its values drawn as matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from netcalc.explain.explanation import literal
from netcalc.expression import Symbol, Tree
from netcalc.notation import to_unicode
from netcalc.notation.displays import Matrix
from netcalc.records import NamedTuple
from netcalc.render.blocks import lay_out
from netcalc.render.prose import output_name
from netcalc.result import Element, Tensor

BETWEEN = 3  # columns of the line between two columns of a table
FORMULA = 27  # columns that formulas are left beside drawings


class Room(NamedTuple):
    """How many columns drawings may take in a column of their own, and below their formula."""

    beside: int
    below: int


def drawing(tensor: Tensor, elements: Sequence[Element], *, closed: bool) -> list[str] | None:
    """The cells of its exact forms, where they are asked for, and of its values; None where it is listed.

    A vector is drawn as a row, as NumPy prints it; what has more than two axes a slice below another.
    """
    if not tensor.entries.ndim or not 1 < tensor.entries.size == len(elements):
        return None
    if not is_one_formula(elements) or (closed and any(one.value.exact is None for one in elements)):
        return None
    exact = [_drawn(tensor, elements, lambda one: one.value.exact or literal(one.value))] if closed else []
    return [*exact, _drawn(tensor, elements, lambda one: literal(one.value))]


def is_one_formula(elements: Sequence[Element]) -> bool:
    """Whether all entries have the same formula."""
    return all(one.formula == elements[0].formula for one in elements)


def width_of(cells: Sequence[str]) -> int:
    """The columns that drawings take beside each other."""
    return sum(columns_of([cells])) + BETWEEN * (len(cells) - 1)


def below(cells: Sequence[str]) -> str:
    """Drawings below each other, the values behind the exact forms."""
    signs = ["  ", "= "] if len(cells) > 1 else [""]
    lines = [
        (sign if not n else " " * len(sign)) + line
        for sign, cell in zip(signs, cells, strict=True)
        for n, line in enumerate(cell.split("\n"))
    ]
    return "\n".join(lines)


def placed(formula: str, cells: Sequence[str], room: Room) -> list[str] | None:
    """The cells of a formula and its drawings: these beside it, or else below it in its own cell; None without room."""
    if width_of(cells) <= room.beside:
        return [formula, *cells]
    if width_of([below(cells)]) <= room.below:
        return [f"{formula}\n{below(cells)}", *[""] * len(cells)]
    return None


def room_for(drawings: Sequence[Sequence[str]], free: int, least: int, readable: int) -> Room:
    """Where drawings go, given the columns that are free beside names: beside formulas, unless the widest is too wide.

    That is drawn below its formula, and so is what takes more columns than are left beside it; other values take at
    `least` so many.
    """
    room = Room(min(free - FORMULA, readable), free - BETWEEN - least)
    fitting = [one for one in drawings if placed("", one, room) is not None]
    if all(width_of(one) <= room.beside for one in fitting):
        return room
    return room._replace(beside=free - BETWEEN - max(width_of([below(one)]) for one in fitting))


def columns_of(rows: Iterable[Sequence[str]]) -> list[int]:
    """How wide the columns of a table are, of the cells that it has in each row."""
    return [max(len(line) for cell in cells for line in cell.split("\n")) for cells in zip(*rows, strict=True)]


def _drawn(tensor: Tensor, elements: Sequence[Element], entry: Callable[[Element], Tree]) -> str:
    """Its matrix; of more than two axes one for each place along the first ones."""
    *before, height, columns = (1, *tensor.entries.shape)[-max(tensor.entries.ndim, 2) :]
    entries = [entry(one) for one in elements]
    rows = [tuple(entries[start : start + columns]) for start in range(0, len(entries), columns)]
    lines: list[str] = []
    for number, place in enumerate(product(*map(range, before))):
        label = f"[{','.join(map(str, place))}]: " if place else ""
        for n, line in enumerate(lay_out(Matrix(tuple(rows[number * height : (number + 1) * height]))).lines):
            lines.append((label if not n else " " * len(label)) + line)
    return "\n".join(lines)


def whole_name(tensor: Tensor) -> str:
    """What it is called as a whole: ∂f/∂W."""
    if tensor.titled is not None:
        return to_unicode(Symbol(tensor.titled(())))
    return to_unicode(Symbol(tensor.full)) if tensor.full else output_name(tensor.name, tensor.of)
