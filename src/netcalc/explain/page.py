"""The page that a problem of layers is written on: whole tensors by their names, the same with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.arrays import by_place, each
from netcalc.explain.explanation import Leaf, coming_to, literal, operand
from netcalc.explain.flat import Flat
from netcalc.explain.indexed import Indexed
from netcalc.expression import Apply, Symbol, Tree, substitute, symbols
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.problem import by_element, element, given_tensors
from netcalc.result import Step


class Page:
    """What such pages share. Tensors go by the passes' names; `titles` are what the page calls them as a whole.

    Vectors are columns; where there are many samples they are rows, and products are the other way round. `found` are
    the values: they go into further formulas as they are, formulas of more than `longest` characters by their names.
    """

    longest = 0
    across = 99  # columns of numbers that a line holds

    def __init__(self, formulas: Indexed, found: Mapping[str, np.ndarray], titles: Mapping[str, str]) -> None:
        self.formulas, self.found, self.titles = formulas, found, titles
        self.problem = problem = formulas.problem
        self.rows = ", a row a sample" * problem.many
        named = {formulas.name(name): self._in_short(formulas.name(name), array) for name, array in found.items()}
        self.entries = named | given_tensors(problem)
        self.tensors = {name: leaves(array) for name, array in self.entries.items()}

    def _in_short(self, name: str, array: np.ndarray) -> np.ndarray:
        """Numbers as they are, long formulas by the names of their entries."""
        written = leaves(array)
        if all(len(to_unicode(entry)) <= self.longest for entry in written.flat):
            return array
        found = array.astype(object)
        for index in np.ndindex(array.shape):
            if symbols(written.item(index)):
                found[index] = Symbol(element(name, index, self.problem.index_from))
        return found

    def title(self, name: str) -> Named:
        """A whole tensor by its name."""
        return Named(self.titles.get(name, name))

    def matrix(self, name: str) -> Matrix:
        """A tensor drawn; where samples are rows, b is in every row."""
        return self.draw(self.tensors[self.formulas.name(name)], len(self.problem.x) if name[0] == "b" else 1)

    def result(self, name: str) -> Matrix:
        """A tensor where it is found, its formulas in full."""
        return self.draw(leaves(self.found[name]))

    def draw(self, array: np.ndarray, copies: int = 1) -> Matrix:
        """A vector as a column, or as so many rows where samples are rows."""
        if array.ndim > 1:
            return matrix(array)
        return matrix([tuple(array)] * copies) if self.problem.many else column(array.ravel())

    def with_numbers(self, formula: Tree, value: object) -> Tree:
        """A formula of elements with their numbers in it, which comes to the value."""
        known = {name: self.elements[name] for name in symbols(formula) if name in self.elements}
        return coming_to(value, lambda leaf: substitute(formula, {name: leaf(entry) for name, entry in known.items()}))

    @cached_property
    def elements(self) -> dict[str, Any]:
        """What was given and found, by element."""
        return by_element(self.entries, self.problem.index_from)

    def loss(self) -> Iterator[Display]:
        """The loss, that with its numbers where it isn't too long, and its value."""
        yield self.formulas.generic("loss")
        value = self.found["loss"].item()
        last = "a" if self.problem.layers[-1].activation is not None else "z"
        names = [self.formulas.name(f"{last}{len(self.problem.layers)}"), "t"]
        names += ["penalty"] if self.problem.decay is not None else []
        entries = by_element({name: self.entries[name] for name in names}, self.problem.index_from)

        def write(leaf: Leaf) -> Tree | None:
            return self.formulas.loss_with_numbers({name: leaf(entry) for name, entry in entries.items()})

        if write(operand) is not None:
            yield coming_to(value, lambda leaf: write(leaf) or literal(value))
        yield literal(value)

    def drawn(self, name: str, heading: str = "") -> Step:
        """name = matrices = these with their numbers, if they fit into a line, = the answer."""
        node = self.formulas.defined(name)
        numbers = self.matrices(node, self.matrix)
        written = (numbers,) if columns(numbers) <= self.across else ()
        return Step(
            self.title(name), (self.matrices(node, self.title), *written, self.result(name)), heading, drawn=True
        )

    def matrices(self, node: Node, leaf: Callable[[str], Display]) -> Display:
        """W v + b, Wᵀ δ, δ vᵀ, as the graph has it."""
        if node.operation is SUM:
            terms = zip((self.matrices(arg, leaf) for arg in node.args), node.params.numbers, strict=True)
            return Sum(tuple(term if by == 1 else Product((self.formulas.coefficient(by), term)) for term, by in terms))
        if node.operation is not PRODUCT:
            return leaf(node.params.text)
        flat = Flat.of(node)
        rows = set() if self.problem.many else flat.samples
        scalars = [self.formulas.scalar(arg) for arg, _ in flat.factors if not arg.rank]
        factors = [(arg.params.text, own) for arg, own in flat.factors if arg.rank]
        pairs = [(leaf(name), [one for one in own if one not in rows]) for name, own in factors]
        out = [one for one in flat.out if one not in rows]
        (a, first), *others = sorted(pairs, key=lambda pair: out[0] not in pair[1])
        parts = [*scalars, a if first[0] == out[0] else turned(a)]
        for b, last in others:
            is_turned = last[0] in out if len(last) == 1 else last[-1] != out[-1]
            parts.append(turned(b) if is_turned else b)
        return Product(tuple(parts)) if len(parts) > 1 else a

    def bias(self, number: int) -> Step:
        """∂L/∂b = Σₛ δ[s], or the δ of one sample."""
        delta = self.title(f"dz{number}")
        summed = Apply("sum_s", (self.formulas.entry(delta.text, "s"),)) if self.problem.many else delta
        name = f"db{number}"
        return Step(self.title(name), (summed, self.result(name)), drawn=True)

    def each_entry(self, name: str) -> Matrix:
        """A tensor's formula with the numbers of each of its entries."""
        array = self.found[name]

        def entry(*index: int) -> Tree:
            return self.with_numbers(self.formulas.element(name, *index), array[index])

        return self.draw(by_place(entry, array.shape))


def turned(display: Display) -> Display:
    """A matrix transposed, or a name with a ᵀ."""
    return matrix(zip(*display.entries, strict=True)) if isinstance(display, Matrix) else Transposed(display)


def columns(display: Display) -> int:
    """How many columns of numbers stand beside each other."""
    if isinstance(display, Matrix):
        return len(display.entries[0])
    return sum(map(columns, display.parts)) if isinstance(display, Product | Sum) else 0


def leaves(array: np.ndarray) -> np.ndarray:
    """Given numbers and values found as leaves of formulas; what is long by six of its digits."""
    return each(operand, array)
