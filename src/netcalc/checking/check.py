"""A result with verdicts on the answers that were brought."""

from __future__ import annotations

from collections.abc import Callable

from netcalc.checking.answers.names import Names
from netcalc.checking.answers.sources import Brought
from netcalc.checking.checker import Checker, checked_by
from netcalc.checking.judging.verdicts import Tolerance
from netcalc.checking.letters import in_letters
from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.result import Result


def check(result: Result, read: Callable[[Names], Brought], tolerance: Tolerance | None = None) -> Result:
    """The same result with a verdict on each answer that `read` finds, explained. Raises as Checker does."""
    if isinstance(result.problem, GraphProblem) and result.problem.samples:
        raise NetcalcError("answers to a program are checked for the whole batch: leave out --per-sample")
    if isinstance(result.problem, GraphProblem) and result.problem.free:
        return in_letters(result, read, tolerance)
    return checked_by(Checker(result, tolerance), read)
