"""Closed forms of a graph's values: rationals as they are, the rest by algebra within a budget, confirmed by balls."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netcalc.arrays import each
from netcalc.derivation.closed import ClosedForms
from netcalc.errors import TookTooLong
from netcalc.expression import Tree
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.node import Node
from netcalc.result import Value
from netcalc.solving.notes import NO_CLOSED_FORMS

if TYPE_CHECKING:
    from netcalc.graph.arithmetic.symbolic import Symbolic

MAX_CLOSED_FORMS = 2_000  # values that are no rationals, of a problem whose closed forms are looked for
MAX_OPERATIONS = 20_000  # entry by entry, and in products, that algebra repeats
MAX_EVALUATIONS = 400_000  # by SymPy; who asks for closed forms waits for them


def with_closed_forms(
    nodes: Sequence[Node],
    arrays: Sequence[np.ndarray],
    given_in: Callable[[Arithmetic], dict[Node, np.ndarray]],
    arithmetic: Callable[[ClosedForms], Symbolic],
) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """The values of nodes, each with its closed form where one is found; and a note where none is looked for.

    `given_in` has the inputs in an arithmetic; the `arithmetic` is what closed forms are looked for in.
    """
    missing = sum(_lacks_one(value) for array in arrays for value in array.flat)
    if not missing:
        return list(arrays), ()
    if missing > MAX_CLOSED_FORMS:
        return list(arrays), (
            f"{NO_CLOSED_FORMS} rational values, and of up to {MAX_CLOSED_FORMS:,} others; here are {missing:,}",
        )
    forms = ClosedForms()
    numbers = arithmetic(forms)
    needed = cost(nodes, numbers)
    if needed.operations + needed.multiplications > MAX_OPERATIONS:
        return list(arrays), (f"{NO_CLOSED_FORMS} rational values, and of others in shorter problems",)
    found = _closed(nodes, numbers, partial(given_in, numbers))

    def known(value: Value, expression: object) -> Value:
        from netcalc.solving.bits import confirmed

        return confirmed(value, forms.tree(expression, deep=False)) if _lacks_one(value) else value

    return [
        array if closed is None else each(known, array, closed) for array, closed in zip(arrays, found, strict=True)
    ], ()


def closing() -> Callable[[Value, Tree], Value]:
    """What gives the value of a tree without symbols its closed form, where one is found."""
    from netcalc.derivation.algebra import to_sympy
    from netcalc.derivation.bounded import SYMPY_FAILURES, bounded
    from netcalc.derivation.derive import expand
    from netcalc.solving.bits import confirmed

    forms = ClosedForms()

    def closed(value: Value, tree: Tree) -> Value:
        if not value.is_undefined:  # else algebra would look for a complex number
            with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), bounded(MAX_EVALUATIONS):
                return confirmed(value, forms.tree(to_sympy(expand(tree))))
        return value

    return closed


def closed_constant(count: int | None) -> Callable[[Tree], Value]:
    """What gives a tree without symbols its value, of `count` digits, and its closed form where one is found."""
    from netcalc.solving.bits import constant

    closed = closing()
    return lambda tree: closed(constant(tree, count), tree)


def _lacks_one(value: Value) -> bool:
    return value.exact is None and value.certified and value.nearest is not None


def _closed(
    nodes: Sequence[Node], numbers: Symbolic, given: Callable[[], dict[Node, np.ndarray]]
) -> list[np.ndarray | None]:
    """What nodes come to as SymPy's numbers; None where that would take too long."""
    from netcalc.derivation.bounded import SYMPY_FAILURES, bounded

    failures = (TookTooLong, *SYMPY_FAILURES)
    done: dict[Node, np.ndarray] = {}
    found: list[np.ndarray | None] = [None] * len(nodes)

    def after(node: Node, value: np.ndarray) -> np.ndarray:
        done[node] = value
        return value

    with contextlib.suppress(*failures), bounded(MAX_EVALUATIONS):
        done |= given()
        for place, node in enumerate(nodes):
            with contextlib.suppress(*failures):
                (found[place],) = evaluate([node], numbers, dict(done), after=after)
    return found
