"""The formulas of a net, layer by layer, in δ and a: never one expanded expression."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial

import numpy as np

from netcalc.explain.elements import Elements
from netcalc.explain.explanation import Written, times
from netcalc.explain.layer import Layer, Names
from netcalc.explain.losses import Loss
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import add, divide, multiply, negate, power
from netcalc.problem import LossAndTarget, Problem

TWO = Number(Fraction(2))
WRITTEN_OUT = 4  # terms of a sum that are written out; more are a Σ


class Formulas(Elements):
    """What each tensor of a net is: its layers, from the first, and the loss above them if there is one."""

    def __init__(self, problem: Problem, terms: int = WRITTEN_OUT) -> None:
        super().__init__(problem, terms)
        last = len(problem.layers)
        self.loss = (
            Loss(problem, problem.upstream, f"a{last}", terms) if isinstance(problem.upstream, LossAndTarget) else None
        )
        above: Layer | Loss | None = self.loss
        self.layers: list[Layer] = []
        for number in range(last, 0, -1):
            above = Layer(problem, number, _names(number), above, terms, in_output=True)
            self.layers.insert(0, above)

    def all(self) -> Mapping[str, Tree]:
        """By name, each by generic index: `z1[i]`, or `z1[i,j]` where i is a sample."""
        place = "j" if self.problem.many else "i"
        found: dict[str, Callable[[], Tree]] = {}
        for number, layer in enumerate(self.layers, 1):
            of_samples = {"z": layer.z, "a": layer.a, "da": layer.da, "s": layer.slope, "dz": layer.dz}
            found |= {f"{name}{number}": partial(formula, place, "i") for name, formula in of_samples.items()}
            found[f"J{number}"] = partial(Symbol, f"J{number}")
            found |= self._gradients(number, layer)
        found |= {"dx": partial(self.layers[0].dv, place, "i"), "paths": partial(Symbol, "path")}
        found |= {"penalty": self.penalty}
        return Written(
            found | {"loss": self.loss.total, "t": partial(self.loss.target, place, "i")} if self.loss else found
        )

    def penalty(self) -> Tree:
        """λ/2 times the squares of all weights."""
        rate = self.problem.decay
        assert rate is not None  # noqa: S101 - asked for where there is one
        return multiply(
            half(rate), add(*(one for number in range(len(self.layers)) for one in self._squares(number + 1)))
        )

    def _squares(self, number: int) -> Iterator[Tree]:
        """The squares of a layer's weights."""
        name, W = f"W{number}", self.problem.layers[number - 1].W
        if W.size > self.terms:
            yield Apply("sum_jk", (power(self.entry(name, "j", "k"), TWO),))
        else:
            yield from (power(self.entry(name, *index), TWO) for index in np.ndindex(W.shape))

    def _gradients(self, number: int, layer: Layer) -> dict[str, Callable[[], Tree]]:
        """∂L/∂W and ∂L/∂b, and the weights after a step."""
        W, b = f"W{number}", f"b{number}"
        if self.problem.per_sample:
            return {f"d{W}": partial(layer.dW, "j", "k", "i"), f"d{b}": partial(layer.db, "j", "i")}
        return {
            f"d{W}": partial(layer.dW, "i", "j"),
            f"d{b}": partial(layer.db, "i"),
            f"{W}_new": partial(self._updated, W, "i", "j"),
            f"{b}_new": partial(self._updated, b, "i"),
        }

    def _updated(self, name: str, *places: str) -> Tree:
        """An entry after a step of gradient descent."""
        rate = self.problem.lr
        assert rate is not None  # noqa: S101 - asked for where there is one
        return add(self.entry(name, *places), negate(times(rate, self.entry(f"d{name}", *places))))


def half(rate: Tree) -> Tree:
    """λ/2."""
    return Number(rate.value / 2) if isinstance(rate, Number) else divide(rate, TWO)


def _names(number: int) -> Names:
    v = f"a{number - 1}" if number > 1 else "x"
    return Names(v, *(f"{letter}{number}" for letter in ("W", "b", "z", "a", "da", "dz")))
