"""What a reading of a backward pass finds: every version of every gradient, and what could not be read."""

from __future__ import annotations

import ast
from dataclasses import field
from typing import Any

from netcalc.errors import ShapeError, TooEarlyError
from netcalc.graph.node import Node
from netcalc.graph.sizes import UnknownSizeError
from netcalc.program.source import ProgramError, Source
from netcalc.records import NamedTuple, dataclass


@dataclass(eq=False)
class Unread:
    """What a line gives that is not understood; it matters if it is used."""

    error: ProgramError
    part: ast.expr | ast.stmt
    used: bool = False


class Unjudged(NamedTuple):
    """A part of a statement, and the name that it would give, of which nothing can be said, and why."""

    name: str
    part: ast.expr | ast.stmt
    error: ProgramError

    @property
    def is_wrong(self) -> bool:
        """Whether Python would stop there, whatever the numbers are."""
        return stops_python(self.error)

    @property
    def why(self) -> str:
        """What is said, without the place."""
        return self.error.message.partition(": ")[2] or self.error.message


class Unit(NamedTuple):
    """A statement of the pass itself, a loop as a whole, and the first of its steps."""

    node: ast.stmt
    step: int


@dataclass(eq=False)
class Version:
    """What one statement makes of a gradient: `node` bears its name, `said` tells why it is none that fits.

    `unit` is the place of the statement of the pass that it is in, `step` when that was read, `statement` itself.
    """

    name: str
    of: str
    line: int
    column: int
    unit: int
    statement: ast.stmt
    node: Node | None
    said: str = ""
    through: str = ""  # the other name that its line has for the array
    is_early: bool = False  # it uses what a later line assigns
    lost: str = ""  # why nothing is known of it from a later line on
    step: int = -1

    @property
    def value(self) -> Node | None:
        """What was assigned, without its name."""
        return None if self.node is None else self.node.args[0]


@dataclass(eq=False)
class Gradients:
    """A backward pass: every version of every gradient in order, its statements, and what is said of it as a whole."""

    source: Source
    reader: Any  # its reader, with the names as they stand behind all lines
    units: list[Unit] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def last(self) -> dict[str, Version]:
        """The last version of each gradient, in the order in which they were finished."""
        found: dict[str, Version] = {}
        for one in self.versions:
            found.pop(one.name, None)
            found[one.name] = one
        return found


def stops_python(error: BaseException | None) -> bool:
    """Whether an error is one of what Python refuses as well: shapes that do not fit, a name without a value yet."""
    while error is not None:
        if isinstance(error, ShapeError | TooEarlyError):
            return not isinstance(error, UnknownSizeError)
        error = error.__cause__
    return False
