"""Arrays by a state_dict's names are told by shape and order, Linear weights the other way round too, else refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netcalc
from netcalc.checking.answers.by_shape import by_shape, told, turned
from netcalc.errors import NetcalcError
from netcalc.files.npy import read_members

KNOWN = {"W1": (3, 4), "b1": (4,), "W2": (4, 4), "b2": (4,), "W3": (4, 2), "b3": (2,)}
STATE = {
    "fc1.weight": "W1",
    "fc1.bias": "b1",
    "fc2.weight": "W2",
    "fc2.bias": "b2",
    "fc3.weight": "W3",
    "fc3.bias": "b3",
}


def test_names_are_told_in_order():
    assert by_shape({key: KNOWN[name] for key, name in STATE.items()}, KNOWN, {"z": (4, 4)}) == STATE


def test_weights_the_other_way_round_are_told_square_ones_among_them():
    brought = {key: KNOWN[name][::-1] if "weight" in key else KNOWN[name] for key, name in STATE.items()}
    assert by_shape(brought, KNOWN, {}) == STATE
    assert turned(brought, STATE, KNOWN, lambda *_: False) == {"fc1.weight", "fc2.weight", "fc3.weight"}
    assert turned({"W1": (4, 3)}, {"W1": "W1"}, KNOWN, lambda *_: True) == set()


def test_the_order_of_a_file_tells_weights_that_fit_both_ways():
    known = {"W1": (2, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)}
    keys = {"fc1.weight": "W1", "fc1.bias": "b1", "fc2.weight": "W2", "fc2.bias": "b2"}
    linear = {"fc1.weight": (3, 2), "fc1.bias": (3,), "fc2.weight": (2, 3), "fc2.bias": (2,)}
    assert by_shape(linear, known, {}) == keys
    assert turned(linear, keys, known, lambda *_: False) == {"fc1.weight", "fc2.weight"}
    straight = {key: known[name] for key, name in keys.items()}
    assert by_shape(straight, known, {}) == keys
    assert turned(straight, keys, known, lambda *_: False) == set()
    assert told(keys, {"fc1.weight", "fc2.weight"}, linear).startswith("took fc1.weight as W1 transposed, fc1.bias")


def net_of(sizes, seed=3):
    """A forward pass x W1 → tanh → W2, its arrays, and the gradients of W1 and W2 by hand."""
    draw = np.random.default_rng(seed)
    n, m = sizes
    values = {"x": draw.normal(size=(5, n)), "W1": draw.normal(size=(n, m)), "W2": draw.normal(size=(m, n))}
    h = np.tanh(values["x"] @ values["W1"])
    do = 2 * (h @ values["W2"])
    return values, values["x"].T @ ((do @ values["W2"].T) * (1 - h**2)), h.T @ do


TANH = "h = np.tanh(x @ W1)\no = h @ W2\nloss = (o ** 2).sum()\n"


@pytest.mark.parametrize("sizes", [(2, 3), (3, 3)])
@pytest.mark.parametrize("is_linear", [False, True])
def test_a_state_dict_is_right_whichever_way_its_weights_are(tmp_path, sizes, is_linear):
    values, dW1, dW2 = net_of(sizes)
    state = {"fc1.weight": dW1, "fc2.weight": dW2}
    state = {key: array.T if is_linear else array for key, array in state.items()}
    netcalc.assert_gradients(TANH, state, ignore=["x"], **values)
    slipped = {**state, "fc2.weight": 2 * state["fc2.weight"]}
    with pytest.raises(AssertionError, match=r"1 gradient is wrong\n  dW2: ∂loss/∂W2 is twice"):
        netcalc.assert_gradients(TANH, slipped, ignore=["x"], **values)
    np.savez(tmp_path / "state.npz", **state)
    checked = netcalc.check(netcalc.gradients(TANH, **values), [str(tmp_path / "state.npz")])
    assert all(one.verdict == "right" for one in checked.checked)
    way = " transposed" if is_linear else ""
    assert any(f"took fc1.weight as dW1{way}, fc2.weight as dW2{way}" in note for note in checked.notes)
    is_said = any("more of their values are right transposed" in note for note in checked.notes)
    assert is_said is (is_linear and sizes == (3, 3))


def test_square_weights_go_by_the_others():
    known = {"W1": (3, 4), "W2": (4, 4)}
    keys = {"a.weight": "W1", "b.weight": "W2"}
    for shape, found in (((4, 3), {"a.weight", "b.weight"}), ((3, 4), set())):
        assert turned({"a.weight": shape, "b.weight": (4, 4)}, keys, known, lambda _, way: way) == found


@pytest.mark.parametrize("brought", [{"a": (5, 5)}, {"fc1.bias": (4,)}, {"kernel": (4, 3)}])
def test_what_can_not_be_told_is_asked(brought):
    with pytest.raises(NetcalcError, match="can't be told: say names="):
        by_shape(brought, KNOWN, {})


def safetensors(path, tensors):
    """The format's own bytes: a length, JSON, the numbers."""
    body, header = b"", {"__metadata__": {"format": "pt"}}
    for name, (kind, array) in tensors.items():
        raw = array.tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def test_safetensors_are_read_whole_bfloat16_too(tmp_path):
    numbers = np.array([[1.5, -2.0], [0.15625, 3.0]], dtype=np.float32)
    halves = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    safetensors(
        tmp_path / "s.safetensors", {"a": ("F32", numbers), "b": ("BF16", halves), "c": ("F64", numbers.astype("<f8"))}
    )
    found = read_members(str(tmp_path / "s.safetensors"))
    assert list(found) == ["a", "b", "c"]
    assert all(np.array_equal(one, numbers) for one in found.values())


@pytest.mark.parametrize("factor, verdict", [(1, "right"), (1.1, "wrong")])
def test_bfloat16_of_a_file_is_held_to_its_own_precision(tmp_path, monkeypatch, factor, verdict):
    monkeypatch.chdir(tmp_path)
    x = np.array([[0.3, 1.7], [-0.9, 0.4]])
    result = netcalc.gradients("loss = np.sum(np.tanh(x) * x)", x=x)
    true = (np.tanh(x) + x * (1 - np.tanh(x) ** 2)).astype(np.float32)
    halves = ((np.float32(factor) * true).view(np.uint32) >> 16).astype(np.uint16)
    safetensors(tmp_path / "g.safetensors", {"dx": ("BF16", halves)})
    assert {one.verdict for one in netcalc.check(result, ["g.safetensors"]).checked} == {verdict}


@pytest.mark.parametrize("raw", [b"", b"12345678", b"\xff" * 40, (2).to_bytes(8, "little") + b"{}"])
def test_files_that_are_none_are_refused(tmp_path, raw):
    (tmp_path / "s.safetensors").write_bytes(raw)
    with pytest.raises(NetcalcError, match=r"s\.safetensors"):
        read_members(str(tmp_path / "s.safetensors"))


def test_linear_weights_of_a_state_dict_are_held_to_the_program():
    draw = np.random.default_rng(1)
    values = {"X": draw.normal(size=(5, 3)), "W": draw.normal(size=(3, 4)), "b": draw.normal(size=4)}
    z = values["X"] @ values["W"] + values["b"]
    state = {"0.weight": (values["X"].T @ (2 * z)).T, "0.bias": 2 * z.sum(0)}
    forward = "z = X @ W + b\nloss = (z ** 2).sum()"
    netcalc.assert_gradients(forward, state, ignore=["X"], **values)
    netcalc.assert_gradients(forward, state, ignore=["X"], names={"0.weight": "W", "0.bias": "b"}, **values)
    with pytest.raises(AssertionError, match="dW: ∂loss/∂W is twice"):
        netcalc.assert_gradients(forward, {**state, "0.weight": 2 * state["0.weight"]}, ignore=["X"], **values)
    with pytest.raises(NetcalcError, match="names"):
        netcalc.assert_gradients(forward, state, names=3, **values)
    with pytest.raises(AssertionError, match="transposed"):
        netcalc.assert_gradients(forward, {"W": state["0.weight"], "b": state["0.bias"]}, ignore=["X"], **values)


def test_a_large_problem_is_checked_without_a_search_for_causes(monkeypatch):
    """Its wrong entries are told all the same, and a plain factor; no dictionary has each of a million numbers."""
    monkeypatch.delattr("netcalc.checking.judging.bench.by_element")
    draw = np.random.default_rng(2)
    values = {"X": draw.normal(size=(2, 1100)), "W": draw.normal(size=(1100, 1000))}
    true = values["X"].T @ (2 * (values["X"] @ values["W"]))
    forward = "z = X @ W\nloss = (z ** 2).sum()"
    netcalc.assert_gradients(forward, {"W": true}, ignore=["X"], **values)
    with pytest.raises(AssertionError, match="it is 2 times what it should be"):
        netcalc.assert_gradients(forward, {"W": 2 * true}, ignore=["X"], **values)
    true[3, 4] += 1
    with pytest.raises(AssertionError, match=r"dW\[3,4\]"):
        netcalc.assert_gradients(forward, {"W": true}, ignore=["X"], **values)


@pytest.mark.parametrize("called", ["fc{n}.{long}", "grad{short}{n}"])
def test_layers_of_one_shape_are_told_apart_by_their_order_and_by_their_numbers(tmp_path, called):
    """A file has the first layer first, where a backward pass has the last one first."""
    layers = [{"W": [["0.15", "0.2"], ["0.25", "0.3"]], "b": ["0.35", "0.35"], "activation": "sigmoid"}] * 2
    result = netcalc.net(layers, input=["0.05", "0.1"], target=["0.01", "0.99"], loss="half-mse")
    arrays = {
        called.format(n=n, short=short, long=long): np.array(result.partials[f"{short}{n}"])
        for n in (1, 2)
        for short, long in (("W", "weight"), ("b", "bias"))
    }
    np.savez(tmp_path / "state.npz", **arrays)
    checked = netcalc.check(result, [str(tmp_path / "state.npz")]).checked
    assert {one.verdict for one in checked} == {"right"}
