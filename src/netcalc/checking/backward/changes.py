"""A repair to try: what it changes in the text, and what is said of it."""

from __future__ import annotations

import ast

from netcalc.records import NamedTuple


class Change(NamedTuple):
    """A text put in the place of a part of the source, by offsets."""

    start: int
    end: int
    text: str


class Edit(NamedTuple):
    """A repair to try: what it changes, what the mistake is called, and what is said of it.

    `statement` is the one that is changed; `marked` the part that is marked, where it is not what is changed.
    """

    change: Change
    statement: ast.stmt
    mistake: str
    said: str
    marked: tuple[int, int] | None = None
    behind: int = -1  # the unit that a line is put behind
