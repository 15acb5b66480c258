"""Answers given by each other: wrong where they are equal by chance, right where they are by algebra."""

from __future__ import annotations

import pytest

import netcalc

SQUARE = netcalc.grad("x*y", at={"x": 2, "y": 2})
NEURON = netcalc.neuron(x=[1, 1], w=[3, -1], b=1)


@pytest.mark.parametrize(
    "result, answers, wrong",
    [
        (SQUARE, {"dx": "dy", "dy": "dx"}, "dx dy"),
        (SQUARE, {"dx": "dy", "dy": "dx*f/4", "f": "4"}, "dx dy"),
        (SQUARE, {"dx": "dy", "dy": "2"}, ""),
        (SQUARE, {"dx": "f/x", "f": "x*y"}, ""),
        (netcalc.grad("x+y", at={"x": 2, "y": 5}), {"dx": "dy", "dy": "dx"}, ""),
        (netcalc.grad("x*y"), {"dx": "f/x", "f": "x*dx"}, ""),
        (NEURON, {"dw0": "dw1", "dw1": "dw0"}, "dw0 dw1"),
        (NEURON, {"dx0": "3*db", "db": "dx0/3"}, "dx0 db"),  # 3 is no w0
        (NEURON, {"dx0": "w0*db", "db": "dx0/w0"}, ""),
    ],
)
def test_answers_by_each_other_are_right_only_as_formulas(result, answers, wrong):
    checked = netcalc.check(result, answers).checked
    assert {one.name for one in checked if one.is_wrong} == set(wrong.split())
    assert all("given by answers" in one.diagnosis for one in checked if one.is_wrong)
