"""Formulas over columns: every row is right to 12 digits, however little of it plain float64 would leave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from netcalc.arithmetic.balls import OPERATIONS, precision
from netcalc.arithmetic.evaluation import numerals
from netcalc.arithmetic.program import Program
from netcalc.arithmetic.watched import OPERATIONS as WATCHED
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.derivation.accumulate import gradient
from netcalc.derivation.derive import evaluable
from netcalc.derivation.forms import Forms
from netcalc.expression import parse, symbols

FORMULAS = (
    "log(1 + exp(x))",
    "1/(1 + exp(-x))",
    "exp(x)/(1 + exp(x))^2",
    "(exp(x) - 1)/x",
    "(1 - cos(x))/x^2",
    "x - y + y^3",
    "sin(x)*exp(-y^2)/(1 + x^2) + relu(x*y)",
    "x^y + y^(1/3)",
    "where(x > y, log(x - y), abs(y))",
    "max(x, y, x*y) + min(x, sign(y))",
    "atan2(y, x) + cbrt(x) + lgamma(x) + erf(y)",
    "tan(x) + sec(y) + asinh(x) + log10(y)",
    "gamma(x)*digamma(y)",
)


def columns_of(text, count, low, high):
    draw = np.random.default_rng(len(text))
    return {name: draw.uniform(low, high, count) for name in symbols(parse(text))}


@pytest.mark.parametrize("text", [*FORMULAS, *(f"{name}(x)" for name in ACTIVATIONS if name != "arctan")])
@pytest.mark.parametrize("low, high", [(-4, 4), (-1e-5, 1e-5), (-800, 800)])
def test_values_and_gradients_of_rows_are_right(text, low, high):
    """Against balls of 4000 bits."""
    tree = parse(text)
    names = symbols(tree)
    forms = Forms(names)
    trees = [tree, *gradient(forms, tree, names)]
    columns = columns_of(text, 12, low, high)
    found = Program(trees).run(columns)
    for row in range(12):
        point = {name: fmpq(*float(column[row]).as_integer_ratio()) for name, column in columns.items()}
        with precision(4000):
            for column, true in zip(found, numerals(evaluable(trees), point), strict=True):
                assert_right(column[row], arb(true))


def assert_right(number, true):
    if not true.is_finite():
        assert math.isnan(number)
        return
    if math.isinf(number):
        assert abs(true) > 1.7e308
        return
    assert abs(arb(number) - true) <= abs(true) * arb(2) ** -39 + arb(2) ** -1049


def test_every_operation_is_watched():
    """What balls know float64 knows too, but for those left to the balls."""
    assert OPERATIONS.keys() - WATCHED.keys() == {"sech", "digamma", "polygamma", "erfinv"}


@given(x=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_no_warning_and_no_wrong_zero(x):
    """Near 0 as in the tails."""
    (found,) = Program([parse("1/(1 + exp(-x))")]).run({"x": np.array(x)})
    for number, place in zip(found.tolist(), x, strict=True):
        with precision(200):
            true = 1 / (1 + (-arb(place)).exp())
        assert number == 0 if true < arb(2) ** -1076 else assert_right(number, true) is None


def test_a_column_that_formulas_share_is_computed_once():
    program = Program([parse("sin(x)*cos(x)"), parse("sin(x) + cos(x)")])
    assert len(program.compiled.steps) == 5
