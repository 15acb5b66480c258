"""Choices and constants in answers, as Python and SymPy write them."""

from __future__ import annotations

import pytest

import netcalc
from netcalc.errors import NetcalcError

ABS, POWER, NEURON = netcalc.grad("abs(x)*y"), netcalc.grad("x^2*exp(-x)"), netcalc.neuron(x=[1], w=["0.5"], b="0.2")
RIGHT = [
    (ABS, "dx", "y if x > 0 else -y"),
    (ABS, "dx", "2*(y if x > 0 else -y)/2"),
    (ABS, "dx", "y if x > 1 else y if x > 0 else -y"),
    (ABS, "dx", "Piecewise((y, x > 0), (-y, True))"),
    (ABS, "dx", "Piecewise((y, x > 0), (-y, x <= 0))"),
    (ABS, "dx", "np.where(x > 0, y, -y)"),
    (POWER, "dx", "x*(2 - x)*E**-x"),
    (POWER, "dx", "(2*x - x**2)/E^x"),
    (NEURON, "f", "1/(1 + E**(-0.7))"),
    (NEURON, "db", "E/(1 + E)**2 if q < 0 else exp(-q)/(1 + exp(-q))^2"),
]
WRONG = [
    (ABS, "dx", "-y if x > 0 else y"),
    (ABS, "dx", "Piecewise((-y, x > 0), (y, True))"),
    (POWER, "dx", "x*(2 + x)*E**-x"),
]


@pytest.mark.parametrize("result, name, text", RIGHT, ids=[text for *_, text in RIGHT])
def test_a_choice_and_e_are_read_as_python_and_sympy_write_them(result, name, text):
    (checked,) = netcalc.check(result, {name: text}).checked
    assert not checked.is_wrong


@pytest.mark.parametrize("result, name, text", WRONG, ids=[text for *_, text in WRONG])
def test_a_choice_that_is_wrong_is(result, name, text):
    (checked,) = netcalc.check(result, {name: text}).checked
    assert checked.is_wrong


REFUSED = [
    (ABS, "Piecewise((y, x > 0), (-y, x < -1))"),  # which is nothing in between
    (ABS, "y if x > 0"),
    (netcalc.neuron(x=[1], w=[0.5], b=0.2, target=1, loss="mse"), "2*E"),  # which may be the loss
    (netcalc.grad("sum(A)", shape={"A": "n,n"}), "E"),  # which may be the identity
]


@pytest.mark.parametrize("result, text", REFUSED, ids=[text for *_, text in REFUSED])
def test_what_may_be_another_thing_is_refused(result, text):
    name = next(tensor.name for tensor in result.tensors if tensor.name.startswith("d"))
    with pytest.raises(NetcalcError):
        netcalc.check(result, {name: text})
