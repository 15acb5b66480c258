"""`netcalc linear` from Python and the shell, against exact rationals worked out by themselves."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.errors import ShapeError

W = [[1, 2, 3], [4, 5, 6]]


def test_two_by_three_by_hand():
    """u = Wv + b, Wᵀδ, δvᵀ and δ, worked out on paper."""
    result = netcalc.linear(W, v=[1, 0, -1], b=[0, 1], delta=[1, -2])
    assert result.forward == {"u": [-2, -1]}
    assert result.partials == {"v": [-7, -8, -9], "W": [[1, 0, -1], [-2, 0, 2]], "b": [1, -2]}


def test_what_is_left_out_stays_a_symbol():
    """The layer alone gives u in v and b, and Wᵀδ in δ."""
    result = netcalc.linear(W)
    assert result.forward["u"] == ["v0 + 2*v1 + 3*v2 + b0", "4*v0 + 5*v1 + 6*v2 + b1"]
    assert result.partials["v"] == ["delta0 + 4*delta1", "2*delta0 + 5*delta1", "3*delta0 + 6*delta1"]


numbers = st.fractions(-50, 50, max_denominator=64).map(lambda number: Fraction(round(number * 64), 64))


@st.composite
def layers(draw):
    """W (m, n), v (samples, n), b (m,), δ (samples, m): all exact in float64."""
    m, n, samples = (draw(st.integers(1, 4)) for _ in range(3))
    shapes = ((m, n), (samples, n), (samples, m))
    tables = [draw(st.lists(st.lists(numbers, min_size=k, max_size=k), min_size=r, max_size=r)) for r, k in shapes]
    return *tables, draw(st.lists(numbers, min_size=m, max_size=m))


def dot(left, right):
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


@given(layers())
@settings(max_examples=40, deadline=None)
def test_a_batch_agrees_with_exact_rationals(layer):
    """Every element is the sum of products that its definition says; dW and db are summed over samples."""
    W, v, delta, b = layer
    result = netcalc.linear(W, v=v, b=b, delta=delta)
    columns = list(zip(*W, strict=True))
    assert result.forward["u"] == [[dot(row, x) + bias for row, bias in zip(W, b, strict=True)] for x in v]
    assert result.partials["v"] == [[dot(column, d) for column in columns] for d in delta]
    assert result.partials["W"] == [[dot(d, x) for x in zip(*v, strict=True)] for d in zip(*delta, strict=True)]
    assert result.partials["b"] == [sum(d) for d in zip(*delta, strict=True)]


@pytest.mark.parametrize(
    "given, message",
    [
        ({"v": [1, 2]}, "W is 2×3, so v needs 3 numbers; it has 2"),
        ({"b": [1, 2, 3]}, "W is 2×3, so b needs 2 numbers; it has 3"),
        ({"delta": [1]}, "W is 2×3, so delta needs 2 numbers; it has 1"),
        ({"v": [[1, 2], [3, 4], [5, 6]]}, "W is 2×3, so v needs 3 numbers a sample; it is 3×2: a sample is a row"),
        ({"v": [[1, 2, 3], [4, 5, 6]], "delta": [[1, 2]]}, "v has 2 samples, and delta has one sample"),
    ],
)
def test_shapes_that_disagree_are_both_named(given, message):
    with pytest.raises(ShapeError) as caught:
        netcalc.linear(W, **given)
    assert message in caught.value.message
