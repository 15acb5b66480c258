"""Bounds of float64 on its own rounding: never smaller than the error, and so close that a tenth less would be."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from reference import mp

import netcalc
from netcalc.arithmetic import watched
from netcalc.arithmetic.watched import UNIT, Watched, leaf, operation
from netcalc.cli import main
from netcalc.expression import Apply, Constant, Number, Symbol

QUARTER = Fraction(1, 4)


def given(value, error=0.0):
    return Watched(np.array([float(value)]), np.array([float(error)]))


def bound_of(name, *arguments):
    """The bound that an operation gives its answer; arguments are (value, error)."""
    with np.errstate(all="ignore"):
        found = operation(Apply(name, (Symbol("q"),)))(*(given(*one) for one in arguments))
    return float(np.broadcast_to(found.error, 1)[0])


def farthest(true, arguments):
    """How far the true function goes from its value at the middle, over the corners of where its arguments may be."""
    middle = true(*(mp.mpf(value) for value, _ in arguments))
    corners = product(*({value - error, value + error} for value, error in arguments))
    return max(abs(true(*map(mp.mpf, corner)) - middle) for corner in corners)


@pytest.mark.parametrize(
    "name, true, arguments",
    [
        ("add", lambda a, b, c: a + b + c, [(1.25, 0.25), (-3.5, 0.125), (7.0, 0.5)]),
        ("subtract", lambda a, b: a - b, [(1.25, 0.25), (3.5, 0.125)]),
        ("multiply", lambda a, b: a * b, [(1.0, 0.5), (2.0, 0.5)]),
        ("multiply", lambda a, b: a * b, [(-8.0, 0.25), (2.0, 0.0)]),
        ("multiply", lambda a, b: a * b, [(0.0, 0.25), (0.0, 0.5)]),
        ("multiply", lambda a, b, c: a * b * c, [(3.0, 0.25), (-0.5, 0.125), (2.0, 0.5)]),
        ("divide", lambda a, b: a / b, [(1.0, 0.125), (2.0, 0.5)]),
        ("divide", lambda a, b: a / b, [(3.0, 0.0), (-2.0, 0.5)]),
        ("divide", lambda a, b: a / b, [(3.0, 0.5), (-2.0, 0.0)]),
        ("power", lambda a, b: a**b, [(2.0, 0.0625), (3.0, 0.0)]),
        ("power", lambda a, b: a**b, [(2.0, 0.0), (3.0, 0.125)]),
        ("power", lambda a, b: a**b, [(4.0, 1.0), (-0.5, 0.0)]),
        ("sqrt", mp.sqrt, [(4.0, 0.25)]),
        ("sqrt", mp.sqrt, [(9.0, 0.01)]),
        ("exp", mp.exp, [(1.0, 0.125)]),
        ("log", mp.log, [(2.0, 0.5)]),
        ("log2", lambda a: mp.log(a) / mp.log(2), [(2.0, 0.5)]),
        ("log10", lambda a: mp.log(a) / mp.log(10), [(2.0, 0.5)]),
        ("negate", lambda a: -a, [(2.0, 0.5)]),
        ("abs", abs, [(-2.0, 0.5)]),
        ("max", max, [(2.0, 0.5), (1.0, 0.125)]),
        ("min", min, [(2.0, 0.5), (1.0, 0.75)]),
    ],
)
def test_a_bound_is_what_the_arguments_may_make_of_it_and_hardly_more(name, true, arguments):
    far = farthest(true, arguments)
    assert far <= bound_of(name, *arguments) * (1 + 1e-12)
    assert bound_of(name, *arguments) * 0.9 < far


SMOOTH = {
    "expm1": (mp.expm1, (0.7, -2.5)),
    "log1p": (lambda a: mp.log(1 + a), (0.7, -0.5)),
    "sin": (mp.sin, (0.3, 2.0, 400.0)),
    "cos": (mp.cos, (0.3, 2.0, 400.0)),
    "tan": (mp.tan, (0.3, 2.0)),
    "sec": (mp.sec, (0.3, 2.0)),
    "csc": (mp.csc, (0.3, 2.0)),
    "cot": (mp.cot, (0.3, 2.0)),
    "asin": (mp.asin, (0.3, -0.9)),
    "acos": (mp.acos, (0.3, -0.9)),
    "atan": (mp.atan, (0.3, -5.0)),
    "sinh": (mp.sinh, (0.3, -5.0)),
    "cosh": (mp.cosh, (0.3, -5.0)),
    "tanh": (mp.tanh, (0.3, -2.0)),
    "asinh": (mp.asinh, (0.3, -5.0)),
    "acosh": (mp.acosh, (1.25, 5.0)),
    "atanh": (mp.atanh, (0.3, -0.9)),
    "erf": (mp.erf, (0.3, -1.5)),
    "erfc": (mp.erfc, (0.3, -1.5)),
    "sigmoid": (lambda a: 1 / (1 + mp.exp(-a)), (0.3, -3.0)),
    "gelu": (lambda a: a * mp.ncdf(a), (0.3, -3.0)),
    "gaussian": (lambda a: mp.exp(-a * a), (0.3, -2.0)),
    "softsign": (lambda a: a / (1 + abs(a)), (0.3, -3.0)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_function_has_twice_its_slope_times_the_error(name):
    """No less: it bends over the error. Not much more: rows would be worked out again for nothing."""
    true, places = SMOOTH[name]
    for place in places:
        far = farthest(true, [(place, 1e-6)])
        assert 1.9 * far < bound_of(name, (place, 1e-6)) < 2.2 * far
        found = operation(Apply(name, (Symbol("q"),)))(given(place))
        assert abs(found.value[0] - true(mp.mpf(place))) <= found.error[0] < 1e-13


@pytest.mark.parametrize("name, true", [("gamma", mp.gamma), ("lgamma", mp.loggamma), ("cbrt", mp.cbrt)])
@pytest.mark.parametrize("place", [0.7, 1.5, 6.0, 20.0])
def test_where_the_slope_is_estimated_it_is_no_less(name, true, place):
    assert farthest(true, [(place, 1e-6)]) < bound_of(name, (place, 1e-6)) < math.inf


@pytest.mark.parametrize(
    "name, true",
    [
        ("cos", mp.cos),
        ("cosh", mp.cosh),
        ("sec", mp.sec),
        ("gaussian", lambda a: mp.exp(-a * a)),
        ("tanh'", lambda a: mp.sech(a) ** 2),
        ("hard_swish", lambda a: a * (a + 3) / 6),
    ],
)
def test_where_a_slope_is_0_a_function_bends(name, true):
    """cosh(0 ± 0.0001) isn't 1 to sixteen digits."""
    place = -1.5 if name == "hard_swish" else 0.0
    assert farthest(true, [(place, 1e-4)]) < bound_of(name, (place, 1e-4)) < 1e-7


def test_a_straight_piece_bends_nowhere():
    """So that 0 stays certain."""
    assert bound_of("relu", (-2.0, 1e-4)) <= watched.TINY
    assert bound_of("relu", (2.0, 1e-4)) == pytest.approx(2e-4, rel=1e-6)
    assert bound_of("relu'", (2.0, 1e-4)) <= 9 * UNIT


def test_atan2_has_both_arguments_in_its_bound():
    arguments = [(1.0, 1e-6), (2.0, 3e-6)]
    far = farthest(mp.atan2, arguments)
    assert far < bound_of("atan2", *arguments) < 2.5 * far
    assert bound_of("atan2", (0.0, 0.0), (0.0, 0.0)) == math.inf


def test_a_large_error_of_an_argument_has_no_bound():
    """Beyond a thousandth of 1, or of what is larger unless that comes round."""
    assert bound_of("asin", (0.5, 0.99e-3)) < math.inf
    assert bound_of("asin", (0.5, 1.01e-3)) == math.inf
    assert bound_of("atan", (50.0, 40e-3)) < math.inf
    for name in ("sin", "cos", "tan", "sec", "csc", "cot"):
        assert bound_of(name, (50.0, 0.9e-3)) < bound_of(name, (50.0, 40e-3)) == math.inf


@pytest.mark.parametrize("name", ["power", "divide", "log"])
def test_what_may_be_0_or_of_either_sign_has_no_bound(name):
    """As a base, below a bar, or in a logarithm."""
    for value, error in ((0.5, 0.5), (0.5, 0.75)):
        arguments = {"power": [(value, error), (1e-13, 0.0)], "divide": [(1.0, 0.0), (value, error)]}
        assert bound_of(name, *arguments.get(name, [(value, error)])) == math.inf


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "equal", "unequal"])
def test_a_comparison_is_certain_where_errors_leave_no_tie(name):
    assert bound_of(name, (1.0, 0.25), (1.5, 0.25)) == math.inf
    assert bound_of(name, (1.0, 0.25), (1.5, 0.24)) == 0
    assert bound_of(name, (1.0, 0.0), (1.0, 0.0)) == 0
    assert bound_of(name, (math.nan, 0.0), (1.0, 0.0)) == math.inf


def test_steps_are_certain_away_from_where_they_are():
    for name, place in (("sign", 0.5), ("floor", 1.5), ("relu", 0.5), ("relu", -0.5)):
        assert bound_of(name, (place, 0.5)) == math.inf
    for name, place in (("sign", 0.5), ("floor", 1.5)):
        assert bound_of(name, (place, 0.49)) == 0
    assert bound_of("relu", (0.0, 0.0)) <= watched.TINY


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_rounding_is_a_unit_and_no_tenth_less(name):
    """Of exact numbers drawn just above 1, where a unit counts most."""
    exact = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
    }[name]
    draw, nearest = random.Random(3), 0.0
    for _ in range(3000):
        small = draw.random() / 16
        a, b = 1 + draw.random() / 8, {"add": small, "subtract": -small}.get(name, 1 + small)
        a = max(a, b) if name == "divide" else a
        found = operation(Apply(name, (Symbol("q"),)))(given(a), given(b))
        off = abs(Fraction(float(found.value[0])) - exact(Fraction(a), Fraction(b)))
        assert off <= Fraction(float(found.error[0]))
        nearest = max(nearest, float(off) / float(found.error[0]))
    assert nearest > 0.9


def test_numbers_and_constants_carry_what_their_rounding_costs():
    for node, true in ((Constant("e"), mp.e), (Constant("pi"), mp.pi)):
        value, error = leaf(node, {})
        assert abs(mp.mpf(float(value)) - true) <= float(error) < 3 * UNIT * float(value)
    value, error = leaf(Number(1 + Fraction(1, 1 << 53)), {})
    assert Fraction(1, 1 << 53) <= Fraction(float(error))
    assert float(error) * 0.9 < UNIT
    assert [float(part) for part in leaf(Number(QUARTER), {})] == [0.25, 0.0]
    assert float(leaf(Number(Fraction(10**400)), {}).error) == math.inf


@pytest.mark.parametrize("name", ["cosh", "gaussian", "cos"])
def test_no_row_of_many_is_shown_with_digits_that_were_lost(tmp_path, capsys, name):
    """A sum that loses its small term by rounding comes to 0, where these have no slope."""
    path = tmp_path / "points.csv"
    path.write_text("x,y\n" + "0.00005,1000000000000\n" * 1500, encoding="utf-8")
    assert main(["grad", f"{name}((y+x)-sqrt(y^2))", "--at", str(path), "-f", "csv", "--only", "f"]) == 0
    lost = float(capsys.readouterr().out.splitlines()[-1])
    exact = netcalc.grad(f"{name}(x)", at={"x": "0.00005"})["f"].entries.item().nearest
    assert lost == pytest.approx(exact, rel=1e-12, abs=0)
    assert lost != 1.0
