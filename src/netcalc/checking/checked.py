"""A verdict as a result holds it: what was claimed and what is right, as shown, and the step that leads there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.rounding import digits
from netcalc.checking.answers.claims import Claim
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS, Diagnosis
from netcalc.checking.causes.library import Library
from netcalc.checking.elsewhere import ONLY_HERE
from netcalc.checking.judging.bench import BITS, Bench
from netcalc.checking.judging.verdicts import Judgement, claimed_value
from netcalc.expression import Tree
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.render.prose import explained
from netcalc.result import Checked, Result, Step, Taken, Tensor, Value
from netcalc.result import as_value as as_entry
from netcalc.solving.bits import as_value

FEWEST_DIGITS, MOST_DIGITS = 7, 60  # to tell two numbers apart that print alike


def checked(
    result: Result,
    claim: Claim,
    library: Library,
    judgement: Judgement,
    found: Diagnosis | None,
    note: str,
    steps_taken: tuple[Taken, ...],
    *,
    is_explained: bool,
) -> Checked:
    benches, diagnosis = library.benches, found or Diagnosis("")
    claimed, correct = _claimed(claim, benches), as_entry(result[claim.tensor].entries[claim.index])
    is_fine = judgement == "wrong" or claim.written.digits >= FEWEST_DIGITS
    if judgement != "right" and is_fine and _look_alike(claimed, correct) and claim.written.is_constant:
        claimed, correct = _told_apart(claim, benches[0], claimed, correct)
    step = _step(result, claim) if judgement == "wrong" and is_explained else None
    return Checked(
        claim.name,
        claimed,
        correct,
        judgement,
        diagnosis.said,
        explained(step, result.steps),
        note=note,
        follows=diagnosis.follows,
        tensor=claim.tensor if claim.whole else "",
        mistake=diagnosis.mistake,
        step=step_at(result, diagnosis.at) if is_explained else diagnosis.at,
        taken=steps_taken,
    )


def step_at(result: Result, name: str) -> str:
    """The step of the derivation that arrives at the gradient of that name, or at the thing itself."""
    if not name:
        return ""
    for tensor in (*result.tensors, *result.inner):
        if tensor.of and tensor.key == name:
            wanted = {tensor.name, f"d{tensor.of}/d{tensor.key}"}
            found = next((step for step in result.steps if step.name in wanted or step.element == tensor.name), None)
            return explained(found, result.steps)
    return ""


def _look_alike(a: Value, b: Value) -> bool:
    """Whether both are shown as the same number: 1.00000 and 1."""
    return a.shown == b.shown or ("." in a.shown and a.shown.rstrip("0").rstrip(".") == b.shown)


def _told_apart(claim: Claim, bench: Bench, claimed: Value, correct: Value) -> tuple[Value, Value]:
    """What was claimed and what is right, with the digits in which they differ."""
    with precision(BITS):
        numbers = claimed_value(claim, bench), bench.truth[claim.tensor][claim.index]
        for count in range(FEWEST_DIGITS, MOST_DIGITS):
            shown = [digits(number, count) for number in numbers]
            if None in shown:
                break
            if Fraction(str(shown[0])) != Fraction(str(shown[1])):
                own = shown[0] if claim.written.value is None else claim.written.text.replace("−", "-")
                return replace(claimed, shown=str(own)), replace(correct, shown=str(shown[1]))
    return claimed, correct


def _claimed(claim: Claim, benches: Sequence[Bench]) -> Value:
    """What was claimed, as a value: the digits as written where they are plain."""
    if not claim.written.is_constant and len(benches) > 1:
        return Value(None, to_unicode(claim.written.tree), formula=claim.written.tree)
    if not claim.written.finite:
        return Value(None, claim.written.text)
    with precision(BITS):
        value = as_value(claimed_value(claim, benches[0]), None)
    plain = claim.written.value is not None and len(claim.written.text) <= len(value.shown) + 2
    return replace(value, shown=claim.written.text.replace("−", "-")) if plain else value


def long_step(result: Result, tensor: Tensor) -> Step | None:
    """The step that arrives at a tensor's answer."""
    return next((one for one in result.steps if one.name == f"d{tensor.of}/d{tensor.key}"), None)


def _step(result: Result, claim: Claim) -> Step | None:
    """The step of the derivation that arrives at this answer, or at the tensor that it is in."""
    tensor = result[claim.tensor]
    long_form = f"d{tensor.of}/d{tensor.key}"
    for step in result.steps:
        if step.element == claim.name:
            return step
    for step in result.steps:
        if step.name in (tensor.name, long_form) or step.element == tensor.name:
            return step
    return None


def by_formula(
    result: Result, claims: Sequence[Claim], checked: Sequence[Checked], *, is_explained: bool
) -> Iterator[Checked]:
    """The verdicts, those on the entries of one formula as one; of layers, whose answers are entries, of a misfit."""
    by_entry = not isinstance(result.problem, GraphProblem)
    for (tensor, formula), own in groupby(
        zip(claims, checked, strict=True), lambda pair: (pair[0].tensor, pair[0].formula)
    ):
        pairs = list(own)
        found = [one for _, one in pairs]
        if formula is None or (by_entry and (pairs[0][0].written.finite or not pairs[0][0].misfit)):
            yield from found
        else:
            yield _together(result, result[tensor], formula, found, is_explained=is_explained)


def _together(
    result: Result, tensor: Tensor, formula: Tree | str, found: Sequence[Checked], *, is_explained: bool
) -> Checked:
    """One verdict on a formula of a whole tensor."""
    wrong = [one for one in found if one.is_wrong]
    rounded = [one for one in found if one.verdict == "rounded"]
    first, said = (wrong or rounded or found)[0], {one.diagnosis for one in wrong}
    if len(said) > 1:
        first = first._replace(diagnosis=NO_DIAGNOSIS.said, mistake="", step="", taken=(), follows="")
    step = long_step(result, tensor) if wrong and is_explained else None
    return first._replace(
        name=tensor.name,
        claimed=Value(None, formula) if isinstance(formula, str) else Value(None, to_unicode(formula), formula=formula),
        correct=Value(None, to_unicode(tensor.formula), formula=tensor.formula),
        explanation=explained(step, result.steps),
        note="; ".join(dict.fromkeys(one.note for one in found if one.note and not (wrong and one.note == ONLY_HERE))),
        tensor="",
    )
