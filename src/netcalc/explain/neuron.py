"""A neuron explained, in the order of a page on paper: forward, ∂f/∂q, then each ∂f/∂q · ∂q/∂·."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import Derivation, derivation, loss_derivation, loss_formula
from netcalc.explain.explanation import (
    Explanation,
    Leaf,
    coming_to,
    distinct,
    formula_of,
    operand,
    outcome,
    present,
    replaced,
    slope_named,
    times,
)
from netcalc.expression import Symbol, Tree, is_constant, parse, substitute
from netcalc.expression.tree import ONE, add, multiply
from netcalc.problem import LossAndTarget, Problem, element
from netcalc.records import NamedTuple
from netcalc.result import LazySteps, Step

STEPS_LIMIT = 32  # inputs beyond which a derivation on paper helps nobody


def neuron(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas by generic index, the steps of one sample, notes on kinks."""
    paper = _Paper.of(problem)
    short = problem.x.shape[1] <= STEPS_LIMIT
    return Explanation(
        paper.formulas(),
        dict.fromkeys(("dx", "dw", "db", "df"), problem.output),
        LazySteps(partial(paper.read, shown)) if short and not problem.many else (),
        brief=paper.partials(paper.slope, Symbol("dL/df") if paper.against else paper.above()),
    )


class _Paper(NamedTuple):
    """The page that a neuron's derivation is written on."""

    problem: Problem
    activation: BoundActivation
    known: Derivation

    @classmethod
    def of(cls, problem: Problem) -> _Paper:
        activation = problem.layers[0].activation
        assert isinstance(activation, BoundActivation)  # noqa: S101 - a neuron is stated with one
        return cls(problem, activation, derivation(activation))

    @property
    def against(self) -> LossAndTarget | None:
        return self.problem.upstream if isinstance(self.problem.upstream, LossAndTarget) else None

    @property
    def output(self) -> Tree:
        """f as people write it: the name applied to q, or the typed formula."""
        return formula_of(self.activation)

    @property
    def slope(self) -> Tree:
        """σ'(q): the activation's name with a prime, φ' for a typed formula."""
        return slope_named(self.activation)

    def formulas(self) -> dict[str, Tree]:
        formulas = {
            "q": self.sum() if self.problem.x.shape[1] <= STEPS_LIMIT else parse("sum([w[i]*x[i]]) + b"),
            "f": self.output,
            "df": self.above() or ONE,
            "df/dq": self.slope,
            **self.partials(self.known.shown, self.above()),
        }
        return formulas | {"loss": self.loss(0)} if self.against else formulas

    @staticmethod
    def partials(slope: Tree, above: Tree | None) -> dict[str, Tree]:
        """The partials by generic index, of both slopes as formulas or by their names."""
        return {
            "dx": times(above, Symbol("w[i]"), slope),
            "dw": times(above, Symbol("x[i]"), slope),
            "db": times(above, slope),
        }

    def above(self) -> Tree | None:
        """∂L/∂f as a formula; None where nothing is above f."""
        if self.against:
            return self.loss(1)
        return Symbol("delta") if self.problem.output == "L" else None

    def loss(self, order: int) -> Tree:
        """The loss as a formula in f and t, or its slope in f."""
        assert self.against  # noqa: S101 - asked for where there is one
        loss = self.against.loss
        return substitute(loss_derivation(loss)[2] if order else loss_formula(loss), {"a": Symbol("f")})

    def sum(self) -> Tree:
        """w0·x0 + w1·x1 + … + b."""
        places = range(self.problem.x.shape[1])
        return add(*(multiply(self.name("w", place), self.name("x", place)) for place in places), Symbol("b"))

    def name(self, letter: str, place: int) -> Symbol:
        return Symbol(element(letter, (place,), self.problem.index_from))

    def read(self, shown: Mapping[str, np.ndarray]) -> list[Step]:
        """The steps, nothing written twice."""
        return [step._replace(chain=distinct(*step.chain)) for step in self.steps(shown)]

    def steps(self, shown: Mapping[str, np.ndarray]) -> Iterator[Step]:
        yield from self.forward(shown)
        slope = shown["df/dq"][()]
        chain = self.with_numbers(shown, self.slope, self.known.shown, slope)
        yield Step("df/dq", (*chain, *outcome(slope)), "Backward: the slope of the activation", "df/dq")
        yield from self.chain_rule(shown, outcome(slope)[0])

    def forward(self, shown: Mapping[str, np.ndarray]) -> Iterator[Step]:
        x, w, (b,) = self.problem.x[0], self.problem.layers[0].W[0], self.problem.tensors[2]
        pairs, q, f = list(zip(w.tolist(), x.tolist(), strict=True)), shown["q"][()], shown["f"][()]

        def sum_of(leaf: Leaf) -> Tree:
            return add(
                *(multiply(_number(left, leaf), _number(right, leaf)) for left, right in pairs), _number(b, leaf)
            )

        yield Step("q", (self.sum(), coming_to(q, sum_of), *outcome(q)), "Forward", "q")
        yield Step("f", (*self.with_numbers(shown, self.output, self.known.value, f), *outcome(f)), "", "f")
        if self.against:
            numbers = {"f": f, "t": self.against.target.item(0)}
            for order, left, entry in ((0, "L", shown["loss"]), (1, "dL/df", shown["df"])):
                formula = self.loss(order)
                chain = (formula, _put_in(formula, numbers, entry[()]), *outcome(entry[()]))
                yield Step(left, chain, "" if order else "The loss", "df" if order else "loss")

    def with_numbers(self, shown: Mapping[str, np.ndarray], name: Tree, formula: Tree, value: object) -> list[Tree]:
        """What a function of q is called, its formula, and that with its numbers.

        Where f's has too few digits, q's alone is put in: 1 - tanh²(30) is read, and not 1 - 1.00000².
        """
        q, f = shown["q"][()], shown["f"][()]
        if not is_constant(_number(q, operand)):
            return [name, formula]

        def of_q(leaf: Leaf) -> Tree:
            return substitute(formula, {"q": _number(q, leaf)})

        def of_f(leaf: Leaf) -> Tree:
            return replaced(formula, {Symbol("q"): _number(q, leaf), self.output: _number(f, leaf)})

        return [name, formula, coming_to(value, *([of_q] if name == self.output else [of_f, of_q]))]

    def chain_rule(self, shown: Mapping[str, np.ndarray], slope: Tree) -> Iterator[Step]:
        output = self.problem.output
        symbol, number = None, None
        if output == "L":
            symbol = Symbol("dL/df") if self.against else Symbol("delta")
            number = outcome(shown["df"][()])[0]
        heading = f"Chain rule: ∂{output}/∂· = {'∂L/∂f·' * (output == 'L')}∂f/∂q·∂q/∂·"
        for name, factor, value, entry in self.factors(shown):
            rule = multiply(*present(symbol, Symbol("df/dq"), Symbol(f"dq/d{name}")))
            formula = multiply(*present(symbol, self.slope, factor))
            numbers = multiply(*present(number, slope, value))
            yield Step(f"d{output}/d{name}", (rule, formula, numbers, *outcome(entry)), heading, f"d{name}")
            heading = ""

    def factors(self, shown: Mapping[str, np.ndarray]) -> Iterator[tuple[str, Tree, Tree | None, object]]:
        """Each input, weight and the bias: its name, ∂q/∂ it, that as a number, and what was found."""
        x, w = _leaves(self.problem.x[0]), _leaves(self.problem.layers[0].W[0])
        for letter, other, numbers in (("x", "w", w), ("w", "x", x)):
            for place, value in enumerate(numbers):
                entry = shown[f"d{letter}"][place]
                yield self.name(letter, place).name, self.name(other, place), value, entry
        yield "b", ONE, ONE, shown["db"][()]


def _leaves(given: np.ndarray) -> list[Tree]:
    return [_number(entry, operand) for entry in given.tolist()]


def _number(entry: object, leaf: Leaf) -> Tree:
    """What was given as it was; what was found by its closed form, where one was asked for, or its digits."""
    if isinstance(entry, Tree):
        return entry
    closed, *shown = outcome(entry)
    return closed if shown else leaf(entry)


def _put_in(formula: Tree, numbers: Mapping[str, object], value: object) -> Tree:
    """A formula with what its names stand for."""
    return coming_to(value, lambda leaf: substitute(formula, {name: _number(of, leaf) for name, of in numbers.items()}))
