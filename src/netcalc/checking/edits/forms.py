"""The slopes of functions in wrong forms, as people write them down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Frequency
from netcalc.expression import Apply, Number, Symbol, Tree, parse, substitute
from netcalc.notation import to_unicode

SELU_SCALE = "1.0507009873554804934193349852946"
SELU_ALPHA = "1.6732632423543772848170429916717"

GELU_TANH_SLOPE = (
    "sigmoid(sqrt(8/pi)*(q + 0.044715*q^3))*(1 + q*(1 - sigmoid(sqrt(8/pi)*(q + 0.044715*q^3)))"
    "*sqrt(8/pi)*(1 + 0.134145*q^2))"
)
SAME = {"arctan": "atan"}  # functions of two names

# Of a function the forms of its slope, in q and the function's value f, a semicolon between them: `!` before those
# that are usual, `~` before rare ones. What is told of one is the formula with φ for f, and what stands behind `|`;
# or what stands behind `=`.
FORMS: Mapping[str, str] = {
    "sigmoid": (
        "! (1 - f)/f; ! 1 - f |, which is exp(−q)/(1 + exp(−q)); ~ f - (1 - f); "
        "f^2 |, which is 1/(1 + exp(−q))²; 1 - f^2 |, as if it were tanh; "
        "! q*(1 - q) = q(1 − q): the form for the output, fed the sum; ~ f/(1 - f); ~ (1 - f)^2; ~ q*f*(1 - f)"
    ),
    "tanh": (
        "! 1 - f; (1 - f)^2; f^2 |, without 1 −; f*(1 - f) = φ(1 − φ), as if it were σ; "
        "! 1 - q^2 |: the form for the output, fed the sum; 1/cosh(q) = sech(q), not squared; "
        "1/cosh(f) = sech(φ); ~ 1/(1 + q^2) |, as if it were arctan"
    ),
    "relu": (
        "! 1 = 1 where q is negative too; 0 = 0 everywhere; q |, its argument, not 1 or 0; "
        "where(q > 0, 0, 1) = that of the other side of the kink; where(q > 0, 1, -1) = −1 where q is negative; "
        "~ where(q > 0, 1, 1/100) = 0.01 where q is negative, as leaky_relu's"
    ),
    "softplus": (
        "1/(1 + exp(q)) |: exp(q) for exp(−q); exp(q); ~ 1/(1 + exp(q))^2; f*(1 - f) = φ(1 − φ), as if it were σ"
    ),
    "silu": (
        "! sigmoid(q) = σ(q): the product rule's other term is left out; "
        "f*(1 - f) = φ(1 − φ), as if it were σ; ~ sigmoid(q) + f*(1 - f); "
        "~ sigmoid(q)*(1 + q*(1 - q)) = σ(1 + q(1 − q)): q for σ; "
        "q + sigmoid(q)*(1 - f) = q + σ(1 − φ): q for φ; "
        "~ 1 + exp(-q) + q*exp(-q)/(1 + exp(-q))^2 |: brackets missing"
    ),
    "gelu": (
        "! (1 + erf(q/sqrt(2)))/2 = Φ(q): the product rule's other term is left out; "
        f"exp(-q^2/2)/sqrt(2*pi) = the normal density; {GELU_TANH_SLOPE} = that of gelu's approximation by tanh; "
        "sigmoid(1.702*q)*(1 + 1.702*q*(1 - sigmoid(1.702*q))) = that of q·σ(1.702q), an approximation"
    ),
    "mish": "! tanh(log(1 + exp(q))) = tanh(softplus(q)): the product rule's other term is left out",
    "softsign": "~ 1/(1 + q^2); (1 - f)^2 |, without the absolute value",
    "identity": "q*(1 - q) = q(1 − q), σ's by its output; 1 - q^2 = 1 − q², tanh's by its output",
    "exp": "! q |, its argument; ! q*exp(q - 1) |, differentiated as a power; q*exp(q) |, multiplied by its argument",
    "log": "1/q^2; -1/q^2; ~ 1/log(q); ~ log(q)/q; 1/(log(10)*q) = 1/(q·log 10), that of log10",
    "log10": "! 1/q |: the logarithm's base forgotten; log(10)/q",
    "log2": "! 1/q |: the logarithm's base forgotten; log(2)/q",
    "log1p": "! 1/q; ~ 1/(1 + q)^2",
    "sqrt": "! 1/sqrt(q) |: the root's ½ left out; sqrt(q)/2; 2/sqrt(q)",
    "cbrt": "! 1/cbrt(q)^2 = 1/cbrt(q)²: the third left out",
    "sin": "~ -sin(q)",
    "cos": "~ -cos(q)",
    "tan": "1 - tan(q)^2; 1 + tan(q) |, not squared; 1/sin(q)^2; sec(q)*tan(q) |, that of sec",
    "sec": "sec(q)^2 |, that of tan; ~ tan(q)^2",
    "cot": "1/cos(q)^2",
    "asin": "! -1/sqrt(1 - q^2) |, that of arccos; ~ 1/cos(q)",
    "acos": "! 1/sqrt(1 - q^2) |, that of arcsin",
    "atan": "! 1/(1 - q^2); 1/sqrt(1 + q^2); ~ 1/(1 + q)^2; ~ 1/cos(q)^2",
    "asinh": "! 1/sqrt(q^2 - 1); 1/(1 + q^2)",
    "acosh": "! 1/sqrt(q^2 + 1); 1/sqrt(1 - q^2)",
    "atanh": "! 1/(1 + q^2); 1/sqrt(1 - q^2)",
    "erf": "! exp(-q^2) |: the factor 2/√π left out; exp(-q^2/2)/sqrt(2*pi)",
    "abs": (
        "! 1; where(q > 0, 1, 0) = 0 where q is negative, as relu's; q |, as of half a square; ~ 2*q |, as of a square"
    ),
    "max": "! 1 = 1 where the bound is larger too; 0 = 0 everywhere",
    "min": "! 1 = 1 where the bound is smaller too; 0 = 0 everywhere",
    "hard_sigmoid": (
        "! where(abs(q) < 3, 1/5, 0) = 1/5, that of Keras's older hard sigmoid; "
        "! 1/6 = 1/6 where it is flat too; f*(1 - f) = φ(1 − φ), as if it were σ; "
        "where(abs(q) < 3, 1, 0) = 1 between the kinks; where(abs(q) < 3, 1/2, 0) = ½ between the kinks"
    ),
    "hard_tanh": (
        "1 - f^2 |, as if it were tanh; where(q > -1, 1, 0) = 1 above the upper kink too; "
        "where(q < 1, 1, 0) = 1 below the lower kink too"
    ),
    "relu6": "! where(q > 0, 1, 0) = 1 above 6 too, as relu's",
    "hard_swish": (
        "! where(abs(q) < 3, (q + 3)/6, where(q > 0, 1, 0)) = (q + 3)/6: the product rule's other term is left out; "
        "where(abs(q) < 3, q/6, where(q > 0, 1, 0)) = q/6: the product rule's first term is left out; "
        "! (2*q + 3)/6 = (2q + 3)/6 outside of the kinks too; "
        "where(abs(q) < 3, (2*q + 3)/6, 0) = 0 outside of the kinks"
    ),
    "log_sigmoid": (
        "f*(1 - f) = φ(1 − φ), as if it were σ; ! sigmoid(q); ! 1/sigmoid(q) |: σ′ left out; "
        "! sigmoid(q)*(1 - sigmoid(q)) |: 1/σ left out"
    ),
    "gelu_tanh": (
        "! (1 + tanh(sqrt(2/pi)*(q + 0.044715*q^3)))/2 = ½(1 + tanh(…)): the product rule's other term is left out; "
        "! (1 + erf(q/sqrt(2)))/2 + q*exp(-q^2/2)/sqrt(2*pi) = that of the exact gelu, with erf"
    ),
    "gaussian": "! -q*exp(-q^2) |: the 2 left out",
}
_PIECES = {  # activations of pieces, their slopes on the left of 0 gone wrong
    "leaky_relu": "! 0 = 0 where q is negative, as relu's",
    "elu": (
        "! 0 = 0 where q is negative, as relu's; f = elu itself where q is negative; "
        "f + 1 = φ + 1 where q is negative; "
        "! q + {a} = q + α where q is negative: the form for the output, fed the sum"
    ),
    "celu": (
        "exp(q) = exp(q) where q is negative: exp(q/α) without the α; "
        "exp(q/{a})/{a} = exp(q/α)/α where q is negative; "
        "! {a}*exp(q/{a}) = α·exp(q/α) where q is negative: the inner derivative 1/α left out; "
        "f = celu itself where q is negative; ! 0 = 0 where q is negative, as relu's"
    ),
    "selu": (
        "! 0 = 0 where q is negative, as relu's; 1 = 1 where q is negative too; "
        "! {alpha}*exp(q) = α·exp(q) where q is negative: the scale λ left out; "
        "exp(q) = exp(q) where q is negative: λα left out; f = selu itself where q is negative; "
        "! f + {alpha} = φ + α where q is negative, for φ + λα"
    ),
}
OFTEN = {"!": USUAL, "~": RARE}


def forms_of(name: str, tree: Apply) -> Iterator[tuple[Tree, str, Frequency]]:
    """Wrong forms of a function's slope, in q and the function's value f; what is said of each, and how usual it is."""
    yield from _read(FORMS.get(SAME.get(name, name), ""))
    right = SELU_SCALE if name == "selu" else "1"
    a = next((str(one.value) for one in tree.arguments if isinstance(one, Number)), "1")
    left = _PIECES.get(name, "").format(a=a, alpha=SELU_ALPHA, scale=SELU_SCALE)
    for form, said, often in _read(left):
        yield substitute(parse(f"where(q > 0, {right}, z)"), {"z": form}), said, often
    if name == "leaky_relu":
        yield parse(f"where(q > 0, {a}, 1)"), "that of the other side of the kink", SEEN
        yield parse(f"where(q > 0, 1, -{a})"), "−α where q is negative", SEEN


@lru_cache(maxsize=128)
def _read(table: str) -> tuple[tuple[Tree, str, Frequency], ...]:
    """The forms of a text, each with what is said of it."""
    found = []
    for row in filter(None, table.split("; ")):
        formula, _, words = row.lstrip("!~ ").partition(" = ")
        formula, _, reason = formula.partition(" |")
        tree = parse(formula)
        said = words or written(substitute(tree, {"f": Symbol("φ")})) + reason
        found.append((tree, said, OFTEN.get(row[0], SEEN)))
    return tuple(found)


def written(slope: Tree) -> str:
    """A slope as it is read: `σ(1 − σ)`."""
    text = to_unicode(slope)
    bare = text.replace("(q)", "")
    return text if "q" in bare.replace("sqrt", "") else bare
