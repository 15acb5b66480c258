"""Exact answers to problems whose numbers are floats: 0.1 is a tenth to whoever answers, and not to float64."""

from __future__ import annotations

import numpy as np
import pytest

import netcalc

NEURON = netcalc.neuron(x=[0.1], w=[10], b=0)
MATRIX = netcalc.grad("sum(A@x)", at={"x": np.array([0.1, 0.3]), "A": np.array([[0.1, 0.7]])})
OPEN = netcalc.neuron(x=[0.1], w=[0.2])
SQUARE = netcalc.grad("x^2*y", at={"x": 0.1})
RIGHT = [
    (NEURON, {"q": 1, "db": "e/(1+e)^2", "dw": [1]}, "dw"),
    (NEURON, {"q": "1", "f": "1/(1+exp(-1))", "dw0": "0.1*f*(1-f)"}, ""),
    (netcalc.neuron(x=[0.1], w=[0.2], b=0.3), {"q": "8/25", "db": "sigmoid(0.32)*(1-sigmoid(0.32))"}, ""),
    (MATRIX, {"dA": "[[1/10,3/10]]", "f": "22/100", "dx": "[0.1,7/10]"}, ""),
    (MATRIX, {"f": "0.23", "dA": "[[1/10,29/100]]"}, "f dA[0,1]"),
    (OPEN, {"dw0": "0.1*f*(1-f)", "dx0": "f*(1-f)/5", "q": "b+1/50"}, ""),
    (OPEN, {"dw0": "0.2*f*(1-f)", "q": "b+1/51"}, "dw0 q"),
    (SQUARE, {"dy": "1/100", "dx": "y/5", "f": "y/100"}, ""),
    (SQUARE, {"dy": "1/101", "dx": "y/4"}, "dy dx"),
]


@pytest.mark.parametrize("result, answers, wrong", RIGHT, ids=[" ".join(map(str, one.values())) for _, one, _ in RIGHT])
def test_exact_answers_are_right_where_the_numbers_were_floats(result, answers, wrong):
    checked = netcalc.check(result, answers).checked
    told = {one.name for one in checked if one.is_wrong}
    assert told == {one.name for one in checked if any(one.name.startswith(own) for own in wrong.split())}


def test_what_floats_do_not_blur_is_wrong_as_before():
    exact = netcalc.neuron(x=["0.1"], w=[10], b=0)
    for result in (exact, NEURON):
        (checked,) = netcalc.check(result, {"q": "1 + 1e-12"}).checked
        assert checked.is_wrong
