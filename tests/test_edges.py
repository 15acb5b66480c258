"""Points at the end of where an expression is defined: a derivative there is one side's, and that is said."""

from __future__ import annotations

import pytest

import netcalc

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
