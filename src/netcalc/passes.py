"""The forward and the backward pass of a problem, in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.layers import Arithmetic, Array, Criterion, Elementwise, Linear, LogSoftmax, Softmax, SoftmaxCriterion
from netcalc.problem import Against, Dense, Problem

Quantities = dict[str, np.ndarray]
Move = Callable[[str, np.ndarray], np.ndarray]
Activation = Elementwise | Softmax | LogSoftmax
Progress = Callable[[int, int], None]
WATCHER: ContextVar[Progress | None] = ContextVar("watcher", default=None)  # told of each layer passed, and of how many


class Found(NamedTuple):
    """What both passes produced, as values or float64; how sure it is, in a few words; and notes.

    What is `unknown`, its elements too many to write out, stays one formula.
    """

    entries: Quantities
    certainty: str
    notes: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()


def _as_it_is(_: str, array: np.ndarray) -> np.ndarray:
    return array


def run(problem: Problem, arithmetic: Arithmetic, move: Move = _as_it_is) -> Quantities:
    """Everything that both passes produce.

    z1, a1, …, loss; then da1, dz1, dW1, db1, …, dx; s1, … are the slopes, and where the problem names them J1, … the
    Jacobians of vector activations, W1_new, … the weights after a step, `paths` the products along a weight's paths.
    The passes go on with what `move` makes of each z1, a1, …, da1, dz1 found.
    """
    passes = _Passes(problem, arithmetic, move)
    passes.backward(passes.from_above(passes.forward()))
    if problem.trace:
        from netcalc.trace import path_products

        passes.found["paths"] = path_products(problem, passes.found, arithmetic.array)
    return passes.found


def outcome(problem: Problem, arithmetic: Arithmetic, move: Move) -> np.ndarray:
    """What the partials are partials of, by the forward pass alone: each sample's part of L, (samples,).

    `move` may change each of x, W1, b1, z1, a1, … as the pass comes to it.
    """
    a = _Passes(problem, arithmetic, move).forward()
    if isinstance(problem.above, Against):
        return criterion(problem, problem.above, arithmetic, a).forward(a)
    return np.asarray((arithmetic.array(problem.above) * a).sum(axis=1))


def criterion(problem: Problem, above: Against, arithmetic: Arithmetic, a: np.ndarray) -> Criterion:
    """The loss of the last layer's output `a` (samples, outputs), in this arithmetic."""
    factor = above.factor(1 if problem.per_sample else len(a), a.shape[1])
    return Criterion(above.loss, arithmetic.array(above.target), factor, arithmetic)


def activation_of(stated: Dense, arithmetic: Arithmetic) -> Activation | None:
    """A layer's activation in this arithmetic; None where it has none."""
    activation = stated.activation
    if isinstance(activation, BoundActivation):
        return Elementwise(activation, arithmetic)
    if activation is None:
        return None
    return Softmax(arithmetic) if activation == "softmax" else LogSoftmax(arithmetic)


@dataclass(slots=True, eq=False, repr=False)
class _Stage:
    """A layer in use: what goes into it, what comes out of its linear part, and where the loss is one with it."""

    number: int
    linear: Linear
    activation: Activation | None
    v: Array
    z: Array
    fused: SoftmaxCriterion | None = None


@dataclass(slots=True, eq=False, repr=False)
class _Passes:
    """Both passes under way: what was found, and the layers with what the way back needs of each."""

    problem: Problem
    arithmetic: Arithmetic
    move: Move
    found: Quantities = field(default_factory=dict)
    stages: list[_Stage] = field(default_factory=list)
    passed: int = 0

    def forward(self) -> Array:
        """Through every layer; the last one's output."""
        v = self.move("x", self.arithmetic.array(self.problem.x))
        for number, stated in enumerate(self.problem.layers, 1):
            linear, activation = self.layer(stated, number)
            z = self.keep(f"z{number}", linear.forward(v))
            self.stages.append(_Stage(number, linear, activation, v, z))
            v = self.keep(f"a{number}", activation.forward(z)) if activation else z
            self.tell()
        return v

    def layer(self, stated: Dense, number: int) -> tuple[Linear, Activation | None]:
        W = self.move(f"W{number}", self.arithmetic.array(stated.W))
        b = None if stated.b is None else self.move(f"b{number}", self.arithmetic.array(stated.b))
        return Linear(W, b), activation_of(stated, self.arithmetic)

    def keep(self, name: str, array: Array) -> Array:
        """Note down what was found; what the passes go on with."""
        self.found[name] = array
        return self.move(name, array)

    def tell(self) -> None:
        self.passed += 1
        if told := WATCHER.get():
            told(self.passed, 2 * len(self.problem.layers))

    def from_above(self, a: Array) -> Array:
        """∂L/∂(the last output), the loss found by the way."""
        above, last = self.problem.above, self.stages[-1]
        if not isinstance(above, Against):
            return self.arithmetic.array(above)
        judge = criterion(self.problem, above, self.arithmetic, a)
        losses = judge.forward(a)
        if above.loss.of_probabilities and isinstance(last.activation, Softmax):
            last.fused = SoftmaxCriterion(judge.target, judge.factor, self.arithmetic)
            losses = last.fused.forward(last.z)
        self.found["loss"] = losses if self.problem.per_sample else np.asarray(losses.sum())
        return judge.backward(a)

    def backward(self, delta: Array) -> None:
        """From the last layer to the first."""
        for stage in reversed(self.stages):
            if stage.activation:
                delta = self.through(stage, stage.activation, self.keep(f"da{stage.number}", delta))
            delta = self.keep(f"dz{stage.number}", delta)
            self.gradients(stage, delta)
            delta = stage.linear.backward(stage.v, delta)
            self.tell()
        self.found["dx"] = delta

    def through(self, stage: _Stage, activation: Activation, delta: Array) -> Array:
        """∂L/∂z from ∂L/∂a, the slope or Jacobian found by the way."""
        if isinstance(activation, Elementwise):
            slope = activation.slope(stage.z)
            if f"s{stage.number}" in self.problem.names:
                self.found[f"s{stage.number}"] = slope
                return np.asarray(delta * slope)
            np.multiply(delta, slope, out=slope)  # in place: new memory costs more than the product
            return slope
        if f"J{stage.number}" in self.problem.names:
            self.found[f"J{stage.number}"] = activation.jacobian(stage.z)
        return stage.fused.backward(stage.z) if stage.fused else activation.backward(stage.z, delta)

    def gradients(self, stage: _Stage, delta: Array) -> None:
        """∂L/∂W and ∂L/∂b, and both after a step of gradient descent."""
        linear, number = stage.linear, stage.number
        gradients = linear.sample_gradients if self.problem.per_sample else linear.gradients
        rate = self.problem.lr and self.arithmetic.array(np.array(self.problem.lr, dtype=object))
        for name, gradient in gradients(stage.v, delta).items():
            old = linear.W if name == "W" else linear.b
            if old is None:
                continue
            self.found[f"d{name}{number}"] = gradient
            if rate is not None:
                self.found[f"{name}{number}_new"] = old - rate * gradient
