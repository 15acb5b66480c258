"""Formulas as float64 computes them: what is subtracted from what it nearly is keeps its digits, where a form is known."""

from __future__ import annotations

import math
import re

import mpmath
import numpy as np
import pytest

from netcalc.derivation.stable import settled
from netcalc.expression import parse
from netcalc.notation import to_ascii

IN_FLOAT64 = {
    **{name: getattr(math, name) for name in ("exp", "expm1", "tanh", "cosh", "erf", "erfc")},
    "sigmoid": lambda q: 1 / (1 + math.exp(-q)),
}
EXACTLY = {name: getattr(mpmath, name) for name in ("exp", "tanh", "erf", "erfc")}

KEPT = [
    *(
        "1-tanh(x)^2",
        "tanh(x)^2-1",
        "5*tanh(x)^2-5",
        "1+tanh(x)",
        "1-tanh(x)",
        "3-3*tanh(x)",
        "2*tanh(x)+2",
        "y+1-tanh(x)^2-y",
    ),
    *("exp(x)-1", "2-2*exp(x)", "1-erf(x)", "1+erf(x)", "3*erf(x)-3", "2-erfc(x)", "erfc(x)-2", "4-2*erfc(x)"),
]
UNCHANGED = ["1-tanh(x)^3", "2+tanh(x)", "1+tanh(x)^2", "1+exp(x)", "2-exp(x)", "2-erf(x)", "1-erfc(x)", "1+erfc(x)"]
POINTS = np.linspace(-9, 9, 37) + 1 / 64


def value(text, functions, x):
    return eval(text.replace("^", "**"), {**functions, "x": x, "y": 0})  # noqa: S307 - the formulas above


@pytest.mark.parametrize("text", KEPT)
def test_a_difference_of_what_is_nearly_equal_keeps_its_digits(text):
    (tree,) = settled([parse(text)])
    with mpmath.workdps(60):
        true = [float(value(text, EXACTLY, mpmath.mpf(float(x)))) for x in POINTS]
    found = [value(to_ascii(tree), IN_FLOAT64, float(x)) for x in POINTS]
    np.testing.assert_allclose(found, true, rtol=1e-14)


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_has_no_such_form_stays_what_it_is(text):
    (tree,) = settled([parse(text)])
    assert re.sub(r"\s", "", to_ascii(tree)) == text
