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
class Pass:
    """The statements of one call as it is read: of the backward pass itself, or of a def or method that it calls.

    `of` has the forward names of the gradients that a called def gives, by their own names; of the pass itself all are
    known. `around` are the names outside of the def.
    """

    units: list[Unit] = field(default_factory=list)
    steps: list[Any] = field(default_factory=list)
    around: dict[str, Any] = field(default_factory=dict)
    of: dict[str, str] | None = None
    own: ast.stmt | None = None  # the statement that is read
    calls: list[tuple[int, Any, Any]] = field(default_factory=list)  # of each step, directly or not: the def, its pass
    forward: Any = None  # the call of the forward pass that it is the backward pass of
    reads: frozenset[str] = frozenset()  # the names around a def that it reads
    returned: tuple[tuple[str, str], ...] = ()  # the arguments of a method's forward pass, and what they are known by
    unfinished: set[str] = field(default_factory=set)  # what it returns as an expression, so that no name is it yet
    scaled_later: set[str] = field(default_factory=set)  # names that it returns times something, or in another shape
    last_alone: set[str] = field(default_factory=set)  # names whose last version alone is a gradient
    passed: dict[ast.stmt, int] = field(default_factory=dict)  # how often a statement was read


@dataclass(eq=False)
class Version:
    """What one statement makes of a gradient: `node` bears its name, `said` tells why it is none that fits.

    It is `within` a pass: `unit` is the place of its statement there, `step` when that was read, `statement` itself.
    `number` counts the versions of its name.
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
    is_attribute: bool = False  # it is what an object has from then on
    is_passed: bool = False  # it is what a call is given, whose method takes it for a gradient
    step: int = -1
    within: Pass = field(default_factory=Pass)
    number: int = 0

    @property
    def label(self) -> str:
        """The forward name that it is the gradient of, as it is written."""
        return self.of.partition("@")[0]

    @property
    def key(self) -> tuple[str, int]:
        """Its name, and the pass that has it; of what is passed on each is its own."""
        return self.name, -self.number if self.is_passed else id(self.within)

    @property
    def value(self) -> Node | None:
        """What was assigned, without its name."""
        return None if self.node is None else self.node.args[0]


@dataclass(eq=False)
class Gradients:
    """A backward pass: every version of every gradient in order, its statements as a `whole`, and notes on it."""

    source: Source
    reader: Any  # its reader, with the names as they stand behind all lines
    whole: Pass = field(default_factory=Pass)
    versions: list[Version] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    stopped: list[Unjudged] = field(default_factory=list)  # what makes names of its own, where shapes do not fit
    notes: list[str] = field(default_factory=list)

    def last(self) -> dict[tuple[str, int], Version]:
        """The last version of each gradient, by its key, in the order in which they were finished."""
        found: dict[tuple[str, int], Version] = {}
        for one in self.versions:
            found.pop(one.key, None)
            found[one.key] = one
        return found

    def alike(self, version: Version) -> list[Version]:
        """The versions of the same gradient, in order."""
        return [one for one in self.versions if one.key == version.key]


def stops_python(error: BaseException | None) -> bool:
    """Whether an error is one of what Python refuses as well: shapes that do not fit, a name without a value yet."""
    while error is not None:
        if isinstance(error, ShapeError | TooEarlyError):
            return not isinstance(error, UnknownSizeError)
        error = error.__cause__
    return False
