"""The problems that a file asks, made ready to mark answers to: one, or a quiz's several by their numbers."""

from __future__ import annotations

from netcalc.checking.checker import Checker
from netcalc.checking.judging.verdicts import Tolerance
from netcalc.errors import FileError
from netcalc.solving.solve import solve
from netcalc.spec import problem_of
from netcalc.spec.document import read_document


def checkers(path: str, tolerance: Tolerance) -> dict[str, Checker]:
    """By what stands before the names of its answers: nothing for one problem, `1.`, `2.`, … for a quiz's.

    Raises NetcalcError.
    """
    document = read_document(path)
    exercises = document.content.get("exercises")
    if exercises is None:
        return {"": Checker(solve(problem_of(document)), tolerance)}
    if not isinstance(exercises, list) or not exercises or not all(map(_has_problem, exercises)):
        raise FileError(
            f"{document.name}: the exercises of a quiz have a problem each, as netcalc quiz -f json writes them"
        )
    return {
        f"{number}.": Checker(solve(problem_of(document._replace(content=one["problem"], text=""))), tolerance)
        for number, one in enumerate(exercises, 1)
    }


def _has_problem(exercise: object) -> bool:
    return isinstance(exercise, dict) and isinstance(exercise.get("problem"), dict)
