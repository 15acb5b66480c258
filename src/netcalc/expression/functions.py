"""The functions that an expression may call: a row each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from netcalc.records import NamedTuple

NONE: Mapping[str, str] = {}


class Function(NamedTuple):
    """A function of `least` to `most` arguments (None: any number), and its other spellings.

    `arguments` are their names, as they may be given by name; other libraries' words for one stand behind a bar. A
    function with a `formula` in these is written out, unless it is called with no more than the first `own` of them,
    all but one plain numbers. Where one is left out, that is what `defaults` has for it, or the formula is another,
    which `without` has for it.
    """

    name: str
    aliases: tuple[str, ...] = ()
    least: int = 1
    most: int | None = 1
    arguments: str = ""
    formula: str = ""
    own: int = 0
    without: Mapping[str, str] = NONE
    defaults: Mapping[str, str] = NONE

    @property
    def arity(self) -> str:
        """`1 argument`, `1 or 2 arguments`, `1 to 3 arguments`, `at least 1 argument`."""
        if self.most is None:
            count = f"at least {self.least}"
        elif self.least == self.most:
            count = str(self.most)
        else:
            count = f"{self.least} {'or' if self.most == self.least + 1 else 'to'} {self.most}"
        return f"{count} argument{'' if count.endswith('1') else 's'}"

    @property
    def names(self) -> list[str]:
        """The arguments' names in the formula."""
        return [words.partition("|")[0] for words in self.arguments.split()]

    def place(self, word: str) -> int | None:
        """Which argument a library calls `word`."""
        return next((n for n, words in enumerate(self.arguments.split()) if word in words.split("|")), None)


def _defined(signature: str, formula: str, *aliases: str, own: int = 0, **without: str) -> Function:
    """A function that is written out: its name, its arguments with `=` before their defaults, and the formula in these.

    `without` has the formula where an argument is left out.
    """
    name, *arguments = signature.split()
    words = [one.partition("=") for one in arguments]
    names = [word.partition("|")[0] for word, _, _ in words]
    defaults = {one: default for one, (_, _, default) in zip(names, words, strict=True) if default}
    least = sum(one not in defaults and one not in without for one in names)
    spelled = " ".join(word for word, _, _ in words)
    return Function(name, aliases, least, len(names), spelled, formula, own, without, defaults)


ELEMENTARY = (
    Function("exp"),
    Function("expm1"),
    _defined("log x base", "log(x)/log(base)", "ln", own=1, base="log(x)"),
    Function("log2"),
    Function("log10"),
    Function("log1p"),
    Function("sqrt"),
    Function("cbrt"),
    Function("sin"),
    Function("cos"),
    Function("tan"),
    Function("sec"),
    Function("csc", ("cosec",)),
    Function("cot"),
    Function("asin", ("arcsin",)),
    Function("acos", ("arccos",)),
    Function("atan", ("arctan",)),
    Function("atan2", ("arctan2",), 2, 2),
    Function("sinh"),
    Function("cosh"),
    Function("tanh"),
    Function("asinh", ("arcsinh", "arsinh")),
    Function("acosh", ("arccosh", "arcosh")),
    Function("atanh", ("arctanh", "artanh")),
    Function("erf"),
    Function("erfc"),
    Function("erfinv"),
    Function("gamma", ("Gamma",)),
    Function("lgamma", ("gammaln", "loggamma")),
    Function("digamma", ("psi",)),
    Function("polygamma", (), 2, 2),
    Function("abs", ("fabs", "absolute")),
    Function("sign", ("sgn",)),
    Function("floor"),
    Function("max", ("maximum", "fmax"), 1, None),
    Function("min", ("minimum", "fmin"), 1, None),
    Function("where", ("if", "piecewise"), 3, 3),
)

# Beside exp, sin and atan, which the catalogue of activations holds too. A test holds this list to it.
ACTIVATIONS = (
    Function("identity"),
    Function("sigmoid", ("sigma", "expit", "logistic")),
    Function("relu"),
    _defined("leaky_relu x negative_slope|alpha=1/100", "where(x > 0, x, negative_slope*x)", own=2),
    _defined("elu x alpha=1", "where(x > 0, x, alpha*(exp(x) - 1))", own=2),
    Function("selu"),
    _defined("celu x alpha=1", "where(x > 0, x, alpha*(exp(x/alpha) - 1))", own=2),
    _defined(
        "softplus x beta=1 threshold",
        "where(beta*x > threshold, x, log(1 + exp(beta*x))/beta)",
        own=1,
        threshold="log(1 + exp(beta*x))/beta",
    ),
    Function("softsign"),
    Function("silu", ("swish",)),
    Function("gelu"),
    Function("gelu_tanh"),
    Function("mish"),
    Function("hard_sigmoid"),
    _defined("hard_tanh x min_val=-1 max_val=1", "where(x > min_val, where(x < max_val, x, max_val), min_val)", own=1),
    Function("hard_swish", ("hard_silu",)),
    Function("log_sigmoid", ("log_expit",)),
    Function("gaussian"),
    Function("relu6"),
)

# Textbooks' functions that are written out in others. They are read without brackets too: `sech x`.
TEXTBOOK = (
    _defined("sech x", "1/cosh(x)"),
    _defined("csch x", "1/sinh(x)", "cosech"),
    _defined("coth x", "1/tanh(x)"),
    _defined("asec x", "acos(1/x)", "arcsec"),
    _defined("acsc x", "asin(1/x)", "arccsc"),
    _defined("acot x", "atan(1/x)", "arccot"),
    _defined("asech x", "acosh(1/x)", "arcsech", "arsech"),
    _defined("acsch x", "asinh(1/x)", "arccsch", "arcsch"),
    _defined("acoth x", "atanh(1/x)", "arccoth", "arcoth"),
)

# PyTorch's other activations, written out; the slope of a randomised one is its mean.
TORCH = (
    _defined("prelu x weight=1/4", "where(x > 0, x, weight*x)"),
    _defined("rrelu x lower=1/8 upper=1/3", "where(x > 0, x, (lower + upper)/2*x)"),
    _defined("threshold x threshold value", "where(x > threshold, x, value)"),
    _defined("tanhshrink x", "x - tanh(x)"),
    _defined("softshrink x lambd=1/2", "where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))"),
    _defined("hardshrink x lambd=1/2", "where(x > lambd, x, where(x < -lambd, x, 0))"),
)

# What NumPy, Python's math, SciPy and PyTorch name, written out. Ties are theirs: a clamp passes its bounds' slope on.
LIBRARIES = (
    _defined("square x", "x^2"),
    _defined("pow x y|exponent", "x^y", "power", "float_power"),
    _defined("reciprocal x", "1/x"),
    _defined("rsqrt x", "1/sqrt(x)"),
    _defined("exp2 x", "2^x"),
    _defined("positive x", "x"),
    _defined("negative x", "-x", "neg"),
    _defined("add x y", "x + y"),
    _defined("subtract x y", "x - y", "sub"),
    _defined("multiply x y", "x*y", "mul"),
    _defined("divide x y", "x/y", "true_divide", "div"),
    _defined("fma x y z", "x*y + z"),
    _defined("lerp x y weight", "x + weight*(y - x)"),
    _defined("ldexp x y", "x*2^y"),
    _defined("logaddexp x y", "log(exp(x) + exp(y))"),
    _defined("logaddexp2 x y", "log2(2^x + 2^y)"),
    _defined("logit x", "log(x/(1 - x))"),
    _defined("logcosh x", "log(cosh(x))"),
    _defined("sinc x", "where(x == 0, 1, sin(pi*x)/(pi*x))"),
    _defined("xlogy x y", "where(x == 0, 0, x*log(y))"),
    _defined("xlog1py x y", "where(x == 0, 0, x*log1p(y))"),
    _defined("entr x", "where(x == 0, 0, -x*log(x))"),
    _defined("ndtr x", "erfc(-x/sqrt(2))/2"),
    _defined("ndtri x", "sqrt(2)*erfinv(2*x - 1)"),
    _defined("log_ndtr x", "log(erfc(-x/sqrt(2))/2)"),
    _defined("erfcx x", "exp(x^2)*erfc(x)"),
    _defined("factorial x", "gamma(x + 1)"),
    _defined("betaln x y", "lgamma(x) + lgamma(y) - lgamma(x + y)"),
    _defined("deg2rad x", "pi*x/180", "radians"),
    _defined("rad2deg x", "180*x/pi", "degrees"),
    _defined("ceil x", "-floor(-x)"),
    _defined("trunc x", "where(x < 0, -floor(-x), floor(x))", "fix"),
    _defined("rint x", "where(x - 2*floor(x/2) == 1/2, 2*floor(x/2), floor(x + 1/2))", "round", "around"),
    _defined("frac x", "x - where(x < 0, -floor(-x), floor(x))"),
    _defined("floor_divide x y", "floor(x/y)"),
    _defined("remainder x y", "x - y*floor(x/y)", "mod"),
    _defined("fmod x y", "x - y*where(x/y < 0, -floor(-x/y), floor(x/y))"),
    _defined("heaviside x value|values", "where(x < 0, 0, where(x == 0, value, 1))"),
    _defined("copysign x y", "where(y < 0, -abs(x), abs(x))"),
    _defined("fdim x y", "where(x > y, x - y, 0)"),
    _defined(
        "clip x low|min|a_min|min_val high|max|a_max|max_val",
        "where(x < low, min(low, high), where(x > high, high, x))",
        "clamp",
        low="where(x > high, high, x)",
        high="where(x < low, low, x)",
    ),
    _defined("clamp_min x low|min", "where(x < low, low, x)"),
    _defined("clamp_max x high|max", "where(x > high, high, x)"),
    _defined("squareplus x b=4", "(x + sqrt(x^2 + b))/2"),
)

# Of lists; the parser writes them out, so no tree holds them.
OF_LISTS = (
    Function("sum", ("fsum",), 1, None),
    Function("prod", (), 1, None),
    Function("hypot", (), 1, None),
    Function("dot", ("sumprod",), 2, 2),
    Function("dist", (), 2, 2),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        spelling: function
        for function in (*ELEMENTARY, *ACTIVATIONS, *TEXTBOOK, *TORCH, *LIBRARIES, *OF_LISTS)
        for spelling in (function.name, *function.aliases)
    }
)

# Without brackets these are variables: γ and σ as papers write them, and words that are no textbook's function.
ALSO_VARIABLES = frozenset({"gamma", "Gamma", "sigma", "expit", "logistic", "psi", "fabs", "absolute", "floor"}) | {
    spelling
    for function in (*TORCH, *LIBRARIES, *OF_LISTS[1:])
    for spelling in (function.name, *function.aliases)
    if spelling != "dot"
}


# Those that textbooks write without brackets, and without a space: `sinx`.
SPOKEN = frozenset(
    spelling
    for function in (*ELEMENTARY, *TEXTBOOK)
    for spelling in (function.name, *function.aliases)
    if function.least == 1 and function.most in (1, 2) and spelling not in ALSO_VARIABLES
) - frozenset("floor digamma sign sgn abs erf erfc erfinv lgamma loggamma gammaln log2 log10".split())


def folded(spelling: str) -> str:
    """What `LeakyReLU`, `leaky_relu` and `leakyrelu` have in common."""
    return spelling.replace("_", "").lower()


_FOLDED = {folded(spelling): function for spelling, function in FUNCTIONS.items()}


def function_named(spelling: str) -> Function | None:
    """The function that somebody writes so, in any case and with or without underscores; None if there is none."""
    return FUNCTIONS.get(spelling) or (_FOLDED.get(folded(spelling)) if len(spelling) > 1 else None)
