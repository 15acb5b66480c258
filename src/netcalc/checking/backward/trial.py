"""A gradient that is wrong in itself: its statements, and the names and values that there are beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.checking.backward.agreement import Pair
from netcalc.checking.backward.helpers import MAX_SPAN, helpers_of, used_by
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.backward.made_of import fits
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.program.classes import OWNERS
from netcalc.program.entries import Entry
from netcalc.program.gradient_names import FIRST_MOMENT
from netcalc.program.gradients import GradientReader
from netcalc.program.source import Source
from netcalc.program.steps import COMPOUND, Step, copied
from netcalc.program.values import Record, Tensor, is_scalar, node_of
from netcalc.program.versions import Pass, Version
from netcalc.records import dataclass

FAILURES = (NetcalcError, SyntaxError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
MAX_TRIALS = 800  # of one line
FEW_TRIALS = 320  # of one that may as well follow from another
MAX_STATEMENTS = 6_000  # that are read with edits, of all lines; those of loops each time
MAX_SCALARS = 4  # names of numbers that are tried as factors
MANY_TIMES = 4  # that a loop adds to a gradient


@dataclass(eq=False)
class Trial:
    """One gradient that is wrong in itself, and what it takes to try repairs."""

    reading: Reading
    one: Judged
    given: Mapping[Node, np.ndarray] = field(default_factory=dict)  # what nodes come to at the first point
    limit: int = MAX_TRIALS
    trials: int = 0
    redefined: dict[ast.AST, tuple[Source, ast.stmt]] = field(default_factory=dict)
    within: Pass | None = None  # whose names there are, where it is not that of the gradient
    _beside: dict[Pass, Trial] = field(default_factory=dict)
    seen: set[tuple[int, str]] = field(default_factory=set)
    _values: dict[str, np.ndarray | None] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """The backward pass's text."""
        return self.reading.code.source

    @cached_property
    def versions(self) -> list[Version]:
        """The gradient's statements, the last one first."""
        last = self.one.version
        versions = self.reading.code.versions
        own = [one for one in versions[: versions.index(last) + 1] if one.key == last.key]
        found: dict[ast.stmt, Version] = {}
        for one in reversed(own):
            if last.unit - one.unit <= MAX_SPAN:
                found.setdefault(one.statement, one)
        return list(found.values())

    @cached_property
    def helpers(self) -> list[Version]:
        """The statements that make what is no gradient of it, and that it uses; the last first, then those of defs."""
        return helpers_of(self)

    @cached_property
    def tests(self) -> list[ast.expr]:
        """The tests of the ifs that the gradient's statements are under."""
        statements = {one.statement for one in self.versions}
        units = dict.fromkeys(one.node for one in self.one.version.within.units[: self.one.version.unit + 1])
        ifs = [node for unit in units for node in ast.walk(unit) if isinstance(node, ast.If)]
        return [one.test for one in ifs if not statements.isdisjoint(ast.walk(one))]

    def beside(self, version: Version) -> Trial:
        """This trial with the names that a statement of a def has."""
        within = version.within
        if within is self.one.version.within or not within.steps:
            return self
        if within not in self._beside:
            own = self._beside[within] = Trial(self.reading, self.one, self.given)
            own.__dict__ |= {
                "values_at_last": {**within.around, **(within.steps[-1].values or {})},
                "versions": [version],
            }
            own.within = within
        return self._beside[within]

    @cached_property
    def defs(self) -> list[ast.FunctionDef]:
        """The defs of the text that the pass calls."""
        calls = self.one.version.within.calls
        return list(dict.fromkeys(one for _, one, _ in calls if isinstance(one, ast.FunctionDef)))

    @cached_property
    def steps(self) -> list[Step]:
        """What is read up to the gradient; the last is a whole loop, where that breaks off before it has all of it."""
        version = self.one.version
        steps: list[Step] = version.within.steps
        unit = version.within.units[version.unit]
        is_plain = isinstance(version.statement, ast.Assign) and not isinstance(
            version.statement.targets[0], ast.Subscript
        )
        if version.node is None and isinstance(unit.node, COMPOUND) and not is_plain:
            return steps[: unit.step + 1]
        return steps[: version.step + 1]

    @cached_property
    def judged(self) -> set[tuple[str, int]]:
        """The keys of the gradients that are judged."""
        return {one.version.key for one in self.reading.judged}

    @cached_property
    def settled(self) -> list[dict[str, Node]]:
        """What gradients come to at each step, but for the last, that are judged by themselves."""
        found: list[dict[str, Node]] = [{} for _ in self.steps[:-1]]
        for one in self.reading.code.versions:
            if (
                one.node is not None
                and one.key in self.judged
                and one.within is self.one.version.within
                and one.step < len(found)
                and (one.name != self.one.version.name or one.node in self.reading.true)
            ):
                found[one.step][one.name] = one.node
        return found

    @cached_property
    def true(self) -> list[np.ndarray]:
        """The true gradient at each point near what was given."""
        agreement, one = self.reading.agreement, self.one
        pair = Pair(one.version.node or one.node, one.node, one.factor)
        return [agreement.true(place, pair) for place in range(len(agreement.near))]

    @cached_property
    def found(self) -> np.ndarray | None:
        """What the gradient is at the first point, given the true ones before it; None where its shape does not fit."""
        value = self.one.version.value
        if value is None:
            return None
        found, shape = self.evaluated(value, 0), self.true[0].shape
        try:
            return found.reshape(shape) if fits(value, self.one.node) else np.broadcast_to(found, shape)
        except ValueError:
            return None

    def evaluated(self, node: Node, place: int, instead: Mapping[Node, np.ndarray] | None = None) -> np.ndarray:
        """What a node comes to at a point, given the true gradients before it; `instead` has values of some nodes."""
        with np.errstate(all="ignore"):
            known = self.reading.agreement.known(place, self.reading.true)
            return evaluate([node], Float64(self.reading.forward.sizes), {**known, **self.given, **(instead or {})})[0]

    @cached_property
    def entry(self) -> Entry | None:
        """The entry that is the most wrong of what a loop adds to part by part, where no line reads the others."""
        name, times = self.one.version.name, sum(one.key == self.one.version.key for one in self.reading.code.versions)
        if times < MANY_TIMES or self.found is None or not self.found.ndim or self.found.size < MANY_TIMES:
            return None
        nodes = [node for unit in self.one.version.within.units for node in ast.walk(unit.node)]
        kept = {
            id(part)
            for one in nodes
            if isinstance(one, ast.AugAssign | ast.Return)
            for part in ast.walk(one.target if isinstance(one, ast.AugAssign) else one)
        }
        reads = (one for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))
        if any(one.id == name and id(one) not in kept for one in reads):
            return None
        place = np.unravel_index(np.argmax(np.abs(self.found - self.true[0])), self.found.shape)
        return Entry(name, tuple(map(int, place)), self.found.shape)

    @cached_property
    def wrong(self) -> list[Trial]:
        """The other gradients that are wrong in themselves."""
        return [
            Trial(self.reading, one) for one in self.reading.judged if one.is_wrong_in_itself and one is not self.one
        ]

    @cached_property
    def of_right(self) -> set[ast.stmt]:
        """The statements that make what is no gradient, and that gradients which are right use as well."""
        return used_by(self, [Trial(self.reading, one) for one in self.reading.judged if one.verdict == "right"])

    def is_within_loop(self, version: Version) -> bool:
        """Whether a statement is one of a loop."""
        node = self.one.version.within.units[version.unit].node
        return isinstance(node, ast.For | ast.While) and node is not version.statement

    # --- edits

    @property
    def is_spent(self) -> bool:
        """Whether no more is tried."""
        return self.trials >= self.limit or self.reading.statements >= MAX_STATEMENTS

    def segment(self, node: ast.AST) -> tuple[int, int]:
        """Where a node is in the text."""
        assert isinstance(node, ast.expr | ast.stmt)  # noqa: S101 - what has a place
        assert node.end_lineno is not None  # noqa: S101 - the parser sets both
        assert node.end_col_offset is not None  # noqa: S101
        start = self.source.offset(node.lineno, node.col_offset)
        return start, self.source.offset(node.end_lineno, node.end_col_offset)

    def text(self, node: ast.AST) -> str:
        """A node's text."""
        return self.source.text[slice(*self.segment(node))]

    def reader(self, values: Mapping[str, Any], source: Source) -> GradientReader:
        """A reader with the names as they stand somewhere."""
        of = self.reading.code.reader
        within = self.within or self.one.version.within
        own = copied({**within.around, **values})
        reader = GradientReader(source, of.program, of.library, of.known_names, of.true_of, of.upstream, values=own)
        reader.first_moment, reader.held_to = 2 * FIRST_MOMENT, of.held_to
        reader.redefined = dict(self.redefined)
        own_pass = reader.read_so_far.whole
        own_pass.of, own_pass.returned, own_pass.last_alone = within.of, within.returned, within.last_alone
        return reader

    # --- names and expressions beside it

    @cached_property
    def values_at_last(self) -> dict[str, Any]:
        """The names as they stand before its last statement, the last time that they are known there."""
        version = self.one.version
        place, steps = version.step, version.within.steps
        while place > 0 and (steps[place].values is None or steps[place].node is not steps[version.step].node):
            place -= 1
        return {**version.within.around, **(steps[place].values or {})}

    @cached_property
    def names(self) -> dict[str, Tensor]:
        """The arrays that its last statement may use."""
        values = self.values_at_last
        own = {name: one for name, one in values.items() if isinstance(one, Tensor)}
        for name, value in values.items() if (self.within or self.one.version.within).of is not None else ():
            parts = value.parts.items() if isinstance(value, Record) and name in OWNERS else ()
            own |= {f"{name}.{key}": one for key, one in parts if isinstance(one, Tensor)}
        reader = self._expressions
        given = {name: reader.input(name) for name in reader.inputs if name not in values}
        found = {**given, **own}
        if self.reading.forward.problem.delta is not None:
            found.setdefault(f"d{self.reading.forward.problem.output_name}", Tensor(self.reading.forward.upstream))
        return found

    @staticmethod
    def name(node: ast.AST) -> str:
        """The name that an expression is, that of an object's array with it: W, self.W; nothing for any other."""
        match node:
            case ast.Name(name):
                return name
            case ast.Attribute(ast.Name(owner), name) if owner in OWNERS:
                return f"{owner}.{name}"
        return ""

    def shape(self, node: Node) -> tuple[int, ...]:
        """A node's shape in numbers."""
        return Float64(self.reading.forward.sizes).shape(node.shape)

    def value(self, text: str) -> np.ndarray | None:
        """What an expression of the last statement's names is at the first point; None where it is none."""
        if text not in self._values:
            self._values[text] = self._value(text)
        return self._values[text]

    @cached_property
    def _expressions(self) -> GradientReader:
        return self.reader(self.values_at_last, self.source)

    def _value(self, text: str) -> np.ndarray | None:
        reader = self._expressions
        reader.source = Source.of(text, self.source.name)
        try:
            return self.array(reader.value(ast.parse(text, mode="eval").body))
        except FAILURES:
            return None

    def array(self, found: Any) -> np.ndarray | None:
        """A reader's value as numbers at the first point."""
        if isinstance(found, bool) or not (isinstance(found, Tensor) or is_scalar(found)):
            return None
        array = self.evaluated(node_of(found), 0)
        return array if np.isfinite(array).all() else None

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The names that are whole numbers, such as sizes."""
        values = self.values_at_last
        return {name: one for name, one in values.items() if isinstance(one, int) and not isinstance(one, bool)}

    @cached_property
    def scalars(self) -> list[str]:
        """The names of plain numbers that the forward pass multiplies by, such as a penalty's weight."""
        text = self.reading.forward.program.source.text
        own = [
            name
            for name, one in self.values_at_last.items()
            if is_scalar(one) and not isinstance(one, bool) and name not in self.numbers
        ]
        used = [name for name in own if re.search(rf"\b{name} \*|[*/] {name}\b|\b{name}\*|[*/]{name}\b", text)]
        return used[:MAX_SCALARS]
