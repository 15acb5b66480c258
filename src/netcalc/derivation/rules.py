"""The rules of differentiation: what each function's slope is, a row a function.

A slope is a formula in the function's arguments, named `q`, or `p` and `q` where there are two. The operators' own
rules (sum, product, quotient, power, choice) are in `accumulate.py`; the catalogue's activations are derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from netcalc.expression import Tree, parse
from netcalc.records import dataclass


@dataclass(frozen=True)
class Rule:
    """A function's derivative by each of its arguments, and what a textbook calls the rule.

    A slope is None where there is no derivative by that argument: the order of a polygamma function is a whole number.
    """

    function: str
    slopes: tuple[str | None, ...]
    called: str

    @cached_property
    def trees(self) -> tuple[Tree | None, ...]:
        """The slopes as trees."""
        return tuple(None if slope is None else parse(slope) for slope in self.slopes)


_ROWS = (
    Rule("exp", ("exp(q)",), "exponential"),
    Rule("expm1", ("exp(q)",), "exponential"),
    Rule("log", ("1/q",), "logarithm"),
    Rule("log2", ("1/(log(2)*q)",), "logarithm"),
    Rule("log10", ("1/(log(10)*q)",), "logarithm"),
    Rule("log1p", ("1/(1 + q)",), "logarithm"),
    Rule("sqrt", ("1/(2*sqrt(q))",), "square root"),
    Rule("cbrt", ("1/(3*cbrt(q)^2)",), "cube root"),
    Rule("sin", ("cos(q)",), "sine"),
    Rule("cos", ("-sin(q)",), "cosine"),
    Rule("tan", ("1/cos(q)^2",), "tangent"),
    Rule("sec", ("sec(q)*tan(q)",), "secant"),
    Rule("csc", ("-csc(q)*cot(q)",), "cosecant"),
    Rule("cot", ("-1/sin(q)^2",), "cotangent"),
    Rule("asin", ("1/sqrt(1 - q^2)",), "arcsine"),
    Rule("acos", ("-1/sqrt(1 - q^2)",), "arccosine"),
    Rule("atan", ("1/(1 + q^2)",), "arctangent"),
    Rule("atan2", ("q/(p^2 + q^2)", "-p/(p^2 + q^2)"), "angle"),
    Rule("sinh", ("cosh(q)",), "hyperbolic sine"),
    Rule("cosh", ("sinh(q)",), "hyperbolic cosine"),
    Rule("tanh", ("1 - tanh(q)^2",), "hyperbolic tangent"),
    Rule("asinh", ("1/sqrt(1 + q^2)",), "inverse hyperbolic sine"),
    Rule("acosh", ("1/sqrt(q^2 - 1)",), "inverse hyperbolic cosine"),
    Rule("atanh", ("1/(1 - q^2)",), "inverse hyperbolic tangent"),
    Rule("erf", ("2*exp(-q^2)/sqrt(pi)",), "error function"),
    Rule("erfc", ("-2*exp(-q^2)/sqrt(pi)",), "error function"),
    Rule("erfinv", ("sqrt(pi)*exp(erfinv(q)^2)/2",), "inverse error function"),
    Rule("gamma", ("gamma(q)*digamma(q)",), "gamma function"),
    Rule("lgamma", ("digamma(q)",), "log-gamma function"),
    Rule("digamma", ("polygamma(1, q)",), "digamma function"),
    Rule("polygamma", (None, "polygamma(p + 1, q)"), "polygamma function"),
    Rule("abs", ("sign(q)",), "absolute value"),
    Rule("sign", ("0",), "sign"),
    Rule("floor", ("0",), "whole number below"),
)

RULES: Mapping[str, Rule] = MappingProxyType({row.function: row for row in _ROWS})

# What the operators' rules are called.
OPERATOR_RULES: Mapping[str, str] = MappingProxyType(
    {
        "add": "sum",
        "subtract": "sum",
        "negate": "constant factor",
        "multiply": "product",
        "divide": "quotient",
        "power": "power",
        "where": "choice",
        "max": "choice",
        "min": "choice",
    }
)
