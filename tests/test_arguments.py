"""A bad argument of the library is a NetcalcError that says what would be right; other libraries' numbers are numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError

FORWARD = "loss = (x**2).sum()"


def square():
    return netcalc.grad("x^2", at={"x": 1})


def neuron(x=(1, 2), **other):
    return netcalc.neuron(x=x, w=[1, 2], b=0, **other)


def layer(**keys):
    return netcalc.net([{"W": [[1]], "b": [0]}], input=[1], delta=[1], **keys)


BAD = {
    "digits in an array": lambda: neuron(digits=np.array([3, 4])),
    "exact": lambda: neuron(exact=np.array([1.0, 2])),
    "verify": lambda: neuron(verify="yes"),
    "wrt of an array": lambda: netcalc.grad("x^2*y", at={"x": 1}, wrt=np.array("x")),
    "delta by name": lambda: netcalc.gradients("z = x * 2", x=np.ones(2), delta="abc"),
    "rtol in an array": lambda: netcalc.assert_gradients(FORWARD, {"x": 2 * np.ones(2)}, np.ones(2), x=np.ones(2)),
    "rows of unequal length": lambda: netcalc.assert_gradients(FORWARD, {"x": [[1, 2], [3]]}, x=np.ones(2)),
    "complex": lambda: neuron(np.array([1j, 2.5])),
    "bool": lambda: neuron(np.array([True, False])),
    "mapping": lambda: neuron({"a": 1}),
    "None among numbers": lambda: neuron([None, 2]),
    "masked": lambda: neuron(np.ma.masked_array([1.0, 2], [True, False])),
    "iterator": lambda: neuron(iter([1, 2])),
    "order": lambda: netcalc.grad("x^2", at={"x": 1}, order="2"),
    "wrt": lambda: netcalc.grad("x^2*y", at={"x": 1}, wrt=3),
    "wrt of numbers": lambda: netcalc.grad("x^2*y", at={"x": 1}, wrt=[3]),
    "at": lambda: netcalc.grad("x^2", at=3),
    "at by number": lambda: netcalc.grad("x^2", at={3: 1}),
    "shape": lambda: netcalc.grad("sum(x)", shape=3),
    "shape of a float": lambda: netcalc.grad("sum(x)", shape={"x": 1.5}),
    "digits": lambda: netcalc.grad("x^2", at={"x": 1}, digits="10"),
    "index_from": lambda: neuron(index_from="1"),
    "activation": lambda: neuron(activation=3),
    "no activation": lambda: neuron(activation=None),
    "loss": lambda: neuron(target=1, loss=3),
    "reduction": lambda: neuron(target=1, loss="mse", reduction=3),
    "activation of a layer": lambda: netcalc.linear([[1]], [1], [0], 3),
    "layers": lambda: netcalc.net(3),
    "init": lambda: netcalc.net([{"size": 2, "init": 3}], input=[1, 2], delta=[1, 1]),
    "lr": lambda: layer(lr="abc"),
    "lr of a list": lambda: layer(lr=[1]),
    "trace": lambda: layer(trace=3),
    "path": lambda: netcalc.load(3),
    "result": lambda: netcalc.check(3, {"dx": 1}),
    "answers": lambda: netcalc.check(square(), 3),
    "no answer": lambda: netcalc.check(square(), {"dx": None}),
    "answers by number": lambda: netcalc.check(square(), {3: 1}),
    "rtol": lambda: netcalc.check(square(), {"dx": 1}, rtol="a"),
    "rtol below 0": lambda: netcalc.check(square(), {"dx": 1}, rtol=-1),
    "sig": lambda: netcalc.check(square(), {"dx": 1}, sig=0),
    "forward": lambda: netcalc.gradients(3),
    "value of a program": lambda: netcalc.gradients(FORWARD, x="abc"),
    "values of a program": lambda: netcalc.gradients(FORWARD, 3),
    "masked in a program": lambda: netcalc.gradients(FORWARD, x=np.ma.masked_array([1.0, 2], [True, False])),
    "of": lambda: netcalc.gradients(FORWARD, x=[1.0], of=3),
    "shape in a program": lambda: netcalc.gradients(FORWARD, shape=3),
    "kind": lambda: netcalc.quiz(3),
    "seed": lambda: netcalc.quiz("neuron", seed="a"),
    "count": lambda: netcalc.quiz("neuron", count=-1),
    "level": lambda: netcalc.quiz("neuron", level=9),
    "problem": lambda: netcalc.grade(3, []),
    "table": lambda: netcalc.grade(square(), 3),
    "activation by number": lambda: netcalc.activation(3),
    "block": lambda: netcalc.neuron_block("abc", [1], 0),
    "block of a vector": lambda: netcalc.neuron_block(np.ones(3), [1, 2, 3], 0),
    "columns": lambda: netcalc.neuron_columns(-1),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_a_bad_argument_is_told(call):
    with pytest.raises(NetcalcError) as caught:
        call()
    assert caught.value.message


@pytest.mark.parametrize(
    "number",
    [np.int64(3), np.int32(3), np.uint8(3), np.float32(3), np.float16(3), np.longdouble(3)],
    ids=repr,
)
def test_numbers_of_numpy_are_numbers(number):
    assert netcalc.grad("x^2", at={"x": number}).partials == {"x": 6.0}
    assert netcalc.neuron([number, 1], [1, 2], 0).forward == netcalc.neuron([3, 1], [1, 2], 0).forward


def test_whole_numbers_of_numpy_count():
    two = np.int64(2)
    assert netcalc.grad("x^3", at={"x": 1}, order=two, digits=np.int64(20)).hessian == {"x": {"x": "6"}}
    assert netcalc.neuron_columns(two) == netcalc.neuron_columns(2)
    assert netcalc.quiz("neuron", seed=two, count=two)[1].text == netcalc.quiz("neuron", seed=2, count=2)[1].text
    assert netcalc.net([{"size": two, "init": "ones"}], input=[1, 2], delta=[1, 1]).forward["z1"] == [3.0, 3.0]


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "bfloat16"])
def test_tensors_of_pytorch_are_arrays(kind):
    torch = pytest.importorskip("torch")
    x = torch.tensor([1, 2], dtype=getattr(torch, kind), requires_grad=kind != "int64")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert neuron(x).partials == neuron([1, 2]).partials
        assert netcalc.gradients(FORWARD, x=x).partials == {"x": [2.0, 4.0]}
        assert netcalc.grad("x^2", at={"x": x[1]}).partials == {"x": 4.0}
        assert netcalc.check(square(), {"dx": x[1]}).checked[0].verdict == "right"


def test_equal_problems_have_equal_results():
    for call in (square, neuron, lambda: netcalc.gradients(FORWARD, x=[1.0, 2.0])):
        assert call().to_json() == call().to_json()
        assert str(call()) == str(call())
