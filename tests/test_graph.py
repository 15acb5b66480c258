"""Every operation of the graph: its slope rule and the second derivative held to differences, balls to float64."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.catalogue.losses import LOSSES
from netcalc.graph import build as b
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import along, gradients, jacobian
from netcalc.graph.evaluate import evaluate
from netcalc.graph.functions import activation, vector_activation
from netcalc.graph.functions import loss as loss_node
from netcalc.layers import _jacobian_of_rows
from netcalc.models.activations import read_activation

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
    "matmul of stacks": (b.matmul, {"A": (2, 3, 4), "B": (2, 4, 5)}),
    "matrices by one matrix": (b.matmul, {"A": (2, 3, 4), "B": (4, 5)}),
    "numbers in front of sums": (
        lambda X, Y: b.add(b.multiply(b.number(3), b.add(b.multiply(b.number(2), X), Y)), X),
        {"X": (2, 3), "Y": (3,)},
    ),
    "one joined": (lambda X: b.joined([E("exp", X)], -1), {"X": (2, 3)}),
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
    "activation of the catalogue": (lambda X: activation(read_activation("softplus(2)"), X), {"X": (2, 3)}),
    "typed activation": (lambda X: activation(read_activation("q*exp(-q^2)"), X), {"X": (2, 3)}),
    "softmax of rows": (lambda X: vector_activation("softmax", X), {"X": (2, 3)}),
    "softmax of rows of one": (lambda X: vector_activation("softmax", X), {"X": (3, 1)}),
    "log_softmax of rows": (lambda X: vector_activation("log_softmax", X), {"X": (2, 3)}),
    "Jacobians of rows": (lambda X: _jacobian_of_rows(vector_activation("softmax", X), X), {"X": (2, 3)}),
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


@pytest.mark.parametrize("name", LOSSES)
def test_what_flows_back_from_a_loss_is_what_differences_give(name):
    """Of probabilities strictly within (0, 1), which every loss takes; nothing flows to the targets."""
    draw = np.random.default_rng(0)
    a, t = b.given("a", (3, 4)), b.given("t", (3, 4))
    signs = np.where(draw.random((3, 4)) < 0.5, -1.0, 1.0)
    aims = {"sign": signs, "class": np.eye(4)[:3], "number": signs * 0.3}.get(LOSSES[name].target, (signs + 1) / 2)
    values = {a: draw.uniform(0.1, 0.6, (3, 4)), t: aims}
    node = loss_node(LOSSES[name].bind(), a, t)
    weights = draw.normal(size=node.shape)
    found, none = gradients(node, [a, t], b.array(weights))
    assert none is None

    def at(step, index):
        moved = values[a].copy()
        moved[index] += step
        return (evaluate([node], Float64(), {**values, a: moved})[0] * weights).sum()

    expected = [(at(STEP, index) - at(-STEP, index)) / (2 * STEP) for index in np.ndindex(3, 4)]
    np.testing.assert_allclose(evaluate([found], Float64(), values)[0].reshape(-1), expected, rtol=1e-5, atol=1e-8)


def test_what_is_rational_stays_so_beside_what_is_not():
    """Of a product of matrices each entry that is made of rationals alone is one: 3·(1/3) - 1 is 0, and not a ball."""
    numbers = Balls()
    third, root = fmpq(1, 3), arb(2).sqrt()
    A, B = np.array([[third, fmpq(1)], [root, fmpq(1)]]), np.array([[fmpq(3), root], [fmpq(-1), fmpq(0)]])
    found = numbers.matmul(A, B)
    assert isinstance(found[0, 0], fmpq)
    assert found[0, 0] == 0
    assert ball(found[1, 0]).overlaps(3 * root - 1)
    assert ball(found[1, 1]).contains(2)


def test_a_node_in_anothers_place_goes_by_all_that_is_done_otherwise():
    """One edited node as another, which is edited too: each has the value that it comes to in the edited graph."""
    x = b.given("x", ())
    y, z = b.named("y", E("exp", x)), b.named("z", E("sin", x))
    whole = b.add(b.multiply(b.number(10), y), z)
    edits = {y: z, z: b.multiply(b.number(3), x)}
    assert evaluate([whole], Float64(), {x: np.array(2.0)}, edits)[0] == 66
    assert evaluate([whole], Float64(), {x: np.array(2.0)}, {y: x})[0] == 20 + np.sin(2.0)


def test_a_run_goes_on_with_what_is_made_of_a_value():
    """Of an input's value too."""
    x = b.given("x", ())
    y = b.named("y", b.multiply(b.number(3), x))
    found = evaluate(
        [b.add(y, x)],
        Float64(),
        {x: np.array(2.0)},
        after=lambda node, value: value + 1 if node in (x, y) else value,
    )
    assert found[0] == (3 * 3 + 1) + 3


@pytest.mark.parametrize("out", ["ij", "ji", "ik", "kj", "i", "", "ijk"])
def test_products_of_two_matrices_are_einsums(out):
    """Whichever way each of them is turned."""
    draw = np.random.default_rng(0)
    extents = {"i": 2, "j": 3, "k": 4}
    pairs = list(permutations("ijk", 2))
    for left, right in product(map("".join, pairs), repeat=2):
        if set(out) <= set(left + right):
            a, c = (b.array(draw.normal(size=[extents[one] for one in own])) for own in (left, right))
            (found,) = evaluate([b.einsum(f"{left},{right}->{out}", a, c)], Float64(), {})
            np.testing.assert_allclose(found, np.einsum(f"{left},{right}->{out}", a.params.array, c.params.array))
