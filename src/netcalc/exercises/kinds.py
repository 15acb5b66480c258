"""The kinds of exercise: each draws a problem, as a problem's file holds it, whose answers are short numbers.

Expressions are drawn at points where their exponentials, logarithms and sines are short.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

Content = dict[str, Any]
LEVELS = (1, 2, 3)
ODDS = (3, 4, 5)  # σ(log n) = n/(n + 1), which is no 2/3, whose square is twice its slope
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


def neuron(random: Random, level: int) -> Content:
    """A neuron of whole numbers whose sum is one where the activation has a short value."""
    inputs = 2 if level < 3 else 3
    odds = ODDS[0] if level == 1 else random.choice(ODDS)
    numbers = apart(random, 2 * inputs, largest=9 if inputs == 2 else 15, ratios=_slopes(odds))
    x, w = numbers[:inputs], numbers[inputs:]
    weighted = _dot(w, x)
    if level == 1 and random.random() < 0.5:
        b = next(
            q - weighted
            for q in random.sample(range(LEAST, 40), 40 - LEAST)
            if not any(clash(one, other) for one in (q, q - weighted) for other in numbers)
        )
        return {"neuron": {"x": x, "w": w, "b": b, "activation": "relu"}}
    sign = "" if level == 1 else random.choice(("", "-"))
    b_text = f"{sign}log({odds}) - {weighted}".replace("- -", "+ ")
    content: Content = {"x": x, "w": w, "b": b_text, "activation": "sigmoid"}
    if level == 3:
        content |= {"target": 1, "loss": random.choice(["half-mse", "mse"])}
    return {"neuron": content}


def _slopes(odds: int) -> set[Fraction]:
    """By how much what is taken for σ′ = σ(1 − σ) is too large: σ, 1 − σ, their squares, 1, twice it, and it itself."""
    f = Fraction(odds, odds + 1)
    slope = f * (1 - f)
    ratios = {taken / slope for taken in (f, 1 - f, f**2, (1 - f) ** 2, Fraction(1), 2 * slope, slope)}
    return ratios | {1 / ratio for ratio in ratios}


def linear(random: Random, level: int) -> Content:
    """A layer of whole numbers, of one sample or two, with relu at the highest level."""
    outputs, inputs = (2, 2) if level == 1 else (2, 3)
    samples = 1 if level < 3 else 2
    while True:
        numbers = [apart(random, inputs + outputs) for _ in range(samples)]
        v, delta = [one[:inputs] for one in numbers], [one[inputs:] for one in numbers]
        matrix = _rows(distinct(random, outputs * inputs, largest=outputs * inputs + 2), inputs)
        b = distinct(random, outputs)
        units = [_dot(row, one) + bias for one in v for row, bias in zip(matrix, b, strict=True)]
        if level < 3 or (0 not in units and min(units) < 0 < max(units) and _passes_any(units, delta)):
            break  # relu's slope is seen, and no gradient is nothing but zeros
    content: Content = {
        "matrix": matrix,
        "v": v[0] if samples == 1 else v,
        "b": b,
        "delta": delta[0] if samples == 1 else delta,
    }
    return {"linear": content | ({"activation": "relu"} if level == 3 else {})}


def _passes_any(units: Sequence[int], delta: Sequence[Sequence[int]]) -> bool:
    """Whether relu lets some of what comes from above through to the biases, all samples together."""
    outputs = len(delta[0])
    passed = [above * (unit > 0) for unit, above in zip(units, [one for row in delta for one in row], strict=True)]
    return any(sum(passed[place::outputs]) for place in range(outputs))


def net(random: Random, level: int) -> Content:
    """Two layers of whole numbers, or three, with relu between, and half the squared error."""
    widths = (2, 2, 1) if level == 1 else (2, 2, 2) if level == 2 else (2, 2, 2, 1)
    while True:
        layers = [_layer(random, inputs, outputs) for inputs, outputs in pairwise(widths)]
        given, target = apart(random, 2, largest=7), distinct(random, widths[-1], largest=9)
        outputs = _outputs(layers, given)
        off = [output - wanted for output, wanted in zip(outputs, target, strict=True)] if outputs else [0]
        if min(map(abs, off)) >= LEAST and any(_backward(layers, given, off)):
            break
    for layer in layers[:-1]:
        layer["activation"] = "relu"
    return {"input": given, "target": target, "loss": "half-mse", "reduction": "sum", "layers": layers}


def _layer(random: Random, inputs: int, outputs: int) -> Content:
    matrix = _rows(distinct(random, inputs * outputs, largest=inputs * outputs + 1), inputs)
    return {"W": matrix, "b": [random.randint(1, 4) for _ in range(outputs)], "activation": "identity"}


def _outputs(layers: Sequence[Content], given: Sequence[int]) -> list[int]:
    """What the layers come to; nothing where a unit is at relu's kink, or none of a layer passes anything."""
    values = list(given)
    for layer in layers[:-1]:
        units = _affine(layer, values)
        if 0 in units or max(units) < 0:
            return []
        values = [max(unit, 0) for unit in units]
    return _affine(layers[-1], values)


def _backward(layers: Sequence[Content], values: Sequence[int], off: Sequence[int]) -> list[int]:
    """What comes back to the values; nothing where relu lets nothing through to a layer."""
    (layer, *rest), above = layers, list(off)
    if rest:
        units = _affine(layer, values)
        above = _backward(rest, [max(unit, 0) for unit in units], off) or [0] * len(units)
        above = [one * (unit > 0) for one, unit in zip(above, units, strict=True)]
    return [_dot(column, above) for column in zip(*layer["W"], strict=True)] if any(above) else []


def _affine(layer: Content, values: Sequence[int]) -> list[int]:
    return [_dot(row, values) + bias for row, bias in zip(layer["W"], layer["b"], strict=True)]


def grad(random: Random, level: int) -> Content:
    """An expression in two variables at a point where exponentials, logarithms and sines are short."""
    expression, at = random.choice(EXPRESSIONS[level])(random)
    return {"grad": {"expressions": [expression], "at": at}}


KINDS: Mapping[str, Callable[[Random, int], Content]] = {"neuron": neuron, "linear": linear, "net": net, "grad": grad}


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(one * other for one, other in zip(a, b, strict=True))


def _rows(numbers: Sequence[int], columns: int) -> list[list[int]]:
    return [list(numbers[start : start + columns]) for start in range(0, len(numbers), columns)]
