"""The page of a small net's derivation: forward layer by layer, the loss, then δ from the last layer to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import is_softmax_simplified
from netcalc.explain.drawing import Page, by_name, leaves, transposed
from netcalc.explain.elements import whole
from netcalc.explain.explanation import MATRIX_LIMIT, literal
from netcalc.explain.layer import Layer
from netcalc.explain.layered import TWO, Formulas, half
from netcalc.explain.losses import Loss
from netcalc.expression import Apply, Tree
from netcalc.expression.tree import add, multiply, negate, power
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, matrix
from netcalc.problem import Problem, given_tensors
from netcalc.result import Step

ACROSS = 9  # columns of numbers that a line holds
SAMPLES = 4  # samples whose Jacobians are drawn
SHORT = 40  # characters of a formula that stands between others


class NetPage(Page):
    """The page that a small net's derivation is written on; what was found is drawn in full where it is found."""

    def __init__(self, problem: Problem, shown: Mapping[str, np.ndarray], formulas: Formulas) -> None:
        self.formulas, self.last = formulas, len(problem.layers)
        self.results = {name: leaves(array) for name, array in shown.items()}
        self.shown = shown
        named = {name: by_name(name, array, problem.index_from) for name, array in shown.items()}
        super().__init__(problem, named | given_tensors(problem))

    def steps(self) -> Iterator[Step]:
        numbers = range(1, self.last + 1)
        for number in numbers:
            yield from self.forward(number)
        if self.problem.decay is not None:
            yield self.penalty(self.problem.decay)
        if self.formulas.loss:
            yield from self.targets(self.formulas.loss)
            yield self.loss(self.formulas.loss)
        for number in reversed(numbers):
            yield from self.backward(number)
        if self.problem.lr is not None:
            yield from self.updates()

    def layer(self, number: int) -> Layer:
        return self.formulas.layers[number - 1]

    def forward(self, number: int) -> Iterator[Step]:
        """z and a."""
        layer = self.layer(number)
        rows = ", a row a sample" * self.problem.many
        b = None if layer.stated.b is None else Named(layer.names.b)
        heading = f"Layer {number}, forward: W{number} is {layer.outputs}×{layer.inputs}{rows}"
        yield self.drawn(layer.names.z, self.affine(Named(layer.names.W), Named(layer.names.v), b), heading)
        function = layer.of(whole(layer.names.z))
        yield Step(Named(layer.names.a), (function, *self.applied(layer), self.result(layer.names.a)))

    def applied(self, layer: Layer) -> Iterator[Display]:
        """φ of each number; nothing where that says no more."""
        if isinstance(layer.activation, BoundActivation) and layer.activation.name != "identity":
            yield self.each_entry(layer.a, layer.names.a)

    def penalty(self, rate: Tree) -> Step:
        """λ/2 times the squares of all weights."""
        heading = f"Weight decay: λ = {to_unicode(rate)}, of all weights and no bias"
        numbers = range(1, self.last + 1)
        norms = [power(Apply("norm", (whole(f"W{number}"),)), TWO) for number in numbers]
        formula = multiply(half(rate), add(*norms))
        found, size = self.shown["penalty"].item(), sum(layer.stated.W.size for layer in self.formulas.layers)
        squares = Formulas(self.problem, MATRIX_LIMIT).penalty
        written = (self.with_numbers(squares(), found),) if size <= MATRIX_LIMIT else ()
        return Step("penalty", (formula, *written, literal(found)), heading)

    def targets(self, loss: Loss) -> Iterator[Step]:
        """t, where it is made of y: smoothed, weighted by class, without the samples that are ignored."""
        weighing = loss.above.weighing
        if weighing is None:
            return
        said = []
        if weighing.smoothing is not None:
            said.append(f"smoothed, ε = {to_unicode(weighing.smoothing)} over {loss.outputs} classes")
        if weighing.weights is not None:
            said.append("times the weights w of their classes")
        if weighing.ignores:
            said.append("0 where a sample is ignored")
        entries = self.few_entries(loss.target, "t")
        heading = f"The targets: {', '.join(said)}"
        yield Step(Named("t"), (loss.target_of_tensors(), *entries, self.result("t")), heading)

    def loss(self, loss: Loss) -> Step:
        """The loss with its factor, and with its numbers."""
        above, m, n = loss.above, len(self.problem.x), loss.outputs
        factor = above.reduction.factor_text(by_sample=above.loss.by_sample)
        written = factor.replace("*", "·")
        value = f" = {above.factor(m, n)}" if factor != "1" else ""
        counts = f", of m = {m} and n = {n}" if "n" in factor else f", of m = {m}" if "m" in factor else ""
        if above.weighing and above.weighing.total is not None:
            written, counts = "1/Σ w", ", w of the samples' classes"
            if above.weighing.weights is None:
                written, counts = "1/m", f", of the m = {above.weighing.total} samples that count"
        heading = f"The loss: {above.loss.label}, {above.reduction.name}, so its factor is {written}{value}{counts}"
        found = self.shown["loss"].item()
        return Step("L", (loss.total(), *self.loss_with_numbers(loss, found), literal(found)), heading)

    def backward(self, number: int) -> Iterator[Step]:
        """∂L/∂a, δ = ∂L/∂z, and the gradients."""
        layer, delta = self.layer(number), Named(f"delta{number}")
        yield from self.above(number, f"Layer {number}, backward: δ{number} is ∂L/∂z{number}")
        yield from self.through(number, layer)
        slope: Display = self.outer(delta, Named(layer.names.v))
        if self.problem.decay is not None:
            slope = Sum((slope, Product((self.problem.decay, Named(layer.names.W)))))
        yield self.drawn(f"dL/dW{number}", slope)
        if layer.stated.b is not None:
            yield Step(Named(f"dL/db{number}"), (self.over_samples(delta, layer), self.result(f"dL/db{number}")))
        if number == 1:
            yield self.drawn("dL/dx", self.pulled_back(Named("W1"), delta))

    def above(self, number: int, heading: str) -> Iterator[Step]:
        """∂L/∂a: from the loss, from what is given, or from the layer above."""
        name, loss = f"dL/da{number}", self.formulas.loss
        if number < self.last:
            yield self.drawn(name, self.pulled_back(Named(f"W{number + 1}"), Named(f"delta{number + 1}")), heading)
        elif loss is None:
            yield Step(Named(name), (Named("delta"), self.result(name)), heading)
        else:
            entries = self.few_entries(loss.slope, f"da{number}")
            yield Step(Named(name), (loss.slope_of_tensors(), *entries, self.result(name)), heading)

    def few_entries(self, formula: Callable[[int, int], Tree], name: str) -> Iterator[Matrix]:
        """The same, if they are few enough to be read."""
        if self.shown[name].size <= MATRIX_LIMIT:
            yield self.each_entry(formula, name)

    def each_entry(self, formula: Callable[[int, int], Tree], name: str) -> Matrix:
        """A tensor's formula with the numbers of each of its entries."""
        array = self.shown[name]
        entries = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            sample, place = index if self.problem.many else (0, *index)
            entries[index] = self.with_numbers(formula(place, sample), array[index])
        return self.draw(entries)

    def through(self, number: int, layer: Layer) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z), or by the whole Jacobian."""
        name, above = Named(f"delta{number}"), Named(f"dL/da{number}")
        if not isinstance(layer.activation, BoundActivation):
            yield from self.jacobian(number, layer)
        elif layer.activation.name == "identity":
            yield Step(name, (above, self.result(name.text)))
        else:
            yield from self.by_slope(number, layer)
        if layer.is_fused and self.formulas.loss:
            formula = self.formulas.loss.slope_before_softmax_of_tensors()
            entries = self.few_entries(layer.dz, layer.names.dz)
            is_plain = loss_is_plain(self.formulas.loss, layer)
            proven = ", as SymPy proves," if is_plain and is_softmax_simplified(layer.outputs) else ""
            heading = f"Cross-entropy after softmax: the Jacobian times the loss's slope{proven} is"
            yield Step(name, (formula, *entries, self.result(name.text)), heading)

    def by_slope(self, number: int, layer: Layer) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z); where both are too wide for a line, the slope stands alone before."""
        name, above, slopes = f"delta{number}", Named(f"dL/da{number}"), self.result(f"s{number}")
        known = layer.slope_of_tensors()
        named = layer.slope_named(whole(layer.names.z))
        formulas = [named, known] if known != named and len(to_unicode(known)) <= SHORT else [named]
        numbers = Product((self.matrix(above.text), slopes), "∘")
        if _columns(numbers) > ACROSS:
            alone = Named(f"da{number}/dz{number}")
            yield Step(alone, (*formulas, slopes))
            yield Step(Named(name), (Product((above, alone), "∘"), self.result(name)))
            return
        yield Step(Named(name), (*(Product((above, part), "∘") for part in formulas), numbers, self.result(name)))

    def jacobian(self, number: int, layer: Layer) -> Iterator[Step]:
        """∂a/∂z of each sample, and δ by it."""
        delta, J, above = Named(f"delta{number}"), Named(f"da{number}/dz{number}"), Named(f"dL/da{number}")
        jacobians = self.shown.get(f"J{number}")
        if jacobians is None or len(jacobians) > SAMPLES:
            yield Step(delta, (layer.dz("j" if self.problem.many else "i", "i"), self.result(delta.text)))
            return
        own = range(layer.outputs)
        for sample, found in enumerate(jacobians):
            heading = f"The Jacobian of sample {sample + self.problem.index_from}: ∂a{number}/∂z{number}"
            formulas = [[layer.jacobian(i, j, sample) for j in own] for i in own]
            numbers = [[self.with_numbers(formulas[i][j], found[i, j]) for j in own] for i in own]
            parts = matrix(formulas), matrix(numbers), matrix(leaves(found))
            yield Step(J, parts, heading if self.problem.many else "")
        if not self.problem.many:
            numbers_of = Product((transposed(matrix(leaves(jacobians[0]))), self.matrix(above.text)))
            yield Step(delta, (Product((Transposed(J), above)), numbers_of, self.result(delta.text)))

    def updates(self) -> Iterator[Step]:
        """The weights after a step, all from the old ones."""
        rate = self.problem.lr
        assert rate is not None  # noqa: S101 - asked for where there is one
        heading = "A step of gradient descent, every weight from the old ones"
        for number, layer in enumerate(self.problem.layers, 1):
            for letter in ("W", "b") if layer.b is not None else ("W",):
                name = f"{letter}{number}"
                formula = add(whole(name), negate(multiply(rate, whole(f"dL/d{name}"))))
                parts = self.draw(self.tensors[name]), Product((rate, self.matrix(f"dL/d{name}")))
                yield Step(Named(f"{name}_new"), (formula, Sum(parts, "−"), self.result(f"{name}_new")), heading)
                heading = ""

    def drawn(self, name: str, display: Display, heading: str = "") -> Step:
        """name = display = that with its matrices, if they fit into a line, = the answer."""
        numbers = self.with_matrices(display)
        written = (numbers,) if _columns(numbers) <= ACROSS else ()
        return Step(Named(name), (display, *written, self.result(name)), heading)

    def matrix(self, name: str) -> Matrix:
        """A tensor by the name it has on the page, drawn; what is a formula is by its name."""
        return super().matrix(_name_of(name))

    def result(self, name: str) -> Matrix:
        """A tensor where it is found, its formulas in full."""
        return self.draw(self.results[_name_of(name)])


def loss_is_plain(loss: Loss, layer: Layer) -> bool:
    """Whether cross-entropy takes its targets as they are, of a softmax without a temperature."""
    return loss.above.weighing is None and layer.stated.temperature is None


def _name_of(written: str) -> str:
    """The name of a tensor that is written `dL/dW1`, or `delta1`."""
    name = written.removeprefix("dL/")
    return f"dz{name.removeprefix('delta')}" if name[-1].isdigit() and name.startswith("delta") else name


def _columns(display: Display) -> int:
    """How many columns of numbers stand beside each other."""
    if isinstance(display, Matrix):
        return len(display.entries[0])
    return sum(map(_columns, display.parts)) if isinstance(display, Product | Sum) else 0
