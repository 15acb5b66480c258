"""Numerals by themselves: what they are rounded to, how they compare, and what is undecided, held to Python's decimals."""

from __future__ import annotations

import decimal
import math
import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from flint import arb, fmpq

from netcalc.arithmetic import rounding
from netcalc.arithmetic.balls import INFINITE, OPERATIONS, UNDEFINED, Infinite, ball, exactly, is_nowhere, precision
from netcalc.arithmetic.evaluation import Evaluation
from netcalc.arithmetic.sides import SAME, compared
from netcalc.expression import parse

NAN, INF = arb.nan(), Infinite(INFINITE)
THIRD = fmpq(1, 3)


def to_decimal(number: Fraction, count: int) -> decimal.Decimal:
    """`count` digits, a tie to the even one."""
    with decimal.localcontext() as context:
        context.prec, context.rounding = count, decimal.ROUND_HALF_EVEN
        context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
        return decimal.Decimal(number.numerator) / decimal.Decimal(number.denominator)


def numbers(count: int) -> list[Fraction]:
    """Of all sizes; next to powers of ten, to halves of a digit, and to the ends of float64."""
    draw = random.Random(5)
    found = []
    for _ in range(count):
        size = Fraction(10) ** draw.choice(
            [0, 0, 1, -1, 2, 5, 6, 7, -5, -6, 30, -30, 290, -290, 308, 309, -308, -324, 420, -420]
        )
        digit = Fraction(draw.randint(1, 10 ** draw.randint(1, 12)), 10 ** draw.randint(0, 6))
        near = draw.choice(
            [
                Fraction(draw.randint(1, 10**6), draw.randint(1, 10**6)),
                digit,
                Fraction(1),
                1 - Fraction(1, 10 ** draw.randint(3, 9)),
                1 + digit / 10**12,
            ]
        )
        found.append(draw.choice([1, -1]) * near * size)
    return found


def value_of(text: str) -> tuple[decimal.Decimal, int]:
    """What digits come to, and how many there are from the first that is not 0."""
    mantissa = text.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    return decimal.Decimal(text), len(mantissa)


@pytest.mark.parametrize("count", [1, 2, 6, 13])
def test_digits_of_a_fraction_are_those_of_python_decimals(count):
    for number in numbers(300):
        text = rounding.digits(fmpq(number.numerator, number.denominator), count)
        found, written = value_of(text)
        assert found == to_decimal(number, count)
        size = found.adjusted()
        assert written == count or (found == number and written <= max(count, size + 1)) or 0 <= size < 6
        assert ("e" in text) == (not -5 <= size < max(count, 6))


@pytest.mark.parametrize("count", [1, 6, 13])
def test_digits_of_a_ball_are_those_of_all_that_it_holds_or_none(count):
    """None only where it holds two that differ, or a tie."""
    with precision(400):
        for number, away in product(numbers(150), (20, 60)):
            middle = arb(fmpq(number.numerator, number.denominator))
            known = middle + arb(0, abs(middle) * arb(2) ** -away)
            ends = [Fraction(number) * (1 + Fraction(sign * 1001, 1000 << away)) for sign in (-1, 1)]
            inner = [Fraction(number) * (1 + Fraction(sign * 999, 1000 << away)) for sign in (-1, 1)]
            text = rounding.digits(known, count)
            if text is None:
                assert to_decimal(ends[0], count) != to_decimal(ends[1], count)
            else:
                assert {to_decimal(end, count) for end in inner} == {decimal.Decimal(text)}


def float_of(number: Fraction) -> float:
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def test_the_nearest_float_of_a_numeral_is_pythons():
    for number in numbers(400):
        exact = fmpq(number.numerator, number.denominator)
        assert rounding.nearest(exact) == float_of(number)
        with precision(200):
            known = arb(exact)
            found = rounding.nearest(known)
        ends = {float_of(number * (1 + Fraction(sign, 1 << 190))) for sign in (-1, 1)}
        assert (found is None and len(ends) > 1) or found == float_of(number)


def test_a_ball_between_two_floats_has_no_nearest():
    for size in (1.0, 3.0, 1e-310, 1e300):
        up = math.nextafter(size, math.inf)
        middle = (Fraction(size) + Fraction(up)) / 2
        with precision(200):
            known = arb(fmpq(middle.numerator, middle.denominator))
            narrow = abs(known) * arb(2) ** -150
            assert rounding.nearest(known + arb(0, narrow)) is None
            assert rounding.nearest(known + 3 * narrow + arb(0, narrow)) == up
            assert rounding.nearest(known - 3 * narrow + arb(0, narrow)) == size


def test_what_is_rounded_at_once_is_what_is_rounded_one_by_one():
    given = [fmpq(one.numerator, one.denominator) for one in numbers(300)]
    with precision(120):
        given += [arb(one) * (1 + arb(0, arb(2) ** -80)) for one in given]
    found, sure = rounding.rounded(np.array(given, dtype=object))
    for one, number, is_sure in zip(given, found, sure, strict=True):
        if is_sure:
            assert number == rounding.nearest(one)
            assert decimal.Decimal(f"{number:.5e}") == decimal.Decimal(rounding.digits(one, 6))
        if (plain := rounding.plainly_rounded(one)) is not None:
            assert plain == (rounding.nearest(one), rounding.digits(one, 6))
    assert sure.mean() > 0.6


def test_an_error_is_rounded_up_by_no_more_than_a_tenth():
    for number in map(abs, numbers(300)):
        with precision(200):
            bound = arb(fmpq(number.numerator, number.denominator)).upper()
            text = rounding.above(bound)
            assert bound <= arb(text) <= bound * arb("1.101")
        assert len(text.partition("e")[0].replace(".", "").strip("0")) <= 2


def test_what_is_known_of_a_blurred_number_holds_it():
    draw = random.Random(2)
    for number in (Fraction(5, 7), Fraction(-123456, 7), Fraction(3, 10**9)):
        for _ in range(20):
            radius = abs(number) * Fraction(1, draw.randint(1, 10**6))
            known = arb(fmpq(number.numerator, number.denominator)) + arb(0, fmpq(radius.numerator, radius.denominator))
            middle, _, error = rounding.enclosure(known).partition(" ± ")
            low, high = (
                Fraction(decimal.Decimal(middle)) + sign * Fraction(decimal.Decimal(error)) for sign in (-1, 1)
            )
            assert low <= number - radius
            assert number + radius <= high
            assert high - low < 5 * radius


def test_what_is_next_to_nothing_and_what_is_out_of_reach_is_said():
    with precision(64):
        tiny, huge = arb(10) ** -998, arb(10) ** (10**15)
        assert rounding.enclosure(arb(0, tiny)) == "0 ± 1.1e-998"
        assert rounding.enclosure(arb(0, tiny / 100)) == "0 ± 1e-999"
        assert rounding.enclosure(huge * 10) == "beyond 1e1000000000000000"
        assert rounding.enclosure(arb(0, huge * 10)) == "0 ± more than 1e1000000000000000"
        assert rounding.is_out_of_reach(huge * 10)
        assert rounding.is_out_of_reach(1 / (huge * 10))
        assert not rounding.is_out_of_reach(huge / 10)
        assert not rounding.is_out_of_reach(fmpq(0))
        assert rounding.is_next_to_nothing(arb(0, tiny / 100))
        assert not rounding.is_next_to_nothing(arb(0, tiny))
        assert not rounding.is_next_to_nothing(tiny / 100)
        assert rounding.is_below(fmpq(1, 33), 5)
        assert not rounding.is_below(fmpq(1, 32), 5)
        assert not rounding.is_below(arb(0, "0.01"), 5)
        assert rounding.enclosure(NAN) is None


RELATIONS = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "unequal": lambda a, b: a != b,
}


@pytest.mark.parametrize("name", RELATIONS)
def test_numerals_compare_as_numbers_do(name):
    """Those without an end too; what has no value has no order, nor have two infinities of a sign."""
    values = {-math.inf: -INF, -1.5: fmpq(-3, 2), 0.0: fmpq(0), 0.25: arb("0.25"), 2.0: fmpq(2), math.inf: INF}
    for (a, left), (b, right) in product(values.items(), repeat=2):
        if math.isinf(a) and a == b:
            assert OPERATIONS[name](left, right) is UNDEFINED
        else:
            assert OPERATIONS[name](left, right) == RELATIONS[name](a, b)
    for one in values.values():
        assert OPERATIONS[name](one, NAN) is UNDEFINED
        assert OPERATIONS[name](NAN, one) is UNDEFINED
    assert OPERATIONS[name](ball(THIRD), THIRD) is None


def test_conditions_are_joined_though_some_are_undecided():
    """False, or true, is what is so whatever the others are; what has no value comes before what is not known."""
    for pair in product((True, False, None, UNDEFINED), repeat=2):
        known = [one for one in pair if isinstance(one, bool)]
        unknown = UNDEFINED if any(one is UNDEFINED for one in pair) else None if None in pair else ...
        every = False if False in known else True if unknown is ... else unknown
        some = True if True in known else False if unknown is ... else unknown
        assert OPERATIONS["and"](*pair) is every
        assert OPERATIONS["or"](*pair) is some
    assert [OPERATIONS["not"](one) for one in (True, False, None)] == [False, True, None]


def test_a_choice_that_is_not_decided_holds_both():
    undecided = OPERATIONS["where"](None, fmpq(1), fmpq(3))
    assert undecided.contains(arb(1))
    assert undecided.contains(arb(3))
    assert not undecided.contains(arb("3.5"))
    assert [OPERATIONS["where"](one, fmpq(1), fmpq(3)) for one in (True, False)] == [1, 3]
    assert OPERATIONS["where"](UNDEFINED, fmpq(1), fmpq(3)) is UNDEFINED


@pytest.mark.parametrize("name, best", [("max", max), ("min", min)])
def test_the_largest_of_several_is_one_of_them_or_holds_it(name, best):
    for values in product((fmpq(-1), fmpq(0), arb("0.5"), fmpq(2)), repeat=3):
        assert OPERATIONS[name](*values) == best(values, key=float)
    blurred = OPERATIONS[name](arb(1, "0.5"), fmpq(1))
    assert blurred.contains(arb(1))
    assert blurred.contains(arb("1.5" if name == "max" else "0.5"))
    assert not blurred.contains(arb("0.9" if name == "max" else "1.1"))


def test_powers_of_rationals_stay_rational_and_those_of_zero_have_values():
    power = OPERATIONS["power"]
    assert power(fmpq(2, 3), fmpq(-3)) == fmpq(27, 8)
    assert power(fmpq(9, 4), fmpq(3, 2)) == fmpq(27, 8)
    assert power(fmpq(0), fmpq(1, 3)) == 0
    assert not power(fmpq(0), fmpq(-1)).is_finite()
    assert power(arb(0, 1), fmpq(2)).contains(arb("0.5"))
    assert OPERATIONS["cbrt"](fmpq(-8)).contains(arb(-2))
    assert not OPERATIONS["divide"](fmpq(1), fmpq(0)).is_finite()
    assert [OPERATIONS["floor"](one) for one in (fmpq(-7, 2), fmpq(7, 2), arb("2.5"))] == [-4, 3, 2]
    assert [OPERATIONS["sign"](one) for one in (fmpq(-7, 2), fmpq(0), arb("2.5"))] == [-1, 0, 1]
    assert OPERATIONS["sign"](arb(0, 1)).contains(arb(0))


def test_a_ball_without_radius_is_its_rational():
    assert exactly(arb("0.375")) == fmpq(3, 8)
    assert isinstance(exactly(arb("0.375")), fmpq)
    assert exactly(arb(3) * arb(2) ** 100) == 3 << 100
    assert isinstance(exactly(arb(2) ** 30000), arb)
    assert isinstance(exactly(arb(THIRD)), arb)


def test_two_numerals_are_the_same_apart_or_not_to_be_told():
    with precision(200):
        third = arb(THIRD)
        near = third + arb(SAME) / 4
        assert compared(THIRD, fmpq(2, 6)) == "same"
        assert compared(THIRD, fmpq(1, 4)) == "apart"
        assert compared(THIRD, third) == compared(third, THIRD) == "same"
        assert compared(third, near) == "apart"
        assert compared(third, third + arb(0, arb(SAME) / 2)) == "same"
        assert compared(third, third + arb(0, arb(SAME) * 2)) == "unknown"
        assert compared(NAN, THIRD) == compared(THIRD, NAN) == "unknown"
        assert compared(INF, INF) == "same"
        assert compared(INF, -INF) == compared(INF, THIRD) == compared(THIRD, INF) == "apart"


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "cot", "sec", "csc"])
@pytest.mark.parametrize("written", ["pi*x", "x*pi", "-pi*x", "pi*x/1", "2*(pi*x)/2", "pi/(1/x)"])
def test_functions_of_parts_of_a_turn_are_what_sympy_says_exactly_where_they_are_rational(name, written):
    for numerator, denominator in product(range(-13, 14), (1, 2, 3, 4, 6, 5)):
        turns = sympy.Rational(numerator, denominator)
        if not numerator and "1/x" in written:
            continue
        right = getattr(sympy, name)(sympy.pi * (-turns if written.startswith("-") else turns))
        with precision(128):
            (found,) = Evaluation([parse(f"{name}({written})")]).at({"x": fmpq(numerator, denominator)})
        if right.is_rational:
            assert found == fmpq(int(right.p), int(right.q))
        elif right.is_finite is False or right is sympy.zoo:
            assert is_nowhere(found)
        else:
            assert isinstance(found, arb)
            assert found.overlaps(arb(str(sympy.N(right, 30)), 1e-28))


def test_angles_that_are_no_known_part_of_a_turn_are_left_to_balls():
    with precision(128):
        for text in ("sin(pi*x*y)", "sin(pi*pi*x)", "sin(pi + x)", "cos(x/pi)", "sin(pi^2)"):
            (found,) = Evaluation([parse(text)]).at({"x": fmpq(1, 3), "y": arb(2).sqrt()})
            assert isinstance(found, arb)
            assert not found.is_exact()
