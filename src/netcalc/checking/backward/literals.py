"""Gradients that a backward pass states as numbers: answers at the given point, judged as typed ones are."""

from __future__ import annotations

import ast

from netcalc.checking.answers.sources import given
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.check import check
from netcalc.errors import NetcalcError
from netcalc.program.answers import literal_of
from netcalc.result import CheckedLine, Result

MAX_ENTRIES_SHOWN = 3


def stated(reading: Reading, one: Judged, result: Result) -> CheckedLine | None:
    """The verdict on numbers that a line states; None where it states none, or something has no value."""
    version, source = one.version, reading.code.source
    value = getattr(version.statement, "value", None)
    numbers = literal_of(value) if isinstance(value, ast.expr) else None
    if numbers is None or bool(getattr(result.problem, "free", ())):
        return None
    text, gradient = source.segment(numbers), reading.forward.problem.gradient(version.of)
    try:
        judged = check(result, lambda names: given({gradient: text}, names))
    except NetcalcError as error:
        verdict, said = "wrong", error.message
    else:
        wrong = [entry for entry in judged.checked if entry.is_wrong]
        causes = dict.fromkeys(entry.diagnosis for entry in wrong if entry.diagnosis and entry.mistake)
        shown = [f"{entry.name} is {entry.claimed.shown}, not {entry.correct.shown}" for entry in wrong]
        more = f", and {len(shown) - MAX_ENTRIES_SHOWN} more" if len(shown) > MAX_ENTRIES_SHOWN else ""
        entries = ", ".join(shown[:MAX_ENTRIES_SHOWN]) + more
        verdict, said = ("wrong", "; ".join([*causes, entries])) if wrong else ("right", "")
    return CheckedLine(
        version.name,
        version.line,
        version.column + 1,
        verdict,
        diagnosis=said,
        file=source.name,
        text=source.line(version.line),
    )
