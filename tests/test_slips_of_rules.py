"""Slips in rules of differentiation and in operations, a number each, and what is said of them."""

from __future__ import annotations

import math

import pytest

import netcalc

X, SIGMOID = 1.3, 1 / (1 + math.exp(-0.73))
NUMBERS = [  # an expression, where, an answer, and what is said of it
    ("exp(2*x)", {"x": "0.45"}, {"dx": 0.9 * math.exp(0.9)}, "the chain rule as f′(g)·g: times the inner function"),
    ("a*x^2+b*x+c", {"a": "1.37", "b": "0.62", "c": "0.381", "x": "2.13"}, {"dx": 6.8372}, "the term c left as it is"),
    ("2*x^3+sin(x)+x", {"x": "1.3"}, {"dx": 6 * X**2 + math.cos(X) + X}, "the term x left as it is"),
    ("a*sigmoid(q)", {"a": "1.7", "q": "0.73"}, {"dq": 1.7 * SIGMOID - SIGMOID}, "brackets missing: δ·σ·1 − σ"),
    ("a*tanh(q)", {"a": "1.7", "q": "0.73"}, {"dq": 1.7 - math.tanh(0.73) ** 2}, "brackets missing: δ·1 − tanh²"),
    ("q*sigmoid(q)", {"q": "0.73"}, {"f": 0.73 + SIGMOID}, "factors of f added where they are multiplied"),
    ("a*b*c", {"a": "1.31", "b": "2.172", "c": "0.731"}, {"da": 2.903}, "factors added where they are multiplied"),
]
SECONDS = [
    ("x^2*sin(x)", "dxdx", 2 * math.sin(X) - X**2 * math.sin(X), "2u′v′ left out of (uv)″"),
    ("x^2*sin(x)", "dxdx", (2 - X**2) * math.sin(X) + 2 * X * math.cos(X), "the 2 of 2u′v′ left out"),
    ("x^3*y^2", "dxdy", 3 * X**2 * 0.7**2 + 2 * 0.7 * X**3, "the first derivatives added"),
]
TENSORS = [
    ("mean((x-y)^2)", 2.632, "the square of the mean taken for the mean of the squares"),
    ("sum((x-y)^2)", 23.6877, "the square of the sum taken for the sum of the squares"),
]


def said_of(result, answers):
    (found,) = netcalc.check(result, answers).checked
    assert found.is_wrong
    return found.diagnosis


@pytest.mark.parametrize("text, at, answer, said", NUMBERS, ids=[f"{one[0]}: {one[3]}" for one in NUMBERS])
@pytest.mark.parametrize("digits", [12, 5])
def test_a_slip_in_a_rule_is_told(text, at, answer, said, digits):
    answer = {name: f"{value:.{digits}g}" for name, value in answer.items()}
    assert said in said_of(netcalc.grad(text, at=at), answer)


@pytest.mark.parametrize("text, name, value, said", SECONDS, ids=[f"{one[0]}: {one[3]}" for one in SECONDS])
def test_a_slip_in_a_second_derivative_is_told(text, name, value, said):
    at = {"x": "1.3", "y": "0.7"} if "y" in text else {"x": "1.3"}
    assert said in said_of(netcalc.grad(text, at=at, order=2), {name: f"{value:.5f}"})


@pytest.mark.parametrize("text, value, said", TENSORS, ids=[one[0] for one in TENSORS])
def test_a_square_outside_of_a_sum_is_told(text, value, said):
    at = {"x": [1.3, 2.1, 4.4], "y": [0.3, 0.72, 1.913]}
    assert said_of(netcalc.grad(text, at=at), {"f": f"{value}"}) == said


def test_one_entry_of_a_transpose_is_told_by_itself():
    result = netcalc.linear(W=[[1, 2, 3], [4, 5, 6]], v=[0.6, -0.4, 1.5], delta=[0.9, -0.35], bias=False)
    assert said_of(result, {"dW[0,1]": "-0.2100"}) == "row and column swapped: that is dW[1,0]"
    assert said_of(result, {"dW[0,1]": "-0.2"}) == "the cause was not identified"


def test_weights_paired_crosswise_are_told():
    result = netcalc.neuron(x=[1.41, -0.62], w=[0.93, 0.57], b=0)
    assert "paired crosswise" in said_of(result, {"q": f"{1.41 * 0.57 - 0.62 * 0.93:.4f}"})


def test_the_slope_of_a_sigmoid_at_a_linear_output_is_told():
    layers = [{"W": [[0.4, 0.7]], "b": [0.1]}]
    result = netcalc.net(input=[[1, 2], [0.3, -1]], target=[[1.2], [0.1]], layers=layers, loss="half-mse")
    wrong = [[(z - t) / 2 * z * (1 - z)] for z, t in ((1.9, 1.2), (-0.48, 0.1))]
    found = netcalc.check(result, {"dz1": wrong}).checked
    assert {one.diagnosis for one in found} == {"identity′ taken as q(1 − q), σ's by its output; it is 1"}


GATED = """import torch
z = torch.sigmoid(a*x + c*h)
r = torch.sigmoid(c*x + a*h)
n = torch.tanh(e*x + r*h)
out = (1 - z)*n + h*z
"""


def test_gates_taken_as_constants_are_told():
    a, c, e, x, h = 0.5, -0.7, 0.9, 1.2, 0.7
    z, r = (1 / (1 + math.exp(-one)) for one in (a * x + c * h, c * x + a * h))
    n = math.tanh(e * x + r * h)
    result = netcalc.gradients(GATED, at={"x": x, "h": h, "a": a, "c": c, "e": e})
    said = said_of(result, {"dh": f"{(1 - z) * (1 - n**2) * r + z:.6f}"})
    assert said == "the gates taken as constants: nothing comes back through them"
