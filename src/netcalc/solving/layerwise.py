"""A net in which something was left out: numbers where nothing unknown comes in, else formulas in its own δ and a.

However deep the net, a formula is as long as its layer is wide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import Numeral
from netcalc.arrays import by_place, each
from netcalc.derivation.algebra import from_sympy, to_sympy
from netcalc.derivation.forms import Forms
from netcalc.explain.explanation import literal, times
from netcalc.explain.indexed import Indexed
from netcalc.explain.net import formulas_of
from netcalc.explain.net import generic as by_index
from netcalc.expression import Number, Tree, is_constant, substitute, symbols
from netcalc.expression.tree import ONE
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import in_order
from netcalc.graph.sizes import concrete
from netcalc.layers import Found, Quantities, passes, run, values
from netcalc.problem import Problem, by_element, free_names, given_tensors
from netcalc.result import Value, at_index
from netcalc.solving.bits import decided_arrays
from netcalc.solving.certify import certify
from netcalc.solving.formulas import formula_value, formulas_in

MOST_TERMS = 50_000  # of all formulas together: about what is written in ten seconds
SHOWN_NAMES = 4


def layerwise(problem: Problem, names: tuple[str, ...], digits: int | None, *, exact: bool) -> Found:
    """What both passes find: values where they are numbers, formulas layer by layer where they are not.

    Of a large net, float64 and one formula a tensor.
    """
    unknown = depending(problem)
    known = problem.names.keys() - unknown
    if _terms(problem, known) > MOST_TERMS:
        return partly(problem, digits, exact=exact)
    numbers = certify(problem, digits, unknown, exact=exact)
    elements = by_element(given_tensors(problem), problem.index_from)
    given = {name: tree for name, entry in elements.items() if is_constant(tree := _leaf(entry))}
    formulas, forms = formulas_of(problem, MOST_TERMS), Forms()
    generic = by_index(formulas)
    binary = {name for name, entry in elements.items() if isinstance(entry, float)}  # too many digits to multiply out

    def value(formula: Tree, index: tuple[int, ...]) -> Value:
        own = at_index(formula, index, problem.index_from)
        tree = forms.put(own, given) if binary.isdisjoint(symbols(own)) else substitute(own, given)
        return formula_value(tree)

    entries: Quantities = {}
    nodes = passes(problem).found
    for name, called in problem.names.items():
        if name in known:
            entries[name] = numbers.entries[name]
        elif name[0] == "J":
            entries[name] = _jacobians(formulas, int(name[1:]), value)
        elif name != "paths":
            shape = tuple(concrete(size, {}) for size in nodes[name].shape)
            own = problem.shaped(np.empty(shape), called.shape).shape
            entries[name] = by_place(lambda *index, name=name: value(generic[name], index), own).reshape(shape)
    if problem.trace:
        entries["paths"] = _paths(problem, known, entries, names, digits)
    return Found(entries, f"{formulas_in(names)}, and in the quantities before them", numbers.notes)


def _terms(problem: Problem, known: set[str]) -> int:
    """How many terms the formulas have together, more or less."""
    samples, terms = len(problem.x), 0
    for n, layer in enumerate(problem.layers, 1):
        terms += samples * layer.W.size * sum(name not in known for name in (f"z{n}", f"dz{n}", f"dW{n}"))
        terms += 0 if f"a{n}" in known or not isinstance(layer.activation, str) else samples * len(layer.W) ** 2
    return terms


def _leaf(entry: Tree | float) -> Tree:
    """A given number as a formula has it: a float64 is written with as many digits as tell it from others."""
    return Number(Fraction(entry), repr(float(entry))) if isinstance(entry, float) else entry


def _jacobians(formulas: Indexed, number: int, value: Any) -> np.ndarray:
    outputs = len(formulas.problem.layers[number - 1].W)
    shape = len(formulas.problem.x), outputs, outputs
    return by_place(lambda *place: value(formulas.jacobian(number, *place), ()), shape)


def _paths(
    problem: Problem, known: set[str], entries: Quantities, names: tuple[str, ...], digits: int | None
) -> np.ndarray:
    """The product along each path, multiplied out: the product of its numbers, to its digits, by what is unknown."""
    unknown = _product_of_unknown(problem, known, entries)
    written_out = all(tensor.dtype == object for tensor in problem.tensors)
    numbers, values = (
        arrays["paths"]
        for arrays in decided_arrays(
            lambda: {"paths": _product_of_numbers(problem, known, entries, Balls())}, digits, problem.work
        )
    )

    def product(number: Numeral, value: Value, rest: Any) -> Value:
        if rest == 1:
            return value
        if isinstance(number, fmpq) and (written_out or number == 0):
            tree = from_sympy(rest * to_sympy(Number(Fraction(int(number.p), int(number.q)))), names)
        else:
            tree = times(literal(value), from_sympy(rest, names))
        return formula_value(tree)

    return each(product, numbers, values, unknown)


def _product_of_numbers(problem: Problem, known: set[str], entries: Quantities, arithmetic: Balls) -> np.ndarray:
    """Along each path what is known, as numerals: rationals where all of it is rational."""

    def given(tensor: np.ndarray) -> np.ndarray:
        return arithmetic.array(tensor if tensor.dtype != object else each(_number_of, tensor))

    found = run(problem, arithmetic, depending(problem))
    factors = {name: found[name] if name in known else np.full(one.shape, fmpq(1)) for name, one in entries.items()}
    return _along_paths(problem, factors, given, arithmetic)


def _number_of(tree: Tree) -> Tree:
    return tree if isinstance(tree, Number) else ONE


def _product_of_unknown(problem: Problem, known: set[str], entries: Quantities) -> np.ndarray:
    """Along each path what is unknown, and constants such as √2, as SymPy expressions."""
    from netcalc.graph.arithmetic.closed import Closed

    def unknown(name: str, array: np.ndarray) -> np.ndarray:
        one = to_sympy(ONE)
        return each(lambda entry: one if name in known else to_sympy(literal(entry)), array)

    def given(tensor: np.ndarray) -> np.ndarray:
        return each(lambda entry: to_sympy(ONE if isinstance(entry, float | Number) else entry), tensor)

    return _along_paths(problem, {name: unknown(name, array) for name, array in entries.items()}, given, Closed())


def _along_paths(
    problem: Problem, factors: Quantities, given: Callable[[np.ndarray], np.ndarray], arithmetic: Arithmetic
) -> np.ndarray:
    """The products along the paths of these factors, by name, and of what is given."""
    both = passes(problem)
    known = {node: given(tensor) for node, tensor in values(problem, both.given).items()}
    known |= {both.found[name]: array for name, array in factors.items()}
    return evaluate([both.found["paths"]], arithmetic, known)[0]


def partly(problem: Problem, digits: int | None = None, *, exact: bool = False) -> Found:
    """Both passes in float64, or in balls for proven digits; `unknown` names what depends on something left out."""
    unknown = depending(problem)
    with np.errstate(all="ignore"):  # what overflows is refused by name
        if digits is None:
            numbers = run(problem, Float64(), unknown)
        else:
            numbers = certify(problem, digits, unknown, exact=exact).entries
    certainty = "float64, not certified" if digits is None else _certainty(problem, unknown, numbers)
    sizes = Arithmetic()
    nodes = passes(problem).found
    blank = {name: np.broadcast_to(0.0, sizes.shape(nodes[name].shape)) for name in unknown & nodes.keys()}
    entries = {**blank, **numbers, "paths": np.zeros(())}
    letters = list(dict.fromkeys(_letter(name) for name in free_names(problem.tensors)))
    formulas = formulas_in(letters, SHOWN_NAMES)
    all_unknown = unknown >= problem.names.keys()
    return Found(entries, formulas if all_unknown else f"{certainty}; {formulas}", unknown=frozenset(unknown))


def _certainty(problem: Problem, unknown: set[str], numbers: Quantities) -> str:
    shown = problem.names.keys() - problem.hidden - unknown
    proven = [value.certified for name in shown for value in numbers[name].flat]
    return f"certified: {sum(proven)} of {len(proven)} numbers"


def depending(problem: Problem) -> set[str]:
    """What the passes produce that depends on a symbol."""
    both = passes(problem)
    unknown = {node for node, tensor in values(problem, both.given).items() if _has_symbols(tensor)}
    for node in in_order(both.found.values()):
        if not unknown.isdisjoint(node.args):
            unknown.add(node)
    return {"paths"}.union(name for name, node in both.found.items() if node in unknown)


def _has_symbols(tensor: np.ndarray) -> bool:
    return tensor.dtype == object and not all(map(is_constant, tensor.flat))


def _letter(name: str) -> str:
    """`v` for `v[0,1]`, `b` for `b3`."""
    return re.split(r"[\d\[]", name)[0]
