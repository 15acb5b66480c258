"""A gradient's statements with an edit, read anew and held to the true gradient; expressions' values beside them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from netcalc.checking.backward.judge import Judged, Reading, Values, fits, same
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.program.gradients import FIRST_MOMENT, GradientReader, Version, copied
from netcalc.program.source import Source
from netcalc.program.values import Tensor, is_scalar, node_of

MAX_TRIALS = 4000  # of one line
MAX_SPAN = 12  # statements of the pass between the one that is edited and the last of the gradient


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


@dataclass(eq=False)
class Trial:
    """One gradient that is wrong in itself, and what it takes to try repairs."""

    reading: Reading
    one: Judged
    known: Sequence[Values]
    trials: int = 0
    _seen: set[str] = field(default_factory=set)

    @property
    def source(self) -> Source:
        """The backward pass's text."""
        return self.reading.code.source

    @cached_property
    def versions(self) -> list[Version]:
        """The gradient's statements, the last one first."""
        last = self.one.version
        versions = self.reading.code.versions
        own = [one for one in versions[: versions.index(last) + 1] if one.name == last.name]
        found: dict[ast.stmt, Version] = {}
        for one in reversed(own):
            if last.unit - one.unit <= MAX_SPAN:
                found.setdefault(one.statement, one)
        return list(found.values())

    @cached_property
    def true(self) -> list[np.ndarray]:
        """The true gradient at each point."""
        node = self.reading.forward.gradient(self.one.node)
        return [point.values[node] for point in self.reading.points]

    @cached_property
    def found(self) -> np.ndarray | None:
        """What the gradient is at the first point, given the true ones before it; None where it has no such shape."""
        value = self.one.version.value
        if value is None or not fits(value, self.one.node):
            return None
        return self._evaluated(value, 0).reshape(self.true[0].shape)

    def _evaluated(self, node: Node, place: int) -> np.ndarray:
        with np.errstate(all="ignore"):
            return evaluate([node], Float64(self.reading.forward.sizes), self.known[place])[0]

    # --- edits

    def segment(self, node: ast.AST) -> tuple[int, int]:
        """Where a node is in the text."""
        assert isinstance(node, ast.expr | ast.stmt)  # noqa: S101 - what has a place
        assert node.end_lineno is not None  # noqa: S101 - the parser sets both
        assert node.end_col_offset is not None  # noqa: S101
        start = self.source.offset(node.lineno, node.col_offset)
        return start, self.source.offset(node.end_lineno, node.end_col_offset)

    def text(self, node: ast.AST) -> str:
        """A node's text."""
        start, end = self.segment(node)
        return self.source.text[start:end]

    def is_right(self, edit: Edit) -> bool:
        """Whether the gradient is right with an edit, at all points."""
        version = next((one for one in self.versions if one.statement is edit.statement), self.versions[0])
        units = self.reading.code.units[version.unit : self.one.version.unit + 1]
        start, end = self.segment(units[0].node)[0], self.segment(units[-1].node)[1]
        change = edit.change
        end = max(end, change.end)
        text = self.source.text
        edited = text[start : change.start] + change.text + text[change.end : end]
        column = units[0].node.col_offset
        edited = (
            f"if 1:\n{' ' * column}{edited}" if column and units[0].node.lineno != units[-1].node.lineno else edited
        )
        if edited in self._seen or self.trials >= MAX_TRIALS:
            return False
        self._seen.add(edited)
        self.trials += 1
        node = self._read(edited, version.unit)
        return node is not None and self._is_true(node)

    def _read(self, text: str, unit: int) -> Node | None:
        """What the gradient comes to as some statements have it; None where they can't be read."""
        try:
            body = ast.parse(text).body
            if text.startswith("if 1:\n"):
                body = body[0].body  # type: ignore[attr-defined]
            reader = self.reader(unit, text)
            reader.run(body)
        except (NetcalcError, SyntaxError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return None
        own = [one for one in reader.read_so_far.versions if one.name == self.one.version.name]
        return own[-1].value if own else None

    def _is_true(self, node: Node) -> bool:
        if not fits(node, self.one.node):
            return False
        for place, point in enumerate(self.reading.points):
            if not same(self._evaluated(node, place), self.true[place], point.scale):
                return False
        return True

    def reader(self, unit: int, text: str) -> GradientReader:
        """A reader with the names as they stand before a statement of the pass."""
        of = self.reading.code.reader
        source = Source.of(text, self.source.name)
        reader = GradientReader(source, of.program, of.library, of.known_names, of.true_of, of.upstream)
        reader.first_moment = 2 * FIRST_MOMENT
        reader.top.values = copied({**of.top.values, **self.reading.code.units[unit].values})
        return reader

    # --- names and expressions beside it

    @cached_property
    def names(self) -> dict[str, Tensor]:
        """The arrays that its last statement may use."""
        values = {**self.reading.code.reader.top.values, **self.reading.code.units[self.one.version.unit].values}
        own = {name: one for name, one in values.items() if isinstance(one, Tensor) and one.stale is None}
        reader = self.reader(self.one.version.unit, "0")
        given = {name: reader.input(name) for name in reader.inputs if name not in values}
        found = {**given, **own}
        if self.reading.forward.problem.delta is not None:
            found.setdefault(f"d{self.reading.forward.problem.output_name}", Tensor(self.reading.forward.upstream))
        return found

    def shape(self, node: Node) -> tuple[int, ...]:
        """A node's shape in numbers."""
        return Float64(self.reading.forward.sizes).shape(node.shape)

    def value(self, text: str) -> np.ndarray | None:
        """What an expression of the last statement's names is at the first point; None where it is none."""
        try:
            reader = self.reader(self.one.version.unit, text)
            found = reader.value(ast.parse(text, mode="eval").body)
            return self.array(found)
        except (NetcalcError, SyntaxError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return None

    def array(self, found: Any) -> np.ndarray | None:
        """A reader's value as numbers at the first point."""
        if isinstance(found, bool) or not (isinstance(found, Tensor) or is_scalar(found)):
            return None
        array = self._evaluated(node_of(found), 0)
        return array if np.isfinite(array).all() else None

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The names that are whole numbers, such as sizes."""
        values = {**self.reading.code.reader.top.values, **self.reading.code.units[self.one.version.unit].values}
        return {name: one for name, one in values.items() if isinstance(one, int) and not isinstance(one, bool)}
