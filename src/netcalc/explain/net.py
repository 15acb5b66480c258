"""A net explained as a course does it: forward layer by layer, the loss, then δ from the last layer to the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import is_softmax_simplified
from netcalc.explain.drawing import drawn, leaves, with_matrices
from netcalc.explain.explanation import Explanation
from netcalc.explain.layered import Formulas, whole
from netcalc.explain.paths import trace_steps
from netcalc.expression import Apply, Symbol, Tree, substitute, symbols
from netcalc.expression.tree import add, multiply, negate
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.problem import Against, Problem, element
from netcalc.result import Step

WIDEST = 8  # rows or columns of a matrix that is drawn
MOST = 600  # elements of an answer beyond which nobody reads every matrix
LISTED = 40  # elements up to which a table of them all is easier to read
ACROSS = 9  # columns of numbers that a line holds
SAMPLES = 4  # samples whose Jacobians are drawn


def net(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas layer by layer, the steps with their matrices, or the paths of a trace."""
    formulas = Formulas(problem)
    partials = [name for name in shown if name.startswith("d")]
    size = sum(array.size for name, array in shown.items() if name[0] not in "sJ")
    found: Iterable[Step] = ()
    if problem.trace:
        found = trace_steps(problem, shown, formulas)
    elif _is_small(problem, shown):
        found = Page(problem, shown, formulas).steps()
    is_drawn = problem.trace is not None or size > LISTED
    steps = [step._replace(chain=tuple(dict.fromkeys(step.chain)), drawn=is_drawn) for step in found]
    return Explanation(formulas.all(), dict.fromkeys(partials, "L"), tuple(steps), ())


def _is_small(problem: Problem, shown: Mapping[str, np.ndarray]) -> bool:
    widths = [len(problem.x), problem.x.shape[1], *(len(layer.W) for layer in problem.layers)]
    return max(widths) <= WIDEST and sum(array.size for array in shown.values()) <= MOST and not problem.per_sample


class Page:
    """The page that a small net's derivation is written on; what was found are leaves of formulas."""

    def __init__(self, problem: Problem, shown: Mapping[str, np.ndarray], formulas: Formulas) -> None:
        self.problem, self.formulas = problem, formulas
        self.last = len(problem.layers)
        self.results = {name: leaves(array) for name, array in shown.items()}
        named = {name: _by_name(name, array, problem.index_from) for name, array in self.results.items()}
        self.tensors = named | {name: leaves(array) for name, array in _given(problem).items()}

    def steps(self) -> Iterator[Step]:
        numbers = range(1, self.last + 1)
        for number in numbers:
            yield from self.forward(number)
        if isinstance(self.problem.above, Against):
            yield self.loss(self.problem.above)
        for number in reversed(numbers):
            yield from self.backward(number)
        if self.problem.lr is not None:
            yield from self.updates()

    def forward(self, number: int) -> Iterator[Step]:
        """z and a."""
        layer, v, W = self.problem.layers[number - 1], Named(self.formulas.before(number)), Named(f"W{number}")
        many = self.problem.many
        size = "×".join(map(str, layer.W.shape))
        heading = f"Layer {number}, forward: W{number} is {size}{', a row a sample' * many}"
        product = Product((v, Transposed(W))) if many else Product((W, v))
        yield self.drawn(f"z{number}", product if layer.b is None else Sum((product, Named(f"b{number}"))), heading)
        yield Step(Named(f"a{number}"), (self.function(number), *self.applied(number), self.result(f"a{number}")))

    def function(self, number: int) -> Tree:
        """φ(z), of the whole vector."""
        activation, z = self.problem.layers[number - 1].activation, whole(f"z{number}")
        if isinstance(activation, BoundActivation):
            return self.formulas.of(activation, z)
        return Apply(str(activation), (z,))

    def applied(self, number: int) -> Iterator[Display]:
        """φ of each number; nothing where that says no more."""
        activation = self.problem.layers[number - 1].activation
        if isinstance(activation, BoundActivation) and activation.name != "identity":
            z = self.matrix(f"z{number}")
            yield matrix([self.formulas.of(activation, entry) for entry in row] for row in z.entries)

    def loss(self, above: Against) -> Step:
        """The loss with its factor, and with its numbers."""
        formula = self.formulas.loss()
        numbers = self.formulas.loss_with(self.numbers(f"a{self.last}", "t"))
        m, n = len(self.problem.x), len(self.problem.layers[-1].W)
        factor = above.reduction.factor_text(by_sample=above.loss.by_sample)
        written = factor.replace("*", "·")
        value = f" = {above.factor(m, n)}" if factor != "1" else ""
        counts = f", of m = {m} and n = {n}" if "n" in factor else f", of m = {m}" if "m" in factor else ""
        heading = f"The loss: {above.loss.label}, {above.reduction.name}, so its factor is {written}{value}{counts}"
        return Step("L", (formula, *numbers, self.results["loss"].item()), heading)

    def numbers(self, *names: str) -> dict[str, Tree]:
        """What stands in formulas for each element of these tensors."""
        found: dict[str, Tree] = {}
        for name in names:
            array = self.tensors[name]
            for index in np.ndindex(array.shape):
                found[element(name, index, self.problem.index_from)] = array.item(index)
        return found

    def backward(self, number: int) -> Iterator[Step]:
        """∂L/∂a, δ = ∂L/∂z, and the gradients."""
        layer, many = self.problem.layers[number - 1], self.problem.many
        delta, v = Named(f"delta{number}"), Named(self.formulas.before(number))
        heading = f"Layer {number}, backward: δ{number} is ∂L/∂z{number}"
        yield from self.above(number, heading)
        yield from self.through(number)
        yield self.drawn(f"dL/dW{number}", Product((Transposed(delta), v)) if many else Product((delta, Transposed(v))))
        if layer.b is not None:
            summed = Apply("sum_s", (Symbol(f"delta{number}[s]"),))
            yield Step(Named(f"dL/db{number}"), (summed if many else delta, self.result(f"dL/db{number}")))
        if number == 1:
            W = Named("W1")
            yield self.drawn("dL/dx", Product((delta, W)) if many else Product((Transposed(W), delta)))

    def above(self, number: int, heading: str) -> Iterator[Step]:
        """∂L/∂a: from the loss, from what is given, or from the layer above."""
        name = f"dL/da{number}"
        if number < self.last:
            W, delta = Named(f"W{number + 1}"), Named(f"delta{number + 1}")
            pulled = Product((delta, W)) if self.problem.many else Product((Transposed(W), delta))
            yield self.drawn(name, pulled, heading)
        elif not isinstance(self.problem.above, Against):
            yield Step(Named(name), (Named("delta"), self.result(name)), heading)
        else:
            whole = self.formulas.from_above_whole()
            entries = self.each_entry(self.formulas.from_above(), f"a{number}", "t")
            yield Step(Named(name), (*whole, *entries, self.result(name)), heading)

    def each_entry(self, formula: Tree, *names: str) -> Iterator[Matrix]:
        """A formula by generic index with the numbers of each entry of the first tensor."""
        array = self.tensors[names[0]]
        if array.size > WIDEST:
            return
        numbers = self.numbers(*names)
        entries = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            entries[index] = substitute(self.formulas.own(formula, index), numbers)
        yield drawn(entries)

    def through(self, number: int) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z), or by the whole Jacobian."""
        activation, name, above = (
            self.problem.layers[number - 1].activation,
            f"delta{number}",
            Named(f"dL/da{number}"),
        )
        if isinstance(activation, BoundActivation):
            if activation.name == "identity":
                yield Step(Named(name), (above, self.result(name)))
                return
            function = self.function(number)
            called = function if activation.has_kernels else Apply("phi", (whole(f"z{number}"),))
            assert isinstance(called, Apply)  # noqa: S101 - a name applied
            slope = Apply(f"{called.operator}'", called.arguments)
            yield from self.by_slope(number, slope)
            return
        yield from self.jacobian(number)
        if self.formulas.is_fused(number):
            formula = self.formulas.through_whole()
            entries = self.each_entry(self.formulas.through(number), f"a{number}", "t")
            proven = ", as SymPy proves," if is_softmax_simplified(len(self.problem.layers[-1].W)) else ""
            heading = f"Cross-entropy after softmax: the Jacobian times the loss's slope{proven} is"
            yield Step(Named(name), (formula, *entries, self.result(name)), heading)

    def by_slope(self, number: int, slope: Tree) -> Iterator[Step]:
        """δ = ∂L/∂a ∘ φ'(z); where both are too wide for a line, the slope stands alone before."""
        name, above, slopes = f"delta{number}", Named(f"dL/da{number}"), self.result(f"s{number}")
        known = self.formulas.slope_whole(number)
        formulas = [slope] if known is None or known == slope else [slope, known]
        numbers = Product((self.matrix(above.text), slopes), "∘")
        if _columns(numbers) > ACROSS:
            alone = Named(f"da{number}/dz{number}")
            yield Step(alone, (*formulas, slopes))
            yield Step(Named(name), (Product((above, alone), "∘"), self.result(name)))
            return
        yield Step(Named(name), (*(Product((above, part), "∘") for part in formulas), numbers, self.result(name)))

    def jacobian(self, number: int) -> Iterator[Step]:
        """∂a/∂z of each sample, and δ by it."""
        name, above = f"delta{number}", Named(f"dL/da{number}")
        jacobians = self.results.get(f"J{number}")
        if jacobians is None or len(jacobians) > SAMPLES:
            yield Step(Named(name), (self.formulas.through(number), self.result(name)))
            return
        for sample, entries in enumerate(jacobians):
            heading = (
                f"The Jacobian of sample {sample + self.problem.index_from}: ∂a{number}/∂z{number}"
                if self.problem.many
                else ""
            )
            formula = self.formulas.jacobian(number, len(entries))
            own = self.numbers(f"a{number}")
            places = [(sample, i, j) if self.problem.many else (i, j) for i, j in np.ndindex(entries.shape)]
            symbolic = [self.formulas.own(one, place) for one, place in zip(formula, places, strict=True)]
            rows = np.array(symbolic, dtype=object).reshape(entries.shape)
            numbers = np.array([substitute(one, own) for one in symbolic], dtype=object).reshape(entries.shape)
            yield Step(Named(f"da{number}/dz{number}"), (matrix(rows), matrix(numbers), matrix(entries)), heading)
        if not self.problem.many:
            J = Named(f"da{number}/dz{number}")
            numbers_of = Product((matrix(zip(*jacobians[0], strict=True)), self.matrix(above.text)))
            yield Step(Named(name), (Product((Transposed(J), above)), numbers_of, self.result(name)))

    def updates(self) -> Iterator[Step]:
        """The weights after a step, all from the old ones."""
        rate = self.problem.lr
        assert rate is not None  # noqa: S101 - asked for where there is one
        heading = "A step of gradient descent, every weight from the old ones"
        for number, layer in enumerate(self.problem.layers, 1):
            for letter in ("W", "b") if layer.b is not None else ("W",):
                name = f"{letter}{number}"
                formula = add(whole(name), negate(multiply(rate, whole(f"dL/d{name}"))))
                parts = (self.matrix(name), Product((negate(rate), self.matrix(f"dL/d{name}"))))
                yield Step(Named(f"{name}_new"), (formula, Sum(parts), self.result(f"{name}_new")), heading)
                heading = ""

    def drawn(self, name: str, display: Display, heading: str = "") -> Step:
        """name = display = that with its matrices, if they fit into a line, = the answer."""
        numbers = with_matrices(display, self.matrix)
        written = (numbers,) if _columns(numbers) <= ACROSS else ()
        return Step(Named(name), (display, *written, self.result(name)), heading)

    def matrix(self, name: str) -> Matrix:
        """A tensor by the name it has on the page, drawn; what is a formula is by its name."""
        return self.draw(name, self.tensors)

    def result(self, name: str) -> Matrix:
        """A tensor where it is found, its formulas in full."""
        return self.draw(name, self.results)

    def draw(self, name: str, tensors: Mapping[str, np.ndarray]) -> Matrix:
        """Vectors are columns; where samples are rows, b is in every row."""
        if name.startswith("delta") and name != "delta":
            name = f"dz{name.removeprefix('delta')}"
        array, many = tensors[name.replace("dL/", "")], self.problem.many
        if many and array.ndim == 1:
            return matrix([tuple(array)] * (len(self.problem.x) if name[0] == "b" and "_" not in name else 1))
        return drawn(array) if array.ndim == 2 else column(array.ravel())


def _by_name(name: str, array: np.ndarray, index_from: int) -> np.ndarray:
    """Numbers and names as they are, formulas by the names of their entries."""
    found = array.copy()
    for index in np.ndindex(array.shape):
        if symbols(array.item(index)) and isinstance(array.item(index), Apply):
            found[index] = Symbol(element(name, index, index_from))
    return found


def _columns(display: Display) -> int:
    """How many columns of numbers stand beside each other."""
    if isinstance(display, Matrix):
        return len(display.entries[0])
    return sum(map(_columns, display.parts)) if isinstance(display, Product | Sum) else 0


def _given(problem: Problem) -> dict[str, np.ndarray]:
    """What was stated, by the names that formulas have for it; of one sample, vectors."""
    above = {"t": problem.above.target} if isinstance(problem.above, Against) else {"delta": problem.above}
    found = {name: problem.shaped(array, None if problem.many else (-1,)) for name, array in above.items()}
    found["x"] = problem.shaped(problem.x, None if problem.many else (-1,))
    for number, layer in enumerate(problem.layers, 1):
        found |= {f"W{number}": layer.W} | ({} if layer.b is None else {f"b{number}": layer.b})
    return found
