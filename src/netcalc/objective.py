"""What is differentiated: the loss of the last output against its targets, and weight decay, as nodes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from netcalc.expression import Number, Tree
from netcalc.expression.tree import ONE, add, negate
from netcalc.graph.functions import loss
from netcalc.graph.leaves import given, named
from netcalc.graph.node import Node
from netcalc.graph.product import number, product, total
from netcalc.graph.sizes import concrete
from netcalc.problem import LossAndTarget, Problem, Weighing
from netcalc.records import NamedTuple

Nodes = dict[str, Node]


class Objective(NamedTuple):
    """What is `given` above the last output, what is `found` of it, and `losses`, a number a sample.

    Where δ is given, these are δ times the output.
    """

    given: Nodes
    found: Nodes
    losses: Node

    @property
    def target(self) -> Node:
        """The targets as the loss takes them."""
        return self.found["t"] if "t" in self.found else self.given["t"]

    @property
    def parts(self) -> Node:
        """Each sample's part of what is differentiated, an even share of the penalty in it: (samples,)."""
        penalty, samples = self.found.get("penalty"), concrete(self.losses.shape[0], {})
        if penalty is None:
            return self.losses
        return total([(self.losses, "i"), (penalty, "")], "i", (samples,), [1, Fraction(1, samples)])

    def total(self, losses: Node) -> Node:
        """The loss, from those of the samples: their sum, with the penalty."""
        summed, penalty = product([(losses, "i")], "", ()), self.found.get("penalty")
        return summed if penalty is None else total([(summed, ""), (penalty, "")], "", ())


def objective(problem: Problem, output: Node, weights: Sequence[Node]) -> Objective:
    """The loss of the output, or δ times it; and the penalty on these weights, where there is weight decay."""
    above = problem.upstream
    penalty: Nodes = {} if problem.decay is None else {"penalty": named("penalty", decay(problem.decay, weights))}
    if not isinstance(above, LossAndTarget):
        delta = given("delta", above.shape)
        parts = product([(delta, "ij"), (output, "ij")], "i", output.shape[:1])
        return Objective({"delta": delta}, penalty, parts)
    inputs: Nodes = {name: given(name, array.shape) for name, array in above.given.items()}
    made: Nodes = {} if above.weighing is None else {"t": named("t", weighed(above.weighing, **inputs))}
    target = {**inputs, **made}["t"]
    return Objective(inputs, made | penalty, losses(problem, output, target))


def losses(problem: Problem, output: Node, target: Node) -> Node:
    """factor · Σ loss(output/T, target), a number a sample."""
    above = problem.upstream
    assert isinstance(above, LossAndTarget)  # noqa: S101 - who calls it has seen to that
    samples, outputs = len(problem.x), len(problem.layers[-1].W)
    factor = above.factor(1 if problem.per_sample else samples, outputs)
    unreduced = loss(above.loss, cooled(output, above.temperature), target)
    return product([(unreduced, "ij"[: unreduced.rank])], "i", (samples,), factor)


def weighed(weighing: Weighing, y: Node, w: Node | None = None) -> Node:
    """t = w ∘ ((1 - ε) y + ε/n), 0 for samples that are ignored: y (…, n), w (n,) -> (…, n).

    Szegedy et al. 2016, section 7; torch.nn.functional.cross_entropy.
    """
    from netcalc.graph import build  # most problems have none of it
    from netcalc.graph.elementwise import constant

    target, e = y, weighing.smoothing
    if e is not None:
        kept = build.summed(y, -1, keep=True) if weighing.ignores else number(1)  # Σy is 1, or 0 of what is ignored
        uniform = build.divide(build.multiply(constant(e), kept), build.size(y.shape[-1]))
        target = build.add(build.multiply(constant(difference(ONE, e)), y), uniform)
    return target if w is None else build.multiply(w, target)


def cooled(z: Node, temperature: Tree | None) -> Node:
    """z/T. Hinton et al. 2015, section 2."""
    if temperature is None:
        return z
    from netcalc.graph.build import divide
    from netcalc.graph.elementwise import constant

    return divide(z, constant(temperature))


def decay(rate: Tree, weights: Sequence[Node]) -> Node:
    """λ/2 · Σ W², over all entries of all weights. Goodfellow et al. 2016, section 7.1.1."""
    from netcalc.graph import build
    from netcalc.graph.elementwise import constant

    squares = [build.summed(build.multiply(W, W)) for W in weights]
    return build.multiply(number(Fraction(1, 2)), constant(rate), build.add(*squares))


def difference(a: Tree, b: Tree) -> Tree:
    """a - b: one number where both are."""
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(a.value - b.value)
    return add(a, negate(b))
