"""A result with verdicts on the answers that were brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import chain, groupby, islice
from typing import Any

from flint import fmpq

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.rounding import digits
from netcalc.checking.answers.claims import MISFIT, Claim, claims_of, misfit
from netcalc.checking.answers.names import Names
from netcalc.checking.answers.sources import Brought
from netcalc.checking.answers.whole import Tensors
from netcalc.checking.answers.written import FLOAT32_BITS, FLOAT64_BITS, Large
from netcalc.checking.causes.bulk import bulk
from netcalc.checking.causes.diagnose import NO_DIAGNOSIS, Diagnosis, diagnose
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.causes.library import Library
from netcalc.checking.causes.patterns import SWAPPED, patterns, scaled, transposed
from netcalc.checking.causes.taken import taken
from netcalc.checking.edits.edit import Edit
from netcalc.checking.judging import graphs
from netcalc.checking.judging.bench import BITS, Bench
from netcalc.checking.judging.functions import Functions, compared
from netcalc.checking.judging.parts import part
from netcalc.checking.judging.verdicts import (
    COARSELY,
    Judgement,
    Tolerance,
    claimed_value,
    is_apart,
    is_computed_coarsely,
    is_cut_off,
    judge,
)
from netcalc.checking.workings.kinds import functions_elsewhere, functions_of, kind_of
from netcalc.errors import NetcalcError, ShapeError, UndefinedError
from netcalc.expression import Tree
from netcalc.graph.sizes import described
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.render.prose import in_one_line
from netcalc.result import Checked, Result, Step, Taken, Tensor, Value
from netcalc.result import as_value as as_entry
from netcalc.result.result import NEW
from netcalc.solving.bits import as_value
from netcalc.solving.graphed import solve

COARSE = Diagnosis("right to the digits that it has, which are fewer than asked for")
CUT_OFF = "cut off, not rounded"
FEWEST_DIGITS, MOST_DIGITS = 7, 60  # to tell two numbers apart that print alike
MAX_SHOWN = 8  # tensors in which a cause is shown as it was taken
MAX_EDITED_ENTRIES = 1_000_000  # of all answers together, where what went wrong is looked for
NO_STEP = "no step taken: these are the weights before it"
OFF = "right to float32 alone, and written to more digits"
TOO_SHORT = "one digit is too few to tell"
LARGER = (0, 3, 9)  # by which sizes are increased
NOWHERE = "these answers can't be checked: the problem has no value where it was tried"
SETS_OF_SIZES, ATTEMPTS = 2, 8  # for letters; numbers tried for each
ONLY_HERE = "right for these numbers, though not as a formula"


class Checker:
    """A result made ready to check answers against, those of many if need be.

    Steps are told where they are to be explained, else their names alone. Raises UndefinedError where it has no values.
    """

    def __init__(self, result: Result, tolerance: Tolerance | None = None, *, is_explained: bool = True) -> None:
        self.result = result
        self.is_explained = is_explained
        self.names = Names(result)
        self.library = Library(kind_of(result.problem).here(result.problem))
        for bench in self.library.benches:
            if isinstance(bench, graphs.LargeGraphs):
                bench.take(result)
        self.functions = functions_of(result)
        self.tolerance = tolerance or Tolerance()
        if not self.library.benches:
            raise UndefinedError(NOWHERE)

    def refused(self, name: str, text: str) -> str:
        """What keeps one element's answer from being read; nothing if it reads."""
        try:
            (claim,) = claims_of(self.names, [(name, text)], tensors=self.tensors)
            for bench in self.library.benches:
                with precision(BITS):
                    claimed_value(claim, bench)
        except (NetcalcError, ZeroDivisionError) as error:
            return str(getattr(error, "message", "a division by zero")).removeprefix(f"{name}: ")
        return ""

    def checked(self, given: Iterable[tuple[str, Any]]) -> Result:
        """The result with a verdict on each answer, (name, what was written for it).

        Raises NetcalcError: a name that isn't there, or twice, a text that is no expression, another shape.
        """
        benches = self.library.benches
        large: list[tuple[str, Large]] = []
        small: list[tuple[str, Any]] = []
        for name, content in given:
            if isinstance(content, Large):
                large.append((name, content))
            else:
                small.append((name, content))
        claims = claims_of(self.names, small, tensors=self.tensors)
        evidence = Evidence(self.library, claims, self.tolerance)
        judgements, partly = self._judged(claims)
        partly |= self._without_a_step(claims, judgements) | _turned(claims, judgements)
        wrong = [place for place, judgement in enumerate(judgements) if judgement == "wrong"]
        found = partly | {place: _unbounded(claims[place]) for place in wrong if not claims[place].written.finite}
        left = [place for place in wrong if place not in found]
        found |= dict.fromkeys(left, NO_DIAGNOSIS) if self._is_large else _diagnoses(evidence, left)
        found |= {place: Diagnosis(claims[place].misfit) for place in wrong if _is_misfit(claims[place], found[place])}
        notes = dict.fromkeys(self._right_here_alone(claims, judgements), ONLY_HERE)
        shown = _shown(claims, found)
        checked = [
            _checked(
                self.result,
                claim,
                self.library,
                judgement,
                found.get(place),
                notes.get(place) or _note(claim, benches, judgement),
                taken(self.library, found[place].edits, claim.tensor, claim.index) if place in shown else (),
                is_explained=self.is_explained,
            )
            for place, (claim, judgement) in enumerate(zip(claims, judgements, strict=True))
        ]
        if isinstance(self.result.problem, GraphProblem):
            checked = list(_by_formula(self.result, claims, checked, is_explained=self.is_explained))
        lines = patterns(self.result, evidence, found) if len(benches) == 1 else ()
        whole = [
            one
            for tensor, content in self._whole(large, {claim.tensor for claim in claims})
            for one in bulk(self.library, self.tolerance, tensor, content, is_searched=not self._is_large)
        ]
        return replace(self.result, checked=(*whole, *checked), notes=(*lines, *self.result.notes))

    @property
    def _is_large(self) -> bool:
        """Whether edits of the problem take too long to be tried one after the other."""
        return sum(tensor.entries.size for tensor in self.result.tensors) > MAX_EDITED_ENTRIES

    def _judged(self, claims: Sequence[Claim]) -> tuple[list[Judgement], dict[int, Diagnosis]]:
        """How each claim stands, and what is said of those that are right on a part only."""
        functions = self.functions
        if functions is None:
            return [judge(claim, self.library.benches, self.tolerance) for claim in claims], {}
        points = functions.points(claims)
        judgements: list[Judgement] = []
        partly: dict[int, Diagnosis] = {}
        for place, claim in enumerate(claims):
            found = compared(claim, functions, points, self.tolerance)
            judgements.append(found.verdict or judge(claim, self.library.benches, self.tolerance))
            if found.is_partly_right:
                partly[place] = Diagnosis(part(claim, found, functions, self.tolerance))
        return judgements, partly

    def _without_a_step(self, claims: Sequence[Claim], judgements: list[Judgement]) -> dict[int, Diagnosis]:
        """The weights after a step that are those before it, though the right ones round to them: marked as wrong."""
        places = [place for place, judgement in enumerate(judgements) if judgement == "rounded"]
        found: dict[int, Diagnosis] = {}
        for tensor in {claims[place].tensor for place in places if claims[place].tensor.endswith(NEW)}:
            names = self.library.benches[0].names
            own = [place for place, claim in enumerate(claims) if claim.tensor == tensor]
            before = [names.get(claims[place].name.replace(NEW, "")) for place in own]
            values = [claims[place].written.value for place in own]
            if all(
                value is not None and old == fmpq(*value.as_integer_ratio())
                for value, old in zip(values, before, strict=True)
            ):
                found |= {place: Diagnosis(NO_STEP) for place in own if judgements[place] == "rounded"}
        for place in found:
            judgements[place] = "wrong"
        return found

    def _right_here_alone(self, claims: Sequence[Claim], judgements: Sequence[Judgement]) -> set[int]:
        """The formulas that are right for the numbers given, though not for others."""
        places = [
            place
            for place, (claim, judgement) in enumerate(zip(claims, judgements, strict=True))
            if judgement != "wrong" and (claim.formula is not None or not claim.written.is_constant)
        ]
        problem = self.result.problem
        if self.functions is None and isinstance(problem, GraphProblem):
            formulas = {(claims[place].tensor, claims[place].written.text) for place in places if claims[place].formula}
            proven = {one for one in formulas if graphs.is_right_as_formula(problem, one[1], one[0])}
            places = [place for place in places if (claims[place].tensor, claims[place].written.text) not in proven]
        if self.functions is not None or not places:
            return set()
        functions = functions_elsewhere(self.result)
        if functions is None:
            others = kind_of(self.result.problem).elsewhere(self.result.problem)
            return {place for place in places if _is_wrong_at(claims[place], others)}
        return {place for place in places if not _is_right_as_formula(claims[place], functions)}

    def _whole(self, large: Iterable[tuple[str, Large]], answered: set[str]) -> Iterator[tuple[Tensor, Large]]:
        """The tensors that are compared as a whole. Raises NetcalcError for one that is `answered`, or for a number."""
        for name, content in large:
            target = self.names.find(name)
            if target.index is not None:
                raise ShapeError(f"{target.name} is a single number, and {content.array.size} numbers are given for it")
            if target.name in answered:
                raise NetcalcError(f"{target.name} is answered twice")
            answered.add(target.name)
            yield target.tensor, content

    def tensors(self) -> Tensors:
        """What a formula may use."""
        bench = self.library.benches[0]
        problem = self.result.problem
        indices = {name: array for name, array in bench.given.items() if array.dtype.kind in "iub"}
        if isinstance(problem, GraphProblem):
            indices |= graphs.whole_numbers(problem)
        return Tensors({**bench.tensors, **indices}, bench.names, problem.index_from, bench.sizes)


def check(
    result: Result, read: Callable[[Names], Brought], tolerance: Tolerance | None = None, *, is_explained: bool = True
) -> Result:
    """The same result with a verdict on each answer that `read` finds, explained or not. Raises as Checker does."""
    if isinstance(result.problem, GraphProblem) and result.problem.samples:
        raise NetcalcError("answers to a program are checked for the whole batch: leave out --per-sample")
    if isinstance(result.problem, GraphProblem) and result.problem.free:
        return _in_letters(result, read, tolerance)
    checker = Checker(result, tolerance, is_explained=is_explained)
    brought = read(checker.names)
    checked = checker.checked(brought.given)
    return replace(checked, notes=(*brought.notes, *checked.notes))


def _in_letters(result: Result, read: Callable[[Names], Brought], tolerance: Tolerance | None) -> Result:
    """Verdicts on formulas of a problem whose tensors have no values: proven for two sets of sizes, and of numbers."""
    texts: dict[str, str] = {}

    def reading(names: Names) -> Brought:
        brought = read(names)
        texts.update({names.find(name).name: text for name, text in brought.given if isinstance(text, str)})
        return brought

    def checked_at(placed: Result) -> Result:
        return check(placed, reading, tolerance, is_explained=False)

    try:
        found = [checked_at(_placed(result.problem, attempt)) for attempt in range(SETS_OF_SIZES)]
    except ShapeError:
        for name, text in texts.items():
            graphs.shapes_in_letters(result.problem, text, name)  # which raises the error with letters
        raise
    if any(ONLY_HERE in one.note for own in found for one in own.checked):
        with suppress(NetcalcError):
            placed = [_placed(result.problem, attempt, signed=True) for attempt in range(SETS_OF_SIZES)]
            found += map(checked_at, placed)
    names = [{one.name: one for one in own.checked} for own in found]
    whole = {tensor.name for tensor in (*result.tensors, *result.inner)}
    if not names[0].keys() <= whole or any(own.keys() != names[0].keys() for own in names):
        raise NetcalcError("answers to what has no values are formulas of whole tensors, as dW=outer(dz, x)")
    checked = [_of_letters(result, [own[name] for own in names], texts.get(name, "")) for name in names[0]]
    return replace(result, checked=tuple(checked), notes=(*_notes_of(found[0]), *result.notes))


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


def _notes_of(found: Result) -> tuple[str, ...]:
    return tuple(note for note in found.notes if note.startswith("took "))


def _of_letters(result: Result, found: Sequence[Checked], text: str) -> Checked:
    """One verdict of those at several numbers, on an answer by its text."""
    here = next((one for one in found if ONLY_HERE in one.note), None)
    tensor = result[found[0].name]
    wrong = _agreed(result, [one for one in found if one.is_wrong], text)
    own = wrong or here or found[0]
    correct = Value(None, to_unicode(tensor.formula), formula=tensor.formula)
    step = _long_step(result, tensor) if wrong or here else None
    return own._replace(
        step=_step_at(result, own.step),
        claimed=own.claimed if own.claimed.formula is not None or not text else Value(None, text),
        correct=correct,
        verdict="wrong" if wrong or here else own.verdict,
        diagnosis=own.diagnosis or (NO_DIAGNOSIS.said if here else ""),
        explanation=in_one_line(step) if step else "",
        note="" if here else own.note,
        taken=(),
    )


def _agreed(result: Result, wrong: Sequence[Checked], text: str) -> Checked | None:
    """The verdict with the cause that explains a wrong answer at all numbers; None of no verdict."""
    if wrong and all(one.diagnosis.startswith(MISFIT) for one in wrong):
        shapes = graphs.shapes_in_letters(result.problem, text, wrong[0].name)
        if shapes is not None:
            own, right = map(described, shapes)
            return wrong[0]._replace(diagnosis=misfit(own, wrong[0].name, right))
    first = min(wrong, key=lambda one: len(one.diagnosis), default=None)
    if first is not None and not all(first.diagnosis in one.diagnosis for one in wrong):
        return first._replace(diagnosis=NO_DIAGNOSIS.said, mistake="", step="", follows="")
    return first


def _by_formula(
    result: Result, claims: Sequence[Claim], checked: Sequence[Checked], *, is_explained: bool
) -> Iterator[Checked]:
    """The verdicts, those on the entries of one formula as one."""
    for (tensor, formula), own in groupby(
        zip(claims, checked, strict=True), lambda pair: (pair[0].tensor, pair[0].formula)
    ):
        found = [one for _, one in own]
        if formula is None:
            yield from found
        else:
            yield _together(result, result[tensor], formula, found, is_explained=is_explained)


def _together(
    result: Result, tensor: Tensor, formula: Tree, found: Sequence[Checked], *, is_explained: bool
) -> Checked:
    """One verdict on a formula of a whole tensor."""
    wrong = [one for one in found if one.is_wrong]
    rounded = [one for one in found if one.verdict == "rounded"]
    first, said = (wrong or rounded or found)[0], {one.diagnosis for one in wrong}
    if len(said) > 1:
        first = first._replace(diagnosis=NO_DIAGNOSIS.said, mistake="", step="", taken=(), follows="")
    step = _long_step(result, tensor) if wrong and is_explained else None
    return first._replace(
        name=tensor.name,
        claimed=Value(None, to_unicode(formula), formula=formula),
        correct=Value(None, to_unicode(tensor.formula), formula=tensor.formula),
        explanation=in_one_line(step) if step else "",
        note="; ".join(dict.fromkeys(one.note for one in found if one.note and not (wrong and one.note == ONLY_HERE))),
        tensor="",
    )


def _turned(claims: Sequence[Claim], judgements: list[Judgement]) -> dict[int, Diagnosis]:
    """The entries of formulas that are right but for rows that are columns: marked as wrong."""
    found: dict[int, Diagnosis] = {}
    for place, claim in enumerate(claims):
        if claim.is_turned and judgements[place] != "wrong":
            judgements[place] = "wrong"
            found[place] = Diagnosis(SWAPPED.format(claim.tensor))
    return found


def _diagnoses(evidence: Evidence, sought: Sequence[int]) -> dict[int, Diagnosis]:
    """What is said of wrong claims."""
    claims, benches = evidence.claims, evidence.benches
    is_held = evidence.tolerance != Tolerance()
    found = {place: COARSE for place in sought if is_held and judge(claims[place], benches, Tolerance()) != "wrong"}
    if len(benches) == 1:
        found |= {place: Diagnosis(CUT_OFF) for place in sought if is_cut_off(claims[place], benches)}
    if left := [place for place in sought if place not in found]:
        found |= dict.fromkeys(left, NO_DIAGNOSIS) | diagnose(evidence, left)
        found |= _of_one_cause(claims, transposed(evidence, left), found)
    found |= scaled(evidence, [place for place in left if found[place] is NO_DIAGNOSIS])
    if coarse := [place for place in left if found[place] is NO_DIAGNOSIS and _is_float64(claims[place])]:
        narrow = [_as_float32(claim) for claim in claims]
        fine = {place for place in coarse if judge(narrow[place], benches, Tolerance()) != "wrong"}
        found |= dict.fromkeys(fine, Diagnosis(OFF))
        found |= diagnose(replace(evidence, claims=narrow), [place for place in coarse if place not in fine])
    return found


def _of_one_cause(
    claims: Sequence[Claim], lying: Mapping[int, Diagnosis], found: Mapping[int, Diagnosis]
) -> dict[int, Diagnosis]:
    """What is said of how the entries of a tensor lie, where no one cause is named for all of them."""
    of_tensor: dict[str, list[int]] = {}
    for place in lying:
        of_tensor.setdefault(claims[place].tensor, []).append(place)
    several = (own for own in of_tensor.values() if len({found[place].said for place in own}) > 1)
    unnamed = (place for place in lying if found[place] is NO_DIAGNOSIS)
    return {place: lying[place] for place in chain(unnamed, *several)}


def _is_float64(claim: Claim) -> bool:
    return claim.written.bits == FLOAT64_BITS and claim.written.finite


def _as_float32(claim: Claim) -> Claim:
    """A number of 15 digits or more as one that a program computed in 32 bits and printed so."""
    return replace(claim, written=replace(claim.written, bits=FLOAT32_BITS)) if _is_float64(claim) else claim


def _is_misfit(claim: Claim, found: Diagnosis) -> bool:
    """Whether nothing better is known of a claim than that its shape is wrong."""
    return bool(claim.misfit) and (found is NO_DIAGNOSIS or not claim.written.finite)


def _unbounded(claim: Claim) -> Diagnosis:
    return Diagnosis("not a number" if "nan" in claim.written.text.lower() else "infinite")


def _note(claim: Claim, benches: Sequence[Bench], judgement: Judgement) -> str:
    """How a claim was understood, and how precisely it is right."""
    said = TOO_SHORT if judgement == "rounded" and claim.written.is_short else ""
    if judgement == "right" and is_computed_coarsely(claim, benches[0]):
        said = COARSELY[claim.written.bits or FLOAT32_BITS]
    return "; ".join(part for part in (claim.note, said) if part)


def _is_right_as_formula(claim: Claim, functions: Functions) -> bool:
    """Whether a claim is the answer wherever both are: by algebra, else so far as points say."""
    known = functions.everywhere(claim)
    return known or (
        known is None and compared(claim, functions, functions.points_of(claim), Tolerance()).verdict != "wrong"
    )


def _is_wrong_at(claim: Claim, benches: Sequence[Bench]) -> bool:
    """Whether a claim is wrong at one of the points, as far as balls tell."""
    try:
        return any(judge(claim, [bench], Tolerance()) == "wrong" and is_apart(claim, bench) for bench in benches)
    except NetcalcError:
        return False


def _shown(claims: Sequence[Claim], found: Mapping[int, Diagnosis]) -> set[int]:
    """The claims whose cause is shown as it was taken: of a tensor that was brought as a whole one, of not too many."""
    places: dict[tuple[tuple[Edit, ...], str], dict[str, int]] = {}
    for place in sorted(found):
        claim, edits = claims[place], found[place].edits
        if edits:
            places.setdefault((edits, "" if claim.whole else claim.name), {}).setdefault(claim.tensor, place)
    return {place for by_tensor in places.values() for place in islice(by_tensor.values(), MAX_SHOWN)}


def _checked(
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
    if judgement != "right" and is_fine and claimed.shown == correct.shown and claim.written.is_constant:
        claimed, correct = _told_apart(claim, benches[0], claimed, correct)
    step = _step(result, claim) if judgement == "wrong" and is_explained else None
    return Checked(
        claim.name,
        claimed,
        correct,
        judgement,
        diagnosis.said,
        in_one_line(step) if step else "",
        note=note,
        follows=diagnosis.follows,
        tensor=claim.tensor if claim.whole else "",
        mistake=diagnosis.mistake,
        step=_step_at(result, diagnosis.at) if is_explained else diagnosis.at,
        taken=steps_taken,
    )


def _step_at(result: Result, name: str) -> str:
    """The step of the derivation that arrives at the gradient of that name, or at the thing itself."""
    if not name:
        return ""
    for tensor in (*result.tensors, *result.inner):
        if tensor.of and tensor.key == name:
            wanted = {tensor.name, f"d{tensor.of}/d{tensor.key}"}
            found = next((step for step in result.steps if step.name in wanted or step.element == tensor.name), None)
            return in_one_line(found) if found else ""
    return ""


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


def _long_step(result: Result, tensor: Tensor) -> Step | None:
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
