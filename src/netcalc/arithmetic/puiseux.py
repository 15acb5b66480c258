"""Power series beside a point, which know limits where a value is 0/0: sin(x)/x tends to 1 as x tends to 0.

A number here is Σ c[k]·t^(shift + k) for small t > 0, known up to a power of t; a place is t^6 away, so that its square
and cube roots are series too. The coefficients are exact rationals or balls, and a limit is proven.

What is no series is known by its size at least: log(x) is less than 1/t, sin(1/x) than 1, exp(-1/x) than any power.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from flint import arb, arb_series, ctx, fmpq, fmpq_series

from netcalc.arithmetic.balls import UNDEFINED, ZERO, Numeral, ball, exactly, sign
from netcalc.records import NamedTuple

ROOT = 6  # x is t^6 away
TERMS = 8 * ROOT
ONE = fmpq(1)
FLAT = 10_000  # a power as good as any
BOUNDED = ("sin", "cos", "atan", "erf", "erfc")
Coefficients = tuple[Numeral, ...]


class Series(NamedTuple):
    """c[0]·t^shift + c[1]·t^(shift + 1) + …, as far as coefficients are known; without any, nothing is.

    Of a `rough` one, what comes after the coefficients is no series: all that is known of it is its size, which is less
    than that of a multiple of the next power. So it may have no slope but at the place itself.
    """

    shift: int
    coefficients: Coefficients
    rough: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether not even its size is known."""
        return not self.coefficients and not self.rough

    @property
    def limit(self) -> Numeral:
        """What it comes to as t comes to 0: a numeral, an infinity, or undefined where that isn't known."""
        if not self.coefficients:
            return ZERO if self.rough and self.shift > 0 else UNDEFINED
        order = sign(self.coefficients[0])
        if self.shift < 0:
            return UNDEFINED if not order else arb("inf" if order > 0 else "-inf")
        return self.coefficients[0] if self.shift == 0 else ZERO

    @property
    def order(self) -> int | None:
        """The sign for small t, as far as its first coefficient tells."""
        return sign(self.coefficients[0]) if self.coefficients else None

    def slope(self, side: int) -> Series:
        """The series of its derivative, to the left (-1) or the right of the place: dx is side·6·t^5·dt.

        Of a rough one, that of its quotient by dx instead, which has the same limit.
        """
        scaled = tuple(c * fmpq(side * (self.shift + k), ROOT) for k, c in enumerate(self.coefficients))
        return series(self.shift - ROOT, scaled, rough=self.rough)

    def __neg__(self) -> Series:
        return self._replace(coefficients=tuple(-c for c in self.coefficients))


UNKNOWN = Series(0, ())


def series(shift: int, coefficients: Coefficients, *, rough: bool = False) -> Series:
    """The series from its first coefficient that is not exactly 0."""
    first = next((place for place, c in enumerate(coefficients) if sign(c) != 0), None)
    if any(isinstance(c, arb) and not c.is_finite() for c in coefficients):
        return UNKNOWN
    if first is None and rough:
        return of_size(shift + len(coefficients))
    if first is None:  # 0 as far as it is known
        return Series(max(shift, 0), coefficients[max(-shift, 0) :])
    return Series(shift + first, coefficients[first:], rough)


def of_size(shift: int) -> Series:
    """What is less than a multiple of t^shift, and nothing more is known of."""
    return Series(shift, (), rough=True)


def constant(value: Numeral) -> Series:
    """The same everywhere."""
    return series(0, (value, *[ZERO] * (TERMS - 1)))


def beside(place: Numeral, side: int) -> Series:
    """A place, moved to its left (-1) or right (1)."""
    return series(0, (place, *[ZERO] * (ROOT - 1), fmpq(side), *[ZERO] * (TERMS - ROOT - 1)))


@contextlib.contextmanager
def all_terms() -> Iterator[None]:
    """python-flint's series made inside keep so many terms."""
    before = ctx.cap
    ctx.cap = TERMS
    try:
        yield
    finally:
        ctx.cap = before


def _add(*terms: Series) -> Series:
    if any(term.is_unknown for term in terms):  # what isn't known may be beyond all bounds
        return UNKNOWN
    total = terms[0]
    for term in terms[1:]:
        low = min(total.shift, term.shift)
        end = min(total.shift + len(total.coefficients), term.shift + len(term.coefficients), low + TERMS)
        both = tuple(_at(total, k) + _at(term, k) for k in range(low, end))
        total = series(low, both, rough=total.rough or term.rough)
    return total


def _at(a: Series, power: int) -> Numeral:
    return a.coefficients[power - a.shift] if power >= a.shift else ZERO


def _multiply(*factors: Series) -> Series:
    if any(factor.is_unknown for factor in factors):
        return UNKNOWN
    product = factors[0]
    for factor in factors[1:]:
        a, b = product.coefficients, factor.coefficients
        count = min(len(a), len(b))
        few = [place for place in range(count) if sign(b[place]) != 0]  # of every sixth power, most often
        coefficients = tuple(sum((a[k - i] * b[i] for i in few if i <= k), start=ZERO) for k in range(count))
        product = series(product.shift + factor.shift, coefficients, rough=product.rough or factor.rough)
    return product


def _divide(a: Series, b: Series) -> Series:
    if a.is_unknown or not b.coefficients or not sign(b.coefficients[0]):
        return UNKNOWN
    few = [place for place, c in enumerate(b.coefficients) if place and sign(c) != 0]
    quotient: list[Numeral] = []
    for k in range(min(len(a.coefficients), len(b.coefficients))):
        rest = a.coefficients[k] - sum((quotient[k - i] * b.coefficients[i] for i in few if i <= k), start=ZERO)
        quotient.append(rest / b.coefficients[0])
    return series(a.shift - b.shift, tuple(quotient), rough=a.rough or b.rough)


def _power(base: Series, exponent: Series) -> Series:
    known = exponent.coefficients
    if not known or exponent.shift < 0 or exponent.rough:
        return UNKNOWN
    here, moving = _at(exponent, 0), any(sign(c) != 0 for c in known[1:]) or exponent.shift
    if sign(here) == 0:
        return UNKNOWN
    if not moving and isinstance(here, fmpq) and here.q == 1 and abs(here.p) <= TERMS:
        product = _multiply(*[base] * abs(int(here.p)))
        return product if here > 0 else _divide(constant(ONE), product)
    if not moving and isinstance(here, fmpq) and here.q in (2, 3) and abs(here.p) <= TERMS:
        return _power(_root(base, int(here.q)), constant(fmpq(here.p)))
    return _EXP(_multiply(exponent, _log(base)))


def _root(a: Series, degree: int) -> Series:
    """The root of what is positive beside the point."""
    if not a.coefficients or sign(a.coefficients[0]) != 1 or a.shift % degree:
        return UNKNOWN
    first = a.coefficients[0]
    unit = _EXP(_divide(_LOG_OF_UNIT(_divide(Series(0, a.coefficients), constant(first))), constant(fmpq(degree))))
    root = exactly(ball(first).root(degree))
    return Series(a.shift // degree, tuple(root * c for c in unit.coefficients), a.rough)


def _cbrt(a: Series) -> Series:
    below = bool(a.coefficients) and sign(a.coefficients[0]) == -1
    return -_root(-a, 3) if below else _root(a, 3)


def _function(name: str) -> Callable[[Series], Series]:
    """A function that is analytic where its argument tends to."""

    def applied(a: Series) -> Series:
        if a.is_unknown:
            return UNKNOWN
        count = min(a.shift + len(a.coefficients), TERMS)
        if a.shift < 0 or count == 0:
            return _far(name, a)
        given = [_at(a, k) for k in range(count)]
        exact = all(isinstance(c, fmpq) for c in given) and hasattr(fmpq_series, name)
        with contextlib.suppress(ValueError):  # where it is exact, as sin is of what tends to 0
            if exact:
                found = getattr(fmpq_series(given), name)()
                return series(0, tuple(found[k] for k in range(count)), rough=a.rough)
        try:
            found = getattr(arb_series([ball(c) for c in given], count), name)()
        except (ValueError, ZeroDivisionError):
            return UNKNOWN
        return series(0, tuple(exactly(found[k]) for k in range(count)), rough=a.rough)

    return applied


def _far(name: str, a: Series) -> Series:
    """A function of what may be beyond all bounds."""
    if name in BOUNDED:
        return of_size(0)
    return of_size(FLAT) if name == "exp" and a.order == -1 else UNKNOWN


def _log(a: Series) -> Series:
    """log(c·u) as log(c) + log(u), u tending to 1; of 0 and of what is beyond all bounds, how fast it gets there."""
    if a.order != 1:
        return UNKNOWN
    if a.shift:
        return of_size(-1)
    first = constant(a.coefficients[0])
    return _add(constant(exactly(ball(a.coefficients[0]).log())), _LOG_OF_UNIT(_divide(a, first)))


_EXP, _LOG_OF_UNIT, _SIN, _COS = (_function(name) for name in ("exp", "log", "sin", "cos"))
_HALF = constant(fmpq(1, 2))
_UNIT = constant(ONE)


def _difference(a: Series, b: Series) -> Series:
    return _add(a, -b)


def _sinh(a: Series) -> Series:
    return _multiply(_HALF, _difference(_EXP(a), _EXP(-a)))


def _cosh(a: Series) -> Series:
    return _multiply(_HALF, _add(_EXP(a), _EXP(-a)))


def _sqrt(a: Series) -> Series:
    return a if a.coefficients and not a.rough and all(sign(c) == 0 for c in a.coefficients) else _root(a, 2)


OPERATIONS: Mapping[str, Callable[..., Series]] = {
    "add": _add,
    "subtract": _difference,
    "multiply": _multiply,
    "divide": _divide,
    "negate": lambda a: -a,
    "power": _power,
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    **{name: _function(name) for name in ("atan", "asin", "acos", "erf", "erfc", "gamma", "lgamma")},
    "exp": _EXP,
    "log": _log,
    "sin": _SIN,
    "cos": _COS,
    "expm1": lambda a: _difference(_EXP(a), _UNIT),
    "log1p": lambda a: _log(_add(_UNIT, a)),
    "log2": lambda a: _divide(_log(a), _log(constant(fmpq(2)))),
    "log10": lambda a: _divide(_log(a), _log(constant(fmpq(10)))),
    "tan": lambda a: _divide(_SIN(a), _COS(a)),
    "cot": lambda a: _divide(_COS(a), _SIN(a)),
    "sec": lambda a: _divide(_UNIT, _COS(a)),
    "csc": lambda a: _divide(_UNIT, _SIN(a)),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": lambda a: _divide(_sinh(a), _cosh(a)),
    "sech": lambda a: _divide(_UNIT, _cosh(a)),
    "asinh": lambda a: _log(_add(a, _root(_add(_UNIT, _multiply(a, a)), 2))),
    "acosh": lambda a: _log(_add(a, _root(_difference(_multiply(a, a), _UNIT), 2))),
    "atanh": lambda a: _multiply(_HALF, _difference(_log(_add(_UNIT, a)), _log(_difference(_UNIT, a)))),
}


def unknown(*_: Series) -> Series:
    """What a function that is not in the table comes to."""
    return UNKNOWN
