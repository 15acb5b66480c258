"""A result as one strict JSON object."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from netcalc.expression import Number, Tree
from netcalc.notation import to_ascii
from netcalc.result import Result, Value
from netcalc.version import __version__


def document(result: Result) -> str:
    """The whole result; values are floats that round-trip, or formulas as text."""
    content: dict[str, Any] = {
        "netcalc": __version__,
        "command": result.command,
        "given": {name: _given(thing) for name, thing in result.given.items()},
        "forward": result.forward,
        "partials": result.partials,
        "formulas": result.formulas,
    }
    closed = {tensor.key: tensor.map(_exact) for tensor in result.tensors if _has_closed_forms(tensor.entries)}
    if closed:
        content["exact"] = closed
    return json.dumps(content | {"notes": list(result.notes)}, ensure_ascii=False, allow_nan=False)


def _has_closed_forms(entries: np.ndarray) -> bool:
    return entries.dtype == object and all(value.exact is not None for value in entries.flat)


def _exact(value: Value) -> str | None:
    return None if value.exact is None else to_ascii(value.exact)


def _given(thing: Any) -> Any:
    if not isinstance(thing, np.ndarray):
        return thing
    if thing.dtype != object:
        return thing.tolist()
    out = np.empty(thing.shape, dtype=object)
    for index in np.ndindex(thing.shape):
        out[index] = _number(thing[index])
    return out.tolist()


def _number(tree: Tree) -> float | int | str:
    """Whole numbers and decimals as numbers, everything else as text that netcalc reads."""
    text = to_ascii(tree)
    if not isinstance(tree, Number) or "/" in text:
        return text
    return int(tree.value) if tree.value.denominator == 1 and abs(tree.value) < 1 << 53 else float(tree.value)
