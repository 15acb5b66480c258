"""Whatever a public function is given, out comes an answer, a NetcalcError, or TypeError for names that it lacks."""

from __future__ import annotations

import datetime as dt
import warnings
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc

FORWARD = "z = x @ W\nloss = (z**2).sum()"
X, W = np.ones((2, 3)), np.ones((3, 2))
NEURON = netcalc.neuron([1, 2], [3, 4], 1)
PROGRAM = netcalc.gradients(FORWARD, x=X, W=W)
LAYERS = [{"W": [[1, 2]], "b": [1], "activation": "tanh"}]

# Each function with arguments that are right, which one bad one is put among.
CALLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "activation": (netcalc.activation, {"text": "relu"}),
    "value": (netcalc.activation("gelu").value, {"q": 1.0}),
    "slope": (netcalc.activation("relu").slope, {"q": 1.0}),
    "assert_gradients": (
        netcalc.assert_gradients,
        {"expected": PROGRAM, "grads": {"W": W * 12, "x": X * 12}, "rtol": 1e-3, "names": {}, "ignore": ["x"]},
    ),
    "check": (netcalc.check, {"result": NEURON, "answers": {"dw0": 1.0}, "rtol": None, "atol": None, "sig": None}),
    "grad": (
        lambda text="", **more: netcalc.grad(text, **more),
        {"text": "x^2*y", "at": {"x": 1, "y": 2}, "wrt": ["x"], "order": 1, "index_from": 0, "exact": False},
    ),
    "grad of tensors": (
        lambda text="", **more: netcalc.grad(text, **more),
        {"text": "sum((W@x)^2)", "at": {"x": [1, 2], "W": [[1, 2]]}, "shape": {"x": "2"}, "along": {"x": [1, 0]}},
    ),
    "gradients": (
        lambda forward="", **more: netcalc.gradients(forward, **more),
        {"forward": FORWARD, "at": {"x": X, "W": W}, "of": "loss", "shape": {}, "delta": None, "lr": 0.1, "trace": None}
        | {"per_sample": False, "digits": None, "verify": False},
    ),
    "linear": (
        netcalc.linear,
        {"W": [[1, 2]], "v": [1, 2], "b": [1], "activation": "tanh", "delta": [1], "index_from": 0, "bias": True},
    ),
    "net": (
        netcalc.net,
        {"layers": LAYERS, "input": [1, 2], "target": [1], "loss": "mse", "reduction": "mean", "weight_decay": 0.1}
        | {"seed": 0, "per_sample": False, "lr": 0.1, "trace": None, "weights": None, "temperature": None},
    ),
    "neuron": (netcalc.neuron, {"x": [1, 2], "w": [3, 4], "b": 1, "activation": "tanh", "delta": 1, "loss": None}),
    "neuron_block": (netcalc.neuron_block, {"x": np.ones((3, 2)), "w": [1, 2], "b": 1, "delta": [1, 1, 1]}),
    "neuron_columns": (netcalc.neuron_columns, {"inputs": 2, "loss": False, "index_from": 0}),
    "quiz": (netcalc.quiz, {"kind": "neuron", "seed": 1, "count": 1, "level": 1}),
    "load": (netcalc.load, {"path": "nowhere.toml", "decimal": "."}),
    "grade": (netcalc.grade, {"problem": NEURON, "answers": [{"student": "a", "dw0": "1"}], "follow_through": False}),
}
ARGUMENTS = [(name, key) for name, (_, right) in CALLS.items() for key in right]
ITSELF: list[object] = []
ITSELF.append(ITSELF)
DEEP = reduce(lambda one, _: [one], range(70), 1.0)  # type: ignore[arg-type, return-value]
BAD = [
    *("", "a", "'", "1,2;3", "nan", "x.y", "\0", "é", " x ", "1e999", "1_000", b"x"),
    *(0, -1, 1.5, float("nan"), float("inf"), 10**400, True, 1j, Fraction(1, 3), Decimal("NaN")),
    *([], [1, "a"], [[1], [1, 2]], [None], (), ("a", "b"), range(3), set(), {"a"}, ["typo"]),
    *({}, {"a": 1}, {1: 2}, {"x": None}, {"x": object()}, {"W1": "W"}, OrderedDict()),
    *(
        ITSELF,
        [ITSELF, 1],
        DEEP,
        np.zeros((1,) * 30),
        np.array([]),
        np.array("a"),
        np.array([1 + 1j]),
        np.array([None]),
        np.ones((2, 2, 2)),
        np.float16(1),
    ),
    *(np.ma.array([1, 2], mask=[1, 0]), np.datetime64("2020"), dt.date(2020, 1, 1), object(), int, len),
]


def held(name: str, key: str, bad: Any) -> None:
    function, right = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            str(function(**{**right, key: bad}))
        except netcalc.NetcalcError:
            pass
        except AssertionError:
            if name != "assert_gradients":
                raise


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ARGUMENTS), st.sampled_from(range(len(BAD))))
def test_a_bad_argument_is_a_netcalc_error(argument, place):
    held(*argument, BAD[place])


@pytest.mark.nightly
@pytest.mark.parametrize("argument", ARGUMENTS, ids=" ".join)
def test_every_bad_argument_is_a_netcalc_error(argument):
    for bad in BAD:
        held(*argument, bad)


@pytest.mark.parametrize("name", CALLS)
def test_a_name_that_a_function_lacks_is_a_type_error(name):
    function, right = CALLS[name]
    if name not in ("gradients", "assert_gradients"):  # whose other names are inputs
        with pytest.raises(TypeError):
            function(**right, nonsense=1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: netcalc.gradients(FORWARD, x=X, W=W, lr="a"), "lr is a, which is no number"),
        (lambda: netcalc.activation("relu").slope("a"), "q is a real number, or an array of them, and not 'a'"),
        (lambda: netcalc.assert_gradients(PROGRAM, {}, ignore=["typo"]), "unknown name to ignore 'typo'"),
        (lambda: netcalc.quiz("neuron", count=10**9), "count is a whole number from 1 to 1000"),
        (lambda: netcalc.gradients("loss = x.sum()", X=X), "'x' has no value here; did you mean 'X'?"),
    ],
)
def test_what_would_be_right_is_said(call, message):
    with pytest.raises(netcalc.NetcalcError) as raised:
        call()
    assert message in raised.value.message


def test_a_step_of_length_0_has_a_page():
    assert "W" in str(netcalc.net(LAYERS, input=[1, 2], target=[1], loss="mse", lr=0))
