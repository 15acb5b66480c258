"""The library face for teachers: exercises, and a class marked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from netcalc.arguments import text, whole
from netcalc.checking.answers.tables import Table, from_file, from_rows
from netcalc.checking.checker import Checker
from netcalc.checking.classes.exercises import checkers
from netcalc.checking.classes.grading import Grades
from netcalc.checking.classes.grading import grade as marked
from netcalc.checking.judging.verdicts import Tolerance
from netcalc.errors import NetcalcError
from netcalc.exercises import Exercise
from netcalc.exercises import quiz as drawn
from netcalc.result import Result
from netcalc.solving.solve import flag

MAX_EXERCISES = 1000


def quiz(kind: str, *, seed: int = 1, count: int = 5, level: int = 1) -> list[Exercise]:
    """So many different exercises of a kind (`neuron`, `linear`, `net` or `grad`), the same for the same seed.

    Each has a `text`, its answer as a `result`, and its `key`: the closed form of each number that is asked for.
    `level` goes from 1 to 3. Raises NetcalcError.
    """
    return drawn(
        text("kind", kind, "'neuron'"),
        whole("seed", seed, 0),
        whole("count", count, most=MAX_EXERCISES),
        whole("level", level),
    )


def grade(
    problem: str | os.PathLike[str] | Result | Sequence[Exercise],
    answers: str | os.PathLike[str] | Sequence[Mapping[str, object]],
    *,
    follow_through: bool = False,
    decimal: str = ".",
    rtol: float | None = None,
    atol: float | None = None,
    sig: int | None = None,
) -> Grades:
    """A class marked: `students`, each with marks, verdicts and diagnoses, and how many made which mistake.

    `problem` is a file as `netcalc grade` takes it, a result, or exercises. `answers` is a table's file, or a mapping a
    student, such as {"student": "Ada", "q": 1, "db": "0.197"}; those of the second exercise are called `2.q`.
    `decimal` is the decimal sign of a file. Raises NetcalcError.
    """
    tolerance = Tolerance(rtol, atol, sig)
    is_whole = isinstance(problem, str | os.PathLike | Result)
    if not is_whole and not (_is_list_of(problem, Exercise) and problem):
        raise NetcalcError(f"problem is a file, a result or exercises, and not {problem!r}")
    if not isinstance(answers, str | os.PathLike) and not _is_list_of(answers, Mapping):
        raise NetcalcError(f"answers are a file's path, or a mapping a student, and not {answers!r}")
    table: Table = (
        from_file(os.fspath(answers)) if isinstance(answers, str | os.PathLike) else from_rows(answers, "the answers")
    )
    follow_through = flag("follow_through", follow_through)
    return marked(_ready(problem, tolerance), table, follow_through=follow_through, decimal=decimal)


def _is_list_of(value: object, kind: type) -> bool:
    """Whether all of a list, or of what is as good as one, are of a kind."""
    return isinstance(value, Sequence) and all(isinstance(one, kind) for one in value)


def _ready(problem: str | os.PathLike[str] | Result | Sequence[Exercise], tolerance: Tolerance) -> dict[str, Checker]:
    if isinstance(problem, str | os.PathLike):
        return checkers(os.fspath(problem), tolerance)
    if isinstance(problem, Result):
        return {"": Checker(problem, tolerance)}
    return {f"{one.number}.": Checker(one.result, tolerance) for one in problem}
