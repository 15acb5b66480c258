"""Large problems of which something was left out: numbers where all is known, one formula a tensor elsewhere."""

from __future__ import annotations

import re

import numpy as np

from netcalc.expression import is_constant
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.functions import is_constant_slope
from netcalc.graph.node import in_order
from netcalc.layers import passes, values
from netcalc.passes import Found, Quantities, run
from netcalc.problem import Against, Dense, Problem, free_names
from netcalc.solving.certify import certify

SHOWN_NAMES = 4


def partly(problem: Problem, digits: int | None = None) -> Found:
    """Both passes in float64, or in balls for proven digits; `unknown` names what depends on something left out."""
    unknown = depending(problem)
    known = problem._replace(x=_filled(problem.x), layers=tuple(map(_known, problem.layers)), above=_above(problem))
    with np.errstate(all="ignore"):  # what stands in for the unknown may have no value
        numbers = run(known, Float64()) if digits is None else certify(known, digits).entries
    certainty = "float64, not certified" if digits is None else _certainty(problem, unknown, numbers)
    entries = {name: np.asarray(np.nan) for name in unknown} | numbers
    letters = list(dict.fromkeys(_letter(name) for name in free_names(problem.tensors)))
    formulas = f"formulas in {', '.join(letters[:SHOWN_NAMES])}" + ", …" * (len(letters) > SHOWN_NAMES)
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
        if not unknown.isdisjoint(node.args) and not is_constant_slope(node):
            unknown.add(node)
    return {"paths"}.union(name for name, node in both.found.items() if node in unknown)


def _has_symbols(tensor: np.ndarray) -> bool:
    return tensor.dtype == object and not all(map(is_constant, tensor.flat))


def _filled(tensor: np.ndarray) -> np.ndarray:
    """Zeros in the place of what is not known."""
    return np.zeros(tensor.shape) if _has_symbols(tensor) else tensor


def _known(layer: Dense) -> Dense:
    return layer._replace(W=_filled(layer.W), b=None if layer.b is None else _filled(layer.b))


def _above(problem: Problem) -> np.ndarray | Against:
    """What comes from above, or zeros where that isn't known: a loss may have no value at a guess."""
    if isinstance(problem.above, Against):
        outputs = (len(problem.x), problem.layers[-1].W.shape[0])
        return np.zeros(outputs) if "loss" in depending(problem) else problem.above
    return _filled(problem.above)


def _letter(name: str) -> str:
    """`v` for `v[0,1]`, `b` for `b3`."""
    return re.split(r"[\d\[]", name)[0]
