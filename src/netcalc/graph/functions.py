"""Activations and losses of the catalogue, or typed, as nodes: each has a derivative of its own, derived once.

Rows are samples. Elementwise activations take any shape; softmax, log_softmax and losses by sample the last axis.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS, Factor, number, product
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss


class Activation(NamedTuple):
    """The derivative of that order of an activation; 0 is the value."""

    function: BoundActivation
    order: int = 0


class Loss(NamedTuple):
    """An unreduced loss (order 0), or its slope in the output (order 1)."""

    function: BoundLoss
    order: int = 0


# --- elementwise activations


def _vjp_of_activation(node: Node, _: int, delta: Node) -> Node:
    """δ ∘ φ'(z)."""
    letters, shape = _letters(node.rank, delta.rank), delta.shape
    return product([(delta, letters), (slope(node), letters[delta.rank - node.rank :])], letters, shape)


def _letters(rank: int, with_extra: int) -> str:
    """Letters for an array whose first axes are extra."""
    return LETTERS[rank:with_extra] + LETTERS[:rank]


ACTIVATION = Operation("activation", lambda node, by, z: by.activate(*node.params, z), _vjp_of_activation)


def activation(function: BoundActivation, z: Node) -> Node:
    """φ(z), element by element."""
    return make(ACTIVATION, [z], z.shape, Activation(function))


def slope(activated: Node) -> Node:
    """φ'(z) of φ(z), or φ″(z) of φ'(z); a number where it is the same everywhere, as the identity's is."""
    params: Activation = activated.params
    if not params.order and params.function.formula == "q":
        return number(1, activated.shape)
    return make(ACTIVATION, activated.args, activated.shape, params._replace(order=params.order + 1))


def formula_of(params: Activation) -> Tree:
    """The activation in q by its name or as it was typed, or its derivative as people know it."""
    from netcalc.derivation.accumulate import gradient
    from netcalc.derivation.derive import applied, derivation
    from netcalc.derivation.forms import Forms

    function = params.function
    if not params.order:
        return applied(function) if function.has_kernels else derivation(function).value
    tree = derivation(function).shown
    for _ in range(params.order - 1):
        (tree,) = gradient(Forms(["q"]), tree, ["q"])
    return tree


# --- softmax and log_softmax, along the last axis


def _vjp_of_vector(node: Node, _: int, delta: Node) -> Node:
    """The whole Jacobian, transposed, times δ."""
    return make(JACOBIAN_PRODUCT, [node.args[0], delta], delta.shape, node.params)


def _vjp_of_jacobian_product(node: Node, place: int, delta: Node) -> Node | None:
    """That of the same product made of softmax, sums and products."""
    from netcalc.graph.backward import gradients

    return gradients(written_out(node), [node.args[place]], delta)[0]


def written_out(node: Node) -> Node:
    """A Jacobian product made of softmax, sums and products: p ∘ (δ - Σ δ ∘ p), or δ - p Σ δ."""
    from netcalc.graph.reductions import log_softmax, softmax

    z, above = node.args
    plain = {"softmax": softmax, "log_softmax": log_softmax}[node.params](z, -1).vjp(0, above)
    assert plain is not None  # noqa: S101 - both have a slope
    return plain


def _prints_vector(node: Node, arguments: tuple[Tree, ...]) -> Tree:
    along = [Apply("axis", (Number(Fraction(node.rank - 1)),))] if node.rank > 1 else []
    return Apply(node.params, (*arguments, *along))


VECTOR = Operation(
    "vector activation", lambda node, by, z: by.activate_rows(node.params, z), _vjp_of_vector, _prints_vector
)
JACOBIAN_PRODUCT = Operation(
    "Jacobian product",
    lambda node, by, z, delta: by.jacobian_product(node.params, np.broadcast_to(z, delta.shape), delta),
    _vjp_of_jacobian_product,
)


def vector_activation(name: str, z: Node) -> Node:
    """`softmax` or `log_softmax` of each row, in forms that lose no digits."""
    return make(VECTOR, [z], z.shape, name)


# --- losses


def _vjp_of_loss(node: Node, place: int, delta: Node) -> Node | None:
    """δ times the slope in the output; targets are given, so nothing flows to them."""
    if place:
        return None
    params: Loss = node.params
    sloped = make(LOSS, node.args, node.args[0].shape, params._replace(order=params.order + 1))
    extra = delta.rank - node.rank
    letters = _letters(sloped.rank, sloped.rank + extra)
    above: Factor = (delta, letters[: delta.rank])
    return product([above, (sloped, letters[extra:])], letters, delta.shape[:extra] + sloped.shape)


LOSS = Operation("loss", lambda node, by, a, t: by.loss(*node.params, a, t), _vjp_of_loss)


def loss(function: BoundLoss, a: Node, t: Node) -> Node:
    """The loss of outputs `a` (samples, n) against targets: in a's shape, or by sample a number a sample."""
    return make(LOSS, [a, t], a.shape[:-1] if function.by_sample else a.shape, Loss(function))


def by_sample(function: BoundLoss, output: Node, target: Node) -> Node:
    """A loss by sample as -Σ t·log(share): of shares, of logits by their log-softmax, or of logarithms as they are."""
    from netcalc.graph.elementwise import elementwise
    from netcalc.graph.reductions import log_softmax

    logarithms = output
    if function.of_probabilities:
        logarithms = elementwise("log", output)
    elif function.name == "cross-entropy":
        logarithms = log_softmax(output, -1)
    letters = LETTERS[: output.rank]
    return product([(target, letters), (logarithms, letters)], letters[:-1], output.shape[:-1], -1)
