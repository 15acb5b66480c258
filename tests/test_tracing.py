"""Functions of NumPy arrays are traced: called once with arrays that record."""

from __future__ import annotations

import math

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.notation import to_unicode

draw = np.random.default_rng(3)
VALUES = {"X": draw.normal(size=(3, 2)), "W": draw.normal(size=(2, 4)), "b": draw.normal(size=4)}
y = np.array([0, 3, 1])


def classifier(X, W, b, y):
    z = np.tanh(X) @ W + b
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y])) + 0.125 * (W**2).sum()


def running(X, W, b, y):
    out = np.zeros_like(X)
    for n in range(len(X)):
        out[n] = np.where(X[n] > 0, X[n], 0.5 * X[n]) * W[:, y[n]]
    np.add.at(out, [0, 0], X[:2])
    return np.stack([out.sum(0), X.T[:, 0]]).reshape(-1)[::-1].cumsum().dot(b)


@pytest.mark.parametrize("function", [classifier, running])
def test_gradients_are_what_differences_give(function):
    result = netcalc.gradients(function, **VALUES, y=y)
    assert result.forward["loss"] == pytest.approx(function(**{k: v.copy() for k, v in VALUES.items()}, y=y), rel=1e-12)
    for name, value in VALUES.items():
        found = np.array(result.partials[name])
        for place in np.ndindex(value.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = {key: one.copy() for key, one in VALUES.items()}
                moved[name][place] += step
                sides.append(function(**moved, y=y))
            assert found[place] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-7)


def test_a_text_is_read_as_the_command_reads_it():
    result = netcalc.gradients("loss = ((W @ x - t) ** 2).sum()", W=[[1, 2], [3, 4]], x=[1, -1], t=["1/2", 0])
    assert result.forward == {"loss": 3.25}
    assert result.partials == {"W": [[-3, 3], [-2, 2]], "x": [-9, -14], "t": [3, 2]}


def test_an_output_of_several_numbers_takes_a_gradient_from_above():
    assert netcalc.gradients(lambda x: x * x, x=np.array([1.0, 2.0]), delta=[1, 10]).partials == {"x": [2.0, 40.0]}
    with pytest.raises(NetcalcError, match="give its gradient from above"):
        netcalc.gradients(lambda x: x * x, x=np.array([1.0, 2.0]))


def branch(x):
    if x.sum() > 0:
        return x.sum()
    return -x.sum()


def leaves(x):
    return math.exp(x[0])


def own_array(x):
    out = np.zeros(3)
    out[0] = x[0]
    return out.sum()


def shared(x):
    y = x[:2]
    y += 1
    return (x * x).sum()


@pytest.mark.parametrize(
    "function, said",
    [(branch, "a branch goes by values"), (leaves, "leaves NumPy"), (own_array, "zeros_like"), (shared, "shares")],
)
def test_what_cannot_be_traced_is_told_with_its_line(function, said):
    with pytest.raises(NetcalcError, match=rf"test_tracing.py, line \d+: .*{said}"):
        netcalc.gradients(function, x=np.array([1.0, 2.0, 3.0]))


OF_PYTORCH = {
    "functions": lambda t, X, W, b: t.nn.functional.cross_entropy(t.tanh(X @ W + b), t.tensor([0, 3, 1])),
    "methods": lambda _, X, W, b: (X.matmul(W).add(b).std(dim=1) + X.size(0) * b.var(unbiased=False)).mean(),
    "its own words": lambda t, X, W, b: (t.nn.functional.softmax(X @ W, dim=-1) * b).unsqueeze(0).pow(2).sum(),
    "constants": lambda t, X, W, b: (t.ones(3, 4) * (X @ W)).sum() + (b * t.arange(4)).logsumexp(dim=0),
}


@pytest.mark.parametrize("function", OF_PYTORCH.values(), ids=OF_PYTORCH)
def test_functions_of_pytorch_are_traced(function):
    """As PyTorch differentiates them."""
    torch = pytest.importorskip("torch")
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in VALUES.items()}
    truth = function(torch, **leaves)
    truth.backward()
    result = netcalc.gradients(lambda X, W, b: function(torch, X, W, b), **leaves)
    assert result.forward["loss"] == pytest.approx(truth.item(), rel=1e-12)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(np.array(result.partials[name]), leaf.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_functions_of_jax_are_told():
    jax = pytest.importorskip("jax")
    with pytest.raises(NetcalcError, match=r"test_tracing.py, line \d+: .*give the text"):
        netcalc.gradients(lambda x: jax.numpy.sum(x**2), x=np.array([1.0, 2.0]))


def test_nested_lists_are_arrays():
    found = netcalc.gradients(lambda x, y: np.sum(x**2) - x[y].sum(), x=[1.0, 2.0], y=[0, 1])
    assert found.partials == {"x": [1.0, 3.0]}


@pytest.mark.parametrize(
    "given, said",
    [
        ({"x": [1, 2]}, "x of whole numbers has no gradient: give it as floats"),
        ({"x": [np.eye(2), np.ones(3)]}, "x is a list of arrays: give each a name of its own"),
    ],
)
def test_lists_that_are_no_input_are_told(given, said):
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients(lambda x: np.sum(x**2), **given)


def test_a_float_of_the_function_is_written_as_it_was_typed():
    """Not by the fraction that it is, nor as a mean because a power of two divides that."""

    def f(x, W):
        return np.sum((x @ W) ** 2) + 0.1 * np.sum(W * W)

    found = netcalc.gradients(f, x=np.eye(2), W=np.eye(2))
    assert to_unicode(found["loss"].formula) == "‖x W‖² + 0.1·‖W‖²"
    assert to_unicode(found["dW"].formula) == "2·xᵀ x W + 0.2·W"
