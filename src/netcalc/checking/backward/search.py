"""The repair of a line that is wrong in itself: the first edit that has the gradient right, and what it is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, takewhile

from netcalc.checking.backward.changes import Edit
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
from netcalc.checking.backward.expressions import called
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
from netcalc.checking.backward.helpers import MAX_SPAN
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.backward.origins import Origin
from netcalc.checking.backward.paths import path, statement_alike, statement_of_helper, term
from netcalc.checking.backward.pieces import Harvest, harvest, near, off_by
from netcalc.checking.backward.recomputed import recomputed
from netcalc.checking.backward.rereading import gives_it, is_right
from netcalc.checking.backward.siblings import term_of_sibling
from netcalc.checking.backward.told import Repair, told
from netcalc.checking.backward.trial import MAX_STATEMENTS, Trial
from netcalc.checking.backward.unused import stale, too_early, unused
from netcalc.errors import NetcalcError
from netcalc.graph.leaves import name_of
from netcalc.program.answers import assigned_in
from netcalc.program.steps import COMPOUND, Step
from netcalc.program.versions import Pass, Unjudged, Version

MANY = 3  # lines that are wrong in themselves, as in a loop in the wrong order
MAX_READINGS = 8  # of the whole pass with a loop's header repaired
MAX_REPAIRS = 40  # of a statement that Python stops at


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
    return None if edit is None else told(trial, edit)


def repair_of(reading: Reading, origin: Origin) -> Repair | None:
    """The first repair of the line of a local name that gives what that has to be, and has all made of it right."""
    own = _trial_of(reading, origin)
    if own is None:
        return None
    trials = [Trial(reading, one) for one in origin.local.dependents]
    candidates = takewhile(lambda _: not own.is_spent, _of_its_own(own))
    edit = next((edit for edit in candidates if gives_it(own, edit) and _is_right(edit, trials)), None)
    return None if edit is None else told(own, edit)


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
    return None if edit is None else told(trial, edit)


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
    return None if edit is None else told(trial, edit)


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
    if again is None:
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
    yield from too_early(trial)
    yield from edits(trial, OF_EXTREMES, trial.helpers)
    found = harvest(trial)
    yield from recomputed(trial, found)
    yield from from_above(trial, found)
    yield from _behind_loops(trial, found)
    yield from unused(trial)
    yield from _off_by_a_number(trial, found)
    yield from edits(trial, LOCAL)
    if any(trial.is_within_loop(one) for one in trial.versions):
        yield from statement_alike(trial, found)
        yield from term_of_sibling(trial, found)
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
