"""The float64 kernels of the activations: at reference points, and at points drawn over the whole float64 range."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import mp, number, truth, ulps

import netcalc
from netcalc.arithmetic.balls import ball, precision
from netcalc.catalogue.activations import ACTIVATIONS, BoundActivation
from netcalc.catalogue.references import custom
from netcalc.graph.arithmetic.balls import Balls

ORACLE = Path(__file__).parent / "data" / "oracle"
BARS = {"value": 5.0, "slope": 8.0, "curvature": 8.0}
ORDERS = tuple(BARS)
ROOTS = {"silu": -1.2784645, "gelu": -0.7517915, "gelu_tanh": -0.7524614, "mish": -1.1924312}  # of the slope
NEAR_ROOT = 0.8  # there an absolute error of 4·2⁻⁵³ is enough
VARIANTS = ("leaky_relu(0.2)", "elu(1.5)", "elu(-2)", "celu(2)", "celu(1/3)", "celu(-2)")
OF_ORACLE = {"celu": "celu(2)"}  # where the reference points were made with another parameter than the default
BENDS = (0.0, 1.0, 3.0, 6.0)  # where a definition may have two slopes or curvatures: see the tests of kinks
EDGES = (0.0, 5e-324, 1e-323, 2.2250738585072014e-308, 1e-300, 1e-160, 1e-17, 1.0, 19.0, 20.0, 36.7, 37.5, 355.0)
EDGES += (372.5, 700.0, 708.3, 709.7, 709.8, 744.4, 745.1, 746.0, 1400.0, 1e5, 1e154, 1e160, 1.7976931348623157e308)


def named(name: str) -> BoundActivation:
    return netcalc.activation(name)


def kernel_values(activation: BoundActivation, points: np.ndarray) -> dict[str, list[float]]:
    """Value, slope and curvature at the points; a warning would fail the test."""
    return {order: getattr(activation, order)(points).tolist() for order in ORDERS}


def misses(name: str, order: str, q: float, got: float, true) -> bool:
    """Whether a kernel's result is wrong, or further from the truth than its bar."""
    off = ulps(got, true)
    if off <= BARS[order]:
        return False
    near_root = order == "slope" and name in ROOTS and abs(q - ROOTS[name]) < NEAR_ROOT
    return not (near_root and abs(number(got) - true) <= number(2) ** -51)


def points(seed: int, count: int) -> np.ndarray:
    """Where functions bend, their tails, every magnitude of float64, and the edges; both signs."""
    random = np.random.default_rng(seed)
    drawn = np.concatenate(
        [
            random.uniform(0, 12, count),
            random.uniform(0, 760, count),
            np.exp2(random.uniform(-1074, 1023, count)),
            np.array(EDGES),
        ]
    )
    return np.concatenate([drawn, -drawn])


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_reference_points(name: str) -> None:
    """Forty-digit reference values: none wrong, all within the bars; NaN and the limits as stated there."""
    stated = json.loads((ORACLE / f"{name}.json").read_text())
    q = np.array([float.fromhex(point["x"]) for point in stated["points"]])
    got = kernel_values(named(OF_ORACLE.get(name, name)), q)
    missed = [
        (order, x, got[order][place], point[key])
        for place, (x, point) in enumerate(zip(q.tolist(), stated["points"], strict=True))
        for order, key in zip(ORDERS, ("f", "df", "d2f"), strict=True)
        if point.get(key) is not None and misses(name, order, x, got[order][place], mp.mpf(point[key]))
    ]
    assert missed == []


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_limits_and_nan(name: str) -> None:
    """±∞ gives the limit, NaN gives NaN, in value, slope and curvature."""
    stated = json.loads((ORACLE / f"{name}.json").read_text())["limits_at_-inf_+inf"]
    activation = named(OF_ORACLE.get(name, name))
    ends = np.array([-math.inf, math.inf])
    for order, key in (("value", "f"), ("slope", "df")):
        np.testing.assert_allclose(getattr(activation, order)(ends), [float(x) for x in stated[key]], rtol=1e-15)
    if name not in ("exp", "sin"):
        assert np.all(activation.curvature(ends) == 0)
    assert all(math.isnan(got[0]) for got in kernel_values(activation, np.array([math.nan])).values())


@pytest.mark.parametrize("name", [*sorted(ACTIVATIONS), *VARIANTS])
def test_drawn_points_against_the_definition(name: str) -> None:
    """Definitions that share nothing with the package, at 2600 bits: none wrong, all within the bars."""
    activation = named(name)
    q = points(seed=1, count=15)
    got = kernel_values(activation, q)
    parameters = dict(activation.parameters)
    missed = [
        (order, x, got[order][place])
        for place, x in enumerate(q.tolist())
        for order, true in zip(ORDERS, truth(activation.name, x, **parameters), strict=True)
        if misses(name, order, x, got[order][place], true) and not (order != "value" and abs(x) in BENDS)
    ]
    assert missed == []


@pytest.mark.parametrize("name", [*sorted(ACTIVATIONS), *VARIANTS])
def test_drawn_points_against_the_derivation(name: str) -> None:
    """The derivation, evaluated in balls that prove their digits: none wrong, all within the bars."""
    activation = named(name)
    q = points(seed=2, count=15)
    got = kernel_values(activation, q)
    missed = []
    with precision(4200):
        z = np.array([fmpq(*x.as_integer_ratio()) for x in q.tolist()], dtype=object)
        for place, order in enumerate(ORDERS):
            for x, value, proven in zip(q.tolist(), got[order], Balls().activate(activation, place, z), strict=True):
                if misses(name, order, x, value, midpoint(proven)):
                    missed.append((order, x, value))
    assert missed == []


def midpoint(numeral):
    """The midpoint of a ball that proves at least 70 bits, or is far below the smallest float64."""
    proven = ball(numeral)
    assert proven.rel_accuracy_bits() > 70 or proven.is_exact() or abs(proven) < 1e-300 * arb(2) ** -1000
    mantissa, exponent = proven.mid().man_exp()
    return mp.ldexp(number(int(mantissa)), int(exponent))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@settings(max_examples=15, deadline=None)
@given(q=st.floats(allow_nan=False, allow_infinity=False))
def test_any_float(name: str, q: float) -> None:
    """Whatever float64 is given, value, slope and curvature keep to their bars."""
    activation = named(name)
    got = kernel_values(activation, np.array([q]))
    for order, true in zip(ORDERS, truth(name, q, **dict(activation.parameters)), strict=True):
        assert not misses(name, order, q, got[order][0], true) or (order != "value" and abs(q) in BENDS)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_shape_and_argument_are_kept(name: str) -> None:
    """Any shape in, that shape out, in float64; integers and lists are taken, and the argument is not written to."""
    activation = named(name)
    q = np.linspace(-4, 4, 24).reshape(2, 3, 4)
    before = q.copy()
    for order in ORDERS:
        kernel = getattr(activation, order)
        assert kernel(q).shape == q.shape
        assert kernel(q).dtype == np.float64
        assert kernel(np.float32(0.5)).shape == ()
        np.testing.assert_array_equal(kernel(q.ravel()).reshape(q.shape), kernel(q))
        np.testing.assert_array_equal(kernel([1, 2]), kernel(np.array([1.0, 2.0])))
        assert kernel(np.empty((0, 3))).shape == (0, 3)
    np.testing.assert_array_equal(q, before)


def test_a_large_array_is_the_same_as_its_parts() -> None:
    """Kernels work block by block; where a block ends shows nowhere."""
    q = np.linspace(-800, 800, 20_001)
    gelu = named("gelu")
    np.testing.assert_array_equal(gelu.slope(q)[8190:8195], gelu.slope(q[8190:8195]))


def test_the_tails_that_others_lose() -> None:
    """sigmoid'(40) is 4.2e-18, softplus(-40) 4.2e-18, silu'(-745) a subnormal; all of them 0 elsewhere."""
    assert named("sigmoid").slope(40.0) == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert named("softplus").value(-40.0) == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert named("silu").slope(-745.0) == pytest.approx(-3.711e-321, rel=1e-3)


def test_a_formula_without_kernels_says_so() -> None:
    """A custom activation has a formula alone."""
    with pytest.raises(TypeError, match="no float64 kernels"):
        custom("q*sin(q)").value(np.array([1.0]))


def test_parameters_are_exact() -> None:
    """leaky_relu(0.2) has the slope one fifth, as near as float64 comes."""
    assert dict(named("leaky_relu(0.2)").parameters) == {"negative_slope": Fraction(1, 5)}
    assert named("leaky_relu(0.2)").slope(-1.0) == 0.2


@pytest.mark.parametrize("order, most, mean", [("slope", 3.5, 0.9), ("curvature", 3.0, 0.8)])
def test_what_cancels_keeps_the_low_words(order: str, most: float, mean: float) -> None:
    """Of gelu's approximation below its slope's root: without one of them it is off by a fifth more and above."""
    q = np.linspace(-2.5, -1.2, 150)
    got = getattr(named("gelu_tanh"), order)(q).tolist()
    place = ORDERS.index(order)
    off = [float(ulps(value, truth("gelu_tanh", x)[place])) for x, value in zip(q.tolist(), got, strict=True)]
    assert max(off) < most
    assert sum(off) / len(off) < mean
