"""Problem → result: the layers run forward and backward in the arithmetic that the problem calls for."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.derive import applied, derivation
from netcalc.errors import UndefinedError
from netcalc.expression import Apply, Symbol, Tree, parse
from netcalc.layers import Arithmetic, Elementwise, Linear
from netcalc.notation import to_ascii
from netcalc.problem import Neuron, free_names
from netcalc.result import Result, Tensor, Value
from netcalc.steps import neuron_steps

if TYPE_CHECKING:
    from collections.abc import Callable

CERTIFIED_SIZE = 4096  # numbers in a problem that balls still take well under a second for
FIRST_BITS = 128
LAST_BITS = 1 << 16
SHOWN_DIGITS = 6
NAMES = ("q", "f", "slope", "dx", "dw", "db")


def solve(problem: Neuron, *, digits: int | None = None, exact: bool = False) -> Result:
    """The neuron's value and every partial.

    `digits` asks for that many proven significant digits, `exact` for closed forms.
    Raises UndefinedError where the activation has no value.
    """
    names = free_names(problem.tensors)
    if names:
        entries, certainty = _symbolic(problem, names, digits)
    elif problem.size <= CERTIFIED_SIZE or digits is not None:
        entries, certainty = _certain(problem, digits)
    else:
        entries, certainty = _fast(problem)
    if exact and not names:
        _attach_closed_forms(problem, entries)
    return _result(problem, entries, certainty)


def run(problem: Neuron, arithmetic: Arithmetic) -> dict[str, np.ndarray]:
    """Forward and backward through the layers, a row a sample: q, f, φ'(q) and the partials of f (or of L)."""
    linear = Linear(arithmetic.array(problem.w)[None, :], arithmetic.array(problem.b).reshape(1))
    unit = Elementwise(problem.activation)
    x = arithmetic.array(problem.x)
    q = linear.forward(x)
    slope = unit.slope(arithmetic, q)
    delta = slope if problem.delta is None else arithmetic.array(problem.delta)[:, None] * slope
    dw, db = linear.sample_gradients(x, delta)
    f = unit.forward(arithmetic, q)
    found = (q[:, 0], f[:, 0], slope[:, 0], linear.backward(delta), dw[:, 0, :], db[:, 0])
    return dict(zip(NAMES, found, strict=True))


def _fast(problem: Neuron) -> tuple[dict[str, np.ndarray], str]:
    from netcalc.arithmetic.fast import Fast  # noqa: PLC0415 - each arithmetic loads its own library

    return run(problem, Fast()), "float64, by kernels within 8 units in the last place"


def _certain(problem: Neuron, digits: int | None) -> tuple[dict[str, np.ndarray], str]:
    from netcalc.arithmetic.certain import Certain, precision  # noqa: PLC0415 - loads python-flint

    count = digits or SHOWN_DIGITS
    bits = max(FIRST_BITS, int(count * 3.33) + 64)
    last = max(LAST_BITS, 4 * bits)
    while True:
        with precision(bits):
            entries = {name: _rounded(array, count) for name, array in run(problem, Certain(bits)).items()}
            values = [value for array in entries.values() for value in array.flat]
            proven = sum(value.certified for value in values)
            if proven == len(values) or bits >= last:
                break
        bits *= 2
    return entries, f"certified: {proven} of {len(values)} values"


def _rounded(array: np.ndarray, count: int) -> np.ndarray:
    return _each(lambda numeral: _value(numeral, count), array)


def _value(numeral: Any, count: int) -> Value:
    """A numeral as a value; certified where both its float64 and its digits are decided."""
    from netcalc.arithmetic.certain import ball  # noqa: PLC0415 - loads python-flint
    from netcalc.arithmetic.rounding import digits, nearest  # noqa: PLC0415 - loads python-flint

    shown, number = digits(numeral, count), nearest(numeral)
    if shown is not None and number is not None:
        return Value(number, shown, certified=True)
    middle = float(ball(numeral).mid()) if ball(numeral).is_finite() else float("nan")
    return Value(middle, "undefined" if middle != middle else f"{middle:.{min(count, 6)}g}?")  # noqa: PLR0124 - NaN


def _symbolic(problem: Neuron, names: tuple[str, ...], digits: int | None) -> tuple[dict[str, np.ndarray], str]:
    from netcalc.algebra import from_sympy  # noqa: PLC0415 - loads SymPy
    from netcalc.arithmetic.symbolic import Symbolic  # noqa: PLC0415 - loads SymPy

    def value(expression: Any) -> Value:
        tree = from_sympy(expression, names)
        return _constant(tree, digits or SHOWN_DIGITS) or Value(None, to_ascii(tree), formula=tree)

    found = run(problem, Symbolic())
    return {name: _each(value, array) for name, array in found.items()}, "formulas in " + ", ".join(names)


def _constant(tree: Tree, count: int) -> Value | None:
    """The value of a tree without symbols, certified; None where it has some."""
    from netcalc.arithmetic.certain import numeral, precision  # noqa: PLC0415 - loads python-flint
    from netcalc.derive import expand  # noqa: PLC0415

    bits = max(FIRST_BITS, int(count * 3.33) + 64)
    while bits <= LAST_BITS:
        with precision(bits):
            try:
                value = _value(numeral(expand(tree), {}), count)
            except KeyError:
                return None
        if value.certified:
            return value
        bits *= 2
    return value


def _attach_closed_forms(problem: Neuron, entries: Mapping[str, np.ndarray]) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from netcalc.algebra import from_sympy  # noqa: PLC0415 - loads SymPy
    from netcalc.arithmetic.symbolic import Symbolic  # noqa: PLC0415 - loads SymPy
    from netcalc.derive import shorter  # noqa: PLC0415

    for name, closed in run(problem, Symbolic(closed=True)).items():
        for index in np.ndindex(closed.shape):
            entries[name][index] = replace(entries[name][index], exact=from_sympy(shorter(closed[index])))


def _result(problem: Neuron, entries: Mapping[str, np.ndarray], certainty: str) -> Result:
    known = derivation(problem.activation)
    outer = Symbol("delta") if problem.delta is not None else None
    formulas = {
        "q": "sum(w[i]*x[i]) + b",
        "f": to_ascii(_output(problem)),
        "slope": to_ascii(known.shown),
        "dx": to_ascii(_product(outer, Symbol("w[i]"), known.shown)),
        "dw": to_ascii(_product(outer, Symbol("x[i]"), known.shown)),
        "db": to_ascii(_product(outer, None, known.shown)),
    }
    shaped = entries if problem.many else {name: array[0] for name, array in entries.items()}
    tensors = {name: Tensor(name, np.asarray(shaped[name]), formulas[name]) for name in NAMES}
    _refuse_undefined(problem, tensors["f"])
    notes = (*_kink_notes(problem, tensors), *_underflow_notes(tensors))
    steps = () if problem.many else neuron_steps(problem, tensors, known)
    return Result(problem, tensors, ("x", "w", "b"), ("q", "f"), steps, notes, certainty)


def _output(problem: Neuron) -> Tree:
    return applied(problem.activation) if problem.activation.has_kernels else parse(problem.activation.formula)


def _product(*factors: Tree | None) -> Tree:
    """The product of the factors that are there, products among them flattened and ones left out."""
    flat: list[Tree] = []
    for factor in factors:
        if isinstance(factor, Apply) and factor.operator == "multiply":
            flat.extend(factor.arguments)
        elif factor is not None:
            flat.append(factor)
    flat = [factor for factor in flat if factor != parse("1")] or [parse("1")]
    return flat[0] if len(flat) == 1 else Apply("multiply", tuple(flat))


def _refuse_undefined(problem: Neuron, f: Tensor) -> None:
    if f.entries.dtype == object:
        for value in f.entries.flat:
            if value.shown == "undefined":
                raise UndefinedError(f"the activation {problem.activation.formula} is not defined at this q")


def _kink_notes(problem: Neuron, tensors: Mapping[str, Tensor]) -> list[str]:
    q = tensors["q"].entries
    label = problem.activation.label
    notes = []
    for kink in problem.activation.kinks:
        place = constant_fraction(kink)
        here = q.dtype == object and any(value.nearest == float(place) for value in q.flat)
        where = f"q = {kink} is a kink of {label}" if here else f"{label} has a kink at q = {kink}"
        notes.append(f"{where}: netcalc takes the slope {_convention(problem, kink)} there, as PyTorch does")
    return notes


def constant_fraction(text: str) -> Fraction:
    """The exact number that a kink's text states."""
    return Fraction(text)


def _convention(problem: Neuron, kink: str) -> str:
    from netcalc.arithmetic.certain import numeral  # noqa: PLC0415 - loads python-flint
    from netcalc.arithmetic.rounding import digits  # noqa: PLC0415 - loads python-flint

    at = numeral(derivation(problem.activation).slope, {"q": numeral(parse(kink), {})})
    return str(digits(at, SHOWN_DIGITS))


def _underflow_notes(tensors: Mapping[str, Tensor]) -> list[str]:
    """A line for every value that float64 cannot hold."""
    return [
        f"{tensor.name} is {value.shown}, below float64's range"
        for tensor in tensors.values()
        if tensor.entries.dtype == object
        for value in tensor.entries.flat
        if value.nearest == 0 and value.shown != "0"
    ]


def _each(function: Callable[[Any], Any], array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        out[index] = function(array[index])
    return out
