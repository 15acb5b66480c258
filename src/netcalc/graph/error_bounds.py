"""How far float64 values of a graph may be off: a bound on the Euclidean norm of each node's error.

A sum of n products is off by γ_n ‖a‖ ‖b‖ at most, γ_n = n u/(1 - n u); what was off before is passed on by the norm of
the other factor, and by the largest slope of a function. N. J. Higham 2002, Accuracy and Stability, ch. 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from netcalc.graph.functions import ACTIVATION, LOSS, VECTOR, Activation, Loss
from netcalc.graph.leaves import EYE, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, SUM, Product, Sum
from netcalc.graph.sizes import Shape, concrete
from netcalc.records import NamedTuple

UNIT = 2.0**-53
ULPS = 16  # that values of functions of the catalogue are right to, and more
ROUNDED_UP = 1 + 1e-9  # for what is rounded in the bounds themselves
SLOPES: Mapping[str, tuple[float, float]] = {  # of functions: the largest, and the largest of the slope
    "identity": (1.0, 0.0),
    "relu": (1.0, 0.0),
    "sigmoid": (0.25, 0.0963),
    "tanh": (1.0, 0.77),
    "softplus": (1.0, 0.25),
    "silu": (1.1, 0.5),
    "gelu": (1.13, 0.8),
}


class Off(NamedTuple):
    """The norm of an array and a bound on that of its error; its largest and least magnitude, where they matter."""

    norm: float
    error: float
    largest: float = math.inf
    least: float = 0.0

    @property
    def most(self) -> float:
        """A bound on the norm of what it should be."""
        return self.norm + self.error

    @property
    def highest(self) -> float:
        """A bound on the largest magnitude of what it should be."""
        return min(self.largest, self.norm) + self.error


class ErrorBounds:
    """Watches an evaluation in float64; `of` a node is then how far it may be off, infinite where nothing is known."""

    def __init__(self, roots: Iterable[Node]) -> None:
        order = in_order(roots)
        self._used = {arg for node in order for arg in node.args}
        self._before_kinks = {node.args[0] for node in order if node.operation is ACTIVATION and node.params.order == 1}
        self._largest_wanted = {arg for node in order for arg in _within_others(node)}
        self._known: dict[Node, Off] = {}

    def __call__(self, node: Node, array: np.ndarray) -> np.ndarray:
        """Sees a node's value, its arguments' before it."""
        norm = _norm(array) * ROUNDED_UP if node in self._used else 0.0
        largest = _largest(array) if node in self._largest_wanted else math.inf
        least = float(np.abs(array).min(initial=math.inf)) if node in self._before_kinks else 0.0
        error = self._error(node, norm) * ROUNDED_UP
        self._known[node] = Off(norm, error if math.isfinite(error) else math.inf, largest, least)
        return array

    def of(self, node: Node) -> float:
        """A bound on the norm of its error, and so on that of any entry."""
        return self._known[node].error

    def _error(self, node: Node, norm: float) -> float:
        if not node.args:
            return 0.0 if node.operation is EYE else UNIT * norm
        rule = RULES.get(node.operation.name)
        args = [self._known.get(arg) for arg in node.args]
        if rule is None or any(one is None for one in args):
            return math.inf
        return rule(node, [one for one in args if one is not None])


def _norm(array: np.ndarray) -> float:
    flat = array.ravel(order="K")  # as it lies in memory
    with np.errstate(all="ignore"):
        squared = float(np.dot(flat, flat))
    if 1e-200 < squared < 1e200:
        return math.sqrt(squared)
    return math.sqrt(flat.size) * float(np.abs(flat).max(initial=0.0))


def _largest(array: np.ndarray) -> float:
    return max(float(array.max(initial=0.0)), -float(array.min(initial=0.0)))


def _sizes(shape: Shape) -> list[int]:
    return [concrete(size, {}) for size in shape]


def gamma(count: float) -> float:
    """γ_n: how far n roundings in a row may take a result, relatively."""
    return count * UNIT / (1 - count * UNIT) if count * UNIT < 0.5 else math.inf


def _of_product(node: Node, args: list[Off]) -> float:
    params: Product = node.params
    sizes: dict[str, int] = {}
    shapes = *(one.shape for one in node.args), node.shape
    for letters, shape in zip((*params.letters, params.out), shapes, strict=True):
        sizes |= dict(zip(letters, _sizes(shape), strict=True))
    held = [set(letters) for letters in params.letters]
    alone = [one for one in params.summed if sum(one in letters for letters in held) == 1]
    spread = [one for one in params.out if not any(one in letters for letters in held)]
    factor = abs(float(params.number)) * math.sqrt(math.prod(sizes[one] for one in (*alone, *spread)))
    inner = _inner_factors(params, args)
    sizes_of = [one.highest if place in inner else one.most for place, one in enumerate(args)]
    whole = math.prod(sizes_of)
    before = sum(one.error * math.prod(sizes_of[:n] + sizes_of[n + 1 :]) for n, one in enumerate(args))
    rounded = gamma(math.prod(sizes[one] for one in params.summed) + 2 * len(args) + 2)
    return factor * (before + rounded * whole)


def _inner_factors(params: Product, args: list[Off]) -> set[int]:
    """Factors all of whose axes another one has: their largest entry bounds what they do. Those that gain most."""
    left = set(range(len(args)))
    for place in sorted(left, key=lambda n: args[n].highest / (args[n].most or 1.0)):
        if _is_within(params, place, left - {place}):
            left.remove(place)
    return set(range(len(args))) - left


def _is_within(params: Product, place: int, others: Collection[int]) -> bool:
    """Whether one of other factors has all the axes of one, and two have each that is summed over."""
    own = set(params.letters[place])
    held = [set(params.letters[other]) for other in others]
    return any(own <= one for one in held) and all(
        sum(axis in one for one in held) > 1 for axis in own & {*params.summed}
    )


def _within_others(node: Node) -> list[Node]:
    """The arguments whose largest entry may matter."""
    if node.operation is PRODUCT:
        places = range(len(node.args))
        return [node.args[n] for n in places if _is_within(node.params, n, [m for m in places if m != n])]
    return list(node.args) if node.operation is LOSS else []


def _of_sum(node: Node, args: list[Off]) -> float:
    params: Sum = node.params
    total = 0.0
    for letters, number, one in zip(params.letters, params.numbers, args, strict=True):
        pairs = zip(params.out, _sizes(node.shape), strict=True)
        lacking = math.prod(size for letter, size in pairs if letter not in letters)
        total += abs(float(number)) * math.sqrt(lacking) * (one.error + gamma(len(args) + 2) * one.most)
    return total


def _of_activation(node: Node, args: list[Off]) -> float:
    params: Activation = node.params
    (z,) = args
    slopes = SLOPES.get(params.function.name)
    if slopes is None or params.order > 1:
        return math.inf
    if params.function.name == "relu" and params.order:  # 0 or 1, unless rounding has taken a number across the kink
        return 0.0 if z.least > z.error else math.inf
    size = math.sqrt(math.prod(_sizes(node.shape)))
    largest = slopes[0] * size if params.order else abs(_at_zero(params.function.name)) * size + slopes[0] * z.most
    return slopes[params.order] * z.error + ULPS * UNIT * largest


def _at_zero(name: str) -> float:
    return {"sigmoid": 0.5, "softplus": 0.7}.get(name, 0.0)


def _of_vector(node: Node, args: list[Off]) -> float:
    """Softmax: its Jacobian's norm is a half at most. Gao & Pavel 2017."""
    (z,) = args
    rows = math.prod(_sizes(node.shape[:-1]))
    return 0.5 * z.error + ULPS * UNIT * math.sqrt(rows) if node.params == "softmax" else math.inf


def _of_loss(node: Node, args: list[Off]) -> float:
    """Squares, and cross-entropy of logits, whose slope is softmax(z) Σt - t."""
    params: Loss = node.params
    a, t = args[:2]
    name, apart = params.function.name, a.most + t.most
    if name == "mse":
        if params.order:
            return 2 * (a.error + t.error) + ULPS * UNIT * apart
        highest = a.highest + t.highest
        return 2 * highest * (a.error + t.error) + ULPS * UNIT * apart * highest
    if name != "cross-entropy":
        return math.inf
    width = math.sqrt(_sizes(node.args[0].shape)[-1])
    if params.order:
        return t.most * width * (0.5 * a.error + t.error + ULPS * UNIT) + t.error + ULPS * UNIT * t.most
    size = 2 * a.highest + 2 * math.log(width)  # of a logarithm of a softmax
    return width * (t.most * (1.5 * a.error + (ULPS * UNIT + gamma(width**2)) * size) + t.error * size)


RULES: Mapping[str, Callable[[Node, list[Off]], float]] = {
    PRODUCT.name: _of_product,
    SUM.name: _of_sum,
    ACTIVATION.name: _of_activation,
    VECTOR.name: _of_vector,
    LOSS.name: _of_loss,
    NAMED.name: lambda _, args: args[0].error,
}
