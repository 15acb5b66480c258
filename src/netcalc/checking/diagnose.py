"""Which slip explains the wrong answers, if one does and it can't well be by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice

import numpy as np

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.bench import BITS, Array, Bench, to_floats
from netcalc.checking.claims import Claim
from netcalc.checking.edits.edit import Edit, Frequency
from netcalc.checking.library import FAILED, Library, Prediction, Yielded, rounded
from netcalc.checking.verdicts import Tolerance, claimed_value, unit
from netcalc.checking.written import FLOAT64_BITS
from netcalc.expression import Apply, Number

CHANCE = 0.01  # how probable a meeting by chance may be for an explanation to be given
PLAIN_CHANCE = 0.16  # the same for a usual mistake that yields plain numbers exactly
EXACT = 1e-10  # relative: an exact answer's width in float64
EXACT_CHANCE = 1e-9  # how probable it is that an exact answer is met by chance
PLAIN_DIGITS = 2  # significant ones, up to which a number is plain: anybody may have written it
PLAIN_DENOMINATOR = 30
DIGITS = 9  # the largest number of one digit: those made at random are as large, whatever is right
FOLLOWING = 0.02  # how probable it may be that what follows from any of the wrong answers does so by chance
NEAR = 0.1  # relative: how far from the truth an answer may be for early rounding to explain it
WHOLE = "whole-gradient"  # the row whose edits say the same of one answer and of all
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

    def chances(self) -> Array:
        """How probable it is that an answer made at random is met so nearly: (claims,)."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.truth), np.abs(self.claimed)).max(axis=0)
            steps = np.maximum(2 * self.radius.max(axis=0), self.units)
            size = np.where(self.plain, np.maximum(size, DIGITS * self.units), size)
            chance: Array = np.nan_to_num(np.clip(steps / (2 * size + steps), EXACT_CHANCE, 1), nan=1.0)
            return chance

    @cached_property
    def units(self) -> Array:
        """What lies between two numbers written as short; next to nothing for what is no number as it is written."""
        return np.array([_unit(claim) for claim in self.claims])

    @cached_property
    def plain(self) -> Array:
        """Which claims are so short that only what yields them exactly says something: (claims,)."""
        return np.array([_is_plain(claim) for claim in self.claims])

    def exactly(self, values: Array, at: Sequence[int]) -> bool:
        """Whether values are those claims to all their digits."""
        with np.errstate(all="ignore"):
            off = np.abs(values - self.claimed)[:, at]
            return bool((off <= EXACT * np.maximum(np.abs(self.claimed[:, at]), self.units[at])).all())

    def as_short(self, values: Array, at: Sequence[int]) -> bool:
        """Whether values could be written as short as those claims are."""
        with np.errstate(all="ignore"):
            steps = values[:, at] / self.units[at]
            return bool((np.abs(steps - np.round(steps)) <= 1e-6 * np.maximum(1, np.abs(steps))).all())


def _unit(claim: Claim) -> float:
    written = claim.written
    if written.place is not None:
        return float(unit(written.place))
    value = exact_value(claim)
    return 0.0 if value is None else 1 / value.denominator**2


def exact_value(claim: Claim) -> Fraction | None:
    """The rational that a claim is as it is written, a decimal or a fraction; None of anything else."""
    tree = claim.written.tree
    match tree:
        case Number(value):
            return value
        case Apply("divide", (Number(p), Number(q))) if q:
            return p / q
        case Apply("negate", (Apply("divide", (Number(p), Number(q))),)) if q:
            return -p / q
        case _:
            return None


def _is_plain(claim: Claim) -> bool:
    written = claim.written
    value = exact_value(claim)
    if value is None or written.bits:
        return False
    if written.place is None:
        return value.denominator <= PLAIN_DENOMINATOR
    return written.digits <= PLAIN_DIGITS


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
    """What is said of a wrong answer; `follows` is the earlier answer that it is right from.

    `mistake` are the identifiers of the catalogue's rows, `at` is what went wrong, by its name, `edits` what is named.
    """

    said: str
    follows: str = ""
    mistake: str = ""
    at: str = ""
    edits: tuple[Edit, ...] = ()


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
        if said := self.explain(left):
            yield from dict.fromkeys(left, said).items()
            return
        for place, earlier in self.following().items():
            yield place, Diagnosis(f"right, given your {earlier}", earlier)
            left -= {place}
        for group in self.grouped(left):
            yield from group.items()

    def grouped(self, left: frozenset[int]) -> Iterator[dict[int, Diagnosis]]:
        """Explanations of all that is left, else tensor by tensor, each of one slip, then of two; else one by one."""
        if left and left != self.wrong and (said := self.explain(left)):
            yield dict.fromkeys(left, said)
            return
        for twofold in (False, True):
            if left and (said := self.explain(left, twofold=twofold)):
                yield dict.fromkeys(left, said)
                return
            for part in self.by_tensor(left):
                if len(part) < len(left) and (said := self.explain(part, twofold=twofold)):
                    yield dict.fromkeys(part, said)
                    left -= part
        for part in [*self.by_tensor(left), *(frozenset({place}) for place in sorted(left))]:
            if part <= left and (said := self.explain(part, loosely=True)):
                yield dict.fromkeys(part, said)
                left -= part

    def by_tensor(self, left: frozenset[int]) -> list[frozenset[int]]:
        names = dict.fromkeys(self.evidence.claims[place].tensor for place in sorted(left))
        return [frozenset(place for place in left if self.evidence.claims[place].tensor == name) for name in names]

    def explain(self, places: frozenset[int], *, twofold: bool = False, loosely: bool = False) -> Diagnosis | None:
        """What explains all of these claims and leaves the right ones right; None if nothing does.

        The more explanations are tried, the more one of them meets an answer by chance: so the chance that one tried
        so far meets these is held below CHANCE. What doesn't leave right ones right, or can't be written as short as
        plain answers are, doesn't count. `loosely` takes usual mistakes that were made with these entries alone.
        """
        at = sorted(places)
        evidence = self.evidence
        chance = float(np.prod(evidence.chances()[at]))
        plain = bool(evidence.plain[at].all())
        for group, weight in self.candidates(at, twofold=twofold):
            tried: set[bytes] = set()
            explaining: list[Edit] = []
            for one in group:
                met = evidence.meets(one.values)
                if loosely and one.edit.frequency is not Frequency.USUAL:
                    break
                if not loosely and not self.leaves_right(met):
                    continue
                if plain and not evidence.as_short(one.values, at):
                    continue
                tried.add(rounded(one.values[:, at]))
                if not met[at].all() or (plain and not evidence.exactly(one.values, at)):
                    continue
                usual = plain and one.edit.frequency is Frequency.USUAL
                limit = PLAIN_CHANCE if usual else CHANCE
                if len(tried) * weight * chance <= limit and self.confirmed(one.edit, at):
                    explaining.append(one.edit)
            if explaining:
                return either(explaining)
        return None

    def candidates(self, at: list[int], *, twofold: bool) -> Iterator[tuple[list[Prediction], float]]:
        """The lists of what is tried, each with how much one of its entries counts."""
        if twofold:
            if len(at) > 1 and float(np.prod(self.evidence.chances()[at])) * len(self.singles) <= CHANCE:
                yield self.pairs, 1.0
            return
        yield self.singles, 1.0
        if self.is_near(at):
            yield self.roundings, NEAR

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

    def confirmed(self, edit: Edit, at: list[int]) -> bool:
        """Whether the claims are met in balls as well."""
        try:
            return all(self.confirmed_at(bench, row, edit, at) for row, bench in enumerate(self.evidence.benches))
        except FAILED:
            return False

    def confirmed_at(self, bench: Bench, row: int, edit: Edit, at: list[int]) -> bool:
        yielded = self.evidence.library.exactly(edit, row)
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
            edit = self.evidence.library.taken(self.evidence.claims[earlier])
            if not others or edit is None or self.evidence.claims[earlier].name in found.values():
                continue
            one = next(iter(self.predictions(self.evidence.library.distinct([edit]))), None)
            if one is None:
                continue
            met = self.evidence.meets(one.values)
            moved = np.abs(one.values - self.evidence.truth).max(axis=0) > self.evidence.radius.max(axis=0)
            chances = self.evidence.chances()
            places = [place for place in others if met[place] and moved[place]]
            if places and np.prod(chances[places]) <= FOLLOWING / len(self.wrong) and self.confirmed(edit, places):
                found |= dict.fromkeys(places, self.evidence.claims[earlier].name)
        return found


def either(explaining: Sequence[Edit]) -> Diagnosis:
    """One explanation, or `either … or …`; a rare one is passed over beside a usual one."""
    often = [one for one in explaining if one.frequency == explaining[0].frequency]
    whole = [one for one in often if one.row == WHOLE]
    by_words = {one.said: one for one in often if one not in whole[1:]}
    said, shown = list(by_words), list(islice(by_words.values(), AT_MOST))
    rows = "|".join(dict.fromkeys(one.row for one in shown))
    at = shown[0].at if len({one.at for one in shown}) == 1 else ""
    if len(said) == 1:
        return Diagnosis(said[0], mistake=rows, at=at, edits=tuple(shown))
    more = f" (or {len(said) - AT_MOST} more)" if len(said) > AT_MOST else ""
    return Diagnosis(f"either {', or '.join(one.said for one in shown)}{more}", mistake=rows, at=at, edits=tuple(shown))
