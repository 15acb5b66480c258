"""What decides a verdict on whole tensors, number by number: equality in float64 and in balls, and numbers as people write them."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from flint import arb, fmpq

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.program import derivative, pointwise
from netcalc.checking.answers.handwritten import read_number
from netcalc.checking.backward import agreement
from netcalc.checking.backward.agreement import CLOSE, same, same_in_balls
from netcalc.errors import ExpressionError, ShapeError
from netcalc.expression import parse
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64

INFINITE = arb("inf")


def array(*entries):
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


@pytest.mark.parametrize("off, is_same", [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)])
def test_float64_may_lose_a_share_of_the_largest_entry(off, is_same):
    true = np.array([[2.0, -50.0, 0.0]])
    for entry in range(3):
        moved = true.copy()
        moved[0, entry] += off * 50 * 1e-9
        assert same(moved, true, 0.0) is is_same
        assert same(moved, true / 1e6, 0.0) is False
    assert same(true + off * 1e-3, true, 1e9, relative=0.0) is is_same


def test_shapes_differ_by_axes_of_one_entry_alone():
    true = np.arange(6.0).reshape(2, 3)
    assert same(true[:, None], true, 0.0)
    assert not same(true.T, true, 0.0)
    assert not same(true[:1], true, 0.0)
    assert same(np.zeros((0, 3)), np.zeros((0, 3)), 0.0)
    assert not same_in_balls(array(fmpq(1)), array(fmpq(1), fmpq(1)), 0.0)


@precision(192)
def test_balls_are_the_same_where_they_are_small_and_overlap():
    true = array(fmpq(1, 3), arb(8))
    assert same_in_balls(array(fmpq(1, 3), arb(8)), true, 0.0) is True
    assert same_in_balls(array(fmpq(1, 3), fmpq(8)), true, 0.0) is True
    assert same_in_balls(array(fmpq(1, 3) + fmpq(1, 10**30), arb(8)), true, 0.0) is False
    for radius, decided in ((0.9 * CLOSE * 8, True), (1.1 * CLOSE * 8, None)):
        assert same_in_balls(array(fmpq(1, 3), arb(8, radius)), true, 0.0) is decided
    for off, outcome in ((0.9, True), (1.1, False)):
        assert same_in_balls(array(fmpq(1, 3), arb(8 + off * 8 * 1e-6)), true, 1e-6) is outcome


def test_infinite_entries_are_the_same_on_the_same_side():
    assert same_in_balls(array(INFINITE), array(+INFINITE), 0.0) is True
    assert same_in_balls(array(INFINITE), array(-INFINITE), 0.0) is None
    assert same_in_balls(array(INFINITE), array(arb(1)), 0.0) is None
    assert same_in_balls(array(arb.nan()), array(INFINITE), 0.0) is None
    assert same_in_balls(array(INFINITE, fmpq(1)), array(+INFINITE, fmpq(2)), 0.0) is False


def test_points_are_looked_at_in_balls_as_many_as_there_is_room_for():
    """The given one, those far from it, then those near."""
    count = agreement.NEAR + 2
    order = [0, *range(agreement.NEAR, count), *range(1, agreement.NEAR)]

    def places(operations, multiplications):
        return agreement._places(SimpleNamespace(operations=operations, multiplications=multiplications), count)

    assert places(0, 0) == order
    assert places(agreement.MAX_OPERATIONS // 2, 0) == places(0, agreement.MAX_MULTIPLICATIONS // 2) == order[:2]
    assert places(agreement.MAX_OPERATIONS, 0) == [0]
    assert places(agreement.MAX_OPERATIONS + 1, 0) == places(0, agreement.MAX_MULTIPLICATIONS + 1) == []


@pytest.mark.parametrize("numbers", [Balls({}), Float64({})])
def test_an_index_is_a_whole_number(numbers):
    entries = [fmpq(6, 2), fmpq(-1)] if isinstance(numbers, Balls) else [3.0, -1.0]
    assert numbers.whole(np.array(entries)).tolist() == [3, -1]
    for entry in (1.5, arb(1.5)) if isinstance(numbers, Float64) else (fmpq(3, 2), arb(1.5), arb(1, 0.1)):
        with pytest.raises((ShapeError, TypeError)):
            numbers.whole(np.array([entry]))


# --- numbers by hand


@pytest.mark.parametrize(
    "text, value, place, digits",
    [
        ("37 %", "0.37", -2, 2),
        ("−12,50%", "-0.125", -4, 4),
        ("0.1(6)", "1/6", None, 0),
        ("-1,(27)", "-14/11", None, 0),
        (".(3)", "1/3", None, 0),
        ("0,25", "0.25", -2, 2),
        ("−,5", "-0.5", -1, 1),
        ("2,50e-3", "0.0025", -5, 3),
        ("2.5 E −1", "0.25", -2, 2),
        ("-2,5 e + 3", "-2500", 2, 2),
        ("100 000", "100000", 0, 6),
        ("1 234,5", "1234.5", -1, 5),
        ("1'234.56", "1234.56", -2, 6),
        ("-1.234.567,8", "-1234567.8", -1, 8),
        ("1,234,567", "1234567", 0, 7),
        ("12,345.6", "12345.6", -1, 6),
        ("≈ 0,37", "0.37", -2, 2),
    ],
)
def test_a_number_by_hand_is_the_number_meant(text, value, place, digits):
    found = read_number(text, ())
    assert found.value == Fraction(value)
    assert (found.place, found.digits if found.place is not None else 0) == (place, digits)


@pytest.mark.parametrize("text", ["0.25", "1/4", "w/8", "1 23", "1,23,456", "2e", "3 pi", "e", "2e-3", "x 100"])
def test_what_a_program_would_write_and_formulas_are_none(text):
    assert read_number(text, {"w", "x"}) is None


@pytest.mark.parametrize(
    "text, said, position",
    [
        ("1,234", "1,234 is 1.234 or 1234", None),
        ("-12,500", "-12,500 is -12.500 or -12500", None),
        ("3 kg", "'kg' is a unit", 2),
        ("2.5 m/s", "'m/s' is a unit", 4),
        ("9 °C", "'°C' is a unit", 2),
    ],
)
def test_two_readings_and_units_are_refused(text, said, position):
    with pytest.raises(ExpressionError) as found:
        read_number(text, {"w"})
    assert said in found.value.message
    assert found.value.position == position


def test_names_of_the_problem_are_no_units():
    assert read_number("3 w", {"w"}) is None
    assert read_number("3 wx", {"w", "x"}) is None


# --- a typed formula over float64


def test_a_formula_has_no_value_at_infinity_and_keeps_the_shape():
    q = np.array([[0.5, np.inf], [-np.inf, np.nan], [-2.0, 0.0]])
    found = pointwise(parse("q^2 + 1"), q)
    np.testing.assert_array_equal(found, [[1.25, np.nan], [np.nan, np.nan], [5.0, 1.0]])


def test_a_slope_where_a_formula_singles_out_a_point_is_that_of_the_function():
    """sin(q)/q with 1 at 0 has the slope 0 there."""
    q = np.array([[0.0, 1.0], [np.inf, 2.0]])
    slope = parse("where(q == 0, 0, cos(q)/q - sin(q)/q^2)")
    smooth = derivative((parse("where(q == 0, 1, sin(q)/q)"), slope), 1, q)
    truth = [np.cos(x) / x - np.sin(x) / x**2 for x in (1.0, 2.0)]
    np.testing.assert_allclose(smooth, [[0, truth[0]], [np.nan, truth[1]]], rtol=1e-14)
    square = derivative((parse("where(q != 1, q^2, 1)"), parse("where(q != 1, 2*q, 0)")), 1, np.array([1.0, 3.0]))
    np.testing.assert_allclose(square, [2.0, 6.0], rtol=1e-14)


def test_a_slope_that_the_formula_does_not_give_is_found_beside_the_point():
    """sqrt(q^4) has the slope 0 at 0, where 2 q^3/sqrt(q^4) is 0/0."""
    trees = (parse("sqrt(q^4)"), parse("2*q^3/sqrt(q^4)"))
    np.testing.assert_allclose(derivative(trees, 1, np.array([0.0, -1.5])), [0.0, -3.0], rtol=1e-14, atol=0)
    np.testing.assert_allclose(derivative(trees, 0, np.array([0.0, -1.5])), [0.0, 2.25], rtol=1e-14)
