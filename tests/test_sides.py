"""Slopes at points where an expression is pieced together, and a formula beside them is no power series."""

from __future__ import annotations

import pytest
from flint import arb, fmpq

import netcalc
from netcalc.arithmetic import sides
from netcalc.arithmetic.balls import precision
from netcalc.expression import Symbol


@pytest.mark.parametrize(
    "text, slopes",
    [
        ("where(x != 0, x^2*log(abs(x)), 0)", [0.0]),
        ("where(x != 0, x^4*log(x^2), 0) + sin(x)", [1.0, 0.0, -1.0]),
        ("where(x > 0, x^2*log(x), 0) - x", [-1.0]),
        ("where(x > 0, exp(-1/x), 0)", [0.0, 0.0, 0.0]),
        ("where(x != 0, exp(-1/x^2), 0)*cos(x) + 3*x^2", [0.0, 6.0, 0.0]),
        ("where(x > 0, exp(-1/x)*log(x)/x^9, x^4)", [0.0, 0.0, 0.0]),
        ("where(x != 0, x^2*sin(1/x), 0)", [0.0]),
        ("where(x != 0, x^3*cos(log(abs(x))), 0) + x", [1.0, 0.0]),
        ("where(x != 0, x*abs(x)*atan(1/x^2), x) + exp(x)", [1.0]),
        ("where(x != 0, x^5*erf(1/x)*sin(1/x^2), 0) + 2*x", [2.0]),
    ],
)
def test_what_is_no_series_is_known_by_its_size(text: str, slopes: list[float]) -> None:
    """x²·log|x|, x²·sin(1/x) and exp(-1/x) come to nothing faster than x, and so does the slope."""
    result = netcalc.grad(text, at={"x": 0}, order=len(slopes))
    found = [tensor.entries.item() for tensor in result.tensors[1:]]
    assert [(one.nearest, one.certified) for one in found] == [(slope, True) for slope in slopes]


@pytest.mark.parametrize(
    "text, order",
    [
        ("where(x != 0, x^2*log(abs(x)), 0)", 2),  # which is -∞
        ("where(x > 0, x*log(x), 0)", 1),
        ("where(x != 0, x*sin(1/x), 0)", 1),
        ("where(x != 0, x^2*sin(1/x), 0)", 2),
        ("where(x != 0, x^3*sin(1/x), 0)", 2),
        ("where(x != 0, x^2*sin(1/x^3), 0)", 2),
        ("where(x != 0, exp(1/x), 0)", 1),  # 0 on the left alone
        ("where(x > 0, exp(-1/x)*exp(exp(1/x)), 0)", 1),
        ("where(x != 0, log(abs(x)), 0)", 1),
        ("where(x != 0, atan(1/x), 0)", 1),
    ],
)
def test_where_size_tells_nothing_no_slope_is_certified(text: str, order: int) -> None:
    """Oscillations and infinite slopes have none."""
    result = netcalc.grad(text, at={"x": 0}, order=order)
    last = result.tensors[-1].entries.item()
    assert not last.certified or any("jumps" in note or "is a kink" in note for note in result.notes)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    "place",
    [
        fmpq(0),
        fmpq(3),
        fmpq(-(10**90)),
        fmpq(1, 10**90),
        arb(2).sqrt(),
        arb("3 +/- 0.125"),
        arb("0 +/- 1e-9"),
        -arb.pi() * 10**200,
    ],
)
def test_the_number_beside_a_point_is_beside_all_that_the_point_may_be(place, side):
    """And as near as it can be told: far below what tells two kinks apart, far above what BITS can't tell from 0."""
    with precision(sides.BITS):
        place = place if isinstance(place, fmpq) else arb(place.mid(), place.rad())
        found = sides._evaluated(Symbol("x"), "x", {"x": place}, side)
        middle = fmpq_of(place) if isinstance(place, arb) else place
        radius = fmpq_of(place.rad()) if isinstance(place, arb) else fmpq(0)
        beside = side * (found.beside - middle)
        assert 2 * radius + sides.NEAR * max(fmpq(1), abs(middle)) <= beside
        assert beside <= 2 * radius + sides.NEAR * (1 + abs(middle))


def fmpq_of(number):
    """The middle of a ball as a fraction."""
    mantissa, exponent = number.mid().man_exp()
    return fmpq(int(mantissa)) * fmpq(2) ** int(exponent)


@pytest.mark.parametrize(
    "text, slope", [("max(pi, pi)*x", "3.14159"), ("where(pi == pi, x, 2*x)", "1"), ("max(e, e) + x", "1")]
)
def test_constants_that_are_equal_are_no_tie(text, slope):
    result = netcalc.grad(text, at={"x": 2})
    assert [one.shown for one in result["dx"].values] == [slope]
    assert not result.notes
