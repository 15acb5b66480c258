"""float64 that watches its own rounding: beside each number stands a bound on how far off it may be.

The bounds are first-order running error bounds (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, §3.3).
They decide which rows of many are evaluated again in balls; nothing that is shown depends on them otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netcalc.derivation.derive import bound
from netcalc.expression.tree import Apply, Constant, Leaf, Symbol
from netcalc.records import NamedTuple

Array = NDArray[np.float64]
UNIT = 2.0**-53
TINY = 2.0**-1074  # what underflow may cost
LARGEST_BLUR = 1e-3  # of an argument, absolutely or relatively: beyond it no first-order bound holds
NO_BOUND = np.asarray(np.inf)


class Watched(NamedTuple):
    """A number, or a condition, and a bound on its error: 0 is exact, infinity says that nothing is known."""

    value: Array
    error: Array


def scalar(value: float) -> Array:
    """One number for every row."""
    return np.asarray(value, dtype=np.float64)


Operation = Callable[..., Watched]


def leaf(node: Leaf, columns: Mapping[str, Array]) -> Watched:
    """A column as the exact numbers it holds; a number or constant with what its rounding costs."""
    if isinstance(node, Symbol):
        return Watched(columns[node.name], scalar(0.0))
    if isinstance(node, Constant):
        value = math.e if node.name == "e" else math.pi
        return Watched(scalar(value), scalar(UNIT * value))
    try:
        number = float(node.value)
    except OverflowError:
        return Watched(scalar(np.nan), NO_BOUND)
    exact = math.isfinite(number) and node.value == number
    return Watched(scalar(number), scalar(0.0 if exact else UNIT * abs(number) + TINY))


def operation(node: Apply) -> Operation:
    """What the node does to its arguments' values; without an entry the rows go to the balls."""
    known = OPERATIONS.get(node.operator)
    if known is not None:
        return known
    if node.operator in ("polygamma", "digamma", "erfinv"):
        return lambda *_: Watched(scalar(np.nan), NO_BOUND)
    return _activation(node)


def _rounded(value: Array, error: Array, units: float = 1.0) -> Watched:
    return Watched(value, error + (units * UNIT) * np.abs(value) + TINY)


def _add(*terms: Watched) -> Watched:
    total, error = terms[0]
    for term in terms[1:]:
        total = total + term.value
        error = error + term.error + UNIT * np.abs(total)
    return Watched(total, error)


def _multiply(*factors: Watched) -> Watched:
    product, error = factors[0]
    for value, off in factors[1:]:
        error = np.abs(product) * off + np.abs(value) * error + error * off
        product = product * value
        error = error + UNIT * np.abs(product) + TINY
    return Watched(product, error)


def _divide(a: Watched, b: Watched) -> Watched:
    quotient = a.value / b.value
    room = np.abs(b.value) - b.error
    error = np.where(room > 0, (a.error + np.abs(quotient) * b.error) / room, NO_BOUND)
    return _rounded(quotient, error)


def _relative(a: Watched) -> Array:
    return np.where(a.error == 0, 0.0, a.error / np.abs(a.value))


def _of_logarithm(a: Watched) -> Array:
    """How far off log|a| may be: -log(1 - r), where the relative error r leaves the sign certain."""
    relative = _relative(a)
    return np.where(relative < 1.0, -np.log1p(-relative), NO_BOUND)


def _power(base: Watched, exponent: Watched) -> Watched:
    value = np.power(base.value, exponent.value)
    blur = np.abs(exponent.value) * _of_logarithm(base)
    if np.any(exponent.error):
        blur = blur + np.abs(np.log(np.abs(base.value))) * exponent.error
    return _rounded(value, np.abs(value) * np.expm1(blur), 4)


def _negate(a: Watched) -> Watched:
    return Watched(-a.value, a.error)


def _exp(a: Watched) -> Watched:
    value = np.exp(a.value)
    return _rounded(value, value * np.expm1(a.error), 2)


def _logarithm(function: Callable[[Array], Array], base: float) -> Operation:
    def applied(a: Watched) -> Watched:
        value = function(a.value)
        return _rounded(value, _of_logarithm(a) / math.log(base), 2)

    return applied


def _smooth(
    function: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    units: float = 3.0,
    *,
    periodic: bool = False,
    straight: bool = False,
) -> Operation:
    """A function whose error is its argument's times its slope there, what it bends by, and its own rounding.

    Where its slope is 0 no curvature is above 4; where it is in `straight` pieces there is none.
    """

    def applied(a: Watched) -> Watched:
        value = function(a.value)
        if not np.any(a.error):
            return _rounded(value, scalar(0.0), units)
        scale = 1.0 if periodic else np.maximum(1.0, np.abs(a.value))
        steepness = np.abs(slope(a.value))
        spread = 2.0 * steepness * a.error + (0.0 if straight else 4.0 * np.square(a.error))
        return _rounded(value, np.where(a.error < LARGEST_BLUR * scale, spread, NO_BOUND), units)

    return applied


def _atan2(y: Watched, x: Watched) -> Watched:
    value = np.arctan2(y.value, x.value)
    square = np.square(x.value) + np.square(y.value)
    spread = 2.0 * (np.abs(x.value) * y.error + np.abs(y.value) * x.error) / square
    return _rounded(value, np.where((x.value == 0) & (y.value == 0), NO_BOUND, spread), 3)


def _compare(function: Callable[[Array, Array], Any]) -> Callable[[Watched, Watched], Watched]:
    def compared(a: Watched, b: Watched) -> Watched:
        off = a.error + b.error
        unsure = ~(np.abs(a.value - b.value) > off) & (off != 0) | np.isnan(a.value) | np.isnan(b.value)
        return Watched(function(a.value, b.value), np.where(unsure, NO_BOUND, 0.0))

    return compared


def _joined(function: Callable[[Array, Array], Any]) -> Callable[..., Watched]:
    def joined(*conditions: Watched) -> Watched:
        value, error = conditions[0]
        for one in conditions[1:]:
            value, error = function(value, one.value), error + one.error
        return Watched(value, error)

    return joined


def _where(condition: Watched, then: Watched, other: Watched) -> Watched:
    error = np.where(condition.value, then.error, other.error) + condition.error
    return Watched(np.where(condition.value, then.value, other.value), error)


def _extreme(function: Callable[[Array, Array], Array]) -> Callable[..., Watched]:
    def extreme(*values: Watched) -> Watched:
        best, error = values[0]
        for value, off in values[1:]:
            best, error = function(best, value), np.maximum(error, off)
        return Watched(best, error)

    return extreme


def _sign(a: Watched) -> Watched:
    unsure = ~(np.abs(a.value) > a.error) & (a.error != 0)
    return Watched(np.sign(a.value), np.where(unsure, NO_BOUND, 0.0))


def _floor(a: Watched) -> Watched:
    unsure = ~(np.abs(a.value - np.rint(a.value)) > a.error) & (a.error != 0)
    return Watched(np.floor(a.value), np.where(unsure, NO_BOUND, 0.0))


def _by_math(function: Callable[[float], float]) -> Callable[[Array], Array]:
    def guarded(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return math.nan

    applied = np.frompyfunc(guarded, 1, 1)
    return lambda array: np.asarray(applied(array), dtype=np.float64)


def _activation(node: Apply) -> Operation:
    """A catalogue function or its derivatives by their kernels, which are good to 8 ulp."""
    activation = bound(node)
    kernels = activation.derivatives
    order = node.operator.count("'")

    def steepness(q: Array) -> Array:
        return kernels[order + 1](q) if order < 2 else scalar(4.0) + np.abs(kernels[2](q))

    smooth = _smooth(kernels[order], steepness, 8, straight=activation.is_straight)

    def applied(q: Watched, *_: Watched) -> Watched:
        value, error = smooth(q)
        near = scalar(0.0) if not activation.kinks else _near(q, activation.kinks)
        return Watched(value, error + near)

    return applied


def _near(q: Watched, kinks: tuple[str, ...]) -> Array:
    """Infinite where the argument can't be told from a kink."""
    off = q.error
    unsure = [~(np.abs(q.value - float(kink)) > off) & (off != 0) for kink in kinks]
    return np.where(np.any(np.broadcast_arrays(*unsure), axis=0), NO_BOUND, 0.0)


_TWO_BY_ROOT_PI = 2.0 / math.sqrt(math.pi)

OPERATIONS: Mapping[str, Operation] = {
    "add": _add,
    "subtract": lambda a, b: _add(a, _negate(b)),
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "negate": _negate,
    "exp": _exp,
    "expm1": _smooth(np.expm1, np.exp),
    "log": _logarithm(np.log, math.e),
    "log2": _logarithm(np.log2, 2.0),
    "log10": _logarithm(np.log10, 10.0),
    "log1p": _smooth(np.log1p, lambda a: 1.0 / (1.0 + a)),
    "sqrt": lambda a: _power(a, Watched(scalar(0.5), scalar(0.0))),
    "cbrt": lambda a: _rounded(np.cbrt(a.value), np.abs(np.cbrt(a.value)) * _relative(a), 2),
    "sin": _smooth(np.sin, np.cos, periodic=True),
    "cos": _smooth(np.cos, np.sin, periodic=True),
    "tan": _smooth(np.tan, lambda a: 1.0 / np.square(np.cos(a)), 6, periodic=True),
    "sec": _smooth(lambda a: 1.0 / np.cos(a), lambda a: np.tan(a) / np.cos(a), 6, periodic=True),
    "csc": _smooth(lambda a: 1.0 / np.sin(a), lambda a: 1.0 / np.sin(a) / np.tan(a), 6, periodic=True),
    "cot": _smooth(lambda a: 1.0 / np.tan(a), lambda a: 1.0 / np.square(np.sin(a)), 6, periodic=True),
    "asin": _smooth(np.arcsin, lambda a: 1.0 / np.sqrt(1.0 - a * a)),
    "acos": _smooth(np.arccos, lambda a: 1.0 / np.sqrt(1.0 - a * a)),
    "atan": _smooth(np.arctan, lambda a: 1.0 / (1.0 + a * a)),
    "atan2": _atan2,
    "sinh": _smooth(np.sinh, np.cosh),
    "cosh": _smooth(np.cosh, np.sinh),
    "tanh": _smooth(np.tanh, lambda a: 1.0 / np.square(np.cosh(a))),
    "asinh": _smooth(np.arcsinh, lambda a: 1.0 / np.hypot(a, 1.0)),
    "acosh": _smooth(np.arccosh, lambda a: 1.0 / np.sqrt(a * a - 1.0)),
    "atanh": _smooth(np.arctanh, lambda a: 1.0 / (1.0 - a * a)),
    "erf": _smooth(_by_math(math.erf), lambda a: _TWO_BY_ROOT_PI * np.exp(-a * a)),
    "erfc": _smooth(_by_math(math.erfc), lambda a: _TWO_BY_ROOT_PI * np.exp(-a * a)),
    "gamma": _smooth(_by_math(math.gamma), lambda a: _by_math(math.gamma)(a) * (np.abs(a) + 1.0), 8, periodic=True),
    "lgamma": _smooth(_by_math(math.lgamma), lambda a: np.abs(a) + 1.0, 8, periodic=True),
    "abs": lambda a: Watched(np.abs(a.value), a.error),
    "sign": _sign,
    "floor": _floor,
    "max": _extreme(np.maximum),
    "min": _extreme(np.minimum),
    "where": _where,
    "less": _compare(np.less),
    "less_equal": _compare(np.less_equal),
    "greater": _compare(np.greater),
    "greater_equal": _compare(np.greater_equal),
    "equal": _compare(np.equal),
    "unequal": _compare(np.not_equal),
    "and": _joined(np.logical_and),
    "or": _joined(np.logical_or),
    "not": lambda a: Watched(np.logical_not(a.value), a.error),
}
