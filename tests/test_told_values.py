"""Values and losses gone wrong, slopes of relatives, numbers of a cell beside each other: what is said of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import netcalc


def said_of(result, answers):
    return {one.diagnosis for one in netcalc.check(result, answers).checked if one.is_wrong}


NEURONS = [  # an activation at q = 0.45 or below, the name of an answer, the answer, and what is said
    ("softplus", 0.45, "f", math.log10(1 + math.exp(0.45)), "the logarithm taken to base 10"),
    ("elu(1.5)", -0.8, "f", math.exp(-0.8) - 1, "elu taken as where(q > 0, q, exp(q) − 1), 3/2 left out"),
    ("softplus", 0.45, "db", (s := math.log(1 + math.exp(0.45))) * (1 - s), "as if it were σ"),
]


@pytest.mark.parametrize("activation, q, name, value, said", NEURONS, ids=[one[-1] for one in NEURONS])
def test_a_value_or_slope_with_one_slip_is_told(activation, q, name, value, said):
    (told,) = said_of(netcalc.neuron(x=[1], w=[str(q)], b=0, activation=activation), {name: f"{value:.6g}"})
    assert said in told


@pytest.mark.parametrize("name", ["gelu", "silu", "softplus"])
def test_relus_slope_taken_for_that_of_a_smooth_relative_is_told(name):
    x, c = np.array([0.7, -1.3, 2.1]), np.array([0.23, 0.57, -1.41])
    result = netcalc.grad(f"sum(c*{name}(x))", at={"x": x, "c": c})
    assert said_of(result, {"dx": [0.23, 0, -1.41]}) == {f"relu′ taken for {name}′"}


LOSSES = [  # a loss, its name, and the answers for an output of 2.7 and a target of 0.6
    ("huber", {"loss": "2.205"}, "the piece (a1 − t)^2/2 taken everywhere"),
    ("mae", {"dw0": "8.400"}, "abs′ taken as 2·q, as of a square; it is sign"),
]


@pytest.mark.parametrize("loss, answers, said", LOSSES, ids=[one[-1] for one in LOSSES])
def test_a_loss_gone_wrong_is_told(loss, answers, said):
    result = netcalc.neuron(x=[2], w=[1.25], b=0.2, activation="identity", target=0.6, loss=loss)
    assert said_of(result, answers) == {said}


def test_the_parameter_of_a_loss_left_at_1_is_told():
    weights = [[1.3, 0.2], [-0.4, 0.9]]
    result = netcalc.net([{"W": weights}], input=[2, 1], target=[0.6, -0.75], loss="huber(0.5)", reduction="sum")
    assert said_of(result, {"dz1": [1, 0.85]}) == {"huber's delta taken as 1: it is 1/2"}


def test_a_leaky_slope_for_relus_is_told():
    result = netcalc.grad("sum(c*relu(x))", at={"x": [0.7, -1.3, 2.1], "c": [0.23, 0.57, -1.41]})
    (told,) = said_of(result, {"dx": [0.23, 0.0057, -1.41]})
    assert "as leaky_relu's" in told


def test_a_loss_of_logits_without_their_softmax_and_a_penalty_left_out_are_told():
    x, layers = [0.4, -0.6], [{"W": [[0.2, 0.53], [-0.71, 0.1], [0.33, 0.4]]}]
    z, t = np.array(layers[0]["W"]) @ x, [0.5, 0.2, -0.3]
    cross_entropy = netcalc.net(layers, input=x, target=1, loss="cross-entropy")
    assert said_of(cross_entropy, {"loss": f"{-z[1]:.4g}"}) == {"log_softmax left out"}
    decayed = netcalc.net(layers, input=x, target=t, loss="mse", weight_decay=0.1)
    assert said_of(decayed, {"loss": f"{((z - t) ** 2).mean():.5g}"}) == {"penalty left out of L"}


CELL = """
c = f * c0 + i * g
h = o * np.tanh(c)
loss = h
"""
GATES = {"f": 0.43, "i": 0.6, "g": 0.72, "o": 0.69, "c0": 0.9}


@pytest.mark.parametrize("name, factor, said", [("df", "g", "g taken for c0"), ("dc0", "i", "i taken for f")])
def test_a_number_of_a_cell_taken_for_one_of_the_other_product_is_told(name, factor, said):
    above = GATES["o"] * (1 - math.tanh(GATES["f"] * GATES["c0"] + GATES["i"] * GATES["g"]) ** 2)
    result = netcalc.gradients(CELL, **GATES)
    assert said in " ".join(said_of(result, {name: f"{above * GATES[factor]:.5g}"}))


RECURRENT = "h = h0\nfor t in range(3):\n    h = np.tanh(x[t] * u + h * r)\nloss = h ** 2\n"


def test_a_slope_taken_at_the_last_step_alone_is_told():
    x, u, r, h = [0.9, -0.4, 1.3], 0.7, 0.5, 0.2
    for one in x:
        h = math.tanh(one * u + h * r)
    answer = 2 * h * (1 - h**2) * r**3
    told = said_of(netcalc.gradients(RECURRENT, x=x, u=u, r=r, h0=0.2), {"dh0": f"{answer:.5g}"})
    assert told == {"tanh′ left out of the chain rule, at every step but the last"}


def test_the_epsilon_of_a_norm_is_no_mean_that_something_is_divided_by():
    x, g = np.array([0.5, -1.2, 2.0]), np.array([1.1, 0.24, -0.63])
    result = netcalc.gradients("r = np.sqrt((x ** 2).mean() + 1e-6)\nloss = (x / r * g).sum()\n", x=x, g=g)
    answer = g / np.sqrt((x**2).mean() + 1e-6)
    (told,) = said_of(result, {"dx": [f"{one:.4g}" for one in answer]})
    assert "1/1000000" not in told


VALUES = [
    ("gelu", 0.7 / (1 + math.exp(-1.702 * 0.7)), "gelu taken as q·σ(1.702q), an approximation"),
    ("gelu", 0.35 * (1 + math.tanh((2 / math.pi) ** 0.5 * (0.7 + 0.044715 * 0.343))), "its approximation by tanh"),
    ("gelu_tanh", 0.35 * (1 + math.erf(0.7 / 2**0.5)), "taken as the exact gelu, with erf"),
    ("tanh", math.sinh(0.7), "tanh taken as sinh"),
]


@pytest.mark.parametrize("activation, value, said", VALUES, ids=[one[-1] for one in VALUES])
def test_a_relatives_value_is_told(activation, value, said):
    (told,) = said_of(netcalc.neuron(x=[1], w=["0.7"], b=0, activation=activation), {"f": f"{value:.6g}"})
    assert said in told


def test_a_square_left_out_of_a_loss_and_a_softmax_that_is_not_divided_are_told():
    squared = netcalc.neuron(x=["1.1"], w=["0.57"], b=0, activation="identity", target="0.41", loss="mse")
    assert said_of(squared, {"loss": "0.2170"}) == {"the exponent left out of L"}
    probabilities = netcalc.net([{"W": [[0.2, 0.53], [-0.71, 0.1]], "activation": "softmax"}], input=[0.4, -0.6])
    z = np.array([[0.2, 0.53], [-0.71, 0.1]]) @ [0.4, -0.6]
    told = said_of(probabilities, {"a1": [f"{one:.4g}" for one in np.exp(z)]})
    assert told == {"softmax not divided by the sum of the exponentials"}


def test_a_kernels_gradient_with_its_last_axes_exchanged_is_told():
    x, g = np.arange(9).reshape(1, 1, 3, 3) ** 2 / 7, np.array([[[[1.2, -0.4], [0.3, 0.81]]]])
    k = np.array([[[[0.5, -1.1], [0.7, 0.2]]]])
    right = np.array([[(x[0, 0, a : a + 2, b : b + 2] * g[0, 0]).sum() for b in range(2)] for a in range(2)])
    program = "import torch.nn.functional as F\nloss = (F.conv2d(x, k) * g).sum()\n"
    told = said_of(netcalc.gradients(program, x=x, k=k, g=g), {"dk": right.T[None, None].tolist()})
    assert told == {"∂loss/∂k transposed"}
