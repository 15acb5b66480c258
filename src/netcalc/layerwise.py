"""A net in which something was left out: numbers where nothing unknown comes in, else formulas in its own δ and a.

However deep the net, a formula is as long as its layer is wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.certify import certify
from netcalc.errors import NetcalcError
from netcalc.explain.layered import Formulas
from netcalc.expression import Number, Tree, is_constant, symbols
from netcalc.forms import Forms
from netcalc.notation import to_ascii
from netcalc.passes import Found, Quantities
from netcalc.problem import Against, Problem, element
from netcalc.result import Value
from netcalc.trace import path_products

MOST_TERMS = 50_000  # of all formulas together: about what is written in ten seconds
ZERO = Number(Fraction(0))


def layerwise(problem: Problem, names: tuple[str, ...], digits: int | None) -> Found:
    """What both passes find: values where they are numbers, formulas layer by layer where they are not.

    Raises NetcalcError where there are too many formulas to write.
    """
    known = _known(problem)
    _check_size(problem, known, names)
    numbers = certify(_of_numbers(problem, known), digits)
    given = {name: tree for name, tree in _given(problem).items() if is_constant(tree)}
    formulas, forms = Formulas(problem, written_out=MOST_TERMS), Forms()
    generic = formulas.all()

    def value(formula: Tree, index: tuple[int, ...]) -> Value:
        tree = forms.put(formulas.own(formula, index), given)
        return Value(None, to_ascii(tree), formula=tree)

    entries: Quantities = {}
    for name, called in problem.names.items():
        if name in known:
            entries[name] = numbers.entries[name]
        elif name[0] == "J":
            entries[name] = _jacobians(formulas, int(name[1:]), value)
        elif name != "paths":
            entries[name] = _formulas(problem, name, called.shape, lambda index, name=name: value(generic[name], index))
    if problem.trace:
        entries["paths"] = _paths(problem, entries, names)
    listed = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return Found(entries, f"formulas in {listed}, and in the quantities before them", numbers.notes)


def _known(problem: Problem) -> set[str]:
    """Which of the things that the passes find depend on nothing that was left out."""
    is_known = {
        f"{letter}{n}": tensor is None or _is_known(tensor)
        for n, layer in enumerate(problem.layers, 1)
        for letter, tensor in (("W", layer.W), ("b", layer.b))
    }
    v = is_known["a0"] = _is_known(problem.x)
    last = len(problem.layers)
    for n in range(1, last + 1):
        v = v and is_known[f"W{n}"] and is_known[f"b{n}"]
        is_known |= dict.fromkeys((f"z{n}", f"a{n}", f"s{n}", f"J{n}"), v)
    above = problem.above.target if isinstance(problem.above, Against) else problem.above
    delta = _is_known(above) and (v or not isinstance(problem.above, Against))
    is_known["loss"] = delta
    for n in range(last, 0, -1):
        is_known[f"da{n}"] = delta
        delta = is_known[f"dz{n}"] = is_known[f"db{n}"] = delta and is_known[f"z{n}"]
        is_known[f"dW{n}"] = delta and is_known[f"a{n - 1}"]
        for letter in "Wb":
            is_known[f"{letter}{n}_new"] = is_known[f"{letter}{n}"] and is_known[f"d{letter}{n}"]
        delta = delta and is_known[f"W{n}"]
    is_known["dx"] = delta
    return {name for name, sure in is_known.items() if sure} & problem.names.keys()


def _is_known(tensor: np.ndarray) -> bool:
    return tensor.dtype != object or not any(symbols(tree) for tree in tensor.flat)


def _check_size(problem: Problem, known: set[str], names: tuple[str, ...]) -> None:
    samples, widths = len(problem.x), [problem.x.shape[1], *(len(layer.W) for layer in problem.layers)]
    terms = 0
    for n, layer in enumerate(problem.layers, 1):
        for name in (f"z{n}", f"dz{n}", f"dW{n}"):
            terms += 0 if name in known else samples * layer.W.size
        terms += 0 if f"a{n}" in known or not isinstance(layer.activation, str) else samples * widths[n] ** 2
    if terms > MOST_TERMS:
        raise NetcalcError(
            f"formulas in {', '.join(names[:3])}{', …' * (len(names) > 3)} would have about {terms:,} terms, "
            f"more than the {MOST_TERMS:,} that are written: give what was left out, or take a smaller net"
        )


def _of_numbers(problem: Problem, known: set[str]) -> Problem:
    """The same problem with 0 for what is unknown; only what does not depend on it is looked at."""
    layers = tuple(
        replace(layer, W=_numbers(layer.W), b=None if layer.b is None else _numbers(layer.b))
        for layer in problem.layers
    )
    above = problem.above
    stated = replace(above, target=_numbers(above.target)) if isinstance(above, Against) else _numbers(above)
    names = {name: called for name, called in problem.names.items() if name in known}
    return replace(problem, x=_numbers(problem.x), layers=layers, above=stated, names=names, trace=None)


def _numbers(tensor: np.ndarray) -> np.ndarray:
    return tensor if tensor.dtype != object else each(lambda tree: ZERO if symbols(tree) else tree, tensor)


def _given(problem: Problem) -> Mapping[str, Tree]:
    """Every number given, by the name that formulas have for it."""
    found: dict[str, Tree] = {}
    row = None if problem.many else (-1,)
    above = problem.above
    tensors = {"x": problem.shaped(problem.x, row)}
    tensors |= {"t": above.target} if isinstance(above, Against) else {"delta": above}
    for name in ("t", "delta"):
        if name in tensors:
            tensors[name] = problem.shaped(tensors[name], row)
    for number, layer in enumerate(problem.layers, 1):
        tensors |= {f"W{number}": layer.W} | ({} if layer.b is None else {f"b{number}": layer.b})
    for name, array in tensors.items():
        for index in np.ndindex(array.shape):
            found[element(name, index, problem.index_from)] = _leaf(array.item(index))
    return found


def _leaf(entry: Tree | float) -> Tree:
    """A given number as a formula has it: a float64 is written with as many digits as tell it from others."""
    return Number(Fraction(entry), repr(entry)) if isinstance(entry, float) else entry


def _formulas(problem: Problem, name: str, shape: tuple[int, ...] | None, value: Any) -> np.ndarray:
    """A tensor of formulas in the shape that the passes have it."""
    whole = _shape(problem, name)
    shown = problem.shaped(np.empty(whole, dtype=object), shape)
    for index in np.ndindex(shown.shape):
        shown[index] = value(index)
    return shown.reshape(whole)


def _shape(problem: Problem, name: str) -> tuple[int, ...]:
    samples = len(problem.x)
    if name == "loss":
        return (samples,) if problem.per_sample else ()
    if name == "dx":
        return problem.x.shape
    letter, number = name.removesuffix("_new").lstrip("d")[0], int("".join(filter(str.isdigit, name)))
    layer = problem.layers[number - 1]
    each_sample = (samples,) if problem.per_sample and name[0] == "d" else ()
    if letter == "W":
        return each_sample + layer.W.shape
    return (*each_sample, len(layer.W)) if letter == "b" else (samples, len(layer.W))


def _jacobians(formulas: Formulas, number: int, value: Any) -> np.ndarray:
    problem = formulas.problem
    samples, width = len(problem.x), len(problem.layers[number - 1].W)
    found = np.empty((samples, width, width), dtype=object)
    generic = formulas.jacobian(number, width)
    for sample, i, j in np.ndindex(found.shape):
        found[sample, i, j] = value(generic[i * width + j], (sample, i, j) if problem.many else (i, j))
    return found


def _paths(problem: Problem, entries: Quantities, names: tuple[str, ...]) -> np.ndarray:
    """The product along each path, multiplied out."""
    from netcalc.algebra import from_sympy, to_sympy
    from netcalc.explain.explanation import literal

    found = {name: each(lambda entry: to_sympy(literal(entry)), array) for name, array in entries.items()}
    products = path_products(problem, found, lambda tensor: each(lambda entry: to_sympy(_leaf(entry)), tensor))

    def value(product: Any) -> Value:
        tree = from_sympy(product, names)
        return Value(None, to_ascii(tree), formula=tree)

    return each(value, products)
