"""The formulas of a net, layer by layer, in δ and a: never one expanded expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import applied, derivation
from netcalc.explain.explanation import ONE, replaced, times
from netcalc.explain.losses import loss_slope, loss_term
from netcalc.expression import Apply, Number, Symbol, Tree, substitute
from netcalc.expression.tree import add, divide, multiply, negate
from netcalc.notation import to_unicode
from netcalc.notation.printer import WHOLE
from netcalc.problem import Against, Problem, labelled
from netcalc.result import at_index

ZERO = Number(Fraction(0))
MOST_TERMS = 8  # of a loss with its numbers
NEARLY = 1e-9  # float64 sums of a distribution
SHORT = 40  # characters of a formula that stands between others
WRITTEN_OUT = 4  # terms of a sum that are written out; more are a Σ

Place = str | int


class Formulas(NamedTuple):
    """What each tensor of a net is, by generic index: `z1[i]`, or `z1[i,j]` where i is a sample."""

    problem: Problem
    written_out: int = WRITTEN_OUT

    @property
    def unit(self) -> str:
        """The letter of a unit's place."""
        return "j" if self.problem.many else "i"

    def all(self) -> dict[str, Tree]:
        """By name."""
        found: dict[str, Tree] = {}
        last = len(self.problem.layers)
        for number in range(1, last + 1):
            above = self.from_above() if number == last else self.pulled(number + 1)
            found |= {
                f"z{number}": self.sum(number),
                f"a{number}": self.activated(number),
                f"da{number}": above,
                f"s{number}": self.slope(number),
                f"J{number}": Symbol(f"J{number}"),
                f"dz{number}": self.through(number),
            }
            found |= self.gradients(number)
        found["dx"] = self.pulled(1)
        if isinstance(self.problem.above, Against):
            found["loss"] = self.loss()
        return found | {"paths": Symbol("path")}

    def at(self, name: str, unit: Place, sample: Place = "i") -> Symbol:
        """A vector's entry: `z1[i]`, of a sample where there are many."""
        return self.entry(name, (sample, unit) if self.problem.many else (unit,))

    def entry(self, name: str, places: tuple[Place, ...]) -> Symbol:
        """`W1[0,i]`: numbers are places, which the answer may count from 1; letters stay."""
        shown = [place if isinstance(place, str) else str(place + self.problem.index_from) for place in places]
        return Symbol(labelled(name, shown))

    def summed(self, count: int, term: Callable[[Place], Tree], letter: str = "k") -> Tree:
        """term(0) + term(1) + …, or Σ term(letter) where they are many."""
        if count > self.written_out:
            return Apply(f"sum_{letter}", (term(letter),))
        return add(*(term(place) for place in range(count)))

    def before(self, number: int) -> str:
        """What goes into a layer."""
        return f"a{number - 1}" if number > 1 else "x"

    def sum(self, number: int) -> Tree:
        """Σ W[u,k]·v[k] + b[u]."""
        layer, unit = self.problem.layers[number - 1], self.unit
        v = self.before(number)
        terms = self.summed(layer.W.shape[1], lambda k: multiply(self.entry(f"W{number}", (unit, k)), self.at(v, k)))
        return terms if layer.b is None else add(terms, self.entry(f"b{number}", (unit,)))

    def activated(self, number: int) -> Tree:
        """φ(z)."""
        activation = self.problem.layers[number - 1].activation
        z = self.at(f"z{number}", self.unit)
        if isinstance(activation, BoundActivation):
            return self.of(activation, z)
        width = len(self.problem.layers[number - 1].W)
        share = divide(exp(z), self.summed(width, lambda k: exp(self.at(f"z{number}", k))))
        return share if activation == "softmax" else Apply("log", (share,))

    def of(self, activation: BoundActivation, z: Tree) -> Tree:
        """φ(z): the activation's name applied, or the formula that was typed."""
        named = applied(activation) if activation.has_kernels else derivation(activation).value
        return z if activation.name == "identity" else substitute(named, {"q": z})

    def slope(self, number: int) -> Tree:
        """φ'(z), in terms of a where that is how it is known: a(1 - a)."""
        activation = self.problem.layers[number - 1].activation
        z, a = self.at(f"z{number}", self.unit), self.at(f"a{number}", self.unit)
        if not isinstance(activation, BoundActivation):
            return Symbol(f"J{number}")
        known = substitute(derivation(activation).shown, {"q": z})
        return known if activation.name == "identity" else replaced(known, {self.of(activation, z): a})

    def slope_whole(self, number: int) -> Tree | None:
        """φ'(z) in whole tensors, where it is short enough for a line."""
        activation = self.problem.layers[number - 1].activation
        z, a = whole(f"z{number}"), whole(f"a{number}")
        if not isinstance(activation, BoundActivation):
            return None
        known = substitute(derivation(activation).shown, {"q": z})
        slope = replaced(known, {self.of(activation, z): a})
        return slope if len(to_unicode(slope)) <= SHORT else None

    def through(self, number: int) -> Tree:
        """∂L/∂z."""
        layer = self.problem.layers[number - 1]
        da = self.at(f"da{number}", self.unit)
        a = self.at(f"a{number}", self.unit)
        width = len(layer.W)
        if isinstance(layer.activation, BoundActivation):
            return times(da, self.slope(number))
        if self.is_fused(number):
            return self.scaled(add(self.weighted(a, "i"), negate(self.at("t", self.unit))))
        if layer.activation == "softmax":
            others = self.summed(width, lambda k: multiply(self.at(f"da{number}", k), self.at(f"a{number}", k)))
            return multiply(a, add(da, minus(others)))
        total = self.summed(width, lambda k: self.at(f"da{number}", k))
        return add(da, negate(multiply(exp(a), total)))

    def pulled(self, number: int) -> Tree:
        """∂L/∂(what goes into a layer): Σ W[k,u]·δ[k]."""
        W = self.problem.layers[number - 1].W
        delta = f"dz{number}"
        return self.summed(len(W), lambda k: multiply(self.entry(f"W{number}", (k, self.unit)), self.at(delta, k)))

    def gradients(self, number: int) -> dict[str, Tree]:
        """∂L/∂W and ∂L/∂b, and the weights after a step."""
        delta, v, samples = f"dz{number}", self.before(number), len(self.problem.x)
        if self.problem.per_sample:
            dW: Tree = multiply(self.entry(delta, ("i", "j")), self.entry(v, ("i", "k")))
            db: Tree = self.entry(delta, ("i", "j"))
        elif self.problem.many:
            dW = self.summed(samples, lambda s: multiply(self.entry(delta, (s, "i")), self.entry(v, (s, "j"))), "s")
            db = self.summed(samples, lambda s: self.entry(delta, (s, "i")), "s")
        else:
            dW, db = multiply(self.entry(delta, ("i",)), self.entry(v, ("j",))), self.entry(delta, ("i",))
        found = {f"dW{number}": dW, f"db{number}": db}
        if self.problem.lr is not None:
            for name, places in ((f"W{number}", ("i", "j")), (f"b{number}", ("i",))):
                step = times(self.problem.lr, self.entry(f"d{name}", places))
                found[f"{name}_new"] = add(self.entry(name, places), negate(step))
        return found

    @property
    def against(self) -> Against:
        """The loss, asked for where there is one."""
        assert isinstance(self.problem.above, Against)  # noqa: S101 - as it says
        return self.problem.above

    @property
    def factor(self) -> Fraction:
        """What the losses' sum is multiplied by."""
        samples = 1 if self.problem.per_sample else len(self.problem.x)
        return self.against.factor(samples, len(self.problem.layers[-1].W))

    def scaled(self, tree: Tree) -> Tree:
        """A tree times the loss's factor, which is one over a whole number."""
        divisor = 1 / self.factor
        return tree if divisor == 1 else divide(tree, Number(divisor))

    def loss(self) -> Tree:
        """The loss with its factor, over all samples, or of one where each has its own."""
        outputs = len(self.problem.layers[-1].W)
        samples: Sequence[Place] = ["i"] if self.problem.per_sample else range(len(self.problem.x))
        if len(samples) * outputs <= self.written_out:
            return self.scaled(add(*(self.term(s, k) for s in samples for k in range(outputs))))
        one = len(samples) == 1
        term, letters = self.term(samples[0] if one else "s", "k"), "sum_k" if one else "sum_sk"
        return self.scaled(minus(Apply(letters, (_positive(term),))) if _is_minus(term) else Apply(letters, (term,)))

    def loss_with(self, numbers: Mapping[str, Tree]) -> tuple[Tree, ...]:
        """The loss written out with its numbers, terms without weight left out; nothing where it is too long."""
        outputs, last = len(self.problem.layers[-1].W), f"a{len(self.problem.layers)}"
        terms = []
        for sample, output in product(range(len(self.problem.x)), range(outputs)):
            t = numbers[self.at("t", output, sample).name]
            if self.against.loss.by_sample and t == ZERO:
                continue
            term = self.one_loss(self.at(last, output, sample), t, last, sample)
            terms.append(substitute(term, numbers))
        return (self.scaled(add(*terms)),) if 0 < len(terms) <= MOST_TERMS else ()

    def term(self, sample: Place, output: Place) -> Tree:
        """The loss at one place."""
        last = f"a{len(self.problem.layers)}"
        return self.one_loss(self.at(last, output, sample), self.at("t", output, sample), last, sample)

    def one_loss(self, a: Tree, t: Tree, last: str, sample: Place) -> Tree:
        """The loss of one output against its target."""
        return loss_term(self.against.loss, a, t, self.share(a, last, sample))

    def share(self, a: Tree, last: str, sample: Place = "i") -> Tree:
        """The softmax of one output among them all."""
        width = len(self.problem.layers[-1].W)
        return divide(exp(a), self.summed(width, lambda place: exp(self.at(last, place, sample)), "l"))

    @property
    def is_distribution(self) -> bool:
        """Whether every sample's targets are known to sum to 1."""
        target = self.against.target
        if target.dtype != object:
            return bool((abs(target.sum(axis=1) - 1) < NEARLY).all())
        return all(all(isinstance(t, Number) for t in row) and sum(t.value for t in row) == 1 for row in target)

    def weighted(self, share: Tree, sample: Place) -> Tree:
        """A share of the softmax, times the sum of the targets where that is not known to be 1."""
        if not self.against.loss.by_sample or self.is_distribution:
            return share
        return multiply(share, self.summed(len(self.problem.layers[-1].W), lambda k: self.at("t", k, sample)))

    def is_fused(self, number: int) -> bool:
        """Whether the loss is cross-entropy of this layer's softmax."""
        above = self.problem.above
        return number == len(self.problem.layers) and isinstance(above, Against) and above.loss.of_probabilities

    def own(self, formula: Tree, index: tuple[int, ...]) -> Tree:
        """A formula by generic index as that of one element."""
        return at_index(formula, index, self.problem.index_from)

    def through_whole(self) -> Tree:
        """Softmax and cross-entropy together, in whole tensors: (a - t)/m."""
        a = whole(f"a{len(self.problem.layers)}")
        weight = () if self.is_distribution else (Apply("sum_k", (Symbol("t[k]"),)),)
        return self.scaled(add(multiply(a, *weight), negate(whole("t"))))

    def from_above_whole(self) -> tuple[Tree, ...]:
        """∂L/∂(the net's output) in whole tensors; nothing for a loss that takes them in otherwise."""
        last, t = whole(f"a{len(self.problem.layers)}"), whole("t")
        if self.against.loss.name == "cross-entropy" and not self.against.loss.of_probabilities:
            weight = () if self.is_distribution else (Apply("sum_k", (Symbol("t[k]"),)),)
            return (self.scaled(add(multiply(Apply("softmax", (last,)), *weight), negate(t))),)
        return (self.scaled(loss_slope(self.against.loss, last, t, last)),)

    def jacobian(self, number: int, width: int) -> list[Tree]:
        """∂a/∂z, row by row: a[i](1 - a[i]) and -a[i]a[j]; for log_softmax 1 - exp(a[j]) and -exp(a[j])."""
        found: list[Tree] = []
        for i in range(width):
            for j in range(width):
                a, b = self.at(f"a{number}", i), self.at(f"a{number}", j)
                if self.problem.layers[number - 1].activation == "log_softmax":
                    found.append(add(ONE, negate(exp(b))) if i == j else negate(exp(b)))
                else:
                    found.append(multiply(a, add(ONE, negate(a))) if i == j else negate(multiply(a, b)))
        return found

    def from_above(self) -> Tree:
        """∂L/∂(the net's output)."""
        if not isinstance(self.problem.above, Against):
            return self.at("delta", self.unit)
        last = f"a{len(self.problem.layers)}"
        a, t = self.at(last, self.unit), self.at("t", self.unit)
        return self.scaled(loss_slope(self.against.loss, a, t, self.weighted(self.share(a, last), "i")))


def whole(name: str) -> Symbol:
    """A whole tensor, where a formula is of whole tensors."""
    return Symbol(f"{name}{WHOLE}")


def exp(tree: Tree) -> Tree:
    """exp(tree)."""
    return Apply("exp", (tree,))


def minus(tree: Tree) -> Tree:
    """-tree, of a sum too."""
    return Apply("negate", (tree,))


def _is_minus(term: Tree) -> bool:
    return isinstance(term, Apply) and term.operator == "negate"


def _positive(term: Tree) -> Tree:
    return term.arguments[0] if isinstance(term, Apply) and term.operator == "negate" else term
