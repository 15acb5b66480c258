"""Arrays put where others broadcast against them: axes exchanged, new ones, and those of one entry dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.graph.terms import ONE
from netcalc.render.codegen.terms import Piece

if TYPE_CHECKING:
    from netcalc.render.codegen.language import Language


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
        piece = language.transposed(_without_ones(language, piece), order)
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


def _without_ones(language: Language, piece: Piece) -> Piece:
    return _indexed(language, piece, piece.letters) if ONE in piece.axes else piece


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
