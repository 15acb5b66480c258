"""How a step of a pass is written with its numbers: entries that have a name by it, others by what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import cached_property
from itertools import groupby

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import precision
from netcalc.checking.causes.library import Library
from netcalc.checking.edits.edit import readable, whole
from netcalc.checking.edits.values import ROUNDED
from netcalc.checking.judging.bench import BITS, without_dust
from netcalc.checking.workings.runs import Runs
from netcalc.checking.workings.workings import Pass
from netcalc.explain.explanation import distinct, literal, replaced
from netcalc.expression import Apply, Number, Symbol, Tree, fold, multiply, substitute, symbols
from netcalc.expression.tree import add, divide, negate
from netcalc.graph.elementwise import ELEMENTWISE, slot, with_slopes_written_out
from netcalc.graph.leaves import ARRAY, EYE, NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM
from netcalc.graph.writing import formula
from netcalc.notation import to_unicode
from netcalc.problem import derivative, element
from netcalc.records import dataclass
from netcalc.render.prose import in_one_line
from netcalc.result import Step, Taken, as_value
from netcalc.solving.bits import as_value as as_certified

MAX_TERMS = 4  # of a sum that is written out; a longer one is its first and its last
MAX_LENGTH = 64  # characters of a formula in which parts without a name are written out
LONGEST = 120  # characters of numbers put in
DOTS = Symbol("…")
ONE, ZERO = Number(Fraction(1)), Number(Fraction(0))
Index = tuple[int, ...]


@dataclass
class StepPage:
    """Writes entries of nodes as formulas of numbers: those with a name by it, others by what they are.

    A brief one writes all steps by what they are called.
    """

    library: Library
    one: Pass
    instead: Mapping[Node, Node]
    is_brief: bool = False
    numbers: dict[str, tuple[Node, Index]] = field(default_factory=dict)
    aliases: dict[Tree, Tree] = field(default_factory=dict)

    @cached_property
    def gradients(self) -> dict[Node, Node]:
        """The node that each gradient is that of."""
        pairs = self.one.backward.gradients.items()
        return {gradient: node for node, gradient in pairs if node.operation is gradient.operation is NAMED}

    @cached_property
    def answers(self) -> dict[Node, str]:
        """The answers that are nodes, by their names."""
        return {nodes[0]: name for name, nodes in self.library.workings.answers.items() if len(nodes) == 1}

    @cached_property
    def of(self) -> str:
        """What is differentiated, by its name."""
        output, workings = self.one.output, self.library.workings
        if not workings.is_jacobian:
            return self.called(output)
        entry = np.unravel_index(workings.passes.index(self.one), tuple(map(whole, output.shape)))
        return element(self.called(output), tuple(int(one) for one in entry), workings.index_from)

    @cached_property
    def runs(self) -> Runs:
        """The values that are shown: in balls where the answers are certified."""
        is_certified = any(array.dtype == object for array in self.library.benches[0].truth.values())
        return (self.library.in_balls if is_certified else self.library.runs)[0]

    @cached_property
    def users(self) -> dict[Node, list[Node]]:
        """The steps with a name that are made of a node."""
        found: dict[Node, list[Node]] = {}
        for node in self.one.nodes:
            if self.has_name(node):
                for arg in node.args[0].args:
                    found.setdefault(arg, []).append(node)
        return found

    def has_name(self, node: Node) -> bool:
        """Whether people have a name for a node."""
        return self.is_step(node) and node.params.moment >= 0

    def is_step(self, node: Node) -> bool:
        """Whether a node is a step of the problem, and none of an edit alone."""
        return node.operation is NAMED and node in self.library.runs[0]

    def lines(self, node: Node, index: Index, factor: Fraction | None = None) -> Taken | None:
        """The step that gives an entry, as it was taken, `factor` times as large, and as it is right."""
        name = self.name(node, index)
        taken = self.formula(self.instead.get(node, node), index, self.instead, name)
        taken, right = _shortened([times(factor or Fraction(1), taken), self.formula(node, index, {}, name)])
        with precision(BITS):
            before = self.runs.values[node]
            after = np.broadcast_to(self.runs.changed(self.instead).get(node, before), np.shape(before))[index]
            scaled = after if factor is None else after * fmpq(*factor.as_integer_ratio())
            lines = self.line(name, taken, scaled), self.line(name, right, before[index])
        return Taken(*lines) if lines[0] != lines[1] else None

    def line(self, name: str, tree: Tree, value: object) -> str:
        """`∂f/∂q = f·(1 − f) = 0.731059·(1 − 0.731059) = 0.196612`."""
        chain = [tree]
        if len(self.library.benches) == 1:
            known = {one: self.number(*self.numbers[one]) for one in symbols(tree) if one in self.numbers}
            chain += [substitute(tree, known), shown(value)]
            if len(to_unicode(chain[1])) > LONGEST:
                del chain[1]
        return in_one_line(Step(name, distinct(*chain), ""))

    def number(self, node: Node, index: Index) -> Tree:
        """The value of an entry, as it is shown."""
        return shown(self.runs.value(node)[index])

    def name(self, node: Node, index: Index) -> str:
        """What an entry is called: `df/dq`, `dL/dW1[0,1]`, `x0`."""
        if (forward := self.gradients.get(node)) is not None:
            name = self.name(forward, index)
            return f"∂{self.of}/∂{name}" if name.startswith("(") else derivative(self.of, (name,))
        workings, size = self.library.workings, tuple(map(whole, node.shape))
        if node.params.moment < 0 and (answer := self.answers.get(node)) is not None:
            return element(workings.called.get(answer, answer), index if size != (1,) else (), workings.index_from)
        shape = workings.shapes.get(node.params.text, size)
        if shape != size:
            flat = int(np.ravel_multi_index(index, size)) if size else 0
            index = tuple(int(one) for one in np.unravel_index(flat, shape)) if shape else ()
        called = self.called(node)
        return element(called if node.params.moment >= 0 else f"({readable(called)})", index, workings.index_from)

    def called(self, node: Node) -> str:
        """What people call a node."""
        return self.library.workings.called.get(node.params.text, str(node.params.text))

    def formula(self, node: Node, index: Index, instead: Mapping[Node, Node], name: str) -> Tree:
        """An entry in terms of other steps."""
        core = node.args[0] if node.operation is NAMED and node not in instead.values() else node
        self.aliases.clear()
        found = with_slopes_written_out(self.entry(core, index, instead))
        return replaced(found, {tree: one for tree, one in self.aliases.items() if one != Symbol(name)})

    def is_short(self, node: Node, index: Index) -> bool:
        """Whether an entry's formulas can be read, or aren't shorter with steps that nobody has named."""
        brief = replace(self, is_brief=True)
        for instead in (self.instead, {}):
            core = instead.get(node, node)
            own = self.formula(core, index, instead, "")
            if len(to_unicode(own)) > MAX_LENGTH and own != brief.formula(core, index, instead, ""):
                return False
        return True

    def entry(self, node: Node, index: Index, instead: Mapping[Node, Node]) -> Tree:
        """An entry of a node."""
        if node.operation is NAMED:
            if self.has_name(node) or (self.is_brief and self.is_step(node) and node not in instead):
                return self.symbol(node, index)
            return self.entry(instead.get(node, node.args[0]), index, instead)
        params = node.params
        if node.operation is PRODUCT:
            return self.product(node, index, instead)
        if node.operation is EYE:
            return ONE if index[0] == index[1] else ZERO
        if node.operation is ARRAY:
            return shown(float(node.params.array[index]))
        if node.operation is ROUNDED:
            return Apply("round", (self.entry(node.args[0], index, instead),))
        if node.operation in (SUM, ELEMENTWISE):
            places = dict(zip(params.out, index, strict=True))
            parts = [
                self.entry(arg, at(places, own), instead) for arg, own in zip(node.args, params.letters, strict=True)
            ]
            if node.operation is SUM:
                return total([times(by, part) for part, by in zip(parts, params.numbers, strict=True)])
            return substitute(params.tree, {slot(n): tree for n, tree in enumerate(parts)})
        text = to_unicode(formula(node))
        return Symbol(f"{text}[{','.join(map(str, index))}]" if index else text)

    def product(self, node: Node, index: Index, instead: Mapping[Node, Node]) -> Tree:
        """An entry of a product, which is a sum of products; of many its first and its last."""
        params = node.params
        places = dict(zip(params.out, index, strict=True))
        sizes = {
            one: whole(size)
            for arg, own in zip(node.args, params.letters, strict=True)
            for one, size in zip(own, arg.shape, strict=True)
        }
        extents = [sizes[one] for one in params.summed]
        count = int(np.prod(extents))
        kept = range(count) if count <= MAX_TERMS else (0, count - 1)
        terms: list[Tree] = []
        for flat in kept:
            all_places = (
                places | dict(zip(params.summed, np.unravel_index(flat, extents), strict=True)) if extents else places
            )
            factors = [
                self.entry(arg, at(all_places, own), instead)
                for arg, own in zip(node.args, params.letters, strict=True)
            ]
            terms.append(times(params.number, *factors))
        return total(terms if len(kept) == count else [terms[0], DOTS, terms[1]])

    def symbol(self, node: Node, index: Index) -> Tree:
        """An entry by its name."""
        if node.params.text in self.library.workings.silent:
            return ONE
        if self.gradients.get(node) is not None and self.called(self.gradients[node]) == self.of:
            return self.entry(node.args[0], index, {})
        name = self.name(node, index)
        self.numbers[name] = node, index
        for user in self.users.get(node, ()):
            core = user.args[0]
            if core.operation is ELEMENTWISE and len(core.args) == 1 and core.shape == node.shape:
                own = self.name(user, index)
                self.numbers[own] = user, index
                self.aliases[substitute(core.params.tree, {slot(0): Symbol(name)})] = Symbol(own)
        return Symbol(name)


def _shortened(trees: Sequence[Tree]) -> list[Tree]:
    """Formulas of which long sums are their first term, their last and those that the other ones lack."""
    terms = [_terms(tree) for tree in trees]
    common = set.intersection(*terms)

    def combine(operator: str, parts: tuple[tuple[Tree, Tree], ...]) -> tuple[Tree, Tree]:
        own, kept = (list(one) for one in zip(*parts, strict=True))
        if operator == "add" and len(own) > MAX_TERMS:
            ends = own[0], own[-1]
            some = [
                short if tree in ends or tree not in common else DOTS for tree, short in zip(own, kept, strict=True)
            ]
            kept = [tree for tree, _ in groupby(some)]
        return Apply(operator, tuple(own)), Apply(operator, tuple(kept))

    return [fold(tree, lambda leaf: (leaf, leaf), combine)[1] for tree in trees]


def _terms(tree: Tree) -> set[Tree]:
    """The terms of all sums in a formula."""

    def combine(operator: str, parts: tuple[tuple[Tree, set[Tree]], ...]) -> tuple[Tree, set[Tree]]:
        own = tuple(tree for tree, _ in parts)
        inner = set().union(*(found for _, found in parts))
        return Apply(operator, own), inner.union(own) if operator == "add" else inner

    return fold(tree, lambda leaf: (leaf, set()), combine)[1]


def at(places: Mapping[str, int], letters: str) -> Index:
    """Where a factor or a term is looked up."""
    return tuple(int(places[one]) for one in letters)


def shown(value: object) -> Tree:
    """A number, as it is shown."""
    return literal(as_value(value) if isinstance(value, float) else as_certified(without_dust(value), None))


def times(number: Fraction, *factors: Tree) -> Tree:
    """A product without ones; 0 where a factor is."""
    rest: list[Tree] = []
    for factor in factors:
        parts = factor.arguments if isinstance(factor, Apply) and factor.operator == "multiply" else (factor,)
        for part in parts:
            if isinstance(part, Number):
                number *= part.value
            elif isinstance(part, Apply) and part.operator == "negate":
                number = -number
                rest.append(part.arguments[0])
            else:
                rest.append(part)
    if not number or not rest:
        return Number(number)
    numerator, denominator = abs(number).as_integer_ratio()
    front = [Number(Fraction(numerator))] if numerator != 1 else []
    found = multiply(*front, *rest)
    found = found if denominator == 1 else divide(found, Number(Fraction(denominator)))
    return negate(found) if number < 0 else found


def total(terms: Sequence[Tree]) -> Tree:
    """A sum without its zeros."""
    kept = [term for term in terms if term != ZERO]
    return add(*kept) if kept else ZERO
