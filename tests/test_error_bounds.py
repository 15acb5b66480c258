"""What is not certified says by how much it may be off: held to what float64 is off by, which is never more."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import netcalc
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
