"""Which slip explains the wrong answers, if one does and it can't well be by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.causes.diagnosis import WHOLE, WRONG_SIGN, Diagnosis, either, few
from netcalc.checking.causes.evidence import EXACT, Evidence, exact_value
from netcalc.checking.causes.library import Predictions, Yielded, rounded
from netcalc.checking.edits.edit import Edit, Frequency
from netcalc.checking.edits.gradients import SWAPPED_GRADIENTS
from netcalc.checking.judging.bench import BITS, Array, Bench
from netcalc.checking.judging.verdicts import claimed_value
from netcalc.checking.workings.runs import FAILED
from netcalc.records import dataclass

CHANCE = 0.2  # how probable a meeting by chance may be for an explanation to be given
SHORT_CHANCE = 0.005  # the same for decimals of few digits, and for what is plain and not usual
SHORT_EXACT_CHANCE = 0.02  # the same for short decimals that an edit yields exactly
PLAIN_CHANCE = 0.16  # the same for a usual mistake that yields plain numbers exactly
FOLLOWING = 0.02  # how probable it may be that what follows from any of the wrong answers does so by chance
NEAR = 0.1  # relative: how far from the truth an answer may be for early rounding to explain it


def diagnose(evidence: Evidence, wrong: Sequence[int]) -> dict[int, Diagnosis]:
    """What went wrong in each of the `wrong` claims, as far as it can be told."""
    return dict(_Search(evidence, frozenset(wrong)).found())


@dataclass
class _Search:
    evidence: Evidence
    wrong: frozenset[int]

    @cached_property
    def singles(self) -> Predictions:
        return self.predictions(self.evidence.library.singles)

    @cached_property
    def roundings(self) -> Predictions:
        return self.predictions(self.evidence.library.roundings)

    @cached_property
    def pairs(self) -> Predictions:
        return self.predictions(self.evidence.library.pairs)

    def predictions(self, found: Sequence[Yielded]) -> Predictions:
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
            whole = left
            for part in self.by_tensor(whole):
                if part < whole and (said := self.explain(part, twofold=twofold)):
                    yield dict.fromkeys(part, said)
                    left -= part
        for part in self.by_tensor(left):
            if said := self.explain(part, loosely=True):
                yield dict.fromkeys(part, said)
                continue
            alone = {place: self.explain(frozenset({place}), loosely=True) for place in sorted(part)}
            known = {place: found for place, found in alone.items() if found is not None}
            if len(known) == len(part):  # else what explains one entry alone does so by chance
                yield known

    def by_tensor(self, left: frozenset[int]) -> list[frozenset[int]]:
        names = dict.fromkeys(self.evidence.claims[place].tensor for place in sorted(left))
        return [frozenset(place for place in left if self.evidence.claims[place].tensor == name) for name in names]

    def explain(self, places: frozenset[int], *, twofold: bool = False, loosely: bool = False) -> Diagnosis | None:
        """What explains all of these claims and leaves the right ones right; None if nothing does.

        `loosely` takes usual mistakes that other tensors were spared, and a wrong sign of some entries.
        """
        at = sorted(places)
        is_met = False
        for tried in self.candidates(at, twofold=twofold):
            group = tried
            if is_met and group is self.roundings:
                return None  # a plain slip does it too, be it one that chance may meet
            met = self.evidence.meets(group.values)
            hits = np.asarray(met[:, at].all(axis=1)) & self.moves(group, at)
            if not hits.any():
                continue
            is_met = True
            if loosely:
                fits = self.fits(group, met, at)
                turned = ~fits & self.turns(group, at)
                group = _with_wrong_signs(tried, turned)
                counts = self.usual(group) & (fits | turned)
            else:
                counts = self.leaves_right(met)
            for likely in self.likely(group, counts, at):
                explaining = [
                    (group.edits[place], rounded(group.values[place][:, at]))
                    for place in np.flatnonzero(hits & likely).tolist()
                    if self.confirmed(group.edits[place], at) and self.is_borne_out(group.edits[place], at)
                ]
                if explaining:
                    return either(few(explaining))
        return None

    def moves(self, group: Predictions, at: list[int]) -> Array:
        """Which edits change each of these answers by more than it may be off: else they explain nothing."""
        with np.errstate(all="ignore"):
            off = np.abs(group.values - self.evidence.truth) > self.evidence.radius
        return np.asarray(off[..., at].any(axis=1).all(axis=1))

    def likely(self, group: Predictions, counts: Array, at: list[int]) -> Iterator[Array]:
        """Which edits may be named if they meet these claims: usual ones first, and those that chance meets last.

        First those that yield the claims exactly where these are short, among those that yield numbers as short; then
        those that yield them with zeros behind, which aren't written; then those that yield them rounded. The more are
        named, the more an answer made at random meets one of them: so the chances of all that may be named add up to
        CHANCE at most.
        """
        evidence = self.evidence
        limit = SHORT_CHANCE if evidence.are_short(at) else CHANCE
        if evidence.are_decimals(at):
            counts_exact = counts & evidence.as_short(group.values, at)
            exactly = counts_exact & evidence.exactly(group.values, at)
            if exactly.any():
                limits = self.limits(group, at) if bool(evidence.plain[at].all()) else SHORT_EXACT_CHANCE
                yield exactly & (self.chances(group, counts_exact, at) <= limits)
        if group is not self.roundings and evidence.are_decimals(at) and evidence.are_short(at):
            ended_in_zeros = counts & evidence.with_zeros(group.values, at) & ~evidence.as_short(group.values, at)
            yield ended_in_zeros & (self.chances(group, counts, at) * evidence.zeros(at) <= SHORT_EXACT_CHANCE)
        if not evidence.plain[at].all():
            yield counts & (self.chances(group, counts, at) <= limit)

    def limits(self, group: Predictions, at: Sequence[int]) -> Array:
        """Up to which chance plain numbers are explained; 0/7 and 4/4 are none that anybody writes."""
        claims = [self.evidence.claims[n] for n in at]
        values = [exact_value(claim) for claim in claims]
        is_written = all(
            claim.written.place is not None or (value and not (value.denominator == 1 and "/" in claim.written.text))
            for claim, value in zip(claims, values, strict=True)
        )
        if not is_written:
            return np.full(len(group.edits), SHORT_CHANCE)
        return np.where(self.usual(group), PLAIN_CHANCE, SHORT_EXACT_CHANCE)

    def chances(self, group: Predictions, counts: Array, at: list[int]) -> Array:
        """For each edit that counts, how probable it is that an answer made at random meets it or one before it."""
        own = self.evidence.chances_of(group.values, at)
        often = np.array([edit.frequency for edit in group.edits])
        weight = NEAR if group is self.roundings else 1.0  # they are tried for so small a part of all answers
        total, tried = 0.0, dict[bytes, float]()
        found = np.full(len(own), np.inf)
        for place in np.lexsort((own, often)).tolist():
            if not counts[place]:
                continue
            key = rounded(group.values[place][:, at])
            if key not in tried:
                total += weight * own[place]
                tried[key] = total
            found[place] = tried[key]
        return found

    def usual(self, group: Predictions) -> Array:
        """Which edits are usual ones."""
        return np.array([edit.frequency is Frequency.USUAL for edit in group.edits], dtype=bool)

    def candidates(self, at: list[int], *, twofold: bool) -> Iterator[Predictions]:
        """The lists of what is tried."""
        if twofold:
            if len(at) > 1 and float(np.prod(self.evidence.chances()[at])) * len(self.singles.edits) <= SHORT_CHANCE:
                yield self.pairs
            return
        yield self.singles
        if self.is_near(at):
            yield self.roundings

    def is_near(self, at: list[int]) -> bool:
        """Whether these claims are no fractions, and so near to the truth that rounding may have done it."""
        written = [self.evidence.claims[n].written for n in at]
        if any(one.place is None and not one.bits for one in written):
            return False
        claimed, truth = self.evidence.claimed[:, at], self.evidence.truth[:, at]
        with np.errstate(all="ignore"):
            return bool((np.abs(claimed - truth) <= NEAR * np.abs(truth)).all())

    def leaves_right(self, met: Array) -> Array:
        """Which edits meet every claim that is right too: (edits, claims) -> (edits,)."""
        right = [n for n in range(len(self.evidence.claims)) if n not in self.wrong and self.is_number(n)]
        return np.asarray(met[:, right].all(axis=1))

    def fits(self, group: Predictions, met: Array, at: list[int]) -> Array:
        """Which edits meet every entry of these tensors that they change, a whole one's every wrong entry too.

        (edits, claims) -> (edits,)
        """
        tensors = {self.evidence.claims[place].tensor for place in at}
        own = [n for n, claim in enumerate(self.evidence.claims) if claim.tensor in tensors and self.is_number(n)]
        with np.errstate(all="ignore"):
            off = np.abs(group.values - self.evidence.truth) > self.evidence.radius * (1 + 1e-9)
        spared = ~off.any(axis=1)
        whole = np.array([edit.row == WHOLE for edit in group.edits], dtype=bool)
        spared[np.ix_(whole, np.array(sorted(self.wrong), dtype=np.intp))] = False
        return np.asarray((met | spared)[:, own].all(axis=1))

    def turns(self, group: Predictions, at: list[int]) -> Array:
        """Which edits turn the signs of these answers and do no more to them, as a slip in one entry may."""
        with np.errstate(all="ignore"):
            off = np.abs(group.values + self.evidence.truth)[..., at]
            return np.asarray((off <= EXACT * np.abs(self.evidence.truth[:, at])).all(axis=(1, 2)))

    def is_number(self, place: int) -> bool:
        """Whether a claim is finite: what isn't is met by nothing."""
        return self.evidence.claims[place].written.finite

    def is_borne_out(self, edit: Edit, at: list[int]) -> bool:
        """Whether an edit that swaps the answers for two tensors explains both."""
        return edit.row != SWAPPED_GRADIENTS or len({self.evidence.claims[place].tensor for place in at}) > 1

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
        """The wrong claims that are right given others, all wrong ones of a tensor, each with the name of those."""
        found: dict[int, str] = {}
        claims, chances = self.evidence.claims, self.evidence.chances()
        for part in self.by_tensor(self.wrong):
            earlier = sorted(part)
            others = sorted(self.wrong - part - found.keys())
            edit = self.evidence.library.taken([claims[place] for place in earlier]) if others else None
            if edit is None:
                continue
            yielded = self.predictions(list(self.evidence.library.distinct([edit]))).values
            if not len(yielded):
                continue
            met = self.evidence.meets(yielded[0])
            moved = np.abs(yielded[0] - self.evidence.truth).max(axis=0) > self.evidence.radius.max(axis=0)
            places = [place for place in others if met[place] and moved[place]]
            if places and np.prod(chances[places]) <= FOLLOWING / len(self.wrong) and self.confirmed(edit, places):
                name = claims[earlier[0]].name if len(earlier) == 1 else claims[earlier[0]].tensor
                found |= dict.fromkeys(places, name)
        return found


def _with_wrong_signs(group: Predictions, turned: Array) -> Predictions:
    """The edits, in plain words those that turned a sign in some entries alone."""
    pairs = zip(group.edits, turned.tolist(), strict=True)
    return replace(group, edits=tuple(replace(one, said=WRONG_SIGN, row=WHOLE) if own else one for one, own in pairs))
