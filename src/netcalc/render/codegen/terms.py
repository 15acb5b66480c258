"""Code on its way to being written: expressions that share their parts, arrays whose axes bear letters."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from netcalc.graph.terms import ONE
from netcalc.records import NamedTuple, dataclass

if TYPE_CHECKING:
    from netcalc.render.codegen.language import Language


class Level(IntEnum):
    """How tightly Python's operators hold together."""

    ANY = 0
    COMPARE = 1
    OR = 2
    AND = 3
    ADD = 4
    MULTIPLY = 5
    UNARY = 6
    POWER = 7
    ATOM = 8


@dataclass(frozen=True, eq=False, slots=True)
class Code:
    """An expression: `template` with its operands put in, each held as tightly as `levels` says.

    What is `cheap` is written again rather than given a name: a view, a number, a size. With `lines` it is no
    expression but statements that make `{name}`. `hint` is what it may be called. Each function works out anew what has
    a `size`, which says that it is one, and what is `constant`, arithmetic of numbers alone: neither is an array that
    may be handed on. `number` counts: operands come first.
    """

    template: str
    level: Level
    operands: tuple[Code, ...]
    levels: tuple[Level, ...]
    number: int
    cheap: bool
    lines: tuple[str, ...]
    hint: str
    size: bool
    constant: bool

    @property
    def is_local(self) -> bool:
        """Whether each function works it out anew."""
        return self.size or self.constant


def slots(count: int, first: int = 0) -> str:
    """`{0}, {1}`: where so many operands go."""
    return ", ".join(f"{{{n}}}" for n in range(first, first + count))


class Codes:
    """Makes expressions; equal ones are one object."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Code] = {}

    def make(
        self,
        template: str,
        level: Level,
        operands: Sequence[Code] = (),
        levels: Level | Sequence[Level] = Level.ANY,
        *,
        cheap: bool = False,
        lines: Sequence[str] = (),
        hint: str = "",
        size: bool = False,
    ) -> Code:
        """The expression of that template."""
        held = (levels,) * len(operands) if isinstance(levels, Level) else tuple(levels)
        key = (template, tuple(operand.number for operand in operands), tuple(lines))
        found = self._made.get(key)
        if found is None:
            is_plain = not any(map(str.isalpha, template)) if operands else template[:1].isdigit()
            constant = is_plain and not lines and all(one.constant for one in operands)
            cheap = cheap or constant
            number = len(self._made)
            found = Code(template, level, tuple(operands), held, number, cheap, tuple(lines), hint, size, constant)
            self._made[key] = found
        return found

    def leaf(self, text: str) -> Code:
        """A name, or a number that is not negative."""
        return self.make(text, Level.ATOM, cheap=True)

    def call(self, template: str, *operands: Code, cheap: bool = False, hint: str = "") -> Code:
        """A call: `np.exp({0})`."""
        return self.make(template, Level.ATOM, operands, cheap=cheap, hint=hint)

    def method(self, template: str, operand: Code, *others: Code, cheap: bool = False, hint: str = "") -> Code:
        """What follows its first operand: `{0}.T`, `{0}[{1}]`."""
        levels = (Level.ATOM, *[Level.ANY] * len(others))
        return self.make(template, Level.ATOM, (operand, *others), levels, cheap=cheap, hint=hint)


class Piece(NamedTuple):
    """An array as code. `axes` are the letters of its axes; those of its node that it lacks it is broadcast along."""

    code: Code
    axes: str = ""

    @property
    def letters(self) -> str:
        """The axes of more than one entry."""
        return self.axes.replace(ONE, "")

    def renamed(self, names: dict[str, str]) -> Piece:
        """The same with other letters."""
        return Piece(self.code, "".join(names.get(one, one) for one in self.axes))


def common_layout(pieces: Sequence[Piece], out: str) -> str:
    """The axes in which pieces are combined: those that the result has, in its order, as one piece has them already."""
    held = {one for piece in pieces for one in piece.letters}
    plain = "".join(one for one in out if one in held)
    for piece in pieces:
        if piece.letters == plain and len(piece.axes) > len(plain):
            return piece.axes
    return plain


def placed(language: Language, piece: Piece, layout: str) -> Piece:
    """The piece with axes that broadcast in a layout."""
    order = "".join(one for one in layout if one != ONE and one in piece.axes)
    if not order and len(piece.axes) <= len(layout):
        return piece
    if order != piece.letters:
        bare = _indexed(language, piece, piece.letters) if ONE in piece.axes else piece
        piece = language.transposed(bare, order)
    first = layout.index(order[0]) if order else len(layout)
    needed = "".join(one if one in order else ONE for one in layout[first:])
    if piece.axes.lstrip(ONE) == needed and len(piece.axes) <= len(layout):
        return piece
    return _with_kept_axes(language, piece, needed, len(layout)) or _indexed(language, piece, needed)


def _with_kept_axes(language: Language, piece: Piece, needed: str, rank: int) -> Piece | None:
    """A sum along axes that stay, where that is what is needed."""
    if piece.code not in language.kept:
        return None
    code, pattern = language.kept[piece.code]
    axes = "".join(ONE if place is None else piece.axes[place] for place in pattern)
    return Piece(code, axes) if axes.lstrip(ONE) == needed and len(axes) <= rank else None


def arranged(language: Language, piece: Piece, axes: str) -> Piece:
    """The piece with exactly these axes; it has every letter of theirs."""
    found = placed(language, piece, axes)
    if found.axes == axes:
        return found
    return _indexed(language, found, axes)


def _indexed(language: Language, piece: Piece, needed: str) -> Piece:
    """The piece with axes of one entry where they are needed, and none elsewhere."""
    parts: list[str] = []
    place = 0
    for axis in piece.axes:
        if axis == ONE:
            kept = needed[place : place + 1] == ONE
            parts.append(":" if kept else "0")
            place += kept
            continue
        while needed[place : place + 1] == ONE:
            parts.append("None")
            place += 1
        parts.append(":")
        place += 1
    parts += ["None"] * (len(needed) - place)
    return Piece(language.indexed(piece.code, parts), needed)
