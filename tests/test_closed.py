"""--exact: closed forms as people write them, true to the certified digits, found in bounded time."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sympy as sp
from reference import mp

import netcalc
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.derivation.algebra import from_sympy
from netcalc.derivation.closed import ClosedForms
from netcalc.expression import Apply, Tree, is_constant, parse
from netcalc.notation import to_ascii
from netcalc.solving.bits import confirmed, constant


def mp_value(tree: Tree) -> mp.mpf:
    """A constant tree by mpmath, through SymPy's own printer."""
    from netcalc.derivation.algebra import to_sympy

    return mp.mpf(sp.N(to_sympy(tree), 30))


@pytest.mark.parametrize(
    "text, closed",
    [
        ("1/(1 + exp(-1))", "e/(1 + e)"),
        ("-4*exp(-1)/(1 + exp(-1))^2", "-4*e/(1 + e)^2"),
        ("exp(1000)/(1 + exp(1000))^2", "e^1000/(1 + e^1000)^2"),
        ("exp(-0.03)/(1 + exp(-0.03))^2/10", "e^(3/100)/(10*(1 + e^(3/100))^2)"),
        ("-log(1/(1 + exp(-1)))", "log(1 + e) - 1"),
        ("exp(5)/(exp(5) + exp(11))", "1/(1 + e^6)"),
        ("exp(11)/(exp(5) + exp(11)) - 1", "-1/(1 + e^6)"),
        ("3*sqrt(2)/6", "sqrt(2)/2"),
        ("6/4", "3/2"),
        ("1 - tanh(1)^2", "1/cosh(1)^2"),
        ("tanh(log(2 + e))", "tanh(log(2 + e))"),
        ("exp(1/2)*exp(1/3)/(1 + exp(1/3))", "e^(5/6)/(1 + e^(1/3))"),
        ("exp(sqrt(2))*(sqrt(2) + exp(sqrt(2)) + 1)", "exp(sqrt(2))*(1 + sqrt(2) + exp(sqrt(2)))"),
        ("1/exp(exp(1))", "exp(-e)"),
        ("cos(pi/4)", "sqrt(2)/2"),
        ("1.0507009873554804934193349852946", "1.0507009873554804934193349852946"),
        ("0.1*0.3", "3/100"),
    ],
)
def test_closed_forms_read_as_people_write_them(text: str, closed: str) -> None:
    """One fraction in powers of e, the constant first, nothing over 1 + 1/e."""
    from netcalc.derivation.algebra import to_sympy

    assert to_ascii(ClosedForms().tree(to_sympy(parse(text)))) == closed


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_closed_form_comes_to_the_certified_digits(name: str) -> None:
    """Each has no symbol and no float in it, reads back, is what it stands beside, and is found in little time."""
    started = time.process_time()
    result = netcalc.neuron(x=["-1/3", "0.7"], w=["1.1", "-2"], b="0.2", activation=name, exact=True)
    assert time.process_time() - started < 20  # no measurement: polynomials without bounds take minutes
    for tensor in result.tensors:
        for one in tensor.elements():
            closed = one.value.exact
            assert is_constant(closed)
            assert abs(mp_value(parse(to_ascii(closed))) - one.value.nearest) <= abs(one.value.nearest) * 2**-52


def test_closed_forms_are_never_longer_and_come_in_time() -> None:
    """What algebra is too slow for stays as it was derived."""
    x = sp.exp(sp.sqrt(3)) + sp.log(2)
    for _ in range(2):
        x = sp.sin(x) / (1 + sp.exp(-x)) + sp.sqrt(x)
    forms = ClosedForms(evaluations=20_000)
    started = time.process_time()
    assert len(to_ascii(forms.tree(x))) <= len(to_ascii(from_sympy(x)))
    assert [forms.shortest(sp.exp(n) / (sp.exp(n) + 1)) for n in range(3)]
    assert time.process_time() - started < 20  # no measurement: an algebra without bounds takes minutes


def test_what_nobody_would_read_has_no_closed_form() -> None:
    """Nor is it written out to find that."""
    x = sp.exp(sp.sqrt(3))
    for _ in range(60):
        x = sp.Function("f")(x, x)
    assert ClosedForms().tree(x) is None


def test_binary_floats_are_the_numbers_that_they_are() -> None:
    """0.1 in float64 is 3602879701896397/36028797018963968, and no tenth."""
    result = netcalc.neuron(x=np.array([0.1]), w=[1], b=0, activation="identity", exact=True)
    assert to_ascii(result["q"].entries[()].exact) == "3602879701896397/36028797018963968"
    assert result.notes == (
        "x is float64, taken as the exact binary numbers that they are: 0.1 would be 3602879701896397/36028797018963968",
    )


def test_a_closed_form_that_balls_contradict_is_not_shown() -> None:
    """Whatever algebra makes of it."""
    value = constant(parse("1/3"))
    assert confirmed(value, parse("0.25")).exact is None
    assert confirmed(value, Apply("divide", (parse("1"), parse("3")))).exact is not None
