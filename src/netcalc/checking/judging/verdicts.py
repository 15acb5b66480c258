"""Right, right to the digits given, or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.written import (
    BFLOAT16_BITS,
    FLOAT16_BITS,
    FLOAT32_BITS,
    FLOAT64_BITS,
    NOISE_DIGITS,
    NOISE_UNITS,
    WHOLE_DIGITS,
    Written,
    numeral,
)
from netcalc.checking.judging.bench import BITS, NOTHING, Bench, without_dust
from netcalc.errors import NetcalcError
from netcalc.expression import Number
from netcalc.records import dataclass

Judgement = Literal["right", "rounded", "wrong"]
SAME = 200  # bits to which an exact claim has to agree
COARSELY = {FLOAT32_BITS: "right to float32", FLOAT16_BITS: "right to float16", BFLOAT16_BITS: "right to bfloat16"}
GIVEN_BITS = 46  # of an answer's scale, to which what is given as float64 keeps exact answers the same
CUT_DIGITS = 3  # from which on digits that were cut off are no chance
MOST_NOISE_DIGITS = 14  # more are not a calculator's
SLACK = "1e-12"  # relative: half a unit is still right


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How near is right, in place of an answer's own precision.

    `rtol` and `atol`: |answer - correct| ≤ atol + rtol |correct|; `sig` asks for so many significant digits.
    """

    rtol: float | None = None
    atol: float | None = None
    sig: int | None = None


def judge(claim: Claim, benches: Sequence[Bench], tolerance: Tolerance) -> Judgement:
    """How a claim stands at all points."""
    found = {judge_at(claim, bench, tolerance) for bench in benches}
    return "wrong" if "wrong" in found else "rounded" if "rounded" in found else "right"


def judge_at(claim: Claim, bench: Bench, tolerance: Tolerance) -> Judgement:
    """How a claim stands at one point."""
    if not claim.written.finite:
        return "wrong"
    with precision(BITS):
        correct = _numeral(bench.truth[claim.tensor][claim.index])
        claimed = claimed_value(claim, bench, sharp=True)
        if same(claimed, correct):
            return "right"
        if not isinstance(claim.written.tree, Number):
            claimed = claimed_value(claim, bench)
        if bench.has_floats and _within(claimed, correct, bench.scale(claim.tensor) * arb(2) ** -GIVEN_BITS):
            return "right"
        if tolerance.rtol is not None or tolerance.atol is not None:
            radius = arb(tolerance.atol or 0) + arb(tolerance.rtol or 0) * abs(ball(correct))
            return "right" if _within(claimed, correct, radius) else "wrong"
        if tolerance.sig is not None:
            return "rounded" if _to_digits(claimed, correct, tolerance.sig) else "wrong"
        if _computed(claim.written, claimed, correct, bench.scale(claim.tensor)):
            return "right"
        if claim.written.exact or claim.written.bits is not None:
            return "wrong"
        return "rounded" if _to_own_digits(claim.written, claimed, correct) else "wrong"


def _numeral(value: Any) -> Any:
    return fmpq(*float(value).as_integer_ratio()) if isinstance(value, float) else value


def claimed_value(claim: Claim, bench: Bench, *, sharp: bool = False) -> Any:
    """What a claim comes to at a point, decimals within it `sharp` or as they may be rounded.

    Raises NetcalcError where it is nothing.
    """
    if not claim.written.finite:
        return arb.nan()
    names = {} if claim.written.is_constant else bench.names
    value = numeral(claim.written, names, sharp=sharp)
    if not isinstance(value, fmpq) and not value.is_finite():
        raise NetcalcError(f"{claim.name}: '{claim.written.text}' has no value")
    return without_dust(value)


def same(claimed: Any, correct: Any) -> bool:
    """Whether two numbers are one, or so near that nothing but balls keeps them apart."""
    if isinstance(claimed, fmpq) and isinstance(correct, fmpq):
        return bool(claimed == correct)
    difference = abs(ball(claimed) - ball(correct))
    return bool(difference <= abs(ball(correct)) * arb(2) ** -SAME)


def is_apart(claim: Claim, bench: Bench) -> bool:
    """Whether balls keep a claim and the answer apart, by more than counts for nothing."""
    with precision(BITS):
        claimed, correct = claimed_value(claim, bench), _numeral(bench.truth[claim.tensor][claim.index])
        return bool(abs(ball(claimed) - ball(correct)) > arb(2) ** -NOTHING)


def _within(claimed: Any, correct: Any, radius: Any) -> bool:
    return bool(abs(ball(claimed) - ball(correct)) <= ball(radius) * (1 + arb(SLACK)))


def _computed(written: Written, claimed: Any, correct: Any, scale: Any) -> bool:
    """Whether it is what a program may compute for it."""
    if written.bits is None and (written.exact or not bool(ball(correct) == 0)):
        return False
    return _within(claimed, correct, scale * arb(2) ** -(written.bits or FLOAT64_BITS))


def is_computed_coarsely(claim: Claim, bench: Bench) -> bool:
    """Whether a claim that is right is so to the precision of 32 or 16 bits alone."""
    bits = claim.written.bits
    if bits is None or bits == FLOAT64_BITS:
        return False
    return judge_at(replace(claim, written=replace(claim.written, bits=FLOAT64_BITS)), bench, Tolerance()) == "wrong"


def is_cut_off(claim: Claim, benches: Sequence[Bench]) -> bool:
    """Whether a decimal has all its digits from the answer, where the last should have been rounded."""
    written = claim.written
    if written.place is None or written.digits < CUT_DIGITS or written.exact or written.bits is not None:
        return False
    with precision(BITS):
        claimed, last = ball(claimed_value(claim, benches[0])), unit(written.place)
        found = [ball(_numeral(bench.truth[claim.tensor][claim.index])) for bench in benches]
        return all(bool((correct - claimed) * claimed > 0) and bool(abs(correct - claimed) < last) for correct in found)


def _to_own_digits(written: Written, claimed: Any, correct: Any) -> bool:
    if written.place is None:
        return not isinstance(claimed, fmpq) and bool(ball(claimed).overlaps(ball(correct)))
    if not written.whole:
        units = NOISE_UNITS if NOISE_DIGITS <= written.digits <= MOST_NOISE_DIGITS else 0.5
        return _within(claimed, correct, unit(written.place) * units)
    lead = leading_place(correct)
    if lead is None or written.digits < WHOLE_DIGITS:
        return False
    places = range(max(1, min(_trailing_zeros(written) + 1, lead)))
    return lead >= 0 and any(_within(claimed, correct, unit(place) / 2) for place in places)


def _trailing_zeros(written: Written) -> int:
    """The zeros at the end of a whole number, which may stand for digits that were rounded away."""
    digits = str(abs(int(written.value or 0)))
    return len(digits) - len(digits.rstrip("0")) if written.whole else 0


def _to_digits(claimed: Any, correct: Any, digits: int) -> bool:
    lead = leading_place(correct)
    return lead is not None and _within(claimed, correct, unit(lead - digits + 1) / 2)


def unit(place: int) -> arb:
    """10^place."""
    return arb(10) ** place


def leading_place(value: Any) -> int | None:
    """The power of ten of a number's first digit; None for 0."""
    size = abs(ball(value))
    if not size > 0:
        return None
    exponent = int((size.log() / arb(10).log()).mid().floor().unique_fmpz() or 0)
    return exponent if size < arb(10) ** (exponent + 1) else exponent + 1
