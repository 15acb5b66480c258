"""A gradient's statements with an edit, read anew and held to the true gradient; expressions' values beside them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.checking.backward.agreement import Pair, same
from netcalc.checking.backward.forward import fits
from netcalc.checking.backward.judge import Judged, Reading
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.program.answers import assigned_in
from netcalc.program.classes import OWNERS
from netcalc.program.gradient_names import FIRST_MOMENT
from netcalc.program.gradients import GradientReader
from netcalc.program.source import Source
from netcalc.program.steps import COMPOUND, Instead, Step, copied
from netcalc.program.values import Record, Tensor, is_scalar, node_of
from netcalc.program.versions import Pass, Version
from netcalc.records import NamedTuple, dataclass

FAILURES = (NetcalcError, SyntaxError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
MAX_TRIALS = 800  # of one line
FEW_TRIALS = 160  # of one that may as well follow from another
MAX_STATEMENTS = 6_000  # that are read with edits, of all lines; those of loops each time
MAX_SPAN = 12  # statements of the pass between the one that is edited and the last of the gradient
MAX_STEPS = 200  # of loops, too


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
    _seen: set[tuple[int, str]] = field(default_factory=set)
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
        code, last = self.reading.code, self.one.version
        units, steps = last.within.units, last.within.steps
        gradients = {one.statement for one in code.versions if not one.is_passed}
        used = {name for one in self.versions for name in _read_in(one.statement)}
        found: dict[ast.stmt, Version] = {}
        unit, end = last.unit, last.step
        for place in range(end, max(units[max(last.unit - MAX_SPAN, 0)].step - 1, end - MAX_STEPS, -1), -1):
            while place < units[unit].step:
                unit -= 1
            node = steps[place].node
            if isinstance(node, (*COMPOUND, ast.FunctionDef)) or node in gradients or node in found:
                continue
            names = [name for name in assigned_in(node) if name in used]
            if names:
                used |= set(_read_in(node))
                found[node] = Version(names[0], "", node.lineno, node.col_offset, unit, node, None, within=last.within)
        statements = {one.statement for one in (*self.versions, *found.values())}
        judged = {one.statement for one in code.versions}
        for place, one, within in last.within.calls:
            is_used = one in self.defs and steps[place].node in statements
            for node in reversed(list(ast.walk(one))) if is_used else ():
                if not isinstance(node, ast.Return | ast.Assign | ast.AugAssign):
                    continue
                if node not in found and node not in judged:
                    found[node] = Version(one.name, "", node.lineno, node.col_offset, -1, node, None, within=within)
        return list(found.values())

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
    def _steps(self) -> list[Step]:
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
    def wrong(self) -> list[Trial]:
        """The other gradients that are wrong in themselves."""
        return [
            Trial(self.reading, one) for one in self.reading.judged if one.is_wrong_in_itself and one is not self.one
        ]

    @cached_property
    def of_right(self) -> set[ast.stmt]:
        """The statements that make what is no gradient, and that gradients which are right use as well.

        Those of a def don't count: which of them a gradient uses is not known.
        """
        right = [Trial(self.reading, one) for one in self.reading.judged if one.verdict == "right"]
        own = [(helper, one.one.version.within) for one in right for helper in one.helpers]
        return {helper.statement for helper, within in own if helper.within is within}

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

    def is_right(self, edit: Edit) -> bool:
        """Whether the gradient is right with an edit, at all points."""
        if edit.behind >= 0:
            return self._is_right_behind(edit)
        definition = next((one for one in self.defs if _is_within(one, edit.statement)), None)
        if definition is not None:
            return self._is_right_in(definition, edit)
        places = [place for place, one in enumerate(self._steps) if self._is_touched(one, edit.change)]
        touched = sorted({self._steps[place].node for place in places}, key=self.segment)

        def is_it(instead: Instead) -> bool:
            return (node := self._read(instead, places[0])) is not None and self._is_true(node)

        return self._is_so(edit, touched, is_it)

    def _is_right_behind(self, edit: Edit) -> bool:
        """The same of a line behind a loop."""
        units, (line,) = self.one.version.within.units, ast.parse(edit.change.text.strip()).body
        end = units[edit.behind + 1].step if edit.behind + 1 < len(units) else len(self._steps)
        end = min(end, len(self._steps))
        key = (edit.change.start, edit.change.text)
        if key in self._seen or self.is_spent or end <= 0:
            return False
        self._seen.add(key)
        self.trials += 1
        steps = [*self._steps[:end], Step(line, None, (), self._steps[end - 1].guards), *self._steps[end:]]
        settled = [*self._settled, {}]
        settled[end:end] = [{}]
        source = Source.of(edit.change.text.strip(), self.source.name)
        try:
            node = self._read({line: (source, [line])}, end - 1, steps, settled)
        except FAILURES:
            return False
        return node is not None and self._is_true(node)

    def _is_right_in(self, definition: ast.FunctionDef, edit: Edit) -> bool:
        last = len(self._steps) - 1
        places = [place for place, one, _ in self.one.version.within.calls if one is definition and place <= last]

        def is_it(instead: Instead) -> bool:
            source, (made, *_) = instead[definition]
            self.redefined = {definition: (source, made)}
            try:
                callers = {self._steps[place].node for place in places}
                node = self._read({one: (self.source, [one]) for one in callers}, places[0])
            finally:
                self.redefined = {}
            return node is not None and self._is_true(node)

        return bool(places) and self._is_so(edit, [definition], is_it)

    def gives_it(self, edit: Edit) -> bool:
        """Whether the gradient's last statement gives what is true, at the first point, read from what is edited on."""
        end, steps = self.one.version.step, self.one.version.within.steps
        places = [n for n in range(max(end - MAX_STEPS, 0), end + 1) if self._is_touched(steps[n], edit.change)]
        start = next((n for n in reversed(places) if steps[n].values is not None), -1)

        def is_it(instead: Instead) -> bool:
            reader = self._reader_at(steps[start])
            own = steps[start : end + 1]
            self.reading.statements += reader.replay(own, instead, [{}] * len(own))
            found = reader.frame.values.get(self.one.version.name)
            array = self.array(found) if isinstance(found, Tensor) or is_scalar(found) else None
            return array is not None and same(array, self.true[0], 1.0)

        return start >= 0 and self._is_so(edit, [steps[start].node], is_it)

    def _is_so(self, edit: Edit, touched: Sequence[ast.stmt], check: Callable[[Instead], bool]) -> bool:
        """What a check says of statements that an edit touches, read with it; no edit is tried twice."""
        if not touched or self.is_spent:
            return False
        change, text = edit.change, self.source.text
        start, end = self.segment(touched[0])[0], max(change.end, *(self.segment(one)[1] for one in touched))
        edited = text[start : change.start] + change.text + text[change.end : end]
        column = touched[0].col_offset
        edited = f"if 1:\n{' ' * column}{edited}" if column and "\n" in edited else edited
        if (start, edited) in self._seen:
            return False
        self._seen.add((start, edited))
        self.trials += 1
        try:
            body = ast.parse(edited).body
            if edited.startswith("if 1:\n"):
                body = body[0].body  # type: ignore[attr-defined]
            source = Source.of(edited, self.source.name)
            return check({one: (source, body * (one is touched[0])) for one in touched})
        except FAILURES:
            return False

    def _is_touched(self, step: Step, change: Change) -> bool:
        if step.item or (isinstance(step.node, COMPOUND) and step is not self._steps[-1]):
            return False
        start, end = self.segment(step.node)
        return start <= change.end and change.start <= end

    def _read(
        self,
        instead: Instead,
        start: int,
        steps: Sequence[Step] = (),
        settled: Sequence[Mapping[str, Node]] = (),
    ) -> Node | None:
        """What the gradient comes to with some statements changed; None where they can't be read."""
        of, name = self.reading.code.reader, self.one.version.name
        steps, settled = steps or self._steps, settled or [*self._settled, {}]
        while steps[start].values is None:
            start -= 1
        reader = self._reader_at(steps[start])
        last = steps[-1].node
        again = {last: (self.source, [last]), **instead}
        self.reading.statements += reader.replay(steps[start:], again, settled[start:])
        known, versions = {ast.unparse(one) for one in of.unread.values()}, reader.read_so_far.versions
        own = [one for one in versions if one.name == name]
        if any(one.node is None for one in versions) or not own:  # the true gradient stands in its place
            return None
        return None if any(ast.unparse(one) not in known for one in reader.unread.values()) else own[-1].value

    def _reader_at(self, step: Step) -> GradientReader:
        """A reader that is about to read a step."""
        of = self.reading.code.reader
        reader = self.reader(step.values or {}, self.source)
        reader.begin(step.node)
        reader.guards, reader.tests = list(step.guards), dict(of.tests)
        return reader

    @cached_property
    def _settled(self) -> list[dict[str, Node]]:
        """What gradients come to at each step that are judged by themselves."""
        found: list[dict[str, Node]] = [{} for _ in self._steps[:-1]]
        for one in self.reading.code.versions:
            if (
                one.node is not None
                and one.within is self.one.version.within
                and one.step < len(found)
                and (one.name != self.one.version.name or one.node in self.reading.true)
            ):
                found[one.step][one.name] = one.node
        return found

    def _is_true(self, node: Node) -> bool:
        pair = Pair(node, self.one.node, self.one.factor)
        return (
            fits(node, self.one.node)
            and self.reading.agreement.is_right(pair, self.reading.true)
            and self.reading.is_right_beside_kinks(pair)
        )

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


def _is_within(definition: ast.FunctionDef, node: ast.stmt) -> bool:
    return definition.lineno <= node.lineno <= (definition.end_lineno or 0)


def _read_in(node: ast.AST) -> Iterator[str]:
    """The names that a statement reads."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and (isinstance(one.ctx, ast.Load) or isinstance(node, ast.AugAssign)):
            yield one.id
