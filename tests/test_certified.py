"""Digits that are proven: correctly rounded against Fractions and mpmath, and what can't be decided says so."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from flint import arb, fmpq, fmpz
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference import definition, jet, mp, number

import netcalc
from netcalc.arithmetic.balls import OPERATIONS, precision
from netcalc.arithmetic.evaluation import numeral
from netcalc.arithmetic.rounding import digits, enclosure, nearest
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.cli import main
from netcalc.errors import UndefinedError
from netcalc.expression import parse
from netcalc.graph.arithmetic.balls import Balls
from netcalc.models.neuron import neuron
from netcalc.solving.solve import solve
from netcalc.values import read_vector

FRACTIONS = st.fractions(max_denominator=10**30) | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)


def rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def rounded(value: Fraction, count: int) -> Fraction:
    """The value to `count` significant digits, ties to even, by the decimal module."""
    with localcontext() as context:
        context.prec = count
        return Fraction(Decimal(value.numerator) / Decimal(value.denominator))


# --- digits -----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(value=FRACTIONS, count=st.integers(1, 40))
def test_digits_of_a_rational_are_correctly_rounded(value: Fraction, count: int) -> None:
    """As the decimal module rounds it; fewer digits only where fewer are exact."""
    shown = digits(rational(value), count)
    assert Fraction(shown) == rounded(value, count)
    written = shown.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    assert len(written) <= max(count, 6)
    assert Fraction(shown) == value or len(written) >= count


@settings(max_examples=60, deadline=None)
@given(value=FRACTIONS.filter(lambda value: value != 0), count=st.integers(1, 30))
@example(value=Fraction(3, 4), count=1)
def test_digits_of_a_ball_are_those_of_what_it_holds(value: Fraction, count: int) -> None:
    """Decided or not said: exp(log|x|) holds x, and digits that are given are x's."""
    with precision(256):
        ball = arb(rational(abs(value))).log().exp() * (1 if value > 0 else -1)
    shown = digits(ball, count)
    assert shown is None or Fraction(shown) == rounded(value, count)
    assert nearest(ball) in (None, float(value))


@pytest.mark.parametrize(
    "text, count, shown",
    [
        ("1/8", 6, "0.125"),
        ("1/3", 6, "0.333333"),
        ("2/3", 6, "0.666667"),
        ("999999.5", 6, "1.00000e6"),
        ("0.9999999", 6, "1.00000"),
        ("100000", 6, "100000"),
        ("123456789", 6, "1.23457e8"),
        ("0.1", 20, "0.1"),
        ("1/3", 1, "0.3"),
        ("-0.00001", 6, "-0.00001"),
        ("1e-7", 6, "1e-7"),
        ("1e300*1e300", 6, "1e600"),
        ("exp(-1000)", 6, "5.07596e-435"),
        ("exp(-1000000)", 6, "3.29683e-434295"),
        ("exp(1)^1000", 6, "1.97007e434"),
        ("pi", 50, "3.1415926535897932384626433832795028841971693993751"),
    ],
)
def test_written_digits(text: str, count: int, shown: str) -> None:
    """Significant digits as people write them, powers of ten where a number is long."""
    with precision(512):
        assert digits(numeral(parse(text), {}), count) == shown


@pytest.mark.parametrize(
    "ball, shown",
    [
        (arb(0, 1e-30), "0 ± 1.1e-30"),
        (arb(0.5, 0.5), "0.5 ± 0.51"),
        (arb(3, 0.001), "3 ± 0.0011"),
        (arb("inf"), None),
        (arb.nan(), None),
    ],
)
def test_an_undecided_value_is_shown_with_its_radius(ball: arb, shown: str | None) -> None:
    """A midpoint and a radius that hold it, or nothing."""
    assert digits(ball, 6) is None
    assert enclosure(ball) == shown


@settings(max_examples=60, deadline=None)
@given(middle=FRACTIONS, radius=st.floats(1e-300, 1e300))
def test_an_enclosure_encloses(middle: Fraction, radius: float) -> None:
    """What is written holds the whole ball."""
    ball = arb(rational(middle), radius)
    centre, _, error = enclosure(ball).partition(" ± ")
    with precision(2500):  # exactly the ball's own ends
        ends = [bound.mid().man_exp() for bound in (ball.lower(), ball.upper())]
    low, high = (Fraction(int(m)) * Fraction(2) ** int(e) for m, e in ends)
    assert Fraction(centre) - Fraction(error) <= low
    assert high <= Fraction(centre) + Fraction(error)


@pytest.mark.parametrize("value, expected", [("1e400", math.inf), ("-1e400", -math.inf), ("1e-400", 0.0), ("0.1", 0.1)])
def test_the_nearest_float_of_an_exact_number(value: str, expected: float) -> None:
    """Beyond float64's range it is infinite or zero."""
    assert nearest(rational(Fraction(value))) == expected


def test_a_power_of_a_ball_about_zero() -> None:
    """The square of a ball about 0 is one about 0, no NaN."""
    square = OPERATIONS["power"](arb(0, 1e-9), fmpq(2))
    assert abs(square) < 1e-17


# --- whole answers ----------------------------------------------------------------------------------------------------

INPUTS = st.decimals(-30, 30, places=3, allow_nan=False).map(str)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@settings(max_examples=8, deadline=None)
@given(x=st.lists(INPUTS, min_size=2, max_size=2), w=st.lists(INPUTS, min_size=2, max_size=2), b=INPUTS)
def test_a_neuron_is_correctly_rounded(name: str, x: list[str], w: list[str], b: str) -> None:
    """Every float is the one nearest to mpmath's value from the exact decimals, every shown digit true."""
    result = netcalc.neuron(x=x, w=w, b=b, activation=name)
    x0, x1, w0, w1, bias = (Fraction(text) for text in (*x, *w, b))
    q = w0 * x0 + w1 * x1 + bias
    parameters = dict(netcalc.activation(name).parameters)
    point = jet(q)
    found = definition(name, **parameters)(type(point)(point.f, number(1)))
    kink = q in {Fraction(place) for place in netcalc.activation(name).kinks}
    checks = [("q", (), point.f), ("f", (), found.f)]
    if not kink:
        checks += [("dx", (i,), found.d * number(f.numerator) / f.denominator) for i, f in enumerate((w0, w1))]
        checks += [("dw", (i,), found.d * number(f.numerator) / f.denominator) for i, f in enumerate((x0, x1))]
        checks += [("db", (), found.d)]
    for tensor, index, true in checks:
        value = result[tensor].entries[index]
        assert value.certified
        assert value.nearest == float(true)
        if abs(true) > mp.mpf(10) ** -350:  # the reference ends where float64 long has
            assert abs(mp.mpf(value.shown) - true) <= abs(true) * mp.mpf(10) ** -5 / 2
    assert result.certainty == "certified: 7 of 7 values"


def test_decimals_are_exact() -> None:
    """0.1 + 0.2 - 0.3 is 0, at relu's kink, though float64 says otherwise."""
    result = netcalc.neuron(x=["0.1", "0.2"], w=[1, 1], b="-0.3", activation="relu")
    assert result.forward == {"q": 0.0, "f": 0.0}
    assert any("q = 0 is a kink of relu" in note for note in result.notes)


def test_floats_are_the_binary_numbers_that_they_are() -> None:
    """In Python, 0.1 is a float: the sum is not 0, and is that of the binary numbers."""
    result = netcalc.neuron(x=[0.1, 0.2], w=[1, 1], b=-0.3, activation="relu")
    assert result.forward["q"] == float(Fraction(0.1) + Fraction(0.2) - Fraction(0.3))


def test_numbers_in_a_small_text_file_are_exact(tmp_path: Path) -> None:
    """The same from a csv file; from .npy, binary floats are taken as the exact numbers that they are."""
    (tmp_path / "x.csv").write_text("0.1,0.2\n")
    np.save(tmp_path / "x.npy", np.array([0.1, 0.2]))
    w, b = read_vector(["1", "1"], "--w"), read_vector(["-0.3"], "--b")
    sums = [
        solve(neuron(read_vector([str(tmp_path / name)], "--x"), w, b, netcalc.activation("relu"))).forward["q"]
        for name in ("x.csv", "x.npy")
    ]
    assert sums == [0.0, float(Fraction(0.1) + Fraction(0.2) - Fraction(3, 10))]


def test_a_catastrophic_cancellation_comes_out_right() -> None:
    """1e16 + 1 - 1e16 is 1."""
    result = netcalc.neuron(x=["1e16", "1", "-1e16"], w=[1, 1, 1], b=0)
    assert result.forward["q"] == 1.0
    assert result.partials["b"] == 0.19661193324148185


@pytest.mark.parametrize(
    "count, certainty", [(30_000, "certified: 60003 of 60003 values"), (300_000, "float64, not certified")]
)
def test_where_many_numbers_cancel_float64_is_not_believed(count: int, certainty: str) -> None:
    """In balls, or with a word on it where there are more numbers than are certified by default."""
    x = np.random.default_rng(0).normal(size=count)
    x[:2] = 1e16, -1e16
    result = netcalc.neuron(x=x, w=np.ones(count), b=0)
    assert result.certainty.startswith(certainty)
    if result.certainty.startswith("certified"):
        assert result.forward["q"] == float(sum(map(Fraction, x)))
    else:
        assert result.notes == ("q: sums cancel, and float64 may have lost digits of them and of what follows",)
    x[:2] = 1, -1
    assert netcalc.neuron(x=x, w=np.ones(count), b=0).notes == ()


def test_below_and_above_the_range_of_float64() -> None:
    """True digits in the table and a note; 0.0 in JSON below, the digits as text above."""
    below = netcalc.neuron(x=[1000], w=[-1], b=0)
    assert below["f"].entries[()].shown == "5.07596e-435"
    assert json.loads(below.to_json())["forward"]["f"] == 0.0
    assert "f is 5.07596e-435, below float64's range" in below.notes
    above = netcalc.neuron(x=[1000], w=[1], b=0, activation="exp")
    assert json.loads(above.to_json())["forward"]["f"] == "1.97007e434"


def test_digits_asked_for() -> None:
    """As many as asked for, each of them true."""
    shown = netcalc.neuron(x=[1], w=[1], b=0, activation="gelu", digits=1000).forward["f"]
    with mp.workdps(1020):
        true = mp.erfc(-1 / mp.sqrt(2)) / 2
        assert abs(mp.mpf(shown) - true) <= mp.mpf(10) ** -1000
    assert len(shown) == len("0.") + 1000


def test_ten_thousand_digits() -> None:
    """In a second or so."""
    shown = netcalc.neuron(x=["1/3"], w=[1], b=0, activation="sigmoid", digits=10_000).forward["f"]
    with mp.workdps(10_010):
        scaled = 10**10_000 / (1 + mp.exp(mp.mpf(-1) / 3))
        assert abs(int(fmpz(shown.removeprefix("0."))) - scaled) <= 1


def test_zeros_are_said_to_be_exact_where_digits_are_asked_for() -> None:
    """A value that is exactly zero has no digits, and a note says so."""
    result = netcalc.neuron(x=[0, 2], w=[1, 1], b=0, digits=30)
    assert "dw0 is exactly 0" in result.notes
    assert result.partials["w"][0] == "0"


# --- what balls can't decide ------------------------------------------------------------------------------------------


def test_algebra_settles_what_balls_cannot() -> None:
    """√2·√2 - 2 is 0, at the kink; the note says what is taken."""
    result = netcalc.neuron(x=["sqrt(2)"], w=["sqrt(2)"], b=-2, activation="relu")
    assert result.forward == {"q": 0.0, "f": 0.0}
    assert result.partials["b"] == 0.0
    assert result.certainty == "certified: 5 of 5 values"
    assert result.notes[0].startswith(
        "q = 0 is a kink of relu: ∂f/∂q is 0 on the left, 1 on the right; netcalc takes 0"
    )


def test_what_nothing_decides_is_said_to_be_undecided() -> None:
    """A zero that only a theorem knows: no value is made up, JSON has null, the footer counts, the notes say why."""
    result = netcalc.neuron(x=["erf(1) + erfc(1) - 1"], w=[1], b=0, activation="relu")
    assert result.partials == {"x": [None], "w": [0.0], "b": None}
    assert result.certainty == "certified: 0 of 5 values"
    assert "q can't be told from a kink of relu" in result.notes[0]
    assert any("db is not decided: it lies in 0.5 ± 0.51" in note for note in result.notes)
    assert json.loads(result.to_json())["partials"]["b"] is None


@pytest.mark.parametrize("delta", ["1e-60", "-1e-60", "1e-5000"])
def test_next_to_a_kink_is_not_at_it(delta: str) -> None:
    """However near: float64 would call them equal."""
    result = netcalc.neuron(x=[delta], w=[1], b=0, activation="relu")
    assert not any("kink" in note for note in result.notes)
    assert result.partials["b"] == (0.0 if delta.startswith("-") else 1.0)


def test_balls_agree_with_themselves_at_more_bits() -> None:
    """Softmax and log_softmax at 100 bits hold what they are at 1000."""
    z = np.array([[fmpq(1), fmpq(2), fmpq(-40)], [fmpq(0), fmpq(0), fmpq(1, 3)]], dtype=object)
    for name in ("softmax", "log_softmax"):
        with precision(1000):
            fine = getattr(Balls(), name)(z, (-1,))
        with precision(100):
            coarse = getattr(Balls(), name)(z, (-1,))
        assert all(arb(a).overlaps(arb(b)) for a, b in zip(coarse.flat, fine.flat, strict=True))


@pytest.mark.parametrize("q", ["1e5", "-1e9", "1e-6", "123.4567"])
def test_a_closed_form_of_a_high_degree_is_given_at_once(q):
    """e^100000 is a polynomial of that degree in e, which no factoring should be tried on; no time limit reaches it."""
    result = netcalc.neuron([q], [1], 0, exact=True)
    assert all(one.value.exact is not None for tensor in result.tensors for one in tensor.elements())


def test_digits_are_given_of_what_is_known_in_a_large_problem():
    """The bias is left out: u is one formula, and all the rest has its digits."""
    draw = np.random.default_rng(0)
    W, v, delta = draw.standard_normal((150, 150)), draw.standard_normal(150), draw.standard_normal(150)
    found = netcalc.linear(W, v=v, delta=delta, digits=25)
    exact = sum(Fraction(w) * Fraction(d) for w, d in zip(W[:, 7], delta, strict=True))
    shown = Fraction(found["dv"].entries[7].shown)
    assert abs(shown - exact) <= abs(exact) * Fraction(5, 10**25)
    assert found["u"].entries.item().formula is not None
    assert found.certainty.startswith("certified: 22800 of 22800 numbers; formulas in b")


def test_closed_forms_of_very_many_values_are_declined():
    x = np.random.default_rng(0).standard_normal(1_000)
    found = netcalc.neuron(x, x / 100, 0, exact=True)
    assert any(
        "closed forms are given of rational values, and of up to 2,000 others; here are 2,003" in note
        for note in found.notes
    )
    assert not any("short enough" in note for note in found.notes)


def test_digits_are_of_the_numbers_as_written_however_many(tmp_path, capsys, monkeypatch):
    """Text of more numbers than are kept exactly otherwise: rows, a table of points, a net's file."""
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("a,b\n" + "0.1,0.2\n" * 4_500)
    Path("net.toml").write_text('input = "v.csv"\ndelta = 1\n[[layers]]\nW = "w.csv"\n')
    Path("v.csv").write_text("0.1\n" * 9_000)
    Path("w.csv").write_text(",".join(["0.1"] * 9_000) + "\n")
    shown = []
    for line in (
        "neuron --x x.csv --w 1 1 --b 0 --digits 25 --only q -f csv",
        "grad a+b --at x.csv --digits 25 --only f -f csv",
        "net net.toml --digits 25 --only z1 -f csv",
    ):
        assert main(line.split()) == 0
        shown.append(capsys.readouterr().out.split())
    assert [set(one) for one in shown] == [{"q", "0.3"}, {"f", "0.3"}, {"90"}]
    assert netcalc.load("net.toml", digits=25)["z1"].entries[0].shown == "90"


@pytest.mark.parametrize(
    "layer",
    [
        {"W": [["1e20"]], "target": [1], "loss": "mse", "activation": "sigmoid"},
        {"W": [["1e12"]], "target": [1], "loss": "mse", "activation": "sigmoid"},
        {"W": [["1e20"]], "delta": [1], "activation": "log_sigmoid"},
        {"W": [["-1e20"], [1]], "delta": [1, 1], "activation": "softmax"},
        {"W": [["-857142857143"], ["-1152857142857.5"], ["428571428571"]], "target": [0, 0, 1], "loss": "mse",
         "activation": "softmax"},
        {"W": [["1e300"]], "delta": [1], "activation": "gelu", "exact": True},
        {"W": [["1e20"]], "delta": [1], "activation": "log_sigmoid", "exact": True},
    ],
    ids=str,
)  # fmt: skip
def test_no_algebra_is_tried_on_numbers_too_large_for_it(layer):
    """Powers of e that fill the memory, or end the process, when SymPy counts them out."""
    result = netcalc.linear(v=[1], bias=False, **layer)
    assert all(one.certified for one in result["u"].entries)


@pytest.mark.parametrize(
    "activation, b, said",
    [
        ("relu(sqrt(q))", -2, "f is undefined here: sqrt(q) is defined for q >= 0; here q = -1"),
        ("relu(1/q)", -1, "f is undefined here: 1/q is defined for q != 0; here q = 0"),
        ("relu6(log(q))", -3, "f is undefined here: log(q) is defined for q > 0; here q = -2"),
    ],
)
def test_what_has_no_value_within_a_comparison_is_told(activation, b, said):
    """SymPy compares no imaginary number, nor infinities of every direction."""
    with pytest.raises(UndefinedError, match=re.escape(said)):
        netcalc.neuron([1], [1], b, activation)


@pytest.mark.parametrize("command", ["neuron", "net"])
def test_an_output_that_is_1_in_float64_alone_leaves_no_loss_undefined(command):
    """1 - σ(50000) is 1e-21715, and more digits than are tried would tell; of what is 1, the loss is none or infinite."""

    def ask(weight, activation):
        if command == "neuron":
            return netcalc.neuron([1], [weight], 0, activation, target=0, loss="bce")
        layer = {"W": [[weight]], "activation": activation}
        return netcalc.net([layer], input=[1], target=[0], loss="bce")

    assert ask(20_000, "sigmoid").forward["loss"] == 20_000.0
    with pytest.raises(UndefinedError, match="loss has no digit that is decided; where a is the nearest float64, log"):
        ask(50_000, "sigmoid")
    with pytest.raises(UndefinedError, match=r"undefined here: log\(1 - a\)|the loss is \+∞: a1\[0\] is 1"):
        ask(1, "identity")
