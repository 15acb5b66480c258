"""Points at the end of where an expression is defined: a derivative there is one side's, and that is said."""

from __future__ import annotations

import re

import numpy as np
import pytest
from mpmath import mp

import netcalc
from netcalc.errors import UndefinedError

RIGHT = "f is defined at {0}, and not on the left: a derivative by {1} is that on the right"
LEFT = "f is defined at {0}, and not on the right: a derivative by {1} is that on the left"


@pytest.mark.parametrize(
    "text, at, slope, note",
    [
        ("sqrt(x)*sqrt(x)", {"x": 0}, 1.0, RIGHT.format("x = 0", "x")),
        ("sqrt(sin(x))^2", {"x": 0}, 1.0, RIGHT.format("x = 0", "x")),
        ("x^1.5 + x", {"x": 0}, 1.0, RIGHT.format("x = 0", "x")),
        ("sqrt(-x)^2", {"x": 0}, -1.0, LEFT.format("x = 0", "x")),
        ("sqrt(2 - x)^2", {"x": 2}, -1.0, LEFT.format("x = 2", "x")),
        ("log(x)*0 + sqrt(x - 1e-90)^2", {"x": "1e-90"}, 1.0, RIGHT.format("x = 1e-90", "x")),
        ("y*sqrt(x)^2", {"x": 0, "y": 3}, 3.0, RIGHT.format("x = 0", "x")),
        (
            "sqrt(x)^2 + sqrt(-x)^2",
            {"x": 0},
            0.0,
            "f is defined at x = 0, and not beside it: it has no derivative by x",
        ),
    ],
)
def test_a_derivative_of_one_side_says_so(text: str, at: dict, slope: float, note: str) -> None:
    """Which is as far as the function goes: sqrt(x)·sqrt(x) is x, for x >= 0."""
    result = netcalc.grad(text, "0*x", at=at, wrt=["x"])
    assert [one for one in result.notes if "is defined at" in one] == [note.replace("f ", "f0 ", 1)]
    assert result.partials["x"][0] == slope


def test_a_mixed_derivative_of_one_side_says_so_where_the_first_has_no_value() -> None:
    """∂f/∂y is 1 for x >= 0 alone, and so the derivative by x is one side's; f has none by x at all."""
    result = netcalc.grad("x^(2/9) + y", at={"x": 0, "y": 1}, order=2)
    assert [note for note in result.notes if "is defined at" in note] == [RIGHT.format("x = 0", "x")]


@pytest.mark.parametrize(
    "text, at",
    [
        ("sqrt(x)*sqrt(x)", {"x": "1e-300"}),
        ("sqrt(x^2)^2", {"x": 0}),
        ("where(x > 0, sqrt(x)^3, x^2)", {"x": 0}),
        ("sqrt(abs(x))^4", {"x": 0}),
        ("x^(2*1)", {"x": 0}),
        ("y*sqrt(x)^2", {"x": 1, "y": 0}),
        ("sqrt(x) + 1", {"x": 0}),
    ],
)
def test_inside_and_where_both_sides_have_values_nothing_is_said(text: str, at: dict) -> None:
    """However near the end is; nor where there is no slope, which is told itself."""
    assert not [one for one in netcalc.grad(text, "0*x", at=at).notes if "is defined at" in one]


@pytest.mark.parametrize(
    "text, at, order",
    [
        ("max(x, 0)^0.5", {"x": -1}, 1),
        ("max(x, 0)^1.5", {"x": -1}, 3),
        ("min(max(x, 0), 1)^(1/2.4)", {"x": 7}, 1),
        ("cbrt(max(x, 0))", {"x": -1}, 2),
        ("relu(x)^y", {"x": -2, "y": "0.4"}, 1),
        ("acosh(hard_sigmoid(x))", {"x": "3.3"}, 1),
        ("asin(min(x, 1))", {"x": 3}, 1),
        ("sqrt(where(x > 0, x, 0)*y)", {"x": -1, "y": 2}, 1),
        ("sqrt(sign(x) + 1)", {"x": -2}, 1),
        ("0^x", {"x": 4}, 1),
        ("sqrt(0^x)", {"x": 4}, 1),
        ("0^(x^2)*y", {"x": -2, "y": 3}, 1),
        ("0*x^0.5", {"x": 4}, 1),
    ],
)
def test_what_does_not_move_has_the_slope_0(text: str, at: dict, order: int) -> None:
    """All around the point, whatever the slope of the power is where its base is 0."""
    result = netcalc.grad(text, at=at, order=order, wrt=["x"] if order > 1 else None)
    slopes = [value.nearest for tensor in result.tensors if tensor.of for value in tensor.values]
    assert slopes
    assert set(slopes) == {0.0}


def test_what_does_not_move_leaves_the_rest_its_slope() -> None:
    """x^2·y has its derivatives beside what is 0 all around."""
    result = netcalc.grad("max(x, 0)^0.5 + x^2*y", at={"x": -1, "y": 2}, order=2)
    assert result.partials == {"x": -4.0, "y": 1.0}
    assert result.hessian["x"] == {"x": 4.0, "y": -2.0}


@pytest.mark.parametrize("text, value", [("max(x, 0)^0.5", 0), ("x^0.5", 0), ("0^x", 1), ("x^(1/3)", 0)])
def test_what_moves_has_no_slope(text: str, value: int) -> None:
    """On one side at least; it has its value all the same."""
    result = netcalc.grad(text, at={"x": 0})
    assert (result.forward["f"], result.partials["x"]) == (value, None)
    assert result.certainty == "certified: 1 of 2 values"


def test_what_has_no_value_has_no_slope() -> None:
    with pytest.raises(UndefinedError):
        netcalc.grad("log(max(x, 0))", at={"x": -1})


def test_an_angle_at_the_edge_of_the_arcsine_has_its_value_and_no_slope() -> None:
    """asin(sin(x)) is π/2 at π/2, where it turns back."""
    result = netcalc.grad("asin(sin(x))", at={"x": "pi/2"})
    assert result.forward["f"] == pytest.approx(np.pi / 2, rel=1e-15)
    assert result.partials["x"] is None
    assert len(result.notes) == 1
    assert result.notes[0].startswith("∂f/∂x has no value here: ")


@pytest.mark.parametrize("count", [3, 300, pytest.param(3000, marks=pytest.mark.nightly)])
def test_neurons_that_do_not_move(count: int) -> None:
    """A few samples, or thousands of them."""
    x = np.linspace(-4.0, 4.0, count)[:, None]
    partials = netcalc.neuron(x[np.abs(x[:, 0]) > 1e-9], [1], 0, activation="max(q, 0)^0.5").partials
    assert np.allclose(partials["b"], [0 if q < 0 else 0.5 * q**-0.5 for q in x[np.abs(x) > 1e-9]], rtol=1e-12)


@pytest.mark.parametrize(
    "text, at, value",
    [
        ("asin(sin(x)) + y", {"x": "pi/2", "y": 1}, np.pi / 2 + 1),
        ("acos(cos(x)) + y", {"x": "pi", "y": 1}, np.pi + 1),
        ("acos((a*c + b*d)/(sqrt(a^2 + b^2)*sqrt(c^2 + d^2))) + y", {"a": 1, "b": 2, "c": 2, "d": 4, "y": 3}, 3.0),
        ("acosh(x^2 - 1) + y", {"x": "sqrt(2)", "y": 1}, 1.0),
        ("sqrt(sin(x)) + y", {"x": "pi", "y": 1}, 1.0),
        ("sqrt(x^2 - 2) + y", {"x": "sqrt(2)", "y": 1}, 1.0),
    ],
)
def test_values_at_the_very_end_of_a_domain_exist(text: str, at: dict, value: float) -> None:
    """Though the ball of what is inside reaches beyond it: algebra decides."""
    result = netcalc.grad(text, at=at)
    assert result.forward["f"] == pytest.approx(value, rel=1e-15)
    assert result.partials["y"] == 1.0
    assert not [note for note in result.notes if "is defined for -1 <=" in note]


def test_what_algebra_does_not_decide_is_said_to_be_undecided() -> None:
    """The reflection formula makes it 1, or does it?"""
    with pytest.raises(UndefinedError, match=r"whether asin.* has a value is not decided"):
        netcalc.grad("asin(gamma(x)*gamma(1 - x)*sin(pi*x)/pi)", at={"x": "1/5 + sqrt(2)/1000"})


@pytest.mark.parametrize(
    "text, x, note",
    [
        (
            "max(sin(x), 0)",
            "pi",
            "x = 3.14159 is a kink of f: ∂f/∂x is -1.00000 on the left, 0 on the right; netcalc takes",
        ),
        (
            "abs(sin(x))",
            "pi",
            "x = 3.14159 is a kink of f: ∂f/∂x is -1.00000 on the left, 1.00000 on the right; netcalc",
        ),
        (
            "where(x == 0, x/2, sqrt(x) + 1)",
            "0",
            "f jumps at x = 0: it comes to 1 from the right alone, and is 0 there;",
        ),
        (
            "where(x > 1/7, x + 1e-9, x)",
            "1/7",
            "f jumps at x = 0.142857: it comes to 0.142857143 from the left, 0.142857144",
        ),
    ],
)
def test_notes_say_what_is_so(text: str, x: str, note: str) -> None:
    """And one thing alone: a jump has no derivative of one side."""
    (said,) = netcalc.grad(text, at={"x": x}).notes
    assert said.startswith(note)


@pytest.mark.parametrize("text", ["sqrt(x^2)", "(x^2)^0.5", "sqrt(abs(x)^2)", "sqrt(x^4 + x^2)"])
def test_a_kink_without_a_comparison_is_told_as_one(text: str) -> None:
    result = netcalc.grad(text, at={"x": 0})
    assert (result.forward, result.partials) == ({"f": 0.0}, {"x": None})
    said = "∂f/∂x has no value here: x = 0 is a kink of f: it is -1 on the left, 1 on the right"
    assert result.notes == (said,)


@pytest.mark.parametrize("text", ["where(x == 0, 0, x*y)", "where(x == 0, 0, x*log(y))", "where(x == 0, 0, x*y^2)"])
def test_mixed_derivatives_that_are_not_decided_are_null(text: str) -> None:
    """Never 0 beside the other one, which is found."""
    result = netcalc.grad(text, at={"x": 0, "y": 2}, order=2)
    assert result.hessian["x"]["y"] is None
    assert result.hessian["y"]["x"] in (0.5, 1.0, 4.0)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "silu", "gelu"])
def test_far_out_nothing_is_said_to_have_no_value(activation: str) -> None:
    """A slope of 1e-1000000000000000 and less is next to nothing, or can't be told."""
    assert netcalc.neuron(["exp(exp(30))"], [1], 0, activation=activation).partials["b"] in (0.0, 1.0)


@pytest.mark.parametrize(
    "text, at, right, wrong",
    [
        ("max(x, 0)^0.5", {"x": -1}, {"dx": "0"}, {"dx": "0.5"}),
        ("0^t", {"t": 4}, {"dt": "0", "f": "0"}, {"dt": "1"}),
        ("where(x == 0, 0, x*y)", {"x": 0, "y": 2}, {"dx": "2"}, {"dx": "0"}),
        ("max(sin(x), 0)", {"x": "pi"}, {"f": "0", "dx": "-1/2"}, {"dx": "-1"}),
        ("asin(sin(x)) + y", {"x": "pi/2", "y": 1}, {"dy": "1", "f": "pi/2 + 1"}, {"f": "pi/2"}),
    ],
)
def test_answers_are_held_to_what_is_given_there(text: str, at: dict, right: dict, wrong: dict) -> None:
    """Not to the slope of the branch taken, nor to a formula without a value."""
    result = netcalc.grad(text, at=at)
    assert not any(one.is_wrong for one in netcalc.check(result, right).checked)
    assert all(one.is_wrong for one in netcalc.check(result, wrong).checked)


@pytest.mark.parametrize("activation", ["softplus", "mish"])
def test_what_cannot_be_evaluated_far_out_is_said_so(activation: str) -> None:
    with pytest.raises(UndefinedError, match="f can't be told: q is so far out"):
        netcalc.neuron(["exp(exp(30))"], [1], 0, activation=activation)


@pytest.mark.parametrize(
    "text, at, slopes",
    [
        ("abs(x - y)", {"x": 1, "y": 1}, ["-1 on the left, 1 on the right"] * 2),
        ("max(x, y)", {"x": 1, "y": 1}, ["0 on the left, 1 on the right"] * 2),
        ("min(x, y)", {"x": 1, "y": 1}, ["1 on the left, 0 on the right"] * 2),
        ("max(x, y, z)", {"x": 1, "y": 1, "z": 1}, ["0 on the left, 1 on the right"] * 3),
        ("max(x, y, z)", {"x": 1, "y": 1, "z": 0}, ["0 on the left, 1 on the right"] * 2),
        ("relu(x - y)", {"x": "1/3", "y": "1/3"}, ["0 on the left, 1 on the right", "-1 on the left, 0 on the right"]),
        ("abs(x - x) + max(y, y)", {"x": 1, "y": 1}, []),
    ],
)
def test_a_kink_where_variables_tie_is_told_of_each(text, at, slopes):
    """Two variables that are equal tie; one and itself do not."""
    told = [note for note in netcalc.grad(text, at=at).notes if "is a kink of" in note]
    assert len(told) == len(slopes)
    assert all(slope in note for slope, note in zip(slopes, told, strict=True))


@pytest.mark.parametrize(
    "text, at, domain",
    [
        ("x^-0.5", 0, "x > 0"),
        ("x^-0.5", -1, "x > 0"),
        ("x^0.5", -1, "x >= 0"),
        ("x^-2", 0, "x != 0"),
        ("(x - 1)^(-3/2)", 1, "x - 1 > 0"),
    ],
)
def test_where_a_power_is_defined_follows_its_exponent(text, at, domain):
    with pytest.raises(UndefinedError, match=f"is defined for {re.escape(domain)}[;,]"):
        netcalc.grad(text, at={"x": at})


def test_the_slope_of_a_root_at_0_is_told_to_be_defined_above_it():
    for notes in (netcalc.grad("x^0.5", at={"x": 0}).notes, netcalc.grad("sum(x^0.5)", at={"x": [0, 4]}).notes):
        assert [note.partition(" is defined for ")[2] for note in notes] == ["x > 0; here x = 0"]


def test_what_has_no_value_is_told_once():
    (note,) = netcalc.grad("x^x", at={"x": 0}).notes
    assert note == "∂f/∂x has no value here: log(x) is defined for x > 0; here x = 0"


def test_a_slope_of_both_sides_has_the_digits_asked_for():
    """sinc″(0) = -π²/3."""
    found = netcalc.grad("sinc(x)", at={"x": 0}, order=2, digits=30)
    with mp.workdps(40):
        assert found["dxdx"].values[0].shown == mp.nstr(-(mp.pi**2) / 3, 30)


@pytest.mark.parametrize("matrix, is_singular", [([[1, 2], [2, 4]], True), ([[1, 2], [2, 5]], False)])
def test_the_slope_of_a_determinant_says_where_there_is_no_inverse(matrix, is_singular):
    notes = netcalc.grad("det(A)", at={"A": matrix}).notes
    told = "det(A) is 0, where A has no inverse: det(A)·A⁻ᵀ stands for its cofactors"
    assert notes == ((told,) if is_singular else ())


@pytest.mark.parametrize("t, limit", [(0, "1"), (1, "-1")])
def test_bce_at_its_target_says_that_the_slope_is_a_limit(t, limit):
    notes = netcalc.neuron(t, 1, 0, "identity", target=t, loss="bce").notes
    told = f"where the slope of bce is 0/0; netcalc takes {limit}, its limit from between 0 and 1"
    assert notes == (f"f = {t}, the target, {told}",)
    assert not netcalc.neuron(0.5, 1, 0, "identity", target=t, loss="bce").notes
