"""Wrong turns with q = w·x + b: its bias, its own derivatives, indices, and what a layer's output goes to."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from netcalc.checking.mistakes.mistake import RARE, SEEN, USUAL, Mistake, after, parts, scaled
from netcalc.checking.variation import Change, Part, Place
from netcalc.graph import build
from netcalc.graph.node import Node
from netcalc.graph.product import Factor, product
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


def _without_bias(place: Place) -> Node:
    return product([(place.v, "ik"), (place.W, "jk")], "ij", place.z.shape)


def _bias_subtracted(place: Place, z: Node) -> Node | None:
    return place.b and build.subtract(z, build.multiply(build.number(2), place.b))


def _weights_for(place: Place) -> Node:
    """∂L/∂W with w in x's place: δᵢ Wᵢⱼ."""
    return _dW_by(place, [(place.W, "jk")])


def _weights_bare(place: Place) -> Node:
    """∂L/∂W without x: δᵢ."""
    return _dW_by(place, [])


def _dW_by(place: Place, factors: list[Factor]) -> Node:
    samples, own = place.dz.shape[:1], place.W.shape
    out, shape = ("ijk", samples + own) if place.problem.per_sample else ("jk", own)
    return product([(place.dz, "ij"), *factors], out, shape)


def _inputs_for(place: Place) -> Node:
    """∂L/∂v with x in w's place: Σᵢ δᵢ vⱼ."""
    return product([(place.dz, "ij"), (place.v, "ik")], "ik", place.v.shape)


def _inputs_bare(place: Place) -> Node:
    """∂L/∂v without w: Σᵢ δᵢ."""
    return product([(place.dz, "ij")], "ik", place.v.shape)


def _moved(step: int) -> Part:
    """The entries of each row `step` places further on, the last ones first."""

    def moved(place: Place, right: Node) -> Node:
        inputs = np.arange(place.layer.W.shape[1])
        return _along_rows(right, build.Fixed(np.roll(inputs, step)))

    return moved


def _reversed(_: Place, right: Node) -> Node:
    return _along_rows(right, build.Span(None, None, -1))


def _along_rows(node: Node, key: build.Span | build.Fixed) -> Node:
    return build.index(node, [*[build.Span(None, None, None)] * (node.rank - 1), key])


def _bias_itself(place: Place, db: Node) -> Node | None:
    return place.b and build.broadcast(place.b, db.shape)


def _by_bias(place: Place, db: Node) -> Node | None:
    return place.b and build.multiply(db, place.b)


def _transposed_back(place: Place) -> Node | None:
    """W δ in place of Wᵀ δ."""
    if place.W.shape[0] != place.W.shape[1]:
        return None
    return product([(place.dz, "ij"), (place.W, "kj")], "ik", place.v.shape)


def _outer_transposed(_: Place, dW: Node) -> Node | None:
    return build.swapped(dW) if dW.shape[-1] == dW.shape[-2] else None


def _through_unit(unit: int, *, alone: bool) -> Part:
    """∂L/∂v along one path alone, or along all but that one."""

    def dv(place: Place, right: Node) -> Node | None:
        outputs = len(place.layer.W)
        if outputs <= unit or outputs == 1:
            return None
        column, row = build.index(place.dz, [build.Span(None, None, None), unit]), build.index(place.W, [unit])
        path = product([(column, "i"), (row, "k")], "ik", place.v.shape)
        return path if alone else build.subtract(right, path)

    return dv


def _has_unit(unit: int, fewest: int) -> Callable[[Problem], bool]:
    return lambda problem: any(layer.W.shape[0] > max(unit, fewest - 1) for layer in problem.layers)


def _of_sample(sample: int) -> Change:
    """The gradients of W and b from one sample."""

    def dW(place: Place) -> Node:
        row, inputs = build.index(place.dz, [sample]), build.index(place.v, [sample])
        return product([(row, "j"), (inputs, "k")], "jk", place.W.shape)

    return parts(dW=dW, db=lambda place: build.index(place.dz, [sample]))


def _averaged(place: Place, gradient: Node) -> Node:
    return build.multiply(build.number(Fraction(1, len(place.problem.x))), gradient)


def _summed(place: Place, gradient: Node) -> Node:
    return build.multiply(build.number(len(place.problem.x)), gradient)


def _updated(rate: str) -> Callable[[Place], Node]:
    """∂L/∂v from the weights after a step of gradient descent."""

    def dv(place: Place) -> Node:
        dW = product([(place.dz, "ij"), (place.v, "ik")], "jk", place.W.shape)
        W = build.subtract(place.W, build.multiply(build.number(Fraction(rate)), dW))
        return product([(place.dz, "ij"), (W, "jk")], "ik", place.v.shape)

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
        after(db=_by_bias),
        SEEN,
        applies=_has_bias,
    ),
    Mistake("the bias subtracted in q", after(z=_bias_subtracted), SEEN, applies=_has_bias),
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
            after(dv=_through_unit(unit, alone=True)),
            SEEN,
            applies=_has_unit(unit, 2),
        )
        for unit in range(MOST_UNITS)
    ),
    *(
        Mistake(
            f"a path left out: the one through unit {unit}",
            after(dv=_through_unit(unit, alone=False)),
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
