"""What an expression and its derivatives come to, by mpmath at hundreds of digits: it shares nothing with netcalc but the tree.

Derivatives are central differences, which are trusted where two step sizes agree. Where something ties (an abs of 0, a
max of equals) or has no real value there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import mpmath

from netcalc.expression import Constant, Number, Symbol, Tree
from netcalc.expression.tree import fold

DIGITS = 900
MORE = 1200  # digits of a second look, which must see the same
FOR_NOTHING = 6000  # where the first saw 0: log(1 - 1e-2174) is none
STEPS = ("1e-60", "1e-62")
LOST_DIGITS = 62  # by a difference, of the smaller step
AGREED = mpmath.mpf("1e-45")
TIED = mpmath.mpf("1e-50")
FARTHEST = 200_000  # bits of an exponent: what is larger takes mpmath for ever

mp = mpmath.mp.clone()
mp.dps = DIGITS
Real = mpmath.mpf
Point = Mapping[str, Real]


class Untold(Exception):
    """No real value, a tie, or out of reach."""


def value(tree: Tree, point: Point) -> Real:
    """The tree's value. Raises Untold."""
    found = _value(tree, point)
    with mp.workdps(MORE if found else FOR_NOTHING):
        again = _value(tree, point)
    if abs(found - again) > AGREED * abs(again):
        raise Untold
    return found


def slope(tree: Tree, by: Sequence[str], point: Point) -> Real:
    """The tree's derivative by those variables in turn. Raises Untold."""
    _value(tree, point)  # which may tie where nothing does a step away
    rough, fine = (_difference(tree, list(by), point, mp.mpf(step)) for step in STEPS)
    rounding = mp.mpf(10) ** (LOST_DIGITS * len(by) - DIGITS + 40)  # which may be the same with both steps
    if abs(fine) <= rounding or abs(rough - fine) > AGREED * abs(fine):  # 0 may be what cancelled
        raise Untold
    return fine


def _difference(tree: Tree, by: list[str], numbers: Mapping[str, Real], step: Real) -> Real:
    if not by:
        return _value(tree, numbers)
    name, *others = by
    h = step * (abs(numbers[name]) or 1)
    right = _difference(tree, others, {**numbers, name: numbers[name] + h}, step)
    left = _difference(tree, others, {**numbers, name: numbers[name] - h}, step)
    if others == [] and right == left:
        return mp.zero
    return (right - left) / (2 * h)


def _value(tree: Tree, numbers: Mapping[str, Real]) -> Real:
    def leaf(node: Number | Constant | Symbol) -> Real:
        if isinstance(node, Number):
            return _number(node.value)
        return numbers[node.name] if isinstance(node, Symbol) else +mp.e if node.name == "e" else +mp.pi

    def combine(operator: str, arguments: tuple[Real | bool | None, ...]) -> Real | bool | None:
        if operator == "where":
            condition, then, other = arguments
            return None if condition is None else then if condition else other
        if any(one is None for one in arguments):
            return None
        try:
            found = _applied(operator, arguments)
        except (ArithmeticError, ValueError, mpmath.libmp.NoConvergence):
            return None
        return _checked(found)

    found = fold(tree, leaf, combine)
    if found is None:
        raise Untold
    return found


def _checked(found: Real | bool) -> Real | bool | None:
    if isinstance(found, bool):
        return found
    if isinstance(found, mpmath.ctx_mp_python._mpc):
        return None
    if not mp.isfinite(found):
        return None
    if found and abs(mp.mag(found)) > FARTHEST:
        raise Untold
    return found


def _number(number: Fraction) -> Real:
    return mp.mpf(number.numerator) / number.denominator


def _applied(operator: str, a: tuple[Real, ...]) -> Real | bool:
    if operator in _SWITCHES:
        _untied(*_SWITCHES[operator](*a))
    if operator in _CONDITIONS:
        return _CONDITIONS[operator](*a)
    return _FUNCTIONS[operator](*a)


def _untied(*differences: Real) -> None:
    """Raises Untold where something is as good as 0, and which side it is on can't be told."""
    if any(abs(one) < TIED for one in differences):
        raise Untold


def _power(base: Real, exponent: Real) -> Real:
    if base <= 0 and exponent != mp.nint(exponent):
        raise ArithmeticError
    if base == 0 and exponent <= 0:
        raise ArithmeticError
    if exponent == mp.nint(exponent) and abs(exponent) > 10**7:
        raise Untold
    return base**exponent


def _log(q: Real) -> Real:
    if q <= 0:
        raise ArithmeticError
    return mp.log(q)


def _exp(q: Real) -> Real:
    if abs(q) > FARTHEST:
        raise Untold
    return mp.exp(q)


def _gamma(q: Real) -> Real:
    if q > FARTHEST or q < -1000:
        raise Untold
    return mp.gamma(q)


def _erfc(q: Real) -> Real:
    if abs(q) > 300:
        raise Untold
    with mp.workdps(mp.dps + 100):
        return mp.erfc(q) if q > 0 else 1 + mp.erf(-q)


def _erf(q: Real) -> Real:
    if abs(q) > 300:
        raise Untold
    return mp.erf(q)


def _of_size(function):
    """Periodic functions of huge numbers need as many digits more."""

    def bounded(q: Real) -> Real:
        if q and mp.mag(q) > 400:
            raise Untold
        with mp.workdps(mp.dps + 150):
            return function(q)

    return bounded


def _within(least, most, function):
    def bounded(q: Real) -> Real:
        if not least <= q <= most:
            raise ArithmeticError
        return function(q)

    return bounded


def _digamma(q: Real) -> Real:
    if q < -1000 or abs(q) > mp.mpf(10) ** 100:
        raise Untold
    return mp.digamma(q)


def _lgamma(q: Real) -> Real:
    if q < -1000 or q > mp.mpf(10) ** 100:
        raise Untold
    _untied(q - mp.nint(q) if q <= 0 else mp.one)
    return mp.log(abs(mp.gamma(q))) if q < 100 else mp.loggamma(q)


def _polygamma(order: Real, q: Real) -> Real:
    if q <= 0 or q > mp.mpf(10) ** 100 or order > 8:
        raise Untold
    return mp.psi(int(order), q)


def _sigmoid(q: Real) -> Real:
    return 1 / (1 + _exp(-q))


def _clipped(q: Real, low: int, high: int) -> Real:
    return min(max(q, mp.mpf(low)), mp.mpf(high))


def _product(*factors: Real) -> Real:
    found = mp.one
    for factor in factors:
        found *= factor
    return found


_ROOT_2, _SELU = mp.sqrt(2), (mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717"))
_GATE = mp.sqrt(8 / mp.pi)

_FUNCTIONS = {
    "add": lambda *a: sum(a[1:], a[0]),
    "subtract": lambda a, b: a - b,
    "negate": lambda a: -a,
    "multiply": _product,
    "divide": lambda a, b: a / b,
    "power": _power,
    "exp": _exp,
    "expm1": lambda q: mp.expm1(q) if abs(q) < FARTHEST else _exp(q),
    "log": _log,
    "log2": lambda q: _log(q) / mp.log(2),
    "log10": lambda q: _log(q) / mp.log(10),
    "log1p": lambda q: _log(1 + q),
    "sqrt": _within(0, mp.inf, mp.sqrt),
    "cbrt": lambda q: mp.cbrt(q) if q >= 0 else -mp.cbrt(-q),
    "sin": _of_size(mp.sin),
    "cos": _of_size(mp.cos),
    "tan": _of_size(mp.tan),
    "sec": _of_size(mp.sec),
    "csc": _of_size(mp.csc),
    "cot": _of_size(mp.cot),
    "asin": _within(-1, 1, mp.asin),
    "acos": _within(-1, 1, mp.acos),
    "atan": mp.atan,
    "arctan": mp.atan,
    "atan2": mp.atan2,
    "sinh": lambda q: (_exp(q) - _exp(-q)) / 2,
    "cosh": lambda q: (_exp(q) + _exp(-q)) / 2,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": _within(1, mp.inf, mp.acosh),
    "atanh": _within(-1, 1, mp.atanh),
    "erf": _erf,
    "erfc": _erfc,
    "gamma": _gamma,
    "lgamma": _lgamma,
    "digamma": _digamma,
    "polygamma": _polygamma,
    "abs": abs,
    "sign": mp.sign,
    "max": lambda *a: max(a),
    "min": lambda *a: min(a),
    "identity": lambda q: q,
    "sigmoid": _sigmoid,
    "relu": lambda q: max(q, mp.zero),
    "leaky_relu": lambda q, s=None: q if q > 0 else q / 100 if s is None else s * q,
    "elu": lambda q, a=mp.one: q if q > 0 else a * mp.expm1(q),
    "celu": lambda q, a=mp.one: q if q > 0 else a * mp.expm1(q / a),
    "selu": lambda q: _SELU[0] * (q if q > 0 else _SELU[1] * mp.expm1(q)),
    "softplus": lambda q: mp.log1p(_exp(-abs(q))) + max(q, mp.zero),
    "softsign": lambda q: q / (1 + abs(q)),
    "silu": lambda q: q * _sigmoid(q),
    "gelu": lambda q: q * _erfc(-q / _ROOT_2) / 2,
    "gelu_tanh": lambda q: q * _sigmoid(_GATE * (q + mp.mpf(44715) / 10**6 * q**3)),
    "mish": lambda q: q * mp.tanh(mp.log1p(_exp(-abs(q))) + max(q, mp.zero)),
    "hard_sigmoid": lambda q: _clipped(q / 6 + mp.mpf(1) / 2, 0, 1),
    "hard_tanh": lambda q: _clipped(q, -1, 1),
    "hard_swish": lambda q: q * _clipped(q + 3, 0, 6) / 6,
    "log_sigmoid": lambda q: min(q, mp.zero) - mp.log1p(_exp(-abs(q))),
    "gaussian": lambda q: _exp(-q * q),
    "relu6": lambda q: _clipped(q, 0, 6),
}
_CONDITIONS = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "unequal": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}


def _at_zero(q: Real, *_: Real) -> tuple[Real, ...]:
    return (q,)


def _apart(a: Real, b: Real) -> tuple[Real, ...]:
    return (a - b,)


def _all_apart(*a: Real) -> tuple[Real, ...]:
    """How far the two largest are apart, and the two smallest."""
    ordered = sorted(a)
    return (ordered[-1] - ordered[-2], ordered[1] - ordered[0]) if len(a) > 1 else ()


# What may tie: differences that must not be 0.
_SWITCHES = (
    dict.fromkeys(("abs", "sign", "relu", "leaky_relu", "elu", "celu", "selu", "softsign", "sqrt", "cbrt"), _at_zero)
    | dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "unequal"), _apart)
    | dict.fromkeys(("max", "min"), _all_apart)
    | dict.fromkeys(("hard_sigmoid", "hard_swish"), lambda q: (q - 3, q + 3))
    | {
        "hard_tanh": lambda q: (q - 1, q + 1),
        "relu6": lambda q: (q, q - 6),
        "power": lambda p, q: (p,) if not mp.isint(q) or q < 1 else (),
        "asin": lambda q: (q - 1, q + 1),
        "acos": lambda q: (q - 1, q + 1),
        "acosh": lambda q: (q - 1,),
        "atan2": lambda p, q: () if q > 0 else (p,),
    }
)


def names(tree: Tree) -> set[str]:
    """The operators of a tree, for whoever asks what is covered."""
    found: set[str] = set()
    fold(tree, lambda _: None, lambda operator, _: found.add(operator))
    return found


def covered(tree: Tree) -> bool:
    """Whether there is a truth for every function in the tree."""
    return names(tree) <= _FUNCTIONS.keys() | _CONDITIONS.keys() | {"where"}
