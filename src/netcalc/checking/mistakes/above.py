"""Wrong turns above the last layer: the loss, its derivative, its factor, and signs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

from netcalc.catalogue.losses import REDUCTIONS
from netcalc.checking.calculus import TRIGONOMETRIC
from netcalc.checking.mistakes.mistake import (
    RARE,
    SEEN,
    USUAL,
    Mistake,
    after,
    constant,
    formula,
    loss_name,
    parts,
    scaled,
)
from netcalc.checking.variation import Change, Place, Top
from netcalc.graph import build
from netcalc.graph.backward import gradients
from netcalc.graph.functions import vector_activation
from netcalc.graph.node import Node
from netcalc.layers import activated, losses
from netcalc.problem import Against, Problem

SQUARES = ("mse", "sse")
HALF_SQUARES = ("half-mse", "half-sse")
LOGARITHMS = ("bce", "bce-with-logits", "cross-entropy", "nll")
OF_RESIDUAL = (*SQUARES, *HALF_SQUARES, "mae", "huber", "cross-entropy", "bce-with-logits")
BOTH_SIDES = ("mae", "mse", "sse", "half-mse", "half-sse", "huber")


def _loss(*names: str) -> Callable[[Problem], bool]:
    return lambda problem: loss_name(problem) in names


def _residual(problem: Problem) -> bool:
    return loss_name(problem) in OF_RESIDUAL


def _no_residual(problem: Problem) -> bool:
    return not _residual(problem)


def _has_above(problem: Problem) -> bool:
    return problem.output == "L"


def _negated(_: Top, right: Node) -> Node:
    return build.negate(right)


def _reduced(name: str) -> Change:
    """The loss reduced in another way."""

    def state(problem: Problem) -> Problem:
        assert isinstance(problem.above, Against)  # noqa: S101 - it applies to those alone
        return problem._replace(above=problem.above._replace(reduction=REDUCTIONS[name]))

    return lambda variation: variation._replace(state=state)


def _reduced_otherwise(name: str) -> Callable[[Problem], bool]:
    return lambda problem: isinstance(problem.above, Against) and problem.above.reduction.name != name


def _natural_to_decimal(_: Top, right: Node) -> Node:
    """log10 in place of log."""
    return formula("q/log(10)", q=right)


def _softmax_twice(top: Top) -> Node | None:
    return _slope(top.problem, vector_activation("softmax", top.a), top.target)


def _loss_of_softmax(top: Top) -> Node | None:
    return top.target and losses(top.problem, vector_activation("softmax", top.a), top.target)


def _slope(problem: Problem, output: Node, target: Node | None) -> Node | None:
    """∂L/∂(an output) of a layer."""
    return target and gradients(losses(problem, output, target), [output])[0]


def _without_target(top: Top) -> Node | None:
    above = top.problem.above
    if top.target is None or not isinstance(above, Against):
        return None
    if above.loss.by_sample:
        return build.multiply(build.number(_factor(top.problem, above)), vector_activation("softmax", top.a))
    return _slope(top.problem, top.a, constant(top.target, 0))


def _factor(problem: Problem, above: Against) -> Fraction:
    return above.factor(1 if problem.per_sample else len(problem.x), len(problem.layers[-1].W))


def _factor_again(top: Top, right: Node) -> Node | None:
    above = top.problem.above
    return build.multiply(build.number(_factor(top.problem, above)), right) if isinstance(above, Against) else None


def _is_scaled(problem: Problem) -> bool:
    above = problem.above
    return isinstance(above, Against) and not problem.per_sample and above.factor(len(problem.x), 2) != 1


def _flipped_exponent(place: Place) -> Node:
    return activated(place.layer, build.negate(place.z))


def _one(place: Place) -> Node:
    return constant(place.z, 1)


def _in_degrees(place: Place) -> Node:
    """The sum as if it were degrees."""
    return formula("q*pi/180", q=place.z)


def _takes_angle(activation: object) -> bool:
    """Whether it is of an angle."""
    return any(f"{name}(" in getattr(activation, "formula", "") for name in TRIGONOMETRIC)


def _value_in_degrees(place: Place) -> Node | None:
    return activated(place.layer, _in_degrees(place)) if _takes_angle(place.bound) else None


def _slope_in_degrees(place: Place) -> Node | None:
    return place.slope(_in_degrees(place)) if _takes_angle(place.bound) else None


def _takes_angles(problem: Problem) -> bool:
    return any(_takes_angle(layer.activation) for layer in problem.layers)


Whole = partial(Mistake, in_one_layer=False)  # what is above all layers is wrong in none of them

ABOVE = (
    Whole("the sign is wrong", after(above=_negated), USUAL, applies=_no_residual),
    Whole("the sign is wrong: (t − y) taken for (y − t)", after(above=_negated), USUAL, applies=_residual),
    Whole(
        "what comes from above is left out: ∂L/∂ the output taken as 1",
        after(above=lambda _, right: constant(right, 1)),
        USUAL,
        applies=_has_above,
    ),
    Whole(
        "the 2 of the square's derivative left out", after(above=scaled(Fraction(1, 2))), USUAL, applies=_loss(*SQUARES)
    ),
    Whole(
        "½ put before the square",
        after(above=scaled(Fraction(1, 2)), loss=scaled(Fraction(1, 2))),
        USUAL,
        applies=_loss(*SQUARES),
    ),
    Whole(
        "a 2 too many: the square's derivative cancels the ½",
        after(above=scaled(2)),
        USUAL,
        applies=_loss(*HALF_SQUARES),
    ),
    Whole("the loss's ½ left out", after(above=scaled(2), loss=scaled(2)), USUAL, applies=_loss(*HALF_SQUARES)),
    Whole("twice what it is", after(above=scaled(2)), SEEN, applies=_no_residual),
    Whole("half of what it is", after(above=scaled(Fraction(1, 2))), SEEN, applies=_no_residual),
    *(
        Whole(
            f"the loss reduced by {name} ({REDUCTIONS[name].meaning})",
            _reduced(name),
            USUAL,
            applies=_reduced_otherwise(name),
        )
        for name in REDUCTIONS
    ),
    Whole("the mean's factor applied twice", after(above=_factor_again), SEEN, applies=_is_scaled),
    Whole(
        "the logarithm taken to base 10",
        after(above=_natural_to_decimal, loss=_natural_to_decimal),
        SEEN,
        applies=_loss(*LOGARITHMS),
    ),
    Whole(
        "softmax applied before cross-entropy, which has it inside",
        parts(above=_softmax_twice, loss=_loss_of_softmax),
        USUAL,
        applies=_loss("cross-entropy"),
    ),
    Whole(
        "the target left out of the gradient: without − t",
        parts(above=_without_target),
        USUAL,
        applies=_loss("cross-entropy", *BOTH_SIDES),
    ),
    Mistake("{phi} taken at −q: exp(q) for exp(−q)", parts(a=_flipped_exponent), SEEN, ("sigmoid",)),
    Mistake("{phi} left out", parts(a=lambda place: place.z, slope=_one), RARE),
    Whole(
        "degrees taken for radians", parts(a=_value_in_degrees, slope=_slope_in_degrees), SEEN, applies=_takes_angles
    ),
)
