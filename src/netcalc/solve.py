"""Problem → result: the passes run in the arithmetic that the problem calls for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.errors import UndefinedError
from netcalc.explain import Explanation, explain
from netcalc.expression import Tree, is_constant
from netcalc.notation import to_ascii, to_unicode
from netcalc.passes import Quantities, run
from netcalc.problem import Problem, free_names
from netcalc.result import Result, Tensor, Value

# Each arithmetic loads a library of its own, so it is imported where it is chosen.

CERTIFIED_WORK = 20_000  # multiplications of a forward pass that balls do in about a tenth of a second
FIRST_BITS = 128
LAST_BITS = 1 << 16
SHOWN_DIGITS = 6


def solve(problem: Problem, *, digits: int | None = None, exact: bool = False) -> Result:
    """The forward values and every partial.

    `digits` asks for that many proven significant digits, `exact` for closed forms.
    Raises UndefinedError where a function has no value.
    """
    names = free_names(problem.tensors)
    if names:
        entries, certainty = _symbolic(problem, names, digits)
    elif problem.work <= CERTIFIED_WORK or digits is not None or exact:
        entries, certainty = _certain(problem, digits)
    else:
        entries, certainty = _fast(problem)
    if exact and not names:
        entries = _with_closed_forms(problem, entries)
    return _result(problem, entries, certainty)


def _result(problem: Problem, entries: Quantities, certainty: str) -> Result:
    shown = {called.name: _shaped(problem, entries[name], called.shape) for name, called in problem.names.items()}
    _refuse_undefined(problem, shown)
    explained: Explanation = explain(problem, shown)
    hidden = {problem.names[name].name for name in problem.hidden}
    tensors = [
        Tensor(name, array, explained.formulas[name], explained.of.get(name), problem.index_from)
        for name, array in shown.items()
    ]
    return Result(
        problem.command,
        problem.given,
        tuple(tensor for tensor in tensors if tensor.name not in hidden),
        explained.steps,
        (*problem.notes, *explained.notes, *_range_notes([one for one in tensors if one.name not in hidden])),
        certainty,
        problem.many and problem.per_sample,
        tuple(tensor for tensor in tensors if tensor.name in hidden),
    )


def _shaped(problem: Problem, array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """The part that the command shows; the samples' axis stays in front where there are many."""
    if shape is None:
        return array
    return array.reshape((len(problem.x), *shape) if problem.many else shape)


def _fast(problem: Problem) -> tuple[Quantities, str]:
    from netcalc.arithmetic.fast import Fast

    return run(problem, Fast()), "float64, not certified"


def _certain(problem: Problem, digits: int | None) -> tuple[Quantities, str]:
    from netcalc.arithmetic.certain import Certain, precision

    count = digits or SHOWN_DIGITS
    for bits in _doubling(count):
        with precision(bits):
            entries = {
                name: each(lambda numeral: _value(numeral, count, as_digits=digits is not None), array)
                for name, array in run(problem, Certain(bits)).items()
            }
        values = [value for name in problem.names.keys() - problem.hidden for value in entries[name].flat]
        proven = sum(value.certified for value in values)
        if proven == len(values):
            break
    return entries, f"certified: {proven} of {len(values)} values"


def _doubling(count: int) -> list[int]:
    """Precisions to try for that many digits, in bits."""
    first = max(FIRST_BITS, int(count * 3.33) + 64)
    doublings = max(2, (LAST_BITS // first).bit_length())
    return [first << step for step in range(doublings)]


def _value(numeral: Any, count: int, *, as_digits: bool = False) -> Value:
    """A numeral as a value; certified where both its float64 and its digits are decided."""
    from netcalc.arithmetic.rounding import digits, middle, nearest

    shown, number = digits(numeral, count), nearest(numeral)
    if shown is not None and number is not None:
        return Value(number, shown, certified=True, as_digits=as_digits)
    guess = middle(numeral)
    return Value(None, "undefined") if guess is None else Value(guess, f"{guess:.{min(count, 6)}g}")


def _symbolic(problem: Problem, names: tuple[str, ...], digits: int | None) -> tuple[Quantities, str]:
    from netcalc.algebra import from_sympy
    from netcalc.arithmetic.symbolic import Symbolic

    def value(expression: Any) -> Value:
        tree = from_sympy(expression, names)
        return constant(tree, digits) if is_constant(tree) else Value(None, to_ascii(tree), formula=tree)

    found = {name: each(value, array) for name, array in run(problem, Symbolic()).items()}
    return found, "formulas in " + ", ".join(names[:6]) + (", …" if len(names) > 6 else "")


def constant(tree: Tree, digits: int | None = None) -> Value:
    """The value of a tree without symbols, certified where it can be decided."""
    from netcalc.arithmetic.certain import numeral, precision
    from netcalc.derive import expand

    whole, count = expand(tree), digits or SHOWN_DIGITS
    for bits in _doubling(count):
        with precision(bits):
            value = _value(numeral(whole, {}), count, as_digits=digits is not None)
        if value.certified:
            break
    return value


def _with_closed_forms(problem: Problem, entries: Quantities) -> Quantities:
    from netcalc.algebra import from_sympy
    from netcalc.arithmetic.symbolic import Symbolic
    from netcalc.derive import shorter

    def closed(value: Value, expression: Any) -> Value:
        return replace(value, exact=from_sympy(shorter(expression)))

    found = run(problem, Symbolic(closed=True))
    return {name: each(closed, entries[name], found[name]) for name in problem.names}


def _refuse_undefined(problem: Problem, shown: Quantities) -> None:
    for name, array in shown.items():
        if array.dtype != object:
            continue
        if any(value.shown == "undefined" for value in array.flat):
            labels = ", ".join(layer.activation_label for layer in problem.layers)
            raise UndefinedError(f"{name} is undefined here: {to_unicode_formula(labels)} has no value at this point")


def to_unicode_formula(text: str) -> str:
    """A formula typed as text, as it is shown."""
    from netcalc.expression import parse

    return to_unicode(parse(text)) if "q" in text else text


def _range_notes(tensors: list[Tensor]) -> list[str]:
    """A line for every value that float64 cannot hold."""
    return [
        f"{element.name} is {element.value.shown}, {side} float64's range"
        for tensor in tensors
        if tensor.entries.dtype == object
        for element in tensor.elements()
        if element.value.nearest is not None
        for side in _outside(element.value.nearest, element.value.shown)
    ]


def _outside(nearest: float, shown: str) -> list[str]:
    if nearest == 0 and shown != "0":
        return ["below"]
    return ["above"] if abs(nearest) == float("inf") else []
