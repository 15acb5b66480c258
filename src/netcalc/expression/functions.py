"""The functions that an expression may call: a row each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Function(NamedTuple):
    """A function of `least` to `most` arguments (None: any number), and its other spellings."""

    name: str
    aliases: tuple[str, ...] = ()
    least: int = 1
    most: int | None = 1

    @property
    def arity(self) -> str:
        """`1 argument`, `1 or 2 arguments`, `at least 1 argument`."""
        if self.most is None:
            count = f"at least {self.least}"
        else:
            count = str(self.most) if self.least == self.most else f"{self.least} or {self.most}"
        return f"{count} argument{'' if count.endswith('1') else 's'}"


ELEMENTARY = (
    Function("exp"),
    Function("expm1"),
    Function("log", ("ln",)),
    Function("log2"),
    Function("log10"),
    Function("log1p"),
    Function("sqrt"),
    Function("cbrt"),
    Function("sin"),
    Function("cos"),
    Function("tan"),
    Function("sec"),
    Function("csc"),
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
    Function("gamma", ("Gamma",)),
    Function("lgamma", ("gammaln", "loggamma")),
    Function("digamma"),
    Function("polygamma", (), 2, 2),
    Function("abs"),
    Function("sign", ("sgn",)),
    Function("max", (), 1, None),
    Function("min", (), 1, None),
    Function("where", ("if", "piecewise"), 3, 3),
)

# Beside exp, sin and atan, which the catalogue of activations holds too. A test holds this list to it.
ACTIVATIONS = (
    Function("identity"),
    Function("sigmoid", ("sigma",)),
    Function("relu"),
    Function("leaky_relu", (), 1, 2),
    Function("elu", (), 1, 2),
    Function("selu"),
    Function("celu", (), 1, 2),
    Function("softplus"),
    Function("softsign"),
    Function("silu", ("swish",)),
    Function("gelu"),
    Function("gelu_tanh"),
    Function("mish"),
    Function("hard_sigmoid", ("hardsigmoid",)),
    Function("hard_tanh", ("hardtanh",)),
    Function("hard_swish", ("hardswish",)),
    Function("log_sigmoid", ("logsigmoid",)),
    Function("gaussian"),
    Function("relu6"),
)

# Of lists; the parser writes them out, so no tree holds them.
OF_LISTS = (Function("sum", (), 1, None), Function("dot", (), 2, 2))

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        spelling: function
        for function in (*ELEMENTARY, *ACTIVATIONS, *OF_LISTS)
        for spelling in (function.name, *function.aliases)
    }
)

# Without brackets these are the variables that papers write γ and σ.
ALSO_VARIABLES = frozenset({"gamma", "Gamma", "sigma"})
