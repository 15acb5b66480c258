"""Steps with matrices: whole tensors by their names, and the same with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import each
from netcalc.explain.elements import Elements
from netcalc.explain.operands import Leaf, coming_to, operand
from netcalc.expression import Apply, Symbol, Tree, substitute, symbols
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.problem import Problem, by_element, element

if TYPE_CHECKING:
    from netcalc.explain.losses import Loss


class Page:
    """The page that a problem of layers is written on; `entries` are what was given and found, by tensor.

    Vectors are columns; where there are many samples they are rows, and products are the other way round.
    """

    def __init__(self, problem: Problem, entries: Mapping[str, np.ndarray]) -> None:
        self.problem, self.entries = problem, entries
        self.tensors = {name: leaves(array) for name, array in entries.items()}

    def matrix(self, name: str) -> Matrix:
        """A tensor drawn; where samples are rows, b is in every row."""
        copies = len(self.problem.x) if name[0] == "b" and "_" not in name else 1
        return self.draw(self.tensors[name], copies)

    def draw(self, array: np.ndarray, copies: int = 1) -> Matrix:
        """A vector as a column, or as so many rows where samples are rows."""
        if array.ndim > 1:
            return matrix(array)
        return matrix([tuple(array)] * copies) if self.problem.many else column(array.ravel())

    def with_numbers(self, formula: Tree, value: object) -> Tree:
        """A formula of elements with their numbers in it, which comes to the value."""
        known = {name: self.elements[name] for name in symbols(formula) if name in self.elements}
        return coming_to(value, lambda leaf: substitute(formula, {name: leaf(entry) for name, entry in known.items()}))

    def loss_with_numbers(self, loss: Loss, value: object) -> tuple[Tree, ...]:
        """The loss written out with its numbers; nothing where it is too long."""
        names = (loss.output, "t", *(["penalty"] if self.problem.decay is not None else []))
        entries = by_element({name: self.entries[name] for name in names}, self.problem.index_from)

        def write(leaf: Leaf) -> tuple[Tree, ...]:
            return loss.with_numbers({name: leaf(entry) for name, entry in entries.items()})

        return (coming_to(value, lambda leaf: write(leaf)[0]),) if write(operand) else ()

    @cached_property
    def elements(self) -> dict[str, Any]:
        """What was given and found, by element."""
        return by_element(self.entries, self.problem.index_from)

    def affine(self, W: Named, v: Named, b: Named | None) -> Display:
        """W v + b."""
        product = Product((v, Transposed(W))) if self.problem.many else Product((W, v))
        return product if b is None else Sum((product, b))

    def pulled_back(self, W: Named, delta: Named) -> Product:
        """Wᵀ δ."""
        return Product((delta, W)) if self.problem.many else Product((Transposed(W), delta))

    def outer(self, delta: Named, v: Named) -> Product:
        """δ vᵀ."""
        return Product((Transposed(delta), v)) if self.problem.many else Product((delta, Transposed(v)))

    def over_samples(self, delta: Named, elements: Elements) -> Display:
        """Σₛ δ[s], or the δ of one sample."""
        return Apply("sum_s", (elements.entry(delta.text, "s"),)) if self.problem.many else delta

    def with_matrices(self, display: Display) -> Display:
        """The same, matrices in the place of names."""
        if isinstance(display, Named):
            return self.matrix(display.text)
        if isinstance(display, Transposed) and isinstance(display.of, Named):
            return transposed(self.matrix(display.of.text))
        if isinstance(display, Product | Sum):
            return display._replace(parts=tuple(map(self.with_matrices, display.parts)))
        return display


def transposed(given: Matrix) -> Matrix:
    """Its rows as columns."""
    return matrix(zip(*given.entries, strict=True))


def by_name(name: str, array: np.ndarray, index_from: int) -> np.ndarray:
    """Numbers as they are, formulas by the names of their entries."""
    found = array.astype(object)
    for index in np.ndindex(array.shape):
        if symbols(operand(array[index])):
            found[index] = Symbol(element(name, index, index_from))
    return found


def leaves(array: np.ndarray) -> np.ndarray:
    """Given numbers and values found as leaves of formulas; what is long by six of its digits."""
    return each(operand, array)
