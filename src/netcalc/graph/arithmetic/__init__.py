"""The kinds of number that run a graph: float64, balls with exact rationals, SymPy's expressions.

An operation's value rule is written once, in terms of what every kind of number offers here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.expression import Tree
from netcalc.graph.sizes import Shape, Size, concrete

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss
    from netcalc.graph.node import Node

Axes = tuple[int, ...]


class Arithmetic:
    """A kind of number; `sizes` are the numbers that letters in shapes stand for."""

    def __init__(self, sizes: Mapping[str, int] = MappingProxyType({})) -> None:
        self.sizes = sizes

    def size(self, of: Size) -> int:
        """A size as a number."""
        return of if isinstance(of, int) else concrete(of, self.sizes)

    def shape(self, of: Shape) -> tuple[int, ...]:
        """A shape in numbers."""
        return tuple(self.size(one) for one in of)

    def for_run(self, _: Iterable[Node]) -> Arithmetic:
        """This arithmetic for one run of these nodes."""
        return self

    def settled(self, array: np.ndarray) -> np.ndarray:
        """A node's value as the run goes on with it."""
        return array

    # What each kind of number makes of it:

    def array(self, tensor: np.ndarray) -> np.ndarray:
        """A given tensor (trees, float64 or integers) in this kind of number."""
        raise NotImplementedError

    def number(self, value: Fraction) -> Any:
        """One exact number."""
        raise NotImplementedError

    def numbers(self, whole: int | np.ndarray) -> np.ndarray:
        """Whole numbers."""
        raise NotImplementedError

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros, to be written to."""
        raise NotImplementedError

    def whole(self, array: np.ndarray) -> np.ndarray:
        """Indices as integers. Raises ShapeError for a number that is not whole."""
        raise NotImplementedError

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """A formula at every element of columns that broadcast to `shape`."""
        raise NotImplementedError

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        """The derivative of that order (0 is the value) at every element of `z`, in a new array."""
        raise NotImplementedError

    def activate_rows(self, name: str, z: np.ndarray) -> np.ndarray:
        """`softmax` or `log_softmax` along the last axis, no digit lost."""
        raise NotImplementedError

    def jacobian_product(self, name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
        """Its Jacobian at `z`, transposed, times `delta`, of z's shape: s ∘ (δ - Σ δⱼsⱼ), or δ - s Σ δⱼ."""
        raise NotImplementedError

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The unreduced loss (order 0) or its slope in `a` (order 1): (samples, n), or (samples,) by sample."""
        raise NotImplementedError

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Element by element, with broadcasting."""
        raise NotImplementedError

    def accumulate(
        self, total: np.ndarray | None, term: np.ndarray, number: Fraction, shape: tuple[int, ...]
    ) -> np.ndarray:
        """total + number · term, in `shape`; a total may be written to, a term may not."""
        raise NotImplementedError

    def total(self, terms: Sequence[np.ndarray], numbers: Sequence[Fraction], shape: tuple[int, ...]) -> np.ndarray:
        """Each term times its number, added up in that order, in `shape`."""
        found: np.ndarray | None = None
        for term, number in zip(terms, numbers, strict=True):
            found = self.accumulate(found, term, number, shape)
        assert found is not None  # noqa: S101 - a sum has terms
        return found

    def sum(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        """The sum along axes."""
        raise NotImplementedError

    def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(…, m, k) times (…, k, n), the axes in front alike."""
        raise NotImplementedError

    def extreme(self, array: np.ndarray, axes: Axes, keep: bool, *, largest: bool) -> np.ndarray:
        """The largest or smallest entry along axes."""
        raise NotImplementedError

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        """1 where the largest or smallest entry along axes is, 1/k at each of k that tie, 0 elsewhere."""
        raise NotImplementedError

    def softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along axes."""
        raise NotImplementedError

    def log_softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        """zᵢ - log Σⱼ exp(zⱼ) along axes."""
        raise NotImplementedError

    def logsumexp(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        """log Σ exp(z) along axes."""
        raise NotImplementedError

    def norm(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        """√Σx² along axes."""
        raise NotImplementedError

    def reciprocal(self, array: np.ndarray) -> np.ndarray:
        """1/x, and 0 where x is 0."""
        raise NotImplementedError

    def inverse(self, array: np.ndarray) -> np.ndarray:
        """The inverses of matrices. Raises UndefinedError for one that is exactly singular."""
        raise NotImplementedError

    def determinant(self, array: np.ndarray) -> np.ndarray:
        """The determinants of matrices."""
        raise NotImplementedError

    def logdet(self, array: np.ndarray) -> np.ndarray:
        """The logarithms of the determinants of matrices. Raises UndefinedError where one is not positive."""
        raise NotImplementedError

    def cofactors(self, array: np.ndarray) -> np.ndarray:
        """The matrices of cofactors, det(A) A⁻ᵀ where there is an inverse."""
        raise NotImplementedError

    def solve(self, a: np.ndarray, b: np.ndarray, *, vector: bool) -> np.ndarray:
        """The solutions of A x = b, b a vector or columns. Raises UndefinedError for an A that is exactly singular."""
        raise NotImplementedError


def last(array: np.ndarray, axes: Axes) -> np.ndarray:
    """The axes together as one, behind the others."""
    front = [n for n in range(array.ndim) if n - array.ndim not in axes]
    moved = array.transpose([*front, *(array.ndim + axis for axis in axes)])
    return moved.reshape((*moved.shape[: len(front)], prod(moved.shape[len(front) :])))


def back(array: np.ndarray, axes: Axes, shape: Sequence[int]) -> np.ndarray:
    """What `last` made of an array of `shape`, in its shape again."""
    rank = len(shape)
    front = [n for n in range(rank) if n - rank not in axes]
    order = [*front, *(rank + axis for axis in axes)]
    return array.reshape([shape[n] for n in order]).transpose([order.index(n) for n in range(rank)])


def with_axes(array: np.ndarray, axes: Axes, rank: int, keep: bool) -> np.ndarray:
    """A reduced array, its axes back at size 1 where they are kept."""
    return np.expand_dims(array, tuple(rank + axis for axis in axes)) if keep and axes else array
