"""Exact rationals while they last, balls of `bits` bits after that; products of matrices by FLINT."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from fractions import Fraction
from functools import lru_cache, partial, reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.balls import (
    LIMITS_OF_ACTIVATIONS,
    OPERATIONS,
    UNDEFINED,
    Infinite,
    Numeral,
    ball,
    exactly,
    is_nowhere,
    sign,
)
from netcalc.arithmetic.evaluation import Evaluation, Once, numeral
from netcalc.arrays import each, from_list, scalar
from netcalc.derivation.derive import derivation, evaluable, evaluable_far_out, loss_derivation
from netcalc.errors import ShapeError, UndefinedError
from netcalc.expression import Apply, Symbol, Tree, fold, parse
from netcalc.graph.arithmetic import Axes, ball_matrices
from netcalc.graph.arithmetic.objects import Objects, alike
from netcalc.notation import to_ascii

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss
    from netcalc.graph.node import Node


MAX_EXACT_BITS = 16_384  # of a numerator or denominator: they double with every square, as in x = r x (1 - x)
MAX_EXACT_BITS_OF_MANY = 1024  # where they are of more numbers than
MANY = 4096


class Balls(Objects):
    """Balls at the current precision, exact rationals where the numbers allow it; symbols are what `names` says.

    With `once` each operation is done once on the same numbers, so that what is the same formula ties exactly.
    """

    def __init__(
        self,
        sizes: Mapping[str, int] = MappingProxyType({}),
        names: Mapping[str, Numeral] = MappingProxyType({}),
        once: Once | None = None,
    ) -> None:
        super().__init__(sizes)
        self.names = names
        self.once = once

    def for_run(self, nodes: Iterable[Node]) -> Balls:
        """It with operations done once, where results are compared with one another."""
        if not any(map(_compares, nodes)):
            return self
        found = copy(self)
        found.once = Once()
        return found

    def array(self, tensor: np.ndarray) -> np.ndarray:
        if tensor.dtype == object:
            return each(lambda tree: numeral(tree, self.names), tensor)
        if tensor.dtype.kind in "iub":
            return self.numbers(tensor)
        return from_list([_exact(one) for one in tensor.reshape(-1).tolist()], tensor.shape)

    def settled(self, array: np.ndarray) -> np.ndarray:
        """Balls in place of rationals that have grown long; of very many, sooner."""
        most = MAX_EXACT_BITS if array.size <= MANY else MAX_EXACT_BITS_OF_MANY
        entries = array.reshape(-1).tolist()
        rationals = [one for one in entries if type(one) is fmpq]
        if max(map(fmpq.height_bits, rationals), default=0) > most:
            made = {id(one): ball(one) for one in entries if _is_long(one, most)}
            return from_list([made.get(id(one), one) for one in entries], array.shape)
        return array

    def number(self, value: Fraction) -> Numeral:
        return self.once.constant(value) if self.once else fmpq(value.numerator, value.denominator)

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return each(partial(self.once, "multiply"), a, b) if self.once else super().multiply(a, b)

    def accumulate(
        self, total: np.ndarray | None, term: np.ndarray, number: Fraction, shape: tuple[int, ...]
    ) -> np.ndarray:
        if self.once is None:
            return super().accumulate(total, term, number, shape)
        if number == -1:
            term = each(partial(self.once, "negate"), term)
        elif number != 1:
            term = self.multiply(term, np.asarray(self.number(number)))
        if total is None:
            return np.array(np.broadcast_to(term, shape), dtype=object)
        return each(partial(self.once, "add"), total, term)

    def sum(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        if self.once is None:
            return super().sum(array, axes)
        axes, add = tuple(axis if axis < 0 else axis - array.ndim for axis in axes), partial(self.once, "add")
        return self.each_row(lambda row: reduce(add, row) if row else self.number(Fraction(0)), array, axes)

    def whole(self, array: np.ndarray) -> np.ndarray:
        return np.array([_whole(one) for one in array.reshape(-1)], dtype=np.int64).reshape(array.shape)

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        evaluation = self.evaluation(tree)
        names = list(columns)
        if not names:
            return np.broadcast_to(scalar(evaluation.at({}, self.once)[0]), shape)

        def at(*entries: Numeral) -> Numeral:
            values = dict(zip(names, entries, strict=True))
            found = evaluation.at(values, self.once)[0]
            if not self.once and is_nowhere(found) and any(isinstance(one, Infinite) for one in entries):
                return _far_out(tree, values)
            return found

        found = each(at, *columns.values())
        return found if found.shape == shape else np.broadcast_to(found, shape)

    def evaluation(self, tree: Tree) -> Evaluation:
        """A formula made ready to be evaluated."""
        return _evaluation(tree)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        trees = derivation(activation).stable
        if order and not activation.has_kernels:  # what is typed may single out a point
            from netcalc.arithmetic.sides import slope_at

            return each(lambda value: slope_at(trees, order, value), z)
        evaluation = _of_activation(activation, order)
        return each(lambda value: evaluation.at({"q": value})[0], z)

    def activate_rows(self, name: str, z: np.ndarray) -> np.ndarray:
        if z.shape[-1] == 1 and name == "softmax":
            return each(lambda one: OPERATIONS["exp"](one * 0), z)  # 1, where there is a number at all
        return super().activate_rows(name, z)

    def elementwise_loss(self, loss: BoundLoss, order: int) -> Callable[[Any, Any], Numeral]:
        evaluation = Evaluation((loss_derivation(loss)[order],))

        def at(a: Numeral, t: Numeral) -> Numeral:
            known = exactly(ball(a)), exactly(ball(t))
            corner = loss.at_corner(order, *known) if all(isinstance(one, fmpq) for one in known) else None
            return numeral(parse(corner), {"a": a, "t": t}) if corner else evaluation.at({"a": a, "t": t})[0]

        return at

    def matrix_product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return ball_matrices.product(a, b) if a.shape[1] else self.zeros((len(a), b.shape[1]))

    def exponentials(self, array: np.ndarray) -> np.ndarray:
        return each(_exp, array)

    def logarithms(self, array: np.ndarray) -> np.ndarray:
        return each(OPERATIONS["log"], array)

    def divide(self, a: Any, b: Any) -> Any:
        return OPERATIONS["divide"](a, b)

    def softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        """1 / Σⱼ exp(zⱼ - zᵢ), which neither overflows nor cancels: each entry relative to the largest."""
        top = self.extreme(array, axes, keep=True, largest=True)
        return super().softmax(each(operator.sub, array, top), axes)

    def log_softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        """-log(1 + Σⱼ exp(zⱼ - zᵢ)) over j ≠ i, which cancels nothing."""

        def of_row(row: list[Numeral]) -> list[Numeral]:
            powers = ([_exp(z - one) for j, z in enumerate(row) if j != i] for i, one in enumerate(row))
            return [-OPERATIONS["log1p"](OPERATIONS["add"](*others)) for others in powers]

        return self.each_entry(of_row, array, axes)

    def jacobian_product(self, name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
        """sᵢ and 1 - sᵢ are sums of positive numbers, so that no digit is lost where one of them is next to nothing."""
        if z.shape[-1] == 1:
            return super().jacobian_product(name, z, delta)
        s = self.activate_rows("softmax", z)
        out = np.empty(delta.shape, dtype=object)
        for index in np.ndindex(delta.shape):
            row, above = s[index[:-1]], delta[index[:-1]]
            others = [j for j in range(len(row)) if j != index[-1]]
            own = above[index[-1]] * OPERATIONS["add"](*(row[j] for j in others))
            weights = [above[j] * row[j] if name == "softmax" else above[j] for j in others]
            share = OPERATIONS["add"](*weights)
            out[index] = row[index[-1]] * (own - share) if name == "softmax" else own - row[index[-1]] * share
        return out

    def logsumexp(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        return self.each_row(_logsumexp, array, axes, keep=keep)

    def extreme(self, array: np.ndarray, axes: Axes, keep: bool, *, largest: bool) -> np.ndarray:
        return self.each_row(lambda row: OPERATIONS["max" if largest else "min"](*row), array, axes, keep=keep)

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        return self.each_entry(partial(_shares, largest=largest), array, axes)

    def norm(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        return self.each_row(
            lambda row: OPERATIONS["sqrt"](OPERATIONS["add"](*(one * one for one in row))), array, axes, keep=keep
        )

    def reciprocal(self, array: np.ndarray) -> np.ndarray:
        one, zero = self.number(Fraction(1)), self.number(Fraction(0))
        return each(lambda entry: zero if sign(entry) == 0 else self.divide(one, entry), array)

    def inverse(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(ball_matrices.inverse, array, number=False)

    def determinant(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(ball_matrices.determinant, array, number=True)

    def logdet(self, array: np.ndarray) -> np.ndarray:
        found = self.determinant(array)
        if any((known := sign(one)) is not None and known <= 0 for one in found.reshape(-1)):
            raise UndefinedError("logdet: the determinant is not positive, so its logarithm has no value")
        return each(OPERATIONS["log"], found)

    def cofactors(self, array: np.ndarray) -> np.ndarray:
        return self.each_matrix(ball_matrices.cofactor_matrix, array, number=False)

    def solve(self, a: np.ndarray, b: np.ndarray, *, vector: bool) -> np.ndarray:
        a, columns = alike(a, b[..., None] if vector else b)
        out = np.empty(columns.shape, dtype=object)
        for index in np.ndindex(columns.shape[:-2]):
            out[index] = ball_matrices.solution(a[index], columns[index])
        return out[..., 0] if vector else out


def _compares(node: Node) -> bool:
    if node.operation.name == "elementwise":
        return _evaluation(node.params.tree).compares
    return node.operation.name in ("max", "min")


def _far_out(tree: Tree, values: dict[str, Numeral]) -> Numeral:
    """A tree at infinity, where an activation is its limit."""

    def limited(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        applied, name = Apply(operator, arguments), operator.rstrip("'")
        match arguments:
            case (Symbol(q),) if name in LIMITS_OF_ACTIVATIONS and isinstance(at := values[q], Infinite):
                own = LIMITS_OF_ACTIVATIONS[name]
                order = len(operator) - len(name)
                values[to_ascii(applied)] = own[order][at > 0] if order < len(own) else fmpq(0)
                return Symbol(to_ascii(applied))
        return applied

    return Evaluation(evaluable_far_out(fold(tree, lambda leaf: leaf, limited))).at(values)[0]


@lru_cache(maxsize=4096)
def _evaluation(tree: Tree) -> Evaluation:
    return Evaluation(evaluable((tree,)))


@lru_cache(maxsize=256)
def _of_activation(activation: BoundActivation, order: int) -> Evaluation:
    return Evaluation((derivation(activation).stable[order],))


def _is_long(number: Numeral, most: int) -> bool:
    return isinstance(number, fmpq) and bool(number.height_bits() > most)


def _exact(number: float) -> Numeral:
    if math.isfinite(number):
        return fmpq(*number.as_integer_ratio())
    return arb("nan") if math.isnan(number) else arb("inf" if number > 0 else "-inf")


def _whole(value: Numeral) -> int:
    known = exactly(value) if isinstance(value, arb) else value
    if not isinstance(known, fmpq) or known.q != 1:
        raise ShapeError("an index is a whole number")
    return int(known.p)


def _exp(value: Numeral) -> Numeral:
    """exp, where a masked entry is -∞: exactly 0."""
    if isinstance(value, arb) and not value.is_finite() and value < 0:
        return fmpq(0)
    return OPERATIONS["exp"](value)


def _logsumexp(row: list[Numeral]) -> Numeral:
    """The largest, and log of the rest relative to it."""
    top = OPERATIONS["max"](*row)
    if isinstance(top, arb) and not top.is_finite():
        return top
    return top + OPERATIONS["log"](OPERATIONS["add"](*(_exp(one - top) for one in row)))


def _shares(row: list[Numeral], *, largest: bool) -> list[Numeral]:
    """1/k at the k entries that tie; what is undecided is anything from 0 to 1."""
    best = OPERATIONS["max" if largest else "min"](*row)
    orders = [0 if one is best else sign(one - best) for one in row]
    open_places = [place for place, order in enumerate(orders) if order in (0, None)]
    share: Numeral = fmpq(1, len(open_places)) if open_places else UNDEFINED
    first = row[open_places[0]] if open_places else None
    equal = len(open_places) == 1 or all(row[place] is first or row[place] == first for place in open_places)
    if not equal:
        share = arb(0.5, 0.5)
    return [share if place in open_places else fmpq(0) for place in range(len(row))]
