"""Matrices in steps: as text, in LaTeX, in Markdown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import netcalc
from netcalc.checking.backward import check_code
from netcalc.expression import parse
from netcalc.notation.displays import Named, Product, Sum, Transposed, column, matrix, row
from netcalc.render.blocks import ASCII, chain, in_line, lay_out
from netcalc.render.latex import display_to_latex
from netcalc.render.markdown import markdown
from netcalc.render.prose import step_lines
from netcalc.render.table import table
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


def test_nothing_stands_beside_what_is_written_row_by_row():
    """Its value begins a line: it would read as a part of the first row."""
    long = parse("aaaaaaaa*bbbbbbbb + cccccccc*dddddddd")
    blocks = list(chain([Named("y"), column([long, long]), column(map(parse, "12"))], 38))
    assert [block.lines[0].strip()[:3] for block in blocks] == ["y =", "= ⎡"]


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


def shown(result, columns):
    """A result's table on a page of so many columns."""
    console = Console(width=columns, file=io.StringIO(), force_terminal=False)
    for part in table(result):
        console.print(part)
    return console.file.getvalue()


@pytest.mark.parametrize("columns", [80, 200])
def test_a_tensor_with_one_formula_is_a_row_with_its_values_drawn(columns):
    result = netcalc.grad("x.T@A@x", at={"A": [[1, 2], [3, 4]], "x": [1, -2]})
    rows = [line.rstrip() for line in shown(result, columns).splitlines()]
    begin = next(place for place, line in enumerate(rows) if line.startswith("∂f/∂A"))
    assert rows[begin : begin + 3] == [
        "∂f/∂A │ x xᵀ       │ ⎡  1  −2 ⎤",
        "      │            │ ⎣ −2   4 ⎦",
        "∂f/∂x │ (A + Aᵀ) x │ [ −8  −11 ]",
    ]


def test_what_is_too_wide_to_draw_is_listed_with_its_formula_once():
    """On a narrow page, and a row of many entries; no number is torn apart."""
    result = netcalc.grad("sum(x^3)", at={"x": [[0.1234567 * n for n in range(1, 9)]]})
    for columns in (50, 80):
        text = shown(result, columns)
        assert "∂f/∂x[0,7]" in text
        assert text.count("3·x²") == 1
        for value in result["dx"].values:
            assert value.shown in text


WIDE = {"x": [[0.1234567 * n * m for n in range(1, 6)] for m in (1, -2)]}


def test_what_is_too_wide_beside_its_formula_is_drawn_below_it():
    rows = [line.rstrip() for line in shown(netcalc.grad("sum(x^3)", at=WIDE), 80).splitlines()]
    assert [line.split("│")[0].strip() for line in rows[2:6]] == ["f", "∂f/∂x", "", ""]
    assert [line.split("│")[1].strip() for line in rows[3:6]] == [
        "3·x²",
        "⎡ 0.0457247  0.182899  0.411522  0.731595  1.14312 ⎤",
        "⎣ 0.182899   0.731595  1.64609   2.92638   4.57247 ⎦",
    ]


@pytest.mark.parametrize("columns, lines", [(60, 15), (70, 15), (80, 8), (120, 7), (200, 7)])
def test_drawings_keep_to_the_page(columns, lines):
    rows = shown(netcalc.grad("sum(x^3)", at=WIDE), columns).splitlines()
    assert len(rows) <= lines
    assert max(map(len, rows)) <= columns


def test_more_axes_are_drawn_as_slices():
    text = "A = x * 2\nloss = (A ** 2).sum()"
    result = netcalc.gradients(text, x=[[[1, 2], [3, 4]], [[5, -6], [7, 8]]])
    rows = [line.split("│")[-1].strip() for line in shown(result, 80).splitlines() if "│" in line]
    assert rows[:4] == ["[0]: ⎡ 2  4 ⎤", "⎣ 6  8 ⎦", "[1]: ⎡ 10  −12 ⎤", "⎣ 14   16 ⎦"]


def test_closed_forms_are_drawn_beside_the_values():
    result = netcalc.grad("softmax(x)", at={"x": [1, 0]}, delta=[1, 0], exact=True)
    text = shown(result, 120)
    assert "[ e/(1 + e)²  −e/(1 + e)² ] │ [ 0.196612  −0.196612 ]" in text


def test_closed_forms_too_wide_beside_a_formula_are_drawn_below_it_with_their_values():
    result = netcalc.grad("softmax(x)", at={"x": [1, 0]}, delta=[1, 0], exact=True)
    rows = [line.rstrip() for line in shown(result, 62).splitlines()]
    assert rows[0].split("┃")[1:] == [" formula and value"]
    assert rows[2:5] == [
        "f     │ softmax(x)",
        "      │   [ e/(1 + e)  1/(1 + e) ]",
        "      │ = [ 0.731059  0.268941 ]",
    ]


def test_entries_with_formulas_of_their_own_are_listed():
    text = shown(netcalc.neuron(x=[1, 2], w=[3, 4], b=0), 200)
    assert "∂f/∂x0" in text
    assert "∂f/∂x1" in text


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_no_entry_of_a_drawing_is_broken(columns):
    """Beside long formulas too: every line of a matrix has both of its brackets."""
    result = netcalc.grad(
        "softmax(x@A)",
        at={"x": [[1, 0, 1], [2, -1, 0.5]], "A": [[0.1, 2, 1], [1, 1, 0], [0, 0.3, 1]]},
        delta=[[1, 0, 0], [0, 1, 1]],
    )
    for line in shown(result, columns).splitlines():
        assert sum(line.count(one) for one in "⎡⎢⎣") == sum(line.count(one) for one in "⎤⎥⎦")


def test_long_closed_forms_are_listed_whole():
    """Where not all fit beside a drawing, nothing is drawn and nothing cut off."""
    text = shown(netcalc.grad("softmax(x)", at={"x": [1, 0, 3]}, exact=True), 80)
    assert "⎡" not in text
    assert "e·(1 − e/(1 + e + e³))/(1" in text


def test_a_sum_of_matrices_that_is_too_wide_has_a_line_a_term():
    """What comes after it has a line of its own too."""
    one, other = (matrix([[*map(parse, entries[:2])], [*map(parse, entries[2:])]]) for entries in ("1234", "5678"))
    parts = chain([Named("S"), Sum((Product((one, other)), Product((other, one)))), one], 30)
    assert [line.rstrip() for block in parts for line in block.lines] == [
        "S = ⎡ 1  2 ⎤ ⎡ 5  6 ⎤",
        "    ⎣ 3  4 ⎦ ⎣ 7  8 ⎦",
        "  + ⎡ 5  6 ⎤ ⎡ 1  2 ⎤",
        "    ⎣ 7  8 ⎦ ⎣ 3  4 ⎦",
        "  = ⎡ 1  2 ⎤",
        "    ⎣ 3  4 ⎦",
    ]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_carets_are_right_below_the_code_that_they_mark(columns):
    """Also where the line goes on below, or there is no room beside it for what is said."""
    forward = "z = W @ x + b\na = 1/(1 + np.exp(-z))\nloss = -(y*np.log(a) + (1 - y)*np.log(1 - a)).mean()"
    text = "dz = (a - y) / 2\ndW = np.outer(dz, a) * 1.0 + 0.0 * np.outer(dz, x) + 0.0 * np.outer(dz, x)\ndx = W @ dz\n"
    result = netcalc.gradients(forward, W=[[0.1, 0.2], [0.3, -0.4]], x=[1.5, 2.25], b=[0.1, 0.2], y=[1, 0])
    rows = [line.rstrip() for line in shown(check_code(result, text, "backward.py"), columns).splitlines()]
    marked = [(rows[place - 1], row) for place, row in enumerate(rows) if row.strip("^ ") == "" and "^" in row]
    found = [above[row.index("^") : row.index("^") + row.count("^")] for above, row in marked]
    assert found == ["a", "W"]
    assert max(map(len, rows)) <= columns


@pytest.mark.parametrize("columns", [60, 80])
def test_answers_too_long_for_the_page_go_on_below_themselves(columns):
    dx = "2*x*sin(y)*exp(x*y) + x^2*sin(y)*y*exp(x*y) + 2*x*y/(1 + x^2*y^2)"
    result = netcalc.check(netcalc.grad("x^2*sin(y)*exp(x*y) + log(1 + x^2*y^2)"), {"dx": dx, "dy": "x"})
    rows = shown(result, columns).splitlines()
    assert rows[0] == "✗  dx"
    assert rows[1].startswith("    you 2·x·sin(y)")
    head = rows[: rows.index("")]
    assert max(map(len, head)) <= columns
    assert all(row[0] in "✗ " for row in head)
