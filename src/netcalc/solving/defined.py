"""Which entries of an answer have a value; those without one leave the others theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from netcalc.arrays import each, is_surely_finite
from netcalc.errors import UndefinedError
from netcalc.problem import element, listed
from netcalc.result import UNDEFINED, Value

if TYPE_CHECKING:  # layers are solved without them
    from netcalc.models.graphed import GraphProblem
    from netcalc.solving.graph_values import Quantity


def where_defined(
    problem: GraphProblem, quantities: Sequence[Quantity], arrays: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[str]]:
    """The arrays, undefined also where what they are derivatives of is; and why what has no value has none.

    Raises UndefinedError where the output has no value, or no part of it.
    """
    found: list[np.ndarray] = []
    reasons: dict[str, list[tuple[str, np.ndarray]]] = {}
    nowhere: dict[str, np.ndarray] = {}
    for one, entries in zip(quantities, arrays, strict=True):
        above = _above(problem, one, nowhere)
        if above is None and is_surely_finite(entries):
            found.append(entries)
            continue
        missing = lacking(entries, is_derivative=one.of is not None)
        if one.node is problem.output and missing.any() and (problem.delta is not None or missing.all()):
            name = element(one.name, first(missing), problem.index_from)
            raise UndefinedError(f"{name} is undefined here: {_why(problem, one)}")
        inherited = np.zeros_like(missing) if above is None else _inherited(above, missing)
        if missing.any():
            nowhere[one.name] = missing
        own = missing & ~inherited
        found.append(without(entries, missing | inherited))
        if own.any() and one.name not in problem.updates:
            title = one.title(problem, first(own) if own.sum() == 1 else ())
            reasons.setdefault(_why(problem, one), []).append((title, own))
    return found, [note(those, why) for why, those in reasons.items()]


def lacking(entries: np.ndarray, *, is_derivative: bool = True) -> np.ndarray:
    """Which entries have no value; in float64 an infinite derivative has none."""
    if entries.dtype == object:
        return each(lambda value: value.is_undefined, entries).astype(bool)
    if is_surely_finite(entries):
        return np.zeros(entries.shape, dtype=bool)
    found: np.ndarray = ~np.isfinite(entries) if is_derivative else np.isnan(entries)
    return found


def _above(problem: GraphProblem, one: Quantity, nowhere: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Which entries of what this is a derivative of have no value; None where all have one."""
    if one.of is None or problem.delta is not None:
        return None
    return nowhere.get(problem.gradient(one.by[0]) if one.by else problem.output_name)


def _inherited(above: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Which entries are derivatives of what has no value itself."""
    return np.broadcast_to(above.reshape(above.shape + (1,) * (missing.ndim - above.ndim)), missing.shape)


def without(entries: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The entries, undefined where they are missing."""
    if not missing.any():
        return entries
    found = entries.copy()
    found[missing] = Value(None, UNDEFINED) if entries.dtype == object else np.nan
    return found


def note(those: Sequence[tuple[str, np.ndarray]], why: str) -> str:
    """Which entries of tensors, by name, have no value, and why the first of them has none."""
    count, size = sum(int(own.sum()) for _, own in those), sum(own.size for _, own in those)
    is_one = len(those) == 1
    where = (
        "here" if count in (len(those), size) else f"in {count:,} of {'its' if is_one else 'their'} {size:,} entries"
    )
    return f"{listed([name for name, _ in those])} {'has' if is_one else 'have'} no value {where}: {why}"


def first(missing: np.ndarray) -> tuple[int, ...]:
    """The index of the first of them."""
    return tuple(map(int, np.argwhere(missing)[0]))


def _why(problem: GraphProblem, one: Quantity) -> str:
    from netcalc.solving.graph_kinks import reason  # which loads balls

    return reason(problem, [one.node]) or "a function in it has no value here, or none that float64 can hold"
