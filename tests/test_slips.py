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
]


@pytest.mark.parametrize("text, wrong, said", SLIPS)
def test_a_slip_made_by_hand_is_named(text, wrong, said):
    result = netcalc.grad(text, at={"x": str(X), "y": str(Y)})
    (one,) = netcalc.check(result, {"dx": format(wrong, ".8g")}).checked
    assert one.verdict == "wrong"
    assert said in one.diagnosis
