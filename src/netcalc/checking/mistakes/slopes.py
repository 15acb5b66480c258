"""Wrong turns with an activation: its slope in another form, left out, or at the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netcalc.checking.mistakes.mistake import RARE, SEEN, USUAL, Mistake, after, constant, parts
from netcalc.checking.variation import Array, Place
from netcalc.layers import LogSoftmax, Softmax
from netcalc.problem import Problem

SIGMOID, TANH = ("sigmoid",), ("tanh",)
RELUS = ("relu", "leaky_relu", "relu6")
GATED = ("silu", "gelu", "gelu_tanh", "mish", "hard_swish")
TAKEN = "{phi}′ taken as "
IT_IS = "; it is {slope}"


def slope_from(function: Callable[[Any], Any]) -> Any:
    """The change that makes the slope of what the activation yields."""
    return parts(slope=lambda place: function(place.a) if place.bound else None)


def _left_out(place: Place) -> Array | None:
    return constant(place, place.z, 1) if place.bound else None


def _where_negative(place: Place, slope: Array) -> Array:
    """1 where z < 0 and 0 elsewhere, as the other side of relu has it."""
    negative = np.array([bool(z < 0) for z in place.z.flat]).reshape(place.z.shape)
    return np.where(negative, constant(place, slope, 1), slope)


def _has_slope(problem: Problem) -> bool:
    return any(layer.activation is not None and layer.activation_label != "identity" for layer in problem.layers)


def _of_the_layer_before(place: Place) -> Array | None:
    """φ'(z) of this layer at the sum of the one before."""
    return place.slope((place.before or place).z)


def _by_the_activation_of(step: int) -> Callable[[Place], Array | None]:
    """The slope of the activation `step` layers further on, at this layer's sum."""

    def slope(place: Place) -> Array | None:
        if place.bound is None:
            return None
        other = place.number - 1 + step
        own: Any = place.bound
        if 0 <= other < len(place.problem.layers):
            stated = place.problem.layers[other].activation
            if stated is None:
                return constant(place, place.z, 1)
            own = own if isinstance(stated, str) else stated
        return place.arithmetic.activate(own, 1, place.z)

    return slope


def _several(problem: Problem) -> bool:
    return len(problem.layers) > 1


def _diagonal(place: Place, delta: Array, s: Array | None) -> Array:
    if isinstance(place.activation, Softmax):
        return np.asarray(delta * place.a * (1 - place.a))
    if isinstance(place.activation, LogSoftmax):
        return np.asarray(delta * (1 - place.arithmetic.softmax(place.z)))
    return delta if s is None else np.asarray(delta * s)


def _vector_left_out(_: Place, delta: Array, s: Array | None) -> Array:
    return delta if s is None else np.asarray(delta * s)


VECTOR = ("softmax", "log_softmax")

SLOPES = (
    Mistake("{phi}′ taken as 1 where q is negative; it is {slope}", after(slope=_where_negative), USUAL, RELUS),
    Mistake("{phi}′ left out of the chain rule", parts(slope=_left_out), USUAL, applies=_has_slope),
    Mistake(f"{TAKEN}(1 − {{phi}})/{{phi}}{IT_IS}", slope_from(lambda f: (1 - f) / f), USUAL, SIGMOID),
    Mistake(f"{{phi}}(q) taken for {{phi}}′(q){IT_IS}", slope_from(lambda f: f), USUAL, applies=_has_slope),
    Mistake(f"{TAKEN}1 − {{phi}}, which is exp(−q)/(1 + exp(−q)){IT_IS}", slope_from(lambda f: 1 - f), USUAL, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}(1 + {{phi}}){IT_IS}", slope_from(lambda f: f * (1 + f)), SEEN, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}², which is 1/(1 + exp(−q))²{IT_IS}", slope_from(lambda f: f * f), SEEN, SIGMOID),
    Mistake(f"{TAKEN}1 − {{phi}}², as if it were tanh{IT_IS}", slope_from(lambda f: 1 - f * f), SEEN, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}/(1 − {{phi}}){IT_IS}", slope_from(lambda f: f / (1 - f)), RARE, SIGMOID),
    Mistake(f"{TAKEN}(1 − {{phi}})²{IT_IS}", slope_from(lambda f: (1 - f) * (1 - f)), RARE, SIGMOID),
    Mistake(f"{TAKEN}1 − tanh{IT_IS}", slope_from(lambda f: 1 - f), USUAL, TANH),
    Mistake(f"{TAKEN}1 + tanh²{IT_IS}", slope_from(lambda f: 1 + f * f), SEEN, TANH),
    Mistake(f"{TAKEN}(1 − tanh)²{IT_IS}", slope_from(lambda f: (1 - f) * (1 - f)), SEEN, TANH),
    Mistake(f"{TAKEN}tanh², without 1 −{IT_IS}", slope_from(lambda f: f * f), SEEN, TANH),
    Mistake(f"{TAKEN}tanh(1 − tanh), as if it were σ{IT_IS}", slope_from(lambda f: f * (1 - f)), SEEN, TANH),
    Mistake(
        "{phi}′ taken at {phi}(q) in place of q",
        parts(slope=lambda place: place.slope(place.a)),
        SEEN,
        applies=_has_slope,
    ),
    Mistake("{phi}′ applied twice", after(slope=lambda _, s: s * s), SEEN, applies=_has_slope),
    Mistake(
        "{phi}′ taken from the other side of its kink; it is {slope}",
        parts(slope=lambda place: place.slope(-place.z)),
        SEEN,
        RELUS,
    ),
    Mistake(
        "{phi}′ taken as {phi}(q)/q: the product rule's other term is left out",
        parts(slope=lambda place: place.a / place.z if place.bound else None),
        SEEN,
        GATED,
    ),
    Mistake(
        "{phi}′ without {phi}(q)/q, the product rule's first term",
        after(slope=lambda place, s: s - place.a / place.z),
        RARE,
        GATED,
    ),
    Mistake("{phi}′ taken at the layer before's z", parts(slope=_of_the_layer_before), SEEN, applies=_several),
    Mistake(
        "the slope of the next layer's activation taken", parts(slope=_by_the_activation_of(1)), SEEN, applies=_several
    ),
    Mistake(
        "the slope of the layer before's activation taken",
        parts(slope=_by_the_activation_of(-1)),
        SEEN,
        applies=_several,
    ),
    Mistake("the Jacobian of {phi} taken as its diagonal alone", parts(dz=_diagonal), USUAL, VECTOR),
    Mistake("the Jacobian of {phi} left out", parts(dz=_vector_left_out), SEEN, VECTOR),
)
