"""An activation described: formulas, limits and curves, held to SymPy's word and to the kernels."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import sympy as sp
from rich.console import Console

from netcalc import cli
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.entry import describe
from netcalc.models.activations import read_activation
from netcalc.notation import plainly, to_ascii
from netcalc.render.entries import entries, heights
from netcalc.render.plot import DOTS, PLAIN, Canvas, Window

NAMES = [pytest.param(name, id=name) for name in ACTIVATIONS]
FAR = 1e12  # where every activation of the catalogue has come as near to its limit as float64 tells


@pytest.mark.parametrize("name", NAMES)
def test_limits_are_where_the_kernels_go(name):
    """The value far out is the limit that SymPy found; no limit is claimed of a function that keeps swinging."""
    entry = describe(read_activation(name), with_limits=True)
    for limit, far in zip(entry.limits, (-FAR, FAR), strict=True):
        value = entry.curve(0, np.array([far]))[0]
        if name == "sin":
            assert limit is None
        elif "oo" in to_ascii(limit):
            assert abs(value) > FAR / 1000
            assert np.sign(value) == (-1 if to_ascii(limit) == "-oo" else 1)
        else:
            assert value == pytest.approx(float(sp.sympify(to_ascii(limit))), abs=1e-9)


@pytest.mark.parametrize(
    "formula, limits",
    [
        ("log(q)", (None, "oo")),
        ("sqrt(-q)", ("oo", None)),
        ("gamma(q)", (None, "oo")),
        ("q^q", (None, "oo")),
        ("tan(q)", (None, None)),
        ("1/q", ("0", "0")),
        ("exp(exp(q))", ("1", "oo")),
        ("where(q < 2, 5, q*exp(-q))", ("5", "0")),
        ("3", ("3", "3")),
    ],
)
def test_limits_of_a_typed_formula(formula, limits):
    """There is none on a side where the formula has no values, nor where SymPy finds none."""
    found = describe(read_activation(formula), with_limits=True).limits
    assert tuple(one and to_ascii(one) for one in found) == limits


def test_a_slope_is_drawn_where_the_function_is():
    slope = describe(read_activation("log(q)")).curve(1, np.array([-1.0, 2.0]))
    np.testing.assert_array_equal(slope, [np.nan, 0.5])


@pytest.mark.parametrize("name", ["gelu", "hard_swish", "leaky_relu(0.2)"])
def test_a_curve_of_a_typed_formula_is_that_of_the_catalogue(name):
    """Balls and kernels draw the same curve."""
    row = describe(read_activation(name))
    typed = describe(read_activation(row.activation.formula))
    q = np.linspace(-7.05, 7.05, 41)
    for order in (0, 1):
        np.testing.assert_allclose(typed.curve(order, q), row.curve(order, q), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("pen", [DOTS, PLAIN], ids=["dots", "ascii"])
def test_a_drawn_curve_passes_where_the_function_does(pen):
    """A rising line marks one row a column, from the lower left corner to the upper right."""
    canvas = Canvas(Window(-1, 1, -1, 1), 9, 9, pen)
    canvas.draw(canvas.places())
    lines = list(canvas.lines())
    axes = {" ", pen.horizontal, pen.vertical}
    assert [line[8 - row] in axes for row, line in enumerate(lines)] == [False] * 9
    assert lines[0][0] in axes
    assert lines[8][8] in axes


def test_a_jump_at_a_kink_is_left_open():
    """relu's slope is two level lines, and nothing between them."""
    canvas = Canvas(Window(-1, 1, 0, 1), 20, 10, DOTS)
    canvas.draw([float(q > 0) for q in canvas.places()], breaks=[0.0])
    blank = {" ", DOTS.horizontal, DOTS.vertical}
    assert all(set(line) <= blank for line in list(canvas.lines())[1:-1])


def test_a_curve_without_values_is_left_out():
    """What is undefined is not drawn, and all of it undefined is an empty drawing."""
    assert heights(np.array([np.nan, np.inf]), 5.0) == (-1.0, 1.0)
    canvas = Canvas(Window(-1, 1, -1, 1), 4, 2, DOTS)
    canvas.draw([np.nan] * 8)
    assert canvas.dots == {}


@pytest.mark.parametrize("width", [20, 40, 71, 72, 80, 200])
@pytest.mark.parametrize("ascii_alone", [False, True], ids=["unicode", "ascii"])
def test_portrait_keeps_within_the_terminal(width, ascii_alone):
    """No line is wider than the terminal, nor in ASCII a character beyond it."""
    listed = [describe(read_activation("gelu_tanh"), with_limits=True)]
    console = Console(width=width, record=True, file=io.StringIO())
    with plainly(ascii_alone):
        for line in entries("table", listed, alone=True):
            console.print(line)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= max(width, 34)
    assert text.isascii() or not ascii_alone


@pytest.mark.parametrize("suffix, start", [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_a_picture_is_what_its_name_says(suffix, start, tmp_path):
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    file = tmp_path / f"gelu{suffix}"
    assert cli.main(["activations", "gelu", "-o", str(file)]) == 0
    first = file.read_bytes()
    assert first.startswith(start)
    cli.main(["activations", "gelu", "-o", str(file)])
    assert file.read_bytes() == first


def test_a_picture_without_its_extra_says_what_to_install(tmp_path, monkeypatch, capsys):
    """One line, status 2, and nothing written."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["activations", "gelu", "-o", str(tmp_path / "gelu.png")]) == 2
    assert capsys.readouterr().err == "error: a picture needs matplotlib: pip install 'netcalc-gradients[plot]'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_other_libraries_names_one(name):
    """A row's word on other libraries is about PyTorch, JAX or both."""
    said = ACTIVATIONS[name].elsewhere
    assert not said or "PyTorch" in said or "JAX" in said


def test_numbers_of_a_formula_are_decimals_and_have_names_in_ascii():
    """selu's second derivative, whose numbers have sixty digits, and the π of arctan's range."""
    with plainly():
        assert cli_text("arctan").count("(-pi/2, pi/2)") == 1
    assert f"f″(q)  {'':4}where(q > 0, 0, 1.75809…·exp(q))" in cli_text("selu")


def cli_text(name: str) -> str:
    console = Console(file=io.StringIO(), width=100)
    for part in entries("table", [describe(read_activation(name))], alone=True):
        console.print(part)
    return console.file.getvalue()
