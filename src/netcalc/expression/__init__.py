"""What people type, as a small tree: the one parser, by whitelist, with its limits."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

from netcalc.expression.functions import FUNCTIONS, Function
from netcalc.expression.tree import (
    Apply,
    Constant,
    Leaf,
    Number,
    Shared,
    Symbol,
    Tree,
    add,
    apply,
    divide,
    evaluate,
    fold,
    is_constant,
    multiply,
    negate,
    normalise,
    power,
    share,
    substitute,
    symbols,
)

if TYPE_CHECKING:
    from netcalc.expression.parser import Reading
    from netcalc.expression.tokens import LIMITS, Limits

__all__ = [
    "FUNCTIONS",
    "LIMITS",
    "Apply",
    "Constant",
    "Function",
    "Leaf",
    "Limits",
    "Number",
    "Reading",
    "Shared",
    "Symbol",
    "Tree",
    "add",
    "apply",
    "divide",
    "evaluate",
    "fold",
    "is_constant",
    "multiply",
    "negate",
    "normalise",
    "parse",
    "power",
    "read",
    "share",
    "substitute",
    "symbols",
]
_PLACES = {"LIMITS": "tokens", "Limits": "tokens", "Reading": "parser"}


def parse(text: str, *, limits: Limits | None = None) -> Tree:
    """The tree of an expression, in normal form. Raises ExpressionError, with the offending character's position."""
    from netcalc.expression.parser import parse  # which waits for a text, with all its patterns

    return parse(text, limits)


def read(text: str, variables: Collection[str] = (), *, limits: Limits | None = None) -> Reading:
    """What a person typed, names that are no variables taken apart: `xe^x` where x is one, or stands elsewhere.

    Raises ExpressionError, with the offending character's position.
    """
    from netcalc.expression.parser import read

    return read(text, variables, limits)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"netcalc.expression.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'netcalc.expression' has no attribute {name!r}")
