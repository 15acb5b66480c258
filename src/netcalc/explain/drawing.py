"""Steps with matrices: whole tensors by their names, and the same with their numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netcalc.arrays import each
from netcalc.explain.elements import Elements
from netcalc.explain.explanation import literal
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.expression.numerals import decimals, of_float64
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, column, matrix
from netcalc.problem import Problem, by_element

WIDEST = 8  # digits of a given number that is drawn as it is


class Page:
    """The page that a problem of layers is written on; `tensors` are what was given and found, as leaves of formulas.

    Vectors are columns; where there are many samples they are rows, and products are the other way round.
    """

    def __init__(self, problem: Problem, tensors: Mapping[str, np.ndarray]) -> None:
        self.problem, self.tensors = problem, tensors

    def matrix(self, name: str) -> Matrix:
        """A tensor drawn; where samples are rows, b is in every row."""
        copies = len(self.problem.x) if name[0] == "b" and "_" not in name else 1
        return self.draw(self.tensors[name], copies)

    def draw(self, array: np.ndarray, copies: int = 1) -> Matrix:
        """A vector as a column, or as so many rows where samples are rows."""
        if array.ndim > 1:
            return matrix(array)
        return matrix([tuple(array)] * copies) if self.problem.many else column(array.ravel())

    def numbers(self, *names: str) -> dict[str, Tree]:
        """What stands in formulas for each element of these tensors."""
        return by_element({name: self.tensors[name] for name in names}, self.problem.index_from)

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


def leaves(array: np.ndarray) -> np.ndarray:
    """Given numbers and values found as leaves of formulas; what is long by six of its digits."""
    return each(leaf, array)


def leaf(entry: object) -> Tree:
    """One of them."""
    if isinstance(entry, Number):
        digits = decimals(entry.value)
        is_long = of_float64(entry.value) if digits is None else len(digits.digits) > WIDEST
        return literal(float(entry.value)) if is_long else entry
    return entry if isinstance(entry, Symbol | Constant | Apply) else literal(entry)
