"""Where a graph has no value, and why: the first node whose value is undefined though its arguments have theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from netcalc.arithmetic.balls import Numeral, is_nowhere, precision
from netcalc.arithmetic.undefined import why_undefined
from netcalc.graph.elementwise import ELEMENTWISE, slot, with_slopes_written_out
from netcalc.graph.leaves import name_of
from netcalc.graph.node import Node
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_ascii
from netcalc.solving.graph_values import each_entry, each_node

BITS = 256
MAX_ENTRIES = 20_000  # of a node that is looked at


def reason(problem: GraphProblem, roots: Sequence[Node]) -> str | None:
    """What has no value and why, as far as it is found: `log(x) with x = -2 …`."""
    with precision(BITS):
        for node, arguments, entries in each_node(problem, roots, MAX_ENTRIES):
            if arguments and any(map(_has_no_value, entries.reshape(-1))):
                return _why(node, arguments, problem.called)
    return None


def _has_no_value(entry: Numeral) -> bool:
    return is_nowhere(entry) and not (entry > 0 or entry < 0)  # an infinity is one


def _why(node: Node, arguments: Sequence[np.ndarray], called: Mapping[Node, str]) -> str | None:
    if node.operation is not ELEMENTWISE:
        return f"{node.operation.name} has no value at this point"
    tree = with_slopes_written_out(node.params.tree)
    reasons = (why_undefined(tree, names) for _, names in each_entry(node, arguments))
    return next((_named(why, node, called) for why in reasons if why), None)


def _named(why: str, node: Node, called: Mapping[Node, str]) -> str:
    """The reason with the arguments by their names, where they have some."""
    for place, arg in enumerate(node.args):
        why = why.replace(slot(place), called.get(arg) or name_of(arg) or _short(arg, place, called))
    return why


def _short(arg: Node, place: int, called: Mapping[Node, str]) -> str:
    from netcalc.graph.writing import formula

    text = to_ascii(formula(arg, called=called))
    return text if len(text) < 40 else f"argument {place + 1}"
