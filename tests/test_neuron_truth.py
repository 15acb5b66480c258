"""A neuron's answers against oracles that share nothing with the passes: sympy.diff of the whole, and 50 digits."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import reference
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.references import activation
from netcalc.derivation.algebra import symbol, to_sympy
from netcalc.derivation.derive import expand
from netcalc.expression import parse
from netcalc.graph.arithmetic.symbolic import Symbolic
from netcalc.layers import run
from netcalc.models.neuron import neuron

NAMES = sorted(ACTIVATIONS)


@pytest.mark.parametrize("counts", [(1, 2), pytest.param((3, 4), marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", NAMES)
def test_the_symbolic_backward_pass_is_sympy_diff_of_the_whole(name, counts):
    """For 1 to 4 inputs: each partial, against the derivative of the composed forward expression, at 40 digits."""
    bound = activation(name)
    formula = to_sympy(expand(parse(bound.formula)))
    draw = random.Random(name)
    for inputs in counts:
        problem = neuron(None, _symbols("w", inputs), None, bound)
        found = run(problem, Symbolic(closed=True))
        x, w, b = ([symbol(f"x{i}") for i in range(inputs)], [symbol(f"w{i}") for i in range(inputs)], symbol("b"))
        whole = formula.subs(symbol("q"), sum(map(sp.Mul, w, x), b))
        partials = {"dx": found["dx"].ravel(), "dw": found["dW1"].ravel(), "db": found["db1"].ravel()}
        for variables, key in ((x, "dx"), (w, "dw"), ([b], "db")):
            for variable, partial in zip(variables, partials[key], strict=True):
                _agree(partial, sp.diff(whole, variable), [*x, *w, b], draw)


def _symbols(letter, count):
    return np.array([parse(f"{letter}{i}") for i in range(count)], dtype=object)


def _agree(left, right, variables, draw):
    if sp.expand(left - right) == 0:
        return
    at = {name: sp.Rational(draw.randint(-300, 300), 101) for name in variables}
    difference, size = (sp.N(one.subs(at), 40) for one in (left - right, right))
    assert abs(difference) <= abs(size) * sp.Float("1e-30") + sp.Float("1e-30")


numbers = st.floats(-20, 20).map(lambda number: round(number, 3)) | st.floats(-1e3, 1e3)


@given(
    name=st.sampled_from(NAMES),
    pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4),
    b=numbers,
)
@settings(max_examples=60, deadline=None)
def test_every_float64_is_the_nearest_to_the_truth(name, pairs, b):
    """q, f and each partial, against an evaluation at more than 50 digits."""
    x, w = zip(*pairs, strict=True)
    result = netcalc.neuron(x=list(x), w=list(w), b=b, activation=name)
    bound = activation(name)
    with mpmath.workprec(2600):
        q = sum((reference.number(u) * v for u, v in pairs), reference.number(b))
        f, slope, _ = _truth(bound, q)
        assert result.forward["q"] == pytest.approx(float(q), abs=0, rel=0)
        if any(Fraction(kink) == _fraction(q) for kink in bound.kinks):
            return  # what is taken there is a convention, tested with the notes
        expected = [f, *(slope * v for v in w), *(slope * v for v in x), slope]
        got = [result.forward["f"], *result.partials["x"], *result.partials["w"], result.partials["b"]]
        for number, true in zip(got, expected, strict=True):
            if isinstance(number, str):  # its digits, where float64 ends
                assert abs(true) > 1.79e308
                if abs(q) <= reference.FAR:  # beyond, the reference only says that it is far out
                    assert abs(mpmath.mpf(number) - true) <= abs(true) * mpmath.mpf(10) ** -5 / 2
            else:
                assert reference.ulps(number, true) <= 0.5 + 1e-9


def _fraction(q):
    return Fraction(*mpmath.libmp.to_rational(q._mpf_))


def _truth(bound, q):
    jet = reference.definition(bound.name, **dict(bound.parameters))(reference.Jet(q, reference.number(1)))
    return jet.f, jet.d, jet.dd


def test_a_hundred_thousand_inputs_are_summed_once():
    """Float64 agrees with an exact sum to within the usual bound, and the answer says that it is float64."""
    draw = np.random.default_rng(7)
    x, w = draw.standard_normal((2, 100_000))
    result = netcalc.neuron(x=x, w=w, b=0.5, certify=False)
    exact = sum(Fraction(u) * Fraction(v) for u, v in zip(x.tolist(), w.tolist(), strict=True)) + Fraction(1, 2)
    assert result.forward["q"] == pytest.approx(float(exact), abs=1e-9)
    assert result.certainty.startswith("float64, not certified")
    assert len(result.partials["w"]) == 100_000


@pytest.mark.parametrize("name, q", [("exp", 1e12), ("gaussian", 1e9), ("exp", -1e15)])
def test_values_far_beyond_float64_are_shown_at_once(name, q):
    """A value of a billion digits is never written out."""
    shown = netcalc.neuron(x=[q], w=[1], b=0, activation=name)["f"].elements()
    assert "e" in next(iter(shown)).value.shown
