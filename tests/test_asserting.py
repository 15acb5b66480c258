"""assert_gradients: what is right passes; what is missing, wrong or no number is told, and why."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError

FORWARD = "z = x @ W + b\nloss = (z**2).sum() / len(x)\n"
VALUES = {"x": np.array([[1.0, 2, 3], [4, 5, 7]]), "W": np.array([[1.0, 2], [3, 5], [7, 11]]), "b": np.array([0.5, -1])}


@pytest.fixture(scope="module")
def result():
    return netcalc.gradients(FORWARD, VALUES)


@pytest.fixture
def grads(result):
    return {name: np.array(result.partials[name]) for name in ("x", "W", "b")}


def failure(*args, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        netcalc.assert_gradients(*args, **kwargs)
    return str(caught.value)


def test_right_gradients_pass(result, grads):
    netcalc.assert_gradients(result, grads)


def test_a_program_or_a_function_is_solved_first(grads):
    netcalc.assert_gradients(FORWARD, grads, **VALUES)
    netcalc.assert_gradients(lambda x, W, b: ((x @ W + b) ** 2).sum() / 2, grads, **VALUES)


@pytest.mark.parametrize("form", ["{}", "d{}", "d_{}", "grad_{}", "{}_grad", "{}.grad"])
def test_names_are_read_as_people_write_them(result, grads, form):
    netcalc.assert_gradients(result, {form.format(name): value for name, value in grads.items()})


def test_nested_mappings_and_other_names_are_told_by_shape(result, grads):
    nested = {"params": {"fc1": {"weight": grads["W"], "bias": grads["b"]}}, "x": grads["x"]}
    netcalc.assert_gradients(result, nested)


def test_weights_of_one_shape_are_told_by_their_order():
    program = "loss = (((x @ U) @ V)**2).sum()"
    square = netcalc.gradients(program, x=[[1.0, 2]], U=[[1.0, 2], [3, 4]], V=[[2.0, 1], [0, 5]])
    both = [np.array(square.partials[name]) for name in ("U", "V")]
    netcalc.assert_gradients(square, {"0.weight": both[0], "1.weight": both[1]}, ignore=["x"])
    assert "dU" in failure(square, {"0.weight": both[1], "1.weight": both[0]}, ignore=["x"])
    netcalc.assert_gradients(square, {"a": both[1], "b": both[0]}, names={"a": "V", "b": "U"}, ignore=["x"])


def test_what_can_not_be_told_is_asked(result, grads):
    with pytest.raises(NetcalcError, match=r"say names=\{'odd': …\}"):
        netcalc.assert_gradients(result, {**grads, "odd": np.ones((7, 7))})
    with pytest.raises(NetcalcError, match="that of W"):
        netcalc.assert_gradients(result, {**grads, "dW": grads["W"]})


def test_what_is_missing_is_told(result, grads):
    del grads["W"]
    assert failure(result, grads) == "1 gradient is wrong\n  W is missing; bring its gradient, or say ignore=['W']"
    netcalc.assert_gradients(result, grads, ignore=["W"])
    assert "b has no gradient: it is None" in failure(result, {**grads, "b": None}, ignore=["W"])


def test_only_what_fails_is_shown_with_its_cause(result, grads):
    grads["W"] = grads["W"] * 2
    text = failure(result, grads)
    assert re.match(r"1 gradient is wrong\n  dW: .*twice.* \(dW\[0,0\] is \S+, not \S+, .*, and 3 more\)$", text), text


def test_nan_and_a_wrong_entry_are_told(result, grads):
    grads["b"][1] = np.nan
    grads["x"][0, 2] += 1
    text = failure(result, grads)
    assert "2 gradients are wrong" in text
    assert "db: not a number (db1 is nan" in text
    assert "dx[0,2] is" in text
    assert "dx[0,1]" not in text


def test_another_shape_is_told(result, grads):
    assert "it is transposed" in failure(result, {**grads, "W": grads["W"].T})


def test_precision_is_that_of_the_numbers(result, grads):
    netcalc.assert_gradients(result, {name: value.astype(np.float32) for name, value in grads.items()})
    off = {name: value * (1 + 1e-7) for name, value in grads.items()}
    assert "3 gradients are wrong" in failure(result, off)
    netcalc.assert_gradients(result, off, rtol=1e-5)


def test_object_arrays_are_numbers_and_masked_ones_are_refused(result, grads):
    netcalc.assert_gradients(result, {**grads, "b": grads["b"].astype(object)})
    with pytest.raises(NetcalcError, match="masked"):
        netcalc.assert_gradients(result, {**grads, "b": np.ma.masked_array(grads["b"], [True, False])})
    for bad in ("text", np.array(["a", "b"]), np.array([1j, 2])):
        with pytest.raises(NetcalcError):
            netcalc.assert_gradients(result, {**grads, "b": bad})
    with pytest.raises(NetcalcError, match="arrays by name"):
        netcalc.assert_gradients(result, [1, 2])


def test_layers_need_their_weights():
    net = netcalc.neuron([1, 2], [0.5, -1], 0.1, target=1, loss="mse")
    netcalc.assert_gradients(net, {"w": net.partials["w"], "b": net.partials["b"]})
    assert "w is missing" in failure(net, {"b": net.partials["b"]})


def test_arrays_of_pytorch(result, grads):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in grads.items()}
    netcalc.assert_gradients(result, tensors)
    netcalc.assert_gradients(result, {name: one.detach().to(torch.bfloat16) for name, one in tensors.items()})
    assert "db" in failure(result, {**tensors, "b": (tensors["b"] * 1.1).to(torch.bfloat16)})


def test_a_model_of_pytorch():
    """Its parameters by their names; a gradient that is None is told, and what is no parameter isn't needed."""
    torch = pytest.importorskip("torch")
    layers = torch.nn.ModuleDict({"first": torch.nn.Linear(3, 2), "last": torch.nn.Linear(2, 2)}).double()
    x, y = torch.arange(6.0, dtype=torch.float64).reshape(2, 3) / 4, torch.tensor([1, 0])
    text = """import torch.nn as nn, torch.nn.functional as F
first, last = nn.Linear(3, 2), nn.Linear(2, 2)
loss = F.cross_entropy(last(torch.tanh(first(x))), y)
"""
    result = netcalc.gradients(text, at={"x": x, "y": y, **layers.state_dict()})
    assert "is None, as before backward()" in failure(result, layers)
    torch.nn.functional.cross_entropy(layers.last(torch.tanh(layers.first(x))), y).backward()
    netcalc.assert_gradients(result, layers)
    layers.last.weight.grad *= 2
    assert failure(result, layers).count("\n") == 1


def test_a_sequential_model_of_pytorch():
    """Whose parameters are called by their places."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2)).double()
    text = "import torch.nn as nn\nmodel = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))\nloss = model(x).sum()"
    x = torch.arange(6.0, dtype=torch.float64).reshape(2, 3) / 4
    result = netcalc.gradients(text, at={"x": x, **model.state_dict()})
    assert failure(result, model).count("is None") == 4
    model(x).sum().backward()
    netcalc.assert_gradients(result, model)


def test_arrays_of_jax(result, grads):
    jax = pytest.importorskip("jax")
    netcalc.assert_gradients(result, {name: jax.numpy.array(value, dtype="float32") for name, value in grads.items()})
    netcalc.assert_gradients(result, {name: jax.numpy.array(value, dtype="bfloat16") for name, value in grads.items()})


def test_the_library_shows_what_it_has():
    assert set(netcalc.__all__) == set(dir(netcalc))
    assert all(getattr(netcalc, name) is not None for name in netcalc.__all__)
    assert {"NetcalcError", "assert_gradients", "gradients", "grade", "quiz"} <= set(dir(netcalc))
    with pytest.raises(AttributeError):
        _ = netcalc.no_such_thing


def test_nothing_is_imported_before_it_is_asked_for():
    code = "import sys, netcalc; dir(netcalc); netcalc.NetcalcError; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
