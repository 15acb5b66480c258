"""Expressions for exercises, each at a point where its exponentials, logarithms and sines are short."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from random import Random

Point = dict[str, int | str]
Draw = Callable[[Random], tuple[str, Point]]

ANGLES = (6, 4, 3)  # parts of π whose sine and cosine are short
TRIPLES = ((3, 4), (5, 12), (8, 15))  # sides of right triangles of whole numbers
LEAST = 3  # 0 hides a factor, 1 its power, and 2 a doubled term
SIGNS = (-1, 1)
RATIOS = (Fraction(1), Fraction(2))


def apart(
    random: Random, count: int, *, largest: int = 12, beside: Iterable[int] = (), ratios: Collection[Fraction] = RATIOS
) -> list[int]:
    """So many whole numbers of 3 to `largest` with a sign each; none clashes with another, or with one of `beside`."""
    while True:
        taken, found = [abs(one) for one in beside], list[int]()
        for size in random.sample(range(LEAST, largest + 1), largest + 1 - LEAST):
            if len(found) < count and not any(clash(size, other, ratios) for other in taken):
                taken.append(size)
                found.append(random.choice(SIGNS) * size)
        if len(found) == count:
            return found


def clash(a: int, b: int, ratios: Collection[Fraction] = RATIOS) -> bool:
    """Whether one size is the square of the other, or so many times as large; 0 clashes with nothing."""
    low, high = sorted((abs(a), abs(b)))
    return high == low * low or (low > 0 and Fraction(high, low) in ratios)


def distinct(random: Random, count: int, *, largest: int = 6) -> list[int]:
    """So many whole numbers of different sizes from 1 to `largest`, with a sign each."""
    return [random.choice(SIGNS) * size for size in random.sample(range(1, largest + 1), count)]


def _polynomial(random: Random) -> tuple[str, Point]:
    a, b, x, y = _coefficients(random)
    n = next(n for n in (3, 4) if abs(x) != n)
    return f"{a}*x^{n} + {b}*x*y", {"x": x, "y": y}


def _drawn(formula: str, y_of: Callable[[Random, int, int], str] | None = None) -> Draw:
    """A formula with two coefficients, at whole numbers, or y by the first coefficient and x."""

    def draw(random: Random) -> tuple[str, Point]:
        a, b, x, y = _coefficients(random)
        return formula.format(a=a, b=b), {"x": x, "y": y if y_of is None else y_of(random, a, x)}

    return draw


def _growth(random: Random) -> tuple[str, Point]:
    a, _, x, _ = _coefficients(random)
    # at 3, x^3 is its own slope
    return f"x^3*exp({a}*y)", {"x": x + (x == 3), "y": f"log(3)/{a}"}


def _length(random: Random) -> tuple[str, Point]:
    sides = random.choice(TRIPLES)
    x, y = (random.choice((-1, 1)) * side for side in random.sample(sides, 2))
    a, b = map(abs, apart(random, 2, largest=11, beside=(x, y)))
    return f"{a}*sqrt(x^2 + y^2) + {b}*x*y", {"x": x, "y": y}


def _coefficients(random: Random) -> tuple[int, int, int, int]:
    """Two coefficients and two places, mixed up by no slip."""
    a, b, x, y = apart(random, 4, largest=9)
    return abs(a), abs(b), x, y


def _less(number: int) -> str:
    return f"- {number}" if number > 0 else f"+ {-number}"


EXPRESSIONS: Mapping[int, Sequence[Draw]] = {
    1: (_polynomial, _drawn("{a}*x^2*y - {b}*y"), _drawn("({a}*x + {b}*y)^2")),
    2: (
        _growth,
        _drawn("({a}*x + y)/(x^2 + {b})"),
        _drawn("{a}*x*sin(y)", lambda random, *_: f"pi/{random.choice(ANGLES)}"),
        _drawn("log({a}*x^2 + 1) + {b}*x*y"),
    ),
    3: (
        _drawn("{b}*log(1 + exp({a}*x + y))", lambda _, a, x: f"log(3) {_less(a * x)}"),
        _drawn("exp({a}*x*y)*(x^2 + {b})", lambda _, a, x: f"{'-' if x < 0 else ''}log(3)/{abs(a * x)}"),
        _drawn("sin({a}*y)/({b} + x^2)", lambda random, a, _: f"pi/{random.choice(ANGLES) * a}"),
        _drawn("sigmoid({a}*x + y)*x", lambda _, a, x: f"log(3) {_less(a * x)}"),
        _length,
    ),
}
