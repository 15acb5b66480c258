"""Large problems of which something was left out: numbers where all is known, one formula a tensor elsewhere."""

from __future__ import annotations

import re

import numpy as np

from netcalc.expression import is_constant
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.node import in_order
from netcalc.layers import passes, values
from netcalc.passes import Found, Quantities, run
from netcalc.problem import Problem, free_names
from netcalc.solving.certify import certify
from netcalc.solving.formulas import formulas_in

SHOWN_NAMES = 4


def partly(problem: Problem, digits: int | None = None) -> Found:
    """Both passes in float64, or in balls for proven digits; `unknown` names what depends on something left out."""
    unknown = depending(problem)
    with np.errstate(all="ignore"):  # what overflows is refused by name
        numbers = run(problem, Float64(), unknown) if digits is None else certify(problem, digits, unknown).entries
    certainty = "float64, not certified" if digits is None else _certainty(problem, unknown, numbers)
    sizes = Arithmetic()
    nodes = passes(problem).found
    blank = {name: np.broadcast_to(0.0, sizes.shape(nodes[name].shape)) for name in unknown & nodes.keys()}
    entries = {"paths": np.zeros(()), **blank, **numbers}
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
