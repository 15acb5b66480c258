"""The kinds of exercise: each draws a problem, as a problem's file holds it, whose answers are short numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

Content = dict[str, Any]
LEVELS = (1, 2, 3)
# Where the logistic function and its slope are fractions: σ(log 3) = 3/4.
PLEASANT_SUMS = ("0", "log(2)", "log(3)", "-log(2)", "-log(3)")


def neuron(random: Random, level: int) -> Content:
    """A neuron of whole numbers whose sum is one where the activation has a short value."""
    inputs = 2 if level < 3 else 3
    x, w = (_whole(random, inputs) for _ in range(2))
    found = sum(one * other for one, other in zip(x, w, strict=True))
    if level == 1 and random.random() < 0.5:
        return {"neuron": {"x": x, "w": w, "b": random.randint(1, 3) - found, "activation": "relu"}}
    sum_of_all = "0" if level == 1 else random.choice(PLEASANT_SUMS)
    b: int | str = -found if sum_of_all == "0" else f"{sum_of_all} - {found}".replace("- -", "+ ")
    content: Content = {"x": x, "w": w, "b": b, "activation": "sigmoid"}
    if level == 3:
        content |= {"target": random.choice([0, 1]), "loss": random.choice(["half-mse", "mse"])}
    return {"neuron": content}


def linear(random: Random, level: int) -> Content:
    """A layer of whole numbers, of one sample or two, with relu at the highest level."""
    outputs, inputs = (2, 2) if level == 1 else (2, 3)
    samples = 1 if level < 3 else 2
    v = [_whole(random, inputs) for _ in range(samples)]
    delta = [_whole(random, outputs) for _ in range(samples)]
    content: Content = {
        "matrix": [_whole(random, inputs) for _ in range(outputs)],
        "v": v[0] if samples == 1 else v,
        "b": _whole(random, outputs),
        "delta": delta[0] if samples == 1 else delta,
    }
    return {"linear": content | ({"activation": "relu"} if level == 3 else {})}


def net(random: Random, level: int) -> Content:
    """Two layers of whole numbers, or three, with relu between, and half the squared error."""
    widths = (2, 2, 1) if level == 1 else (2, 2, 2) if level == 2 else (2, 2, 2, 1)
    layers = [
        {
            "W": [_whole(random, inputs) for _ in range(outputs)],
            "b": [random.randint(1, 4) for _ in range(outputs)],
            "activation": "relu" if number < len(widths) - 1 else "identity",
        }
        for number, (inputs, outputs) in enumerate(pairwise(widths), 1)
    ]
    target = _whole(random, widths[-1])
    return {"input": _whole(random, 2), "target": target, "loss": "half-mse", "reduction": "sum", "layers": layers}


def grad(random: Random, level: int) -> Content:
    """An expression in two variables at a point where exponentials, logarithms and sines are short."""
    text, places = random.choice(EXPRESSIONS[level])
    a, b, n = random.randint(2, 5), random.randint(2, 5), random.randint(2, 3)
    filled = text.replace("A", str(a)).replace("B", str(b)).replace("N", str(n))
    return {"grad": {"expressions": [filled], "at": {name: random.choice(values) for name, values in places.items()}}}


SMALL: tuple[int | str, ...] = (-2, -1, 1, 2, 3)
ZERO: tuple[int | str, ...] = (0,)
ONE: tuple[int | str, ...] = (1,)
ANGLES: tuple[int | str, ...] = (0, "pi/6", "pi/4", "pi/3", "pi/2")
EXPRESSIONS: Mapping[int, Sequence[tuple[str, Mapping[str, Sequence[int | str]]]]] = {
    1: (
        ("A*x^N + B*x*y", {"x": SMALL, "y": SMALL}),
        ("A*x^2*y - B*y", {"x": SMALL, "y": SMALL}),
        ("(A*x + B*y)^2", {"x": SMALL, "y": SMALL}),
    ),
    2: (
        ("x^N*exp(A*y)", {"x": SMALL, "y": ZERO}),
        ("(A*x + y)/(x^2 + B)", {"x": SMALL, "y": SMALL}),
        ("A*x*sin(y)", {"x": SMALL, "y": ANGLES}),
        ("log(A*x + 1) + B*x*y", {"x": ZERO, "y": SMALL}),
    ),
    3: (
        ("log(1 + exp(A*x - A*y))", {"x": ONE, "y": ONE}),
        ("exp(A*x*y)*(x^2 + B)", {"x": ZERO, "y": SMALL}),
        ("sin(x*y)/(A + x^2)", {"x": ONE, "y": ANGLES}),
        ("sigmoid(A*x - B*y)*x", {"x": ZERO, "y": ZERO}),
        ("sqrt(x^2*y^2 + A^2 - 1 + x^2)", {"x": ONE, "y": ZERO}),
    ),
}

KINDS: Mapping[str, Callable[[Random, int], Content]] = {"neuron": neuron, "linear": linear, "net": net, "grad": grad}


def _whole(random: Random, count: int) -> list[int]:
    """Small whole numbers, none of them 0."""
    return [random.choice([-3, -2, -1, 1, 2, 3]) for _ in range(count)]
