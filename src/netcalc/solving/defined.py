"""Which entries of an answer have a value; those without one leave the others theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np

from netcalc.arrays import each
from netcalc.errors import UndefinedError
from netcalc.models.graphed import GraphProblem
from netcalc.problem import element
from netcalc.result import UNDEFINED, Value
from netcalc.solving.graph_values import Wanted


def where_defined(
    problem: GraphProblem, wanted: Sequence[Wanted], arrays: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[str]]:
    """The arrays, undefined also where what they are derivatives of is; and why what has no value has none.

    Raises UndefinedError where the output has no value, or no part of it.
    """
    found: list[np.ndarray] = []
    notes: list[str] = []
    nowhere: dict[str, np.ndarray] = {}
    for one, entries in zip(wanted, arrays, strict=True):
        lacking = _lacking(entries, is_derivative=one.of is not None)
        if one.node is problem.output and lacking.any() and (problem.delta is not None or lacking.all()):
            _refuse(problem, one, lacking)
        nowhere[one.name] = lacking
        inherited = _inherited(problem, one, nowhere)
        own = lacking & ~inherited
        found.append(_without(entries, lacking | inherited))
        if own.any() and one.name not in problem.updates:
            notes.append(_note(problem, one, own))
    return found, notes


def _lacking(entries: np.ndarray, *, is_derivative: bool) -> np.ndarray:
    """Which entries have no value; in float64 an infinite derivative has none."""
    if entries.dtype == object:
        return each(lambda value: value.is_undefined, entries).astype(bool)
    if np.isfinite(entries.sum()):  # one pass, and no array of flags
        return np.broadcast_to(np.array(False), entries.shape)
    lacking: np.ndarray = ~np.isfinite(entries) if is_derivative else np.isnan(entries)
    return lacking


def _inherited(problem: GraphProblem, one: Wanted, nowhere: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which entries are derivatives of what has no value itself."""
    whole = nowhere[one.name]
    if one.of is None or problem.delta is not None:
        return np.zeros_like(whole)
    of = nowhere[f"d{one.by[0]}"] if one.by else nowhere[problem.output_name]
    return np.broadcast_to(of.reshape(of.shape + (1,) * (whole.ndim - of.ndim)), whole.shape)


def _without(entries: np.ndarray, lacking: np.ndarray) -> np.ndarray:
    if not lacking.any():
        return entries
    found = entries.copy()
    found[lacking] = Value(None, UNDEFINED) if entries.dtype == object else np.nan
    return found


def _refuse(problem: GraphProblem, one: Wanted, lacking: np.ndarray) -> NoReturn:
    name = element(one.name, _first(lacking), problem.index_from)
    raise UndefinedError(f"{name} is undefined here: {_why(problem, one)}")


def _note(problem: GraphProblem, one: Wanted, lacking: np.ndarray) -> str:
    """Which entries of a tensor have no value, and why the first of them has none."""
    count = int(lacking.sum())
    where = "here" if count in (1, lacking.size) else f"in {count:,} of its {lacking.size:,} entries"
    name = one.title(problem, _first(lacking) if count == 1 else ())
    return f"{name} has no value {where}: {_why(problem, one)}"


def _first(lacking: np.ndarray) -> tuple[int, ...]:
    return tuple(map(int, np.argwhere(lacking)[0]))


def _why(problem: GraphProblem, one: Wanted) -> str:
    from netcalc.solving.undefined_nodes import reason  # which loads balls

    return reason(problem, [one.node]) or "a function in it has no value at this point"
