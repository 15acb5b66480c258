"""The formulas of a layer z = W v + b, a = φ(z) and of its backward pass, element by element, in its own z, a and δ."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import derivation
from netcalc.explain.elements import Elements, Place, exp, minus, whole
from netcalc.explain.explanation import ONE, formula_of, replaced, slope_named, times
from netcalc.explain.losses import Loss
from netcalc.expression import Apply, Tree, substitute
from netcalc.expression.tree import add, divide, multiply, negate
from netcalc.problem import Problem


class Names(NamedTuple):
    """What a layer's tensors are called: what goes in, the parameters, W v + b, what comes out, ∂L/∂a and ∂L/∂z."""

    v: str
    W: str
    b: str
    z: str
    a: str
    da: str
    dz: str


class Layer(Elements):
    """A layer of a problem, and what is above it; nothing where δ is given.

    A place and a sample are numbers from 0 or letters. `in_output` writes slopes in terms of a where that is how they
    are known: a(1 - a).
    """

    def __init__(
        self, problem: Problem, number: int, names: Names, above: Layer | Loss | None, terms: int, in_output: bool
    ) -> None:
        super().__init__(problem, terms)
        self.stated, self.names, self.above, self.in_output = problem.layers[number - 1], names, above, in_output
        self.outputs, self.inputs = self.stated.W.shape
        self.activation = self.stated.activation

    @property
    def is_fused(self) -> bool:
        """Whether the loss is cross-entropy of this layer's softmax: its slope in z is a - t."""
        return isinstance(self.above, Loss) and self.above.row.of_probabilities and self.activation == "softmax"

    def z(self, place: Place, sample: Place) -> Tree:
        """Σₖ W[i,k]·v[k] + b[i]."""
        names = self.names
        terms = self.summed(self.inputs, lambda k: multiply(self.entry(names.W, place, k), self.at(names.v, k, sample)))
        return terms if self.stated.b is None else add(terms, self.entry(names.b, place))

    def a(self, place: Place, sample: Place) -> Tree:
        """φ(z[i])."""
        z = self.at(self.names.z, place, sample)
        if not isinstance(self.activation, str):
            return self.of(z)
        powers = self.summed(self.outputs, lambda k: exp(self.cooled(self.at(self.names.z, k, sample))))
        own = self.cooled(z)
        return divide(exp(own), powers) if self.activation == "softmax" else add(own, negate(Apply("log", (powers,))))

    def of(self, z: Tree) -> Tree:
        """φ(z): the activation's name applied, or the formula that was typed."""
        if isinstance(self.activation, str):
            return Apply(self.activation, (self.cooled(z),))
        if self.activation is None or self.activation.name == "identity":
            return z
        return substitute(formula_of(self.activation), {"q": z})

    def cooled(self, tree: Tree) -> Tree:
        """A tree over the temperature of the layer's softmax, if it has one."""
        return tree if self.stated.temperature is None else divide(tree, self.stated.temperature)

    def named(self, z: Tree) -> Tree:
        """φ(z) by its name, which is φ where it was typed."""
        is_typed = isinstance(self.activation, BoundActivation) and not self.activation.has_kernels
        return Apply("phi", (z,)) if is_typed else self.of(z)

    def slope_named(self, z: Tree) -> Tree:
        """φ'(z) by its name."""
        assert isinstance(self.activation, BoundActivation)  # noqa: S101 - a vector's activation has a Jacobian
        return substitute(slope_named(self.activation), {"q": z})

    def slope(self, place: Place, sample: Place) -> Tree:
        """φ'(z[i]) as people know it."""
        return self._slope(self.at(self.names.z, place, sample), self.at(self.names.a, place, sample))

    def slope_of_tensors(self) -> Tree:
        """The same of whole tensors."""
        return self._slope(whole(self.names.z), whole(self.names.a))

    def jacobian(self, row: int, column: int, sample: Place) -> Tree:
        """∂a[i]/∂z[j] of softmax, a[i](1 - a[i]) and -a[i]a[j], or of log_softmax, 1 - exp(a[j]) and -exp(a[j])."""
        return self.cooled(self._jacobian(row, column, sample))

    def _jacobian(self, row: int, column: int, sample: Place) -> Tree:
        a, b = self.at(self.names.a, row, sample), self.at(self.names.a, column, sample)
        if self.activation == "log_softmax":
            return add(ONE, negate(exp(b))) if row == column else negate(exp(b))
        return multiply(a, add(ONE, negate(a))) if row == column else negate(multiply(a, b))

    def da(self, place: Place, sample: Place) -> Tree:
        """∂L/∂a: the loss's slope with its factor, what comes back through the layer above, or δ."""
        if isinstance(self.above, Loss):
            return self.above.slope(place, sample)
        return self.at("delta", place, sample) if self.above is None else self.above.dv(place, sample)

    def dz(self, place: Place, sample: Place) -> Tree:
        """∂L/∂z: ∂L/∂a·φ'(z), for a vector's activation by its Jacobian."""
        if self.activation is None:
            return self.da(place, sample)
        if self.is_fused:
            assert isinstance(self.above, Loss)  # noqa: S101 - as above
            return self.above.slope_before_softmax(place, sample)
        da, a = self.at(self.names.da, place, sample), self.at(self.names.a, place, sample)
        if isinstance(self.activation, BoundActivation):
            return times(da, self.slope(place, sample))
        if self.activation == "softmax":
            return self.cooled(multiply(a, add(da, minus(self._over_outputs(sample, weighted=True)))))
        return self.cooled(add(da, negate(multiply(exp(a), self._over_outputs(sample, weighted=False)))))

    def dv(self, place: Place, sample: Place) -> Tree:
        """∂L/∂v: Σₖ W[k,j]·δ[k]."""
        names = self.names
        return self.summed(
            self.outputs, lambda k: multiply(self.entry(names.W, k, place), self.at(names.dz, k, sample))
        )

    def dW(self, row: Place, column: Place, sample: Place | None = None) -> Tree:
        """∂L/∂W: δ[i]·v[j], summed over samples, or of one; with weight decay, λ·W[i,j] too."""
        names, rate = self.names, self.problem.decay
        slope = self._over_samples(lambda s: multiply(self.at(names.dz, row, s), self.at(names.v, column, s)), sample)
        return slope if rate is None else add(slope, times(rate, self.entry(names.W, row, column)))

    def db(self, row: Place, sample: Place | None = None) -> Tree:
        """∂L/∂b: δ[i], summed over samples, or of one."""
        return self._over_samples(lambda s: self.at(self.names.dz, row, s), sample)

    def _slope(self, z: Tree, a: Tree) -> Tree:
        if not isinstance(self.activation, BoundActivation):
            return ONE
        known = substitute(derivation(self.activation).shown, {"q": z})
        return replaced(known, {self.of(z): a}) if self.in_output else known

    def _over_outputs(self, sample: Place, *, weighted: bool) -> Tree:
        """Σₖ ∂L/∂a[k], each times its a[k] if weighted."""
        a, da = self.names.a, self.names.da
        return self.summed(
            self.outputs, lambda k: times(self.at(da, k, sample), self.at(a, k, sample) if weighted else None)
        )

    def _over_samples(self, term: Callable[[Place], Tree], sample: Place | None) -> Tree:
        if sample is not None or not self.problem.many:
            return term(0 if sample is None else sample)
        return self.summed(len(self.problem.x), term, "s")
