"""A net's gradients against oracles that share nothing with the passes: sympy.diff, differences at 60 digits, torch."""

from __future__ import annotations

import random
from itertools import pairwise, product

import mpmath
import numpy as np
import pytest
import reference
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.catalogue.losses import loss, reduction
from netcalc.catalogue.references import activation
from netcalc.derivation.algebra import symbol, to_sympy
from netcalc.derivation.derive import expand
from netcalc.expression import parse
from netcalc.graph.arithmetic.symbolic import Symbolic
from netcalc.layers import run
from netcalc.models.activations import read_layer_activation
from netcalc.models.net import Layer, NetData, net


def test_cs231ns_neuron():
    """w = (2, -3, -3), x = (-1, -2): the gradients that the course's notes print, to their digits."""
    result = netcalc.net([{"W": [[2, -3]], "b": [-3], "activation": "sigmoid"}], input=[-1, -2], delta=[1])
    assert f"{result.forward['a1'][0]:.2f}" == "0.73"
    assert [f"{number:.2f}" for number in result.partials["x"]] == ["0.39", "-0.59"]
    found = [*result.partials["W1"][0], *result.partials["b1"]]
    assert [f"{number:.2f}" for number in found] == ["-0.20", "-0.39", "0.20"]


def test_micrograd_lectures_neuron():
    """The tanh neuron of the micrograd lecture: o = 0.7071, and gradients -1.5, 1.0, 0.5, 0.0."""
    layer = {"W": [[-3, 1]], "b": ["6.8813735870195432"], "activation": "tanh"}
    result = netcalc.net([layer], input=[2, 0], delta=[1])
    assert f"{result.forward['a1'][0]:.4f}" == "0.7071"
    assert [round(number, 9) for number in result.partials["x"]] == [-1.5, 0.5]
    assert [round(number, 9) for number in result.partials["W1"][0]] == [1.0, 0.0]


# --- against sympy.diff of the composed expression ---


@pytest.mark.parametrize(
    "widths, names, lossname, reduced",
    [
        pytest.param((2, 2, 1), ("sigmoid", "tanh"), "mse", "mean", id="sigmoid, tanh, mse"),
        pytest.param((1, 2, 2), ("softplus", "identity"), "half-mse", "sum", id="softplus, half-mse, sum"),
        pytest.param((2, 1, 2, 1), ("tanh", "sigmoid", "sigmoid"), "bce", "batch", id="three layers, bce"),
        pytest.param((2, 2, 2), ("sigmoid", "softmax"), "mse", "mean", id="softmax, mse"),
        pytest.param((2, 2, 3), ("tanh", "log_softmax"), "nll", "mean", id="log_softmax, nll"),
        pytest.param((2, 3), ("softmax",), "cross-entropy", "mean", id="softmax, cross-entropy"),
        pytest.param((2, 3), ("identity",), "cross-entropy", "sum", id="logits, cross-entropy"),
    ],
)
def test_the_backward_pass_is_sympy_diff_of_the_whole(widths, names, lossname, reduced):
    """Every partial by a weight, a bias or an input, against the derivative of the composed expression, at 40 digits."""
    layers = [
        Layer(_symbols(f"W{n}", (m, k)), _symbols(f"b{n}", (m,)), read_layer_activation(name))
        for n, ((k, m), name) in enumerate(zip(pairwise(widths), names, strict=True), 1)
    ]
    stated = NetData(
        _symbols("x", (widths[0],)), _symbols("t", (widths[-1],)), None, loss(lossname), reduction(reduced)
    )
    if layers[-1].activation in ("softmax", "log_softmax") or lossname == "cross-entropy":
        target = np.array([parse("0.25")] * (widths[-1] - 1) + [parse(f"1 - 0.25*{widths[-1] - 1}")], dtype=object)
        stated = NetData(stated.input, target, None, stated.loss, stated.reduction)
    entries = run(net(layers, stated), Symbolic(closed=True))
    whole = _composed(layers, stated, lossname, reduced)
    draw = random.Random(str(widths))
    variables = sorted(whole.free_symbols, key=str)
    at = [mpmath.mpf(draw.randint(20, 80)) / 101 for _ in variables]
    gradients = {"dx": stated.input.reshape(1, -1)} | {
        f"d{letter}{n}": tensor
        for n, layer in enumerate(layers, 1)
        for letter, tensor in (("W", layer.W), ("b", layer.b))
    }
    for name, tensor in gradients.items():
        for tree, partial in zip(tensor.flat, entries[name].flat, strict=True):
            both = sp.lambdify(variables, (partial, sp.diff(whole, symbol(tree.name))), "mpmath", cse=True)
            with mpmath.workdps(50):
                found, expected = both(*at)
                assert abs(found - expected) <= (abs(expected) + 1) * mpmath.mpf("1e-40"), name


def _symbols(name, shape):
    tensor = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        tensor[index] = parse(f"{name}[{','.join(map(str, index))}]")
    return tensor


def _composed(layers, stated, lossname, reduced):
    """The loss as one expression, written for this test alone."""
    v = [to_sympy(tree) for tree in stated.input]
    for layer in layers:
        z = [
            sum(to_sympy(w) * a for w, a in zip(row, v, strict=True)) + to_sympy(b)
            for row, b in zip(layer.W, layer.b, strict=True)
        ]
        if isinstance(layer.activation, str):
            total = sum(map(sp.exp, z))
            v = [sp.exp(one) / total if layer.activation == "softmax" else sp.log(sp.exp(one) / total) for one in z]
        else:
            formula = to_sympy(expand(parse(activation(layer.activation.name).formula)))
            v = [formula.subs(symbol("q"), one) for one in z]
    t = [to_sympy(tree) for tree in stated.target]
    n = len(v)
    if lossname == "cross-entropy":
        logits = layers[-1].activation != "softmax"
        total = sum(map(sp.exp, v))
        return -sum(w * sp.log(sp.exp(a) / total if logits else a) for w, a in zip(t, v, strict=True))
    losses = {
        "mse": lambda a, w: (a - w) ** 2,
        "half-mse": lambda a, w: (a - w) ** 2 / 2,
        "bce": lambda a, w: -w * sp.log(a) - (1 - w) * sp.log(1 - a),
        "nll": lambda a, w: -w * a,
    }
    terms = sum(losses[lossname](a, w) for a, w in zip(v, t, strict=True))
    return terms / n if reduced == "mean" and lossname != "nll" else terms


# --- against differences of a forward pass in mpmath, written for this test alone ---

SMOOTH = ["sigmoid", "tanh", "softplus", "silu", "gelu", "identity", "softsign", "mish", "arctan"]
numbers = st.integers(-300, 300).map(lambda number: number / 128)


@st.composite
def nets(draw):
    """Widths, samples, weights, activations, a loss and its reduction."""
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    samples = draw(st.integers(0, 3))  # 0 for one sample that is a vector

    def tensor(*shape):
        size = int(np.prod(shape))
        return np.array(draw(st.lists(numbers, min_size=size, max_size=size))).reshape(shape)

    layers = [
        {"W": tensor(m, k), "activation": draw(st.sampled_from(SMOOTH))}
        | ({"b": tensor(m)} if draw(st.booleans()) else {})
        for k, m in pairwise(widths)
    ]
    lossname = draw(st.sampled_from(["mse", "half-mse", "bce", "bce-with-logits", "cross-entropy", "nll"]))
    if lossname == "bce":
        layers[-1]["activation"] = "sigmoid"
    if lossname in ("cross-entropy", "nll"):
        layers[-1]["activation"] = draw(st.sampled_from(["softmax", "log_softmax", "identity"]))
    rows, outputs = max(1, samples), widths[-1]
    if lossname in ("cross-entropy", "nll"):
        target = np.array(draw(st.lists(st.integers(0, outputs - 1), min_size=rows, max_size=rows)))
    else:
        target = np.abs(tensor(rows, outputs) / 3) if lossname.startswith("bce") else tensor(rows, outputs)
        target = target if samples else target[0]
    x = tensor(samples, widths[0]) if samples else tensor(widths[0])
    return layers, x, target, lossname, draw(st.sampled_from(["sum", "mean", "batch"]))


@given(stated=nets(), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_gradients_are_differences_of_the_forward_pass(stated, seed):
    """The loss to the last bit, and entries drawn of every gradient to 14 digits."""
    layers, x, target, lossname, reduced = stated
    result = netcalc.net(layers, input=x, target=target.tolist(), loss=lossname, reduction=reduced)
    draw = random.Random(seed)
    with mpmath.workdps(60):
        value = _loss(layers, x, target, lossname, reduced)
        assert result.forward["loss"] == pytest.approx(float(value), rel=1e-15, abs=1e-300)
        tensors = {"x": x} | {
            f"{key}{n}": layer[key] for n, layer in enumerate(layers, 1) for key in ("W", "b") if key in layer
        }
        for name, tensor in tensors.items():
            index = tuple(draw.randrange(size) for size in tensor.shape)
            slope = _difference(layers, x, target, lossname, reduced, name, index)
            got = result.partials[name]
            for place in index:
                got = got[place]
            assert got == pytest.approx(float(slope), rel=1e-13, abs=1e-18), (name, index)


def _difference(layers, x, target, lossname, reduced, name, index):
    h = mpmath.mpf(10) ** -18
    sides = [_loss(layers, x, target, lossname, reduced, moved=(name, index, side * h)) for side in (1, -1)]
    return (sides[0] - sides[1]) / (2 * h)


def _loss(layers, x, target, lossname, reduced, moved=None):
    def numbers(name, tensor):
        out = np.array([mpmath.mpf(float(one)) for one in np.ravel(tensor)], dtype=object).reshape(np.shape(tensor))
        if moved and moved[0] == name:
            out[moved[1]] += moved[2]
        return out

    v = numbers("x", x)
    v = v.reshape(1, -1) if v.ndim == 1 else v
    for n, layer in enumerate(layers, 1):
        z = v @ numbers(f"W{n}", layer["W"]).T
        z = z + numbers(f"b{n}", layer["b"]) if "b" in layer else z
        v = _activated(layer["activation"], z)
    t, (m, outputs) = np.asarray(target), v.shape
    if lossname in ("cross-entropy", "nll"):
        if lossname == "cross-entropy":
            v = _logs(v) if layers[-1]["activation"] == "softmax" else _logs(_softmax(v))
        total = -sum(v[s, int(c)] for s, c in enumerate(t))
        return total if reduced == "sum" else total / m
    t = t.reshape(m, outputs)
    total = sum(
        _elementwise(lossname, v[s, k], mpmath.mpf(float(t[s, k]))) for s, k in product(range(m), range(outputs))
    )
    return total / {"sum": 1, "mean": m * outputs, "batch": m}[reduced]


def _activated(name, z):
    if name in ("softmax", "log_softmax"):
        return _softmax(z) if name == "softmax" else _logs(_softmax(z))
    function = reference.definition(name)
    return np.vectorize(lambda one: function(reference.Jet(mpmath.mpf(one))).f, otypes=[object])(z)


def _softmax(z):
    powers = np.vectorize(mpmath.exp, otypes=[object])(z)
    return powers / powers.sum(axis=1, keepdims=True)


def _logs(a):
    return np.vectorize(mpmath.log, otypes=[object])(a)


def _elementwise(name, a, t):
    log = mpmath.log
    return {
        "mse": lambda: (a - t) ** 2,
        "half-mse": lambda: (a - t) ** 2 / 2,
        "bce": lambda: -t * log(a) - (1 - t) * log(1 - a),
        "bce-with-logits": lambda: t * log(1 + mpmath.exp(-a)) + (1 - t) * log(1 + mpmath.exp(a)),
    }[name]()


# --- float64 nets ---


def _large(seed=3):
    draw = np.random.default_rng(seed)
    widths = [30, 40, 20, 5]
    layers = [
        {"W": draw.standard_normal((m, k)) / 4, "b": draw.standard_normal(m) / 4, "activation": name}
        for (k, m), name in zip(pairwise(widths), ["gelu", "tanh", "identity"], strict=True)
    ]
    return layers, draw.standard_normal((16, 30)), draw.integers(0, 5, 16)


def test_a_large_net_agrees_with_torch():
    """Loss and every gradient of a float64 net, where torch is installed."""
    torch = pytest.importorskip("torch")
    layers, x, t = _large()
    result = netcalc.net(layers, input=x, target=t.tolist(), loss="cross-entropy", certify=False)
    assert result.certainty.startswith("float64, not certified")
    leaves = {
        f"{key}{n}": torch.tensor(layer[key], requires_grad=True) for n, layer in enumerate(layers, 1) for key in "Wb"
    }
    leaves["x"] = v = torch.tensor(x, requires_grad=True)
    functions = [torch.nn.functional.gelu, torch.tanh, lambda z: z]
    for n, function in enumerate(functions, 1):
        v = function(v @ leaves[f"W{n}"].T + leaves[f"b{n}"])
    total = torch.nn.functional.cross_entropy(v, torch.tensor(t))
    total.backward()
    assert result.forward["loss"] == pytest.approx(float(total.detach()), rel=1e-13)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(np.array(result.partials[name]), leaf.grad.numpy(), rtol=1e-10, atol=1e-15)


def test_samples_apart_sum_to_the_batch():
    """Per-sample gradients of a summed loss add up to the batch's; its mean is their mean."""
    layers, x, t = _large()
    apart = netcalc.net(layers, input=x, target=t.tolist(), loss="cross-entropy", per_sample=True)
    for reduced, combine in (("sum", np.sum), ("mean", np.mean)):
        whole = netcalc.net(layers, input=x, target=t.tolist(), loss="cross-entropy", reduction=reduced)
        for name in ("W1", "b2", "W3"):
            np.testing.assert_allclose(
                combine(np.array(apart.partials[name]), axis=0), whole.partials[name], rtol=1e-10, atol=1e-14
            )


def test_a_hundred_layers():
    """A deep net of numbers is certified, and its first gradient is the product of all slopes and weights."""
    result = netcalc.net([{"W": [["1/2"]], "activation": "tanh"}] * 100, input=["0.7"], delta=[1])
    assert result.certainty == "certified: 501 of 501 values"
    with mpmath.workdps(60):
        a, slope = mpmath.mpf("0.7"), mpmath.mpf(1)
        for _ in range(100):
            a = mpmath.tanh(a / 2)
            slope *= (1 - a * a) / 2
        assert result.partials["x"][0] == float(slope)


def test_the_paths_of_a_weight_sum_to_its_gradient():
    """Through a hidden layer and a softmax, for a batch."""
    layers = [
        {"W": [["0.1", "-0.2"], ["0.3", "0.4"]], "b": [0, "0.1"], "activation": "tanh"},
        {"W": [[1, "-1/3"], [2, "0.5"], [0, 1]], "activation": "softmax"},
    ]
    asked = {"input": [[1, 2], [-1, "0.5"]], "target": [[0, "0.5", "0.5"], [1, 0, 0]], "loss": "mse"}
    result = netcalc.net(layers, **asked, trace="dW1[1,0]")
    products = [value.nearest for value in result["paths"].values]
    assert len(products) == 2 * 3 * 3
    assert sum(products) == pytest.approx(result.partials["W1"][1][0], rel=1e-14)
