"""Where answers come from: typed, handed over from Python, or from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.checking.claims import split
from netcalc.checking.written import Written, computed, read

SECTIONS = ("forward", "partials")


def answers(texts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """What was given to --check, as (name, what was written for it)."""
    yield from split(texts)


def given(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Answers by name: numbers, texts, lists, arrays; `forward` and `partials` as netcalc's own JSON has them."""
    for name, content in tree.items():
        if isinstance(content, Mapping):
            prefix = "d" if name == "partials" else ""
            yield from ((f"{prefix}{inner}", thing) for inner, thing in given(content))
        elif isinstance(content, np.ndarray) and content.ndim:
            yield name, _cells(content.tolist(), single=_is_single(content))
        else:
            yield name, _cells(content, single=False)


def _cells(content: Any, *, single: bool) -> Any:
    if isinstance(content, list | tuple):
        return [_cells(one, single=single) for one in content]
    if isinstance(content, float | np.floating):
        return _number(float(content), single=single)
    return str(content) if isinstance(content, int | Fraction) else content


def _number(value: float, *, single: bool) -> Written:
    """A float: rounded if it is short, as 0.79 is; else what was computed."""
    shown = read(repr(value))
    return shown if shown.digits < 15 and not single else computed(value, single=single)


def _is_single(array: np.ndarray) -> bool:
    """Whether these are numbers of 24 bits."""
    if array.dtype.kind != "f":
        return False
    return array.dtype.itemsize < 8 or bool((array.astype(np.float32) == array).all() and (array % 1 != 0).any())
