"""The float64 kernels of the losses, softmax and log_softmax, against definitions at 2600 bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ZERO, Jet, exp, jet, log, mp, number, ulps

import netcalc
from netcalc.arithmetic.balls import ball, precision
from netcalc.catalogue.kernels.softmax import (
    log_softmax,
    log_softmax_product,
    softmax,
    softmax_product,
)
from netcalc.catalogue.losses import LOSSES, loss
from netcalc.errors import ShapeError, UndefinedError, UnknownNameError, ValueSyntaxError
from netcalc.graph.arithmetic.balls import Balls

VALUE_BAR, SLOPE_BAR = 5, 8
ELEMENTWISE = [name for name, row in LOSSES.items() if not row.by_sample]
EDGES = [0.0, 1.0, -1.0, 5e-324, 2.3e-308, 1e-300, 1e-17, 1 - 2**-53, 37.0, 710.0, 746.0, 1e17, 1e155, 1.7e308]
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def relu(x: Jet) -> Jet:
    return x if x.f > 0 else jet(0)


def softplus(x: Jet) -> Jet:
    return log(1 + exp(x)) if x.f < 0 else x + log(1 + exp(-x))


def absolute(x: Jet) -> Jet:
    return x if x.f > 0 else -x if x.f < 0 else jet(0)


def huber(r: Jet, delta: Fraction) -> Jet:
    return r * r / 2 if abs(r.f) < number(delta.numerator) / delta.denominator else delta * (absolute(r) - delta / 2)


def weighted_log(weight: Jet, x: Jet) -> Jet:
    """weight·log(x), 0 for no weight."""
    return weight * log(x) if weight.f != 0 else jet(0)


DEFINITIONS: dict[str, Callable[..., Jet]] = {
    "mse": lambda a, t: (a - t) * (a - t),
    "half-mse": lambda a, t: (a - t) * (a - t) / 2,
    "sse": lambda a, t: (a - t) * (a - t),
    "half-sse": lambda a, t: (a - t) * (a - t) / 2,
    "mae": lambda a, t: absolute(a - t),
    "huber": lambda a, t, delta=Fraction(1): huber(a - t, delta),
    "hinge": lambda a, t: relu(1 - a * t),
    "bce": lambda a, t: -(weighted_log(t, a) + weighted_log(1 - t, 1 - a)),
    "bce-with-logits": lambda a, t: t * softplus(-a) + (1 - t) * softplus(a),
}


def pairs(name: str) -> list[tuple[float, float]]:
    """Outputs and targets that the loss takes: of every size, equal and nearly equal, and the edges."""
    random = np.random.default_rng(3)
    target = LOSSES[name].target
    sizes = np.exp2(random.uniform(-1074, 500, 15)) * random.choice([-1, 1], 15)
    outputs = [*random.normal(0, 20, 15).tolist(), *sizes.tolist(), *EDGES, *(-edge for edge in EDGES)]
    if name == "bce":
        outputs = [abs(x) % 1 for x in outputs if 0 < abs(x) % 1 < 1]
    targets = {"probability": [0.0, 1.0, 0.25, 1 / 3, 1e-300], "sign": [-1.0, 1.0]}.get(
        target, [0.0, 1 / 3, -7.5, 1e300]
    )
    near = [(math.nextafter(t, 9), t) for t in targets if name != "bce" or 0 < t < 1]
    return [
        *((a, t) for a in outputs for t in targets),
        *near,
        *((t, t) for t in targets if name != "bce" or 0 < t < 1),
    ]


def judge(name: str, parameters: dict[str, Fraction], a: float, t: float, got: tuple[float, float]) -> list:
    """What is wrong about a value and slope of a loss."""
    truth = DEFINITIONS[name](Jet(number(a), number(1)), jet(t), **parameters)
    # Where terms of opposite sign meet, the bar is in units of the larger one.
    scale = max(abs(truth.d), abs(number(t)) / 2) if name == "bce-with-logits" else None
    return [
        (order, a, t, value, true)
        for order, value, true, bar, size in (
            ("value", got[0], truth.f, VALUE_BAR, None),
            ("slope", got[1], truth.d, SLOPE_BAR, scale),
        )
        if ulps(value, true, size) > bar
    ]


@pytest.mark.parametrize("text", [*ELEMENTWISE, "huber(1/3)", "huber(100)"])
def test_drawn_points_against_the_definition(text: str) -> None:
    """Value within 5 ulp, slope within 8, none wrong, no warning."""
    bound = loss(text)
    given_pairs = pairs(bound.name)
    a, t = (np.array(part) for part in zip(*given_pairs, strict=True))
    got = zip(bound.value(a, t).tolist(), bound.slope(a, t).tolist(), strict=True)
    parameters = dict(bound.parameters)
    missed = [
        miss for pair, both in zip(given_pairs, got, strict=True) for miss in judge(bound.name, parameters, *pair, both)
    ]
    assert missed == []


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_drawn_points_against_the_derivation(name: str) -> None:
    """The formula and its derivative by SymPy, in balls that prove their digits."""
    bound = loss(name)
    given_pairs = pairs(name)[::3]
    a, t = (np.array(part) for part in zip(*given_pairs, strict=True))
    exact = [np.array([fmpq(*x.as_integer_ratio()) for x in part.tolist()], dtype=object) for part in (a, t)]
    with precision(4200):
        for order, bar in enumerate((VALUE_BAR, SLOPE_BAR)):
            proven = Balls().loss(bound, order, *exact)
            for x, aim, value, one in zip(a, t, (bound.value, bound.slope)[order](a, t).tolist(), proven, strict=True):
                scale = max(abs(midpoint(one)), abs(number(aim)) / 2) if order and name == "bce-with-logits" else None
                assert ulps(value, midpoint(one), scale) <= bar, (x, aim, value)


def midpoint(numeral):
    """The midpoint of a ball that proves at least 70 bits."""
    proven = ball(numeral)
    assert proven.rel_accuracy_bits() > 70 or proven.is_exact() or abs(proven) < arb(2) ** -1200
    mantissa, exponent = proven.mid().man_exp()
    return mp.ldexp(number(int(mantissa)), int(exponent))


@pytest.mark.parametrize("name", ELEMENTWISE)
@settings(max_examples=12, deadline=None)
@given(a=FINITE, t=FINITE)
def test_any_floats(name: str, a: float, t: float) -> None:
    """Whatever output and target: value and slope keep to their bars."""
    row = LOSSES[name]
    if name == "bce":
        a = abs(a) % 1 or 0.5
    if row.target == "probability":
        t = abs(t) % 1
    if row.target == "sign":
        t = math.copysign(1.0, t)
    bound = loss(name)
    got = float(bound.value(a, t)), float(bound.slope(a, t))
    assert judge(name, dict(bound.parameters), a, t, got) == []


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_in_nan_out(name: str) -> None:
    """NaN as output or target gives NaN."""
    bound = loss(name)
    for pair in ((math.nan, 0.5), (0.5, math.nan)):
        assert math.isnan(bound.value(*pair))
        if not (name == "hinge" or math.isnan(bound.slope(*pair))):
            pytest.fail(f"{name}{pair} has the slope {bound.slope(*pair)}")


@pytest.mark.parametrize(
    "name, a, t, value, slope",
    [
        ("mse", math.inf, 0, math.inf, math.inf),
        ("half-mse", -math.inf, 0, math.inf, -math.inf),
        ("mae", -math.inf, 0, math.inf, -1),
        ("huber", math.inf, 0, math.inf, 1),
        ("hinge", math.inf, 1, 0, 0),
        ("hinge", -math.inf, 1, math.inf, -1),
        ("bce", 1, 1, 0, -1),
        ("bce", 0, 0, 0, 1),
        ("bce", 0, 1, math.inf, -math.inf),
        ("bce-with-logits", math.inf, 1, 0, 0),
        ("bce-with-logits", -math.inf, 1, math.inf, -1),
        ("bce-with-logits", -math.inf, 0, 0, 0),
        ("bce-with-logits", math.inf, 0, math.inf, 1),
    ],
)
def test_limits(name: str, a: float, t: float, value: float, slope: float) -> None:
    """±∞ and the ends of a range give the limit."""
    assert loss(name).value(a, t) == value
    assert loss(name).slope(a, t) == slope


@pytest.mark.parametrize(
    "name, a, t, slope", [("mae", 2.5, 2.5, 0), ("hinge", 1, 1, 0), ("hinge", -1, -1, 0), ("huber", 1, 0, 1)]
)
def test_kinks(name: str, a: float, t: float, slope: float) -> None:
    """At a kink the slope is the one that the catalogue states."""
    assert loss(name).slope(a, t) == slope


# --- by sample --------------------------------------------------------------------------------------------------------


def true_softmax(a: list[float]) -> tuple[list, list]:
    """softmax and log_softmax at 2600 bits, the latter as -log(1 + Σ exp(aⱼ - aᵢ)) over j ≠ i."""
    shares = []
    for i, own in enumerate(a):
        others = sum((mp.exp(max(number(x) - number(own), -5000)) for j, x in enumerate(a) if j != i), ZERO)
        shares.append((1 / (1 + others), -mp.log1p(others)))
    return [s for s, _ in shares], [log_s for _, log_s in shares]


def samples(seed: int) -> list[list[float]]:
    """Close together, far apart, tied, huge, tiny, dominated by one, and long."""
    random = np.random.default_rng(seed)
    near = 1 + np.array([0.0, 1e-15, -1e-15])
    return [
        *(random.normal(0, scale, size).tolist() for scale in (1e-8, 1, 30, 300) for size in (2, 3, 10)),
        near.tolist(),
        [0.0, 0.0],
        [5.0],
        [1e308, 1e308, 1e308],
        [0.0, -745.0, -746.0],
        [40.0, 0.0, -40.0],
        [1e16, 1.0, -1e16],
        [700.0, -700.0, 0.0],
        [1e6 + 0.1, 1e6, 1e6 - 0.3],
        random.normal(0, 5, 30).tolist(),
        [0.1, 0.2, 0.3, 1e-300, -5e-324],
    ]


@pytest.mark.parametrize("a", samples(4), ids=lambda a: f"{len(a)}-from-{a[0]:.3g}")
def test_softmax_against_the_definition(a: list[float]) -> None:
    """Shares and log-shares within 5 ulp, none wrong."""
    shares, logs = true_softmax(a)
    for got, true in ((softmax(a), shares), (log_softmax(a), logs)):
        assert max(ulps(float(x), y) for x, y in zip(got, true, strict=True)) <= VALUE_BAR


@pytest.mark.parametrize("a", samples(5), ids=lambda a: f"{len(a)}-from-{a[0]:.3g}")
def test_products_with_the_jacobian(a: list[float]) -> None:
    """What the backward pass needs: within 8 ulp of the largest term."""
    g = np.random.default_rng(6).normal(0, 1, len(a))
    shares, _ = true_softmax(a)
    mean = sum((s * number(x) for s, x in zip(shares, g.tolist(), strict=True)), ZERO)
    total = sum((number(x) for x in g.tolist()), ZERO)
    size = max(abs(number(x)) for x in g.tolist())
    for i, s in enumerate(shares):
        assert ulps(float(softmax_product(a, g)[i]), s * (number(g[i]) - mean), s * size) <= SLOPE_BAR
        assert (
            ulps(float(log_softmax_product(a, g)[i]), number(g[i]) - s * total, max(size, s * abs(total))) <= SLOPE_BAR
        )


@pytest.mark.parametrize("a", samples(7), ids=lambda a: f"{len(a)}-from-{a[0]:.3g}")
def test_cross_entropy_and_nll(a: list[float]) -> None:
    """Against every class and a distribution: value within 5 ulp, slope within 8 (of the larger term)."""
    shares, logs = true_softmax(a)
    entropy, nll = loss("cross-entropy"), loss("nll")
    for index in {0, len(a) - 1}:
        assert ulps(float(entropy.value([a], [index])[0]), -logs[index]) <= VALUE_BAR
        slope = entropy.slope([a], [index])[0]
        for i, s in enumerate(shares):
            others = sum((x for k, x in enumerate(shares) if k != i), ZERO)
            assert ulps(float(slope[i]), -others if i == index else s) <= SLOPE_BAR
        assert nll.value([a], [index])[0] == -a[index]
        assert nll.slope([a], [index])[0].tolist() == [-1.0 if i == index else 0.0 for i in range(len(a))]
    weights = np.random.default_rng(8).dirichlet(np.ones(len(a)))
    t = [number(x) for x in weights.tolist()]
    true = -sum((x * y for x, y in zip(t, logs, strict=True)), ZERO)
    assert ulps(float(entropy.value([a], [weights])[0]), true) <= VALUE_BAR
    for i, got in enumerate(entropy.slope([a], [weights])[0].tolist()):
        assert ulps(got, shares[i] * sum(t, ZERO) - t[i], max(shares[i], t[i])) <= SLOPE_BAR


def test_softmax_limits_and_nan() -> None:
    """One infinity takes everything, -∞ takes nothing, NaN spoils its own sample alone."""
    assert softmax([math.inf, 0.0]).tolist() == [1.0, 0.0]
    assert softmax([-math.inf, 0.0]).tolist() == [0.0, 1.0]
    assert log_softmax([-math.inf, 0.0]).tolist() == [-math.inf, 0.0]
    both = softmax([[math.nan, 0.0], [0.0, 0.0]])
    assert np.isnan(both[0]).all()
    assert both[1].tolist() == [0.5, 0.5]


def test_softmax_of_a_long_sample_sums_to_one() -> None:
    """A hundred thousand entries: each share to 5 ulp, so their exact sum is 1 to as many."""
    a = np.random.default_rng(9).normal(0, 3, 100_000)
    assert math.fsum(softmax(a).tolist()) == pytest.approx(1.0, abs=5 * 2**-52)


@pytest.mark.parametrize(
    "a, t, error",
    [
        ([[1.0, 2.0]], [2], ValueSyntaxError),
        ([[1.0, 2.0]], [0.5], ValueSyntaxError),
        ([[1.0, 2.0]], [0, 1], ShapeError),
    ],
)
def test_targets_that_are_no_classes(a: list, t: list, error: type[Exception]) -> None:
    """An index that is no class, and targets that do not fit, are refused."""
    with pytest.raises(error):
        loss("cross-entropy").value(a, t)


@pytest.mark.parametrize("exact", [False, True])
def test_bce_where_an_output_is_its_target(exact: bool) -> None:
    """0·log(0) is 0: at a = t = 1 the slope is -1/a = -1, at a = t = 0 it is 1/(1 - a) = 1."""
    layers = [{"W": [[1, 2], [3, 4]], "b": [-3, 3], "activation": "hard_sigmoid"}]
    stated = {"input": [[0, 1], [0, 0]], "target": [[1, 1], [0, 1]], "loss": "bce"}
    result = netcalc.net(layers, **stated, exact=exact, verify=True)
    assert result.forward["a1"] == [[1 / 3, 1], [0, 1]]
    assert result.forward["loss"] == math.log(3) / 4
    assert result.partials["a1"] == [[-0.75, -0.25], [0.25, -0.25]]
    assert result.verification.wrong == ()
    assert result.verification.agreed >= 6
    with pytest.raises(UndefinedError, match=r"the loss of sample 1 is \+∞: a1\[1,1\] is 1 where the target is 0.5"):
        netcalc.net(layers, **stated | {"target": [[1, 1], [0, "0.5"]]}, exact=exact)


@pytest.mark.parametrize(
    "text, name",
    [
        ("nn.MSELoss", "mse"),
        ("F.mse_loss", "mse"),
        ("mean_squared_error", "mse"),
        ("L1Loss", "mae"),
        ("torch.nn.functional.huber_loss", "huber"),
        ("BCELoss", "bce"),
        ("binary_crossentropy", "bce"),
        ("log-loss", "bce"),
        ("BCEWithLogitsLoss", "bce-with-logits"),
        ("nn.CrossEntropyLoss", "cross-entropy"),
        ("ce", "cross-entropy"),
        ("NLLLoss", "nll"),
        ("hinge_loss", "hinge"),
    ],
)
def test_a_loss_by_the_name_that_libraries_have_for_it(text, name):
    assert str(loss(text).row) == name


@pytest.mark.parametrize("text", ["l2", "smooth_l1", "loss", "quadratic"])
def test_a_loss_that_may_be_several_is_refused(text):
    with pytest.raises(UnknownNameError):
        loss(text)
