"""A linear layer explained: u = W v + b drawn with its matrices, then Wᵀδ with W transposed, then every sum in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import applied, derivation
from netcalc.explain.explanation import Explanation, distinct, leaf, literal
from netcalc.explain.layer import Layer
from netcalc.expression import Symbol, Tree, substitute
from netcalc.expression.tree import Apply
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.problem import Against, Problem, element
from netcalc.result import Step

DRAWN = 8  # rows or columns beyond which a matrix is not drawn
WIDEST = 16  # characters of a number that is drawn
SPELLED = 64  # elements beyond which nobody reads every sum
PARTIALS = ("da", "du", "dv", "dW", "db")
HEADINGS = {
    "u": "Forward: u_i = Σ_j w_ij·v_j + b_i",
    "a": "The activation",
    "da/du": "The slope of the activation",
    "da": "Backward: the slope of the loss",
    "du": "∂L/∂u",
    "dv": "∂L/∂v_j = Σ_i w_ij·∂L/∂u_i: down the columns of W, along the rows of Wᵀ",
    "dW": "∂L/∂W_ij = ∂L/∂u_i·v_j",
    "db": "∂L/∂b_i = ∂L/∂u_i",
}
SUMMED = "dW and db are summed over the samples; dv has a row a sample"


def linear(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas by generic index, the layer drawn as matrices if they are small, and every sum."""
    layer = Layer(problem)
    steps: list[Step] = []
    if max(layer.outputs, layer.inputs, layer.samples) <= DRAWN:
        page = _Page(layer, {name: each(literal, array) for name, array in shown.items()})
        steps += page.drawings()
        if page.elements <= SPELLED:
            steps += page.sums()
    notes = (SUMMED,) if problem.many else ()
    return Explanation(
        layer.formulas(), dict.fromkeys((name for name in PARTIALS if name != layer.given), "L"), tuple(steps), notes
    )


@dataclass(frozen=True)
class _Page:
    """The page that a small layer is written on; `shown` holds what was found, as leaves of formulas."""

    layer: Layer
    shown: Mapping[str, np.ndarray]

    @property
    def elements(self) -> int:
        return sum(array.size for array in self.shown.values())

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """Everything given or found, by the names that formulas have for it."""
        problem, stated = self.layer.problem, self.layer.stated
        given = {"W": stated.W, "v": problem.x}
        if isinstance(problem.above, Against):
            given["t"] = problem.above.target
        else:
            given["delta"] = problem.above
        if stated.b is not None:
            given["b"] = stated.b
        found = {"dL/" + name if name in PARTIALS else name: array for name, array in self.shown.items()}
        return {name: each(leaf, array) for name, array in given.items()} | found

    def drawings(self) -> Iterator[Step]:
        """The layer as it is written with matrices: forward, then backward. Many samples are rows."""
        W, v, b, reached = Named("W"), Named("v"), Named("b"), Named(self.layer.reached)
        many = self.layer.problem.many
        product = Product((v, Transposed(W))) if many else Product((W, v))
        heading = f"Forward: W is {self.layer.outputs}×{self.layer.inputs}" + ", a row a sample" * many
        yield self.drawn("u", product if self.layer.stated.b is None else Sum((product, b)), heading)
        if self.layer.stated.activation is not None:
            yield Step(Named("a"), (*self.functions(), self.matrix("a")), drawn=True)
        if self.layer.against:
            yield self.drawn_loss()
        yield Step(Named("du/dv"), (W, self.matrix("W")), "Backward" + ", a row a sample" * many, drawn=True)
        yield from self.drawn_above()
        yield self.drawn("dL/dv", Product((reached, W)) if many else Product((Transposed(W), reached)))
        yield self.drawn("dL/dW", Product((Transposed(reached), v)) if many else Product((reached, Transposed(v))))
        if self.layer.stated.b is not None:
            summed = Apply("sum_s", (self.layer.at(self.layer.reached, "s"),))
            yield Step(Named("dL/db"), (summed if many else reached, self.matrix("dL/db")), drawn=True)

    def drawn_loss(self) -> Step:
        """The loss with its factor, then with its numbers."""
        chain = distinct(self.layer.loss(), *self.layer.loss_with(self.numbers()), self.shown["loss"].item())
        return Step("loss", chain, "", "loss", drawn=True)

    def drawn_above(self) -> Iterator[Step]:
        """∂L/∂u as it comes from the loss, and through the activation."""
        layer = self.layer
        if layer.is_fused:
            yield Step(Named("dL/du"), (layer.loss_slope(), self.matrix("dL/du")), drawn=True)
            return
        if layer.against:
            yield Step(Named(layer.above), (layer.loss_slope(), self.matrix(layer.above)), drawn=True)
        if layer.stated.activation is None:
            return
        rule: tuple[Display, ...] = ()
        if isinstance(layer.stated.activation, BoundActivation):
            slope = self.function()
            named = Product((Named(layer.above), Apply(f"{slope.operator}'", slope.arguments)), "∘")
            rule = named, Product((self.matrix(layer.above), self.matrix("da/du")), "∘")
        yield Step(Named("dL/du"), (*rule, self.matrix("dL/du")), drawn=True)

    def function(self) -> Apply:
        """φ(u)."""
        activation, u = self.layer.stated.activation, Symbol("u")
        if isinstance(activation, BoundActivation) and not activation.has_kernels:
            return Apply("phi", (u,))
        if isinstance(activation, BoundActivation):
            named = substitute(applied(activation), {"q": u})
            assert isinstance(named, Apply)  # noqa: S101 - a name applied
            return named
        return Apply(str(activation), (u,))

    def functions(self) -> tuple[Tree, ...]:
        """φ(u), and what φ is where it was typed."""
        activation = self.layer.stated.activation
        if not isinstance(activation, BoundActivation) or activation.has_kernels:
            return (self.function(),)
        return self.function(), substitute(derivation(activation).value, {"q": Symbol("u")})

    def drawn(self, name: str, display: Display, heading: str = "") -> Step:
        """name = display = that with its matrices = the answer."""
        return Step(Named(name), (display, self.with_matrices(display), self.matrix(name)), heading, drawn=True)

    def with_matrices(self, display: Display) -> Display:
        """The same, matrices in the place of names."""
        if isinstance(display, Named):
            return self.matrix(display.text)
        if isinstance(display, Transposed) and isinstance(display.of, Named):
            return matrix(zip(*self.matrix(display.of.text).entries, strict=True))
        if isinstance(display, Product | Sum):
            return display._replace(parts=tuple(map(self.with_matrices, display.parts)))
        return display

    def matrix(self, name: str) -> Matrix:
        """A tensor drawn: samples are rows, vectors columns, and where samples are rows b is in every row."""
        array, many = self.tensors[name], self.layer.problem.many
        if name in ("W", "dL/dW"):
            return matrix(array)
        if many and name == "b":
            return matrix([tuple(array)] * self.layer.samples)
        return matrix(array) if many and array.ndim == 2 else column(array.ravel())

    def sums(self) -> Iterator[Step]:
        """Every element: its sum, that with numbers, and what it is."""
        layer, numbers = self.layer, self.numbers()
        for name, array in self.shown.items():
            if name in ("loss", layer.given):
                continue  # it is drawn, or given
            heading = self.heading(name)
            for index in np.ndindex(array.shape):
                yield self.spelled(name, index, array.item(index), numbers, heading)
                heading = ""

    def heading(self, name: str) -> str:
        return HEADINGS[name].replace("∂L/∂u_i", "δ_i") if self.layer.reached == "delta" else HEADINGS[name]

    def spelled(
        self, name: str, index: tuple[int, ...], answer: Tree, numbers: Mapping[str, Tree], heading: str
    ) -> Step:
        formula = self.formula(name, index)
        label = element(f"dL/{name}" if name in PARTIALS else name, index, self.layer.problem.index_from)
        chain = distinct(formula, substitute(formula, numbers), answer)
        return Step(label, chain, heading, element(name, index, self.layer.problem.index_from))

    def formula(self, name: str, index: tuple[int, ...]) -> Tree:
        """The formula of one element."""
        layer = self.layer
        if name in ("dW", "db"):
            return layer.dW(*index) if name == "dW" else layer.db(*index)
        if name == "loss":
            return layer.loss()
        sample, place = index if layer.problem.many else (0, *index)
        of_samples = {"u": layer.u, "a": layer.a, "da/du": layer.slope, "da": layer.da, "du": layer.du, "dv": layer.dv}
        return of_samples[name](place, sample)

    def numbers(self) -> dict[str, Tree]:
        """What stands in formulas for the name of each element."""
        layer, found = self.layer, dict[str, Tree]()
        for name, array in self.tensors.items():
            whole = array if name in ("W", "dL/dW", "b", "dL/db") or layer.problem.many else array.ravel()
            for index in np.ndindex(whole.shape):
                found[element(name, index, layer.problem.index_from)] = whole.item(index)
        return found
