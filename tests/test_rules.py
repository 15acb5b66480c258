"""The rules of differentiation and reverse accumulation, held to sympy.diff and to differences at high precision."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.evaluation import numeral
from netcalc.derivation.accumulate import RULES, gradient, shown, sweep
from netcalc.derivation.algebra import symbol, to_sympy
from netcalc.derivation.derive import evaluable, expand
from netcalc.derivation.forms import Forms
from netcalc.errors import ExpressionError
from netcalc.expression import parse, symbols
from netcalc.expression.functions import ELEMENTARY
from netcalc.expression.tree import Symbol, share
from netcalc.notation import to_ascii

INSIDE = {"acosh": "13/8", "acos": "3/10", "asin": "3/10", "erfinv": "3/10", "atanh": "3/10"}


def test_every_function_has_a_rule():
    """Those of the parser that no activation of the catalogue is; max, min and where are operators."""
    assert {function.name for function in ELEMENTARY} == RULES.keys() | {"max", "min", "where"}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.function)
def test_rule_is_the_limit_of_differences(rule):
    """Each slope, at 40 digits, at a point on either side where there are two."""
    for place in (INSIDE.get(rule.function, "7/10"), INSIDE.get(rule.function, "-9/4")):
        if place.startswith("-") and rule.function in ("log", "log2", "log10", "log1p", "sqrt"):
            continue
        for index, slope in enumerate(rule.trees):
            if slope is not None:
                names = {"q": fmpq(*map(int, place.split("/"))), "p": fmpq(1) if len(rule.trees) > 1 else fmpq(0)}
                _agrees_with_differences(rule, index, slope, names)


def _agrees_with_differences(rule, index, slope, names):
    arguments = ["p", "q"][2 - len(rule.slopes) :]
    function = parse(f"{rule.function}({', '.join(arguments)})")
    h = fmpq(1, 1 << 200)
    with precision(1000):
        sides = [numeral(function, names | {arguments[index]: names[arguments[index]] + step}) for step in (h, -h)]
        assert abs(arb((sides[0] - sides[1]) / (2 * h)) - numeral(slope, names)) < arb(10) ** -40


NAMES = ("x", "y", "z")
leaves = st.sampled_from(NAMES) | st.integers(1, 9).map(str) | st.sampled_from(["0.5", "pi", "1/3"])


def _nodes(inner):
    pairs = st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})")
    powers = st.tuples(inner, st.integers(-3, 4)).map(lambda t: f"({t[0]})^({t[1]})")
    calls = st.tuples(st.sampled_from(["sin", "cos", "exp", "tanh", "atan", "log", "sqrt", "sigmoid"]), inner)
    return pairs | powers | calls.map(lambda t: f"{t[0]}({t[1]})")


expressions = st.recursive(leaves, _nodes, max_leaves=10)


@given(text=expressions)
@settings(max_examples=60, deadline=None)
def test_reverse_accumulation_is_sympy_diff(text):
    """At a point where both have values, at 30 digits; shown and evaluable forms alike."""
    try:
        tree = parse(text)
    except ExpressionError:  # a constant 1/0 among them
        return
    names = symbols(tree)
    forms = Forms(names)
    found = gradient(forms, tree, names)
    written = to_sympy(expand(tree))
    point = {name: sp.Rational(7 + 4 * place, 9 + place) for place, name in enumerate(names)}
    with precision(300):
        numbers = {name: fmpq(int(value.p), int(value.q)) for name, value in point.items()}
        for name, partial in zip(names, found, strict=True):
            mine = numeral(evaluable([partial])[0], numbers)
            again = numeral(expand(shown(forms, [partial])[0]), numbers)
            if not arb(mine).is_finite() or arb(mine).rad() > 1e-30:
                continue
            if arb(again).is_finite():
                assert arb(again).overlaps(arb(mine))
            true = sp.N(written.diff(symbol(name)).subs({symbol(one): value for one, value in point.items()}), 40)
            if true.is_real:
                error = abs(mpmath.mpf(str(true)) - mpmath.mpf(arb(mine).mid().str(40, radius=False)))
                assert error <= 1e-25 * (1 + abs(mpmath.mpf(str(true))))


def test_what_is_shared_is_derived_once():
    """A tower of squares of sums, whose written-out form doubles at each of 60 levels, stays small."""
    tree = parse("x")
    forms = Forms(["x"])
    for _ in range(60):
        tree = forms.product(forms.total((tree, forms.one)), tree)
    swept = sweep(forms, tree, ["x"])
    count = len(share((swept.of_variables()["x"],)).nodes)  # not in the assertion: it would write the tree out
    assert 60 < count < 4_000


def test_equal_trees_are_one_object():
    """So that comparing them costs nothing, whatever their size."""
    forms = Forms()
    assert forms.keep(parse("sin(x*y) + 1")) is forms.keep(parse("sin(x*y) + 1"))
    assert forms.product(Symbol("x"), forms.keep(parse("sin(y)"))) is not forms.keep(parse("sin(y)"))


@pytest.mark.parametrize(
    "text, partials",
    [
        ("x^2*y", ["2*x*y", "x^2"]),
        ("x*y*z", ["y*z", "x*z", "x*y"]),
        ("x/y", ["1/y", "-x/y^2"]),
        ("where(x > 0, x, 0)", ["where(x > 0, 1, 0)"]),
        ("where(x > 0, log(x), x^2)", ["where(x > 0, 1/x, 2*x)"]),
        ("max(x, 0)", ["where(x > 0, 1, where(x < 0, 0, 0.5))"]),
        ("exp(3*x)", ["3*exp(3*x)"]),
        ("2^x", ["2^x*log(2)"]),
        ("x^y", ["y*x^(y - 1)", "x^y*log(x)"]),
        ("sum([x, y, x])", ["2", "1"]),
        ("dot([x, y], [y, x])", ["2*y", "2*x"]),
        ("x - x", ["0"]),
        ("0.5*x^2", ["x"]),
        ("sqrt(1 - x^2)", ["-x/sqrt(1 - x^2)"]),
        ("sigmoid(w*x)", ["x*sigmoid(w*x)*(1 - sigmoid(w*x))", "w*sigmoid(w*x)*(1 - sigmoid(w*x))"]),
    ],
)
def test_partials_as_people_write_them(text, partials):
    tree = parse(text)
    forms = Forms(symbols(tree))
    assert [to_ascii(one) for one in shown(forms, gradient(forms, tree, symbols(tree)))] == partials
