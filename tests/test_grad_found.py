"""What random problems found (tests/fuzz): each a kind of problem that went wrong once."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from mpmath import mp

import netcalc
from netcalc.arithmetic.program import derivative
from netcalc.catalogue.references import custom
from netcalc.derivation.algebra import from_sympy
from netcalc.derivation.derive import derivation
from netcalc.errors import FileError, UndefinedError
from netcalc.expression import parse
from netcalc.files.source import StandardInput, open_source
from netcalc.models.grad import grad
from netcalc.notation import to_ascii
from netcalc.render import View, render
from netcalc.rows.points import GradientRows


@pytest.mark.parametrize(
    "text, at, said",
    [
        ("sign(1/x)", {"x": 0}, "1/x is defined for x != 0"),
        ("sign(log(x))", {"x": -1}, "log(x) is defined for x > 0"),
        ("atan2(gamma(x), 0)", {"x": 0}, "gamma(x) has poles at 0, -1, -2, …"),
        ("where(1/x > 0, 1, 2)", {"x": 0}, "1/x is defined for x != 0"),
        ("relu(log(x))", {"x": 0}, "log(x) is defined for x > 0"),
    ],
)
def test_bounded_functions_of_what_has_no_value_have_none(text, at, said):
    with pytest.raises(UndefinedError) as caught:
        netcalc.grad(text, at=at)
    assert caught.value.message.startswith(said)


def test_a_condition_that_is_decided_without_what_has_no_value_is_decided():
    assert netcalc.grad("where(x > 0 and log(x) < 1, 1, 2)", at={"x": -1}).forward["f"] == 2.0


def test_few_digits_are_not_contradicted_by_differences():
    """161 to one digit is 200."""
    result = netcalc.grad("x^2 - 39*x", at={"x": 100}, digits=1, verify=True)
    assert result.partials["x"] == "200"
    assert not result.verification.wrong


@pytest.mark.parametrize(
    "text, at",
    [
        ("(gamma(y) - gamma(y))^1000", {"y": "1e16"}),  # a factorial of 10^16 is not written out
        ("((y^1000)^1000)^1000", {"y": 3}),
        ("sqrt(y^9000 + 1)", {"y": "31/7"}),
        ("gamma(sign(gelu(1e399)) + y)", {"y": 0}),
        ("where(gamma(y) < 0 and y < 0, y, 0)^0", {"y": 0}),
        ("y - gamma(y) - gamma(gamma(y))", {"y": 100}),
    ],
)
def test_numbers_that_algebra_cannot_hold_end_soon_without_a_closed_form(text, at):
    result = netcalc.grad(text, at=at, exact=True, verify=True)
    assert not result.verification.wrong
    json.loads(result.to_json())


def test_what_may_be_anything_is_not_said_to_be_beyond_all_bounds():
    result = netcalc.grad("gamma(y) - gamma(y)", at={"y": "1e16"})
    assert result.forward["f"] is None
    assert result.notes[0] == "f is not decided: it lies in 0 ± more than 1e1000000000000000"


def test_rows_are_of_one_length_where_not_all_have_a_closed_form():
    result = netcalc.grad("x + digamma(x)", "x^2", at={"x": 3}, exact=True)
    assert {len(row) for row in csv.reader(render(result, "csv", View()))} == {4}


@pytest.mark.parametrize("text", ["1e399", "1e-400", "0.99999999999999999999", "-1e300"])
def test_json_keeps_what_was_given(text):
    """A number that float64 would change is text."""
    given = json.loads(netcalc.grad("x", at={"x": text}).to_json())["given"]["at"]["x"]
    assert Fraction(str(given)) == Fraction(text)


def test_a_factorial_in_a_formula_is_not_written_out():
    assert netcalc.grad("atanh(y/x*gamma(1500))").formulas["y"].count("gamma(1500)") == 2


def test_a_closed_form_of_pages_of_digits_is_none():
    assert netcalc.grad("x + 1e399", at={"x": "3.283"}, exact=True)["f"].entries.item().exact is None


@pytest.mark.parametrize("text, at", [("gamma((x - 1)^100)", "-pi/2"), ("swish(x/(-1e-8))/(2/7)", "-40")])
def test_algebra_is_not_begun_on_numbers_that_it_never_ends_with(text, at, monkeypatch):
    """It would take minutes and gigabytes, and compiled code hears no alarm."""
    monkeypatch.setattr("sympy.simplify", None)
    monkeypatch.setattr("sympy.Expr.simplify", None)
    assert netcalc.grad(text, at={"x": at}, exact=True).forward.keys() == {"f"}


@pytest.mark.parametrize("order", [1, 2, 5])
def test_polygamma_has_its_values_far_to_the_left(order):
    """Where Arb itself has none."""
    with mp.workdps(60):
        at = mp.mpf("-1000000.3")
        true = (-1) ** order * mp.psi(order, 1 - at) - mp.diff(lambda z: mp.pi * mp.cot(mp.pi * z), at, order)
    result = netcalc.grad(f"polygamma({order}, x)", at={"x": "-1000000.3"}, digits=15)
    assert abs(mp.mpf(result.forward["f"]) / true - 1) < mp.mpf("1e-14")
    assert netcalc.grad("digamma(lgamma(x - 1/2))", at={"x": "-1e300"}).partials["x"] is not None


def test_steps_larger_than_the_point_contradict_nothing():
    """lgamma has a pole within the first steps of 1e-400, and is even about it up to the part that they see."""
    result = netcalc.grad("lgamma(x)", at={"x": "1e-400"}, order=3, digits=1, verify=True)
    assert result.verification.wrong == ()


def test_a_cube_root_of_a_negative_number_is_real_in_closed_form():
    result = netcalc.grad("cbrt(x)", at={"x": "-2.962"}, exact=True)
    closed = result["f"].entries.item().exact
    assert float(netcalc.grad(to_ascii(closed)).forward["f"]) == result.forward["f"]


def test_differences_too_coarse_for_an_oscillation_contradict_nothing():
    result = netcalc.grad("sin((x^3 + x)^x)", at={"x": 1000}, verify=True)
    assert result.verification.wrong == ()


@pytest.mark.parametrize(
    "text, at, slope",
    [
        ("where(x == 3, 9, x^2)", 3, 6.0),
        ("where(x != 0, (exp(x) - 1)/x, 1)", 0, 0.5),
        ("where(x != 0, sin(x)/x, 1)", 0, 0.0),
        ("where(x != 0, (1 - cos(x))/x^2, 1/2)", 0, 0.0),
        ("where(x == 0, 1, log1p(x)/x)", 0, -0.5),
        ("where(x == 0, 1, sqrt(1 + x)*tanh(x)/x)", 0, 0.5),
        ("where(x == 3, 9, 3*x) + x", 3, 4.0),
        ("where(x <= 1, where(x >= 1, e, exp(x)), exp(x))", 1, 2.718281828459045),
        ("relu(x) - relu(-x)", 0, 1.0),
    ],
)
def test_the_branch_of_a_single_point_has_the_slope_of_what_is_beside_it(text, at, slope):
    result = netcalc.grad(text, at={"x": at}, verify=True)
    assert result.partials["x"] == slope
    assert result.certainty == "certified: 2 of 2 values"
    assert not result.verification.wrong
    assert not any("jumps" in note for note in result.notes)


@pytest.mark.parametrize("text", ["where(x > 0, x*log(x), 0)", "where(x > 0, exp(-1/x)*exp(1/x), 0)"])
def test_a_slope_beside_a_point_that_is_not_found_is_not_certified(text):
    result = netcalc.grad(text, at={"x": 0})
    assert result.certainty == "certified: 1 of 2 values"
    assert len(result.notes) == 1
    assert result.notes[0].startswith("∂f/∂x at x = 0 is not decided")


def test_a_slope_beyond_all_bounds_on_one_side_is_a_kink():
    result = netcalc.grad("where(x > 0, sqrt(x), 0)", at={"x": 0})
    assert result.notes[0].startswith("x = 0 is a kink of f: ∂f/∂x is 0 on the left, ∞ on the right")


def test_no_mixed_derivative_is_taken_from_the_branch_of_a_single_point():
    """The truth is 6 in either order."""
    result = netcalc.grad("where(x == 3, 9, x^2)*y", at={"x": 3, "y": 5}, order=2)
    assert result.partials["x"] == 30.0
    assert result["dydx"].entries.item().certified
    assert not result["dxdy"].entries.item().certified


@pytest.mark.parametrize(
    "text, order, said",
    [
        ("max(x, 0)^2", 2, "x = 0 is a kink of ∂f/∂x: ∂²f/∂x² is 0 on the left, 2 on the right; netcalc takes 1"),
        ("relu(x)^2", 2, "x = 0 is a kink of ∂f/∂x: ∂²f/∂x² is 0 on the left, 2 on the right; netcalc takes 0"),
        ("x*abs(x)", 2, "x = 0 is a kink of ∂f/∂x: ∂²f/∂x² is -2 on the left, 2 on the right; netcalc takes 0"),
        ("abs(x)^3", 3, "x = 0 is a kink of ∂²f/∂x²: ∂³f/∂x³ is -6 on the left, 6 on the right; netcalc takes 0"),
        ("elu(x)", 2, "x = 0 is a kink of ∂f/∂x: ∂²f/∂x² is 1 on the left, 0 on the right; netcalc takes 1"),
    ],
)
def test_kinks_of_derivatives_are_told(text, order, said):
    assert netcalc.grad(text, at={"x": 0}, order=order).notes == (said,)


def test_the_cut_of_atan2_is_a_jump():
    notes = netcalc.grad("atan2(y, x)", at={"x": -1, "y": 0}).notes
    assert notes[0].startswith("f jumps at y = 0: it comes to -3.14159 from the left, 3.14159 from the right")
    assert netcalc.grad("atan2(y, x)", at={"x": 1, "y": 0}).notes == ()


def test_an_undecided_kink_is_no_jump():
    notes = netcalc.grad("abs(erf(x) + erfc(x) - 1)", at={"x": 1}).notes
    assert [note.partition(":")[0] for note in notes] == ["∂f/∂x at x = 1 is not decided"]


@pytest.mark.parametrize(
    "activation, b, slope",
    [("where(q == 3, 9, q^2)", 3, 6.0), ("where(q != 0, (exp(q) - 1)/q, 1)", 0, 0.5), ("relu(q) - relu(-q)", 0, 1.0)],
)
def test_a_typed_activation_has_at_a_single_point_the_slope_of_what_is_beside_it(activation, b, slope):
    result = netcalc.neuron(x=[1], w=[0], b=b, activation=activation, verify=True)
    assert result.partials["b"] == slope
    assert result.verification.agreed == 3
    batch = netcalc.neuron(x=[[1], [2]], w=[0], b=b, activation=activation)
    assert list(batch.partials["b"]) == [slope, slope]


def test_a_typed_activation_has_no_slope_where_none_is_found():
    result = netcalc.neuron(x=[1], w=[0], b=0, activation="where(q > 0, q*log(q), 0)")
    assert result.forward["f"] == 0.0
    assert result.partials == {"x": [None], "w": [None], "b": None}


@pytest.mark.parametrize("text", ["sin((x - 2)^2)/sqrt(1 - cos((x - 2)^2))*(x - 2)", "sqrt(x - 2)^3/sqrt(x - 2)"])
def test_where_the_expression_has_no_value_there_is_no_answer(text):
    with pytest.raises(UndefinedError):
        netcalc.grad(text, at={"x": 2})


@pytest.mark.parametrize("text", ["exp(exp(exp(x)))", "cosh(-exp(exp(x)))", "2^exp(exp(x))", "1 + gamma(exp(exp(x)))"])
def test_what_is_too_large_for_any_ball_is_not_said_to_have_no_value(text):
    with pytest.raises(UndefinedError) as caught:
        netcalc.grad(text, at={"x": 10})
    assert "is beyond 1e1000000000000000; here " in caught.value.message
    assert "no value" not in caught.value.message


def test_a_point_that_a_condition_singles_out_has_its_slope_among_many_too():
    x = [k / 10 for k in range(-40_000, 40_000)]
    result = netcalc.grad("where(x == 3, 9, x^2)", at={"x": x})
    assert result.certainty.startswith("float64")
    assert result.partials["x"][40_030] == 6.0
    rows = GradientRows(grad(["where(x == 3, 9, x^2)"]), ("x",), "a table")
    assert rows.answers(np.array([[3.0], [4.0]])).tolist() == [[9.0, 6.0], [16.0, 8.0]]
    assert sum(GradientRows(grad(["abs(x)"]), ("x",), "a table").kinks(np.array([[0.0], [4.0], [0.0]])).values()) == 2


def test_points_at_a_kink_are_told_in_one_note():
    (note,) = netcalc.grad("abs(x)", at={"x": [0, 1, 0]}).notes
    assert note.startswith(
        "2 of 3 points are at a kink or a jump, or singled out by a condition; point 0: x = 0 is a kink"
    )


def test_a_typed_activation_has_the_slope_at_a_single_point_in_float64_too():
    given = derivation(custom("where(q == 3, 9, q^2)"))
    assert derivative(given.stable, 1, np.array([[3.0, 4.0]])).tolist() == [[6.0, 8.0]]


@pytest.mark.parametrize(
    "activation, told",
    [
        ("floor(q)", "floor(q) jumps at q = 0: it comes to -1 from the left, 0 from the right, and is 0 there"),
        (
            "heaviside(q, 0.5)",
            "heaviside(q, 0.5) jumps at q = 0: it comes to 0 from the left, 1 from the right, and is",
        ),
        ("where(q > 0, 1/q, 2)", "where(q > 0, 1/q, 2) jumps at q = 0: it comes to 2 from the left, ∞ from the right"),
        ("hardshrink(0)", ""),
        ("where(q < 0, 0, sqrt(q))", "q = 0 is a kink of where(q < 0, 0, sqrt(q)): ∂f/∂q is 0 on the left, ∞ on the"),
    ],
)
def test_a_jump_of_an_activation_is_told_apart_from_a_kink(activation, told):
    notes = netcalc.neuron(x=[1], w=[0], b=0, activation=activation).notes
    assert [note[: len(told)] for note in notes if "jumps" in note or "kink" in note] == ([told] if told else [])
    assert not any("netcalc takes undefined" in note for note in notes)


def test_many_jumps_are_counted():
    notes = netcalc.neuron(x=[[0], [1], [2], [3], [4.5], [5]], w=[1], b=0, activation="floor(q)").notes
    assert len(notes) == 4
    assert notes[-1] == "floor(q) jumps at 2 more places"


def test_a_slope_whose_formula_cancels_at_a_single_point_is_that_of_the_function():
    """sinc's is cos(pi*q)/q - sin(pi*q)/(pi*q^2) beside 0, where no number of digits shows that 1/q - 1/q is 0."""
    result = netcalc.neuron(x=[2], w=[0], b=0, activation="sinc")
    assert result.forward["f"] == 1.0
    assert result.partials == {"x": [0.0], "w": [0.0], "b": 0.0}


@pytest.mark.parametrize(
    "text, slope",
    [
        ("max(x, 0, cos(x))", "-sin(x)"),
        ("min(exp(x), 2, cos(x)) + max(1, x, exp(x))", "exp(x) - sin(x)"),
        ("max(sin(x), sin(x), 0)", "cos(x)"),
        ("max(sin(x), sin(x))", "cos(x)"),
    ],
)
def test_an_extreme_of_many_that_is_no_rational_number_has_its_slope(text, slope):
    """A ball can't be told from a maximum that it is."""
    at = {"x": "1/3"}
    assert netcalc.grad(text, at=at).partials["x"] == netcalc.grad(slope, at=at).forward["f"]


@pytest.mark.parametrize(
    "text, left, right",
    [
        ("abs(x) + abs(x - 1e-80)", "-2", "0"),
        ("abs(x^2 - 1e-80*x)", "-1e-80", "1e-80"),
        ("max(sin(x), 3*sin(x) - 1e-90*x)", "1", "3.00000"),
    ],
)
def test_a_second_kink_however_near_is_another(text, left, right):
    (note,) = netcalc.grad(text, at={"x": 0}).notes
    assert note.startswith(f"x = 0 is a kink of f: ∂f/∂x is {left} on the left, {right} on the right")


@pytest.mark.parametrize("text", ["where(sin(1/x) > 0, x, 2*x)", "max(x*sin(1/x), x/2)"])
def test_a_side_that_has_no_sign_decides_nothing(text):
    """sin(1/x) has every sign beside 0."""
    result = netcalc.grad(f"where(x == 0, 0, {text})", at={"x": 0})
    assert result.certainty == "certified: 1 of 2 values"
    assert result.notes == ("x = 0 can't be told from a kink of f",)


@pytest.mark.parametrize(
    "text, x, y, by",
    [
        ("abs(x)*y", 0, 0, "dxdy"),  # ∂f/∂x at x = 0 is where y = 0 alone
        ("where(x == 3, y, sin(y))", 3, 0, "dxdy"),
        ("where(x == 3, 9, x^2)*y", 3, 0, "dxdy"),
        ("sign(x)*y", 0, 0, "dxdy"),
    ],
)
def test_no_mixed_derivative_is_certified_of_a_slope_that_is_none_beside_the_point(text, x, y, by):
    result = netcalc.grad(text, at={"x": x, "y": y}, order=2)
    assert not result[by].entries.item().certified


def test_a_jump_of_a_derivative_is_told():
    notes = netcalc.grad("where(y >= 0, x, x^2)", at={"x": 0, "y": 0}, order=2).notes
    assert (
        "∂f/∂x jumps at y = 0: it comes to 0 from the left, 1 from the right, and is 1 there; the derivative given is that "
        "of the branch taken"
    ) in notes


@pytest.mark.parametrize("text", ["selu(x/polygamma(2, 40))", "polygamma(2, x + 1)", "digamma(x)", "polygamma(4, x)*x"])
def test_a_closed_form_in_words_that_netcalc_has_not_is_none(text):
    """polygamma(2, 1) is -2·zeta(3), digamma(1) is minus Euler's constant."""
    result = netcalc.grad(text, at={"x": 1}, exact=True)
    assert result["f"].entries.item().exact is None
    assert result.certainty == "certified: 2 of 2 values"


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(FileError) as caught:
        open_source("a\0b.csv", "--x", StandardInput())
    assert caught.value.message.startswith("'a\\x00b.csv' is no file's name")


@pytest.mark.parametrize(
    "text, third",
    [
        ("where(x != 0, sin(x)/x, 1)", "0"),
        ("where(x == 0, 1, (exp(x) - 1)/x)", "1/4"),
        ("where(x == 0, 1, log1p(x)/x)", "-3/2"),
        ("where(x != 0, (sqrt(4 + x) - 2)/x, 1/4)", "-15/8192"),  # 3!·(1/2 choose 4)/4^(7/2)
        ("(where(x != 0, sin(x)/x, 1))^(1/3)", "0"),
        ("where(x != 0, (asinh(x) - x)/x^2, 0)", "9/20"),  # 3!·3/40
    ],
)
def test_the_third_derivative_at_a_single_point_is_that_of_the_series(text, third):
    result = netcalc.grad(text, at={"x": 0}, order=3)
    assert result.certainty == "certified: 4 of 4 values"
    assert result.tensors[-1].entries.item().nearest == float(Fraction(third))


@pytest.mark.parametrize(
    "text, slope",
    [
        ("cbrt((x - 2)^3)", "1"),
        ("sqrt((x - 2)^4) + x^2", "4"),
        ("((x - 2)^2)^(2/3)", "0"),
        ("sqrt((x - 2)^2)", None),
        ("cbrt(x - 2)", None),
    ],
)
def test_where_only_the_formula_of_a_slope_has_no_value_the_slope_is_that_of_both_sides(text, slope):
    if slope is None:
        assert netcalc.grad(text, at={"x": 2}).partials == {"x": None}
        return
    result = netcalc.grad(text, at={"x": 2}, verify=True)
    assert result.partials["x"] == float(slope)
    assert result.certainty == "certified: 2 of 2 values"
    assert result.notes[0].endswith("which is given; its formula has no value there")
    assert not result.verification.wrong


@pytest.mark.parametrize(
    "text, slope",
    [
        ("exp(where(x != 0, (1 - cos(2*x))/(2*x)^2, 1/2))", "0"),
        ("tanh(where(x == 0, 1, (exp(x) - 1)/x))", "(1 - tanh(1)^2)/2"),
    ],
)
def test_a_slope_whose_formula_cancels_too_much_is_that_of_the_series(text, slope):
    result = netcalc.grad(text, at={"x": 0})
    assert result.partials["x"] == netcalc.grad(slope).forward["f"]
    assert result.certainty == "certified: 2 of 2 values"


@pytest.mark.parametrize("text", ["x^(-1e-20 - x)", "(12*x)^0.1234567890123"])
def test_powers_of_many_primes_are_not_drawn_out_of_a_root(text):
    """250^(p/q) would be (2^p·5^(3·p))^(1/q), p of twenty digits: compiled code hears no alarm."""
    result = netcalc.grad(text, at={"x": "2.844"}, exact=True)
    assert result.certainty == "certified: 2 of 2 values"


@pytest.mark.parametrize(
    "text, order",
    [
        ("where(x != 0, x^4*sin(1/x^2), 0) - x", 2),
        ("where(x > 0, x*exp(1/x), 0) + x", 1),
        ("where(x > 0, x^2*exp(1/x), 0)*(1 + x) + sin(x)", 1),
    ],
)
def test_small_times_what_is_not_known_is_not_known(text, order):
    """x·exp(1/x) is beyond all bounds."""
    result = netcalc.grad(text, at={"x": 0}, order=order)
    assert not result.tensors[-1].entries.item().certified
    assert "is not decided" in result.notes[0]


def test_steps_with_numbers_put_in_may_divide_by_0_in_a_branch_that_is_not_taken():
    result = netcalc.grad("where(x > 0, x^2*exp(1/x), 0)*(1 + x) + sin(x)", at={"x": 0})
    assert result.forward["f"] == 0.0
    assert result.steps


def test_nothing_is_said_of_a_side_where_the_expression_has_no_value():
    result = netcalc.grad("x^1.5 + abs(x)", at={"x": 0})
    assert result.notes[1].startswith("∂f/∂x at x = 0 is not decided")
    assert result.certainty == "certified: 1 of 2 values"
    assert netcalc.grad("where(x > 0, sqrt(x^3), 0)", at={"x": 0}).notes == ()


def test_a_form_of_a_number_that_is_not_real_is_no_closed_form():
    """asech of what is above 1, by algebra, is a logarithm times i: it raised KeyError."""
    texts = "asech(tan(x)) + arccsc(y) + y - arccsc(0/x)", "-1000/x"
    found = netcalc.grad(*texts, at={"x": "2.312", "y": "0.361"}, order=2, digits=60, exact=True)
    assert found.tensors[0].entries[1].exact == parse("-125000/289")
    with pytest.raises(NotImplementedError):
        from_sympy(sp.I * sp.log(sp.Symbol("x", real=True)))


@pytest.mark.parametrize(
    "text, slope",
    [
        ("abs((1e300 - 10)*(2*x + 0.1*x))", "2.1e300*sign(2.1e300*x)"),
        ("x*1.0000000000000000000000000000000001*1e-200", "1e-200"),
        ("x*1.2345678901234567890123456789012345678*1e20", "123456789012345678901.23456789012"),
    ],
)
def test_a_product_of_long_numbers_is_shown_with_32_digits(text, slope):
    """A large or tiny one with its power of ten."""
    assert netcalc.grad(text).formulas["x"] == slope


def test_what_is_a_number_once_it_is_multiplied_out_has_no_factors():
    """It raised GeneratorsNeeded."""
    found = netcalc.grad("w/(-squareplus(w)*sqrt(3)^arccsc(2))", at={"w": -745}, digits=20)
    assert found.certainty == "certified: 2 of 2 values"


def test_what_has_no_value_gets_no_closed_form():
    """Algebra would look for a complex number, for a minute."""
    text = "sinh(acsc(x)^dist([x, x], [where(100 <= x, -1e-8, x), 2/7]))"
    with pytest.raises(UndefinedError, match="asin"):
        netcalc.grad(text, at={"x": "-0.104"}, exact=True)
