"""A gradient's statements read again with an edit, and held to the true gradient."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from netcalc.checking.backward.agreement import Pair, same
from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.expressions import terms
from netcalc.checking.backward.helpers import MAX_STEPS
from netcalc.checking.backward.made_of import fits
from netcalc.checking.backward.needed import needed
from netcalc.checking.backward.trial import FAILURES, Trial
from netcalc.graph.node import Node
from netcalc.program.entries import Entry
from netcalc.program.gradients import GradientReader
from netcalc.program.source import Source, without_continue
from netcalc.program.steps import COMPOUND, Instead, Step
from netcalc.program.values import Tensor, is_scalar
from netcalc.program.versions import Version

ROUGHLY = 1e-4  # of a tensor's largest entry


def is_right(trial: Trial, edit: Edit) -> bool:
    """Whether the gradient is right with an edit, at all points."""
    if edit.behind >= 0:
        return _is_right_behind(trial, edit)
    definition = next((one for one in trial.defs if _is_within(one, edit.statement)), None)
    if definition is not None:
        return _is_right_in(trial, definition, edit)
    if isinstance(edit.statement, COMPOUND):
        return _is_right_as_one(trial, edit)
    steps = trial.steps
    places = [place for place, one in enumerate(steps) if _is_touched(trial, one, edit.change, steps[-1])]
    touched = sorted({steps[place].node for place in places}, key=trial.segment)

    def is_it(instead: Instead) -> bool:
        return (node := _read(trial, instead, places[0], steps)) is not None and _is_true(trial, node)

    return _is_so(trial, edit, touched, is_it)


def _is_right_behind(trial: Trial, edit: Edit) -> bool:
    """The same of a line behind a loop."""
    version, after = trial.one.version, edit.behind + 1
    units, own = version.within.units, version.within.steps
    end = units[after].step if after < len(units) else len(own)
    (line,) = ast.parse(edit.change.text.strip()).body

    def is_it(_: Instead) -> bool:
        steps = [*own[:end], Step(line, None), *trial.steps[end:]]
        settled = [*trial.settled[:end], *[{}] * (end - len(trial.settled[:end])), {}, *trial.settled[end:]]
        settled += [{}] * (len(steps) - len(settled))
        source = Source.of(edit.change.text.strip(), trial.source.name)
        own_statement = {version.statement: (trial.source, [version.statement])}  # so that it gets a node of its own
        node = _read(trial, {**own_statement, line: (source, [line])}, end - 1, steps, settled)
        return node is not None and _is_true(trial, node)

    return end > 0 and _is_so(trial, edit, [edit.statement], is_it)


def _is_right_in(trial: Trial, definition: ast.FunctionDef, edit: Edit) -> bool:
    steps = trial.steps
    last = len(steps) - 1
    places = [place for place, one, _ in trial.one.version.within.calls if one is definition and place <= last]

    def is_it(instead: Instead) -> bool:
        source, (made, *_) = instead[definition]
        trial.redefined = {definition: (source, made)}
        try:
            callers = {steps[place].node for place in places}
            node = _read(trial, {one: (trial.source, [one]) for one in callers}, places[0], steps)
        finally:
            trial.redefined = {}
        return node is not None and _is_true(trial, node)

    return bool(places) and _is_so(trial, edit, [definition], is_it)


def _is_right_as_one(trial: Trial, edit: Edit) -> bool:
    """The same of an edit of a loop or an if, which is read as a whole each time that it is passed."""
    steps, settled, which = _with_whole(trial, edit.statement)
    places = [place for place, one in enumerate(steps) if one.node is edit.statement]

    def is_it(instead: Instead) -> bool:
        node = _read(trial, instead, places[0], steps, settled, which)
        return node is not None and _is_true(trial, node)

    return bool(places) and _is_so(trial, edit, [edit.statement], is_it)


def _with_whole(trial: Trial, block: ast.stmt) -> tuple[list[Step], list[Mapping[str, Node]], int]:
    """The steps up to the gradient, with a loop or an if as one step; and which of the gradient's versions in the last
    step it is, -1 for the last.
    """
    version, inner = trial.one.version, {id(one) for one in ast.walk(block)}
    own: list[Step] = version.within.steps
    known = trial.settled
    steps: list[Step] = []
    settled: list[Mapping[str, Node]] = []
    place = end = 0
    while place <= version.step:
        step, start, end = own[place], place, place + 1
        if step.node is block and not step.item:
            while end < len(own) and id(own[end].node) in inner and (own[end].node is not block or own[end].item):
                end += 1
            steps.append(step._replace(effect=None))
            settled.append({})
        else:
            steps.append(step)
            settled.append(known[place] if place < len(known) else {})
        place = end
    if not steps or steps[-1].node is not block:
        return steps, settled, -1
    alike = [one for one in trial.reading.code.alike(version) if start <= one.step < end]
    return steps, settled, -1 if version is alike[-1] else alike.index(version)


def gives_it(trial: Trial, edit: Edit) -> bool:
    """Whether the gradient's last statement gives what is true, at the first point, read from what is edited on."""
    version = trial.one.version
    end, steps = version.step, version.within.steps
    if isinstance(edit.statement, COMPOUND):
        return False
    definition = next((one for one in trial.defs if _is_within(one, edit.statement)), None)
    if definition is not None:
        places = [place for place, one, _ in version.within.calls if one is definition and place <= end]
    else:
        places = [
            n
            for n in range(max(end - MAX_STEPS, 0), end + 1)
            if _is_touched(trial, steps[n], edit.change, trial.steps[-1])
        ]
    start = next((n for n in reversed(places) if steps[n].values is not None), -1)

    def is_it(instead: Instead) -> bool:
        reader = _reader_at(trial, steps[start])
        own = steps[start : end + 1]
        if definition is not None:
            source, (made, *_) = instead[definition]
            reader.redefined = {definition: (source, made)}
            instead = {own[0].node: (trial.source, [own[0].node])}
        reader.replay(own, instead, [{}] * len(own))
        trial.reading.statements += reader.statements
        found = reader.frame.values.get(version.name)
        array = trial.array(found) if isinstance(found, Tensor) or is_scalar(found) else None
        return array is not None and same(array, trial.true[0], 1.0)

    return start >= 0 and _is_so(trial, edit, [definition or steps[start].node], is_it)


def _is_so(trial: Trial, edit: Edit, touched: Sequence[ast.stmt], check: Callable[[Instead], bool]) -> bool:
    """What a check says of statements that an edit touches, read with it; no edit is tried twice."""
    if not touched or trial.is_spent:
        return False
    change, text = edit.change, trial.source.text
    start, end = trial.segment(touched[0])[0], max(change.end, *(trial.segment(one)[1] for one in touched))
    edited = text[start : change.start] + change.text + text[change.end : end]
    column = touched[0].col_offset
    edited = f"if 1:\n{' ' * column}{edited}" if column and "\n" in edited else edited
    if (start, edited) in trial.seen:
        return False
    trial.seen.add((start, edited))
    trial.trials += 1
    try:
        body = without_continue(ast.parse(edited)).body
        if edited.startswith("if 1:\n"):
            body = body[0].body  # type: ignore[attr-defined]
        if _vanishing(body) > _vanishing(touched):
            return False
        source = Source.of(edited, trial.source.name)
        return check({one: (source, body * (one is touched[0])) for one in touched})
    except FAILURES:
        return False


def _vanishing(statements: Sequence[ast.stmt]) -> int:
    """How many parts are 0 or 1 whatever is in them, as x - x is: no repair makes one."""
    return sum(_is_constant(node) for one in statements for node in ast.walk(one))


def _is_constant(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(_, ast.Add() | ast.Sub(), ast.Constant(0)) | ast.AugAssign(_, _, ast.Constant(0)):
            return True
        case ast.BinOp(left, ast.Div(), right) | ast.Compare(left, _, [right]):
            return ast.dump(left) == ast.dump(right)
        case ast.BinOp(_, ast.Add() | ast.Sub()):
            signed = [(sign, ast.dump(one)) for one, sign in terms(node)]
            return any((-sign, text) in signed for sign, text in signed)
        case ast.BinOp(ast.Constant(0), ast.Mult(), _) | ast.BinOp(_, ast.Mult() | ast.Pow(), ast.Constant(0)):
            return True
    return False


# --- what is read


def _is_touched(trial: Trial, step: Step, change: Change, last: Step) -> bool:
    if step.item or (isinstance(step.node, COMPOUND) and step is not last):
        return False
    start, end = trial.segment(step.node)
    return start <= change.end and change.start <= end


def _read(
    trial: Trial,
    instead: Instead,
    start: int,
    steps: Sequence[Step],
    settled: Sequence[Mapping[str, Node]] = (),
    which: int = -1,
) -> Node | None:
    """What the gradient comes to with some statements changed; None where they can't be read, or an entry is wrong.

    It is the version that is the so manieth of the last step, or the last.
    """
    entry = trial.entry if which < 0 else None
    if entry is not None:
        node = _replayed(trial, instead, start, steps, settled, entry=entry)
        if node is not None and fits(node, trial.one.node) and not _has_entry(trial, node, entry):
            return None
    return _replayed(trial, instead, start, steps, settled, which)


def _has_entry(trial: Trial, node: Node, entry: Entry) -> bool:
    true = trial.true[0]
    found = trial.evaluated(node, 0).reshape(true.shape)
    return bool(abs(found[entry.place] - true[entry.place]) <= ROUGHLY * np.abs(true).max())


def _replayed(
    trial: Trial,
    instead: Instead,
    start: int,
    steps: Sequence[Step],
    settled: Sequence[Mapping[str, Node]] = (),
    which: int = -1,
    entry: Entry | None = None,
) -> Node | None:
    of, name = trial.reading.code.reader, _called(trial.one.version)
    settled = settled or [*trial.settled, {}]
    while steps[start].values is None:
        start -= 1
    reader = _reader_at(trial, steps[start])
    reader.only = entry
    last = steps[-1].node
    again = {last: (trial.source, [last]), **instead}
    outside = (one.id for each in trial.defs for one in ast.walk(each) if isinstance(one, ast.Name))
    places = [start + place for place in needed(steps[start:], again, outside)]
    try:
        before = reader.replay([steps[place] for place in places], again, [settled[place] for place in places])
    finally:
        trial.reading.statements += reader.statements
    known, versions = {ast.unparse(one) for one in of.unread.values()}, reader.read_so_far.versions
    own = [one for one in (versions if which < 0 else versions[before:]) if _called(one) == name]
    if any(one.node is None for one in versions) or not own:  # the true gradient stands in its place
        return None
    return None if any(ast.unparse(one) not in known for one in reader.unread.values()) else own[which].value


def _called(version: Version) -> str:
    """A gradient's name; of what a call is given, whose text an edit may change, what is called."""
    return version.name.partition(" given to ")[2] if version.is_passed else version.name


def _reader_at(trial: Trial, step: Step) -> GradientReader:
    """A reader that is about to read a step."""
    of = trial.reading.code.reader
    reader = trial.reader(step.values or {}, trial.source)
    reader.begin(step.node)
    reader.guards, reader.tests = list(step.guards), dict(of.tests)
    return reader


def _is_true(trial: Trial, node: Node) -> bool:
    pair, reading = Pair(node, trial.one.node, trial.one.factor), trial.reading
    return (
        fits(node, trial.one.node)
        and reading.agreement.is_right(pair, reading.true)
        and reading.is_right_beside_kinks(pair)
    )


def _is_within(definition: ast.FunctionDef, node: ast.stmt) -> bool:
    return definition.lineno <= node.lineno <= (definition.end_lineno or 0)
