"""Power series beside a point: held to mpmath a little to its left and right, and their limits to known ones."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb, fmpq

from netcalc.arithmetic import puiseux
from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.puiseux import OPERATIONS, ROOT, TERMS, UNKNOWN, Series, beside, constant, of_size, series

mp = mpmath.mp.clone()
mp.dps = 80
T = fmpq(1, 16)
PLACES = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10", "cbrt", "gamma", "lgamma"), (fmpq(5, 2),)),
    **dict.fromkeys(("asin", "acos", "atanh", "log1p"), (fmpq(1, 3), fmpq(-1, 5))),
    **dict.fromkeys(("cot", "csc"), (fmpq(2, 3), fmpq(-5, 4))),
    "acosh": (fmpq(9, 4),),
    "cbrt": (fmpq(5, 2), fmpq(-5, 2)),
    "asinh": (fmpq(1, 3), fmpq(0)),  # log(x + sqrt(1 + x^2))
}
ANYWHERE = (fmpq(0), fmpq(1, 3), fmpq(-7, 5))
TRUTH = {
    **{name: getattr(mp, name) for name in "exp expm1 log1p log10 sin cos tan cot sec csc sinh cosh tanh".split()},
    **{name: getattr(mp, name) for name in "sech asin acos atan asinh acosh atanh erf erfc gamma sqrt log".split()},
    "lgamma": mp.loggamma,
    "log2": lambda x: mp.log(x, 2),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "negate": lambda x: -x,
}
UNARY = [name for name in OPERATIONS if name in TRUTH]


@pytest.fixture(autouse=True)
def with_all_terms():
    with puiseux.all_terms(), precision(300):
        yield


def at(found: Series, t: fmpq = T) -> mpmath.mpf:
    """The sum of the series' terms."""
    total = sum((ball(c) * arb(t) ** (found.shift + k) for k, c in enumerate(found.coefficients)), arb(0))
    return mp.mpf(total.mid().str(70, radius=False)) if total != 0 else mp.zero


def near(found: Series, true: mpmath.mpf, slack: float = 1e12) -> bool:
    """Whether the sum is the truth, but for terms beyond those that are known."""
    unknown = mp.mpf(int(T.p)) / int(T.q)
    return abs(at(found) - true) <= slack * unknown ** (found.shift + len(found.coefficients))


def real(place: fmpq, side: int) -> mpmath.mpf:
    return mp.mpf(int(place.p)) / int(place.q) + side * (mp.mpf(int(T.p)) / int(T.q)) ** ROOT


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("name", UNARY)
def test_every_function_is_its_series_beside_a_point(name, side):
    for place in PLACES.get(name, ANYWHERE):
        found = OPERATIONS[name](beside(place, side))
        assert len(found.coefficients) >= TERMS - 2 * ROOT, place
        assert near(found, TRUTH[name](real(place, side))), place


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("exponent", [fmpq(3), fmpq(-2), fmpq(1, 2), fmpq(-3, 2), fmpq(2, 3), fmpq(5, 7)])
def test_powers_are(exponent, side):
    found = OPERATIONS["power"](beside(fmpq(5, 4), side), constant(exponent))
    assert near(found, real(fmpq(5, 4), side) ** (mp.mpf(int(exponent.p)) / int(exponent.q)))
    moving = OPERATIONS["power"](beside(fmpq(5, 4), side), beside(exponent, side))
    assert near(moving, real(fmpq(5, 4), side) ** real(exponent, side))


def test_sums_products_and_quotients_are():
    x, y = beside(fmpq(2, 3), 1), OPERATIONS["sin"](beside(fmpq(0), -1))
    a, b = real(fmpq(2, 3), 1), mp.sin(real(fmpq(0), -1))
    cases = {"add": a + b + b, "subtract": a - b, "multiply": a * b * b, "divide": a / b}
    for name, true in cases.items():
        arguments = (x, y) if name in ("subtract", "divide") else (x, y, y)
        assert near(OPERATIONS[name](*arguments), true), name
    assert near(OPERATIONS["divide"](y, x), b / a)
    assert OPERATIONS["divide"](x, y).shift == -ROOT


@pytest.mark.parametrize("side", [-1, 1])
def test_roots_of_what_comes_to_nothing_are_series_in_parts_of_its_distance(side):
    x = beside(fmpq(0), side)
    squared = OPERATIONS["multiply"](x, x)
    assert near(OPERATIONS["sqrt"](squared), abs(real(fmpq(0), side)))
    assert near(OPERATIONS["cbrt"](x), side * mp.cbrt(abs(real(fmpq(0), side))))
    assert (OPERATIONS["sqrt"](x) == UNKNOWN) == (side < 0)
    assert near(OPERATIONS["sqrt"](beside(fmpq(0), 1)), mp.sqrt(real(fmpq(0), 1)))


LIMITS = {  # of x beside 0, to its right
    "sin(x)/x": (lambda o, x: o["divide"](o["sin"](x), x), 1),
    "(1 - cos(x))/x^2": (
        lambda o, x: o["divide"](o["subtract"](constant(fmpq(1)), o["cos"](x)), o["multiply"](x, x)),
        fmpq(1, 2),
    ),
    "expm1(x)/x": (lambda o, x: o["divide"](o["expm1"](x), x), 1),
    "tan(x)/x^3 - 1/x^2": (
        lambda o, x: o["subtract"](
            o["divide"](o["tan"](x), o["multiply"](x, x, x)), o["divide"](constant(fmpq(1)), o["multiply"](x, x))
        ),
        fmpq(1, 3),
    ),
    "x*log(x)": (lambda o, x: o["multiply"](x, o["log"](x)), 0),
    "x*sin(1/x)": (lambda o, x: o["multiply"](x, o["sin"](o["divide"](constant(fmpq(1)), x))), 0),
    "exp(-1/x)/x^9": (
        lambda o, x: o["divide"](o["exp"](-o["divide"](constant(fmpq(1)), x)), o["power"](x, constant(fmpq(8)))),
        0,
    ),
    "sqrt(x)": (lambda o, x: o["sqrt"](x), 0),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_the_known_ones(name):
    made, true = LIMITS[name]
    assert made(OPERATIONS, beside(fmpq(0), 1)).limit == true


def test_what_has_no_limit_or_none_that_is_known_has_none():
    x = beside(fmpq(0), 1)
    one = constant(fmpq(1))
    assert OPERATIONS["divide"](one, x).limit == arb("inf")
    assert OPERATIONS["divide"](one, -x).limit == arb("-inf")
    assert not OPERATIONS["sin"](OPERATIONS["divide"](one, x)).limit.is_finite()
    assert not OPERATIONS["multiply"](x, OPERATIONS["exp"](OPERATIONS["divide"](one, x))).limit.is_finite()
    assert not OPERATIONS["log"](x).limit.is_finite()
    assert OPERATIONS["exp"](OPERATIONS["log"](x)) == UNKNOWN
    assert OPERATIONS["add"](x, UNKNOWN) == OPERATIONS["multiply"](x, UNKNOWN) == UNKNOWN
    assert OPERATIONS["divide"](x, constant(fmpq(0))) == UNKNOWN


def test_sizes_of_what_is_no_series_add_and_multiply():
    x, wild = beside(fmpq(0), 1), of_size(0)
    assert OPERATIONS["multiply"](x, wild) == of_size(ROOT)
    assert OPERATIONS["add"](OPERATIONS["multiply"](x, wild), x).limit == 0
    assert OPERATIONS["multiply"](x, x, wild).slope(1) == of_size(ROOT)
    assert not OPERATIONS["multiply"](x, wild).slope(1).limit.is_finite()


@pytest.mark.parametrize("side", [-1, 1])
def test_a_slope_is_the_derivative_on_its_side(side):
    """sin′ = cos, and (x^(1/3))′ = x^(-2/3)/3 beyond all bounds at 0."""
    found = OPERATIONS["sin"](beside(fmpq(2, 3), side)).slope(side)
    assert near(found, mp.cos(real(fmpq(2, 3), side)))
    root = OPERATIONS["cbrt"](beside(fmpq(0), side)).slope(side)
    assert near(root, mp.cbrt(abs(real(fmpq(0), side))) ** -2 / 3)
    assert root.limit == arb("inf")


def test_a_series_begins_with_its_first_coefficient_that_is_not_0():
    zero, one = fmpq(0), fmpq(1)
    assert series(-2, (zero, one, one)) == Series(-1, (one, one))
    assert series(-2, (zero, zero, zero)) == Series(0, (zero,))
    assert series(1, (zero, zero)) == Series(1, (zero, zero))
    assert series(1, (zero, zero), rough=True) == of_size(3)
    assert series(0, (one, arb.nan())) == UNKNOWN
    assert [Series(0, (c,)).order for c in (one, -one, zero)] == [1, -1, 0]
    assert of_size(0).order is None
