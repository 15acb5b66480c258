"""Every operation of the graph: its slope rule and the second derivative held to differences, balls to float64."""

from __future__ import annotations

import numpy as np
import pytest

from netcalc.arithmetic.balls import ball, precision
from netcalc.graph import build as b
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import along, gradients, jacobian
from netcalc.graph.evaluate import evaluate

EVERYTHING = b.Span(None, None, None)
E = b.elementwise
STEP = 1e-6


def layer_norm(X, g):
    return b.multiply(g, b.divide(b.subtract(X, b.mean(X, 1, keep=True)), b.std(X, 1, keep=True)))


def attention(Q, K, V):
    return b.matmul(b.softmax(b.matmul(Q, b.swapped(K)), -1), V)


def half_mse(W, x, c, t):
    return b.divide(b.summed(b.power(b.subtract(b.add(b.matmul(W, x), c), t), b.number(2))), b.number(2))


CASES = {
    "half mse": (half_mse, {"W": (2, 3), "x": (3,), "c": (2,), "t": (2,)}),
    "layer": (lambda X, W, c: E("tanh", b.add(b.matmul(X, W), c)), {"X": (4, 3), "W": (3, 2), "c": (2,)}),
    "softmax": (lambda X: b.softmax(X, 1), {"X": (2, 3)}),
    "softmax over both axes": (lambda X: b.softmax(X, None), {"X": (2, 2)}),
    "log_softmax": (lambda X: b.log_softmax(X, 0), {"X": (2, 3)}),
    "logsumexp": (lambda X: b.logsumexp(X, 0, keep=True), {"X": (2, 3)}),
    "norm": (lambda X: b.norm(X, 0), {"X": (2, 3)}),
    "norm of all": (b.norm, {"X": (2, 3)}),
    "std": (lambda X: b.std(X, 1, keep=True), {"X": (2, 3)}),
    "max": (lambda X: b.largest(X, 1), {"X": (2, 3)}),
    "min of all": (b.smallest, {"X": (2, 3)}),
    "prod": (lambda X: b.prod(X, 1), {"X": (2, 5)}),
    "prod of all": (b.prod, {"X": (3,)}),
    "cumsum": (lambda X: b.cumsum(X, 1), {"X": (2, 3)}),
    "inv": (b.inverse, {"X": (3, 3)}),
    "det": (b.determinant, {"X": (3, 3)}),
    "logdet": (lambda X: b.logdet(b.matmul(X, b.transpose(X))), {"X": (3, 3)}),
    "solve": (b.solve, {"A": (3, 3), "c": (3,)}),
    "solve for columns": (b.solve, {"A": (3, 3), "c": (3, 2)}),
    "trace": (lambda A, B: b.trace(b.matmul(A, B)), {"A": (3, 2), "B": (2, 3)}),
    "diag of a vector": (b.diag, {"v": (3,)}),
    "diag of a matrix": (b.diag, {"A": (3, 3)}),
    "outer": (b.outer, {"v": (3,), "w": (2,)}),
    "quadratic form": (lambda A, x: b.matmul(b.matmul(x, A), x), {"A": (3, 3), "x": (3,)}),
    "column": (lambda X: b.index(X, [EVERYTHING, 1]), {"X": (2, 3)}),
    "gather": (lambda X: b.index(X, [b.Fixed(np.array([0, 1, 1])), b.Fixed(np.array([2, 0, 0]))]), {"X": (2, 3)}),
    "slices": (lambda X: b.index(X, [b.Span(None, None, -1), b.Span(0, 2, None), None]), {"X": (2, 3)}),
    "concat": (lambda X, Y: b.joined([X, Y], 1), {"X": (2, 3), "Y": (2, 1)}),
    "stack": (lambda X, Y: b.stack([X, Y], 1), {"X": (2, 3), "Y": (2, 3)}),
    "reshape": (lambda X: b.reshaped(X, (3, -1)), {"X": (2, 3)}),
    "quotient": (lambda X, y: b.divide(X, E("exp", y)), {"X": (2, 3), "y": (2, 1)}),
    "softmax by hand": (lambda X: b.divide(E("exp", X), b.summed(E("exp", X), 1, keep=True)), {"X": (2, 3)}),
    "layer norm": (layer_norm, {"X": (2, 3), "g": (3,)}),
    "attention": (attention, {"Q": (2, 2, 3), "K": (2, 4, 3), "V": (2, 4, 2)}),
    "where": (
        lambda X, Y: b.where(b.compared("greater", X, Y), b.multiply(X, Y), E("sin", Y)),
        {"X": (2, 3), "Y": (3,)},
    ),
    "logistic": (lambda X: E("divide", b.number(1), b.add(b.number(1), E("exp", b.negate(X)))), {"X": (2, 3)}),
    "einsum": (lambda A, B, c: b.einsum("ij,jk,k->ki", A, B, c), {"A": (2, 3), "B": (3, 4), "c": (4,)}),
    "power": (lambda X, p: b.power(E("exp", X), p), {"X": (2, 3), "p": (3,)}),
    "activation": (lambda X: E("gelu", X), {"X": (2, 3)}),
}


class Case:
    """A function of tensors as a node, with random values of its inputs."""

    def __init__(self, name):
        function, shapes = CASES[name]
        draw = np.random.default_rng(sorted(CASES).index(name))
        self.inputs = {key: b.given(key, shape) for key, shape in shapes.items()}
        self.nodes = list(self.inputs.values())
        self.values = {node: draw.normal(size=node.shape) for node in self.nodes}
        self.output = function(*self.nodes)
        self.draw = draw

    def at(self, node, values=None):
        return evaluate([node], Float64(), values or self.values)[0]

    def differences(self, node, by, weights):
        """Σ weights · ∂node/∂by, by central differences."""
        found = np.zeros(by.shape)
        for index in np.ndindex(by.shape):
            sides = []
            for step in (STEP, -STEP):
                moved = {**self.values, by: self.values[by].copy()}
                moved[by][index] += step
                sides.append(self.at(node, moved))
            found[index] = ((sides[0] - sides[1]) * weights).sum() / (2 * STEP)
        return found

    def holds(self, node):
        """Whether what flows back from random weights is what differences give, for every input."""
        weights = self.draw.normal(size=node.shape)
        found = gradients(node, self.nodes, b.array(weights))
        for by, gradient in zip(self.nodes, found, strict=True):
            expected = self.differences(node, by, weights)
            got = np.zeros(by.shape) if gradient is None else self.at(gradient)
            assert got.shape == by.shape
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6 * max(1, np.abs(expected).max()))
        return [gradient for gradient in found if gradient is not None]


@pytest.mark.parametrize("name", CASES)
def test_slopes_and_their_slopes_are_what_differences_give(name):
    case = Case(name)
    for gradient in case.holds(case.output):
        case.holds(gradient)


@pytest.mark.parametrize("name", CASES)
def test_a_jacobian_is_the_gradients_of_all_entries(name):
    case = Case(name)
    weights = case.draw.normal(size=case.output.shape)
    plain = gradients(case.output, case.nodes, b.array(weights))
    for node, whole, part in zip(case.nodes, jacobian(case.output, case.nodes), plain, strict=True):
        matrix = case.at(whole)
        assert matrix.shape == (*case.output.shape, *node.shape)
        np.testing.assert_allclose(np.tensordot(weights, matrix, weights.ndim), case.at(part), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_a_directional_derivative_is_the_jacobian_times_the_direction(name):
    case = Case(name)
    tangents = {node: b.array(case.draw.normal(size=node.shape)) for node in case.nodes}
    expected = sum(
        np.tensordot(case.at(whole), case.at(tangents[node]), len(node.shape))
        for node, whole in zip(case.nodes, jacobian(case.output, case.nodes), strict=True)
    )
    np.testing.assert_allclose(case.at(along(case.output, tangents)), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_balls_hold_what_float64_gives(name):
    case = Case(name)
    weights = b.array(case.draw.normal(size=case.output.shape))
    roots = [case.output, *gradients(case.output, case.nodes, weights)]
    with precision(200):
        numbers = Balls()
        proven = evaluate(roots, numbers, {node: numbers.array(value) for node, value in case.values.items()})
        balls = [[ball(one) for one in array.reshape(-1)] for array in proven]
    for exact, float64 in zip(balls, evaluate(roots, Float64(), case.values), strict=True):
        np.testing.assert_allclose(float64.reshape(-1), [float(one.mid()) for one in exact], rtol=1e-10, atol=1e-11)
        assert all(one.rad() < 1e-30 for one in exact)
