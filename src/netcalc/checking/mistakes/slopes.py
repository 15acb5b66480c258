"""Wrong turns with an activation: its slope in another form, left out, or at the wrong place."""

from __future__ import annotations

from collections.abc import Callable

from netcalc.checking.mistakes.mistake import RARE, SEEN, USUAL, Mistake, after, constant, formula, parts
from netcalc.checking.variation import Change, Place
from netcalc.graph import build
from netcalc.graph.functions import vector_activation
from netcalc.graph.node import Node
from netcalc.problem import Problem

SIGMOID, TANH = ("sigmoid",), ("tanh",)
RELUS = ("relu", "leaky_relu", "relu6")
GATED = ("silu", "gelu", "gelu_tanh", "mish", "hard_swish")
TAKEN = "{phi}′ taken as "
IT_IS = "; it is {slope}"


def slope_from(text: str) -> Change:
    """The change that makes the slope of what the activation yields, f."""
    return parts(slope=lambda place: formula(text, f=place.a))


def _left_out(place: Place) -> Node:
    return constant(place.z, 1)


def _where_negative(place: Place, slope: Node) -> Node:
    """1 where z < 0 and 0 elsewhere, as the other side of relu has it."""
    return formula("where(z < 0, 1, s)", z=place.z, s=slope)


def _has_slope(problem: Problem) -> bool:
    return any(layer.activation is not None and layer.activation_label != "identity" for layer in problem.layers)


def _of_the_layer_before(place: Place) -> Node | None:
    """φ'(z) of this layer at the sum of the one before."""
    return place.slope((place.before or place).z)


def _by_the_activation_of(step: int) -> Callable[[Place], Node | None]:
    """The slope of the activation `step` layers further on, at this layer's sum."""

    def slope(place: Place) -> Node | None:
        other = place.number - 1 + step
        if not 0 <= other < len(place.problem.layers):
            return None
        stated = place.problem.layers[other].activation
        if stated is None:
            return constant(place.z, 1)
        return None if isinstance(stated, str) else place.slope(place.z, stated)

    return slope


def _several(problem: Problem) -> bool:
    return len(problem.layers) > 1


def _diagonal(place: Place) -> Node | None:
    if place.layer.activation == "softmax":
        return formula("d*a*(1 - a)", d=place.da, a=place.a)
    if place.layer.activation == "log_softmax":
        return formula("d*(1 - p)", d=place.da, p=vector_activation("softmax", place.z))
    return None


def _vector_left_out(place: Place) -> Node | None:
    return place.da if isinstance(place.layer.activation, str) else None


VECTOR = ("softmax", "log_softmax")

SLOPES = (
    Mistake("{phi}′ taken as 1 where q is negative; it is {slope}", after(slope=_where_negative), USUAL, RELUS),
    Mistake("{phi}′ left out of the chain rule", parts(slope=_left_out), USUAL, applies=_has_slope),
    Mistake(f"{TAKEN}(1 − {{phi}})/{{phi}}{IT_IS}", slope_from("(1 - f) / f"), USUAL, SIGMOID),
    Mistake(f"{{phi}}(q) taken for {{phi}}′(q){IT_IS}", slope_from("f"), USUAL, applies=_has_slope),
    Mistake(f"{TAKEN}1 − {{phi}}, which is exp(−q)/(1 + exp(−q)){IT_IS}", slope_from("1 - f"), USUAL, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}(1 + {{phi}}){IT_IS}", slope_from("f * (1 + f)"), SEEN, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}², which is 1/(1 + exp(−q))²{IT_IS}", slope_from("f * f"), SEEN, SIGMOID),
    Mistake(f"{TAKEN}1 − {{phi}}², as if it were tanh{IT_IS}", slope_from("1 - f * f"), SEEN, SIGMOID),
    Mistake(f"{TAKEN}{{phi}}/(1 − {{phi}}){IT_IS}", slope_from("f / (1 - f)"), RARE, SIGMOID),
    Mistake(f"{TAKEN}(1 − {{phi}})²{IT_IS}", slope_from("(1 - f) * (1 - f)"), RARE, SIGMOID),
    Mistake(f"{TAKEN}1 − tanh{IT_IS}", slope_from("1 - f"), USUAL, TANH),
    Mistake(f"{TAKEN}1 + tanh²{IT_IS}", slope_from("1 + f * f"), SEEN, TANH),
    Mistake(f"{TAKEN}(1 − tanh)²{IT_IS}", slope_from("(1 - f) * (1 - f)"), SEEN, TANH),
    Mistake(f"{TAKEN}tanh², without 1 −{IT_IS}", slope_from("f * f"), SEEN, TANH),
    Mistake(f"{TAKEN}tanh(1 − tanh), as if it were σ{IT_IS}", slope_from("f * (1 - f)"), SEEN, TANH),
    Mistake(
        "{phi}′ taken at {phi}(q) in place of q",
        parts(slope=lambda place: place.slope(place.a)),
        SEEN,
        applies=_has_slope,
    ),
    Mistake("{phi}′ applied twice", after(slope=lambda _, s: build.multiply(s, s)), SEEN, applies=_has_slope),
    Mistake(
        "{phi}′ taken from the other side of its kink; it is {slope}",
        parts(slope=lambda place: place.slope(build.negate(place.z))),
        SEEN,
        RELUS,
    ),
    Mistake(
        "{phi}′ taken as {phi}(q)/q: the product rule's other term is left out",
        parts(slope=lambda place: formula("a/z", a=place.a, z=place.z)),
        SEEN,
        GATED,
    ),
    Mistake(
        "{phi}′ without {phi}(q)/q, the product rule's first term",
        after(slope=lambda place, s: formula("s - a/z", s=s, a=place.a, z=place.z)),
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
