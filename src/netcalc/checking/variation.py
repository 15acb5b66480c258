"""The passes with each of their parts replaceable: a mistake changes some, and the rest is done rightly from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.layers import Arithmetic, Criterion, Elementwise, Linear
from netcalc.passes import Activation, Quantities, activation_of, criterion
from netcalc.problem import Against, Problem

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Place:
    """One layer while the passes go through it: its input `v`, its sum `z`, its output `a`, and the layer before it."""

    number: int
    problem: Problem
    arithmetic: Arithmetic
    linear: Linear
    activation: Activation | None
    v: Array
    z: Array
    a: Array
    before: Place | None

    @property
    def bound(self) -> BoundActivation | None:
        """The activation, if it acts element by element."""
        return self.activation.activation if isinstance(self.activation, Elementwise) else None

    def slope(self, z: Array) -> Array | None:
        """φ′ of those sums, None where the activation doesn't act element by element."""
        return self.activation.slope(z) if isinstance(self.activation, Elementwise) else None


@dataclass(frozen=True, slots=True)
class Top:
    """What is above the last layer, of output `a`: ∂L/∂a rightly, and the loss that it comes from, if one does."""

    a: Array
    delta: Array
    judge: Criterion | None
    problem: Problem
    arithmetic: Arithmetic


def _activated(place: Place) -> Array:
    return place.activation.forward(place.z) if place.activation else place.z


def _slope(place: Place) -> Array | None:
    return place.slope(place.z)


def _dz(place: Place, delta: Array, s: Array | None) -> Array:
    if s is None:
        return place.activation.backward(place.z, delta) if place.activation else delta
    product: Array = delta * s
    return product


def _gradients(place: Place, dz: Array) -> Mapping[str, Array]:
    one = place.linear.sample_gradients if place.problem.per_sample else place.linear.gradients
    return one(place.v, dz)


@dataclass(frozen=True, slots=True)
class Variation:
    """How each part of the passes is done; as it stands, rightly.

    `state` is what is asked; `z` and `a` a layer's forward pass; `loss` L of each sample, `above` ∂L/∂a of the last
    layer; `slope` a layer's φ'(z), None where it isn't elementwise; `dz` comes from ∂L/∂a and that slope, and `dW`,
    `db` and `dv` from dz.
    """

    state: Callable[[Problem], Problem] = lambda problem: problem
    z: Callable[[Place], Array] = lambda place: place.linear.forward(place.v)
    a: Callable[[Place], Array] = _activated
    loss: Callable[[Top, Array], Array] = lambda top, losses: losses  # noqa: ARG005 - every part takes the same
    above: Callable[[Top], Array] = lambda top: top.delta
    slope: Callable[[Place], Array | None] = _slope
    dz: Callable[[Place, Array, Array | None], Array] = _dz
    dW: Callable[[Place, Array], Array] = lambda place, dz: _gradients(place, dz)["W"]
    db: Callable[[Place, Array], Array] = lambda place, dz: _gradients(place, dz)["b"]
    dv: Callable[[Place, Array], Array] = lambda place, dz: place.linear.backward(place.v, dz)

    def only(self, changed: Variation, number: int) -> Variation:
        """The `changed` parts in layer `number`, these elsewhere."""
        return replace(self, **{name: _chosen(self, changed, name, number) for name in OF_A_LAYER})


Change = Callable[[Variation], Variation]
RIGHT = Variation()
OF_A_LAYER = tuple(one.name for one in fields(Variation) if one.name not in {"state", "loss", "above"})


def _chosen(right: Variation, changed: Variation, name: str, number: int) -> Callable[..., Any]:
    def part(place: Place, *rest: Any) -> Any:
        return getattr(changed if place.number == number else right, name)(place, *rest)

    return part


def run(
    problem: Problem,
    arithmetic: Arithmetic,
    variation: Variation = RIGHT,
    forced: Mapping[str, Callable[[Array], Array]] | None = None,
) -> Quantities:
    """What both passes yield under a variation, by the names of `passes.run`.

    `forced` says what becomes of a quantity once it is computed: an answer taken in its place, a rounding.
    """
    return _Passes(arithmetic, variation, forced or {}).through(variation.state(problem))


@dataclass(frozen=True, slots=True)
class _Passes:
    arithmetic: Arithmetic
    variation: Variation
    forced: Mapping[str, Callable[[Array], Array]]
    found: Quantities = field(default_factory=dict)

    def keep(self, name: str, array: Array) -> Array:
        """The quantity as it goes on from here."""
        self.found[name] = self.forced[name](array) if name in self.forced else array
        return self.found[name]

    def through(self, problem: Problem) -> Quantities:
        place = self.forward(problem)
        delta = self.from_above(problem, place.a)
        layer: Place | None = place
        while layer is not None:
            delta = self.backward(layer, delta)
            layer = layer.before
        self.keep("dx", delta)
        return self.found

    def forward(self, problem: Problem) -> Place:
        place: Place | None = None
        v = self.arithmetic.array(problem.x)
        for number, stated in enumerate(problem.layers, 1):
            b = None if stated.b is None else self.arithmetic.array(stated.b)
            linear, activation = Linear(self.arithmetic.array(stated.W), b), activation_of(stated, self.arithmetic)
            place = Place(number, problem, self.arithmetic, linear, activation, v, v, v, place)
            z = self.keep(f"z{number}", self.variation.z(place))
            place = replace(place, z=z, a=z)
            if activation:
                place = replace(place, a=self.keep(f"a{number}", self.variation.a(place)))
            v = place.a
        assert place is not None  # noqa: S101 - a problem has layers
        return place

    def from_above(self, problem: Problem, a: Array) -> Array:
        if not isinstance(problem.above, Against):
            delta = self.arithmetic.array(problem.above)
            return self.variation.above(Top(a, delta, None, problem, self.arithmetic))
        judge = criterion(problem, problem.above, self.arithmetic, a)
        top = Top(a, judge.backward(a), judge, problem, self.arithmetic)
        losses = self.variation.loss(top, judge.forward(a))
        self.keep("loss", losses if problem.per_sample else np.asarray(losses.sum()))
        return self.variation.above(top)

    def backward(self, place: Place, delta: Array) -> Array:
        number, vary = place.number, self.variation
        s = None
        if place.activation:
            delta = self.keep(f"da{number}", delta)
            s = vary.slope(place)
            s = None if s is None else self.keep(f"s{number}", s)
        dz = self.keep(f"dz{number}", vary.dz(place, delta, s))
        self.keep(f"dW{number}", vary.dW(place, dz))
        if place.linear.b is not None:
            self.keep(f"db{number}", vary.db(place, dz))
        return vary.dv(place, dz)
