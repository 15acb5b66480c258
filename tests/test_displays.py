"""Matrices in steps: as text, in LaTeX, in Markdown."""

from __future__ import annotations

import pytest

from netcalc.expression import parse
from netcalc.notation.displays import Named, Product, Sum, Transposed, column, matrix, row
from netcalc.render.blocks import ASCII, chain, in_line, lay_out
from netcalc.render.latex import display_to_latex
from netcalc.render.markdown import markdown
from netcalc.render.prose import step_lines
from netcalc.result import Result, Step

W = matrix([[parse("4"), parse("-4")], [parse("1"), parse("0.25")]])
V = column(map(parse, ("v0", "v1")))


def text(display, style=None):
    return "\n".join(one.rstrip() for one in (lay_out(display, style) if style else lay_out(display)).lines)


def test_matrix_has_brackets_and_its_numbers_stand_on_their_points():
    assert text(W) == "⎡ 4  −4    ⎤\n⎣ 1   0.25 ⎦"


def test_one_row_has_plain_brackets():
    assert text(row(map(parse, ("1", "-2", "x")))) == "[ 1  −2  x ]"


def test_parts_of_a_product_share_a_baseline():
    tall = column(map(parse, ("b0", "b1", "b2")))
    shown = text(Sum((Product((Named("W"), V)), tall)))
    assert shown.splitlines() == [
        "           ⎡ b0 ⎤",
        "W ⎡ v0 ⎤ + ⎢ b1 ⎥",
        "  ⎣ v1 ⎦   ⎣ b2 ⎦",
    ]


def test_transposed_matrix_says_so():
    assert text(Transposed(W)).splitlines()[0].endswith("⎤ᵀ")
    assert text(Transposed(Named("W"))) == "Wᵀ"


def test_sum_in_a_product_is_in_brackets():
    assert text(Product((Sum((Named("a"), Named("b"))), Named("x")))) == "(a + b) x"
    assert text(Product((Named("delta"), parse("a + b")), "∘")) == "δ ∘ (a + b)"
    assert text(Product((parse("2"), parse("-3")))) == "2 (−3)"


def test_tall_sum_has_tall_brackets():
    assert text(Product((Sum((V, V)), Named("x")))) == "⎛⎡ v0 ⎤ + ⎡ v0 ⎤⎞ x\n⎝⎣ v1 ⎦   ⎣ v1 ⎦⎠"


def test_ascii_has_no_other_character():
    shown = text(Transposed(Product((Sum((W, W)), Named("delta")), "∘")), ASCII)
    assert shown.isascii()
    assert "delta" in shown


def test_chain_goes_on_below_where_the_page_ends():
    blocks = list(chain((Named("u"), Product((W, V)), Product((W, V)), V), 36))
    assert len(blocks) == 2
    assert max(block.width for block in blocks) <= 36
    assert blocks[1].lines[0].startswith("  = ")


def test_a_matrix_wider_than_the_page_is_written_row_by_row():
    wide = matrix([[parse("123456")] * 9] * 2)
    (shown,) = chain((wide,), 50)
    assert shown.width <= 50
    assert " ".join(text.strip() for text in shown.lines) == in_line(wide)
    assert [text.strip()[-1] for text in shown.lines] == [",", ",", ";", ",", ",", "]"]
    assert in_line(W) == "[4, −4; 1, 0.25]"


def test_the_second_of_two_matrices_begins_a_line():
    wide = matrix([[parse("123456")] * 3] * 2)
    (shown,) = chain((Product((wide, wide), "∘"),), 50)
    assert [text.rstrip() for text in shown.lines] == [
        "[123456, 123456, 123456;",
        " 123456, 123456, 123456]",
        "∘ [123456, 123456, 123456;",
        "   123456, 123456, 123456]",
    ]


def test_a_formula_wider_than_the_page_is_written_in_one_line():
    formula = parse(" + ".join(["x"] * 40))
    (shown,) = chain((formula,), 50)
    assert shown.lines == (in_line(formula),)


@pytest.mark.parametrize(
    "display, expected",
    [
        (W, r"\begin{bmatrix} 4 & -4 \\ 1 & 0.25 \end{bmatrix}"),
        (Product((Transposed(Named("W")), Named("delta"))), r"W^{\top} \, \delta"),
        (Named("dL/dW1"), r"\frac{\partial L}{\partial W^{(1)}}"),
        (Named("dL/du"), r"\frac{\partial L}{\partial u}"),
        (Product((Named("delta"), parse("1 - q")), "∘"), r"\delta \circ \left(1 - q\right)"),
        (Transposed(Sum((Named("A"), Named("B")))), r"\left(A + B\right)^{\top}"),
    ],
)
def test_latex(display, expected):
    assert display_to_latex(display) == expected


STEPS = Result(
    "linear",
    {},
    (),
    (
        Step(Named("u"), (Product((Named("W"), Named("v"))), Product((W, V))), "Forward"),
        Step("u0", (parse("4*v0 - 4*v1"), parse("1"))),
        Step(Named("dL/dW"), (Named("delta"),), "Backward"),
    ),
)


def test_steps_with_matrices_stand_apart():
    assert list(step_lines(STEPS.steps)) == [
        "Forward",
        "  u = W v = ⎡ 4  −4    ⎤ ⎡ v0 ⎤",
        "            ⎣ 1   0.25 ⎦ ⎣ v1 ⎦",
        "",
        "  u0 = 4·v0 − 4·v1 = 1",
        "",
        "Backward",
        "  ∂L/∂W = δ",
    ]


def test_markdown_has_the_steps_as_mathematics():
    shown = list(markdown(STEPS, steps=True))
    assert shown.count("$$") == 4
    assert shown.count(r"\begin{aligned}") == shown.count(r"\end{aligned}") == 2
    assert shown[shown.index("Forward") + 4 :][0] == r"u &= W \, v \\"


def test_a_long_formula_keeps_to_a_page_below_where_it_begins():
    terms = parse(" + ".join(f"first{n}*second{n}" for n in range(12)))
    shown = list(step_lines([Step("loss", (terms, parse("3")))], 60, 60))
    assert max(map(len, shown)) <= 60
    assert all(line.startswith(" " * 11) for line in shown[1:-1])
    assert " ".join(" ".join(shown).split()) == " ".join(next(step_lines([Step("loss", (terms,))])).split()) + " = 3"
    assert len(list(step_lines([Step("loss", (terms,))]))) == 1  # without a page, as in a pipe, it is one line
