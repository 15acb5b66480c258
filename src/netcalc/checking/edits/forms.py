"""The slopes of functions in wrong forms, as people write them down: a row a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Frequency
from netcalc.expression import Apply, Number

SELU_SCALE = "1.0507009873554804934193349852946"
SELU_ALPHA = "1.6732632423543772848170429916717"

GELU_TANH_SLOPE = (
    "sigmoid(sqrt(8/pi)*(q + 0.044715*q^3))*(1 + q*(1 - sigmoid(sqrt(8/pi)*(q + 0.044715*q^3)))"
    "*sqrt(8/pi)*(1 + 0.134145*q^2))"
)
SAME = {"arctan": "atan"}  # functions of two names

# q is the argument, f the function's value. What is told of a form is told with φ for the function.
FORMS: Mapping[str, tuple[tuple[str, str, Frequency], ...]] = {
    "sigmoid": (
        ("(1 - f)/f", "(1 − φ)/φ", USUAL),
        ("1 - f", "1 − φ, which is exp(−q)/(1 + exp(−q))", USUAL),
        ("f*(1 + f)", "φ(1 + φ)", SEEN),
        ("f^2", "φ², which is 1/(1 + exp(−q))²", SEEN),
        ("1 - f^2", "1 − φ², as if it were tanh", SEEN),
        ("q*(1 - q)", "q(1 − q): the form for the output, fed the sum", USUAL),
        ("f/(1 - f)", "φ/(1 − φ)", RARE),
        ("(1 - f)^2", "(1 − φ)²", RARE),
        ("-f*(1 - f)", "−φ(1 − φ)", SEEN),
        ("q*f*(1 - f)", "qφ(1 − φ)", RARE),
        ("exp(-q)", "exp(−q)", RARE),
        ("-exp(-q)/(1 + exp(-q))^2", "−exp(−q)/(1 + exp(−q))²", SEEN),
    ),
    "tanh": (
        ("1 - f", "1 − φ", USUAL),
        ("1 + f^2", "1 + φ²", SEEN),
        ("(1 - f)^2", "(1 − φ)²", SEEN),
        ("f^2", "φ², without 1 −", SEEN),
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("1 - q^2", "1 − q²: the form for the output, fed the sum", USUAL),
        ("1/cosh(q)", "sech(q), not squared", SEEN),
        ("1/cosh(f)", "sech(φ)", SEEN),
        ("1/cosh(f)^2", "sech²(φ)", SEEN),
        ("f^2 - 1", "φ² − 1", SEEN),
        ("cosh(q)^2", "cosh²(q)", RARE),
        ("1/(1 + q^2)", "1/(1 + q²), as if it were arctan", RARE),
    ),
    "relu": (
        ("1", "1 where q is negative too", USUAL),
        ("0", "0 everywhere", SEEN),
        ("where(q > 0, 0, 1)", "that of the other side of the kink", SEEN),
        ("where(q > 0, 1, -1)", "−1 where q is negative", SEEN),
    ),
    "softplus": (
        ("1/(1 + exp(q))", "1/(1 + exp(q)): exp(q) for exp(−q)", SEEN),
        ("exp(q)", "exp(q)", SEEN),
        ("1/(1 + exp(q))^2", "1/(1 + exp(q))²", RARE),
        ("sigmoid(q)*(1 - sigmoid(q))", "σ(1 − σ), which is the second derivative", SEEN),
    ),
    "silu": (
        ("sigmoid(q)", "σ(q): the product rule's other term is left out", USUAL),
        ("q*sigmoid(q)*(1 - sigmoid(q))", "q·σ(1 − σ): the product rule's first term is left out", SEEN),
        ("sigmoid(q)*(1 - sigmoid(q))", "σ(1 − σ)", SEEN),
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("sigmoid(q) + f*(1 - f)", "σ + φ(1 − φ)", RARE),
        ("sigmoid(q)*(1 + q*(1 - q))", "σ(1 + q(1 − q)): q for σ", RARE),
        ("sigmoid(q)*(1 + q)", "σ(1 + q): 1 − σ left out", SEEN),
        ("q + sigmoid(q)*(1 - f)", "q + σ(1 − φ): q for φ", SEEN),
        ("1 + exp(-q) + q*exp(-q)/(1 + exp(-q))^2", "1 + exp(−q) + q·exp(−q)/(1 + exp(−q))²: brackets missing", RARE),
    ),
    "gelu": (
        ("(1 + erf(q/sqrt(2)))/2", "Φ(q): the product rule's other term is left out", USUAL),
        ("q*exp(-q^2/2)/sqrt(2*pi)", "q times the normal density: the product rule's first term is left out", SEEN),
        ("exp(-q^2/2)/sqrt(2*pi)", "the normal density", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 + exp(-q^2/2)/sqrt(2*pi)", "Φ(q) plus the normal density, without q", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 + q*exp(-q^2/2)/(2*pi)", "Φ(q) + q·exp(−q²/2)/(2π): the root left out", RARE),
        ("(1 + erf(q/sqrt(2)))/2 + q*exp(-q^2/2)", "Φ(q) + q·exp(−q²/2): the density's 1/√(2π) left out", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 + q*exp(-q^2)/sqrt(2*pi)", "Φ(q) + q·exp(−q²)/√(2π): the density's ½ left out", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 - q*exp(-q^2/2)/sqrt(2*pi)", "Φ(q) − q times the normal density", SEEN),
        (
            GELU_TANH_SLOPE,
            "that of gelu's approximation by tanh",
            SEEN,
        ),
        ("sigmoid(1.702*q)*(1 + 1.702*q*(1 - sigmoid(1.702*q)))", "that of q·σ(1.702q), an approximation", SEEN),
        ("(1 + erf(q))/2 + q*exp(-q^2/2)/sqrt(2*pi)", "that with erf(q) for erf(q/√2)", RARE),
    ),
    "mish": (
        ("tanh(log(1 + exp(q)))", "tanh(softplus(q)): the product rule's other term is left out", USUAL),
        (
            "tanh(log(1 + exp(q))) + q*(1 - tanh(log(1 + exp(q)))^2)",
            "tanh(softplus(q)) + q·(1 − tanh²): softplus's own slope σ left out",
            SEEN,
        ),
        (
            "tanh(log(1 + exp(q))) + q*sigmoid(q)",
            "tanh(softplus(q)) + q·σ: tanh's own slope left out",
            SEEN,
        ),
        ("q*(1 - tanh(log(1 + exp(q)))^2)*sigmoid(q)", "the product rule's second term alone", SEEN),
    ),
    "softsign": (
        ("1/(1 + abs(q))", "1/(1 + |q|), not squared", SEEN),
        ("1/(1 + q^2)", "1/(1 + q²)", RARE),
        ("1/(1 + q)^2", "1/(1 + q)², without the absolute value", SEEN),
        ("(1 - f)^2", "(1 − φ)², without the absolute value", SEEN),
        ("-1/(1 + abs(q))^2", "−1/(1 + |q|)²", SEEN),
    ),
    "exp": (
        ("q", "q, its argument", USUAL),
        ("q*exp(q - 1)", "q·exp(q − 1), differentiated as a power", USUAL),
        ("-exp(q)", "−exp(q)", SEEN),
    ),
    "log": (
        ("q", "q", SEEN),
        ("1/q^2", "1/q²", SEEN),
        ("-1/q^2", "−1/q²", SEEN),
        ("-1/q", "−1/q", SEEN),
        ("1/log(q)", "1/log(q)", RARE),
        ("log(q)/q", "log(q)/q", RARE),
        ("1/(log(10)*q)", "1/(q·log 10), that of log10", SEEN),
    ),
    "log10": (("1/q", "1/q: the logarithm's base forgotten", USUAL), ("log(10)/q", "log(10)/q", SEEN)),
    "log2": (("1/q", "1/q: the logarithm's base forgotten", USUAL), ("log(2)/q", "log(2)/q", SEEN)),
    "log1p": (("1/q", "1/q", USUAL), ("1/(1 + q)^2", "1/(1 + q)²", RARE)),
    "sqrt": (
        ("1/sqrt(q)", "1/√q: the root's ½ left out", USUAL),
        ("sqrt(q)/2", "√q/2", SEEN),
        ("1/(2*q)", "1/(2q)", SEEN),
        ("2/sqrt(q)", "2/√q", SEEN),
        ("-1/(2*sqrt(q))", "−1/(2√q)", SEEN),
    ),
    "cbrt": (("1/cbrt(q)^2", "1/cbrt(q)²: the third left out", USUAL), ("1/(3*cbrt(q))", "1/(3·cbrt(q))", SEEN)),
    "sin": (("-cos(q)", "−cos", SEEN), ("-sin(q)", "−sin", RARE)),
    "cos": (("sin(q)", "sin", USUAL), ("-cos(q)", "−cos", RARE)),
    "tan": (
        ("1/cos(q)", "1/cos, not squared", SEEN),
        ("1 - tan(q)^2", "1 − tan²", SEEN),
        ("-1/cos(q)^2", "−1/cos²", SEEN),
        ("1/sin(q)^2", "1/sin²", SEEN),
        ("sec(q)*tan(q)", "sec·tan, that of sec", SEEN),
    ),
    "sec": (("-sec(q)*tan(q)", "−sec·tan", USUAL), ("sec(q)^2", "sec², that of tan", SEEN), ("tan(q)^2", "tan²", RARE)),
    "csc": (("csc(q)*cot(q)", "csc·cot", USUAL),),
    "cot": (("1/sin(q)^2", "1/sin²", USUAL), ("1/cos(q)^2", "1/cos²", SEEN)),
    "asin": (
        ("-1/sqrt(1 - q^2)", "−1/√(1 − q²), that of arccos", USUAL),
        ("1/sqrt(1 + q^2)", "1/√(1 + q²)", SEEN),
        ("1/(1 - q^2)", "1/(1 − q²), without the root", SEEN),
        ("1/cos(q)", "1/cos", RARE),
    ),
    "acos": (
        ("1/sqrt(1 - q^2)", "1/√(1 − q²), that of arcsin", USUAL),
        ("-1/sqrt(1 + q^2)", "−1/√(1 + q²)", SEEN),
        ("-1/(1 - q^2)", "−1/(1 − q²), without the root", SEEN),
    ),
    "atan": (
        ("1/(1 - q^2)", "1/(1 − q²)", USUAL),
        ("1/sqrt(1 + q^2)", "1/√(1 + q²)", SEEN),
        ("-1/(1 + q^2)", "−1/(1 + q²)", SEEN),
        ("1/(1 + q)", "1/(1 + q), without the square", SEEN),
        ("1/(1 + q)^2", "1/(1 + q)²", RARE),
        ("1/cos(q)^2", "1/cos²", RARE),
    ),
    "sinh": (("-cosh(q)", "−cosh", USUAL),),
    "cosh": (("-sinh(q)", "−sinh", USUAL),),
    "asinh": (("1/sqrt(q^2 - 1)", "1/√(q² − 1)", USUAL), ("1/(1 + q^2)", "1/(1 + q²)", SEEN)),
    "acosh": (("1/sqrt(q^2 + 1)", "1/√(q² + 1)", USUAL), ("1/sqrt(1 - q^2)", "1/√(1 − q²)", SEEN)),
    "atanh": (("1/(1 + q^2)", "1/(1 + q²)", USUAL), ("1/sqrt(1 - q^2)", "1/√(1 − q²)", SEEN)),
    "erf": (
        ("exp(-q^2)", "exp(−q²): the factor 2/√π left out", USUAL),
        ("exp(-q^2)/sqrt(pi)", "exp(−q²)/√π: the 2 left out", SEEN),
        ("exp(-q^2/2)/sqrt(2*pi)", "exp(−q²/2)/√(2π)", SEEN),
        ("2*exp(q^2)/sqrt(pi)", "2exp(q²)/√π", RARE),
    ),
    "abs": (
        ("1", "1", USUAL),
        ("where(q > 0, 1, 0)", "0 where q is negative, as relu's", SEEN),
        ("-sign(q)", "−sign", SEEN),
        ("q", "q, as of half a square", SEEN),
    ),
    "max": (("1", "1 where the bound is larger too", USUAL), ("0", "0 everywhere", SEEN)),
    "min": (("1", "1 where the bound is smaller too", USUAL), ("0", "0 everywhere", SEEN)),
    "hard_sigmoid": (
        ("where(abs(q) < 3, 1/5, 0)", "1/5, that of Keras's older hard sigmoid", USUAL),
        ("1/6", "1/6 where it is flat too", USUAL),
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("where(abs(q) < 3, 1, 0)", "1 between the kinks", SEEN),
        ("where(abs(q) < 3, 1/2, 0)", "½ between the kinks", SEEN),
    ),
    "hard_tanh": (
        ("1 - f^2", "1 − φ², as if it were tanh", SEEN),
        ("where(q > -1, 1, 0)", "1 above the upper kink too", SEEN),
        ("where(q < 1, 1, 0)", "1 below the lower kink too", SEEN),
    ),
    "relu6": (("where(q > 0, 1, 0)", "1 above 6 too, as relu's", USUAL),),
    "hard_swish": (
        (
            "where(abs(q) < 3, (q + 3)/6, where(q > 0, 1, 0))",
            "(q + 3)/6: the product rule's other term is left out",
            USUAL,
        ),
        ("where(abs(q) < 3, q/6, where(q > 0, 1, 0))", "q/6: the product rule's first term is left out", SEEN),
        ("where(abs(q) < 3, q/3, where(q > 0, 1, 0))", "q/3, without ½", SEEN),
        ("(2*q + 3)/6", "(2q + 3)/6 outside of the kinks too", USUAL),
        ("where(abs(q) < 3, (2*q + 3)/6, 0)", "0 outside of the kinks", SEEN),
    ),
    "log_sigmoid": (
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("sigmoid(q)", "σ; it is 1 − σ", USUAL),
        ("sigmoid(q) - 1", "σ − 1", SEEN),
        ("1/sigmoid(q)", "1/σ: σ′ left out", USUAL),
        ("sigmoid(q)*(1 - sigmoid(q))", "σ(1 − σ): 1/σ left out", USUAL),
    ),
    "gelu_tanh": (
        (
            "(1 + tanh(sqrt(2/pi)*(q + 0.044715*q^3)))/2",
            "½(1 + tanh(…)): the product rule's other term is left out",
            USUAL,
        ),
        (
            "(1 + erf(q/sqrt(2)))/2 + q*exp(-q^2/2)/sqrt(2*pi)",
            "that of the exact gelu, with erf",
            USUAL,
        ),
    ),
    "gaussian": (
        ("-q*exp(-q^2)", "−q·exp(−q²): the 2 left out", USUAL),
        ("2*q*exp(-q^2)", "2q·exp(−q²), without the minus", USUAL),
        ("-2*q", "−2q", SEEN),
    ),
}
_PIECES = {  # activations of pieces, their slopes on the right and on the left of 0 gone wrong
    "leaky_relu": (("0", "0 where q is negative, as relu's", USUAL),),
    "elu": (
        ("0", "0 where q is negative, as relu's", USUAL),
        ("f", "elu itself where q is negative", SEEN),
        ("q + {a}", "q + α where q is negative: the form for the output, fed the sum", USUAL),
        ("exp(q)", "exp(q) where q is negative, without α", SEEN),
    ),
    "celu": (
        ("exp(q)", "exp(q) where q is negative: exp(q/α) without the α", SEEN),
        ("exp(q/{a})/{a}", "exp(q/α)/α where q is negative", SEEN),
        ("{a}*exp(q/{a})", "α·exp(q/α) where q is negative: the inner derivative 1/α left out", USUAL),
        ("f", "celu itself where q is negative", SEEN),
        ("0", "0 where q is negative, as relu's", USUAL),
    ),
    "selu": (
        ("0", "0 where q is negative, as relu's", USUAL),
        ("1", "1 where q is negative too", SEEN),
        (f"{SELU_ALPHA}*exp(q)", "α·exp(q) where q is negative: the scale λ left out", USUAL),
        (f"{SELU_SCALE}*exp(q)", "λ·exp(q) where q is negative: α left out", SEEN),
        ("exp(q)", "exp(q) where q is negative: λα left out", SEEN),
        ("f", "selu itself where q is negative", SEEN),
        (f"f + {SELU_ALPHA}", "φ + α where q is negative; it is φ + λα", USUAL),
    ),
}


def forms_of(name: str, tree: Apply) -> Iterator[tuple[str, str, Frequency]]:
    """Wrong forms of a function's slope, in q and the function's value f; what is said of each, and how usual it is."""
    yield from FORMS.get(SAME.get(name, name), ())
    right = SELU_SCALE if name == "selu" else "1"
    a = next((str(one.value) for one in tree.arguments if isinstance(one, Number)), "1")
    for left, said, often in _PIECES.get(name, ()):
        yield f"where(q > 0, {right}, {left.format(a=a)})", said, often
    if name == "leaky_relu":
        yield f"where(q > 0, {a}, 1)", "that of the other side of the kink", SEEN
        yield f"where(q > 0, 1, -{a})", "−α where q is negative", SEEN
