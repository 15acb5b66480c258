"""How the wrong entries of a tensor lie: how many, how far off, in which rows or columns, and if it is transposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.names import described
from netcalc.checking.causes.diagnosis import WHOLE, Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.judging.bench import Array, to_floats
from netcalc.notation import significant
from netcalc.result import Result

SWAPPED = "rows and columns swapped: the transpose of {} is right"
FLIPPED = "reversed along its last two axes, as a kernel turned by 180°: {} is right so reversed"
FACTORS = {2.0: "twice what it is", 0.5: "half of what it is", 0.0: "taken as 0"}  # of a part of a tensor
CHANCE_OF_PART = 0.005  # how probable it may be that numbers made at random are such a part
FEWEST = 3  # entries from which on there is a pattern to speak of
MOST = 6  # tensors of which it is told; of more only that of those that don't follow from others


def patterns(result: Result, evidence: Evidence, found: Mapping[int, Diagnosis]) -> Iterator[str]:
    """A line for each tensor that was brought with several wrong entries; `found` says what is wrong with each."""
    by_tensor: dict[str, list[int]] = {}
    for place, claim in enumerate(evidence.claims):
        by_tensor.setdefault(claim.tensor, []).append(place)
    told = [
        places
        for tensor, places in by_tensor.items()
        if len(places) >= FEWEST and _count(tensor, [found[place] for place in places if place in found]) > 1
    ]
    if len(told) > MOST:
        told = [places for places in told if any(place in found and not found[place].follows for place in places)]
    for places in told[:MOST]:
        yield _line(result, evidence, places, frozenset(found))
    if len(told) > MOST:
        yield f"{len(told) - MOST} more tensors have several wrong entries"


def _count(tensor: str, found: Sequence[Diagnosis]) -> int:
    """How many entries of a tensor are wrong, but for rows that are columns."""
    return sum(one.said != SWAPPED.format(tensor) for one in found)


def _line(result: Result, evidence: Evidence, places: Sequence[int], wrong: frozenset[int]) -> str:
    claims = [evidence.claims[place] for place in places]
    name, shape = claims[0].tensor, result[claims[0].tensor].entries.shape
    claimed, truth = (_tensor(values[0, places], claims, shape) for values in (evidence.claimed, evidence.truth))
    is_wrong = _tensor(np.array([float(place in wrong) for place in places]), claims, shape)
    count = int(np.nansum(is_wrong))
    place = where(name, is_wrong, result[name].index_from)
    parts = [
        f"{name}, {described(shape)}: {count} of {len(places)} entries are wrong{place}",
        largest_error(claimed[is_wrong == 1], truth[is_wrong == 1]),
    ]
    if _is_transposed(claimed, truth, evidence, places):
        parts.append(f"the transpose of {name} is right")
    return "; ".join(part for part in parts if part)


def _tensor(values: Array, claims: Sequence[Claim], shape: tuple[int, ...]) -> Array:
    """Values of claims in their tensor's shape, nan where none was made."""
    tensor = np.full(shape, np.nan)
    for value, claim in zip(values, claims, strict=True):
        tensor[claim.index] = value
    return tensor


def where(name: str, is_wrong: Array, index_from: int) -> str:
    """Where the ones lie: `, all of row 2`; `: all of dW1` where every one is."""
    if not (is_wrong == 0).any():
        return f", all of {name}" if not np.isnan(is_wrong).any() else ""
    if is_wrong.ndim != 2:
        return ""
    for axis, word in ((1, "row"), (0, "column")):
        marked = is_wrong == 1
        lines = np.flatnonzero(marked.any(axis=axis))
        if marked.all(axis=axis)[lines].all() and is_wrong.shape[axis] > 1:
            listed = ", ".join(str(int(place) + index_from) for place in lines)
            return f", all of {word}{'s' if len(lines) > 1 else ''} {listed}"
    return ""


def largest_error(claimed: Array, truth: Array) -> str:
    """How far off the worst of wrong entries is; nothing where none has a relative error."""
    with np.errstate(all="ignore"):
        errors = np.abs(claimed - truth) / np.abs(truth)
    finite = errors[np.isfinite(errors)]
    return f"the largest relative error is {significant(finite.max(), 3)}" if finite.size else ""


def scaled(evidence: Evidence, wrong: Sequence[int]) -> dict[int, Diagnosis]:
    """What is said of rows or columns whose entries are all twice or half of what they are, or 0."""
    found: dict[int, Diagnosis] = {}
    for name in dict.fromkeys(evidence.claims[place].tensor for place in wrong):
        part = [place for place in wrong if evidence.claims[place].tensor == name]
        if len(part) < FEWEST or float(np.prod(evidence.chances()[part])) > CHANCE_OF_PART:
            continue
        own = [place for place, claim in enumerate(evidence.claims) if claim.tensor == name]
        marks = np.array([float(place in part) for place in own])
        shape = evidence.benches[0].truth[name].shape
        lines = where(
            name,
            _tensor(marks, [evidence.claims[place] for place in own], shape),
            evidence.benches[0].problem.index_from,
        )
        if not lines or len(part) == np.prod(shape):
            continue
        for factor, said in FACTORS.items():
            if evidence.meets(factor * evidence.truth)[part].all():
                found |= dict.fromkeys(part, Diagnosis(f"{said} in {lines.removeprefix(', all of ')}", mistake=WHOLE))
    return found


def transposed(evidence: Evidence, wrong: Sequence[int]) -> dict[int, Diagnosis]:
    """What is said of entries whose rows and columns are swapped."""
    found: dict[int, Diagnosis] = {}
    for name in dict.fromkeys(evidence.claims[place].tensor for place in wrong):
        places = [place for place, claim in enumerate(evidence.claims) if claim.tensor == name]
        claims, shape = [evidence.claims[place] for place in places], evidence.benches[0].truth[name].shape
        claimed, truth = (_tensor(values[0, places], claims, shape) for values in (evidence.claimed, evidence.truth))
        if _is_transposed(claimed, truth, evidence, places):
            found |= {place: Diagnosis(SWAPPED.format(name)) for place in places if place in wrong}
        elif claimed.ndim > 2 and _is_near(claimed[..., ::-1, ::-1], truth, evidence, places):
            found |= {place: Diagnosis(FLIPPED.format(name)) for place in places if place in wrong}
        elif claimed.ndim == 2:
            found |= _entries_across(evidence, name, [place for place in places if place in wrong])
    return found


def _entries_across(evidence: Evidence, name: str, wrong: Sequence[int]) -> dict[int, Diagnosis]:
    """What is said of entries of a matrix that are each the one across its diagonal."""
    truth, index_from = to_floats(evidence.benches[0].truth[name]), evidence.benches[0].problem.index_from
    across = [evidence.claims[place].index[::-1] for place in wrong]
    if any(row >= truth.shape[0] or column >= truth.shape[1] for row, column in across):
        return {}
    values = np.array([truth[index] for index in across])
    is_met = np.abs(evidence.claimed[0, list(wrong)] - values) <= evidence.radius[0, list(wrong)] * (1 + 1e-9)
    if not is_met.all() or float(np.prod(evidence.chances()[list(wrong)])) > CHANCE_OF_PART:
        return {}
    entries = [f"{name}[{row + index_from},{column + index_from}]" for row, column in across]
    said = (Diagnosis(f"row and column swapped: that is {one}", mistake=WHOLE) for one in entries)
    return dict(zip(wrong, said, strict=True))


def _is_transposed(claimed: Array, truth: Array, evidence: Evidence, places: Sequence[int]) -> bool:
    if claimed.ndim != 2 or claimed.shape[0] != claimed.shape[1] or np.isnan(claimed).any():
        return False
    return _is_near(claimed.T, truth, evidence, places)


def _is_near(claimed: Array, truth: Array, evidence: Evidence, places: Sequence[int]) -> bool:
    radius = float(evidence.radius[0, list(places)].max())
    return bool((np.abs(claimed - truth) <= radius * (1 + 1e-9)).all())
