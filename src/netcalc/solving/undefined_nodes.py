"""Where a graph has no value, and why: the first node whose value is undefined though its arguments have theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np

from netcalc.arithmetic.balls import Numeral, is_nowhere, precision
from netcalc.arithmetic.undefined import why_undefined
from netcalc.arrays import each
from netcalc.errors import UndefinedError
from netcalc.expression import Apply, Tree, fold
from netcalc.graph.elementwise import ELEMENTWISE, slot
from netcalc.graph.leaves import name_of
from netcalc.graph.node import Node
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_ascii
from netcalc.problem import element
from netcalc.result import UNDEFINED, Value
from netcalc.solving.graph_values import Wanted, each_entry, each_node

NO_REASON = "a function in it has no value at this point"
BITS = 256
MAX_ENTRIES = 20_000  # of a node that is looked at


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
    raise UndefinedError(f"{name} is undefined here: {reason(problem, [one.node]) or NO_REASON}")


def _note(problem: GraphProblem, one: Wanted, lacking: np.ndarray) -> str:
    """Which entries of a tensor have no value, and why the first of them has none."""
    count = int(lacking.sum())
    where = "here" if count in (1, lacking.size) else f"in {count:,} of its {lacking.size:,} entries"
    name = one.title(problem, _first(lacking) if count == 1 else ())
    return f"{name} has no value {where}: {reason(problem, [one.node]) or NO_REASON}"


def _first(lacking: np.ndarray) -> tuple[int, ...]:
    return tuple(map(int, np.argwhere(lacking)[0]))


def reason(problem: GraphProblem, roots: Sequence[Node]) -> str | None:
    """What has no value and why, as far as it is found: `log(x) with x = -2 …`."""
    with precision(BITS):
        for node, arguments, entries in each_node(problem, roots, MAX_ENTRIES):
            if arguments and any(map(_has_no_value, entries.reshape(-1))):
                return _why(node, arguments)
    return None


def _has_no_value(entry: Numeral) -> bool:
    return is_nowhere(entry) and not (entry > 0 or entry < 0)  # an infinity is one


def _why(node: Node, arguments: Sequence[np.ndarray]) -> str | None:
    if node.operation is not ELEMENTWISE:
        return f"{node.operation.name} has no value at this point"
    tree = written_out(node.params.tree)
    reasons = (why_undefined(tree, names) for _, names in each_entry(node, arguments))
    return next((_named(why, node) for why in reasons if why), None)


def written_out(tree: Tree) -> Tree:
    """The formula with ∂(p^q)/∂q, which is a node of its own, as p^q log(p)."""

    def made(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        if operator != "power'":
            return Apply(operator, arguments)
        return Apply("multiply", (Apply("power", arguments), Apply("log", arguments[:1])))

    return fold(tree, lambda leaf: leaf, made)


def _named(why: str, node: Node) -> str:
    """The reason with the arguments by their names, where they have some."""
    for place, arg in enumerate(node.args):
        why = why.replace(slot(place), name_of(arg) or _short(arg, place))
    return why


def _short(arg: Node, place: int) -> str:
    from netcalc.graph.writing import formula

    text = to_ascii(formula(arg))
    return text if len(text) < 40 else f"argument {place + 1}"
