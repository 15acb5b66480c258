"""A result with verdicts on the lines of a backward pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from netcalc.checking.backward.batch import with_other_batch
from netcalc.checking.backward.formulas import is_scale
from netcalc.checking.backward.judge import held_otherwise, read, shape_said
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.backward.literals import stated
from netcalc.checking.backward.origins import Origin, Origins
from netcalc.checking.backward.search import (
    cause,
    not_carried,
    repair,
    repair_of,
    repair_of_header,
    right_with,
)
from netcalc.checking.backward.tiny import without_tiny
from netcalc.checking.backward.told import Repair
from netcalc.checking.backward.trial import FEW_TRIALS, MAX_TRIALS, Trial
from netcalc.checking.backward.unjudged import goes_on, meanings, said_of_stop, unjudged
from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.program import Program
from netcalc.program.answers import base
from netcalc.program.source import ProgramError, Source
from netcalc.program.versions import Version
from netcalc.result import CheckedLine, Result

MAX_DOUBTFUL = 2  # readings
NO_DIAGNOSIS = "the cause was not identified"


def check_code(result: Result, text: str | None = None, name: str = "") -> Result:
    """The same result with a verdict on every gradient that a text assigns; without one, that the program's own does.

    Raises ProgramError for a text that is not understood, NetcalcError where there is no program to hold it to.
    """
    problem = result.problem
    if not isinstance(problem, GraphProblem) or problem.code is None:
        raise NetcalcError(f"--check {name} is a backward pass in Python, for a forward pass in Python: net forward.py")
    try:
        lines, notes = checked_lines(problem, text, name, result)
    except ProgramError as error:
        if text is not None or not all(isinstance(one, ast.FunctionDef) for one in problem.code.rest):
            raise
        lines, notes = (), [f"the backward pass is not judged: {error.message}"]
    return replace(result, lines=(*result.lines, *lines), notes=(*result.notes, *notes))


def checked_lines(
    problem: GraphProblem, text: str | None = None, name: str = "", result: Result | None = None
) -> tuple[tuple[CheckedLine, ...], list[str]]:
    """The verdicts on the gradients that a text, or else the program itself, assigns; and notes on it as a whole.

    Numbers that a line states are held to the `result` at the given point.
    """
    program: Program = problem.code
    source = program.source if text is None else Source.of(text, name)
    with np.errstate(all="ignore"):
        reading = read(problem, source, program.rest if text is None else None)
        problem, reading, told = _without_tiny(problem, reading, own=text is None)
        reading = _with_one_slip(reading)
        others = _with_other_batch(reading, problem, own=text is None)
        origins = Origins(reading)
        passed = {one.version.name for one in reading.judged if one.version.is_passed}
        known = [(result and stated(reading, one, result)) or others.get(n) for n, one in enumerate(reading.judged)]
        found = _after_one_repair(reading, known, origins)
        told_of = [one for one in _once(reading, found) if one.is_wrong or one.name not in passed]
        lines = tuple(_with_unjudged(reading, told_of))
    return lines, [*told, *dict.fromkeys(meanings(reading)), *reading.code.notes, *_missing(reading)]


def _after_one_repair(reading: Reading, known: Sequence[CheckedLine | None], origins: Origins) -> list[CheckedLine]:
    """The lines; where one is repaired and the pass is right with that, all other wrong ones follow from it.

    No repair of those is looked for.
    """
    first: CheckedLine | None = None
    follows, found = "", list[CheckedLine]()
    for place, one in enumerate(reading.judged):
        version = one.version
        if follows and one.is_wrong_in_itself and not version.lost:
            plain = Repair("", "", version.line, version.column + 1, None, "")
            found.append(_told(reading, one, plain)._replace(follows=follows))
            continue
        line = known[place] or _line(reading, one, origins)
        found.append(line)
        others: list[CheckedLine | Judged] = [*found, *reading.judged[place + 1 :]]
        if (
            first is None
            and line.repair
            and line.is_wrong
            and not line.follows
            and any(_is_left(other) for other in others)
        ):
            first = line
            follows = line.name if _is_right_with(reading, line) else ""
    return [one._replace(follows=follows, diagnosis="") if follows and _is_left(one) else one for one in found]


def _is_left(one: CheckedLine | Judged) -> bool:
    """Whether something is wrong, nothing before it is why, and it is not repaired."""
    return one.is_wrong_in_itself if isinstance(one, Judged) else one.is_wrong and not one.follows and not one.repair


def _is_right_with(reading: Reading, line: CheckedLine) -> bool:
    """Whether the whole pass is right with the repair of a line, and no less of it is judged."""
    rows = reading.code.source.text.split("\n")
    rows[line.line - 1] = line.repair
    again = right_with(reading, "\n".join(rows))
    return again is not None and len(again.judged) >= len(reading.judged)


def _once(reading: Reading, lines: Sequence[CheckedLine]) -> Iterator[CheckedLine]:
    """The lines, where one repair of a line that several gradients are made of is told with the first of them.

    A line of a def that is called several times is told once, and is wrong if it is wrong at one of them.
    """
    owners: dict[tuple[int, str], Judged] = {}
    found: dict[tuple[Any, ...], CheckedLine] = {}
    for one, line in zip(reading.judged, lines, strict=True):
        is_of_def = one.version.within.of is not None
        is_shared = line.repair or (line.is_wrong and (is_of_def or line.line != one.version.line))
        owner = owners.setdefault((line.line, line.repair or line.diagnosis), one) if is_shared else one
        own = line
        if owner is not one:
            place, column = one.version.line, one.version.column + 1
            text, after = reading.code.source.line(place), owner.version.name
            own = CheckedLine(line.name, place, column, line.verdict, after, file=line.file, text=text)
        key = (own.name, one.version.line, one.version.column) if is_of_def else (one,)
        before = found.get(key)
        if before is None or _gravity(own) > _gravity(before):
            found[key] = own
    yield from found.values()


def _gravity(line: CheckedLine) -> int:
    return 0 if line.is_right else 1 if line.follows else 2


def _with_unjudged(reading: Reading, lines: Sequence[CheckedLine]) -> list[CheckedLine]:
    """The lines and what can't be judged, in order; what is added to such a gradient before is not wrong by itself."""
    stopped = reading.code.stopped
    parts = [one for one in reading.code.unjudged if all(one.part is not other.part for other in stopped)]
    unsure = {one.name for one in parts if not goes_on(one)}
    known = [one for one in lines if not (one.verdict != "right" and one.name in unsure)]
    others = [*(unjudged(reading, one) for one in parts), *(said_of_stop(reading, one) for one in stopped)]
    return sorted([*known, *others], key=lambda one: one.line)


def _without_tiny(problem: GraphProblem, reading: Reading, *, own: bool) -> tuple[GraphProblem, Reading, list[str]]:
    """A reading with 0 for tiny numbers that the forward pass adds, where that leaves no more lines wrong."""
    wrong = _wrong(reading)
    found = without_tiny(problem, reading.code.source) if wrong else None
    if found is None:
        return problem, reading, []
    other, source, told = found
    try:
        again = read(other, source, other.code.rest if own else None)
    except NetcalcError:
        return problem, reading, []
    left = _wrong(again)
    if not left <= wrong:
        return problem, reading, []
    if left == wrong:
        return other, again, []
    lines = sorted({one.version.line for one in reading.judged if one.version.name in wrong - left})
    return other, again, [f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}: {told}"]


def _with_one_slip(reading: Reading) -> Reading:
    """The reading, or one in which gradients are held to what makes one line alone wrong, and that can be repaired."""
    for judged in reading.doubtful[:MAX_DOUBTFUL]:
        other = held_otherwise(reading, judged)
        wrong = [one for one in other.judged if one.is_wrong_in_itself]
        trials = [Trial(other, one, limit=FEW_TRIALS) for one in wrong]
        if len({one.version.statement for one in wrong}) == 1 and all(repair(one) is not None for one in trials):
            return other
    return reading


def _wrong(reading: Reading) -> set[str]:
    return {one.version.name for one in reading.judged if one.is_wrong_in_itself}


def _with_other_batch(reading: Reading, problem: GraphProblem, *, own: bool) -> dict[int, CheckedLine]:
    """The lines that are wrong for another number of samples, by their place among those that are judged.

    What is the matter with them is told better there, where no size is 1 or another's.
    """
    source, program = reading.code.source, reading.forward.program
    differentiated = {one.version.of for one in reading.judged}
    moved = with_other_batch(problem, differentiated, [source, program.source])
    if moved is None:
        return {}
    other, samples = moved
    try:
        again = read(other, source, other.code.rest if own else None, samples)
    except NetcalcError:
        return {}
    if [one.version.name for one in again.judged] != [one.version.name for one in reading.judged]:
        return {}
    origins = Origins(again)
    misfits = {one.version.name for one in again.judged if one.version.node not in again.true}
    found: dict[int, CheckedLine] = {}
    for place, (one, before) in enumerate(zip(again.judged, reading.judged, strict=True)):
        is_known = before.verdict == "right" or (before.is_wrong_in_itself and one.is_wrong_in_itself)
        if one.verdict == "wrong" and is_known and not {one.version.name, one.follows} & misfits:
            line = _line(again, one, origins)
            alone = f"{line.diagnosis}; right for this number of samples alone"
            found[place] = line._replace(diagnosis=alone) if before.verdict == "right" and not one.follows else line
    return found


def _line(reading: Reading, one: Judged, origins: Origins) -> CheckedLine:
    version, source = one.version, reading.code.source
    if one.is_wrong_in_itself and version.lost:
        place, text = (version.line, version.column + 1), source.line(version.line)
        return CheckedLine(version.name, *place, "not judged", diagnosis=version.lost, file=source.name, text=text)
    trial: Trial | None = None
    found: Repair | None = None
    names: Sequence[Origin] = ()
    if one.is_wrong_in_itself and not version.is_early:
        found = not_carried(one) or repair_of_header(Trial(reading, one))
        names = () if found else origins.of_several.get(one, ())
    if one.is_wrong_in_itself and not names and found is None and not version.is_early:
        alone = origins.of(one)
        trial = Trial(reading, one, limit=FEW_TRIALS if alone else MAX_TRIALS)
        found = repair(trial)
        names = () if found else alone
    if names:
        local = names[0].local
        if local not in origins.lines:
            origins.lines[local] = _line_of_local(reading, one, names)
        return origins.lines[local]._replace(name=version.name)
    if found is None:
        missing = cause(trial) if trial is not None else ""
        said = version.said or shape_said(one) or missing or (trial and NO_DIAGNOSIS) or ""
        at = _blamed(trial) if trial is not None and said in (NO_DIAGNOSIS, missing) else version
        mistake = "path-left-out" if missing and said == missing else ""
        found = Repair(mistake, said, at.line, at.column + 1, None, "")
    return _told(reading, one, found)


def _blamed(trial: Trial) -> Version:
    """The last of a gradient's statements that does more than scale it, where none is repaired."""
    own = trial.one.version
    if not is_scale(own.statement):
        return own
    others = [one for one in trial.versions if not is_scale(one.statement)]
    return max(others or trial.versions, key=lambda one: one.line)


def _line_of_local(reading: Reading, one: Judged, names: Sequence[Origin]) -> CheckedLine:
    """The line of a local name that is why gradients are wrong: the first that is repaired, or else the first."""
    first = names[0]
    repairs = (repair_of(reading, origin) for origin in names)
    found = next((one for one in repairs if one is not None), None)
    found = found or Repair("", first.said, first.local.line, 1, None, "")
    text = reading.code.source.line(found.line)
    column = found.column if found.repaired else len(text) - len(text.lstrip()) + 1
    return _told(reading, one, found._replace(column=column))


def _told(reading: Reading, one: Judged, found: Repair) -> CheckedLine:
    source = reading.code.source
    return CheckedLine(
        one.version.name,
        found.line,
        found.column,
        one.verdict,
        one.follows,
        found.mistake,
        found.said,
        found.repaired,
        source.name,
        source.line(found.line),
        found.marked,
    )


def _missing(reading: Reading) -> list[str]:
    """A note on the inputs whose gradient is never assigned."""
    forward, program = reading.forward, reading.forward.program
    there = {one.version.of for one in reading.judged}
    there |= {of for one in reading.code.unjudged if (of := base(one.name, forward.candidates)) is not None}
    nodes = {node for one in reading.judged for node in forward.candidates[one.version.of]}
    nodes |= {node.args[0] for node in nodes if node.args and program.layers}
    own = [name for name in program.inputs if not name.startswith("upstream_")] if program.layers else program.inputs
    absent = [name for name in own if name in program.wrt and name not in there and program.inputs[name] not in nodes]
    if not absent:
        return []
    names = ", ".join(f"d{name}" for name in absent)
    return [f"{reading.code.source.name} assigns no {names}"]
