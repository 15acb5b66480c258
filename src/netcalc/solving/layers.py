"""A problem of layers → its result: the passes run in the arithmetic that the problem calls for."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from netcalc.arithmetic.turns import turn_given_up
from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation
from netcalc.explain import Explanation, explain
from netcalc.expression import Tree, is_constant
from netcalc.files.cells import FEW
from netcalc.layers import Found, Quantities, passes, run
from netcalc.notation import significant
from netcalc.problem import Dense, Problem, free_names
from netcalc.result import Result, Tensor, Value
from netcalc.solving.notes import value_notes
from netcalc.solving.undefined import where_defined

# Each arithmetic loads a library of its own, so it is imported where it is chosen.

WORTH_TELLING = 1e-3  # a bound on errors: of what is larger the six digits that are shown may be none
MAX_CERTIFIED_MULTIPLICATIONS = 10_000_000  # of a forward pass, and
MAX_CERTIFIED_OPERATIONS = 600_000  # on single entries: what balls take a second or so for
OPERATIONS_OF_A_UNIT = 20  # that its activation and the slope of it take
SMALL_WORK = 20_000  # multiplications of a forward pass that balls do in a moment
POLYNOMIAL_WORK, ALGEBRA_WORK = 20_000, 2_000  # multiplications that are written out in symbols in a second or two


def solve(problem: Problem, *, digits: int | None = None, exact: bool = False, proven: bool | None = None) -> Result:
    """The forward values and every partial. Raises UndefinedError where a function has no value."""
    return _result(problem, _found(problem, digits, exact=exact, proven=proven))


def _found(problem: Problem, digits: int | None, *, exact: bool, proven: bool | None) -> Found:
    names = free_names(problem.tensors)
    if names and problem.command == "net":
        from netcalc.solving.layerwise import layerwise

        return layerwise(problem, names, digits, exact=exact)
    if names:
        return _symbolic(problem, names, digits, exact=exact)
    if digits is not None or exact or (is_certified(problem) if proven is None else proven):
        from netcalc.solving.certify import certify

        return certify(problem, digits, exact=exact)
    return _fast(problem)


def is_certified(problem: Problem) -> bool:
    """Whether a problem of numbers is small enough to be answered in balls, unasked."""
    return problem.work <= MAX_CERTIFIED_MULTIPLICATIONS and _operations(problem) <= MAX_CERTIFIED_OPERATIONS


def is_small(problem: Problem) -> bool:
    """Whether a problem of numbers is small enough to be answered in balls again and again."""
    return problem.work <= SMALL_WORK and problem.size <= FEW


def _operations(problem: Problem) -> int:
    """Single entries that balls are made, rounded, or put into a function, more or less."""
    samples, units = len(problem.x), sum(len(layer.W) for layer in problem.layers)
    gradients = problem.work if problem.per_sample else problem.size
    return problem.size + gradients + samples * units * OPERATIONS_OF_A_UNIT


def _result(problem: Problem, found: Found) -> Result:
    shown = {called.name: problem.shaped(found.entries[name], called.shape) for name, called in problem.names.items()}
    shown, undefined = where_defined(problem, found.entries, shown)
    explained: Explanation = explain(problem, shown)
    hidden = {problem.names[name].name for name in problem.hidden}
    tensors = [
        Tensor(
            name,
            array,
            partial(explained.formulas.__getitem__, name),
            explained.of.get(name),
            problem.index_from,
            brief=explained.brief.get(name),
        )
        for name, array in shown.items()
    ]
    unknown = {problem.names[name].name for name in found.unknown & problem.names.keys()}
    tensors = [_as_one_formula(tensor) if tensor.name in unknown else tensor for tensor in tensors]
    visible = [tensor for tensor in tensors if tensor.name not in hidden]
    return Result(
        problem.command,
        problem.given,
        tuple(visible),
        explained.steps,
        (*problem.notes, *undefined, *found.notes, *explained.notes, *value_notes(visible)),
        found.certainty,
        problem.many and problem.per_sample,
        tuple(tensor for tensor in tensors if tensor.name in hidden),
        problem=problem,
    )


def _as_one_formula(tensor: Tensor) -> Tensor:
    """The tensor with its formula in the place of all its elements."""
    from netcalc.solving.formulas import formula_value

    return replace(tensor, entries=np.array(formula_value(tensor.formula), dtype=object), whole=tensor.entries.shape)


def _fast(problem: Problem) -> Found:
    """In float64, with a word on it where sums cancel so far that a digit that is shown may be wrong."""
    from netcalc.graph.arithmetic.float64 import Float64
    from netcalc.graph.error_bounds import ErrorBounds
    from netcalc.memory import keep_what_is_freed

    keep_what_is_freed()
    nodes = passes(problem).found
    bounds = ErrorBounds(nodes.values())
    with turn_given_up(), np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by name
        entries = run(problem, Float64(), watch=bounds)
        cancelled = _cancelled(problem, entries)
    lost = f"{', '.join(cancelled)}: sums cancel, and float64 may have lost digits of them and of what follows"
    shown = problem.names.keys() - problem.hidden
    off = max(bounds.of(nodes[name]) if name in nodes else math.inf for name in shown)
    sure = "float64, not certified" + (f": no value is off by more than {_above(off)}" if off < WORTH_TELLING else "")
    return Found(entries, sure, (*_kink_notes(problem, entries), *([lost] if cancelled else [])))


def _above(bound: float) -> str:
    """Two digits that are no less."""
    return significant(float(f"{bound * 1.06:.1e}"), 2)


def _cancelled(problem: Problem, entries: Quantities) -> list[str]:
    """The z, by name, that float64 may not have six digits of."""
    from netcalc.arithmetic.cancellation import sums_cancel
    from netcalc.values import to_float64

    names, v = [], to_float64(problem.x)
    for number, layer in enumerate(problem.layers, 1):
        z = entries[f"z{number}"]
        W, b = to_float64(layer.W), None if layer.b is None else to_float64(layer.b)
        if f"z{number}" in problem.names and sums_cancel(v, W, b, z):
            names.append(problem.names[f"z{number}"].name)
        v = entries.get(f"a{number}", z)
    return names


def _may_be_at_a_kink(layer: Dense, z: np.ndarray) -> bool:
    """Whether a float64 is where the catalogue has a kink; of the loss's own kinks nothing is said in float64."""
    kinks = layer.activation.kinks if isinstance(layer.activation, BoundActivation) else ()
    return any(bool((z == float(Fraction(place))).any()) for place in kinks)


def _kink_notes(problem: Problem, entries: Quantities) -> tuple[str, ...]:
    if not any(_may_be_at_a_kink(layer, entries[f"z{n}"]) for n, layer in enumerate(problem.layers, 1)):
        return ()  # balls, which decide what is at a kink, needn't be loaded
    from netcalc.kinks import kink_notes

    return tuple(kink_notes(problem, entries))


def _symbolic(problem: Problem, names: tuple[str, ...], digits: int | None, *, exact: bool) -> Found:
    from netcalc.graph.arithmetic.polynomial import adds_and_multiplies
    from netcalc.solving.bits import constant
    from netcalc.solving.closed_values import closed_constant
    from netcalc.solving.formulas import formula_value, formulas_in

    simple = adds_and_multiplies(problem)
    if not problem.per_sample and problem.work > (POLYNOMIAL_WORK if simple else ALGEBRA_WORK):
        from netcalc.solving.layerwise import partly

        return partly(problem, digits, exact=exact)

    number = closed_constant(digits) if exact else partial(constant, count=digits)

    def value(tree: Tree) -> Value:
        return number(tree) if is_constant(tree) else formula_value(tree)

    trees = _as_polynomials(problem) if simple else _by_algebra(problem, names)
    entries = {name: each(value, array) for name, array in trees.items()}
    return Found(entries, formulas_in(names))


def _as_polynomials(problem: Problem) -> Quantities:
    from netcalc.graph.arithmetic.polynomial import Polynomials, to_tree

    return {name: each(to_tree, array) for name, array in run(problem, Polynomials()).items()}


def _by_algebra(problem: Problem, names: tuple[str, ...]) -> Quantities:
    from netcalc.derivation.algebra import from_sympy
    from netcalc.graph.arithmetic.symbolic import Symbolic

    found = run(problem, Symbolic())
    return {name: each(lambda entry: from_sympy(entry, names), array) for name, array in found.items()}
