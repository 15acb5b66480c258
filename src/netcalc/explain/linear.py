"""A linear layer explained: u = W v + b drawn with its matrices, then Wᵀδ with W transposed, then every sum in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.explain.drawing import Page, by_name, leaves
from netcalc.explain.elements import Place, whole
from netcalc.explain.explanation import Explanation, distinct, literal
from netcalc.explain.layer import Layer, Names
from netcalc.explain.losses import Loss
from netcalc.expression import Tree
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product
from netcalc.problem import LossAndTarget, Problem, element, given_tensors
from netcalc.result import LazySteps, Step

TERMS, LOSS_TERMS = 8, 4  # a longer sum is written with a Σ
DRAWN = 8  # rows or columns beyond which a matrix is not drawn
SHORT = 24  # characters of a formula that is repeated in further ones
SPELLED = 64  # elements beyond which nobody reads every sum
PARTIALS = ("da", "du", "dv", "dW", "db")
OF_SAMPLES = {"u": Layer.z, "a": Layer.a, "da/du": Layer.slope, "da": Layer.da, "du": Layer.dz, "dv": Layer.dv}
JACOBIANS = {  # ∂a_k/∂u_i, and where k is i
    "softmax": "−a_{s}k·a_{s}i, and a_{s}i·(1 − a_{s}i)",
    "log_softmax": "−exp(a_{s}i), and 1 − exp(a_{s}i)",
}
SUMMED = "dW and db are summed over the samples; dv has a row a sample"


def linear(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas by generic index, the layer drawn as matrices if they are small, and every sum."""
    layer = _layer(problem)
    is_drawn = max(layer.outputs, layer.inputs, len(problem.x)) <= DRAWN
    steps = LazySteps(partial(_steps, layer, shown)) if is_drawn else ()
    partials = dict.fromkeys((name for name in PARTIALS if name != _given(layer)), "L")
    return Explanation(_formulas(layer), partials, steps, (SUMMED,) if problem.many else ())


def _steps(layer: Layer, shown: Mapping[str, np.ndarray]) -> list[Step]:
    """The layer drawn as matrices, and every sum if they are few."""
    page = _Page(layer, shown)
    is_spelled = sum(array.size for array in shown.values()) <= SPELLED
    return [*page.drawings(), *(page.sums() if is_spelled else ())]


def _layer(problem: Problem) -> Layer:
    """The problem's one layer, and the loss above it."""
    above, activated = problem.upstream, problem.layers[0].activation is not None
    output = "a" if activated else "u"
    loss = Loss(problem, above, output, LOSS_TERMS) if isinstance(above, LossAndTarget) else None
    names = Names(
        *("v", "W", "b", "u", output),
        da=f"dL/d{output}" if loss else "delta",
        dz="dL/du" if loss or activated else "delta",
    )
    return Layer(problem, 1, names, loss, TERMS, in_output=False)


def _given(layer: Layer) -> str:
    """The partial that was given, as δ; nothing where a loss was."""
    return "" if layer.above else f"d{layer.names.a}"


def _formulas(layer: Layer) -> dict[str, Tree]:
    """By name, each by generic index: `u[i]`, or `u[i,j]` where i is a sample."""
    place = "j" if layer.problem.many else "i"
    found = {name: formula(layer, place, "i") for name, formula in OF_SAMPLES.items()}
    found |= {"dW": layer.dW("i", "j"), "db": layer.db("i")}
    return found | {"loss": layer.above.total()} if isinstance(layer.above, Loss) else found


class _Page(Page):
    """The page that a small layer is written on."""

    def __init__(self, layer: Layer, shown: Mapping[str, np.ndarray]) -> None:
        self.layer, self.shown = layer, shown
        found = {f"dL/{name}" if name in PARTIALS else name: array for name, array in shown.items()}
        named = {name: _in_short(name, array, layer.problem.index_from) for name, array in found.items()}
        super().__init__(layer.problem, {**given_tensors(layer.problem), **named})

    def result(self, name: str) -> Matrix:
        """A tensor where it is found, its formulas in full."""
        return self.draw(leaves(self.shown[name.removeprefix("dL/")]))

    def drawings(self) -> Iterator[Step]:
        """The layer as it is written with matrices: forward, then backward. Many samples are rows."""
        layer, rows = self.layer, ", a row a sample" * self.problem.many
        W, v, reached = Named("W"), Named("v"), Named(layer.names.dz)
        b = None if layer.stated.b is None else Named("b")
        yield self.drawn("u", self.affine(W, v, b), f"Forward: W is {layer.outputs}×{layer.inputs}{rows}")
        if layer.activation is not None:
            u = whole("u")
            functions = dict.fromkeys((layer.named(u), layer.of(u)))  # what φ is too, where it was typed
            yield Step(Named("a"), (*functions, self.result("a")), drawn=True)
        if isinstance(layer.above, Loss):
            loss = self.shown["loss"].item()
            chain = (layer.above.total(), *self.loss_with_numbers(layer.above, loss), literal(loss))
            yield Step("loss", distinct(*chain), "", "loss", drawn=True)
        yield Step(Named("du/dv"), (W, self.matrix("W")), f"Backward{rows}", drawn=True)
        yield from self.drawn_above()
        yield self.drawn("dL/dv", self.pulled_back(W, reached))
        yield self.drawn("dL/dW", self.outer(reached, v))
        if b is not None:
            yield Step(Named("dL/db"), (self.over_samples(reached, layer), self.result("dL/db")), drawn=True)

    def drawn_above(self) -> Iterator[Step]:
        """∂L/∂u as it comes from the loss, and through the activation."""
        layer, da = self.layer, self.layer.names.da
        if isinstance(layer.above, Loss) and layer.is_fused:
            fused = layer.above.slope_before_softmax_of_tensors()
            yield Step(Named("dL/du"), (fused, self.result("dL/du")), drawn=True)
            return
        if isinstance(layer.above, Loss):
            yield Step(Named(da), (layer.above.slope_of_tensors(), self.result(da)), drawn=True)
        if layer.activation is None:
            return
        rule: tuple[Display, ...] = ()
        if isinstance(layer.activation, BoundActivation):
            rule = (
                Product((Named(da), layer.slope_named(whole("u"))), "∘"),
                Product((self.matrix(da), self.matrix("da/du")), "∘"),
            )
        yield Step(Named("dL/du"), (*rule, self.result("dL/du")), drawn=True)

    def drawn(self, name: str, display: Display, heading: str = "") -> Step:
        """name = display = that with its matrices = the answer."""
        return Step(Named(name), (display, self.with_matrices(display), self.result(name)), heading, drawn=True)

    def sums(self) -> Iterator[Step]:
        """Every element: its sum, that with numbers, and what it is."""
        layer = self.layer
        for name, array in self.shown.items():
            if name in ("loss", _given(layer)):
                continue  # it is drawn, or given
            heading = self.heading(name)
            for index in np.ndindex(array.shape):
                formula, label = self.formula(name, index), element(name, index, self.problem.index_from)
                entry = array.item(index)
                chain = distinct(formula, self.with_numbers(formula, entry), literal(entry))
                yield Step(f"dL/{label}" if name in PARTIALS else label, chain, heading, label)
                heading = ""

    def heading(self, name: str) -> str:
        """The rule that the sums of one tensor follow, with generic indices; s is a sample."""
        layer, s = self.layer, "s" * self.problem.many
        summed, bias = "Σ_s " * self.problem.many, " + b_i" * (layer.stated.b is not None)
        du = f"δ_{s}i" if layer.names.dz == "delta" else f"∂L/∂u_{s}i"
        rules = {
            "u": f"Forward: u_{s}i = Σ_j w_ij·v_{s}j{bias}",
            "a": "The activation",
            "da/du": "The slope of the activation",
            "da": "Backward: the slope of the loss",
            "dv": f"∂L/∂v_{s}j = Σ_i w_ij·{du}: down the columns of W, along the rows of Wᵀ",
            "dW": f"∂L/∂W_ij = {summed}{du}·v_{s}j",
            "db": f"∂L/∂b_i = {summed}{du}",
        }
        return rules[name] if name in rules else self.through_activation()

    def through_activation(self) -> str:
        """How ∂L/∂u comes of ∂L/∂a, or of the loss."""
        layer = self.layer
        if layer.is_fused:
            return "Backward: cross-entropy after softmax"
        if layer.activation is None:
            return "Backward: the slope of the loss"
        da, s = "∂L/∂a" if layer.above else "δ", "s" * self.problem.many
        if isinstance(layer.activation, str):
            jacobian = f"∂a_{s}k/∂u_{s}i is {JACOBIANS[layer.activation].format(s=s)} where k is i"
            return f"∂L/∂u_{s}i = Σ_k {da}_{s}k·∂a_{s}k/∂u_{s}i: {jacobian}"
        return f"∂L/∂u_{s}i = {da}_{s}i·∂a_{s}i/∂u_{s}i"

    def formula(self, name: str, index: tuple[Place, ...]) -> Tree:
        """The formula of one element."""
        if name in OF_SAMPLES:
            sample, place = index if self.problem.many else (0, *index)
            return OF_SAMPLES[name](self.layer, place, sample)
        return self.layer.dW(*index) if name == "dW" else self.layer.db(*index)


def _in_short(name: str, array: np.ndarray, index_from: int) -> np.ndarray:
    """What was found as it goes into further formulas: by the names of its entries, where they are long."""
    longest = max(len(to_unicode(entry)) for entry in leaves(array).flat)
    return by_name(name, array, index_from) if longest > SHORT else array
