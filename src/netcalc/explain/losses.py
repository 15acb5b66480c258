"""A loss as a formula in one output and its target, and its slope there; by sample, with the softmax it has inside."""

from __future__ import annotations

from netcalc.catalogue.losses import BoundLoss
from netcalc.derivation.derive import loss_derivation
from netcalc.explain.explanation import times
from netcalc.expression import Apply, Tree, parse, substitute
from netcalc.expression.tree import add, divide, negate


def loss_term(loss: BoundLoss, a: Tree, t: Tree, share: Tree) -> Tree:
    """The part of a loss that output `a` has against target `t`; `share` is the softmax of `a` among the outputs."""
    if not loss.by_sample:
        return substitute(parse(loss.formula), {"a": a, "t": t})
    logarithm = a
    if loss.of_probabilities:
        logarithm = Apply("log", (a,))
    elif loss.name == "cross-entropy":
        logarithm = Apply("log", (share,))
    return negate(times(t, logarithm))


def loss_slope(loss: BoundLoss, a: Tree, t: Tree, share: Tree) -> Tree:
    """The slope of that loss in output `a`, before the factor."""
    if not loss.by_sample:
        return substitute(loss_derivation(loss)[2], {"a": a, "t": t})
    if loss.name == "nll":
        return negate(t)
    return divide(negate(t), a) if loss.of_probabilities else add(share, negate(t))
