"""The formulas of a layer u = W v + b, its activation and its backward pass, by generic index or for one element."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import applied, derivation
from netcalc.explain.explanation import ONE, times
from netcalc.explain.losses import loss_slope, loss_term
from netcalc.expression import Apply, Number, Symbol, Tree, substitute
from netcalc.expression.tree import add, divide, multiply, negate
from netcalc.problem import Against, Dense, Problem, labelled

TERMS, LOSS_TERMS = 8, 4  # a longer sum is written with a Σ
ZERO = Number(Fraction(0))
Place = int | str  # an element's place from 0, or the letter of a generic index


class Layer(NamedTuple):
    """How the elements of a problem of one layer depend on each other; of many samples, theirs is the first index."""

    problem: Problem

    @property
    def stated(self) -> Dense:
        """The layer as it was stated."""
        return self.problem.layers[0]

    @property
    def against(self) -> Against | None:
        """The loss above, if there is one."""
        return self.problem.above if isinstance(self.problem.above, Against) else None

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.problem.x)

    @property
    def outputs(self) -> int:
        """m."""
        return int(self.stated.W.shape[0])

    @property
    def inputs(self) -> int:
        """n."""
        return int(self.stated.W.shape[1])

    @property
    def output(self) -> str:
        """The letter of what the layer puts out: `a` behind an activation."""
        return "u" if self.stated.activation is None else "a"

    @property
    def above(self) -> str:
        """What ∂L/∂(output) is called: δ where it is given."""
        return f"dL/d{self.output}" if self.against else "delta"

    @property
    def reached(self) -> str:
        """What ∂L/∂u is called: δ where it is given."""
        return "dL/du" if self.against or self.stated.activation is not None else "delta"

    @property
    def given(self) -> str:
        """The partial that was given, as δ; nothing where a loss was."""
        return "" if self.against else f"d{self.output}"

    def at(self, letter: str, *places: Place) -> Symbol:
        """An element by its places."""
        shift = self.problem.index_from
        return Symbol(labelled(letter, [place if isinstance(place, str) else str(place + shift) for place in places]))

    def of(self, letter: str, place: Place, sample: Place) -> Symbol:
        """An element of a samples' tensor."""
        return self.at(letter, *((sample, place) if self.problem.many else (place,)))

    def formulas(self) -> dict[str, Tree]:
        """By generic index: of (sample,) place for samples' tensors."""
        sample, place = "i", "j" if self.problem.many else "i"
        of_samples = {"u": self.u, "a": self.a, "da/du": self.slope, "da": self.da, "du": self.du, "dv": self.dv}
        made = {name: formula(place, sample) for name, formula in of_samples.items()}
        return made | {"dW": self.dW("i", "j"), "db": self.db("i"), "loss": self.loss()}

    def u(self, place: Place, sample: Place) -> Tree:
        """Σₖ W[i,k]·v[k] + b[i]."""
        terms = summed(("k",), (self.inputs,), lambda k: multiply(self.at("W", place, k), self.of("v", k, sample)))
        return terms if self.stated.b is None else add(terms, self.at("b", place))

    def a(self, place: Place, sample: Place) -> Tree:
        """φ(u[i]), by its name where it has one."""
        activation, u = self.stated.activation, self.of("u", place, sample)
        if activation is None:
            return u
        if isinstance(activation, BoundActivation):
            named = applied(activation) if activation.has_kernels else derivation(activation).value
            return substitute(named, {"q": u})
        powers = summed(("k",), (self.outputs,), lambda k: Apply("exp", (self.of("u", k, sample),)))
        if activation == "softmax":
            return divide(Apply("exp", (u,)), powers)
        return add(u, Apply("negate", (Apply("log", (powers,)),)))

    def slope(self, place: Place, sample: Place) -> Tree:
        """φ'(u[i]) as people know it."""
        activation = self.stated.activation
        if not isinstance(activation, BoundActivation):
            return ONE
        return substitute(derivation(activation).shown, {"q": self.of("u", place, sample)})

    def da(self, place: Place, sample: Place) -> Tree:
        """∂L/∂(output): the loss's slope with its factor, or δ."""
        if self.against is None:
            return self.of("delta", place, sample)
        a, t = self.of(self.output, place, sample), self.of("t", place, sample)
        return times(self.factor, loss_slope(self.against.loss, a, t, self.share(place, sample)))

    def du(self, place: Place, sample: Place) -> Tree:
        """∂L/∂u: ∂L/∂a·φ'(u), for a whole vector's activation by its Jacobian."""
        activation = self.stated.activation
        if activation is None:
            return self.da(place, sample)
        if self.is_fused:
            return times(self.factor, add(self.of("a", place, sample), negate(self.of("t", place, sample))))
        above = self.of(self.above, place, sample)
        if isinstance(activation, BoundActivation):
            return times(above, self.slope(place, sample))
        a = self.of("a", place, sample)
        if activation == "softmax":
            mean = summed(
                ("k",), (self.outputs,), lambda k: multiply(self.of("a", k, sample), self.of(self.above, k, sample))
            )
            return multiply(a, add(above, Apply("negate", (mean,))))
        total = summed(("k",), (self.outputs,), lambda k: self.of(self.above, k, sample))
        return add(above, Apply("negate", (multiply(Apply("exp", (a,)), total),)))

    def dv(self, place: Place, sample: Place) -> Tree:
        """Σₖ W[k,j]·δ[k]."""
        return summed(
            ("k",), (self.outputs,), lambda k: multiply(self.at("W", k, place), self.of(self.reached, k, sample))
        )

    def dW(self, i: Place, j: Place) -> Tree:
        """δ[i]·v[j], summed over samples."""
        return self._over_samples(lambda s: multiply(self.of(self.reached, i, s), self.of("v", j, s)))

    def db(self, i: Place) -> Tree:
        """δ[i], summed over samples."""
        return self._over_samples(lambda s: self.of(self.reached, i, s))

    def loss(self) -> Tree:
        """The whole loss, with its factor."""
        return times(self.factor, summed(("s", "k"), (self.samples, self.outputs), self._loss_term, LOSS_TERMS))

    def loss_with(self, numbers: Mapping[str, Tree]) -> tuple[Tree, ...]:
        """The loss with its numbers, terms without weight left out; nothing where it is long."""
        terms = []
        for sample, place in product(range(self.samples), range(self.outputs)):
            weight = numbers[self.of("t", place, sample).name]
            if weight != ZERO or not (self.against and self.against.loss.by_sample):
                terms.append(substitute(self._loss_term(sample, place), numbers))
        return (times(self.factor, add(*terms)),) if 0 < len(terms) <= LOSS_TERMS else ()

    def _loss_term(self, sample: Place, place: Place) -> Tree:
        if self.against is None:
            return ONE
        a, t = self.of(self.output, place, sample), self.of("t", place, sample)
        return loss_term(self.against.loss, a, t, self.share(place, sample))

    def loss_slope(self) -> Tree:
        """∂L/∂(output) as a formula in whole tensors; ∂L/∂u where a softmax is one with its cross-entropy."""
        assert self.against  # noqa: S101 - asked for where there is one
        a = Symbol(self.output)
        if self.is_fused:
            return times(self.factor, add(a, negate(Symbol("t"))))
        return times(self.factor, loss_slope(self.against.loss, a, Symbol("t"), Apply("softmax", (a,))))

    def share(self, place: Place, sample: Place) -> Tree:
        """The softmax of one output among them all."""
        whole = summed(("k",), (self.outputs,), lambda k: Apply("exp", (self.of(self.output, k, sample),)), LOSS_TERMS)
        return divide(Apply("exp", (self.of(self.output, place, sample),)), whole)

    @property
    def is_fused(self) -> bool:
        """Whether the loss is cross-entropy of this layer's softmax: its slope in u is a - t."""
        return self.against is not None and self.against.loss.of_probabilities and self.stated.activation == "softmax"

    @property
    def factor(self) -> Number:
        """What the summed loss is multiplied by."""
        return Number(self.against.factor(self.samples, self.outputs) if self.against else Fraction(1))

    def _over_samples(self, term: Callable[[Place], Tree]) -> Tree:
        return summed(("s",), (self.samples,), term) if self.problem.many else term(0)


def summed(letters: Sequence[str], counts: Sequence[int], term: Callable[..., Tree], most: int = TERMS) -> Tree:
    """The sum of `term` over places, written out if it has at most so many terms, else with a Σ over the letters."""
    if math.prod(counts) <= most:
        terms = [term(*places) for places in product(*map(range, counts))]
        return add(*terms) if len(terms) > 1 else terms[0]
    return Apply(f"sum_{''.join(letters)}", (term(*letters),))
