"""Which slip explains the wrong answers, if one does and it can't well be by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.bench import BITS, Bench, to_floats
from netcalc.checking.claims import Claim
from netcalc.checking.hypotheses import FAILED, Hypothesis
from netcalc.checking.library import Library, Prediction, Yielded, rounded
from netcalc.checking.variation import Array
from netcalc.checking.verdicts import Tolerance, claimed_value, unit
from netcalc.checking.written import FLOAT64_BITS

CHANCE = 0.005  # how probable a meeting by chance may be for an explanation to be given
EXACT = 1e-10  # relative: an exact answer's width in float64
EXACT_CHANCE = 1e-9  # how probable it is that an exact answer is met by chance
PLAIN_CHANCE = 0.002  # the same for a whole number or a short decimal that is met exactly
SHORT = 1e-9  # what is left of a thousandfold where three decimals are all that there are
FOLLOWING = 0.02  # how probable it may be that what follows from any of the wrong answers does so by chance
NEAR = 0.1  # relative: how far from the truth an answer may be for early rounding to explain it
AT_MOST = 3  # explanations that are named where several would do


@dataclass(frozen=True)
class Evidence:
    """Claims as float64, at every point: what is claimed, how precisely, and what is right; (points, claims)."""

    library: Library
    claims: Sequence[Claim]
    tolerance: Tolerance

    @property
    def benches(self) -> Sequence[Bench]:
        """The points."""
        return self.library.benches

    @cached_property
    def claimed(self) -> Array:
        with precision(BITS):
            found = [[_float(claimed_value(claim, bench)) for claim in self.claims] for bench in self.benches]
        return np.array(found)

    @cached_property
    def truth(self) -> Array:
        floats = [{name: to_floats(array) for name, array in bench.truth.items()} for bench in self.benches]
        return np.array([[at[claim.tensor][claim.index] for claim in self.claims] for at in floats])

    @cached_property
    def radius(self) -> Array:
        """How far from a claim what explains it may lie."""
        least: Array
        with np.errstate(all="ignore"):
            own = np.array([self._margin(claim) for claim in self.claims])
            least = np.maximum(own, EXACT * np.abs(self.claimed))
            scale = np.abs(self.truth)
            if self.tolerance.rtol is not None or self.tolerance.atol is not None:
                least = np.asarray(np.maximum(least, (self.tolerance.atol or 0) + (self.tolerance.rtol or 0) * scale))
            return np.asarray(np.maximum(least, 1e-13 * scale))

    def _margin(self, claim: Claim) -> float:
        """What a claim is off by its own precision: by its digits, or as 32 bits compute it."""
        if claim.written.bits is None or claim.written.bits == FLOAT64_BITS:
            return _half_unit(claim)
        return float(self.benches[0].scale(claim.tensor).mid()) * 2.0**-claim.written.bits

    def meets(self, values: Array) -> Array:
        """Which claims a hypothesis's values meet, at all points: (claims,)."""
        with np.errstate(all="ignore"):
            return np.asarray((np.abs(values - self.claimed) <= self.radius * (1 + 1e-9)).all(axis=0))

    def chances(self, values: Array) -> Array:
        """How probable it is that an answer made at random is met so nearly: (claims,)."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.truth), np.abs(self.claimed)).max(axis=0)
            steps = np.maximum(2 * self.radius.max(axis=0), self.units)
            chance = np.nan_to_num(np.clip(steps / (2 * size + steps), EXACT_CHANCE, 1), nan=1.0)
            exactly = (np.abs(values - self.claimed) <= EXACT * np.abs(self.claimed)).all(axis=0)
        exactly &= (size > 0) & ~self.plain  # where both are below float64's range, all meet all
        return np.asarray(np.where(exactly, np.minimum(chance, PLAIN_CHANCE), chance))

    @cached_property
    def units(self) -> Array:
        """What lies between two numbers written with as many decimals; next to nothing for expressions."""
        places = [claim.written.place for claim in self.claims]
        return np.array([0.0 if place is None else float(unit(place)) for place in places])

    @cached_property
    def plain(self) -> Array:
        """Which right answers are whole numbers or short decimals, so that such a number, if not 0, is no sign."""
        with np.errstate(all="ignore"):
            return np.asarray(((np.abs(self.truth * 1000 % 1) < SHORT) & (self.claimed != 0)).all(axis=0))


def _float(value: object) -> float:
    return float(to_floats(np.array([value], dtype=object))[0])


def _half_unit(claim: Claim) -> float:
    """Half a unit of a decimal's last digit; 0 for what is exact, as a short whole number is."""
    written = claim.written
    if written.place is None or (written.whole and written.digits < 3):
        return 0.0
    return float(unit(written.place) / 2)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is said of a wrong answer; `follows` is the earlier answer that it is right from."""

    said: str
    follows: str = ""


NO_DIAGNOSIS = Diagnosis("the cause was not identified")


def diagnose(evidence: Evidence, wrong: Sequence[int]) -> dict[int, Diagnosis]:
    """What went wrong in each of the `wrong` claims, as far as it can be told."""
    return dict(_Search(evidence, frozenset(wrong)).found())


@dataclass
class _Search:
    evidence: Evidence
    wrong: frozenset[int]

    @cached_property
    def singles(self) -> list[Prediction]:
        return self.predictions(self.evidence.library.singles)

    @cached_property
    def roundings(self) -> list[Prediction]:
        return self.predictions(self.evidence.library.roundings)

    @cached_property
    def pairs(self) -> list[Prediction]:
        return self.predictions(self.evidence.library.pairs)

    def predictions(self, found: Iterable[Yielded]) -> list[Prediction]:
        return self.evidence.library.predictions(found, self.evidence.claims, self.evidence.truth)

    def found(self) -> Iterator[tuple[int, Diagnosis]]:
        left = self.wrong
        if said := self.explain(left, consistent=True):
            yield from ((place, Diagnosis(said)) for place in left)
            return
        for place, earlier in self.following().items():
            yield place, Diagnosis(f"right, given your {earlier}", earlier)
            left -= {place}
        for group in self.grouped(left):
            yield from ((place, Diagnosis(said)) for place, said in group.items())

    def grouped(self, left: frozenset[int]) -> Iterator[dict[int, str]]:
        """Explanations of all that is left, else tensor by tensor, each of one slip, then of two; else one by one."""
        if left and left != self.wrong and (said := self.explain(left, consistent=True)):
            yield dict.fromkeys(left, said)
            return
        for twofold in (False, True):
            if left and (said := self.explain(left, consistent=False, twofold=twofold)):
                yield dict.fromkeys(left, said)
                return
            for part in self.by_tensor(left):
                if len(part) < len(left) and (said := self.explain(part, consistent=False, twofold=twofold)):
                    yield dict.fromkeys(part, said)
                    left -= part
        if len(left) > 1:
            for place in sorted(left):
                if said := self.explain(frozenset({place}), consistent=False):
                    yield {place: said}

    def by_tensor(self, left: frozenset[int]) -> list[frozenset[int]]:
        names = dict.fromkeys(self.evidence.claims[place].tensor for place in sorted(left))
        return [frozenset(place for place in left if self.evidence.claims[place].tensor == name) for name in names]

    def explain(self, places: frozenset[int], *, consistent: bool, twofold: bool = False) -> str | None:
        """What explains all of these claims, and where `consistent` leaves the right ones right; None if nothing does.

        The more explanations are tried, the more one of them meets an answer by chance: so the chance that one tried
        so far meets these is held below CHANCE. What doesn't leave right ones right doesn't count where that is asked.
        """
        at = sorted(places)
        tried: set[bytes] = set()
        explaining: list[Hypothesis] = []
        for group, weight in self.candidates(at, twofold=twofold):
            for one in group:
                met = self.evidence.meets(one.values)
                if consistent and not self.leaves_right(met):
                    continue
                tried.add(rounded(one.values[:, at]))
                if not met[at].all():
                    continue
                chance = float(np.prod(self.evidence.chances(one.values)[at]))
                if len(tried) * weight * chance <= CHANCE and self.confirmed(one.hypothesis, at):
                    explaining.append(one.hypothesis)
            if explaining:
                return either(explaining)
        return None

    def candidates(self, at: list[int], *, twofold: bool) -> Iterator[tuple[list[Prediction], float]]:
        """The lists of what is tried, each with how much one of its entries counts."""
        if twofold:
            yield self.singles, 1.0
            least = float(np.prod(self.evidence.chances(self.evidence.truth)[at]))
            if least * len(self.singles) <= CHANCE:
                yield self.pairs, 1.0
            return
        if self.is_near(at):
            yield self.roundings, NEAR
        yield self.singles, 1.0

    def is_near(self, at: list[int]) -> bool:
        """Whether these claims are so near to the truth that rounding may have done it."""
        claimed, truth = self.evidence.claimed[:, at], self.evidence.truth[:, at]
        with np.errstate(all="ignore"):
            return bool((np.abs(claimed - truth) <= NEAR * np.abs(truth)).all())

    def leaves_right(self, met: Array) -> bool:
        """Whether every claim that is right is met too."""
        return bool(all(met[place] for place in range(len(met)) if place not in self.wrong and self.is_number(place)))

    def is_number(self, place: int) -> bool:
        """Whether a claim is finite: what isn't is met by nothing."""
        return self.evidence.claims[place].written.finite

    def confirmed(self, hypothesis: Hypothesis, at: list[int]) -> bool:
        """Whether the claims are met in balls as well."""
        try:
            return all(self.confirmed_at(bench, row, hypothesis, at) for row, bench in enumerate(self.evidence.benches))
        except FAILED:
            return False

    def confirmed_at(self, bench: Bench, row: int, hypothesis: Hypothesis, at: list[int]) -> bool:
        yielded = hypothesis.exactly(bench)
        with precision(BITS):
            for place in at:
                claim = self.evidence.claims[place]
                value, claimed = ball(yielded[claim.tensor][claim.index]), ball(claimed_value(claim, bench))
                own = self.evidence.radius[row, place]
                if not abs(value - claimed) <= own * (1 + 1e-9) and not value.overlaps(claimed):
                    return False
        return True

    def following(self) -> dict[int, str]:
        """The wrong claims that are right given another wrong claim, each with the name of that one."""
        found: dict[int, str] = {}
        for earlier in sorted(self.wrong):
            others = sorted(self.wrong - {earlier} - found.keys())
            hypothesis = self.given(earlier)
            if not others or hypothesis is None or self.evidence.claims[earlier].name in found.values():
                continue
            one = next(iter(self.predictions(self.evidence.library.distinct([hypothesis]))), None)
            if one is None:
                continue
            met = self.evidence.meets(one.values)
            moved = np.abs(one.values - self.evidence.truth).max(axis=0) > self.evidence.radius.max(axis=0)
            chances = self.evidence.chances(one.values)
            places = [place for place in others if met[place] and moved[place]]
            if (
                places
                and np.prod(chances[places]) <= FOLLOWING / len(self.wrong)
                and self.confirmed(hypothesis, places)
            ):
                found |= dict.fromkeys(places, self.evidence.claims[earlier].name)
        return found

    def given(self, place: int) -> Hypothesis | None:
        """The passes with a claim taken in place of what is right; None if nothing follows from it."""
        claim = self.evidence.claims[place]
        bench = self.evidence.benches[0]
        quantity = bench.quantity(claim.tensor)
        if len(self.evidence.benches) > 1 or quantity is None or not claim.written.is_constant:
            return None
        shape = bench.truth[claim.tensor].shape

        def forced(array: Array) -> Array:
            taken = array.copy().reshape(shape)
            with precision(BITS):
                value = claimed_value(claim, bench)
                taken[claim.index] = value if array.dtype == object else _float(value)
            return taken.reshape(array.shape)

        return Hypothesis("", lambda variation: variation, forced={quantity: forced})


def either(explaining: Sequence[Hypothesis]) -> str:
    """One explanation, or `either … or …`; a rare one is passed over beside a usual one."""
    often = [one for one in explaining if one.frequency <= explaining[0].frequency + 1]
    by_row: dict[object, str] = {}
    for one in often:
        by_row.setdefault(id(one.row) if one.row else one.said, one.said)
    said = list(by_row.values())
    shown = list(islice(said, AT_MOST))
    if len(said) == 1:
        return said[0]
    more = f" (or {len(said) - AT_MOST} more)" if len(said) > AT_MOST else ""
    return f"either {', or '.join(shown)}{more}"
