"""Everything that may have gone wrong with a problem, worked out once: what each hypothesis yields at each point."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netcalc.checking.bench import Bench
from netcalc.checking.claims import Claim
from netcalc.checking.hypotheses import Hypothesis
from netcalc.checking.kinds import kind_of
from netcalc.checking.variation import Array

PAIR_SECONDS = 2.0  # that combinations of two may take


@dataclass(frozen=True, slots=True)
class Yielded:
    """A hypothesis with all that it yields, in float64, at each point."""

    hypothesis: Hypothesis
    whole: tuple[dict[str, Array], ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a hypothesis yields for each claim at each point: (points, claims)."""

    hypothesis: Hypothesis
    values: Array


@dataclass(frozen=True)
class Library:
    """The hypotheses about a problem that yield something new each, in the order in which they are tried."""

    benches: Sequence[Bench]

    @cached_property
    def singles(self) -> list[Yielded]:
        """One slip."""
        return list(self.distinct(kind_of(self.benches[0].problem).singles(self.benches[0].problem)))

    @cached_property
    def roundings(self) -> list[Yielded]:
        """One number rounded too early."""
        return list(self.distinct(kind_of(self.benches[0].problem).roundings(self.benches[0].problem)))

    @cached_property
    def pairs(self) -> list[Yielded]:
        """Two slips, in either order, for one may undo what the other does; as many as there is time for."""
        end = time.monotonic() + PAIR_SECONDS
        found: list[Yielded] = []
        for one in self.distinct(
            first.hypothesis.and_then(second.hypothesis)
            for first in self.singles
            for second in self.singles
            if first is not second
        ):
            found.append(one)
            if time.monotonic() > end:
                break
        return found

    def distinct(self, hypotheses: Iterable[Hypothesis]) -> Iterator[Yielded]:
        """Those that can be worked out and yield something new."""
        seen: set[bytes] = set()
        for hypothesis in hypotheses:
            whole = [yielded for bench in self.benches if (yielded := hypothesis.nearly(bench)) is not None]
            if len(whole) < len(self.benches):
                continue
            key = b"".join(rounded(array) for yielded in whole for array in yielded.values())
            if key not in seen:
                seen.add(key)
                yield Yielded(hypothesis, tuple(whole))

    def predictions(self, found: Iterable[Yielded], claims: Sequence[Claim], truth: Array) -> list[Prediction]:
        """What they yield for the claims, where that isn't the truth."""
        shapes = [{name: array.shape for name, array in bench.truth.items()} for bench in self.benches]
        made = [
            Prediction(
                one.hypothesis,
                np.array([_claimed_part(at, claims, shape) for at, shape in zip(one.whole, shapes, strict=True)]),
            )
            for one in found
        ]
        return [one for one in made if _differs(one.values, truth)]


def _claimed_part(yielded: dict[str, Array], claims: Sequence[Claim], shapes: dict[str, tuple[int, ...]]) -> Array:
    """What is yielded for each claim; nan where a tensor came out in another shape, or not at all."""
    found = np.full(len(claims), np.nan)
    for place, claim in enumerate(claims):
        array = yielded.get(claim.tensor)
        if array is not None and array.shape == shapes[claim.tensor]:
            found[place] = array[claim.index]
    return found


def rounded(array: Array) -> bytes:
    """An array's bytes, equal for what differs in the last digits alone."""
    floats = np.asarray(array, dtype=np.float64)
    with np.errstate(all="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.abs(floats))) - 10)
        kept = np.where(np.isfinite(step) & (step > 0), np.round(floats / step) * step, floats)
    return (kept + 0.0).tobytes()


def _differs(values: Array, truth: Array) -> bool:
    with np.errstate(all="ignore"):
        return bool((np.abs(values - truth) > 1e-9 * np.abs(truth)).any())
