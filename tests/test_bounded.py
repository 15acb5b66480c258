"""Algebra has a budget of evaluations: the same in every thread, beside a host's timers, and whatever the machine."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

import netcalc
from netcalc.arithmetic.evaluation import numerals
from netcalc.derivation import bounded
from netcalc.derivation.accumulate import gradient
from netcalc.derivation.algebra import to_sympy
from netcalc.derivation.bounded import MOST_GENERATORS, factor, generators, is_tame
from netcalc.derivation.forms import Forms
from netcalc.errors import TookTooLong
from netcalc.expression import parse
from netcalc.expression.tree import share

HARD = "gelu_tanh(x*y)*mish(z)"  # SymPy's own factor does not come to an end on what it has for a Hessian
AT = {"x": "1.25", "y": "2.1", "z": "3.3"}
x, y = sp.symbols("x y", real=True)


def work(count: int) -> None:
    for number in range(count):
        sp.sin(x + number)  # an evaluation of the sum and one of the sine


def test_evaluations_are_counted_and_more_are_refused():
    sp.core.cache.clear_cache()
    with bounded.bounded(10_000) as budget:
        work(50)
    assert 100 <= budget.used <= 1000
    sp.core.cache.clear_cache()
    with pytest.raises(TookTooLong, match="more than 40 evaluations"), bounded.bounded(40):
        work(50)


def test_a_budget_swallowed_once_is_still_spent():
    """Whatever catches the error: the next evaluation raises again."""
    sp.core.cache.clear_cache()
    heard = []
    with bounded.bounded(5):
        for number in range(30):
            try:
                x + sp.Integer(10_000 + number)
            except TookTooLong as error:
                heard.append(error)
    assert len(heard) >= 20


def test_a_budget_within_a_budget_draws_on_both():
    sp.core.cache.clear_cache()
    with pytest.raises(TookTooLong, match="more than 60 evaluations"), bounded.bounded(60), bounded.bounded(10_000):
        work(100)
    with bounded.bounded(10_000) as outer:
        sp.core.cache.clear_cache()
        with bounded.bounded(10_000) as inner:
            work(10)
    assert outer.used >= inner.used >= 20


def test_sympy_is_as_it_was_afterwards():
    """Its switch is that of the host, and other threads never saw a budget."""
    from sympy.core.parameters import global_parameters

    seen = []
    with bounded.bounded(1000):
        thread = threading.Thread(target=lambda: seen.append(global_parameters.evaluate))
        thread.start()
        thread.join()
        assert global_parameters.evaluate == True  # noqa: E712 - whose type is a budget's
    assert seen == [True]
    assert global_parameters.evaluate is True
    with sp.evaluate(False), bounded.bounded(1000):
        assert (x + x).args == (x, x)


def test_a_thread_gets_the_answer_of_the_main_thread(monkeypatch):
    """With nothing remembered."""
    monkeypatch.setenv("NETCALC_CACHE", "off")
    found = []

    async def ask():
        return netcalc.grad(HARD, at=AT, order=2).partials

    thread = threading.Thread(target=lambda: found.append(netcalc.grad(HARD, at=AT, order=2).partials), daemon=True)
    thread.start()
    thread.join(60)
    assert found == [asyncio.run(ask())]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a host's timers, on POSIX")
def test_a_hosts_timer_and_handler_stay_its_own(monkeypatch):
    monkeypatch.setenv("NETCALC_CACHE", "off")

    def handler(*_):
        pass

    before = signal.signal(signal.SIGPROF, handler)
    signal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)
    try:
        netcalc.neuron(x=[1], w=[2], b=0, activation="sin(q)^3*exp(q)/(3+q^4)")
        assert signal.getsignal(signal.SIGPROF) is handler
        assert signal.getitimer(signal.ITIMER_PROF)[1] == pytest.approx(0.01, abs=1e-3)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


polynomials = st.lists(
    st.tuples(st.integers(-9, 9).filter(bool), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4
).map(lambda terms: sum(c * x**i * y**j for c, i, j in terms))


@given(polynomials, polynomials, polynomials)
def test_factors_are_those_of_sympy(a, b, c):
    """Where SymPy finds them: few generators, low degrees."""
    if a * b * c == 0:
        return
    expression = sp.expand(a * b) / sp.expand(c) + 1
    assert factor(expression) == sp.factor(expression)


@pytest.mark.parametrize(
    "text, factors",
    [
        ("2*x + 4", "2*(x + 2)"),
        ("-2*x - 4", "-2*(x + 2)"),
        ("x/2 + y/3", "(3*x + 2*y)/6"),
        ("exp(2*x) - 1", "(exp(x) - 1)*(exp(x) + 1)"),
        ("sqrt(2)*x + sqrt(2)*y", "sqrt(2)*(x + y)"),
        ("1/x + 1/y", "(x + y)/(x*y)"),
        ("x^2 - 2*x*y + y^2", "(x - y)^2"),
        ("x*y", "x*y"),
        ("7", "7"),
    ],
)
def test_factors_stand_as_people_write_them(text, factors):
    assert factor(to_sympy(parse(text))) == to_sympy(parse(factors)).factor()


@pytest.mark.parametrize(
    "text, count",
    [
        ("3", 0),
        ("x + y^2", 2),
        ("exp(x)*exp(3*x)", 1),
        ("exp(x + y)", 2),
        ("sqrt(x)*x^1.5", 1),
        ("tanh(x + y)", 4),  # the sine and cosine of each
        ("x*sin(3*x)", 3),
        ("log(a + b + c + d)", 4),  # what the logarithm is of
    ],
)
def test_generators_are_those_of_the_largest_polynomial(text, count):
    assert generators(to_sympy(parse(text))) == count


def test_what_has_too_many_generators_is_not_simplified():
    names = sp.symbols(f"a0:{MOST_GENERATORS + 1}", real=True)
    wide = sum(names) + sp.sin(names[0]) ** 2 + sp.cos(names[0]) ** 2
    assert bounded.simplified(wide) == wide
    narrow = sp.sin(x) ** 2 + sp.cos(x) ** 2
    assert bounded.simplified(narrow) == 1


@pytest.mark.parametrize(
    "text, tame",
    [
        ("x^200", True),
        ("x^201", False),
        ("exp((14*x + 1/2)^2)", True),  # 196 times e^(x^2), 14 times e^x
        ("exp((15*x + 1/2)^2)", False),  # 225
        ("erfc(x)*2^((300*x + 1)*y)", False),
        ("exp((x + y + z + a)^30)", False),  # 5,456 terms in the exponent
        ("(x + y)^30", True),
        ("(x + y)^31", False),
        ("(x + y + z)^30*(x + y)^9", True),  # 496 times 10 terms
        ("(x + y + z)^30*(x + y)^10", False),  # 496 times 11
        ("1/(x + y)^16 + 1/(x + z)^16 + 1/(y + z)^16", True),  # 17^3 below the bar
        ("1/(x + y)^17 + 1/(x + z)^17 + 1/(y + z)^17", False),  # 18^3
        ("(x + y)^30/(1 + z)^30 + (x + z)^30/(1 + x)^30", True),  # 2*31*31 above it
        ("(x + y)^30/(1 + y + z)^10 + (x + z)^30/(1 + x + z)^10", True),  # 2*31*66 above, 66*66 below
        ("(x + y)^30/(1 + y + z)^11 + (x + z)^30/(1 + x + z)^11", False),  # 78*78 below
    ],
)
def test_what_algebra_takes_at_once_is_bounded_by_its_size(text, tame):
    assert is_tame(to_sympy(parse(text))) is tame


@pytest.mark.parametrize("sign", ["*", "+"])
def test_what_has_thousands_of_names_is_differentiated(sign):
    """No recursion goes as deep as there are names, and derivatives share what they have in common."""
    names = [f"x{number}" for number in range(3000)]
    forms = Forms(names)
    slopes = gradient(forms, parse(sign.join(names)), names)
    assert len(share(slopes).nodes) <= 3000 * 13  # its logarithm to the base of 2, and one more
    values = numerals([slopes[0], slopes[-1]], {name: fmpq(2 if name == "x1" else 1) for name in names})
    assert values == ((2, 2) if sign == "*" else (1, 1))


def test_a_product_of_many_names_is_answered():
    found = netcalc.grad("*".join(f"x{n}" for n in range(150)), at={f"x{n}": 1 for n in range(150)}).partials
    assert found == {f"x{n}": 1 for n in range(150)}


@pytest.mark.parametrize("activation, slope", [("+".join(["q"] * 3000), 3000), ("+".join(["2*q"] * 1000), 2000)])
def test_an_activation_of_thousands_of_terms_is_answered(activation, slope):
    assert netcalc.neuron([3], [1], 0, activation=activation).partials["b"] == slope


def test_a_product_of_many_factors_is_checked_in_time():
    """The cheapest order of n numbers took n³ to find, for each of a thousand edits."""
    product = "*".join(f"sin({n}*x)" for n in range(1, 25))
    (one,) = netcalc.check(netcalc.grad(product), {"dx": 2}).checked
    assert one.verdict == "wrong"


def test_a_large_multiple_of_a_logarithm_is_not_made_a_power() -> None:
    """2 to the power of 2·10¹⁶ has as many bits."""
    large = 20_000_000_000_000_000 * sp.log(2)
    assert bounded.simplified(large) == large
    assert bounded.simplified(3 * sp.log(2) - sp.log(8)) == 0
