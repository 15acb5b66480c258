"""Numbers that know how wrong they are: exact rationals while they last, Arb balls after that.

F. Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Comput. 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flint import acb, arb, ctx, fmpq

EXACT_BITS = 20_000  # a rational longer than this goes on as a ball

Numeral = Any  # flint.fmpq or flint.arb: python-flint has no common base class for them
UNDEFINED = arb.nan()
INFINITE = arb("inf")
ANYTHING = arb(0, INFINITE)
FAR = fmpq(10) ** 17  # whose exp is beyond 1e1000000000000000
SLIGHT = arb(0, arb(2) ** -(10**17))  # around what such a number's reciprocal is
ZERO = fmpq(0)


class Infinite(arb):
    """Infinity itself, as a mask has it, not a number beyond all that Arb holds, whose reciprocal is not 0."""

    def __add__(self, other: Numeral) -> Numeral:
        return _still_infinite(arb(self) + other)

    def __mul__(self, other: Numeral) -> Numeral:
        return _still_infinite(arb(self) * other)

    def __truediv__(self, other: Numeral) -> Numeral:
        return _still_infinite(arb(self) / other)

    def __sub__(self, other: Numeral) -> Numeral:
        return self + -other

    def __rsub__(self, other: Numeral) -> Numeral:
        return -self + other

    def __neg__(self) -> Numeral:
        return Infinite(-arb(self))

    __radd__, __rmul__ = __add__, __mul__


def _still_infinite(number: arb) -> arb:
    return Infinite(number) if is_infinite(number) else number


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Balls made inside have `bits` bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


# Of functions at minus infinity and at infinity.
LIMITS: Mapping[str, tuple[Numeral, Numeral]] = {
    "exp": (fmpq(0), Infinite(INFINITE)),
    **dict.fromkeys(("tanh", "erf"), (fmpq(-1), fmpq(1))),
    **dict.fromkeys(("sqrt", "log1p"), (UNDEFINED, Infinite(INFINITE))),
    **dict.fromkeys(("sinh", "asinh"), (Infinite(-INFINITE), Infinite(INFINITE))),
    "cosh": (Infinite(INFINITE), Infinite(INFINITE)),
    "expm1": (fmpq(-1), Infinite(INFINITE)),
    "erfc": (fmpq(2), fmpq(0)),
    "sech": (fmpq(0), fmpq(0)),
}
# Of activations whose formulas have no value there, and of their slopes.
_GATED = ((fmpq(0), Infinite(INFINITE)), (fmpq(0), fmpq(1)))
LIMITS_OF_ACTIVATIONS: Mapping[str, Sequence[tuple[Numeral, Numeral]]] = {
    **dict.fromkeys(("silu", "gelu", "gelu_tanh", "mish", "softplus"), _GATED),
    "softsign": ((fmpq(-1), fmpq(1)), (fmpq(0), fmpq(0))),
    "log_sigmoid": ((Infinite(-INFINITE), fmpq(0)), (fmpq(1), fmpq(0))),
}


def exactly(ball: arb) -> Numeral:
    """The rational that a ball of radius 0 is; any other ball as it came."""
    if not ball.is_exact() or not ball.is_finite():
        return ball
    mantissa, exponent = (int(part) for part in ball.man_exp())
    if abs(exponent) > EXACT_BITS:
        return ball
    return fmpq(mantissa << exponent) if exponent >= 0 else fmpq(mantissa, 1 << -exponent)


def ball(value: Numeral) -> arb:
    """The ball of a numeral."""
    return value if isinstance(value, arb) else arb(value)


def _function(name: str) -> Callable[[Numeral], Numeral]:
    def applied(value: Numeral) -> Numeral:
        number = ball(value)
        if isinstance(number, Infinite) and name in LIMITS:
            return LIMITS[name][number > 0]
        if name == "exp" and is_infinite(number) and number < 0:
            return arb(SLIGHT)  # a new object, as only what is the same number is one
        return exactly(getattr(ANYTHING if is_infinite(number) and name != "atan" else number, name)())

    return applied


def is_infinite(number: arb) -> bool:
    """Whether a ball stands for what is beyond all that Arb can hold, on one side."""
    return bool(abs(number) == INFINITE)


def _growing(name: str) -> Callable[[Numeral], Numeral]:
    """A function whose value far out is too large for Arb; its reciprocal is not."""
    function = _function(name)

    def applied(value: Numeral) -> Numeral:
        found, number = function(value), ball(value)
        if is_nowhere(found) and number.is_finite() and abs(number) > FAR:
            return -INFINITE if name == "sinh" and number < 0 else INFINITE
        return found

    return applied


def _divide(a: Numeral, b: Numeral) -> Numeral:
    if isinstance(b, fmpq) and b == 0:
        return UNDEFINED
    if isinstance(b, arb) and is_infinite(b):
        reciprocal = fmpq(0) if isinstance(b, Infinite) else arb(SLIGHT)
        return reciprocal if abs(ball(a)) < FAR else UNDEFINED
    return a / b


def _power(base: Numeral, exponent: Numeral) -> Numeral:
    if isinstance(exponent, fmpq) and exponent.q == 1:
        return _integer_power(base, int(exponent.p))
    if isinstance(exponent, fmpq) and exponent.q == 2 and abs(exponent.p) < EXACT_BITS:
        return _integer_power(exactly(ball(base).sqrt()), int(exponent.p))
    if isinstance(base, fmpq) and base == 0 and ball(exponent) > 0:
        return fmpq(0)
    return exactly(ball(base) ** ball(exponent))


def _integer_power(base: Numeral, exponent: int) -> Numeral:
    if exponent < 0:
        return _divide(fmpq(1), _integer_power(base, -exponent))
    if isinstance(base, fmpq):
        bits = max(int(base.p).bit_length(), int(base.q).bit_length())
        if bits * exponent <= EXACT_BITS:
            return base**exponent
    number = ball(base)
    if isinstance(number, Infinite) and exponent:
        return number if exponent % 2 or number > 0 else -number
    if number.contains(0):  # python-flint 0.9 has no power of such a ball; of the same complex one it has
        return exactly((acb(number) ** exponent).real)
    return exactly(number**exponent)


def _cbrt(value: Numeral) -> Numeral:
    number = ball(value)
    if number < 0:
        return -exactly((-number).root(3))
    return exactly(number.root(3))


def _log(value: Numeral) -> Numeral:
    return exactly(ball(value).log())


def _hull(values: list[Numeral]) -> Numeral:
    """One ball that holds them all."""
    whole = ball(values[0])
    for value in values[1:]:
        whole = whole.union(ball(value))
    return whole


def is_nowhere(value: Numeral) -> bool:
    """Whether nothing bounds a numeral: it has no value, or none that so few bits can tell."""
    return isinstance(value, arb) and not value.is_finite()


def sign(value: Numeral) -> int | None:
    """-1, 0 or 1; None where the ball does not tell."""
    if isinstance(value, fmpq):
        return (value > 0) - (value < 0)
    if value > 0:
        return 1
    if value < 0:
        return -1
    return 0 if value.is_zero() else None


Condition = bool | None | arb  # None is undecided; UNDEFINED is about something that has no value


CONSTANTS: Mapping[str, Callable[[], arb]] = {"e": arb.const_e, "pi": arb.pi, "inf": lambda: Infinite(INFINITE)}


def _compare(holds: Callable[[int], bool]) -> Callable[[Numeral, Numeral], Condition]:
    def compared(a: Numeral, b: Numeral) -> Condition:
        if is_nowhere(a) or is_nowhere(b):
            order = _order_far_out(a, b)
            return UNDEFINED if order is None else holds(order)
        order = 0 if a is b else sign(a - b)
        return None if order is None else holds(order)

    return compared


def _order_far_out(a: Numeral, b: Numeral) -> int | None:
    """The sign of a - b where one of them is infinite, as a mask's -inf is; None where that has none."""
    far = [sign(one) or 0 if is_nowhere(one) else 0 for one in (a, b)]
    if any(is_nowhere(one) and not side for one, side in zip((a, b), far, strict=True)) or far[0] == far[1]:
        return None
    return far[0] or -far[1]


def _where(condition: Condition, then: Numeral, other: Numeral) -> Numeral:
    if condition is UNDEFINED:
        return UNDEFINED
    if condition is None:  # undecided: whatever it is, it lies in the hull of both
        return _hull([then, other])
    return then if condition else other


def _all(*conditions: Condition) -> Condition:
    if any(condition is False for condition in conditions):
        return False
    if any(condition is UNDEFINED for condition in conditions):
        return UNDEFINED
    return None if None in conditions else True


def _not(condition: Condition) -> Condition:
    return not condition if isinstance(condition, bool) else condition


def _extreme(largest: bool) -> Callable[..., Numeral]:
    def extreme(*values: Numeral) -> Numeral:
        best = values[0]
        for value in values[1:]:
            order = 0 if value is best else sign(value - best)
            if order is None:
                best = ball(best).max(ball(value)) if largest else ball(best).min(ball(value))
            elif (order > 0) == largest:
                best = value
        return best

    return extreme


def _sign(value: Numeral) -> Numeral:
    if is_nowhere(value):
        return UNDEFINED  # where Arb says 0 ± 1
    known = sign(value)
    return ball(value).sgn() if known is None else fmpq(known)


def _lgamma(value: Numeral) -> Numeral:
    """log|Γ(q)|, which left of 0 is the real part of the complex logarithm."""
    number = ball(value)
    return exactly(number.lgamma() if number > 0 else acb(number).lgamma().real)


def _polygamma(order: Numeral, value: Numeral) -> Numeral:
    if not isinstance(order, fmpq) or order.q != 1 or order < 0:
        return UNDEFINED
    m, z = int(order.p), ball(value)
    if not z < -1:
        return exactly(acb(z).polygamma(m).real)
    mirrored = _polygamma(order, 1 - z)  # Arb has no value far to the left: ψ⁽ᵐ⁾(1-z)·(-1)ᵐ - ψ⁽ᵐ⁾(z) = (π cot πz)⁽ᵐ⁾
    return (mirrored if m % 2 == 0 else -mirrored) - _slope_of_cot_pi(m, z)


def _slope_of_cot_pi(order: int, z: arb) -> arb:
    """The derivative of that order of π cot(πz): a polynomial in c = cot(πz), as c′ = -π(1 + c²)."""
    powers = [0, 1]
    for _ in range(order):
        slopes = [n * power for n, power in enumerate(powers)][1:]
        powers = [-(a + b) for a, b in zip([*slopes, 0, 0], [0, 0, *slopes], strict=True)]
    c, total = (arb.pi() * z).cot(), arb(0)
    for power in reversed(powers):
        total = total * c + power
    return total * arb.pi() ** (order + 1)


def _atan2(y: Numeral, x: Numeral) -> Numeral:
    if (sign(y) == 0 and sign(x) == 0) or is_nowhere(y) or is_nowhere(x):
        return UNDEFINED  # where Arb follows C, and says 0; or that any angle will do
    return exactly(arb.atan2(ball(y), ball(x)))


_ARB_NAMES = """exp log1p expm1 sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sec csc cot erf erfc
    erfinv gamma digamma sech"""

OPERATIONS: Mapping[str, Callable[..., Any]] = {name: _function(name) for name in _ARB_NAMES.split()} | {
    **{name: _growing(name) for name in ("exp", "expm1", "sinh", "cosh")},
    "add": lambda *terms: sum(terms, ZERO),
    "subtract": lambda a, b: a - b,
    "multiply": lambda *factors: math.prod(factors, start=fmpq(1)),
    "divide": _divide,
    "power": _power,
    "negate": lambda a: -a,
    "abs": abs,
    "log": _log,
    "log2": lambda a: _divide(_log(a), _log(fmpq(2))),
    "log10": lambda a: _divide(_log(a), _log(fmpq(10))),
    "cbrt": _cbrt,
    "lgamma": _lgamma,
    "polygamma": _polygamma,
    "sign": _sign,
    "floor": lambda a: fmpq(a.p // a.q) if isinstance(a, fmpq) else exactly(a.floor()),
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "atan2": _atan2,
    "where": _where,
    "less": _compare(lambda order: order < 0),
    "less_equal": _compare(lambda order: order <= 0),
    "greater": _compare(lambda order: order > 0),
    "greater_equal": _compare(lambda order: order >= 0),
    "equal": _compare(lambda order: order == 0),
    "unequal": _compare(lambda order: order != 0),
    "and": _all,
    "or": lambda *conditions: _not(_all(*map(_not, conditions))),
    "not": _not,
}
