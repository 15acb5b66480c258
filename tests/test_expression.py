"""What people type is read as they mean it, or refused with a message and a place."""

from __future__ import annotations

import json
import operator
from fractions import Fraction
from functools import reduce
from pathlib import Path

import mpmath
import pytest
from effort import calls
from hypothesis import example, given
from hypothesis import strategies as st

from netcalc.errors import ExpressionError
from netcalc.expression import (
    FUNCTIONS,
    Apply,
    Constant,
    Limits,
    Number,
    Symbol,
    evaluate,
    is_constant,
    normalise,
    parse,
    share,
    substitute,
    symbols,
)
from netcalc.expression.functions import OF_LISTS
from netcalc.expression.tokens import HINTS
from netcalc.notation import to_ascii

DATA = Path(__file__).parent / "data" / "expressions"
REFUSED = json.loads((DATA / "refused.json").read_text(encoding="utf-8"))
ACCEPTED = json.loads((DATA / "accepted.json").read_text(encoding="utf-8"))


def short(text):
    return text if len(text) <= 40 else f"{text[:20]}…({len(text)})"


def refusal(text, **options):
    with pytest.raises(ExpressionError) as caught:
        parse(text, **options)
    assert caught.value.source == text
    return caught.value


# --- what is accepted

EXACT = {
    "add": lambda *terms: reduce(operator.add, terms),
    "multiply": lambda *factors: reduce(operator.mul, factors),
    "divide": operator.truediv,
    "power": operator.pow,
    "negate": operator.neg,
}
FIFTY_DIGITS = EXACT | {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
    "sin": mpmath.sin,
    "asin": mpmath.asin,
    "sinh": mpmath.sinh,
    "tanh": mpmath.tanh,
    "abs": abs,
    "min": min,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
}


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case['id']}: {case['expr']}")
def test_accepted_expressions_have_their_values(case):
    point = {name: float.fromhex(text) for name, text in case["point_hex"].items()}

    def leaf(node):
        if isinstance(node, Number):
            return mpmath.mpf(node.value.numerator) / node.value.denominator
        return getattr(mpmath, node.name) * 1 if isinstance(node, Constant) else mpmath.mpf(point[node.name])

    with mpmath.workdps(600):
        tree = parse(case["expr"])
        assert set(symbols(tree)) == set(point)
        assert mpmath.almosteq(evaluate(tree, FIFTY_DIGITS, leaf), mpmath.mpf(case["value"]), rel_eps=1e-28)


MEANINGS = [
    # precedence
    ("-x^2", "-(x^2)"),
    ("2^3^2", "2^(3^2)"),
    ("2^-1", "2^(-1)"),
    ("2*-x*y", "(2*(-x))*y"),
    ("x**2", "x^2"),
    ("a-b+c", "(a-b)+c"),
    ("a/b*c", "(a/b)*c"),
    ("+x", "x"),
    ("-4e/(1+e)²", "((-4)*e)/((1+e)^2)"),
    ("2x^2", "2*(x^2)"),
    # products without a sign
    ("2x", "2*x"),
    ("4e^-1", "4*(e^(-1))"),
    ("3(x+1)", "3*(x+1)"),
    ("(x+1)(x-1)", "(x+1)*(x-1)"),
    ("(x+1) y", "(x+1)*y"),
    ("2 sin(x)", "2*sin(x)"),
    ("sin(x)cos(x)", "sin(x)*cos(x)"),
    ("2(x)(y)", "2*x*y"),
    ("-4/e", "-(4/e)"),
    ("4e-x", "4*e-x"),
    ("x/(2e)", "x/(2*e)"),
    ("e^(-x)(1+x)", "(e^(-x))*(1+x)"),
    ("2exp(x)", "2*exp(x)"),
    # numbers
    ("4e-3", "0.004"),
    ("4E+3", "4000"),
    (".5", "0.5"),
    ("5.", "5"),
    ("00.10", "0.1"),
    ("0e9", "0"),
    # pasted characters
    ("2·x×y⋅z∙w", "2*x*y*z*w"),
    ("x−y–z", "x-y-z"),
    ("x÷y", "x/y"),
    ("x²", "x^2"),
    ("x⁻¹", "x^(-1)"),
    ("x¹⁰", "x^10"),
    ("-x²", "-(x^2)"),
    ("2^x²", "2^(x^2)"),
    ("x²y", "(x^2)*y"),
    ("√2", "sqrt(2)"),
    ("2√(x)", "2*sqrt(x)"),
    ("√(x)²", "sqrt(x)^2"),
    ("√√x", "sqrt(sqrt(x))"),
    ("√sin(x)", "sqrt(sin(x))"),
    ("∛x", "cbrt(x)"),
    ("½x", "0.5*x"),
    ("⅓", "1/3"),
    ("2πr", "2*pi*r"),
    ("tanh²(x)", "tanh(x)^2"),
    ("5e−3", "0.005"),
    ("x\u00a0+\ty\n", "x+y"),
    # names
    ("σ(x)", "sigmoid(x)"),
    ("Γ(x)", "gamma(x)"),
    ("γ*x+β", "gamma*x+beta"),
    ("δ1·α", "delta1*alpha"),
    ("λ", "lam"),
    ("µ", "mu"),
    ("x₁₂", "x12"),
    ("W[ 0 , 01 ]*w[i]", "W[0,1]*w[i]"),
    ("E+I+Q+O+S+N", "E + I + Q + O + S + N"),
    # functions
    ("ln(x)", "log(x)"),
    ("swish(x)", "silu(x)"),
    ("arctan(x)", "atan(x)"),
    ("elu(x, 2)", "elu(x,2)"),
    ("max(x)", "max([x])"),
    ("max([x, y], z)", "max(x,y,z)"),
    ("sum(x, y)", "x+y"),
    ("sum([x, y, z])", "x+y+z"),
    ("dot([a, b], [c, d])", "a*c + b*d"),
    ("if(x > 0, x, 0)", "where(x > 0, x, 0)"),
    ("where(x ≥ 0 and not y < 1 or z ≠ 2, 1, 2)", "where((x >= 0 and (not (y < 1))) or (z != 2), 1, 2)"),
    ("where((x > 0), where(y == 1, 2, 3), 0)", "where(x>0, where(y==1, 2, 3), 0)"),
]


@pytest.mark.parametrize("typed, meaning", MEANINGS)
def test_expression_means(typed, meaning):
    assert parse(typed) == parse(meaning)


x, y, two = Symbol("x"), Symbol("y"), Number(Fraction(2))
TREES = [
    ("0.1", Number(Fraction(1, 10))),
    ("1e-320", Number(Fraction(1, 10**320))),
    ("-2", Number(Fraction(-2))),
    ("1/3", Number(Fraction(1, 3))),
    ("-1/3", Number(Fraction(-1, 3))),
    ("1/2", Apply("divide", (Number(Fraction(1)), two))),
    ("4/6", Apply("divide", (Number(Fraction(4)), Number(Fraction(6))))),
    ("π", Constant("pi")),
    ("x+y+2", Apply("add", (x, y, two))),
    ("x+(y+2)", Apply("add", (x, Apply("add", (y, two))))),
    ("x-y", Apply("add", (x, Apply("negate", (y,))))),
    ("x-2*y", Apply("add", (x, Apply("multiply", (Number(Fraction(-2)), y))))),
    ("-2*x/y", Apply("divide", (Apply("multiply", (Number(Fraction(-2)), x)), y))),
    ("-x*y", Apply("negate", (Apply("multiply", (x, y)),))),
    ("-2^x", Apply("negate", (Apply("power", (two, x)),))),
    ("-(-2)", Apply("negate", (Number(Fraction(-2)),))),
    ("W[0, 1]", Symbol("W[0,1]")),
    ("where(x<2,x,y)", Apply("where", (Apply("less", (x, two)), x, y))),
]


@pytest.mark.parametrize("text, tree", TREES, ids=[text for text, _ in TREES])
def test_tree(text, tree):
    assert parse(text) == tree


SMALL = st.sampled_from(["a", "b", "c", "2", "7", "0.5"])
ARITHMETIC = st.recursive(
    SMALL,
    lambda part: (
        st.tuples(part, st.sampled_from(["+", "-", "*", "/", " - ", "*-", "/-"]), part).map("".join)
        | part.map("-{}".format)
        | part.map("({})".format)
        | st.tuples(SMALL | part.map("({})".format), st.sampled_from(["**2", "**-1", "**-3"])).map("".join)
    ),
    max_leaves=12,
)


@given(ARITHMETIC, st.tuples(*[st.fractions(-9, 9, max_denominator=9)] * 3))
def test_arithmetic_has_pythons_precedence(text, point):
    """Python's own parser, on exact fractions, is the oracle."""
    values = dict(zip("abc", point, strict=True)) | {"F": Fraction}
    in_fractions = text.replace("0.5", "F('.5')").replace("2", "F(2)").replace("7", "F(7)").replace("**F(2)", "**2")
    try:
        expected = eval(in_fractions, {"__builtins__": {}}, values)  # noqa: S307 the test's own text
        tree = parse(text)
    except (ZeroDivisionError, ExpressionError) as error:
        assert isinstance(error, ZeroDivisionError) or "zero" in str(error)  # noqa: PT017 either is right
        return
    leaf = lambda node: node.value if isinstance(node, Number) else values[node.name]  # noqa: E731
    assert evaluate(tree, EXACT, leaf) == expected


# --- what is refused


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case['category']}: {short(case['expr'])!r}")
def test_refused_expressions_get_a_message_and_a_place_at_once(case):
    error = refusal(case["expr"])
    assert calls(lambda: refusal(case["expr"])) < 5000 + 20 * len(case["expr"])
    assert error.message.isprintable()
    assert 0 <= error.position <= len(case["expr"])


MESSAGES = [
    ("", 0, "the expression is empty"),
    ("x=1", 1, "'=' is not part of an expression: to compare, use '=='; variables get their values beside the expression"),
    ("sigmod(x)", 0, "unknown function 'sigmod'; did you mean 'sigmoid'?"),
    ("wxyz(y+1)", 0, "'wxyz' is not a function: for a product write wxyz*(…)"),
    ("f(x)", 0, "'f' is not a function: for a product write f*(…)"),
    ("sin", 0, "'sin' is a function: write sin(x)"),
    ("atan2", 0, "'atan2' is a function: write atan2(x, y)"),
    ("e[0]", 0, "'e' is the constant and has no elements: choose another name"),
    ("sin(x, y)", 0, "sin takes 1 argument, not 2"),
    ("elu()", 0, "elu takes 1 or 2 arguments, not 0"),
    ("clip(x)", 0, "clip lacks its argument low or high"),
    ("clip(x, min=1, low=2)", 15, "clip has 'low' twice"),
    ("elu(x, beta=1)", 7, "elu has no argument 'beta': it takes x, alpha"),
    ("elu(alpha=1, x)", 13, "an argument without a name stands before those with one"),
    ("max(x=1)", 5, HINTS["="]),
    ("max()", 0, "max takes at least 1 argument, not 0"),
    ("x +", 3, "the expression ends after '+', where a number or name should follow"),
    ("(x", 0, "this '(' is never closed: a ')' is missing"),
    ("dot([a, b", 4, "this '[' is never closed: a ']' is missing"),
    ("x)", 1, "this ')' closes nothing"),
    ("()", 0, "there is nothing between these brackets"),
    ("*x", 0, "'*' needs a number or name before it"),
    ("**x", 0, "'**' needs a number or name before it"),
    ("1,5", 1, "a comma only separates the arguments of a function; a decimal is written with a point"),
    ("2 3", 2, "an operator is missing here: for a product write 2*3"),
    ("x 2", 2, "an operator is missing here: for a product write x*2"),
    ("(x)2", 3, "an operator is missing here: for a product write '*'"),
    ("2½", 1, "an operator is missing here: for a product write 2*½"),
    ("1/2x", 3, "this can be read two ways: write 1/2*x or 1/(2*x)"),
    ("x^2y", 3, "this can be read two ways: write x^2*y or x^(2*y)"),
    ("1/2(x+1)", 3, "this can be read two ways: write 1/2*(x+1) or 1/(2*(x+1))"),
    ("log det A", 4, "'det' is a function: write det(x)"),
    ("2 softmax z^2", 2, "'softmax' is a function: write softmax(x)"),
    ("√x²", 0, "how far '√' reaches is unclear: write √(…)"),
    ("√2x", 0, "how far '√' reaches is unclear: write √(…)"),
    ("4e - 3", 1, "this can be read two ways: write 4*e for a product or 4e-3 for a power of ten"),
    ("1e", 1, "'1e' lacks the digits of its exponent; for a product write 1*e"),
    ("0x10", 0, "'0x' is no start of a number: write decimals, or 0*x for a product"),
    ("1_000", 1, "digits are written without separators, as in 1000"),
    ("1..2", 2, "a number has one decimal point"),
    ("3j", 1, "netcalc calculates with real numbers; for a variable j write 3*j"),
    ("exp⁻¹(x)", 3, "write 1/exp(x), or the inverse function by its name, as in asin(x)"),
    ("x<1", 1, "'<' belongs in the condition of where(condition, a, b)"),
    ("not x", 0, "'not' belongs in the condition of where(condition, a, b)"),
    ("where(0<x<1, 1, 2)", 9, "comparisons do not chain: write a < b and b < c"),
    ("where(x, 1, 2)", 0, "'where' takes a condition here, as in x > 0"),
    ("where(x > 0, x < 1, 2)", 15, "'<' belongs in the condition of where(condition, a, b)"),
    ("where((x>0)+1, 1, 2)", 11, "'+' takes numbers, and a condition is none"),
    ("where(x and y > 0, 1, 2)", 8, "'and' takes a condition here, as in x > 0"),
    ("[1, 2]", 0, "a list belongs in sum, dot, max or min, as in dot([a, b], [c, d])"),
    ("dot([a], [b, c])", 0, "dot needs two lists of one length, not 1 and 2"),
    ("sum([])", 4, "this list is empty"),
    ("x//2", 1, "'//' rounds, and has no gradient: divide with '/'"),
    ("lambda*x", 0, "'lambda' is a reserved word and no name for a variable; for the letter λ write lam"),
    ("1 + NaN", 4, "'NaN' is not a number that an expression can hold"),
    ("1/(x-x)", 1, "a division by zero: what is divided by here is always 0"),
    ("1/(x*y - y*x)", 1, "a division by zero: what is divided by here is always 0"),
    ("1/(2*x - x/0.5)", 1, "a division by zero: what is divided by here is always 0"),
    ("(x-x)^-1", 5, "a division by zero: 0 to a negative power"),
    ("1 + (-8)^(1/3)", 8, "a negative number has no real power with a fraction as exponent; a cube root is cbrt(x)"),
    ("1e400", 0, "a number must be below 1e400"),
    ("1e-99999999999999", 0, "a number other than 0 must be at least 1e-10000"),
    ("10^400", 2, "this power is too large: a number must be below 1e400"),
    ("1.5^99999", 3, "this power has too many digits to be held exactly; use a smaller exponent, or a variable"),
    ("x^(10^9)", 1, "this exponent is too large: it may be up to 1,000,000"),
    ("х+1", 0, "'х', CYRILLIC SMALL LETTER HA, only looks like 'x': write 'x'"),
    ("٣", 0, "'٣', ARABIC-INDIC DIGIT THREE, only looks like '3': write '3'"),
    ("x☃", 1, "'☃', SNOWMAN, is not part of an expression"),
    ("\u200bx", 0, "the invisible character U+200B (ZERO WIDTH SPACE) is not part of an expression: delete it"),
]  # fmt: skip


@pytest.mark.parametrize("text, position, message", MESSAGES, ids=[repr(case[0]) for case in MESSAGES])
def test_refusal(text, position, message):
    error = refusal(text)
    assert (error.position, error.message) == (position, message)


@pytest.mark.parametrize(
    "text",
    [
        "-" * 9999 + "x",
        "(" * 50_000,
        "x^" * 9999 + "x",
        "a/" * 9999 + "b",
        "sin(" * 5000,
        "√" * 9999 + "x",
        "+" * 999,
        "\\frac" * 2000,
        "\\frac1" * 2000,
        "\\sqrt " * 2000 + "x",
    ],
    ids=short,
)
def test_depth_is_limited(text):
    assert "nests at most 100 deep" in refusal(text).message
    assert calls(lambda: refusal(text)) < 20 * len(text)


def test_length_is_limited():
    assert refusal("x" * 100_001).position == 100_000
    assert refusal("x + y", limits=Limits(length=3)).message == "an expression has at most 3 characters, and this one 5"


def test_depth_just_within_the_limit_is_read():
    parse("(" * 99 + "x" + ")" * 99)
    parse("-" * 99 + "x")


@pytest.mark.parametrize(
    "long",
    [
        lambda count: " + ".join(f"{i + 1}*x{i}^2" for i in range(count // 10)),
        pytest.param(lambda count: "+".join(["x"] * count), marks=pytest.mark.nightly),
        lambda count: "1/(" + "+".join(f"x{i}" for i in range(count * 3 // 10)) + ")",
        pytest.param(lambda count: "*".join(["x"] * count), marks=pytest.mark.nightly),
    ],
    ids=lambda long: short(long(50_000)),
)
def test_long_sums_and_products_are_flat_and_cost_their_length(long):
    tree = parse(long(50_000))
    assert len(share((tree,)).nodes) < 20_010
    assert parse(to_ascii(tree), limits=Limits(length=200_000)) == tree
    assert calls(lambda: parse(long(20_000))) < 2.1 * calls(lambda: parse(long(10_000)))


PIECES = ["x", "y0", "W[0,1]", "sin(", "where(", "dot([", "(", ")", "[", "]", ",", "+", "-", "*", "/", "^", "**", "2",
          "0.5", "1e9", "1e", "e", "π", "²", "⁻¹", "√", "½", "<", ">=", "==", "=", " and ", " not ", "!", ".", "σ", " ",
          "9" * 400, "max(", "σ²(", "0", "if(", "1e-300"]  # fmt: skip


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("0" * 5000)
@example("1e" + "9" * 5000)
@example("x⁹" + "⁹" * 5000)
def test_any_text_is_an_expression_or_refused(text):
    tree, refusal = None, None

    def read() -> None:
        nonlocal tree, refusal
        try:
            tree = parse(text)
        except ExpressionError as error:
            refusal = error

    assert calls(read) < 20_000 + 20 * len(text)
    if refusal:
        assert refusal.source == text
        assert 0 <= refusal.position <= len(text)
        assert refusal.message.isprintable()
    else:
        assert normalise(tree) == tree
        assert parse(to_ascii(tree)) == tree


# --- trees


def test_symbols_come_in_the_order_of_their_first_appearance():
    assert symbols(parse("w*x + b - w^y")) == ("w", "x", "b", "y")


def test_constants_have_no_symbols():
    assert is_constant(parse("sqrt(2)*pi/e"))
    assert not is_constant(parse("x - x"))


def test_substitution_is_simultaneous_and_in_normal_form():
    assert substitute(parse("x - y"), {"x": y, "y": parse("2*x")}) == parse("y - 2*x")


def test_equal_subtrees_are_evaluated_once():
    calls = []
    operations = EXACT | {"sin": lambda value: calls.append(value) or value}
    assert evaluate(parse("sin(x)*sin(x) + sin(x)"), operations, lambda _: 3) == 12
    assert calls == [3]


def test_shared_subtrees_cost_no_more_than_their_number():
    tree = x
    for _ in range(2000):
        tree = Apply("add", (tree, tree))
    assert evaluate(tree, EXACT, lambda _: 1) == 2**2000
    assert len(share((tree,)).nodes) == 2001


def test_share_lists_arguments_before_what_uses_them():
    shared = share((parse("sin(x) + 1"), parse("sin(x)")))
    assert [getattr(node, "operator", None) for node in shared.nodes] == [None, "sin", None, "add"]
    assert shared.arguments == ((), (0,), (), (1, 2))
    assert shared.roots == (3, 1)


def test_every_spelling_of_a_function_is_read():
    for spelling, function in FUNCTIONS.items():
        if function.name in ("sum", "dot", "where") or (function.formula and not function.own) or function in OF_LISTS:
            continue
        arguments = ["x", "y"][: function.least]
        tree = parse(f"{spelling}({', '.join(arguments)})")
        assert tree == Apply(function.name, tuple(Symbol(name) for name in arguments))


def test_limits_hold_numbers_of_every_float64():
    for text in ("1.7976931348623157e308", "5e-324", "1e-320"):
        assert float(parse(text).value) == float(text)
