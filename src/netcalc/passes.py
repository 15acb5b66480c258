"""The forward and the backward pass of a problem, in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.layers import Arithmetic, Criterion, Elementwise, Layer, Linear, LogSoftmax, Softmax
from netcalc.problem import Against, Dense, Problem

Quantities = dict[str, np.ndarray]
Move = Callable[[str, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Found:
    """What both passes produced, as values or float64; how sure it is, in a few words; and notes."""

    entries: Quantities
    certainty: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Passed:
    """The layers, what went into each, and what came out of the last: all that a way back needs."""

    layers: list[tuple[Linear, Layer | None]]
    inputs: list[np.ndarray]
    output: np.ndarray


def run(problem: Problem, arithmetic: Arithmetic) -> Quantities:
    """Everything that both passes produce: z1, a1, …, loss; then da1, dz1, dW1, db1, …, dx; s1, … are the slopes."""
    found: Quantities = {}
    passed = _forward(problem, arithmetic, found)
    delta = _from_above(problem, arithmetic, passed.output, found)
    for number in range(len(passed.layers), 0, -1):
        linear, activation = passed.layers[number - 1]
        v = passed.inputs[number - 1]
        delta = _backward(number, linear, activation, v, delta, found, per_sample=problem.per_sample)
    return found | {"dx": delta}


def outcome(problem: Problem, arithmetic: Arithmetic, move: Move) -> np.ndarray:
    """What the partials are partials of, by the forward pass alone: each sample's part of L, (samples,).

    `move` may change each of x, W1, b1, z1, a1, … as the pass comes to it.
    """
    a = _forward(problem, arithmetic, {}, move).output
    if isinstance(problem.above, Against):
        return _criterion(problem, problem.above, arithmetic, a).forward(a)
    return np.asarray((arithmetic.array(problem.above) * a).sum(axis=1))


def _as_it_is(_: str, array: np.ndarray) -> np.ndarray:
    return array


def _forward(problem: Problem, arithmetic: Arithmetic, found: Quantities, move: Move = _as_it_is) -> _Passed:
    """Through every layer; z1, a1, … are put into `found`."""
    layers, inputs = [], []
    v = move("x", arithmetic.array(problem.x))
    for number, stated in enumerate(problem.layers, 1):
        linear, activation = _layers(stated, number, arithmetic, move)
        layers.append((linear, activation))
        inputs.append(v)
        v = found[f"z{number}"] = move(f"z{number}", linear.forward(v))
        if activation:
            v = found[f"a{number}"] = move(f"a{number}", activation.forward(v))
    return _Passed(layers, inputs, v)


def _from_above(problem: Problem, arithmetic: Arithmetic, a: np.ndarray, found: Quantities) -> np.ndarray:
    if not isinstance(problem.above, Against):
        return arithmetic.array(problem.above)
    criterion = _criterion(problem, problem.above, arithmetic, a)
    losses = criterion.forward(a)
    found["loss"] = losses if problem.per_sample else np.asarray(losses.sum())
    return criterion.backward(a)


def _criterion(problem: Problem, above: Against, arithmetic: Arithmetic, a: np.ndarray) -> Criterion:
    factor = above.factor(1 if problem.per_sample else len(a), a.shape[1])
    return Criterion(above.loss, arithmetic.array(above.target), factor, arithmetic)


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


def _layers(stated: Dense, number: int, arithmetic: Arithmetic, move: Move) -> tuple[Linear, Layer | None]:
    W = move(f"W{number}", arithmetic.array(stated.W))
    linear = Linear(W, None if stated.b is None else move(f"b{number}", arithmetic.array(stated.b)))
    activation = stated.activation
    if isinstance(activation, BoundActivation):
        return linear, Elementwise(activation, arithmetic)
    if activation is None:
        return linear, None
    return linear, Softmax(arithmetic) if activation == "softmax" else LogSoftmax(arithmetic)
