"""What was answered, as numbers: how precisely, how short, and how probable it is that chance meets it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.written import FLOAT64_BITS
from netcalc.checking.causes.library import Library
from netcalc.checking.judging.bench import BITS, Array, Bench, to_floats
from netcalc.checking.judging.verdicts import Tolerance, claimed_value, unit
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Number
from netcalc.records import dataclass

FEW_DIGITS = 3  # significant ones
USUAL_DIGITS = 4  # that answers are written with; one of fewer may have ended in zeros
EXACT = 1e-10  # relative: an exact answer's width in float64
TIE = 1e-15  # relative: what float64 misses by where half a unit is rounded
EXACT_CHANCE = 1e-9  # how probable it is that an exact answer is met by chance
PLAIN_DIGITS = 2  # significant ones, up to which a number is plain: anybody may have written it
PLAIN_DENOMINATOR = 30
DIGITS = 9  # the largest number of one digit: those made at random are as large, whatever is right


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
            return np.array([[_claimed(claim, bench) for claim in self.claims] for bench in self.benches])

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
        """Which claims are met at all points: (…, points, claims) -> (…, claims)."""
        with np.errstate(all="ignore"):
            radius = self.radius * (1 + 1e-9) + TIE * np.abs(self.claimed)
            return np.asarray((np.abs(values - self.claimed) <= radius).all(axis=-2))

    def chances(self) -> Array:
        """How probable it is that an answer made at random is met so nearly: (claims,)."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.truth), np.abs(self.claimed)).max(axis=0)
            steps = np.maximum(2 * self.radius.max(axis=0), self.units)
            size = np.where(self.plain, np.maximum(size, DIGITS * self.units), size)
            chance: Array = np.nan_to_num(np.clip(steps / (2 * size + steps), EXACT_CHANCE, 1), nan=1.0)
            return chance

    def chances_of(self, values: Array, at: Sequence[int]) -> Array:
        """How probable it is that answers made at random, written as these claims are, meet values: (edits,)."""
        with np.errstate(all="ignore"):
            found = np.abs(values[..., at]).max(axis=1)
            claimed = np.abs(self.claimed[:, at]).max(axis=0)
            size = np.maximum(np.abs(self.truth[:, at]).max(axis=0), found)
            steps = np.broadcast_to(np.maximum(2 * self.radius[:, at].max(axis=0), self.units[at]), found.shape)
            size = np.where(self.plain[at], np.maximum(size, DIGITS * self.units[at]), size)
            shift = 10.0 ** (np.floor(np.log10(found)) - np.floor(np.log10(claimed)))
            steps = np.where(self.by_digits[at] & np.isfinite(shift) & (shift > 0), steps * shift, steps)
            chance: Array = np.nan_to_num(np.clip(steps / (2 * size + steps), EXACT_CHANCE, 1), nan=1.0)
            chance[np.isnan(found)] = 0  # what has no value is never met
            return np.asarray(chance.prod(axis=1))

    def are_decimals(self, at: Sequence[int]) -> bool:
        """Whether these claims are numbers as they are written, and none that a program computed."""
        return all(exact_value(self.claims[n]) is not None and not self.claims[n].written.bits for n in at)

    def are_short(self, at: Sequence[int]) -> bool:
        """Whether these claims are a decimal of few digits, or are fractions."""
        written = [self.claims[n].written for n in at]
        return all(not one.bits and one.digits <= FEW_DIGITS for one in written)

    @cached_property
    def by_digits(self) -> Array:
        """Which claims are decimals that are right to so many significant digits: (claims,)."""
        written = [claim.written for claim in self.claims]
        return np.array(
            [
                one.place is not None and not one.bits and not _is_plain(claim)
                for one, claim in zip(written, self.claims, strict=True)
            ]
        )

    @cached_property
    def units(self) -> Array:
        """What lies between two numbers written as short; next to nothing for what is no number as it is written."""
        return np.array([_unit(claim) for claim in self.claims])

    @cached_property
    def plain(self) -> Array:
        """Which claims are so short that only what yields them exactly says something: (claims,)."""
        return np.array([_is_plain(claim) for claim in self.claims])

    def exactly(self, values: Array, at: Sequence[int]) -> Array:
        """Which values are those claims to all their digits: (…, points, claims) -> (…,)."""
        with np.errstate(all="ignore"):
            off = np.abs(values - self.claimed)[..., at]
            return np.asarray(
                (off <= EXACT * np.maximum(np.abs(self.claimed[:, at]), self.units[at])).all(axis=(-2, -1))
            )

    def with_zeros(self, values: Array, at: Sequence[int]) -> Array:
        """Which values have zeros behind the digits of claims, up to as many as usual: (…, points, claims) -> (…,)."""
        widths = np.array([_half_unit(self.claims[n]) * self.zeros([n]) for n in at])
        with np.errstate(all="ignore"):
            return np.asarray((np.abs(values - self.claimed)[..., at] <= widths * (1 + 1e-9)).all(axis=(-2, -1)))

    def zeros(self, at: Sequence[int]) -> float:
        """How probable it is that an answer of as many digits as usual ends in the zeros that these claims lack."""
        return float(np.prod([10.0 ** min(self.claims[n].written.digits - USUAL_DIGITS, 0) for n in at]))

    def as_short(self, values: Array, at: Sequence[int]) -> Array:
        """Which values could be written as short as those claims are: (…, points, claims) -> (…,)."""
        with np.errstate(all="ignore"):
            steps = values[..., at] / self.units[at]
            return np.asarray(
                (np.abs(steps - np.round(steps)) <= 1e-6 * np.maximum(1, np.abs(steps))).all(axis=(-2, -1))
            )


def _unit(claim: Claim) -> float:
    written = claim.written
    if written.place is not None:
        return float(unit(written.place))
    value = exact_value(claim)
    return 0.0 if value is None or written.bits else 1 / value.denominator**2


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


def _claimed(claim: Claim, bench: Bench) -> float:
    """What a claim comes to, nan where it has no value: such a formula is wrong, and its value meets nothing."""
    try:
        return _float(claimed_value(claim, bench))
    except NetcalcError:
        return float("nan")


def _float(value: object) -> float:
    return float(to_floats(np.array([value], dtype=object))[0])


def _half_unit(claim: Claim) -> float:
    """Half a unit of a decimal's last digit; 0 for what is exact, as a short whole number is."""
    written = claim.written
    if written.place is None or (written.whole and written.digits < 3):
        return 0.0
    return float(unit(written.place) / 2)
