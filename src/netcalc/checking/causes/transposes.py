"""Formulas whose shapes do not fit: which transpose makes them right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, islice

from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.whole import Tensors, Whole
from netcalc.checking.answers.written import Written
from netcalc.checking.causes.diagnose import Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.judging.verdicts import judge

MAX_TRANSPOSES = 60  # tried of one formula
MISTAKE = "operand-transposed"


def by_transposes(evidence: Evidence, places: Sequence[int], tensors: Tensors) -> dict[int, Diagnosis]:
    """What is said of claims by formulas of another shape that are right once a factor is transposed."""
    found: dict[int, Diagnosis] = {}
    for tensor, group in groupby(places, lambda place: evidence.claims[place].tensor):
        own = list(group)
        claims = [evidence.claims[place] for place in own]
        shape = evidence.benches[0].truth[tensor].shape
        tried = islice(tensors.transposed(claims[0].written.text, shape), MAX_TRANSPOSES)
        if said := next((said for said, whole in tried if _is_right(evidence, claims, whole)), ""):
            found |= dict.fromkeys(own, Diagnosis(said, mistake=MISTAKE))
    return found


def _is_right(evidence: Evidence, claims: Sequence[Claim], whole: Whole) -> bool:
    """Whether the entries of a formula are what was asked for."""
    written = (Written(claim.written.text, whole.entries[claim.index]) for claim in claims)
    own = (replace(claim, written=one) for claim, one in zip(claims, written, strict=True))
    return all(judge(claim, evidence.benches, evidence.tolerance) != "wrong" for claim in own)
