"""Every operation's slope rule, and that rule's own slopes, on random shapes: held to differences in balls."""

from __future__ import annotations

import random

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from netcalc.arithmetic.balls import ball, precision
from netcalc.graph import build as b
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.backward import gradients
from netcalc.graph.evaluate import evaluate
from netcalc.graph.reductions import variance

BITS = 400
STEP = fmpq(1, 2**80)  # a central difference is then right to some 2⁻¹⁵⁰
NEAR = 1e-30
E = b.elementwise
WHOLE = b.Span(None, None, None)

# A letter is a size from 1 to 4, the same wherever it stands.
OPERATIONS = {
    "matrix product": (b.matmul, ("mn", "nk")),
    "matrix times vector": (b.matmul, ("mn", "n")),
    "stacks of matrices": (b.matmul, ("lmn", "lnk")),
    "outer": (b.outer, ("m", "n")),
    "trace of a product": (lambda A, B: b.trace(b.matmul(A, B)), ("mn", "nm")),
    "einsum": (lambda A, B, c: b.einsum("ij,jk,k->ki", A, B, c), ("mn", "nk", "k")),
    "diag of a vector": (b.diag, ("n",)),
    "diag of a matrix": (b.diag, ("nn",)),
    "broadcast sum": (b.add, ("mn", "n")),
    "broadcast product": (b.multiply, ("mn", "m1")),
    "broadcast quotient": (lambda x, y: b.divide(x, E("exp", y)), ("lmn", "m1")),
    "sum": (lambda x: b.summed(x, 0), ("mn",)),
    "mean": (lambda x: b.mean(x, 1, keep=True), ("mn",)),
    "variance": (lambda x: variance(x, 1), ("mn",)),
    "standard deviation": (lambda x: b.std(b.multiply(x, b.number(3)), -1, keep=True), ("m2",)),
    "cumsum": (lambda x: b.cumsum(x, -1), ("mn",)),
    "prod": (lambda x: b.prod(x, 0), ("mn",)),
    "max": (lambda x: b.largest(x, -1), ("mn",)),
    "min": (lambda x: b.smallest(x, 0, keep=True), ("mn",)),
    "norm": (lambda x: b.norm(x, 0), ("mn",)),
    "norm of all": (b.norm, ("lmn",)),
    "softmax": (lambda x: b.softmax(x, 0), ("mn",)),
    "log_softmax": (lambda x: b.log_softmax(x, -1), ("lmn",)),
    "logsumexp": (lambda x: b.logsumexp(x, None), ("mn",)),
    "inverse": (b.inverse, ("nn",)),
    "determinant": (b.determinant, ("nn",)),
    "logdet": (lambda x: b.logdet(b.add(b.matmul(x, b.transpose(x)), b.eye(x.shape[0]))), ("mn",)),
    "solve": (b.solve, ("nn", "n")),
    "solve for columns": (b.solve, ("nn", "nk")),
    "transpose": (lambda x: b.transpose(x, (2, 0, 1)), ("lmn",)),
    "reshape": (lambda x: b.reshaped(x, (-1,)), ("lmn",)),
    "concat": (lambda x, y: b.joined([x, y], 0), ("mn", "kn")),
    "stack": (lambda x, y: b.stack([x, y], 1), ("mn", "mn")),
    "slice": (lambda x: b.index(x, [b.Span(None, None, -1), 0, None]), ("mn",)),
    "gather": (lambda x: b.index(x, [b.Fixed(np.array([0, -1, 0])), WHOLE]), ("mn",)),
    "where": (lambda x, y: b.where(b.compared("greater", x, y), b.multiply(x, y), E("sin", y)), ("mn", "n")),
    "activation": (lambda x: E("gelu", x), ("mn",)),
    "power": (lambda x, p: b.power(E("exp", x), p), ("mn", "n")),
    "layer norm": (
        lambda x, g: b.multiply(g, b.divide(b.subtract(x, b.mean(x, 1, keep=True)), E("sqrt", b.add(variance(x, 1, keep=True), b.number(1))))),
        ("mn", "n"),
    ),
    "attention": (lambda q, k, v: b.matmul(b.softmax(b.matmul(q, b.swapped(k)), -1), v), ("lmn", "lkn", "lkm")),
}  # fmt: skip

SIZES = st.fixed_dictionaries({letter: st.integers(1, 4) for letter in "klmn"})


class Point:
    """An operation at a random rational point: every entry is another, and none is 0."""

    def __init__(self, name: str, sizes: dict[str, int], seed: int) -> None:
        function, shapes = OPERATIONS[name]
        self.draw = random.Random(seed)
        extents = {**sizes, "1": 1, "2": 2}
        self.inputs = [b.given(f"x{n}", tuple(extents[one] for one in shape)) for n, shape in enumerate(shapes)]
        self.values = {node: self.numbers(node.shape) for node in self.inputs}
        self.output = function(*self.inputs)

    def numbers(self, shape: tuple[int, ...]) -> np.ndarray:
        found = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            found[place] = fmpq(self.draw.randint(1, 10**6) * self.draw.choice((-1, 1)), 7 * 10**5)
        return found

    def at(self, node, values):
        (found,) = evaluate([node], Balls(), values)
        return found

    def hold(self, node, name):
        """Whether what flows back from random weights is, in a random direction, what differences give."""
        u = b.given(name, node.shape)
        values = {**self.values, u: self.numbers(node.shape)}
        found = gradients(node, self.inputs, u)
        for by, gradient in zip(self.inputs, found, strict=True):
            direction = self.numbers(by.shape)
            sides = [self.at(node, {**self.values, by: self.values[by] + direction * step}) for step in (STEP, -STEP)]
            expected = (total(values[u], sides[0]) - total(values[u], sides[1])) / (2 * STEP)
            got = ball(fmpq(0)) if gradient is None else total(direction, self.at(gradient, values))
            error = float(abs(got - expected).upper())
            assert error < NEAR * (1 + float(abs(expected).upper())), (by, got, expected)
        self.values = values
        return [gradient for gradient in found if gradient is not None]


def total(weights, array):
    """Σ weights · array."""
    assert weights.shape == array.shape
    return sum(
        (ball(one) * ball(other) for one, other in zip(weights.flat, array.flat, strict=True)), start=ball(fmpq(0))
    )


def check(name: str, sizes: dict[str, int], seed: int) -> None:
    with precision(BITS):
        point = Point(name, sizes, seed)
        for gradient in point.hold(point.output, "u"):
            point.hold(gradient, "v")


@pytest.mark.parametrize("name", OPERATIONS)
@given(sizes=SIZES, seed=st.integers(0, 10**6))
@settings(max_examples=2)
def test_slopes_and_their_slopes_are_what_differences_in_balls_give(name, sizes, seed):
    check(name, {letter: min(size, 3) for letter, size in sizes.items()}, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("name", OPERATIONS)
@given(sizes=SIZES, seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_slopes_and_their_slopes_are_what_differences_in_balls_give_on_many_shapes(name, sizes, seed):
    check(name, sizes, seed)
