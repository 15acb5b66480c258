"""A formula prints as one writes it, and its ASCII and Unicode read back as the same formula."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from netcalc.errors import ExpressionError
from netcalc.expression import Apply, Constant, Number, Symbol, normalise, parse
from netcalc.notation import in_signs, minus_signs, significant, to_ascii, to_unicode
from netcalc.notation.latex import to_latex

FORMULAS = [
    # typed, ASCII, Unicode, LaTeX
    ("4x0-4x1+b", "4*x0 - 4*x1 + b", "4·x0 − 4·x1 + b", r"4 x_{0} - 4 x_{1} + b"),
    ("-4e/(1+e)^2", "-4*e/(1 + e)^2", "−4·e/(1 + e)²", r"-\frac{4 e}{\left(1 + e\right)^{2}}"),
    ("0.196612*(-4)", "0.196612*(-4)", "0.196612·(−4)", r"0.196612 \cdot \left(-4\right)"),
    (
        "sigmoid(q)*(1-sigmoid(q))",
        "sigmoid(q)*(1 - sigmoid(q))",
        "σ(q)(1 − σ(q))",
        r"\sigma\left(q\right) \left(1 - \sigma\left(q\right)\right)",
    ),
    ("1-tanh(q)^2", "1 - tanh(q)^2", "1 − tanh²(q)", r"1 - \tanh^{2}\left(q\right)"),
    ("1/(1+exp(-q))", "1/(1 + exp(-q))", "1/(1 + exp(−q))", r"\frac{1}{1 + e^{-q}}"),
    ("exp(-x^2/2)/sqrt(2*pi)", "exp(-x^2/2)/sqrt(2*pi)", "exp(−x²/2)/√(2·π)", r"\frac{e^{-\frac{x^{2}}{2}}}{\sqrt{2 \pi}}"),
    # signs
    ("a-(b+c)", "a - (b + c)", "a − (b + c)", r"a - \left(b + c\right)"),
    ("a-(-3)", "a - (-3)", "a − (−3)", r"a - \left(-3\right)"),
    ("a+(-3)", "a - 3", "a − 3", "a - 3"),
    ("a-0", "a - 0", "a − 0", "a - 0"),
    ("-(-(-x))", "-(-(-x))", "−(−(−x))", r"-\left(-\left(-x\right)\right)"),
    ("(-x)*y", "(-x)*y", "(−x)·y", r"\left(-x\right) \cdot y"),
    ("-x*y", "-x*y", "−x·y", r"-x \cdot y"),
    ("-x/2", "-x/2", "−x/2", r"-\frac{x}{2}"),
    ("x*(-1/3)", "x*(-1/3)", "x·(−1/3)", r"x \cdot \left(-\frac{1}{3}\right)"),
    # products and quotients
    ("x/y*z", "x/y*z", "x/y·z", r"\frac{x}{y} \cdot z"),
    ("x*(y/z)", "x*(y/z)", "x·(y/z)", r"x \cdot \frac{y}{z}"),
    ("x/(y*z)", "x/(y*z)", "x/(y·z)", r"\frac{x}{y \cdot z}"),
    ("x/(y/z)", "x/(y/z)", "x/(y/z)", r"\frac{x}{\frac{y}{z}}"),
    ("2*(x+1)", "2*(x + 1)", "2·(x + 1)", r"2 \left(x + 1\right)"),
    ("(x+1)(x-1)", "(x + 1)*(x - 1)", "(x + 1)(x − 1)", r"\left(x + 1\right) \left(x - 1\right)"),
    ("2*0.5", "2*0.5", "2·0.5", r"2 \cdot 0.5"),
    ("x+(y+z)", "x + (y + z)", "x + (y + z)", r"x + \left(y + z\right)"),
    # powers
    ("x^-1", "x^(-1)", "x⁻¹", "x^{-1}"),
    ("x^(1/2)", "x^(1/2)", "x^(1/2)", r"x^{\frac{1}{2}}"),
    ("x^y^2", "x^y^2", "x^y²", "x^{y^{2}}"),
    ("(x^y)^2", "(x^y)^2", "(x^y)²", r"\left(x^{y}\right)^{2}"),
    ("(-2)^2", "(-2)^2", "(−2)²", r"\left(-2\right)^{2}"),
    ("-2^2", "-2^2", "−2²", "-2^{2}"),
    ("(a/b)^2", "(a/b)^2", "(a/b)²", r"\left(\frac{a}{b}\right)^{2}"),
    ("sqrt(x)^2", "sqrt(x)^2", "(√x)²", r"\left(\sqrt{x}\right)^{2}"),
    ("sigmoid(q)^2", "sigmoid(q)^2", "σ(q)²", r"\sigma\left(q\right)^{2}"),
    # numbers
    ("1/3*x", "1/3*x", "1/3·x", r"\frac{1}{3} \cdot x"),
    ("1/2*x", "1/2*x", "1/2·x", r"\frac{1}{2} \cdot x"),
    ("5.07596e-435", "5.07596e-435", "5.07596e-435", r"5.07596\times 10^{-435}"),
    ("1e22*x", "1e22*x", "1e22·x", "10^{22} x"),
    ("1200.50", "1200.5", "1200.5", "1200.5"),
    ("0.0001+.00001", "0.0001 + 1e-5", "0.0001 + 1e-5", "0.0001 + 10^{-5}"),
    # functions
    ("log(x)+log2(x)", "log(x) + log2(x)", "log(x) + log2(x)", r"\ln\left(x\right) + \log_{2}\left(x\right)"),
    ("abs(x)^2", "abs(x)^2", "abs(x)²", r"\left|x\right|^{2}"),
    ("atan(cbrt(x))", "atan(cbrt(x))", "atan(cbrt(x))", r"\arctan\left(\sqrt[3]{x}\right)"),
    ("max(x,y,0)", "max(x, y, 0)", "max(x, y, 0)", r"\max\left(x, y, 0\right)"),
    ("leaky_relu(x,.01)", "leaky_relu(x, 0.01)", "leaky_relu(x, 0.01)", r"\operatorname{leaky\_relu}\left(x, 0.01\right)"),
    ("gamma(x)+polygamma(1,x)", "gamma(x) + polygamma(1, x)", "Γ(x) + polygamma(1, x)", r"\Gamma\left(x\right) + \psi^{(1)}\left(x\right)"),
    (
        "where(x>=0 and not y<1,x,0)",
        "where(x >= 0 and not y < 1, x, 0)",
        "where(x ≥ 0 and not y < 1, x, 0)",
        r"\begin{cases} x & \text{if } x \geq 0 \land \lnot y < 1 \\ 0 & \text{otherwise} \end{cases}",
    ),
    # names
    ("W[0,1]*w[i]", "W[0,1]*w[i]", "W[0,1]·w[i]", r"W_{0,1} \cdot w_{i}"),
    ("W1[0,1]^2", "W1[0,1]^2", "W1[0,1]²", r"\left(W^{(1)}_{0,1}\right)^{2}"),
    ("delta[0]+alpha2", "delta[0] + alpha2", "δ[0] + α2", r"\delta_{0} + \alpha_{2}"),
    ("lam*gamma", "lam*gamma", "λ·γ", r"\lambda \cdot \gamma"),
    ("learning_rate+loss", "learning_rate + loss", "learning_rate + loss", r"\mathrm{learning\_rate} + \mathrm{loss}"),
    ("x_max+w_ij", "x_max + w_ij", "x_max + w_ij", r"x_{\mathrm{max}} + w_{ij}"),
    ("_x+alphabet", "_x + alphabet", "_x + alphabet", r"\mathrm{\_x} + \mathrm{alphabet}"),
]  # fmt: skip


@pytest.mark.parametrize("typed, ascii_text, unicode_text, latex", FORMULAS, ids=[case[0] for case in FORMULAS])
def test_formula_prints_as(typed, ascii_text, unicode_text, latex):
    tree = parse(typed)
    assert (to_ascii(tree), to_unicode(tree), to_latex(tree)) == (ascii_text, unicode_text, latex)


NUMBERS = [
    (Fraction(1, 10), "0.1"),
    (Fraction(-1, 3), "-1/3"),
    (Fraction(1, 2**20), "9.5367431640625e-7"),
    (Fraction(0.1), "3602879701896397/36028797018963968"),  # longer as a decimal
    (Fraction("0.1234567890123456789012345"), "0.1234567890123456789012345"),  # shorter as a decimal
    (Fraction(10**20), "100000000000000000000"),
    (Fraction(10**21), "1e21"),
    (Fraction(2**100), "1267650600228229401496703205376"),
    (Fraction(7, 10**7), "7e-7"),
    (Fraction(0), "0"),
]


@pytest.mark.parametrize("value, text", NUMBERS, ids=[text for _, text in NUMBERS])
def test_number_prints_exactly(value, text):
    assert to_ascii(Number(value)) == text
    assert parse(text) == Number(value)


def test_numbers_of_any_size_print():
    assert to_ascii(Number(Fraction(3**20_000, 7))).endswith("/7")


NAMES = ["x", "w1", "W[0,1]", "W1[i,j]", "b_x", "q", "alpha", "gamma", "sigma2", "lam", "E", "d0[2]", "e1", "log_"]
LEAVES = (
    st.sampled_from(NAMES).map(Symbol)
    | st.sampled_from(["e", "pi"]).map(Constant)
    | st.fractions(-20, 20, max_denominator=12).map(Number)
    | st.floats(-1e9, 1e9).map(lambda value: Number(Fraction(repr(value))))
)


ARITIES = [
    (("add", "multiply"), 2, 4),
    (("subtract", "divide", "power", "atan2", "polygamma"), 2, 2),
    (("negate", "sigmoid", "tanh", "sin", "sqrt", "cbrt", "abs", "gamma", "exp", "log", "add"), 1, 1),
    (("max",), 1, 3),
]
COMPARISONS = ["less", "less_equal", "greater", "greater_equal", "equal", "unequal"]


@st.composite
def trees(draw, depth=5):
    """Every operator, in normal form or not."""
    kind = draw(st.integers(0, len(ARITIES) + 1)) if depth else 0
    if kind == 0:
        return draw(LEAVES)
    if kind > len(ARITIES):
        return Apply("where", (draw(conditions(depth - 1)), draw(trees(depth - 1)), draw(trees(depth - 1))))
    operators, least, most = ARITIES[kind - 1]
    count = draw(st.integers(least, most))
    return Apply(draw(st.sampled_from(operators)), tuple(draw(trees(depth - 1)) for _ in range(count)))


@st.composite
def conditions(draw, depth):
    operator = draw(st.sampled_from([*COMPARISONS, "and", "or", "not"] if depth else COMPARISONS))
    part = trees(min(depth, 1)) if operator in COMPARISONS else conditions(depth - 1)
    return Apply(operator, tuple(draw(part) for _ in range(1 if operator == "not" else 2)))


TREES = trees()


def read(text):
    try:
        return parse(text)
    except ExpressionError as error:
        if re.search("division by zero|real power|too large|too many digits", error.message):
            reject()  # a random tree may have no value
        raise


@given(TREES)
def test_ascii_and_unicode_read_back(tree):
    tree = normalise(tree)
    assert normalise(tree) == tree
    assert to_ascii(tree).isascii()
    assert read(to_ascii(tree)) == tree
    assert read(to_unicode(tree)) == tree


@given(TREES)
def test_trees_out_of_normal_form_print_as_their_normal_form_reads(tree):
    assert read(to_ascii(tree)) == normalise(tree)


@given(TREES)
def test_latex_is_balanced_and_has_no_power_of_a_power(tree):
    latex = to_latex(tree)
    depth = 0
    for bracket in re.findall(r"[{}]", latex):
        depth += 1 if bracket == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert latex.count(r"\left") == latex.count(r"\right")
    assert latex.count(r"\begin{cases}") == latex.count(r"\end{cases}")
    assert not re.search(r"\^\{[^{}]*\}\^", latex)  # "double superscript"


@pytest.mark.parametrize("text", ["-1.5e-6", "2e21", "0.00015", "-123456", "2.5e-307", "-1.5e300", "0", "120000"])
def test_floats_are_written_as_formulas_write_numbers(text):
    """One way for an exponent, in tables and in steps: neither 1e-06 nor 2e+21, and its hyphen stays."""
    assert significant(float(text)) == text == to_ascii(parse(text))
    assert minus_signs(significant(float(text))) == to_unicode(parse(text))


@pytest.mark.parametrize(
    "name, written",
    [
        ("df/dx1", "∂f/∂x1"),
        ("dloss/dW1[0,1]", "∂loss/∂W1[0,1]"),
        ("dloss/dmargins@10", "∂loss/∂margins@10"),
        ("dh/dh@9.2[1]", "∂h/∂h@9.2[1]"),
    ],
)
def test_derivatives_are_written_with_their_names(name, written):
    """Names that are told apart by their line too."""
    assert to_unicode(Symbol(name)) == written
    assert to_latex(Symbol(name)).startswith(r"\frac{\partial")


@pytest.mark.parametrize(
    "typed, shown",
    [
        ("it is -1 on the left, x - 1 != 0 there, -∞ <= x", "it is −1 on the left, x − 1 ≠ 0 there, −∞ ≤ x"),
        ("x^(-0.5) and 1e-9, bce-with-logits, --at x=-1", "x^(−0.5) and 1e-9, bce-with-logits, --at x=-1"),
        ("line 3 has 'x - 1 != 0', where x >= 2", "line 3 has 'x - 1 != 0', where x ≥ 2"),
    ],
)
def test_sentences_have_the_signs_of_tables(typed, shown):
    """But for exponents, names, options and what is quoted."""
    assert in_signs(typed) == shown
