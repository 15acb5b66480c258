"""Tests in loops that depend on values: both branches count, each where its test holds."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError

HINGE = """
loss = 0.0
for i in range(2):
    for j in range(3):
        if j == y[i]:
            continue
        margin = s[i, j] - s[i, y[i]] + 1
        if margin > 0:
            loss += margin
"""
SCORES = [[1.5, 0.75, -2.5], [0.25, 2.5, 1.75]]


def of(text, **values):
    return netcalc.gradients(text, values)


def test_what_is_added_under_a_test_counts_where_it_holds():
    """The losses of classes whose margin is met have no gradient."""
    found = of(HINGE, s=SCORES, y=[0, 2])
    assert found.forward["loss"] == pytest.approx(0.25 + 1.75)
    assert np.asarray(found.partials["s"], dtype=float).tolist() == [[-1, 1, 0], [0, 1, -1]]


@pytest.mark.parametrize("x", [-1.5, 2.5])
@pytest.mark.parametrize(
    "text, value, slope",
    [
        ("if x > 0:\n    y = x * x\nelse:\n    y = -3 * x\nloss = y", (4.5, 6.25), (-3, 5)),
        ("y = 2 * x\nif x > 0:\n    y = x * x\nloss = y", (-3, 6.25), (2, 5)),
        ("y = 2 * x\nif x < 0 or x > 2:\n    y *= x\nloss = y", (4.5, 12.5), (-6, 10)),
        ("if x < 0:\n    y = x\nelif x < 2:\n    y = 2 * x\nelse:\n    y = 3 * x\nloss = y", (-1.5, 7.5), (1, 3)),
        ("loss = x * x if x > 0 else 5 * x", (-7.5, 6.25), (5, 5)),
        ("n = 0\nif x > 0:\n    n += 1\nloss = n * x", (0, 2.5), (0, 1)),
        ("z = np.zeros(2)\nif x > 0:\n    z[1] = 2 * x\nloss = (z + 1).sum()", (2, 7), (0, 2)),
        (
            "def f(x):\n    y = 0.1 * x\n    if x > 0:\n        y = x\n    return y\nloss = f(x) * x",
            (0.225, 6.25),
            (-0.3, 5),
        ),
    ],
)
def test_the_branch_whose_test_holds_is_the_one_that_counts(text, value, slope, x):
    """In a loop; elsewhere it is told what to write."""
    in_loop = "for _ in range(1):\n" + textwrap.indent(text, "    ")
    found = of(in_loop, x=x)
    assert found.forward["loss"] == pytest.approx(value[x > 0])
    assert found.partials["x"] == pytest.approx(slope[x > 0])
    with pytest.raises(NetcalcError, match="this depends on values; write"):
        of(text, x=x)


@pytest.mark.parametrize("line", ["break", "found.append(x[i])", "found = [x[i]]", "n //= 2"])
def test_what_is_no_assignment_of_numbers_under_such_a_test_is_refused(line):
    text = f"found, n = [], 4\nfor i in range(2):\n    if x[i] > 0:\n        {line}\nloss = x.sum()"
    with pytest.raises(NetcalcError, match="this depends on values"):
        of(text, x=[0.5, -0.5])


def test_unravel_index_gives_the_place_of_argmax():
    text = "k = np.argmax(x)\np, q = np.unravel_index(k, x.shape)\nloss = x[p, q] * w[q]"
    found = of(text, x=[[0.5, 2.5, 1.5], [3.5, -1.5, 0.25]], w=[2.0, 3.0, 4.0])
    assert found.forward["loss"] == 7
    assert np.asarray(found.partials["x"], dtype=float).tolist() == [[0, 0, 0], [2, 0, 0]]
