"""A result as one strict JSON object."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from netcalc.expression import Apply, Number, Tree
from netcalc.notation import to_ascii
from netcalc.result import Result, Value
from netcalc.version import __version__


def document(result: Result) -> str:
    """The whole result; values are floats that round-trip, or formulas as text."""
    problem = result.problem
    given = {name: _given(getattr(problem, name), keep=problem.many) for name in ("x", "w", "b", "delta")}
    content: dict[str, Any] = {
        "netcalc": __version__,
        "command": "neuron",
        "given": {k: v for k, v in given.items() if v is not None} | {"activation": problem.activation.label},
        "forward": result.forward,
        "partials": result.partials,
        "formulas": result.formulas,
    }
    closed = _exact(result)
    if closed:
        content["exact"] = closed
    return json.dumps(content | {"notes": list(result.notes)}, ensure_ascii=False, allow_nan=False)


def _given(tensor: np.ndarray | None, *, keep: bool) -> Any:
    if tensor is None:
        return None
    if tensor.ndim == 2 and not keep:
        tensor = tensor[0]
    if tensor.dtype != object:
        return tensor.tolist()
    out = np.empty(tensor.shape, dtype=object)
    for index in np.ndindex(tensor.shape):
        out[index] = _number(tensor[index])
    return out.tolist()


def _number(tree: Tree) -> float | int | str:
    if isinstance(tree, Apply) and tree.operator == "negate" and isinstance(tree.arguments[0], Number):
        tree = Number(-tree.arguments[0].value)
    if not isinstance(tree, Number):
        return to_ascii(tree)
    if tree.value.denominator == 1:
        return int(tree.value)
    return float(tree.value) if "/" not in to_ascii(tree) else to_ascii(tree)


def _exact(result: Result) -> dict[str, Any]:
    names = {f"d{name}": name for name in result.partial_names}
    trees = {}
    for tensor_name in (*result.forward_names, *names):
        entries = result.tensors[tensor_name].entries
        if entries.dtype != object or any(value.exact is None for value in entries.flat):
            return {}
        trees[names.get(tensor_name, tensor_name)] = _texts(entries)
    return trees


def _texts(entries: np.ndarray) -> Any:
    out = np.empty(entries.shape, dtype=object)
    for index in np.ndindex(entries.shape):
        value: Value = entries[index]
        out[index] = to_ascii(value.exact) if value.exact is not None else None
    return out.tolist()
