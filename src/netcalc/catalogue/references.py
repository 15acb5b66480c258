"""Activations as people name them: a row of the catalogue, a function that expressions know, or an expression in q."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netcalc.catalogue.activations import ACTIVATIONS, BY_NAME, Activation, BoundActivation
from netcalc.catalogue.names import normalised, split_reference, unknown
from netcalc.errors import ExpressionError, NetcalcError, UnknownNameError, ValueSyntaxError
from netcalc.expression import parse, symbols
from netcalc.expression import read as read_expression
from netcalc.expression.functions import folded, function_named

# Arguments that change no value.
NO_PARAMETERS = frozenset({"inplace", "training", "dtype", "input"})
_GATE = "it multiplies one half of its input by a gate made of the other half"
# Other libraries' activations that take more than one number, and what they do.
OF_MANY_NUMBERS: Mapping[str, str] = {
    **dict.fromkeys(("glu", "geglu", "swiglu", "reglu"), _GATE),
    "softmin": "it makes shares of a whole vector",
    "gumbelsoftmax": "it makes shares of a whole vector, at random",
    "maxout": "it takes the largest of several numbers",
    "crelu": "it makes two outputs of one input",
}


def custom(formula: str) -> BoundActivation:
    """An activation that is an expression in `q` and has no row: it is named by its formula.

    Raises ExpressionError for one that does not read or has another variable.
    """
    reading = read_expression(formula, {"q"})
    for name in symbols(reading.tree):
        if name != "q":
            place = re.search(rf"(?<!\w){re.escape(name)}", formula)
            raise ExpressionError(
                f"an activation is an expression in q alone; here is {name} too",
                source=formula,
                position=place.start() if place else 0,
            )
    if not reading.free:
        return BoundActivation(Activation(formula, formula))
    from netcalc.notation import to_ascii  # what is typed with its signs needs none

    return BoundActivation(Activation(formula, to_ascii(reading.tree)))


def read(text: str) -> BoundActivation:
    """The activation of that name, or the expression in q.

    Raises UnknownNameError, ExpressionError.
    """
    return activation(text) if is_reference(text) else custom(text)


def is_reference(text: str) -> bool:
    """Whether `text` names a row or tries to (`gelu`, `sigmod`, `elu(1.5)`) and is no expression in q (`sin(q)`)."""
    reference = split_reference(text)
    if reference is None:
        return False
    name, arguments = reference
    return name != "q" and not any(re.search(r"(?<![A-Za-z_])q(?!\w)", argument) for argument in arguments)


def activation(text: str) -> BoundActivation:
    """The activation that `text` names: `gelu`, `leaky_relu(0.2)`, `elu(alpha=1.5)`, `Softshrink(lambd=0.3)`.

    Raises UnknownNameError for a name or parameter that is not there, ValueSyntaxError for a bad parameter.
    """
    if not isinstance(text, str):
        raise NetcalcError(f"an activation is named by text, as in 'gelu', and not {text!r}")
    name, given = split_reference(text) or (text, ())
    arguments = [one for one in given if one.partition("=")[0].strip() not in NO_PARAMETERS]
    spelling = folded(normalised(name))
    if spelling == "gelu" and arguments:
        spelling, arguments = _approximated(arguments)
    row = BY_NAME.get(spelling)
    if row is None and spelling in OF_MANY_NUMBERS:
        raise UnknownNameError(f"{name} is no activation of one number: {OF_MANY_NUMBERS[spelling]}")
    function = function_named(name.replace("-", "_"))
    most = 0 if function is None or function.most is None else function.most - 1  # beside q
    if row is not None and not len(row.parameters) < len(arguments) <= most:  # softplus(2) is the function's
        return row.bind(arguments)
    if function is not None and function.most is not None:
        return _of_function(function.name, arguments)
    raise unknown("activation", name, ACTIVATIONS, "netcalc activations lists them")


def _approximated(arguments: list[str]) -> tuple[str, list[str]]:
    """PyTorch's gelu(approximate='tanh') is a function of its own."""
    word = "".join(arguments).replace(" ", "").removeprefix("approximate=").strip("'\"")
    if word not in ("tanh", "none"):
        raise ValueSyntaxError(f"gelu takes approximate=tanh or approximate=none, not '{', '.join(arguments)}'")
    return ("gelutanh" if word == "tanh" else "gelu"), []


def _of_function(name: str, arguments: list[str]) -> BoundActivation:
    """A function that expressions know and the catalogue doesn't, as an activation: `softshrink(0.3)`, `cos`."""
    from netcalc.notation import to_ascii  # a name of the catalogue needs none

    label = f"{name}({', '.join(arguments)})" if arguments else name
    called = f"{name}({', '.join(['q', *arguments])})"
    return BoundActivation(custom(called).row._replace(name=label, formula=to_ascii(parse(called))))
