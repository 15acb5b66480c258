"""What people type is read as textbooks mean it, said where it isn't as typed, and asked where it has two readings."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import pytest
from effort import calls
from hypothesis import given
from hypothesis import strategies as st

import netcalc
from netcalc.errors import ExpressionError
from netcalc.expression import parse, read
from netcalc.models.activations import read_activation
from netcalc.notation import to_ascii

MEANINGS = {
    # products without a sign
    "x(1+x)": "x*(1+x)",
    "2 a b": "2*a*b",
    "a b^2 c": "a*b^2*c",
    "x(x+1)(x+2)^2": "x*(x+1)*(x+2)^2",
    "e^x(x+1)": "e^x*(x+1)",
    "e^x sin x": "e^x*sin(x)",
    "x^2(x+1)": "x^2*(x+1)",
    "x^2 y": "x^2*y",
    "x^2e^x": "x^2*e^x",
    "x ln(2)": "x*log(2)",
    "α(1-α)": "alpha*(1-alpha)",
    "2πr(r+h)": "2*pi*r*(r+h)",
    "W[0,1](x+1)": "W[0,1]*(x+1)",
    "w1 x1 + w2 x2 + b": "w1*x1 + w2*x2 + b",
    "lr(1+x) + lr": "lr*(1+x) + lr",
    "e(x)": "e*x",
    "pi(r)^2": "pi*r^2",
    # functions without brackets
    "sin x": "sin(x)",
    "ln 2x": "log(2*x)",
    "ln x + 1": "log(x) + 1",
    "2 sin x cos x": "2*sin(x)*cos(x)",
    "sin x^2": "sin(x^2)",
    "sin -x": "sin(-x)",
    "exp -x^2": "exp(-x^2)",
    "sin 2 x y": "sin(2*x*y)",
    "1/sin x": "1/sin(x)",
    "x/ln 2": "x/log(2)",
    "sin x / cos x": "sin(x)/cos(x)",
    "sin x * cos x": "sin(x)*cos(x)",
    "ln ln x": "log(log(x))",
    "x e^(-x^2) sin(2 pi x)": "x*e^(-x^2)*sin(2*pi*x)",
    "-sin x": "-sin(x)",
    "sech 2x": "1/cosh(2*x)",
    "relu x": "relu(x)",
    "Sin x": "sin(x)",
    # powers and inverses of functions
    "sin^2 x": "sin(x)^2",
    "sin²x": "sin(x)^2",
    "cos^2(x)": "cos(x)^2",
    "cos^2 2x": "cos(2*x)^2",
    "sin^n x": "sin(x)^n",
    "3sin^2(x)cos x": "3*sin(x)^2*cos(x)",
    "tan^-1 x": "atan(x)",
    "sin^{-1}(x)": "asin(x)",
    "tanh⁻¹(x)": "atanh(x)",
    "sec^-1 x": "acos(1/x)",
    # logarithms to a base
    "log_2(x)": "log2(x)",
    "log_{10} x": "log10(x)",
    "log_b(x)": "log(x)/log(b)",
    "log₃ x + 1": "log(x)/log(3) + 1",
    "log_e x": "log(x)",
    # bars and brackets
    "|x|": "abs(x)",
    "ln|x|": "log(abs(x))",
    "x ln|x| + 1": "x*log(abs(x)) + 1",
    "|x-1||x+1|": "abs(x-1)*abs(x+1)",
    "||x|-1|": "abs(abs(x)-1)",
    "|x - |y||": "abs(x - abs(y))",
    "2|x|^2": "2*abs(x)^2",
    "|(a|b|)|": "abs(a*abs(b))",
    "[1+x]/[3+x]": "(1+x)/(3+x)",
    "2[x+{1-x}]": "2*(x+(1-x))",
    "sin[x]": "sin(x)",
    # libraries' names
    "np.exp(-x)*numpy.pi": "exp(-x)*pi",
    "torch.nn.functional.gelu(x) + F.relu(x) + math.e": "gelu(x) + relu(x) + e",
    # LaTeX
    r"\frac{1}{2}x^{2}": "(1/2)*x^2",
    r"\frac12 x^2": "(1/2)*x^2",
    r"\left(x+1\right)\cdot\left[x-1\right]": "(x+1)*(x-1)",
    r"\sigma\left(wx+b\right)": "sigmoid(wx+b)",
    r"\sqrt{x}\,\sqrt[3]{x}\sqrt[n]{x}": "sqrt(x)*cbrt(x)*x^(1/n)",
    r"\sin^{2}x+\cos^2\theta": "sin(x)^2 + cos(theta)^2",
    r"\ln\left|x\right|": "log(abs(x))",
    r"\log_28x": "log2(8*x)",
    r"\alpha_1 x_{1} + \lambda": "alpha_1*x_1 + lam",
    r"\operatorname{ReLU}(x)\mathrm{e}^{x}": "relu(x)*e^x",
    r"$\frac{1}{\sigma\sqrt{2\pi}}e^{-\frac{(x-\mu)^2}{2\sigma^2}}$": "(1/(sigma*sqrt(2*pi)))*e^(-((x-mu)^2/(2*sigma^2)))",
    r"\(\max(0, x)\div 2\)": "max(0,x)/2",
}

# Letters side by side, and names of variables that are given.
LETTERS = [
    ("xe^x", (), "x*e^x"),
    ("2xe^{-x}", (), "2*x*e^(-x)"),
    ("xy", ("x", "y"), "x*y"),
    ("xy", ("xy", "x", "y"), "xy"),
    ("xy", ("x",), "xy"),
    ("xy + x + y", (), "x*y + x + y"),
    ("ax^2 + bx + c", ("a", "b", "c", "x"), "a*x^2 + b*x + c"),
    ("k e^(-kt) + k + t", (), "k*e^(-(k*t)) + k + t"),
    ("1/(xln(2))", ("x",), "1/(x*log(2))"),
    ("xln2", (), "x*log(2)"),
    ("sinx", (), "sin(x)"),
    ("sin2x", (), "sin(2*x)"),
    ("xsinx + sinxcosx", (), "x*sin(x) + sin(x)*cos(x)"),
    ("-ylog(p)-(1-y)log(1-p)", (), "-y*log(p)-(1-y)*log(1-p)"),
    ("rcosθ", (), "r*cos(theta)"),
    ("2πrh", ("r", "h"), "2*pi*r*h"),
    ("cost", (), "cost"),
    ("cost + t", (), "cos(t) + t"),
    ("sinx", ("sinx",), "sinx"),
    ("sigma(x-1)", ("sigma", "x"), "sigma*(x-1)"),
    ("square(x-1) + square", ("square",), "square*(x-1) + square"),
]

ASKED = {
    "1/2x": "two ways",
    "6/2(1+2)": "two ways",
    "1/x y": "two ways",
    "x^2y": "two ways",
    "e^2x": "two ways",
    "2x^3y": "two ways",
    "log2x": "two ways",
    "sigma x": "two ways",
    "square x": "two ways",
    "sin x/2": "how far 'sin' reaches",
    "sin x * 2": "how far 'sin' reaches",
    "sin x(x+1)": "how far 'sin' reaches",
    "ln |x|^2": "how far 'ln' reaches",
    "ln2 x": "how far 'ln' reaches",
    "√2x": "how far '√' reaches",
    "sin^-2 x": "write 1/sin(x)",
    "sni x": "did you mean 'sin'",
    "x[1+x]": "places of x",
    "|x": "never closed",
    "x | y": "abs(x)",
    "glu(x)": "one half of its input",
    "np.x": "a '.' belongs",
    "x.T": "a '.' belongs",
    "max x": "'max' is a function",
    r"\x": "LaTeX",
    r"\int x": "LaTeX",
    "{}": "nothing between",
    "x2 3": "operator is missing",
}


@pytest.mark.parametrize("typed, meaning", MEANINGS.items())
def test_it_means(typed, meaning):
    assert parse(typed) == parse(meaning)
    assert read(typed).tree == parse(meaning)


@pytest.mark.parametrize("typed, variables, meaning", LETTERS)
def test_letters_side_by_side_are_a_product_of_variables(typed, variables, meaning):
    assert read(typed, variables).tree == parse(meaning)


@pytest.mark.parametrize("typed, message", ASKED.items())
def test_what_has_two_readings_is_asked(typed, message):
    with pytest.raises(ExpressionError, match=re.escape(message)) as caught:
        read(typed)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("typed", ["2x", "3(x+1)(x-1)", "-x^2", "x·y", "|x|", "sin(x)cos(x)", "2πx", "½x", "lr*wd"])
def test_what_is_read_as_typed_has_no_note(typed):
    assert netcalc.grad(typed).notes == ()


def test_a_note_says_what_was_read():
    assert netcalc.grad("xe^x").notes == ("read as x·e^x",)
    assert netcalc.grad("sin x").notes == ("read as sin(x)",)
    assert netcalc.grad("xy", at={"x": 2, "y": 3}).notes == ("read as x·y",)
    assert netcalc.grad("ab + a").notes == ("read with ab as one variable; for a product write a*b",)


def test_variables_of_other_expressions_are_known():
    assert netcalc.grad("xy", "x+y").notes == ("f0 is read as x·y",)


def test_formulas_read_back_are_never_taken_apart():
    """`xy` beside x and y, once read as one variable, stays one."""
    assert to_ascii(parse("xy + x + y")) == "xy + x + y"
    assert netcalc.grad("xy*x*y", at={"xy": 2, "x": 3, "y": 5}).partials["x"] == 10


def test_answers_and_activations_are_read_the_same_way():
    result = netcalc.grad("x^2*e^x")
    assert [one.verdict for one in netcalc.check(result, {"dx": "xe^x(x+2)"}).checked] == ["right"]
    assert read_activation("sin(30q)").row.formula == "sin(30q)"
    assert read_activation("qe^q").row.formula == "q*e^q"
    assert read_activation("tanh 2q").row.formula == "tanh(2*q)"


def _grad(*words, stdin):
    done = subprocess.run(
        [sys.executable, "-m", "netcalc", "grad", *words], input=stdin, capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_expressions_come_from_standard_input():
    status, out, _ = _grad("-", "--at", "x=2", "-f", "json", stdin=b"\xef\xbb\xbfx^2\n")
    assert (status, json.loads(out)["partials"]["x"]) == (0, 4)
    status, out, _ = _grad("-", "--at", "x=2", "-f", "csv", stdin=b"x^2\n\n3*x\r\n")
    assert (status, out.splitlines()[1:3]) == (0, ["f0,x^2,4.0", "f1,3*x,6.0"])


@pytest.mark.parametrize(
    "words, stdin, message",
    [
        (["-"], b"\n", "standard input is empty"),
        (["-"], b"\xff", "no text in UTF-8"),
        (["-", "-"], b"x", "can be read once"),
        (["-", "--at", "-"], b"x", "can be read once"),
        (["-"], b"x+" * 1_000_000, "more than"),
    ],
)
def test_what_is_no_expression_on_standard_input_is_refused(words, stdin, message):
    status, out, err = _grad(*words, stdin=stdin)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


PIECES = [
    *"xyabeπσ²()[]{}|+-*/^,_2 ",
    "sin",
    "ln",
    "log_2",
    "xe",
    "sinx",
    "xln",
    r"\frac",
    r"\left",
    r"\sqrt",
    r"\sigma ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_is_typed_is_read_or_refused(text):
    """And what was read, as it is printed, is read as the same again."""
    tree, refused = None, None
    try:
        tree = read(text).tree
    except ExpressionError as error:
        refused = error
    if refused:
        assert 0 <= refused.position <= len(text)
        assert refused.message.isprintable()
    else:
        assert parse(to_ascii(tree)) == tree


@pytest.mark.parametrize("piece", ["xy + ", "sinx cosx + ", "x(1+x) + ", r"\frac{x}{y} + ", "|x| + ", "square(x) + "])
def test_reading_costs_what_its_length_is(piece):
    def cost(times):
        return calls(lambda: read(piece * times + "y", {"x", "y"}))

    assert cost(400) < 2.1 * cost(200)


@pytest.mark.parametrize(
    "typed, at, value, slope",
    [
        ("pi*x + i*p", {"x": 1, "i": 1, "p": 2}, math.pi + 2, math.pi),
        ("p*x + pi", {"x": 3, "p": 2}, 6 + math.pi, 2),
        ("pi*x + i", {"x": 1, "i": 1}, math.pi + 1, math.pi),
    ],
)
def test_a_constant_stays_one_beside_its_letters(typed, at, value, slope):
    """π beside p and i is no product, and nothing is said of it."""
    found = netcalc.grad(typed, at=at)
    assert found["f"].values[0].nearest == pytest.approx(value)
    assert found.partials["x"] == pytest.approx(slope)
    assert not found.notes
