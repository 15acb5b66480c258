"""What arithmetics of objects have in common: NumPy arrays of dtype object, an operator at a time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from math import prod
from operator import add, mul
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import each, from_list
from netcalc.graph.arithmetic import Arithmetic, Axes, back, last, with_axes

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss


def filled(shape: tuple[int, ...], value: Any) -> np.ndarray:
    """An array of dtype object that holds one object everywhere."""
    out = np.empty(shape, dtype=object)
    out[...] = value
    return out


def alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two stacks of matrices, broadcast to as many of each."""
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return np.broadcast_to(a, (*front, *a.shape[-2:])), np.broadcast_to(b, (*front, *b.shape[-2:]))


def cofactors(a: np.ndarray, determinant: Callable[[np.ndarray], Any], one: Any, rows: int | None = None) -> np.ndarray:
    """The cofactors of a matrix, those of its first `rows` alone, from the determinants of its minors."""
    out = np.empty((len(a) if rows is None else rows, len(a)), dtype=object)
    for i, j in np.ndindex(out.shape):
        found = determinant(np.delete(np.delete(a, i, axis=0), j, axis=1)) if len(a) > 1 else one
        out[i, j] = found if (i + j) % 2 == 0 else -found
    return out


class Objects(Arithmetic):
    """Numbers that are Python objects with +, - and *."""

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        return filled(shape, self.number(Fraction(0)))

    def numbers(self, whole: int | np.ndarray) -> np.ndarray:
        return each(lambda one: self.number(Fraction(int(one))), np.asarray(whole))

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return each(mul, a, b)

    def accumulate(
        self, total: np.ndarray | None, term: np.ndarray, number: Fraction, shape: tuple[int, ...]
    ) -> np.ndarray:
        if number != 1:
            by = self.number(number)
            term = each(lambda one: one * by, term)
        if total is None:
            return np.array(np.broadcast_to(term, shape), dtype=object)
        return each(add, total, term)

    def sum(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        axes = tuple(axis if axis < 0 else axis - array.ndim for axis in axes)
        zero = self.number(Fraction(0))
        return self.each_row(lambda row: reduce(add, row, zero), array, axes)

    def each_row(
        self, function: Callable[[list[Any]], Any], array: np.ndarray, axes: Axes, *, keep: bool = False
    ) -> np.ndarray:
        """What a function makes of the entries along axes."""
        rows = last(array, axes)
        out = np.empty(rows.shape[:-1], dtype=object)
        flat = out.reshape(-1)
        for place, row in enumerate(rows.reshape(out.size, rows.shape[-1])):
            flat[place] = function(list(row))
        return with_axes(flat.reshape(out.shape), axes, array.ndim, keep)

    def each_entry(self, function: Callable[[list[Any]], list[Any]], array: np.ndarray, axes: Axes) -> np.ndarray:
        """What a function makes of the entries along axes, an entry of each."""
        rows = last(array, axes)
        flat = rows.reshape(prod(rows.shape[:-1]), rows.shape[-1]).tolist()
        return back(from_list([entry for row in flat for entry in function(row)], rows.shape), axes, array.shape)

    def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        out = np.empty((*a.shape[:-1], b.shape[-1]), dtype=object)
        for index in np.ndindex(a.shape[:-2]):
            out[index] = self.matrix_product(a[index], b[index])
        return out

    def matrix_product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(m, k) times (k, n)."""
        return np.asarray(a.dot(b))

    def softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        powers = self.exponentials(array)
        sums = with_axes(self.sum(powers, axes), axes, array.ndim, keep=True)
        return each(self.divide, powers, sums)

    def logsumexp(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        sums = self.sum(self.exponentials(array), axes)
        return with_axes(self.logarithms(sums), axes, array.ndim, keep)

    def log_softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        return np.asarray(array - self.logsumexp(array, axes, keep=True))

    def activate_rows(self, name: str, z: np.ndarray) -> np.ndarray:
        return Objects.softmax(self, z, (-1,)) if name == "softmax" else self.log_softmax(z, (-1,))

    def jacobian_product(self, name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
        s = self.activate_rows("softmax", z)
        if z.shape[-1] == 1:  # one entry alone is 1 whatever z is, and its slope exactly 0
            return np.asarray(delta * s * 0)
        if name == "softmax":
            return np.asarray(s * (delta - (delta * s).sum(axis=-1, keepdims=True)))
        return np.asarray(delta - s * delta.sum(axis=-1, keepdims=True))

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        if not loss.by_sample:
            return each(self.elementwise_loss(loss, order), a, t)
        return self._slope_by_sample(loss, a, t) if order else self._loss_by_sample(loss, a, t)

    def elementwise_loss(self, loss: BoundLoss, order: int) -> Callable[[Any, Any], Any]:
        """A loss, or its slope, of one output and its target."""
        raise NotImplementedError

    def _loss_by_sample(self, loss: BoundLoss, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """-Σ t log(…), (samples,). What has no weight counts for nothing: 0·log(0) is 0."""
        if loss.name == "nll":
            logarithms = a
        else:
            logarithms = self.logarithms(a) if loss.of_probabilities else self.log_softmax(a, (-1,))
        return np.asarray(-each(lambda t, log: t if t == 0 else t * log, t, logarithms).sum(axis=1))

    def _slope_by_sample(self, loss: BoundLoss, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        if loss.name == "nll":
            return -t
        if loss.of_probabilities:
            return each(lambda t, a: t if t == 0 else -t / a, t, a)
        if a.shape[1] == 1:
            return np.asarray(t * 0)  # the softmax of one entry is 1
        return np.asarray(self.activate_rows("softmax", a) * t.sum(axis=1, keepdims=True) - t)

    def exponentials(self, array: np.ndarray) -> np.ndarray:
        """exp, entry by entry."""
        raise NotImplementedError

    def logarithms(self, array: np.ndarray) -> np.ndarray:
        """log, entry by entry."""
        raise NotImplementedError

    def divide(self, a: Any, b: Any) -> Any:
        """a / b."""
        return a / b

    def logdet(self, array: np.ndarray) -> np.ndarray:
        return self.logarithms(self.determinant(array))

    def solve(self, a: np.ndarray, b: np.ndarray, *, vector: bool) -> np.ndarray:
        found = self.matmul(*alike(self.inverse(a), b[..., None] if vector else b))
        return found[..., 0] if vector else found

    def each_matrix(self, function: Callable[[np.ndarray], Any], array: np.ndarray, *, number: bool) -> np.ndarray:
        """What a function makes of each matrix: another of its shape, or a number."""
        out = np.empty(array.shape[:-2] if number else array.shape, dtype=object)
        for index in np.ndindex(array.shape[:-2]):
            out[index] = function(array[index])
        return out
