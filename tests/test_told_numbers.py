"""Slips in scalars, powers and numbers of expressions, worked out by hand: what is said, and what is not."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import netcalc

S = np.array([[1.5, -0.7], [0.3, 2.2]])
x, c = np.array([0.7, 1.3, 2.1]), np.array([0.23, 0.57, -1.41])
y, t, b = np.array([1.2, -0.6]), np.array([0.9, -0.4]), np.array([0.4, -1.7])
VECTORS = {"S": S, "x": x, "c": c, "y": y, "t": t, "b": b}

OF_VECTORS = [  # an expression, a name, its partial as somebody has it, and what is said of it
    ("sum(c*sin(x)^3)", "x", 3 * c * x**2 * np.cos(x**3), "the power taken inside of sin: it is that of sin(x)"),
    ("sum(c*sin(x^3))", "x", 3 * c * np.sin(x) ** 2 * np.cos(x), "the power taken outside of sin: it is that of x"),
    ("sum(c*atan(2*x))", "x", 2 * c / (1 + 2 * x**2), "the 2 of 2·x not squared in atan′"),
    ("sum(c*atan(x))", "x", c / (1 + x), "atan′ taken as 1/(1 + q), not squared; it is 1/(1 + q²)"),
    ("sum(c*asinh(x))", "x", c / np.sqrt(1 + x), "asinh′ taken as 1/√(1 + q), not squared; it is 1/√(1 + q²)"),
    ("0.2*mean(x^2)", "x", 0.4 * x, "3 times what it is, as without a mean's 1/3"),
    ("0.2*mean(x^2)", "x", 0.2 * x / 3, "the 2 of the square's derivative left out"),
    ("mean(x^2)/2", "x", x / 2, "a mean of 3 divided by 2"),
    ("sum(t*(S@y)*b)", "y", S.T @ t, "∂f/∂S@y left out: it is b"),
    ("t@S@y", "S", np.outer(y, t), "the outer product transposed: ∂f/∂S is δ tᵀ"),
    ("t@S@y", "S", np.diag(t * y), "the outer product's diagonal alone"),
    ("dot(c,x)*sum(x)", "x", c * x.sum(), "the product rule's second term left out"),
    ("exp(dot(c,x))", "x", np.full(3, np.exp(c @ x)), "∂c.T@x/∂x left out: it is c"),
    ("-exp(dot(c,x))", "x", np.exp(c @ x) * c, "the minus before exp(c.T@x) left out"),
    ("sin(mean(x))", "x", np.full(3, np.cos(x.mean())), "the mean's 1/3 left out"),
]


def told(text, at, answers):
    checked = netcalc.check(netcalc.grad(text, at=at), answers).checked
    return {one.diagnosis for one in checked if one.is_wrong}


@pytest.mark.parametrize(
    "text, name, wrong, said", OF_VECTORS, ids=[f"{said} in {text}" for text, _, _, said in OF_VECTORS]
)
def test_a_slip_in_every_entry_is_told(text, name, wrong, said):
    at = {one: value.tolist() for one, value in VECTORS.items() if re.search(rf"\b{one}\b", text)}
    assert told(text, at, {f"d{name}": wrong.tolist()}) == {said}


E, COS = math.exp(0.35), math.cos(0.35)
CONFUSED = "either x and y confused: ∂f/∂y is x, and ∂f/∂x is y, or the derivatives by x and by y swapped"
OTHERS = "each variable's derivative has those of the others in it, which are constant"
OF_SCALARS = [  # an expression, a point, answers, and what is said of all that are wrong
    ("x*y", (3, 5), {"dx": 3, "dy": 5}, CONFUSED),
    ("exp(x*y)", (0.5, 0.7), {"dx": E, "dy": E}, "the inner derivative left out of the chain rule"),
    ("sin(x*y)+x", (0.5, 0.7), {"dx": COS + 1, "dy": COS}, "the inner derivative left out of the chain rule"),
    ("x^2/y", (3, 7), {"dx": 6 / 7, "dy": 9 / 49}, "the quotient rule with a plus: its numerator is u′v − uv′"),
    ("x^2+y^3", (3, 7), {"dx": 6 + 147, "dy": 6 + 147}, OTHERS),
    ("2*x*y", (3, 5), {"f": 15, "dx": 5, "dy": 3}, "the factor 2 left out of f"),
    ("-(x*y)+x", (3, 5), {"f": 18, "dx": 6, "dy": 3}, "the minus before x·y left out"),
    ("(x+y)^2", (3, 5), {"f": 64, "dx": 8, "dy": 8}, "the power's exponent not brought down as a factor"),
]


@pytest.mark.parametrize(
    "text, at, answers, said", OF_SCALARS, ids=[f"{said} in {text}" for text, _, _, said in OF_SCALARS]
)
def test_a_slip_in_numbers_is_told_of_every_answer_that_it_is_in(text, at, answers, said):
    assert told(text, dict(zip("xy", at, strict=True)), answers) == {said}


@pytest.mark.parametrize("text, wrong", [("0.3*sum(x^2)", 1.8 * x), ("0.7*sum(x*x)", 4.2 * x)])
def test_what_has_no_mean_is_told_of_none(text, wrong):
    """Three times what it is, where three entries are summed and 0.3 is no mean's number."""
    (said,) = told(text, {"x": x.tolist()}, {"dx": wrong.tolist()})
    assert "mean" not in said
