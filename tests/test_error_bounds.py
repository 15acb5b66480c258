"""What is not certified says by how much it may be off: held to what float64 is off by, which is never more."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import netcalc
from netcalc.catalogue.losses import LOSSES
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.error_bounds import RULES, SLOPES, Off
from netcalc.graph.evaluate import evaluate
from netcalc.graph.functions import activation, loss, slope, vector_activation
from netcalc.graph.node import Node, make
from netcalc.models.activations import read_activation
from netcalc.result import Result

NAMES = re.compile(r"float64, not certified: no value is off by more than (\S+)")


def bound(result: Result) -> float:
    """What is said."""
    found = NAMES.fullmatch(result.certainty)
    assert found, result.certainty
    return float(found[1])


def farthest(result: Result, sure: Result) -> float:
    """How far its values are off those that are proven."""
    pairs = ((one.numbers(), sure[one.name].numbers()) for one in result.tensors)
    return float(max(np.abs(own - true).max() for own, true in pairs))


def net(activation: str, loss: str, scale: float = 1.0) -> dict[str, Any]:
    """A net of three layers on seven samples."""
    draw = np.random.default_rng(7)
    widths = [20, 30, 25, 4]
    layers = [
        {"W": draw.standard_normal((m, n)) * scale / np.sqrt(n), "b": draw.standard_normal(m), "activation": activation}
        for n, m in pairwise(widths)
    ]
    layers[-1]["activation"] = "identity"
    target = draw.integers(0, 4, 7) if loss == "cross-entropy" else draw.standard_normal((7, 4))
    return {"layers": layers, "input": draw.standard_normal((7, 20)), "target": target, "loss": loss}


@pytest.mark.parametrize("loss", ["mse", "cross-entropy"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "softplus", "silu", "gelu"])
def test_no_value_of_a_net_is_off_by_more_than_is_said(activation: str, loss: str) -> None:
    """Of every activation with a known slope; and what is said is of use."""
    stated = net(activation, loss, scale=2.0)
    layers = stated.pop("layers")
    result, sure = (netcalc.net(layers, **stated, certify=proven) for proven in (False, True))
    assert sure.certainty.startswith("certified")
    assert 0 < farthest(result, sure) <= bound(result) < 1e-6


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_no_value_of_a_layer_is_off_by_more_than_is_said(scale: float) -> None:
    """Of any size, where sums cancel too."""
    draw = np.random.default_rng(3)
    W, v, delta = draw.standard_normal((80, 90)) * scale, draw.standard_normal((5, 90)), draw.standard_normal((5, 80))
    W[:, 1] = -W[:, 0] * (1 + 1e-12)
    v[:, 1] = v[:, 0]
    result, sure = (netcalc.linear(W, v=v, bias=False, delta=delta, certify=proven) for proven in (False, True))
    assert 0 < farthest(result, sure) <= bound(result) < 1e-10 * max(1.0, scale)


def test_where_rounding_may_have_crossed_a_kink_nothing_is_said() -> None:
    """1e16 + 1 - 1e16 is 1, and 0 in float64: the slope of relu there may be either."""
    x = np.array([[1e16, 1.0, -1e16]])
    result = netcalc.neuron(x=x, w=[1.0, 1.0, 1.0], b=0.0, activation="relu", certify=False)
    assert result.certainty == "float64, not certified"


def test_an_unknown_slope_has_no_bound() -> None:
    """Of a function that was typed."""
    result = netcalc.neuron(x=np.ones((2, 3)), w=[1.0, 2.0, 3.0], b=0.0, activation="q^3", certify=False)
    assert result.certainty == "float64, not certified"


# --- each rule, by arrays that lie so that the errors add up as far as they can

ONES = np.ones
RULES_REACHED = {  # the node, its arguments, what each is off by, and how many times as much the bound may be
    "dot": (b.dot, [2 * ONES(7), ONES(7)], [1e-3 * ONES(7), 2e-3 * ONES(7)], 1.01),
    "matmul": (b.matmul, [ONES((2, 3)), 2 * ONES((3, 4))], [1e-3 * ONES((2, 3)), 2e-3 * ONES((3, 4))], 1.01),
    "matrix by vector": (b.matmul, [ONES((2, 7)), ONES(7)], [1e-3 * ONES((2, 7)), 2e-3 * ONES(7)], 1.01),
    "three by three": (
        lambda u, v, w: b.einsum("i,i,i->", u, v, w),
        [np.eye(5)[0], ONES(5), np.eye(5)[0]],
        [np.zeros(5), 1e-3 * np.eye(5)[0], np.zeros(5)],
        1.01,
    ),
    "numbers in front": (
        lambda v, w: b.multiply(b.number(-3), b.outer(v, w)),
        [ONES(2), ONES(5)],
        [1e-3 * ONES(2), 1e-3 * ONES(5)],
        1.01,
    ),
    "element by element": (b.multiply, [2 * ONES((3, 4)), ONES(4)], [1e-3 * ONES((3, 4)), 1e-3 * np.eye(4)[0]], 2.0),
    "stretched": (lambda v: b.broadcast(v, (6, 3)), [ONES(3)], [1e-3 * ONES(3)], 1.01),
    "summed alone": (lambda X: b.summed(X, 1), [ONES((2, 5))], [1e-3 * ONES((2, 5))], 1.01),
    "sum": (
        lambda v, X: b.subtract(b.multiply(b.number(2), v), b.multiply(b.number(3), X)),
        [ONES(4), -ONES((5, 4))],
        [1e-3 * ONES(4), -1e-3 * ONES((5, 4))],
        1.01,
    ),
    "sigmoid": (lambda q: _activated("sigmoid", q), [np.zeros(3)], [1e-3 * ONES(3)], 1.01),
    "sigmoid's slope": (lambda q: slope(_activated("sigmoid", q)), [np.full(3, 1.317)], [1e-4 * ONES(3)], 1.01),
    "tanh": (lambda q: _activated("tanh", q), [np.zeros(3)], [1e-3 * ONES(3)], 1.01),
    "tanh's slope": (lambda q: slope(_activated("tanh", q)), [np.full(3, 0.6585)], [1e-4 * ONES(3)], 1.01),
    "softplus": (lambda q: _activated("softplus", q), [np.full(3, 9.0)], [1e-3 * ONES(3)], 1.01),
    "softplus's slope": (lambda q: slope(_activated("softplus", q)), [np.zeros(3)], [1e-3 * ONES(3)], 1.01),
    "silu": (lambda q: _activated("silu", q), [np.full(3, 2.4)], [1e-3 * ONES(3)], 1.01),
    "silu's slope": (lambda q: slope(_activated("silu", q)), [np.zeros(3)], [1e-3 * ONES(3)], 1.01),
    "gelu": (lambda q: _activated("gelu", q), [np.full(3, 1.414)], [1e-3 * ONES(3)], 1.01),
    "gelu's slope": (lambda q: slope(_activated("gelu", q)), [np.zeros(3)], [1e-3 * ONES(3)], 1.01),
    "relu": (lambda q: _activated("relu", q), [ONES(3)], [1e-3 * ONES(3)], 1.01),
    "softmax": (
        lambda z: vector_activation("softmax", z),
        [np.zeros((2, 2))],
        [1e-3 * np.array([[1, -1], [1, -1]])],
        1.01,
    ),
    "squares": (
        lambda a, t: _lost("mse", 0, a, t),
        [3 * ONES((1, 1)), -ONES((1, 1))],
        [1e-3 * ONES((1, 1)), -1e-3 * ONES((1, 1))],
        1.01,
    ),
    "slopes of squares": (
        lambda a, t: _lost("mse", 1, a, t),
        [3 * ONES((2, 2)), -ONES((2, 2))],
        [1e-3 * ONES((2, 2)), -1e-3 * ONES((2, 2))],
        1.01,
    ),
    "cross-entropy": (
        lambda a, t: _lost("cross-entropy", 0, a, t),
        [np.zeros((1, 2)), np.eye(2)[:1]],
        [1e-3 * np.array([[-1.0, 1.0]]), np.zeros((1, 2))],
        3.1,
    ),
    "slopes of cross-entropy": (
        lambda a, t: _lost("cross-entropy", 1, a, t),
        [np.zeros((1, 2)), np.eye(2)[:1]],
        [1e-3 * np.array([[-1.0, 1.0]]), np.zeros((1, 2))],
        1.5,
    ),
}


def _activated(name: str, q: Node) -> Node:
    return activation(read_activation(name), q)


def _lost(name: str, order: int, a: Node, t: Node) -> Node:
    node = loss(LOSSES[name].bind(), a, t)
    return make(node.operation, node.args, a.shape, node.params._replace(order=1)) if order else node


def _off(node: Node, known: dict[Node, Off]) -> Off:
    """What a node of others is off by."""
    if node in known:
        return known[node]
    norm = float(np.linalg.norm(np.ones(node.shape)))
    return Off(norm, RULES[node.operation.name](node, [_off(arg, known) for arg in node.args]))


@pytest.mark.parametrize("name", RULES_REACHED)
def test_a_rule_passes_on_what_its_arguments_are_off_by_and_hardly_more(name: str) -> None:
    build, arrays, away, times = RULES_REACHED[name]
    inputs = [b.given(f"x{place}", array.shape) for place, array in enumerate(arrays)]
    node = build(*inputs)
    as_given, moved = (
        evaluate([node], Float64(), dict(zip(inputs, values, strict=True)))[0]
        for values in (arrays, [array + far for array, far in zip(arrays, away, strict=True)])
    )
    norm = np.linalg.norm
    known = {
        one: Off(float(norm(array)), float(norm(far)), float(np.abs(array).max()), float(np.abs(array).min()))
        for one, array, far in zip(inputs, arrays, away, strict=True)
    }
    far = float(norm(moved - as_given))
    assert far <= _off(node, known).error * (1 + 1e-9)
    assert _off(node, known).error * 0.99 < far * times


@pytest.mark.parametrize("name", sorted(SLOPES))
def test_the_largest_slope_of_an_activation_and_of_its_slope_are_bounded_and_hardly_more(name: str) -> None:
    """By how far the slopes of its kernel come, all over where they change."""
    q = np.linspace(-12.0, 12.0, 24_000)  # none of them at a kink
    found = netcalc.activation(name)
    for bound, kernel in zip(SLOPES[name], (found.slope, found.curvature), strict=True):
        largest = np.abs(kernel(q)).max()
        assert largest <= bound <= 1.03 * largest
