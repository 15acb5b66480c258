"""What an answer says by how it is written: its last digit, how many there are, and how far off it may be."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from flint import arb, fmpq

from netcalc.arithmetic.balls import precision
from netcalc.checking.answers.written import (
    NOISE_DIGITS,
    computed,
    digits_of,
    listed,
    margin,
    numeral,
    read,
    rounding_of,
)
from netcalc.errors import ExpressionError

FORMS = """\
0.250     |  1/4      | -3 | 3 |
-0.00120  | -3/2500   | -5 | 3 |
.5        |  1/2      | -1 | 1 |
5.        |  5        |  0 | 1 |
2.5e3     |  2500     |  2 | 2 |
2e3       |  2000     |  3 | 1 |
12.50E-1  |  5/4      | -3 | 4 |
25        |  25       |  0 | 2 | whole
007       |  7        |  0 | 1 | whole
0         |  0        |  0 | 0 | whole
0.0       |  0        | -1 | 0 |
-(0.5)    | -1/2      | -1 | 1 |
((0.25))  |  1/4      | -2 | 2 |
"""


@pytest.mark.parametrize("line", FORMS.splitlines())
def test_a_decimal_has_the_digits_that_are_written(line):
    text, value, place, digits, whole = map(str.strip, line.split("|"))
    written = read(text)
    assert (written.value, written.place, written.digits) == (Fraction(value), int(place), int(digits))
    assert written.whole == bool(whole)
    assert written.is_short == (int(digits) < 2 and not whole)
    assert written.bits is None
    assert written.text == text


def test_what_a_float_is_printed_as_is_known_by_its_digits():
    """Fifteen to seventeen of them, or all that it has."""
    for text in ("0.30000000000000004", "0.100000000000000", "0.1000000000000000055511151231257827"):
        assert read(text).bits == 40
    for text in ("0.10000000000000", "0.1000000000000000055511151231257828", "0.1000000000000000055"):
        assert read(text).bits is None


@pytest.mark.parametrize("text", ["", "  ", "((0.5)", "."])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ExpressionError):
        read(text)


def test_digits_are_counted_of_decimals_alone():
    counts = {
        "0.250": 3,
        "25": 0,
        "2.50": 3,
        "2.0": 0,
        "2.0e3": 2,
        "1e5": 1,
        ".75": 2,
        "0.00": 0,
        "x": 0,
        "": 0,
        "1/4": 0,
    }
    assert {text: digits_of(text) for text in counts} == counts


def test_a_number_of_a_list_may_be_off_by_half_a_unit_of_its_last_digit():
    """From ten digits on by two units, which a calculator's noise is; one that is exact by nothing."""
    draw = random.Random(4)
    for _ in range(300):
        whole, behind = (
            str(draw.randint(0, 10 ** draw.randint(1, 6))),
            draw.choice(["", ".0", ".00", ".5", ".125", ".3333333"]),
        )
        text = whole + behind + draw.choice(["", "", "", "e3", "e-7"])
        for count in (0, 2, 4):
            one = listed(read(text), count)
            off = Fraction(0) if one.exact or not one.digits else Fraction(10) ** one.place / 2
            if one.digits >= NOISE_DIGITS and off and not text.endswith(".0"):
                off *= 4
            assert margin(text, count) == pytest.approx(float(off), rel=1e-12)


def test_a_whole_number_with_a_zero_behind_it_is_as_sharp_as_those_beside_it():
    """5.0 among numbers of four digits is 5.000; of two digits it is 5.0 at least."""
    assert listed(read("5.0")).exact
    assert [listed(read("5.0"), count).place for count in (1, 2, 3, 4)] == [-1, -1, -2, -3]
    assert listed(read("0.00"), 4).exact
    assert listed(read("25"), 4).exact
    assert not listed(read("2.5"), 4).exact
    assert listed(read("2.5"), 4, bits=18).bits == 18
    assert not listed(read("1/3"), 4).exact


def test_what_a_program_computed_is_as_long_as_its_type():
    assert computed(0.1, 40).text == "0.1"
    assert computed(1 / 3, 18).text == "0.333333333"
    assert computed(0.1, 40).value == Fraction(0.1)
    assert not computed(float("inf"), 40).finite
    assert not computed(float("nan"), 18).finite


def test_a_decimal_of_three_digits_may_be_rounded():
    known = {
        "0.197": "1/2000",
        "1.97": "1/200",
        "0.19": "0",
        "0.00197": "1/200000",
        "197": "0",
        "1/3": "0",
        "0.1970": "1/2000",
    }
    for text, off in known.items():
        assert rounding_of(Fraction(text)) == Fraction(off)


def test_a_rounded_decimal_in_a_formula_is_all_that_rounds_to_it():
    """But within a condition, or where it is to be sharp; a number by itself is what it says."""
    names = {"x": fmpq(2)}
    with precision(100):
        blurred = numeral(read("x*0.197", lambda: ["x"]), names)
        assert blurred.contains(arb("0.3931"))
        assert blurred.contains(arb("0.3949"))
        assert not blurred.contains(arb("0.3929"))
        assert not blurred.contains(arb("0.3951"))
        assert numeral(read("x*0.197", lambda: ["x"]), names, sharp=True) == fmpq(394, 1000)
        assert numeral(read("0.197"), {}) == fmpq(197, 1000)
        assert numeral(read("where(x > 1.97, 3, 4)", lambda: ["x"]), {"x": fmpq(1971, 1000)}) == 3
        assert numeral(read("x^(1/3)", lambda: ["x"]), {"x": fmpq(-8)}).contains(arb(-2))
        assert numeral(read("x^(2/3)", lambda: ["x"]), {"x": fmpq(-8)}).contains(arb(4))
