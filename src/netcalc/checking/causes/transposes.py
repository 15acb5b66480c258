"""Formulas whose shapes do not fit: which transpose or which factor makes them right, or what else they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, islice

import numpy as np

from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.transposes import WITHOUT
from netcalc.checking.answers.whole import Tensors, Whole
from netcalc.checking.answers.written import Written
from netcalc.checking.causes.diagnosis import Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.judging.verdicts import judge
from netcalc.errors import NetcalcError
from netcalc.expression import Symbol

MAX_TRANSPOSES = 60  # tried of one formula
MISTAKE, MISSING, ANOTHER = "operand-transposed", "factor-left-out", "derivative-by-another"


def by_transposes(evidence: Evidence, places: Sequence[int], tensors: Tensors) -> dict[int, Diagnosis]:
    """What is said of claims by formulas of another shape that are right with one change, or of another tensor."""
    found: dict[int, Diagnosis] = {}
    for tensor, group in groupby(places, lambda place: evidence.claims[place].tensor):
        own = list(group)
        claims = [evidence.claims[place] for place in own]
        shape = evidence.benches[0].truth[tensor].shape
        tried = islice(tensors.transposed(claims[0].written.text, shape), MAX_TRANSPOSES)
        said = _another(evidence, claims[0], tensors)
        if said:
            found |= dict.fromkeys(own, Diagnosis(said, mistake=ANOTHER))
        elif said := next((said for said, whole in tried if _is_right(evidence, claims, whole)), ""):
            found |= dict.fromkeys(own, Diagnosis(said, mistake=MISSING if said.endswith(WITHOUT[2:]) else MISTAKE))
    return found


def _another(evidence: Evidence, claim: Claim, tensors: Tensors) -> str:
    """Which other gradient a formula of another shape is; nothing where it is none."""
    for name, array in evidence.benches[0].truth.items():
        is_zero = not any(one != 0 for one in array.flat)
        if not name.startswith("d") or name == claim.tensor or not array.shape or is_zero:
            continue
        try:
            whole = tensors.read(claim.written.text, array.shape)
        except NetcalcError:
            return ""
        if whole is None or isinstance(whole.tree, Symbol) or whole.entries.shape != array.shape:
            continue
        claims = [replace(claim, tensor=name, index=index) for index in np.ndindex(array.shape)]
        if _is_right(evidence, claims, whole):
            return f"that is {name}, and not {claim.tensor}"
    return ""


def _is_right(evidence: Evidence, claims: Sequence[Claim], whole: Whole) -> bool:
    """Whether the entries of a formula are what was asked for."""
    written = (Written(claim.written.text, whole.entries[claim.index]) for claim in claims)
    own = (replace(claim, written=one) for claim, one in zip(claims, written, strict=True))
    return all(judge(claim, evidence.benches, evidence.tolerance) != "wrong" for claim in own)
