"""What is said of wrong answers, the nearest first: of their digits, of a slip, of how they lie, of their precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

from flint import fmpq

from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.written import FLOAT32_BITS, FLOAT64_BITS
from netcalc.checking.causes.diagnose import diagnose
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS, Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.causes.patterns import SWAPPED, scaled, transposed
from netcalc.checking.edits.edit import Edit
from netcalc.checking.judging.bench import Bench
from netcalc.checking.judging.verdicts import Judgement, Tolerance, is_cut_off, judge
from netcalc.result.result import NEW

COARSE = Diagnosis("right to the digits that it has, which are fewer than asked for")
CUT_OFF = "cut off, not rounded"
MAX_SHOWN = 8  # tensors in which a cause is shown as it was taken
NO_STEP = "no step taken: these are the weights before it"
OFF = "right to float32 alone, and written to more digits"


def diagnoses(evidence: Evidence, sought: Sequence[int]) -> dict[int, Diagnosis]:
    """What is said of wrong claims."""
    claims, benches = evidence.claims, evidence.benches
    is_held = evidence.tolerance != Tolerance()
    found = {place: COARSE for place in sought if is_held and judge(claims[place], benches, Tolerance()) != "wrong"}
    cut = [place for place in sought if len(benches) == 1 and is_cut_off(claims[place], benches)]
    if not cut or not (of_all := _one_slip(evidence, sought, cut)):
        found |= dict.fromkeys(cut, Diagnosis(CUT_OFF))
    else:
        found |= of_all
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


def _one_slip(evidence: Evidence, sought: Sequence[int], cut: Sequence[int]) -> dict[int, Diagnosis]:
    """The one slip that explains what looks cut off together with all else that is wrong, if there is one."""
    found = diagnose(evidence, sought) if len(cut) < len(sought) else {}
    return found if len(found) == len(sought) and len(set(found.values())) == 1 and found[cut[0]].edits else {}


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


def shown(claims: Sequence[Claim], found: Mapping[int, Diagnosis]) -> set[int]:
    """The claims whose cause is shown as it was taken: of a tensor that was brought as a whole one, of not too many."""
    places: dict[tuple[tuple[Edit, ...], str], dict[str, int]] = {}
    for place in sorted(found):
        claim, edits = claims[place], found[place].edits
        if edits:
            places.setdefault((edits, "" if claim.whole else claim.name), {}).setdefault(claim.tensor, place)
    return {place for by_tensor in places.values() for place in islice(by_tensor.values(), MAX_SHOWN)}


def without_a_step(bench: Bench, claims: Sequence[Claim], judgements: list[Judgement]) -> dict[int, Diagnosis]:
    """The weights after a step that are those before it, though the right ones round to them: marked as wrong."""
    places = [place for place, judgement in enumerate(judgements) if judgement == "rounded"]
    found: dict[int, Diagnosis] = {}
    for tensor in {claims[place].tensor for place in places if claims[place].tensor.endswith(NEW)}:
        own = [place for place, claim in enumerate(claims) if claim.tensor == tensor]
        before = [bench.names.get(claims[place].name.replace(NEW, "")) for place in own]
        values = [claims[place].written.value for place in own]
        if all(
            value is not None and old == fmpq(*value.as_integer_ratio())
            for value, old in zip(values, before, strict=True)
        ):
            found |= {place: Diagnosis(NO_STEP) for place in own if judgements[place] == "rounded"}
    for place in found:
        judgements[place] = "wrong"
    return found


def turned(claims: Sequence[Claim], judgements: list[Judgement]) -> dict[int, Diagnosis]:
    """The entries of formulas that are right but for rows that are columns: marked as wrong."""
    found: dict[int, Diagnosis] = {}
    for place, claim in enumerate(claims):
        if claim.is_turned and judgements[place] != "wrong":
            judgements[place] = "wrong"
            found[place] = Diagnosis(SWAPPED.format(claim.tensor))
    return found
