"""A problem of expressions → its result: proven values at a point, or formulas where a variable is left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from netcalc.derive import evaluable, expand
from netcalc.explain.grad import explain, formulas_of
from netcalc.expression import Tree, is_constant, substitute
from netcalc.gradient import Derived, Wanted, derive
from netcalc.models.grad import Gradient
from netcalc.notation import to_ascii
from netcalc.problem import derivative, derivative_in_short
from netcalc.result import Result, Tensor, Value


def solve(problem: Gradient, *, digits: int | None = None, exact: bool = False) -> Result:
    """Every value and derivative that the problem asks for. Raises UndefinedError."""
    derived = derive(problem)
    formulas = formulas_of(derived)
    if not problem.points:
        entries = [Value(None, to_ascii(formula), formula=formula) for formula in formulas]
        certainty = ""
    elif problem.free:
        entries, certainty = _formulas(derived, digits)
    else:
        entries, certainty = _certain(derived, digits)
        entries = _with_closed_forms(derived, entries) if exact else entries
    explained = explain(derived, entries)
    return Result(
        problem.command,
        problem.given,
        tuple(tensors(derived, entries, formulas)),
        explained.steps,
        explained.notes,
        certainty,
        problem.many,
        asked=problem,
    )


def _certain(derived: Derived, digits: int | None) -> tuple[list[Value], str]:
    from netcalc.proven import proven

    trees = evaluable([one.tree for one in derived.wanted])
    values, _ = proven(trees, _point(derived.problem), digits)
    sure = sum(value.certified for value in values)
    return values, f"certified: {sure} of {len(values)} values"


def _with_closed_forms(derived: Derived, entries: Sequence[Value]) -> list[Value]:
    from netcalc.algebra import from_sympy, to_sympy
    from netcalc.derive import shorter

    point = _point(derived.problem)
    whole = [expand(substitute(one.tree, point)) for one in derived.wanted]
    closed = [from_sympy(shorter(to_sympy(tree))) for tree in whole]
    return [replace(value, exact=tree) for value, tree in zip(entries, closed, strict=True)]


def _point(problem: Gradient) -> Mapping[str, Tree]:
    numbers: dict[str, Any] = {name: column[()] for name, column in problem.points.items()}
    return numbers


def _formulas(derived: Derived, digits: int | None) -> tuple[list[Value], str]:
    from netcalc.certify import constant

    point = {name: derived.forms.keep(number) for name, number in _point(derived.problem).items()}

    def value(one: Wanted) -> Value:
        tree = derived.forms.put(derived.written(one.tree), point)
        return constant(tree, digits) if is_constant(tree) else Value(None, to_ascii(tree), formula=tree)

    names = derived.problem.free
    return list(map(value, derived.wanted)), "formulas in " + ", ".join(names[:6]) + (", …" if len(names) > 6 else "")


def tensors(derived: Derived, entries: Sequence[Value], formulas: Sequence[Tree]) -> Iterator[Tensor]:
    """The answers by name: f, dx, dy, dxdx, …, each with an entry an expression where there are several."""
    problem = derived.problem
    places: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(derived.wanted):
        places.setdefault(one.by, []).append(place)
    single = len(problem.texts) == 1
    for by, own in places.items():
        array = np.empty(len(own), dtype=object)
        array[:] = [entries[place] for place in own]
        shape = () if single else (len(own),)
        called = () if single or not by else tuple(derivative(output, by) for output in problem.outputs)
        yield Tensor(
            derivative_in_short(by) if by else "f",
            array.reshape(shape),
            formulas[own[0]],
            None if not by else problem.outputs[0] if single else "f",
            problem.index_from,
            by,
            () if single else tuple(formulas[place] for place in own),
            called,
        )
