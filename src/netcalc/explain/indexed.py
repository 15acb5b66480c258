"""The elements of a problem's tensors as formulas, read off the graph of both passes: `W1[i,k]`, sums over places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from itertools import product as combinations
from math import prod
from types import MappingProxyType
from typing import Any

from netcalc.derivation.derive import derivation, loss_derivation, loss_formula
from netcalc.explain.explanation import formula_of, replaced, times
from netcalc.explain.flat import Flat, is_by_sample, is_of_loss, is_parameter, scaled, total
from netcalc.explain.weighing import penalty, target
from netcalc.expression import Apply, Number, Symbol, Tree, parse, substitute
from netcalc.expression.tree import ONE, ZERO, add, divide, multiply, negate
from netcalc.graph.functions import ACTIVATION, JACOBIAN_PRODUCT, LOSS, VECTOR, vector_activation, written_out
from netcalc.graph.leaves import INPUT, NAMED, given
from netcalc.graph.node import Node, make
from netcalc.graph.product import PRODUCT, SUM, product
from netcalc.graph.sizes import concrete
from netcalc.layers import forward, passes
from netcalc.notation.printer import WHOLE
from netcalc.problem import LossAndTarget, Problem, labelled
from netcalc.records import NamedTuple

Place = int | str | None  # counted from 0, or the letter of a generic index; None for an axis that is not written
Places = Sequence[Place] | None  # None for a whole tensor

MAX_TERMS_WITH_NUMBERS = 8  # of a loss
NEARLY = 1e-9  # float64 sums of a distribution
NO_NUMBERS: Mapping[str, Tree] = MappingProxyType({})


class Limits(NamedTuple):
    """A sum of more `terms` is written with a Σ; one over a loss's targets has a limit of its own."""

    terms: int
    of_loss: int


class Indexed:
    """The formulas of a problem's tensors, element by element, in the elements of others.

    `names` are what the passes' names are written as, where that differs. `in_output` writes the slope of an
    activation in its output where that is how it is known: a(1 - a). `numbers` stand in the place of elements.
    """

    def __init__(
        self,
        problem: Problem,
        limits: Limits,
        names: Mapping[str, str],
        *,
        in_output: bool = True,
        numbers: Mapping[str, Tree] = NO_NUMBERS,
    ) -> None:
        self.problem, self.limits, self.names = problem, limits, names
        self.in_output, self.numbers = in_output, numbers

    def __reduce__(self) -> tuple[Any, ...]:
        """Without the graph, which is made where it is needed."""
        made = partial(Indexed, in_output=self.in_output, numbers=dict(self.numbers))
        return made, (self.problem, self.limits, self.names)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """What is found, by the passes' names."""
        losses = forward(self.problem).objective.losses
        loss = losses if self.problem.per_sample else product([(losses, "i")], "", ())
        return {**passes(self.problem).found, "loss": loss}

    @cached_property
    def answers(self) -> Mapping[Node, Node]:
        """What has a name, by what it is the name of."""
        return {node.args[0]: node for node in self.nodes.values() if node.operation is NAMED}

    def element(self, name: str, *places: Place) -> Tree:
        """What an element of z1, dW1, loss, … is; there is a sample's place in front where there are many samples."""
        if name == "penalty":
            return penalty(self.problem, self.entry, self.limits.terms)
        node = self.defined(name)
        places = (0,) * (node.rank - len(places)) + places
        found = self._target(node, places) if name == "t" else self._written(node, places)
        return self._with_penalty(found) if name == "loss" else found

    def generic(self, name: str) -> Tree:
        """The same by generic index: `z1[i]`, or `z1[i,j]` where i is a sample."""
        node = self.defined(name)
        return self.element(name, *"ijk"[: node.rank - (is_by_sample(node) and not self.problem.many)])

    def whole(self, name: str) -> Tree:
        """The same of whole tensors that are computed element by element."""
        node = self.defined(name)
        return self._target(node, None) if name == "t" else self._written(node, None)

    def _target(self, node: Node, places: Places) -> Tree:
        y, w = given("y", node.shape), given("w", node.shape[1:])
        kept = self._written(product([(y, "ik")], "ij", node.shape), places)
        return target(self.problem, self._of(y, places), self._of(w, places and places[1:]), kept)

    def entry(self, name: str, *places: Place) -> Tree:
        """`W1[0,i]`: numbers are places, which the answer may count from 1; letters stay."""
        shift = self.problem.index_from
        written = [one if isinstance(one, str) else str(one + shift) for one in places if one is not None]
        label = labelled(name, written)
        return self.numbers.get(label, Symbol(label))

    def coefficient(self, number: Fraction) -> Number:
        """A number before a term, written as it was given."""
        rate = self.problem.decay
        return rate if isinstance(rate, Number) and rate.value == number else Number(number)

    def scalar(self, node: Node) -> Tree:
        """A node that is a number."""
        return self._of(node, ())

    def jacobian(self, number: int, sample: Place, row: int, column: int) -> Tree:
        """∂a[i]/∂z[j] of softmax, a[i](1 - a[i]) and -a[i]a[j], or of log_softmax, 1 - exp(a[j]) and -exp(a[j])."""
        answer, layer = self.nodes[f"a{number}"], self.problem.layers[number - 1]
        a, b = (self._name(answer, (sample, place)) for place in (row, column))
        if layer.activation == "log_softmax":
            slope = add(ONE, negate(exp(b))) if row == column else negate(exp(b))
        else:
            slope = multiply(a, add(ONE, negate(a))) if row == column else negate(multiply(a, b))
        return slope if layer.temperature is None else divide(slope, layer.temperature)

    def loss_with_numbers(self, numbers: Mapping[str, Tree]) -> Tree | None:
        """The loss with numbers for its elements, without terms that are 0; None where it is too long."""
        own = Indexed(self.problem, self.limits, self.names, numbers=numbers)
        flat = Flat.of(own.nodes["loss"])
        terms = own._terms(flat, {})
        if not 0 < len(terms) <= MAX_TERMS_WITH_NUMBERS:
            return None
        return own._with_penalty(scaled(add(*terms), abs(flat.number)))

    def _with_penalty(self, losses: Tree) -> Tree:
        return losses if self.problem.decay is None else add(losses, self.entry("penalty"))

    # --- a node within a formula, and by what it is

    def name(self, name: str) -> str:
        """What one of the passes' names is written as."""
        return self.names.get(name, name)

    def defined(self, name: str) -> Node:
        """What a tensor is, without its name."""
        node = self.nodes[name]
        for own in ("above", name):
            if node.operation is NAMED and node.params.text == own:
                (node,) = node.args
        return node

    def _of(self, node: Node, places: Places) -> Tree:
        return self._name(node, places) if node.operation in (INPUT, NAMED) else self._written(node, places)

    def _name(self, node: Node, places: Places) -> Tree:
        text = node.params.text
        if text == "lr":
            assert self.problem.lr is not None  # noqa: S101 - a step has its rate
            return self.problem.lr
        name = self.name(text)
        if places is None:
            return Symbol(f"{name}{WHOLE}")
        return self.entry(name, *(places if self.problem.many or is_parameter(text) else places[1:]))

    def _written(self, node: Node, places: Places) -> Tree:
        return RULES[node.operation.name](self, node, places)

    def _at(self, node: Node, places: Places) -> list[Tree]:
        """The arguments of a node whose axes bear letters."""
        at = {} if places is None else dict(zip(node.params.out, places, strict=True))
        pairs = zip(node.args, node.params.letters, strict=True)
        return [self._of(arg, None if places is None else [at[one] for one in own]) for arg, own in pairs]

    # --- what each operation is, element by element

    def _elementwise(self, node: Node, places: Places) -> Tree:
        return substitute(node.params.tree, {f"#{n}": tree for n, tree in enumerate(self._at(node, places))})

    def _activation(self, node: Node, places: Places) -> Tree:
        """φ(z) by its name or as it was typed, or φ'(z) as people know it."""
        function, order = node.params
        (arg,) = node.args
        q = {"q": self._of(arg, places)}
        value = substitute(formula_of(function), q)
        if not order:
            return q["q"] if function.name == "identity" else value
        slope = substitute(derivation(function).shown, q)
        answer = self.answers.get(make(ACTIVATION, [arg], arg.shape, node.params._replace(order=0)))
        return replaced(slope, {value: self._of(answer, places)}) if self.in_output and answer else slope

    def _vector(self, node: Node, places: Places) -> Tree:
        """exp(zᵢ)/Σₖ exp(zₖ), or zᵢ - log Σₖ exp(zₖ)."""
        (z,) = node.args
        own = self._of(z, places)
        if places is None:
            return Apply(node.params, (own,))
        powers = self._powers(z, places, "k", self.limits.terms)
        return divide(exp(own), powers) if node.params == "softmax" else add(own, negate(Apply("log", (powers,))))

    def _share(self, z: Node, places: Places) -> Tree:
        """A softmax by the name that it or its logarithm has; else exp(zᵢ)/Σₗ exp(zₗ)."""
        for name in ("softmax", "log_softmax"):
            answer = self.answers.get(vector_activation(name, z))
            if answer is not None:
                own = self._of(answer, places)
                return own if name == "softmax" else exp(own)
        own = self._of(z, places)
        if places is None:
            return Apply("softmax", (own,))
        return divide(exp(own), self._powers(z, places, "l", self.limits.of_loss))

    def _powers(self, z: Node, places: Sequence[Place], letter: str, limit: int) -> Tree:
        sample, many = places[0], concrete(z.shape[1], {})
        if many > limit:
            return Apply(f"sum_{letter}", (exp(self._of(z, (sample, letter))),))
        return add(*(exp(self._of(z, (sample, place))) for place in range(many)))

    def _jacobian_product(self, node: Node, places: Places) -> Tree:
        """a(δ - Σ δ·a), or δ - exp(a)·Σ δ."""
        return self._written(written_out(node), places)

    def _loss(self, node: Node, places: Places) -> Tree:
        """A loss element by element, or its slope as people know it."""
        function, order = node.params
        if function.by_sample and not order:
            return self._product(node, places)
        a, t = (self._of(arg, places) for arg in node.args)
        if not function.by_sample:
            formula = loss_derivation(function)[2] if order else loss_formula(function)
            return substitute(formula, {"a": a, "t": t})
        slope = function.row.familiar_slope.replace("softmax(a)[i]", "p[i]")
        known = {"a[i]": a, "t[i]": t}
        if "p[i]" in slope:
            known["p[i]"] = times(self._share(node.args[0], places), self._of_targets(node.args[1], places))
        return substitute(parse(slope), known)

    def _sum(self, node: Node, places: Places) -> Tree:
        """Terms with a plus, then those with a minus."""
        pairs = zip(self._at(node, places), node.params.numbers, strict=True)
        terms = [(by < 0, times(self.coefficient(abs(by)), tree)) for tree, by in pairs]
        return add(*(negate(tree) if minus else tree for minus, tree in sorted(terms, key=lambda term: term[0])))

    def _product(self, node: Node, places: Places) -> Tree:
        """A sum of products over what is summed, written out where it is short."""
        flat = Flat.of(node)
        if not flat.factors:
            return Number(flat.number)
        at: dict[str, Place] = dict(zip(flat.out, places or [None] * len(flat.out), strict=True))
        of_loss = any(map(is_of_loss, node.args))
        limit = self.limits.of_loss if of_loss else self.limits.terms
        if places is None and of_loss and flat.summed:
            at = dict.fromkeys(flat.sizes) | {one: "k" for one in flat.summed if one not in flat.samples}
        elif prod(flat.sizes[one] for one in flat.summed) <= limit:
            terms = self._terms(flat, at, whole=places is None) if flat.number else ()
            return scaled(add(*terms), abs(flat.number)) if terms else ZERO
        else:
            for one in flat.summed:
                spare = (letter for letter in "klmn" if letter not in at.values())
                at[one] = 0 if flat.sizes[one] == 1 else "s" if one in flat.samples else next(spare)
        letters = "".join(letter for one in flat.summed if isinstance(letter := at[one], str))
        return scaled(total(letters, self._term(flat, at)), flat.number)

    def _terms(self, flat: Flat, at: Mapping[str, Place], *, whole: bool = False) -> list[Tree]:
        """The terms of a sum that is written out, each with its sign; those that are 0 are left out."""
        places = combinations(*(range(flat.sizes[one]) for one in flat.summed))
        ways = (None if whole else {**at, **dict(zip(flat.summed, own, strict=True))} for own in places)
        terms = [tree for way in ways if (tree := self._term(flat, way)) != ZERO]
        return [negate(tree) for tree in terms] if flat.number < 0 else terms

    def _term(self, flat: Flat, at: Mapping[str, Place] | None) -> Tree:
        """The factors at their places, reciprocals below the bar."""
        above: list[Tree] = []
        below: list[Tree] = []
        for arg, own in flat.in_order:
            tree = self._of(arg, None if at is None else [at[one] for one in own])
            if tree == ZERO and len(flat.factors) > 1:
                return ZERO
            match tree:
                case Apply("divide", (Number(value), inner)) if value == 1:
                    below.append(inner)
                case _:
                    above.append(tree)
        return divide(times(*above), times(*below)) if below else times(*above)

    def _of_targets(self, target: Node, places: Places) -> Tree:
        """The sum of a sample's targets, 1 where they are known to be a distribution."""
        upstream = self.problem.upstream
        assert isinstance(upstream, LossAndTarget)  # noqa: S101 - there are targets
        rows, weighing = upstream.target, upstream.weighing
        if weighing and (weighing.ignores or weighing.weights is not None):
            is_one = False
        elif rows.dtype != object:
            is_one = bool((abs(rows.sum(axis=1) - 1) < NEARLY).all())
        else:
            is_one = all(all(isinstance(t, Number) for t in row) and sum(t.value for t in row) == 1 for row in rows)
        total = product([(target, "ik")], "i", target.shape[:1])
        return ONE if is_one else self._written(total, places and places[:1])


def exp(tree: Tree) -> Tree:
    """exp(tree)."""
    return Apply("exp", (tree,))


Rule = Callable[[Indexed, Node, Places], Tree]
RULES: Mapping[str, Rule] = {
    PRODUCT.name: Indexed._product,  # noqa: SLF001 - the table of its own methods
    SUM.name: Indexed._sum,  # noqa: SLF001
    ACTIVATION.name: Indexed._activation,  # noqa: SLF001
    VECTOR.name: Indexed._vector,  # noqa: SLF001
    JACOBIAN_PRODUCT.name: Indexed._jacobian_product,  # noqa: SLF001
    LOSS.name: Indexed._loss,  # noqa: SLF001
    "elementwise": Indexed._elementwise,  # noqa: SLF001
    "softmax": lambda own, node, places: own._share(node.args[0], places),  # noqa: SLF001
    "log_softmax": lambda own, node, places: Apply("log", (own._share(node.args[0], places),)),  # noqa: SLF001
    INPUT.name: Indexed._name,  # noqa: SLF001
    NAMED.name: Indexed._name,  # noqa: SLF001
}
