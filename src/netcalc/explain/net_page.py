"""The page of a small net's derivation: forward layer by layer, the loss, then δ from the last layer to the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import is_softmax_simplified
from netcalc.explain.explanation import MATRIX_LIMIT, literal, slope_named
from netcalc.explain.indexed import Indexed
from netcalc.explain.page import Page, columns, leaves, turned
from netcalc.explain.weighing import half, penalty
from netcalc.expression import Apply, Symbol, Tree, substitute
from netcalc.expression.tree import TWO, add, multiply, negate, power
from netcalc.notation import to_unicode
from netcalc.notation.displays import Named, Product, Sum, Transposed, matrix
from netcalc.notation.printer import WHOLE
from netcalc.problem import Dense, LossAndTarget, Weighing
from netcalc.result import Step

SAMPLES = 4  # samples whose Jacobians are drawn
SHORT = 40  # characters of a formula that stands between others


class NetPage(Page):
    """The page that a small net's derivation is written on; what was found is drawn in full where it is found."""

    across = 9

    def __init__(self, formulas: Indexed, shown: Mapping[str, np.ndarray]) -> None:
        self.last = len(formulas.problem.layers)
        titles = {name: f"dL/{name}" for name in shown if name[0] == "d"}
        for n in range(1, self.last + 1):
            titles |= {f"dz{n}": f"delta{n}", f"J{n}": f"da{n}/dz{n}", f"s{n}": f"da{n}/dz{n}"}
        super().__init__(formulas, shown, titles)

    def steps(self) -> Iterator[Step]:
        numbers = range(1, self.last + 1)
        for number in numbers:
            yield from self.forward(number, self.problem.layers[number - 1])
        if self.problem.decay is not None:
            yield self.penalty(self.problem.decay)
        if isinstance(self.problem.upstream, LossAndTarget):
            if self.problem.upstream.weighing is not None:
                yield self.targets(self.problem.upstream.weighing)
            yield self.loss_step(self.problem.upstream)
        for number in reversed(numbers):
            yield from self.backward(number, self.problem.layers[number - 1])
        if self.problem.lr is not None:
            yield from self.updates()

    def forward(self, number: int, layer: Dense) -> Iterator[Step]:
        """z and a."""
        outputs, inputs = layer.W.shape
        yield self.drawn(f"z{number}", f"Layer {number}, forward: W{number} is {outputs}×{inputs}{self.rows}")
        name = f"a{number}"
        says_more = isinstance(layer.activation, BoundActivation) and layer.activation.name != "identity"
        entries = (self.each_entry(name),) if says_more else ()
        yield Step(self.title(name), (self.formulas.whole(name), *entries, self.result(name)))

    def penalty(self, rate: Tree) -> Step:
        """λ/2 times the squares of all weights."""
        heading = f"Weight decay: λ = {to_unicode(rate)}, of all weights and no bias"
        norms = [power(Apply("norm", (Symbol(f"W{number}{WHOLE}"),)), TWO) for number in range(1, self.last + 1)]
        found, size = self.found["penalty"].item(), sum(layer.W.size for layer in self.problem.layers)
        squares = penalty(self.problem, self.formulas.entry, MATRIX_LIMIT)
        written = (self.with_numbers(squares, found),) if size <= MATRIX_LIMIT else ()
        return Step("penalty", (multiply(half(self.problem), add(*norms)), *written, literal(found)), heading)

    def targets(self, weighing: Weighing) -> Step:
        """t, where it is made of y: smoothed, weighted by class, without the samples that are ignored."""
        said = []
        if weighing.smoothing is not None:
            classes = len(self.problem.layers[-1].W)
            said.append(f"smoothed, ε = {to_unicode(weighing.smoothing)} over {classes} classes")
        if weighing.weights is not None:
            said.append("times the weights w of their classes")
        if weighing.ignores:
            said.append("0 where a sample is ignored")
        return self.by_entry("t", f"The targets: {', '.join(said)}")

    def loss_step(self, above: LossAndTarget) -> Step:
        """The loss with its factor, and with its numbers."""
        m, n = len(self.problem.x), len(self.problem.layers[-1].W)
        factor = above.reduction.factor_text(by_sample=above.loss.by_sample)
        written = factor.replace("*", "·")
        value = f" = {above.factor(m, n)}" if factor != "1" else ""
        counts = f", of m = {m} and n = {n}" if "n" in factor else f", of m = {m}" if "m" in factor else ""
        if above.weighing and above.weighing.total is not None:
            written, counts = "1/Σ w", ", w of the samples' classes"
            if above.weighing.weights is None:
                written, counts = "1/m", f", of the m = {above.weighing.total} samples that count"
        heading = f"The loss: {above.loss.label}, {above.reduction.name}, so its factor is {written}{value}{counts}"
        return Step("L", tuple(self.loss()), heading)

    def backward(self, number: int, layer: Dense) -> Iterator[Step]:
        """∂L/∂a, δ = ∂L/∂z, and the gradients."""
        yield self.above(number, f"Layer {number}, backward: δ{number} is ∂L/∂z{number}")
        yield from self.through(number, layer)
        yield self.drawn(f"dW{number}")
        if layer.b is not None:
            yield self.bias(number)
        if number == 1:
            yield self.drawn("dx")

    def above(self, number: int, heading: str) -> Step:
        """∂L/∂a: from the loss, from what is given, or from the layer above."""
        name = f"da{number}"
        if number < self.last:
            return self.drawn(name, heading)
        if not isinstance(self.problem.upstream, LossAndTarget):
            return Step(self.title(name), (Named("delta"), self.result(name)), heading)
        return self.by_entry(name, heading)

    def by_entry(self, name: str, heading: str) -> Step:
        """What is done entry by entry; with its numbers, if they are few enough to be read."""
        entries = (self.each_entry(name),) if self.found[name].size <= MATRIX_LIMIT else ()
        return Step(self.title(name), (self.formulas.whole(name), *entries, self.result(name)), heading)

    def through(self, number: int, layer: Dense) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z), or by the whole Jacobian."""
        name, above = f"dz{number}", self.title(f"da{number}")
        if not isinstance(layer.activation, BoundActivation):
            yield from self.jacobian(number, layer)
        elif layer.activation.name == "identity":
            yield Step(self.title(name), (above, self.result(name)))
        else:
            yield from self.by_slope(number, layer.activation)
        if number == self.last and self.problem.is_fused:
            proven = ", as SymPy proves," if self.is_plain and is_softmax_simplified(len(layer.W)) else ""
            heading = f"Cross-entropy after softmax: the Jacobian times the loss's slope{proven} is"
            yield self.by_entry(name, heading)

    @property
    def is_plain(self) -> bool:
        """Whether cross-entropy takes its targets as they are, of a softmax without a temperature."""
        upstream = self.problem.upstream
        is_weighed = isinstance(upstream, LossAndTarget) and upstream.weighing is not None
        return not is_weighed and self.problem.layers[-1].temperature is None

    def by_slope(self, number: int, activation: BoundActivation) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z); where both are too wide for a line, the slope stands alone before."""
        above, alone = self.title(f"da{number}"), self.title(f"s{number}")
        delta, found, slopes = self.title(f"dz{number}"), self.result(f"dz{number}"), self.result(f"s{number}")
        known = self.formulas.whole(f"s{number}")
        named = substitute(slope_named(activation), {"q": Symbol(f"z{number}{WHOLE}")})
        formulas = [named, known] if known != named and len(to_unicode(known)) <= SHORT else [named]
        numbers = Product((self.matrix(f"da{number}"), slopes), "∘")
        if columns(numbers) > self.across:
            yield Step(alone, (*formulas, slopes))
            yield Step(delta, (Product((above, alone), "∘"), found))
            return
        yield Step(delta, (*(Product((above, part), "∘") for part in formulas), numbers, found))

    def jacobian(self, number: int, layer: Dense) -> Iterator[Step]:
        """∂a/∂z of each sample, and δ by it."""
        delta, J, above = (self.title(f"{name}{number}") for name in ("dz", "J", "da"))
        found = self.result(f"dz{number}")
        jacobians = self.found.get(f"J{number}")
        if jacobians is None or len(jacobians) > SAMPLES:
            yield Step(delta, (self.formulas.generic(f"dz{number}"), found))
            return
        own = range(len(layer.W))
        for sample, values in enumerate(jacobians):
            heading = f"The Jacobian of sample {sample + self.problem.index_from}: ∂a{number}/∂z{number}"
            formulas = [[self.formulas.jacobian(number, sample, i, j) for j in own] for i in own]
            numbers = [[self.with_numbers(formulas[i][j], values[i, j]) for j in own] for i in own]
            parts = matrix(formulas), matrix(numbers), matrix(leaves(values))
            yield Step(J, parts, heading if self.problem.many else "")
        if not self.problem.many:
            numbers_of = Product((turned(matrix(leaves(jacobians[0]))), self.matrix(f"da{number}")))
            yield Step(delta, (Product((Transposed(J), above)), numbers_of, found))

    def updates(self) -> Iterator[Step]:
        """The weights after a step, all from the old ones."""
        rate = self.problem.lr
        assert rate is not None  # noqa: S101 - asked for where there is one
        heading = "A step of gradient descent, every weight from the old ones"
        for name in (name for name in self.problem.names if name.endswith("_new")):
            old = name.removesuffix("_new")
            parts = self.draw(self.tensors[old]), Product((rate, self.matrix(f"d{old}")))
            formula = add(Symbol(f"{old}{WHOLE}"), negate(multiply(rate, Symbol(f"dL/d{old}{WHOLE}"))))
            yield Step(Named(name), (formula, Sum(parts, "−"), self.result(name)), heading)
            heading = ""
