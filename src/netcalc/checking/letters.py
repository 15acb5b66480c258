"""Formulas of a problem whose tensors have no values: checked at several sets of sizes and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from netcalc.checking.answers.claims import MISFIT, misfit
from netcalc.checking.answers.names import Names
from netcalc.checking.answers.sources import Brought
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS
from netcalc.checking.checked import long_step, step_at
from netcalc.checking.checker import NOWHERE, Checker, checked_by
from netcalc.checking.elsewhere import ONLY_HERE
from netcalc.checking.judging import graphs
from netcalc.checking.judging.verdicts import Tolerance
from netcalc.errors import NetcalcError, ShapeError, UndefinedError
from netcalc.graph.sizes import described
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.render.prose import explained
from netcalc.result import Checked, Result, Value
from netcalc.solving.graphed import solve

LARGER = (0, 3, 9)  # by which sizes are increased
SETS_OF_SIZES, ATTEMPTS = 2, 8  # for letters; numbers tried for each


def in_letters(result: Result, read: Callable[[Names], Brought], tolerance: Tolerance | None) -> Result:
    """Verdicts on formulas of a problem whose tensors have no values: proven for two sets of sizes, and of numbers."""
    texts: dict[str, str] = {}

    def reading(names: Names) -> Brought:
        brought = read(names)
        texts.update({names.find(name).name: text for name, text in brought.given if isinstance(text, str)})
        return brought

    def checked_at(placed: Result) -> Result:
        return checked_by(Checker(placed, tolerance, is_explained=False), reading)

    found = [checked_at(_placed(result.problem, attempt)) for attempt in range(SETS_OF_SIZES)]
    if any(ONLY_HERE in one.note for own in found for one in own.checked):
        with suppress(NetcalcError):
            placed = [_placed(result.problem, attempt, signed=True) for attempt in range(SETS_OF_SIZES)]
            found += map(checked_at, placed)
    names = [{one.name: one for one in own.checked} for own in found]
    whole = {tensor.name for tensor in (*result.tensors, *result.inner)}
    if not names[0].keys() <= whole or any(own.keys() != names[0].keys() for own in names):
        raise NetcalcError("answers to what has no values are formulas of whole tensors, as dW=outer(dz, x)")
    sizes = [own.problem.sizes for own in found]
    checked = [_of_letters(result, [own[name] for own in names], sizes, texts.get(name, "")) for name in names[0]]
    notes = [note for note in found[0].notes if note.startswith("took ")]
    return replace(result, checked=tuple(checked), notes=(*notes, *result.notes))


def _placed(problem: GraphProblem, first: int, *, signed: bool = False) -> Result:
    """The problem at sizes and numbers where it has a value; positive ones, or of both signs."""
    for larger in LARGER:
        for attempt in range(first, first + SETS_OF_SIZES * ATTEMPTS, SETS_OF_SIZES):
            try:
                return solve(graphs.in_numbers(problem, attempt, larger, signed=signed))
            except UndefinedError:
                continue
            except ShapeError:  # an index that is a number takes larger sizes
                break
    raise UndefinedError(NOWHERE)


def _of_letters(result: Result, found: Sequence[Checked], sizes: Sequence[Mapping[str, int]], text: str) -> Checked:
    """One verdict of those at several sizes and numbers, on an answer by its text."""
    here = next((one for one in found if ONLY_HERE in one.note), None)
    tensor = result[found[0].name]
    wrong = _agreed(result, [(one, own) for one, own in zip(found, sizes, strict=True) if one.is_wrong], text)
    own = wrong or here or found[0]
    correct = Value(None, to_unicode(tensor.formula), formula=tensor.formula)
    step = long_step(result, tensor) if wrong or here else None
    return own._replace(
        step=step_at(result, own.step),
        claimed=own.claimed if own.claimed.formula is not None or not text else Value(None, text),
        correct=correct,
        verdict="wrong" if wrong or here else own.verdict,
        diagnosis=own.diagnosis or (NO_DIAGNOSIS.said if here else ""),
        explanation=explained(step, result.steps),
        note="" if here else own.note,
        taken=(),
    )


def _agreed(result: Result, found: Sequence[tuple[Checked, Mapping[str, int]]], text: str) -> Checked | None:
    """The verdict with the cause that explains a wrong answer at all sizes and numbers; None of no verdict."""
    wrong = [one for one, _ in found]
    if wrong and all(one.diagnosis.startswith(MISFIT) for one in wrong):
        return wrong[0]._replace(diagnosis=_misfit(result, wrong[0], text))
    in_letters = [one._replace(diagnosis=_with_sizes(one.diagnosis, sizes)) for one, sizes in found]
    for told in (wrong, in_letters):
        first = min(told, key=lambda one: len(one.diagnosis), default=None)
        if first is None or all(first.diagnosis in one.diagnosis for one in told):
            return first
    return wrong[0]._replace(diagnosis=NO_DIAGNOSIS.said, mistake="", step="", follows="")


def _with_sizes(said: str, sizes: Mapping[str, int]) -> str:
    """What is said of a slip, with the letters of sizes in the place of their numbers: `the mean's 1/n left out`."""
    letters = {str(size): letter for letter, size in sizes.items()}
    return re.sub(r"(?<![\w.])\d+(?![\w.])", lambda number: letters.get(number[0], number[0]), said)


def _misfit(result: Result, wrong: Checked, text: str) -> str:
    """What is said of a formula of another shape, or of none, with the letters of its sizes."""
    try:
        shapes = graphs.shapes_in_letters(result.problem, text, wrong.name)
    except ShapeError as error:
        return f"{MISFIT}: {error.message}"
    except NetcalcError:  # parts that steps name
        return wrong.diagnosis
    return misfit(described(shapes[0]), wrong.name, described(shapes[1])) if shapes else wrong.diagnosis
