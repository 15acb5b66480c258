"""Wrong turns with q = w·x + b: its bias, its own derivatives, indices, and what a layer's output goes to."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from netcalc.checking.mistakes.mistake import RARE, SEEN, USUAL, Mistake, after, constant, number, parts, scaled
from netcalc.checking.variation import Array, Change, Place
from netcalc.layers import Linear
from netcalc.problem import Problem

MOST_UNITS = 3  # of a layer, that are tried one by one as the only path, or the one left out


def _has_several_inputs(problem: Problem) -> bool:
    return any(layer.W.shape[1] > 1 for layer in problem.layers)


def _has_bias(problem: Problem) -> bool:
    return any(layer.b is not None for layer in problem.layers)


def _is_square(problem: Problem) -> bool:
    return any(layer.W.shape[0] == layer.W.shape[1] > 1 for layer in problem.layers)


def _is_batch(problem: Problem) -> bool:
    return len(problem.x) > 1 and not problem.per_sample


def _without_bias(place: Place) -> Array:
    return Linear(place.linear.W, None).forward(place.v)


def _bias_subtracted(place: Place) -> Array:
    z = place.linear.forward(place.v)
    return z if place.linear.b is None else z - 2 * place.linear.b


def _weights_for(place: Place, dz: Array) -> Array:
    """∂L/∂W with w in x's place: δᵢ Wᵢⱼ."""
    return _dW_by(place, dz, place.linear.W[None, :, :])


def _weights_bare(place: Place, dz: Array) -> Array:
    """∂L/∂W without x: δᵢ."""
    return _dW_by(place, dz, constant(place, place.v, 1)[:, None, :])


def _dW_by(place: Place, dz: Array, factor: Array) -> Array:
    outer = dz[:, :, None] * factor
    return np.asarray(outer if place.problem.per_sample else outer.sum(axis=0))


def _inputs_for(place: Place, dz: Array) -> Array:
    """∂L/∂v with x in w's place: Σᵢ δᵢ vⱼ."""
    return np.asarray(dz.sum(axis=1, keepdims=True) * place.v)


def _inputs_bare(place: Place, dz: Array) -> Array:
    """∂L/∂v without w: Σᵢ δᵢ."""
    return np.asarray(dz.sum(axis=1, keepdims=True) * constant(place, place.v, 1))


def _moved(step: int) -> Callable[[Place, Array], Array]:
    return lambda place, array: np.roll(array, step, axis=-1)  # noqa: ARG005 - every part takes the same


def _reversed(place: Place, array: Array) -> Array:  # noqa: ARG001 - every part takes the same
    return array[..., ::-1]


def _bias_itself(place: Place, db: Array) -> Array:
    return db if place.linear.b is None else np.broadcast_to(place.linear.b, db.shape)


def _transposed_back(place: Place, dz: Array) -> Array:
    """W δ in place of Wᵀ δ."""
    W = place.linear.W
    return np.asarray(dz @ (W.T if W.shape[0] == W.shape[1] else W))


def _outer_transposed(place: Place, dW: Array) -> Array:  # noqa: ARG001 - every part takes the same
    return np.swapaxes(dW, -1, -2) if dW.shape[-1] == dW.shape[-2] else dW


def _through_unit(unit: int, *, alone: bool) -> Callable[[Place, Array], Array]:
    """∂L/∂v along one path alone, or along all but that one."""

    def dv(place: Place, dz: Array) -> Array:
        right = place.linear.backward(place.v, dz)
        if dz.shape[1] <= unit or dz.shape[1] == 1:
            return right
        path = np.asarray(dz[:, [unit]] @ place.linear.W[[unit]])
        return path if alone else right - path

    return dv


def _has_unit(unit: int, fewest: int) -> Callable[[Problem], bool]:
    return lambda problem: any(layer.W.shape[0] > max(unit, fewest - 1) for layer in problem.layers)


def _of_sample(sample: int) -> Change:
    """The gradients of W and b from one sample."""

    def dW(place: Place, dz: Array) -> Array:
        return place.linear.gradients(place.v[[sample]], dz[[sample]])["W"]

    def db(place: Place, dz: Array) -> Array:
        return place.linear.gradients(place.v[[sample]], dz[[sample]])["b"]

    return parts(dW=dW, db=db)


def _averaged(place: Place, gradient: Array) -> Array:
    return np.asarray(gradient * number(place.arithmetic, Fraction(1, len(place.v))))


def _summed(place: Place, gradient: Array) -> Array:
    return np.asarray(gradient * number(place.arithmetic, len(place.v)))


def _updated(rate: str) -> Callable[[Place, Array], Array]:
    """∂L/∂v from the weights after a step of gradient descent."""

    def dv(place: Place, dz: Array) -> Array:
        dW = place.linear.gradients(place.v, dz)["W"]
        return np.asarray(dz @ (place.linear.W - dW * number(place.arithmetic, Fraction(rate))))

    return dv


INDEXED = (("each", ("dW", "dv")), ("x's", ("dW",)), ("w's", ("dv",)))
NEIGHBOURS = ((1, "the one before"), (-1, "the next"))

TRANSPOSES = (
    Mistake("W taken for Wᵀ", parts(dv=_transposed_back), USUAL, applies=_is_square),
    Mistake("the outer product transposed: ∂L/∂W is δ vᵀ", after(dW=_outer_transposed), USUAL, applies=_is_square),
)

SUMS = (
    Mistake("x and w confused: ∂q/∂w is x, and ∂q/∂x is w", parts(dW=_weights_for, dv=_inputs_for), USUAL),
    Mistake("w taken for x: ∂q/∂w is x", parts(dW=_weights_for), USUAL),
    Mistake("x taken for w: ∂q/∂x is w", parts(dv=_inputs_for), USUAL),
    Mistake("the bias forgotten in q", parts(z=_without_bias), USUAL, applies=_has_bias),
    Mistake(
        "the sum's own derivative left out: ∂q/∂x is w, and ∂q/∂w is x",
        parts(dW=_weights_bare, dv=_inputs_bare),
        USUAL,
    ),
    Mistake("∂q/∂w left out: it is x", parts(dW=_weights_bare), SEEN),
    Mistake("∂q/∂x left out: it is w", parts(dv=_inputs_bare), SEEN),
    Mistake("the bias's gradient taken as 0; ∂q/∂b is 1", after(db=scaled(0)), USUAL, applies=_has_bias),
    Mistake("the bias's gradient taken as b; ∂q/∂b is 1", after(db=_bias_itself), SEEN, applies=_has_bias),
    Mistake(
        "the bias's gradient multiplied by b; ∂q/∂b is 1",
        after(db=lambda place, db: db if place.linear.b is None else db * place.linear.b),
        SEEN,
        applies=_has_bias,
    ),
    Mistake("the bias subtracted in q", parts(z=_bias_subtracted), SEEN, applies=_has_bias),
    *(
        Mistake(
            f"{whose} index off by one: {which} taken",
            after(**dict.fromkeys(gradients, _moved(step))),
            SEEN,
            applies=_has_several_inputs,
        )
        for whose, gradients in INDEXED
        for step, which in NEIGHBOURS
    ),
    Mistake("the indices run backwards", after(dW=_reversed, dv=_reversed), SEEN, applies=_has_several_inputs),
    Mistake("x's indices run backwards", after(dW=_reversed), RARE, applies=_has_several_inputs),
    Mistake("w's indices run backwards", after(dv=_reversed), RARE, applies=_has_several_inputs),
    *(
        Mistake(
            f"a path left out: only the one through unit {unit} is taken",
            parts(dv=_through_unit(unit, alone=True)),
            SEEN,
            applies=_has_unit(unit, 2),
        )
        for unit in range(MOST_UNITS)
    ),
    *(
        Mistake(
            f"a path left out: the one through unit {unit}",
            parts(dv=_through_unit(unit, alone=False)),
            SEEN,
            applies=_has_unit(unit, 3),
        )
        for unit in range(MOST_UNITS)
    ),
    Mistake("not summed over the samples: the last one's gradient alone", _of_sample(-1), SEEN, applies=_is_batch),
    Mistake("not summed over the samples: the first one's gradient alone", _of_sample(0), SEEN, applies=_is_batch),
    Mistake(
        "averaged over the samples where they are summed", after(dW=_averaged, db=_averaged), SEEN, applies=_is_batch
    ),
    Mistake("summed over the samples once more", after(dW=_summed, db=_summed), RARE, applies=_is_batch),
    *(
        Mistake(f"the weights already updated, with a step of {rate}", parts(dv=_updated(rate)), RARE)
        for rate in ("1", "0.1", "0.5", "0.01")
    ),
)
