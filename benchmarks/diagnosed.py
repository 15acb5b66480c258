"""Fifty problems of all kinds in which mistakes are made: neurons, layers, nets, expressions, tensors, programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import netcalc
from netcalc.result import Result

NUMBERS = (
    *("0.6", "-1.3", "2.1", "0.45", "-0.7", "1.2", "0.35", "-1.45", "0.85", "1.7", "-0.55"),
    *("0.95", "-0.25", "1.15", "0.75", "-1.6", "0.4", "-0.9", "1.35", "0.65", "-0.15", "1.05"),
)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "silu", "gelu", "softplus", "sin", "leaky_relu", "elu", "exp")
LOSSES = ("mse", "half-mse", "bce", "mae", "huber")
EXPRESSIONS = (
    "x^2*sin(y)/(1 + x)",
    "exp(-x^2*y)",
    "sqrt(x^2 + 3*y)*tanh(x)",
    "log(1 + exp(x*y + 2))",
    "(2*x - y)^3*cos(x)",
    "x*exp(x*y) - y^2",
    "(x^2 + y)/(3*y - x)",
    "sigmoid(x*y + 1)*x",
    "atan(x/y) + x*y^2",
    "2^x*y + y^x",
    "log(x^2 + y^2)/x",
    "sin(2*x)*cos(3*y) + 4",
    "x^3*y^2 - 2*x/y",
    "1/(1 + exp(-(x*y - 1)))",
)
TENSORS = (
    "sum((tanh(X@W + b) - t)^2)/2",
    "mean((X@W + b - t)^2)",
    "sum(t*log_softmax(X@W + b))",
    "norm(X@W - t)*sum(b^2)",
    "sum(exp(-X@W)*t) + dot(b, b)",
)
PROGRAMS = (
    "h = np.tanh(X @ W + b)\nloss = ((h - t)**2).sum() / 2",
    "z = X @ W + b\np = np.exp(z) / np.exp(z).sum(1, keepdims=True)\nloss = -(t * np.log(p)).sum() / 3",
    "h = np.maximum(X @ W + b, 0)\ny = h @ W.T + X\nloss = (y * y).mean()",
    "m = X.mean(0)\nc = X - m\nv = (c**2).mean(0)\nn = c / np.sqrt(v + 0.1)\nloss = ((n @ W + b - t)**2).sum()",
    "a = 1/(1 + np.exp(-(X @ W + b)))\nb2 = a @ W\nloss = ((b2 - t)**2).sum()",
)


def problems() -> Iterator[tuple[str, Result]]:
    """The problems, each by its name."""
    for n, activation in enumerate(ACTIVATIONS):
        x, w, b = _take(n, 2), _take(n + 5, 2), _take(n + 9, 1)[0]
        against = {"target": "0.3", "loss": LOSSES[n % 2]} if n % 2 else {}
        yield f"neuron, {activation}", netcalc.neuron(x=x, w=w, b=b, activation=activation, **against)
    for n, activation in enumerate(("identity", "sigmoid", "relu", "softmax", "tanh", "identity")):
        yield f"layer, {activation}", _layer(n, activation, many=n > 3)
    for n, (first, second) in enumerate(zip(cycle(ACTIVATIONS[:4]), LOSSES * 2, strict=False)):
        yield f"net, {first}, {second}", _net(n, first, second)
    for text in EXPRESSIONS:
        yield text, netcalc.grad(text, at={"x": "1.3", "y": "2.1"})
    for text in TENSORS:
        yield text, netcalc.grad(text, at=_tensors(text))
    for text in PROGRAMS:
        yield text.replace("\n", "; "), netcalc.gradients(text, at=_tensors(text))


def _layer(n: int, activation: str, *, many: bool) -> Result:
    v: Any = [_take(n, 3), _take(n + 7, 3)] if many else _take(n, 3)
    delta: Any = [_take(n + 4, 2), _take(n + 8, 2)] if many else _take(n + 4, 2)
    return netcalc.linear(W=_rows(n + 2, 2, 3), v=v, b=_take(n + 6, 2), delta=delta, activation=activation)


def _net(n: int, first: str, loss: str) -> Result:
    layers = [
        {"W": _rows(n, 3, 2), "b": _take(n + 3, 3), "activation": first},
        {"W": _rows(n + 6, 2, 3), "b": _take(n + 9, 2), "activation": "sigmoid"},
    ]
    return netcalc.net(layers, input=_take(n + 1, 2), target=["0.2", "0.9"], loss=loss)


def _tensors(text: str) -> dict[str, Any]:
    known = {
        "X": [["0.6", "-1.3"], ["1.4", "0.3"], ["-0.7", "0.9"]],
        "W": [["0.7", "-0.4"], ["1.3", "0.9"]],
        "b": ["0.2", "-0.1"],
        "t": [["1", "0"], ["0", "1"], ["0.5", "0.2"]],
    }
    return {name: value for name, value in known.items() if re.search(rf"\b{name}\b", text)}


def _take(start: int, count: int) -> list[str]:
    return list(islice(cycle(NUMBERS), start, start + count))


def _rows(start: int, rows: int, columns: int) -> list[list[str]]:
    return [_take(start + row * columns, columns) for row in range(rows)]
