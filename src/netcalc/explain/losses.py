"""The formulas of a loss above a layer, with its factor: the loss itself, its slope, and both with a softmax inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

from netcalc.derivation.derive import loss_derivation, loss_formula
from netcalc.explain.elements import Elements, Place, exp, minus, whole
from netcalc.explain.explanation import ONE, times
from netcalc.expression import Apply, Number, Symbol, Tree, substitute
from netcalc.expression.numerals import of_float64
from netcalc.expression.tree import add, divide, multiply, negate
from netcalc.objective import difference
from netcalc.problem import LossAndTarget, Problem, Weighing

MOST_TERMS = 8  # of a loss with its numbers
NEARLY = 1e-9  # float64 sums of a distribution
ZERO = Number(Fraction(0))


class Loss(Elements):
    """The loss as formulas in the elements of `output`, the last layer's, and of t."""

    def __init__(self, problem: Problem, above: LossAndTarget, output: str, terms: int) -> None:
        super().__init__(problem, terms)
        self.above, self.row, self.output = above, above.loss, output
        self.outputs = len(problem.layers[-1].W)
        self.samples: Sequence[Place] = ["i"] if problem.per_sample else range(len(problem.x))

    def total(self) -> Tree:
        """The loss with its factor, over all samples, or of one where each has its own; and the penalty."""
        loss = self._summed()
        return loss if self.problem.decay is None else add(loss, Symbol("penalty"))

    def _summed(self) -> Tree:
        if len(self.samples) * self.outputs <= self.terms:
            return self.scaled(add(*(self.term(k, s) for s in self.samples for k in range(self.outputs))))
        one = len(self.samples) == 1
        term, letters = self.term("k", self.samples[0] if one else "s"), "sum_k" if one else "sum_sk"
        if isinstance(term, Apply) and term.operator == "negate":
            return self.scaled(minus(Apply(letters, term.arguments)))
        return self.scaled(Apply(letters, (term,)))

    def with_numbers(self, numbers: Mapping[str, Tree]) -> tuple[Tree, ...]:
        """The loss written out with its numbers, terms without weight left out; nothing where it is too long."""
        terms = []
        for sample, place in product(range(len(self.problem.x)), range(self.outputs)):
            t = numbers[self.at("t", place, sample).name]
            if t != ZERO or not self.row.by_sample:
                terms.append(substitute(self.term(place, sample, t), numbers))
        if not 0 < len(terms) <= MOST_TERMS:
            return ()
        penalty = [] if self.problem.decay is None else [numbers["penalty"]]
        return (add(self.scaled(add(*terms)), *penalty),)

    def term(self, place: Place, sample: Place, t: Tree | None = None) -> Tree:
        """The part of the loss that one output has against its target, before the factor."""
        a, t = self.at(self.output, place, sample), self.at("t", place, sample) if t is None else t
        if not self.row.by_sample:
            return substitute(loss_formula(self.row), {"a": a, "t": t})
        logarithm: Tree = a
        if self.row.of_probabilities:
            logarithm = Apply("log", (a,))
        elif self.row.name == "cross-entropy":
            logarithm = Apply("log", (self.share(place, sample),))
        return negate(times(t, logarithm))

    def slope(self, place: Place, sample: Place) -> Tree:
        """∂L/∂(an output)."""
        a, t = self.at(self.output, place, sample), self.at("t", place, sample)
        return self._slope(a, t, self._weighted(self.share(place, sample), sample))

    def target(self, place: Place, sample: Place) -> Tree:
        """t of one output, as it is made of y: w·((1 - ε)·y + ε/n)."""
        weighing = self._weighing
        y = self.at("y", place, sample)
        kept: Tree = ONE
        if weighing.ignores and weighing.smoothing is not None:
            kept = self.summed(self.outputs, lambda k: self.at("y", k, sample))
        return self._weighed(y, kept, self.entry("w", place))

    def target_of_tensors(self) -> Tree:
        """The same of whole tensors."""
        ignores = self._weighing.ignores and self._weighing.smoothing is not None
        kept = Apply("sum_k", (Symbol("y[k]"),)) if ignores else ONE
        return self._weighed(whole("y"), kept, whole("w"))

    @property
    def _weighing(self) -> Weighing:
        assert self.above.weighing is not None  # noqa: S101 - asked for where targets are weighed
        return self.above.weighing

    def _weighed(self, y: Tree, kept: Tree, w: Tree) -> Tree:
        e, weights = self._weighing.smoothing, self._weighing.weights
        target = y
        if e is not None:
            target = add(times(difference(ONE, e), y), times(divide(e, Number(Fraction(self.outputs))), kept))
        return target if weights is None else multiply(w, target)

    def slope_of_tensors(self) -> Tree:
        """The same of whole tensors."""
        a = whole(self.output)
        return self._slope(a, whole("t"), self._weighted(Apply("softmax", (self.cooled(a),))))

    def slope_before_softmax(self, place: Place, sample: Place) -> Tree:
        """∂L/∂z of cross-entropy after a softmax, whose output is `a`: a - t, over its temperature."""
        a, t = self.at(self.output, place, sample), self.at("t", place, sample)
        return self.scaled(self.cooled(add(self._weighted(a, sample), negate(t))))

    def slope_before_softmax_of_tensors(self) -> Tree:
        """The same of whole tensors."""
        return self.scaled(self.cooled(add(self._weighted(whole(self.output)), negate(whole("t")))))

    def share(self, place: Place, sample: Place) -> Tree:
        """The softmax of one output among them all."""
        powers = self.summed(self.outputs, lambda other: exp(self.cooled(self.at(self.output, other, sample))), "l")
        return divide(exp(self.cooled(self.at(self.output, place, sample))), powers)

    def cooled(self, tree: Tree) -> Tree:
        """A tree over the temperature of the softmax, if it has one."""
        temperature = self.above.temperature or self.problem.layers[-1].temperature
        return tree if temperature is None else divide(tree, temperature)

    def scaled(self, tree: Tree) -> Tree:
        """A tree times the loss's factor, which is one over a whole number; a minus and a fraction stay outside it."""
        value = 1 / self.above.factor(len(self.samples), self.outputs)
        if value == 1:
            return tree
        divisor = Number(value, repr(float(value)) if of_float64(value) else "")
        if isinstance(tree, Apply) and tree.operator == "negate":
            return negate(self.scaled(tree.arguments[0]))
        if isinstance(tree, Apply) and tree.operator == "divide":
            above, below = tree.arguments
            return divide(above, times(below, divisor))
        return divide(tree, divisor)

    def _slope(self, a: Tree, t: Tree, share: Tree) -> Tree:
        if not self.row.by_sample:
            return self.scaled(substitute(loss_derivation(self.row)[2], {"a": a, "t": t}))
        if self.row.name == "nll":
            return self.scaled(negate(t))
        return self.scaled(negate(divide(t, a)) if self.row.of_probabilities else self.cooled(add(share, negate(t))))

    def _weighted(self, share: Tree, sample: Place | None = None) -> Tree:
        """A share of the softmax, times the sum of the targets where that is not known to be 1."""
        if not self.row.by_sample or self._is_distribution:
            return share
        if sample is None:
            return multiply(share, Apply("sum_k", (Symbol("t[k]"),)))
        return multiply(share, self.summed(self.outputs, lambda k: self.at("t", k, sample)))

    @property
    def _is_distribution(self) -> bool:
        """Whether every sample's targets are known to sum to 1."""
        target, weighing = self.above.target, self.above.weighing
        if weighing and (weighing.ignores or weighing.weights is not None):
            return False
        if target.dtype != object:
            return bool((abs(target.sum(axis=1) - 1) < NEARLY).all())
        return all(all(isinstance(t, Number) for t in row) and sum(t.value for t in row) == 1 for row in target)
