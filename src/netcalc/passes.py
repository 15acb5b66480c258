"""The forward and the backward pass of a problem, in any arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.layers import Arithmetic, Criterion, Elementwise, Layer, Linear, LogSoftmax, Softmax
from netcalc.problem import Against, Dense, Problem

Quantities = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Found:
    """What both passes produced, as values or float64; how sure it is, in a few words; and notes."""

    entries: Quantities
    certainty: str
    notes: tuple[str, ...] = ()


def run(problem: Problem, arithmetic: Arithmetic) -> Quantities:
    """Everything that both passes produce: z1, a1, …, loss; then da1, dz1, dW1, db1, …, dx; s1, … are the slopes."""
    found: Quantities = {}
    layers = [_layers(stated, arithmetic) for stated in problem.layers]
    v = arithmetic.array(problem.x)
    inputs = []
    for number, (linear, activation) in enumerate(layers, 1):
        inputs.append(v)
        v = found[f"z{number}"] = linear.forward(v)
        if activation:
            v = found[f"a{number}"] = activation.forward(v)
    delta = _from_above(problem, arithmetic, v, found)
    for number in range(len(layers), 0, -1):
        linear, activation = layers[number - 1]
        delta = _backward(number, linear, activation, inputs[number - 1], delta, found, per_sample=problem.per_sample)
    return found | {"dx": delta}


def _from_above(problem: Problem, arithmetic: Arithmetic, a: np.ndarray, found: Quantities) -> np.ndarray:
    if not isinstance(problem.above, Against):
        return arithmetic.array(problem.above)
    factor = problem.above.factor(1 if problem.per_sample else len(a), a.shape[1])
    criterion = Criterion(problem.above.loss, arithmetic.array(problem.above.target), factor, arithmetic)
    losses = criterion.forward(a)
    found["loss"] = losses if problem.per_sample else np.asarray(losses.sum())
    return criterion.backward(a)


def _backward(
    number: int,
    linear: Linear,
    activation: Layer | None,
    v: np.ndarray,
    delta: np.ndarray,
    found: Quantities,
    *,
    per_sample: bool,
) -> np.ndarray:
    """Through one layer: what is found there, and ∂L/∂v."""
    if activation:
        found[f"da{number}"] = delta
        z = found[f"z{number}"]
        if _is_elementwise(activation):
            found[f"s{number}"] = activation.slope(z)
        delta = activation.backward(z, delta)
    found[f"dz{number}"] = delta
    gradients = linear.sample_gradients if per_sample else linear.gradients
    for name, gradient in gradients(v, delta).items():
        if name == "W" or linear.b is not None:
            found[f"d{name}{number}"] = gradient
    return linear.backward(v, delta)


def _is_elementwise(layer: Layer) -> TypeGuard[Elementwise]:
    return isinstance(layer, Elementwise)


def _layers(stated: Dense, arithmetic: Arithmetic) -> tuple[Linear, Layer | None]:
    linear = Linear(arithmetic.array(stated.W), None if stated.b is None else arithmetic.array(stated.b))
    activation = stated.activation
    if isinstance(activation, BoundActivation):
        return linear, Elementwise(activation, arithmetic)
    if activation is None:
        return linear, None
    return linear, Softmax(arithmetic) if activation == "softmax" else LogSoftmax(arithmetic)
