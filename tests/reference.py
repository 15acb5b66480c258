"""True values for the float64 kernels: mpmath at 2600 bits, by definitions that share nothing with the package.

A `Jet` carries a value with its first two derivatives, so a definition alone gives slope and curvature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import mpmath

BITS = 2600  # the smallest float64 beside 1, squared, and 400 bits more
mp = mpmath.mp.clone()
mp.prec = BITS
number = mp.mpf
ZERO = number(0)
FAR = 5000  # exp(±5000) is beyond every float64, multiplied by any float64 or not; going further only takes time


@dataclass(frozen=True)
class Jet:
    """A value f with f' and f''."""

    f: mpmath.mpf
    d: mpmath.mpf = ZERO
    dd: mpmath.mpf = ZERO

    def chain(self, f, d, dd) -> Jet:
        """g(self), for g with value `f` and derivatives `d`, `dd` there."""
        return Jet(f, d * self.d, dd * self.d * self.d + d * self.dd)

    def __add__(self, other) -> Jet:
        other = jet(other)
        return Jet(self.f + other.f, self.d + other.d, self.dd + other.dd)

    def __mul__(self, other) -> Jet:
        other = jet(other)
        return Jet(
            self.f * other.f,
            self.f * other.d + self.d * other.f,
            self.f * other.dd + 2 * self.d * other.d + self.dd * other.f,
        )

    def __neg__(self) -> Jet:
        return self * -1

    def __sub__(self, other) -> Jet:
        return self + -jet(other)

    def __rsub__(self, other) -> Jet:
        return jet(other) - self

    def __truediv__(self, other) -> Jet:
        other = jet(other)
        r = 1 / other.f
        return self * other.chain(r, -r * r, 2 * r * r * r)

    def __rtruediv__(self, other) -> Jet:
        return jet(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def jet(x) -> Jet:
    """A constant as a jet."""
    if isinstance(x, Jet):
        return x
    return Jet(number(x.numerator) / x.denominator if isinstance(x, Fraction) else number(x))


def exp(x: Jet) -> Jet:
    e = mp.exp(min(max(x.f, -FAR), FAR))
    return x.chain(e, e, e)


def log(x: Jet) -> Jet:
    r = 1 / x.f
    return x.chain(mp.log(x.f), r, -r * r)


def sin(x: Jet) -> Jet:
    s = mp.sin(x.f)
    return x.chain(s, mp.cos(x.f), -s)


def atan(x: Jet) -> Jet:
    r = 1 / (1 + x.f * x.f)
    return x.chain(mp.atan(x.f), r, -2 * x.f * r * r)


def tanh(x: Jet) -> Jet:
    """1 - 2/(exp(2x) + 1)"""
    return 1 - 2 / (exp(2 * x) + 1)


def normal_distribution(x: Jet) -> Jet:
    """Φ(x), the integral of exp(-t²/2)/√(2π) up to x."""
    density = mp.exp(-x.f * x.f / 2) / mp.sqrt(2 * mp.pi)
    return x.chain(upper_tail(-x.f), density, -x.f * density)


def upper_tail(x):
    """1 - Φ(x) to 200 bits at least, however far out."""
    if x < -60:
        return number(1)
    if x > 60:
        return number(0)  # exp(-1800) and less: below the smallest float64
    with mp.workprec(400 if abs(x) > 1e-20 else BITS):
        return mp.erfc(x / mp.sqrt(2)) / 2


def _piecewise(*pieces: tuple[float, Callable[[Jet], Jet]], last: Callable[[Jet], Jet]) -> Callable[[Jet], Jet]:
    def definition(x: Jet) -> Jet:
        return next((piece(x) for bound, piece in pieces if x.f <= bound), None) or last(x)

    return definition


def _constant(value) -> Callable[[Jet], Jet]:
    return lambda _: jet(value)


def _same(x: Jet) -> Jet:
    return x


SCALE = Fraction("1.0507009873554804934193349852946")
ALPHA = Fraction("1.6732632423543772848170429916717")


def definition(name: str, **parameters: Fraction) -> Callable[[Jet], Jet]:
    """The activation `name`, as torch.nn.functional defines it, on jets."""
    alpha = parameters.get("alpha", Fraction(1))
    bent = _piecewise((0, lambda x: alpha * (exp(x) - 1)), last=_same)
    definitions: dict[str, Callable[[Jet], Jet]] = {
        "identity": _same,
        "sigmoid": lambda x: 1 / (1 + exp(-x)),
        "tanh": tanh,
        "relu": _piecewise((0, _constant(0)), last=_same),
        "leaky_relu": _piecewise((0, lambda x: parameters["negative_slope"] * x), last=_same),
        "relu6": _piecewise((0, _constant(0)), (6, _same), last=_constant(6)),
        "elu": bent,
        "selu": _piecewise((0, lambda x: SCALE * ALPHA * (exp(x) - 1)), last=lambda x: SCALE * x),
        "celu": _piecewise((0, lambda x: alpha * (exp(x / alpha) - 1)), last=_same),
        "softplus": lambda x: log(1 + exp(x)) if x.f < 0 else x + log(1 + exp(-x)),
        "log_sigmoid": lambda x: -log(1 + exp(-x)) if x.f > 0 else x - log(1 + exp(x)),
        "softsign": _piecewise((0, lambda x: x / (1 - x)), last=lambda x: x / (1 + x)),
        "silu": lambda x: x / (1 + exp(-x)),
        "gelu": lambda x: x * normal_distribution(x),
        "gelu_tanh": lambda x: x / (1 + exp(-2 * mp.sqrt(2 / mp.pi) * (x + Fraction("0.044715") * x * x * x))),
        "mish": _mish,
        "hard_sigmoid": _piecewise((-3, _constant(0)), (3, lambda x: (x + 3) / 6), last=_constant(1)),
        "hard_tanh": _piecewise((-1, _constant(-1)), (1, _same), last=_constant(1)),
        "hard_swish": _piecewise((-3, _constant(0)), (3, lambda x: x * (x + 3) / 6), last=_same),
        "exp": exp,
        "sin": sin,
        "arctan": atan,
        "gaussian": lambda x: exp(-x * x),
    }
    return definitions[name]


def _mish(x: Jet) -> Jet:
    """x·tanh(log(1 + e^x)), where tanh(log(p)) = (p² - 1)/(p² + 1)."""
    p = 1 + exp(x)
    return x * (p * p - 1) / (p * p + 1)


def truth(name: str, q: float, **parameters: Fraction) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    """(value, slope, curvature) of the activation at the float64 `q`."""
    result = definition(name, **parameters)(Jet(number(q), number(1)))
    return result.f, result.d, result.dd


SMALLEST_EXPONENT = -1074
LARGEST = number(2) ** 1024 - number(2) ** 970  # from here on, the nearest float64 is infinity


def ulps(computed: float, true: mpmath.mpf, scale: mpmath.mpf | None = None) -> float:
    """|computed - true| in units in the last place of `scale` (of `true`, if none is given); subnormals included.

    A result that is wrong in kind is infinitely far off: NaN, an infinity where the true value is none or the
    reverse, and 0 where the true value rounds to something else.
    """
    if abs(true) >= LARGEST:
        return 0.0 if math.isinf(computed) and (computed > 0) == (true > 0) else math.inf
    if not math.isfinite(computed) or (computed == 0 and abs(true) > number(2) ** (SMALLEST_EXPONENT - 1)):
        return math.inf
    size = abs(true) if scale is None else abs(scale)
    exponent = max(mp.frexp(size)[1] - 53, SMALLEST_EXPONENT) if size else SMALLEST_EXPONENT
    return float(abs(number(computed) - true) / number(2) ** exponent)
