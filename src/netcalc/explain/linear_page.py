"""The page of a linear layer: drawn with its matrices, forward and backward, then every sum in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.explain.explanation import distinct, literal, slope_named
from netcalc.explain.indexed import Indexed
from netcalc.explain.page import Page
from netcalc.expression import Apply, Symbol, substitute
from netcalc.notation.displays import Display, Named, Product
from netcalc.notation.printer import WHOLE
from netcalc.problem import LossAndTarget, element
from netcalc.result import Step

U = Symbol(f"u{WHOLE}")
SPELLED = 64  # elements beyond which nobody reads every sum
JACOBIANS = {  # ∂a_k/∂u_i, and where k is i
    "softmax": "−a_{s}k·a_{s}i, and a_{s}i·(1 − a_{s}i)",
    "log_softmax": "−exp(a_{s}i), and 1 − exp(a_{s}i)",
}


def steps(formulas: Indexed, shown: Mapping[str, np.ndarray]) -> list[Step]:
    """The layer drawn as matrices, and every sum if they are few."""
    page = _Page(formulas, shown)
    is_spelled = sum(array.size for array in shown.values()) <= SPELLED
    return [*page.drawings(), *(page.sums() if is_spelled else ())]


class _Page(Page):
    """The page that a small layer is written on."""

    longest = 24

    def __init__(self, formulas: Indexed, shown: Mapping[str, np.ndarray]) -> None:
        (self.layer,) = formulas.problem.layers
        self.has_loss = isinstance(formulas.problem.upstream, LossAndTarget)
        found = {name: shown[label.name] for name, label in formulas.problem.names.items()}
        titles = {"dx": "dL/dv", "dW1": "dL/dW", "db1": "dL/db"}
        super().__init__(formulas, found, {**formulas.names, **titles})

    def drawings(self) -> Iterator[Step]:
        """The layer as it is written with matrices: forward, then backward. Many samples are rows."""
        m, n = self.layer.W.shape
        yield self.drawn("z1", f"Forward: W is {m}×{n}{self.rows}")
        if self.layer.activation is not None:
            is_typed = isinstance(self.layer.activation, BoundActivation) and not self.layer.activation.has_kernels
            functions = (*[Apply("phi", (U,))] * is_typed, self.formulas.whole("a1"))
            yield Step(Named("a"), (*functions, self.result("a1")), drawn=True)
        if self.has_loss:
            yield Step("loss", distinct(*self.loss()), "", "loss", drawn=True)
        yield Step(Named("du/dv"), (Named("W"), self.matrix("W1")), f"Backward{self.rows}", drawn=True)
        yield from self.drawn_above()
        yield self.drawn("dx")
        yield self.drawn("dW1")
        if self.layer.b is not None:
            yield self.bias(1)

    def drawn_above(self) -> Iterator[Step]:
        """∂L/∂u as it comes from the loss, and through the activation."""
        if self.has_loss:
            last = "dz1" if self.layer.activation is None or self.problem.is_fused else "da1"
            yield Step(self.title(last), (self.formulas.whole(last), self.result(last)), drawn=True)
        if self.layer.activation is None or self.problem.is_fused:
            return
        rule: tuple[Display, ...] = ()
        if isinstance(self.layer.activation, BoundActivation):
            slope = substitute(slope_named(self.layer.activation), {"q": U})
            rule = (Product((self.title("da1"), slope), "∘"), Product((self.matrix("da1"), self.matrix("s1")), "∘"))
        yield Step(Named("dL/du"), (*rule, self.result("dz1")), drawn=True)

    def sums(self) -> Iterator[Step]:
        """Every element: its sum, that with numbers, and what it is."""
        for own, array in self.found.items():
            name = self.problem.names[own].name
            if name == "loss" or self.formulas.name(own) == "delta":
                continue  # it is drawn, or given
            heading = self.heading(own)
            for index in np.ndindex(array.shape):
                formula, label = self.formulas.element(own, *index), element(name, index, self.problem.index_from)
                entry = array.item(index)
                chain = distinct(formula, self.with_numbers(formula, entry), literal(entry))
                yield Step(f"dL/{label}" if own[0] == "d" else label, chain, heading, label)
                heading = ""

    def heading(self, name: str) -> str:
        """The rule that the sums of one tensor follow, with generic indices; s is a sample."""
        s, summed = "s" * self.problem.many, "Σ_s " * self.problem.many
        bias = " + b_i" * (self.layer.b is not None)
        du = f"δ_{s}i" if self.titles["dz1"] == "delta" else f"∂L/∂u_{s}i"
        rules = {
            "z1": f"Forward: u_{s}i = Σ_j w_ij·v_{s}j{bias}",
            "a1": "The activation",
            "s1": "The slope of the activation",
            "da1": "Backward: the slope of the loss",
            "dx": f"∂L/∂v_{s}j = Σ_i w_ij·{du}: down the columns of W, along the rows of Wᵀ",
            "dW1": f"∂L/∂W_ij = {summed}{du}·v_{s}j",
            "db1": f"∂L/∂b_i = {summed}{du}",
        }
        return rules[name] if name in rules else self.through_activation()

    def through_activation(self) -> str:
        """How ∂L/∂u comes of ∂L/∂a, or of the loss."""
        if self.problem.is_fused:
            return "Backward: cross-entropy after softmax"
        if self.layer.activation is None:
            return "Backward: the slope of the loss"
        da, s = "∂L/∂a" if self.has_loss else "δ", "s" * self.problem.many
        if isinstance(self.layer.activation, str):
            jacobian = f"∂a_{s}k/∂u_{s}i is {JACOBIANS[self.layer.activation].format(s=s)} where k is i"
            return f"∂L/∂u_{s}i = Σ_k {da}_{s}k·∂a_{s}k/∂u_{s}i: {jacobian}"
        return f"∂L/∂u_{s}i = {da}_{s}i·∂a_{s}i/∂u_{s}i"
