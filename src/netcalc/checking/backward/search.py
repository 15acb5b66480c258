"""The repair of a line that is wrong in itself: the first edit that has the gradient right, and what it is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, islice, takewhile

import numpy as np

from netcalc.checking.backward.edits import (
    LATER,
    LOCAL,
    OF_EXTREMES,
    OF_FACTOR,
    OF_SHAPES,
    OF_SIGN,
    TOO_MUCH,
    edits,
    is_blank,
)
from netcalc.checking.backward.expressions import as_factor, called, factors, parts, put, roots
from netcalc.checking.backward.guided import (
    GUIDED,
    GUIDED_LATER,
    factor_of_all,
    factor_of_term,
    from_above,
    mean_behind,
    of_helper,
    slope_of_helper,
)
from netcalc.checking.backward.headers import of_headers
from netcalc.checking.backward.judge import Judged, Reading
from netcalc.checking.backward.origins import Origin
from netcalc.checking.backward.paths import path, statement_alike, statement_of_helper, term
from netcalc.checking.backward.pieces import Harvest, harvest, near, off_by
from netcalc.checking.backward.rereading import gives_it, is_right
from netcalc.checking.backward.slopes import factor_said, is_known, slope_of
from netcalc.checking.backward.trial import MAX_SPAN, MAX_STATEMENTS, Change, Edit, Trial
from netcalc.errors import NetcalcError
from netcalc.graph.leaves import INPUT, name_of
from netcalc.program.answers import assigned_in
from netcalc.program.steps import COMPOUND, Step
from netcalc.program.versions import Pass, Unjudged, Version
from netcalc.records import NamedTuple

MAX_UNUSED = 4  # names
MANY = 3  # lines that are wrong in themselves, as in a loop in the wrong order
MAX_READINGS = 8  # of the whole pass with a loop's header repaired
MAX_REPAIRS = 40  # of a statement that Python stops at
ALGEBRAIC = ("sign", "constant", "exponent", "wrong-tensor", "quotient", "index", "complement", "factor-left-out")


class Repair(NamedTuple):
    """An edit that was found to be right, the line and the columns of what it changes, and the line as it is right,
    with the line that is missing below it.
    """

    mistake: str
    said: str
    line: int
    column: int
    marked: tuple[int, int] | None
    repaired: str


def cause(trial: Trial) -> str:
    """What is said of a gradient that no edit repairs: the path that is missing, if one is."""
    if trial.found is None:
        return ""
    if not trial.found.any() and not trial.is_within_loop(trial.one.version):
        return f"{trial.one.version.name} stays 0: a line that accumulates its paths is left out"
    said = path(trial, trial.true[0] - trial.found)
    return said if " through " in said else ""


def not_carried(one: Judged) -> Repair | None:
    """What is said where a loop reads what is 0 before it, or the next step's, and has no line that carries it on."""
    units, own = one.version.within.units, one.version.statement
    blank: set[str] = set()
    for unit in units[: one.version.unit + 1]:
        match unit.node:
            case ast.For() as loop:
                nodes = [node for node in ast.walk(loop) if isinstance(node, ast.Name) and node.id in blank]
                nodes = [node for node in nodes if node.id not in set(assigned_in(loop))]
                for node in nodes:
                    if own in ast.walk(loop) or any(isinstance(x, ast.Name) and x.id == node.id for x in ast.walk(own)):
                        said = f"a path left out, the one to the step before: no line of the loop carries {node.id} on"
                        return Repair("path-left-out", said, node.lineno, node.col_offset + 1, None, "")
            case ast.Assign(_, value):
                form = r"[dg].*" if called(value) in ("zeros", "zeros_like") else r"[dg].*(next|prev).*"
                blank |= {name for name in assigned_in(unit.node) if re.fullmatch(form, name)}
    return None


def repair(trial: Trial) -> Repair | None:
    """The first repair of a gradient's statements that is found; None where none is.

    What repairs another gradient, in a statement that both are made of, is tried first. Of a statement that a loop
    passes, each time with what is wrong in itself, the repair is one that has all of those times right.
    """
    known, key = trial.reading.repairs, (trial.one.version.statement, trial.one.version.name)
    if key not in known:
        alike = [one for one in trial.wrong if (one.one.version.statement, one.one.version.name) == key]
        known[key] = next((edit for edit in _candidates(trial) if _is_right(edit, [trial, *alike])), None)
    edit = known[key]
    return None if edit is None else _told(trial, edit)


def repair_of(reading: Reading, origin: Origin) -> Repair | None:
    """The first repair of the line of a local name that gives what that has to be, and has all made of it right."""
    own = _trial_of(reading, origin)
    if own is None:
        return None
    trials = [Trial(reading, one) for one in origin.local.dependents]
    candidates = takewhile(lambda _: not own.is_spent, _of_its_own(own))
    edit = next((edit for edit in candidates if gives_it(own, edit) and _is_right(edit, trials)), None)
    return None if edit is None else _told(own, edit)


def repair_of_header(trial: Trial) -> Repair | None:
    """The first repair of the header of a loop or an if that has all right that is wrong in itself."""
    known, within = trial.reading.headers, trial.one.version.within
    if off_by(trial) is not None:
        return None
    if within not in known:
        all_wrong = [trial, *trial.wrong]
        edits = {
            one.change: one for other in all_wrong if other.one.version.within is within for one in of_headers(other)
        }
        reading = trial.reading
        affordable = takewhile(lambda _: reading.statements < MAX_STATEMENTS // 4, edits.values())
        known[within] = next((edit for edit in affordable if _is_right(edit, all_wrong)), None)
        if known[within] is None:
            loops = [one for one in edits.values() if isinstance(one.statement, ast.For)]
            many = len({one.one.version.statement for one in all_wrong}) > MANY
            loops = [one for one in loops if many or "in the wrong order" in one.said]
            known[within] = next((edit for edit in loops[:MAX_READINGS] if _is_right_again(trial, edit)), None)
    edit = known[within]
    return None if edit is None else _told(trial, edit)


def repair_of_shapes(reading: Reading, one: Unjudged) -> Repair | None:
    """The first repair of a statement whose shapes do not fit, of a name that is no gradient, that has all right."""
    assert isinstance(one.part, ast.stmt)  # noqa: S101 - see Gradients.stopped
    found = next(_places(reading, lambda step: step.node is one.part), None)
    if found is None:
        return None
    within, place = found
    unit = max(number for number, own in enumerate(within.units) if own.step <= place)
    line, column = one.part.lineno, one.part.col_offset
    version = Version(one.name, "", line, column, unit, one.part, None, within=within, step=place)
    trial = Trial(reading, Judged(version, reading.forward.program.output, verdict="wrong"))
    trial.__dict__ |= {"versions": [version], "found": None}
    few = islice(edits(trial, OF_SHAPES), MAX_REPAIRS)
    edit = next((edit for edit in few if _is_right_again(trial, edit)), None)
    return None if edit is None else _told(trial, edit)


def _places(reading: Reading, holds: Callable[[Step], bool]) -> Iterator[tuple[Pass, int]]:
    """Where steps are that something holds of: the pass, and the place in it."""
    code = reading.code
    for within in dict.fromkeys([code.whole, *(within for _, _, within in code.whole.calls)]):
        yield from ((within, place) for place, step in enumerate(within.steps) if holds(step))


def _is_right_again(trial: Trial, edit: Edit) -> bool:
    text, change = trial.source.text, edit.change
    return right_with(trial.reading, text[: change.start] + change.text + text[change.end :]) is not None


def right_with(reading: Reading, text: str) -> Reading | None:
    """The whole pass with a repair, where all of it is right, whatever its gradients were held to before."""
    try:
        again = reading.again(text)
    except NetcalcError:
        return None
    is_read = len(again.code.unjudged) <= len(reading.code.unjudged) and not again.code.stopped
    return again if is_read and all(one.verdict == "right" for one in again.judged) else None


def _trial_of(reading: Reading, origin: Origin) -> Trial | None:
    """What it takes to try repairs of a local name's line, where that is one of the pass itself."""
    local = origin.local

    def makes_it(step: Step) -> bool:
        return step.values is not None and step.node.lineno == local.line and local.name in assigned_in(step.node)

    places = list(_places(reading, makes_it))
    wrong = [
        time for time in range(min(len(places), len(local.nodes))) if not near(origin.found[time], origin.true[time])
    ]
    if not wrong:
        return None
    time = wrong[0]
    within, step = places[time]
    statement = within.steps[step].node
    unit = max(place for place, one in enumerate(within.units) if one.step <= step)
    of = origin.meant.gradients[time].of
    version = Version(local.name, name_of(of) or "", local.line, statement.col_offset, unit, statement, None, step=step)
    version.within = within
    own = Trial(reading, Judged(version, of, verdict="wrong"), dict(zip(local.nodes[:time], origin.true, strict=False)))
    own.__dict__ |= {"versions": _so_far(version), "true": [origin.true[time]], "found": origin.found[time]}
    return own


def _so_far(version: Version) -> list[Version]:
    """The statements that make a local name what it is, the last one first: back to where it is given a value anew."""
    found, steps = [version], version.within.steps
    for place in range(version.step - 1, max(version.step - MAX_SPAN, -1), -1):
        if _gives_anew(found[-1].statement, version.name):
            break
        node = steps[place].node
        if not steps[place].item and not isinstance(node, COMPOUND) and version.name in assigned_in(node):
            found.append(replace(version, statement=node, line=node.lineno, column=node.col_offset, step=place))
    return found


def _gives_anew(statement: ast.stmt, name: str) -> bool:
    """Whether a name stands for something behind a statement that does not go on from what it stood for."""
    match statement:
        case ast.Assign([ast.Name()], value):
            return not any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(value))
    return False


def _is_right(edit: Edit, trials: Sequence[Trial]) -> bool:
    return all(is_right(one, edit) for one in trials)


def _candidates(trial: Trial) -> Iterator[Edit]:
    """Every edit to try, the smallest and most usual first, until enough were tried."""
    yield from (edit for edit in list(trial.reading.repairs.values()) if edit is not None)
    yield from _of_what_is_shared(trial)
    yield from takewhile(lambda _: not trial.is_spent, _of_its_own(trial))


def _of_its_own(trial: Trial) -> Iterator[Edit]:
    yield from stale(trial)
    yield from edits(trial, OF_EXTREMES, trial.helpers)
    found = harvest(trial)
    yield from from_above(trial, found)
    yield from _behind_loops(trial, found)
    yield from unused(trial)
    yield from _off_by_a_number(trial, found)
    yield from edits(trial, LOCAL)
    if any(trial.is_within_loop(one) for one in trial.versions):
        yield from statement_alike(trial, found)
    yield from statement_of_helper(trial, found)
    used = {helper.statement for other in _others(trial) for helper in other.helpers}
    shared = [one for one in trial.helpers if one.statement in used]
    others = [one for one in trial.helpers if one not in shared and one.statement not in trial.of_right]
    yield from edits(trial, LOCAL, shared)
    yield from slope_of_helper(trial, shared)
    yield from edits(trial, (*LOCAL, TOO_MUCH), others)
    yield from edits(trial, LOCAL, in_calls=True)
    for row in GUIDED:
        yield from row(trial, found)
    yield from sorted([*term(trial, found), *of_helper(trial, found)], key=_length)
    yield from factor_of_term(trial, found, of_helpers=True)
    yield from edits(trial, LATER, shared)
    yield from edits(trial, LATER)
    for row in GUIDED_LATER:
        yield from row(trial, found)
    yield from edits(trial, LATER, others)


def _off_by_a_number(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """Of a loop's statement that gives so many times what is right: a sign, or a factor that no def brings about."""
    ratio = off_by(trial)
    if ratio is not None and any(trial.is_within_loop(one) for one in trial.versions):
        yield from edits(trial, OF_SIGN if ratio.text == "-1" else OF_FACTOR)
        yield from factor_of_all(trial, found) if ratio.text != "-1" and not trial.helpers else ()


def _behind_loops(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """What is tried of statements behind a loop before those within it, each of which costs a round of the loop."""
    versions = [one for one in trial.versions if not is_blank(one.statement)]
    outside = [one for one in versions if not trial.is_within_loop(one)]
    if len(outside) == len(versions):
        return
    own = Trial(trial.reading, trial.one)
    own.__dict__["versions"] = outside
    if outside:
        yield from edits(own, LOCAL)
        yield from factor_of_term(own, found)
    if all(isinstance(one.statement, ast.AugAssign) for one in versions if one not in outside):
        yield from mean_behind(trial)
        yield from term(trial, found)


def _length(edit: Edit) -> int:
    return len(edit.change.text) - (edit.change.end - edit.change.start)


def _of_what_is_shared(trial: Trial) -> Iterator[Edit]:
    """Repairs of a statement that several wrong gradients are made of, which have all of them right at once."""
    using = {
        helper: [other for other in _others(trial) if helper.statement in [one.statement for one in other.helpers]]
        for helper in trial.helpers
        if not isinstance(helper.statement, ast.FunctionDef)
    }
    shared = [helper for helper, several in using.items() if several]
    plain = ((helper, edit) for helper in shared for edit in edits(trial, (*LOCAL, TOO_MUCH), [helper]))
    led = (
        (helper, edit)
        for helper in shared
        for other in (trial, *using[helper])
        for edit in of_helper(other, harvest(other))
        if edit.statement is helper.statement
    )
    for helper, edit in chain(plain, led):
        if _is_right(edit, using[helper]):
            yield edit


def _others(trial: Trial) -> list[Trial]:
    """What other statements make that is wrong in itself."""
    return [one for one in trial.wrong if one.one.version.statement is not trial.one.version.statement]


def unused(trial: Trial) -> Iterator[Edit]:
    """What a line assigns and none uses, added to a line before the gradient or to its own."""
    nodes = [node for unit in trial.one.version.within.units for node in ast.walk(unit.node)]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    finals = {one.version.name for one in trial.reading.judged if one.node.operation is INPUT}
    names = [name for name in trial.names if name not in read and name not in finals and _is_assigned(trial, name)]
    for name in names[:MAX_UNUSED]:
        for version in (*trial.versions, *trial.helpers):
            if version.name == name or isinstance(version.statement, ast.FunctionDef):
                continue
            for root in list(roots(version.statement, version.name))[:1]:
                for sign in ("+", "-"):
                    said = f"a path left out: {name} is assigned and never added: {sign} {name}"
                    added = put(trial, root, f"{trial.text(root)} {sign} {name}")
                    yield Edit(added, version.statement, "path-left-out", said)
                    of_factor = _added_within(trial, root, f"{sign} {name}")
                    if of_factor is not None:
                        yield Edit(of_factor, version.statement, "path-left-out", said)
                times = f"{name} is assigned and never used: {factor_said(trial, name, too_many=False)}"
                times += "" if "times" in times else f", times {name}"
                for part in parts(root):
                    if isinstance(part, ast.Constant) and type(part.value) is int:
                        said = f"{name} is assigned and never used: {trial.text(part)} in place of {name}"
                        yield Edit(put(trial, part, name), version.statement, "wrong-tensor", said)
                change = put(trial, root, f"{as_factor(trial, root)} * {name}")
                yield Edit(change, version.statement, "factor-left-out", times)


def _added_within(trial: Trial, root: ast.expr, text: str) -> Change | None:
    """A summand added to the sum that is a factor of the whole, as a - b is of (a - b) * r."""
    for one, divides in factors(root):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Sub) and one is not root and not divides:
            return put(trial, one, f"({trial.text(one)} {text})")
    return None


def _is_assigned(trial: Trial, name: str) -> bool:
    return any(name in assigned_in(unit.node) for unit in trial.one.version.within.units)


def stale(trial: Trial) -> Iterator[Edit]:
    """A weight that has had its step before it is used: the step goes behind."""
    source, last = trial.source, trial.versions[0].statement
    for helper in trial.helpers:
        name = helper.name
        if name not in trial.reading.forward.candidates or helper.unit == trial.one.version.unit:
            continue
        start, end = trial.segment(helper.statement)
        behind = trial.segment(last)[1]
        between = source.text[end:behind].lstrip("\n; ")
        use = next((one for one in ast.walk(last) if isinstance(one, ast.Name) and one.id == name), None)
        if use is None or start >= behind:
            continue
        column = " " * helper.statement.col_offset
        change = Change(start, behind, f"{between.lstrip()}\n{column}{source.text[start:end]}")
        said = f"{name} is already updated here: its gradient step, {source.text[start:end]}, comes after its last use"
        yield Edit(change, helper.statement, "stale-weights", said, trial.segment(use))


def _told(trial: Trial, edit: Edit) -> Repair:
    source, change = trial.source, edit.change
    text = source.text[: change.start] + change.text + source.text[change.end :]
    if edit.marked is not None:
        return _moved(trial, edit, edit.marked)
    is_line = change.start == change.end and change.text.startswith("\n")
    said = edit.said if is_line or edit.mistake not in ALGEBRAIC else _as_slope(trial, edit) + edit.said
    start = change.start
    number = source.text.count("\n", 0, start) + 1
    first = source.starts[number - 1]
    if is_line:
        both = f"{source.line(number)}{change.text}"
        return Repair(edit.mistake, said, number, edit.statement.col_offset + 1, None, both)
    end = max(change.end, start + 1)
    last = min(end, first + len(source.line(number)))
    repaired = text[first:].partition("\n")[0]
    return Repair(
        edit.mistake,
        f"{said}: {repaired.strip()}",
        number,
        start - first + 1,
        (start - first + 1, last - first + 1),
        repaired,
    )


def _moved(trial: Trial, edit: Edit, marked: tuple[int, int]) -> Repair:
    """A statement moved behind the gradient's."""
    source = trial.source
    number = source.text.count("\n", 0, marked[0]) + 1
    first = source.starts[number - 1]
    columns = marked[0] - first + 1, marked[1] - first + 1
    both = f"{source.line(number)}\n{edit.change.text.rpartition(chr(10))[2]}"
    return Repair(edit.mistake, edit.said, number, columns[0], columns, both)


def _as_slope(trial: Trial, edit: Edit) -> str:
    """`the slope of tanh is wrong: ` where the repaired factors are a slope of the forward pass."""
    start, end = trial.segment(edit.statement)
    change = edit.change
    text = trial.source.text[start : change.start] + change.text + trial.source.text[change.end : end]
    if edit.said.startswith("the slope"):
        return ""
    first = len(text[: change.start - start].encode())
    places = first, first + max(len(change.text.encode()) - 1, 0)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Sub | ast.Add | ast.Pow):
            for group in _groups(node):
                is_changed = any(one.col_offset <= at <= (one.end_col_offset or 0) for one in group for at in places)
                if is_changed and all(one.lineno == 1 for one in group):
                    product = _product(trial, [ast.unparse(one) for one in group])
                    found = slope_of(trial, product)
                    if found is not None and is_known(found.function):
                        return f"the slope of {found.function} is wrong: "
    return ""


def _groups(node: ast.BinOp) -> Iterator[list[ast.expr]]:
    own = [part for part, divides in factors(node) if not divides]
    yield [node]
    for count in (1, 2, 3):
        yield from map(list, combinations(own, count))


def _product(trial: Trial, texts: list[str]) -> np.ndarray | None:
    found: np.ndarray | None = None
    for text in texts:
        value = trial.value(text)
        if value is None:
            return None
        try:
            found = value if found is None else found * value
        except ValueError:
            return None
    return found
