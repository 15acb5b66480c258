"""Slips in rules, each worked out by hand in Python's own arithmetic: what is said of the number names the slip."""

from __future__ import annotations

import math

import pytest

import netcalc

X, Y = 1.7, 0.6
V, DV = Y + X**2, 2 * X  # of the quotient's v = y + x²
SIGMOID = 1 / (1 + math.exp(-X))
SLIPS = [
    ("x^3*y", 3 * X**3 * Y, "the power's exponent not lowered by 1"),
    ("x^3*y", X**2 * Y, "the power's exponent not brought down as a factor"),
    ("x^4*y", 3 * X**3 * Y, "the power's exponent lowered before it was brought down"),
    ("x^3*y", X**3 * math.log(X) * Y, "a power differentiated as an exponential"),
    ("(3*x)^4*y", 3 * Y, "the power's slope left out of the chain rule"),
    ("x^-3*y", -3 * X**-2 * Y, "a negative exponent raised by 1 where it is lowered"),
    ("2^x*y", X * 2 ** (X - 1) * Y, "an exponential differentiated as a power"),
    ("2^x*y", 2**X * Y, "the logarithm of an exponential's base left out"),
    ("3^x*y", math.log(3) * Y, "the exponential itself left out"),
    ("3^x*y", 3 * math.log(3) * Y, "the exponential itself left out: its base in its place"),
    ("3^x*y", 3 * X**2 * Y, "an exponential differentiated as a power of its exponent"),
    ("3^x*y", 3**X * math.log10(3) * Y, "the logarithm of an exponential's base taken to base 10"),
    ("x/(y+x^2)", 1 / DV, "a quotient's derivative taken as the quotient of the derivatives"),
    ("x/(y+x^2)", (V + X * DV) / V**2, "the quotient rule with a plus"),
    ("x/(y+x^2)", (V - X * DV) / V, "the quotient rule's denominator not squared"),
    ("x/(y+x^2)", -(V - X * DV) / V**2, "the sign is wrong"),
    (
        "sin(x)*cos(y*x)",
        -math.cos(X) * Y * math.sin(X * Y),
        "a product's derivative taken as the product of the derivatives",
    ),
    ("sin(x)*cos(y*x)", math.cos(X) * math.cos(X * Y), "the product rule's second term left out"),
    ("sin(3*x)*y", math.cos(3 * X) * Y, "the inner derivative left out of the chain rule"),
    ("exp(2*x)*y", math.exp(2 * X) * Y, "the inner derivative left out of the chain rule"),
    ("cos(3*x)*y", 3 * math.sin(3 * X) * Y, "the sign of cos′ is wrong: it is −sin"),
    ("sqrt(x)*y", Y / math.sqrt(X), "sqrt′ taken as 1/√q: the root's ½ left out"),
    ("sqrt(x)*y", Y * math.sqrt(X) / 2, "sqrt′ taken as √q/2"),
    ("log(x)*y", Y * math.log(X), "log(q) taken for log′(q)"),
    ("log10(x)*y", Y / X, "log10′ taken as 1/q: the logarithm's base forgotten"),
    ("tanh(x)*y", Y * (1 - math.tanh(X)), "tanh′ taken as 1 − tanh; it is 1 − tanh²"),
    ("tanh(x)*y", Y * (1 + math.tanh(X) ** 2), "tanh′ taken as 1 + tanh²"),
    ("sigmoid(x)*y", Y * (1 - SIGMOID), "σ′ taken as 1 − σ"),
    ("atan(x)*y", Y / math.sqrt(1 + X**2), "atan′ taken as 1/√(1 + q²)"),
    ("exp(3*x)*y", 3 * X * math.exp(3 * X - 1) * Y, "exp(v) differentiated as a power, v·exp(v − 1)"),
    ("sin(x^2)*y", math.cos(2 * X) * Y, "the chain rule as f′(g′)"),
    ("sin(x)^2*y", math.cos(X) ** 2 * Y, "the chain rule as f(g′)"),
    ("sin(x)^3*y", 3 * math.cos(X) * Y, "the power itself left out of its derivative"),
    ("x^4*y", 4 * X * Y, "the power's exponent lowered to 1 in place of by 1"),
    ("x^3*y", X**4 / 4 * Y, "a power integrated, not differentiated"),
    ("3^x*y", 3**X / math.log(3) * Y, "divided by the logarithm of an exponential's base"),
    ("y/x", Y * math.log(X), "1/v integrated, not differentiated"),
    ("1/(x^2 + y)", math.log(X**2 + Y), "(1/v)′ taken as log v"),
    ("1/(x^2 + y)", -1 / (X**2 + Y), "(1/v)′ taken as −1/v"),
    ("1/(x^2 + y)", 1 / (X**2 + Y) ** 2, "(1/v)′ taken as 1/v²"),
    ("x^2*y^3", 2 * X * 3 * Y**2, "another variable differentiated too"),
    ("x*y + exp(y)", Y + math.exp(Y), "another variable differentiated too"),
    ("exp(x^2 + 7)*y", (2 * X + 7) * math.exp(X**2 + 7) * Y, "the derivative of a constant term isn't 0 here"),
    ("sec(x)*y", Y / math.cos(X) ** 2, "sec′ taken as sec², that of tan"),
    ("max(0, 1 - x*y)*y", -(Y**2), "max′ taken as 1 where the bound is larger too"),
    ("max(x, y)*exp(y)", 0, "max's gradient given to the other argument"),
    ("exp(-x)*y", math.exp(-X) * Y, "the sign is wrong: the minus before x left out"),
    ("x*y*sin(y)", Y + math.sin(Y), "factors added where they are multiplied"),
]
Z = (0.3, -1.1, 0.8)
EXP = [math.exp(one) for one in Z]
P = [one / sum(EXP) for one in EXP]
A, V = ((2, 1), (0.5, 3)), (1, -2)
X22, DET = ((2, 1), (3, 5)), 7
INVERSE = ((5 / 7, -1 / 7), (-3 / 7, 2 / 7))
TENSORS = [
    ("logsumexp(z)", {"z": Z}, {"z": EXP}, "exp(z) not divided by its sum"),
    ("logsumexp(z)", {"z": Z}, {"z": [1 / sum(EXP)] * 3}, "the inner derivative exp(z) left out"),
    ("norm(z)", {"z": Z}, {"z": Z}, "the norm's slope left without 1/‖x‖"),
    ("norm(z)", {"z": Z}, {"z": [2 * one for one in Z]}, "the norm's slope taken as 2x"),
    ("prod(z)", {"z": Z}, {"z": [math.prod(Z)] * 3}, "the whole product taken for that of the other entries"),
    ("max(z)", {"z": Z}, {"z": (0, 1, 0)}, "max's gradient given to the smallest entry"),
    ("softmax(z)", {"z": Z}, {"z": [[P[i] * (1 - P[i]) * (i == j) for j in range(3)] for i in range(3)]}, "diagonal"),
    ("softmax(z)", {"z": Z}, {"z": [[P[i] * (i == j) for j in range(3)] for i in range(3)]}, "without − p pᵀ"),
    (
        "-sum(t*log(softmax(z)))",
        {"z": Z, "t": (0, 0, 1)},
        {"z": [(p - t) * p * (1 - p) for p, t in zip(P, (0, 0, 1), strict=True)]},
        "softmax's slope p(1 − p) multiplied in once more",
    ),
    ("v.T@A@v", {"v": V, "A": A}, {"v": (0, -11)}, "as if A were symmetric"),
    ("v.T@A@v", {"v": V, "A": A}, {"v": (2, -10)}, "Aᵀ taken for A, as if A were symmetric"),
    ("sum(A@v)", {"v": V, "A": A}, {"v": (3, 3.5)}, "A taken for Aᵀ"),
    ("det(X)", {"X": X22}, {"X": list(zip(*INVERSE, strict=True))}, "det(X) left out of the determinant's derivative"),
    ("logdet(X)", {"X": X22}, {"X": INVERSE}, "log det's derivative as X⁻¹"),
    ("logdet(X)", {"X": X22}, {"X": [[1 / DET] * 2] * 2}, "log det's derivative as 1/det(X)"),
    ("sum(inv(X))", {"X": X22}, {"X": [[-2 / 7] * 2, [-1 / 7] * 2]}, "with X⁻ᵀ on the left only"),
    (
        "det(inv(X))",
        {"X": X22},
        {"X": ((5 / 49, -3 / 49), (-1 / 49, 2 / 49))},
        "the sign is wrong: the minus of the inv",
    ),
]
FORMULAS = [
    ("v.T@A@v", "dv=2*A@v", "as if A were symmetric"),
    ("norm(x)", "dx=1/norm(x)", "the norm's slope taken as 1/‖x‖"),
    ("sum(tanh(A@x)*y)", "dx=A.T@(1 - tanh(A@x)^2)", "left out: it is y"),
    ("mean((x - t)^2)", "dx=2*(x - t)", "the mean's 1/m left out"),
    ("det(X)", "dX=inv(X).T", "det(X) left out of the determinant's derivative"),
    ("-sum(t*log_softmax(z))", "dz=softmax(z) - t", "holds where t sums to 1 alone"),
    ("trace(A@X)", "dX=A", "rows and columns swapped: the transpose of dX is right"),
]


@pytest.mark.parametrize("text, wrong, said", SLIPS)
def test_a_slip_made_by_hand_is_named(text, wrong, said):
    result = netcalc.grad(text, at={"x": str(X), "y": str(Y)})
    (one,) = netcalc.check(result, {"dx": format(wrong, ".8g")}).checked
    assert one.verdict == "wrong"
    assert said in one.diagnosis


@pytest.mark.parametrize("text, at, wrong, said", TENSORS)
def test_a_slip_with_tensors_is_named(text, at, wrong, said):
    answers = {f"d{name}": value for name, value in wrong.items()}
    found = netcalc.check(netcalc.grad(text, at=at), answers).checked
    told = {one.diagnosis for one in found if one.verdict == "wrong"}
    assert told
    assert all(said in one for one in told), told


@pytest.mark.parametrize("text, answer, said", FORMULAS)
def test_a_slip_in_a_formula_of_tensors_is_named(text, answer, said):
    name, formula = answer.split("=", 1)
    (one,) = netcalc.check(netcalc.grad(text), {name: formula}).checked
    assert one.verdict == "wrong"
    assert said in one.diagnosis


@pytest.mark.parametrize("wrong", [{"dx": "0", "dy": "1"}, {"dx": "1", "dy": "1"}], ids=["to the other", "to both"])
def test_the_gradient_of_the_larger_of_two_goes_to_one(wrong):
    found = netcalc.check(netcalc.grad("max(x, y)", at={"x": "2", "y": "1"}), wrong).checked
    told = {one.diagnosis for one in found if one.verdict == "wrong"}
    assert all("max's gradient given to" in one for one in told), told


def test_the_same_is_not_told_twice():
    result = netcalc.neuron(x=["1.5", "-0.7"], w=["0.8", "1.1"], b="0.3", target="1", loss="bce")
    (one,) = netcalc.check(result, {"db": "0.325195"}).checked
    assert one.diagnosis.startswith("the sign is wrong: the minus before ")
    (one,) = netcalc.check(netcalc.grad("log(sum(exp(z)))", at={"z": Z}), {"dz": EXP}).checked[:1]
    assert one.diagnosis == "log′, the outer derivative, left out of the chain rule"


def test_what_came_from_above_is_missed():
    result = netcalc.neuron(
        x=["1.5", "-0.7"], w=["0.8", "1.1"], b="0.3", activation="tanh", target="1", loss="half-mse"
    )
    (one,) = netcalc.check(result, {"dw0": f"{1.5 * (1 - math.tanh(0.73) ** 2):.6g}"}).checked
    assert "what comes from above left out" in one.diagnosis


def test_an_entry_that_is_0_is_no_gradient_taken_as_0():
    found = netcalc.check(netcalc.grad("max(x)*1.7", at={"x": ["2.5", "1", "-1"]}), {"dx": ["0", "0.3", "1.1"]}).checked
    assert {one.diagnosis for one in found} == {"the cause was not identified"}


def test_a_loss_without_or_with_a_half_is_told():
    result = netcalc.neuron(x=["0.9", "-1.2"], w=["0.4", "0.8"], b="0.25", target="1", loss="mse")
    (one,) = netcalc.check(result, {"loss": "0.1721"}).checked
    assert one.diagnosis == "half of what it is"


def test_a_slope_of_1_where_q_is_negative_is_told_once():
    result = netcalc.neuron(x=["-5"], w=["1"], b="0", activation="leaky_relu(0.1)")
    (one,) = netcalc.check(result, {"dw0": "-5"}).checked
    assert one.diagnosis == "leaky_relu′ left out: 1 where q is negative too"


def test_a_slope_at_one_inputs_product_alone_is_told():
    """σ′(wᵢxᵢ)·wᵢ for σ′(q)·wᵢ."""
    result = netcalc.neuron(["0.6", "-1.4"], ["1.3", "0.5"], "0.2")
    own = [1 / (1 + math.exp(-w * x)) for w, x in ((1.3, 0.6), (0.5, -1.4))]
    answers = {f"dx{n}": f"{f * (1 - f) * w:.6f}" for n, (f, w) in enumerate(zip(own, (1.3, 0.5), strict=True))}
    told = {one.diagnosis for one in netcalc.check(result, answers).checked}
    assert told == {"σ′ taken at each input's product alone; it is that at q, their sum"}


@pytest.mark.parametrize(
    "text", ["pi*x", "e*x", "pi*sin(x)", "sum(pi*x)", "max(pi, e)*x", "x/pi", "where(x > 1, pi, e)*x"]
)
def test_a_wrong_answer_where_a_constant_is_a_factor_is_marked(text):
    """A constant is a node without an operator."""
    for at in (None, {"x": "1.5"}):
        result = netcalc.grad(text, at=at)
        assert [one.is_wrong for one in netcalc.check(result, {"dx": "2.25"}).checked] == [True]
