"""What the library's functions are given: arrays of other libraries as NumPy's, arguments of the right kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError

MAX_AXES = 32  # of an array, as in NumPy 1


def is_pytorchs(value: Any) -> bool:
    """Whether it is an array of PyTorch."""
    return hasattr(value, "detach") and hasattr(value, "numpy")


def as_numpy(value: Any, what: str = "what is given") -> Any:
    """An array of PyTorch or JAX as NumPy's, bfloat16 as float32, a number of NumPy as Python's; others as they are.

    Raises ValueSyntaxError for a masked array with masked entries.
    """
    if is_pytorchs(value):
        value = value.detach().cpu()
        try:
            value = (value.float() if is_bfloat16(value) else value).numpy()
        except (TypeError, RuntimeError):  # a sparse one, or of another kind that NumPy lacks
            raise ValueSyntaxError(f"{what} is no array that NumPy has: make it a dense one") from None
    elif isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueSyntaxError(f"{what} has masked entries: fill them")
        value = value.data
    elif hasattr(value, "__array__") and not isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
    if is_bfloat16(value):
        value = value.astype(np.float32)
    if isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "fiu":
        value = value[()]
    return plain(value)


def check_axes(many: int) -> None:
    """Raises ShapeError for more axes than an array has."""
    if many > MAX_AXES:
        raise ShapeError(f"an array has at most {MAX_AXES} axes, and this would have {many}")


def plain(number: Any) -> Any:
    """A real number of NumPy, or a single one of PyTorch or JAX, as Python's."""
    if isinstance(number, np.integer):
        return int(number)
    if isinstance(number, np.floating):
        return float(number)
    if hasattr(number, "item") and getattr(number, "ndim", None) == 0 and not isinstance(number, np.generic):
        return number.item()
    return number


def is_bfloat16(array: Any) -> bool:
    """Whether its numbers are of 8 bits, as PyTorch and JAX have them."""
    return str(getattr(array, "dtype", "")).endswith("bfloat16")


def whole(name: str, number: Any, least: int = 1, most: int | None = None) -> int:
    """A whole number. Raises NetcalcError for what is none, or too small or large."""
    known = plain(number)
    if isinstance(known, int) and not isinstance(known, bool) and known >= least and (most is None or known <= most):
        return known
    bound = f"from {least} on" if most is None else f"from {least} to {most}"
    raise NetcalcError(f"{name} is a whole number {bound}, and not {number!r}")


def text(name: str, value: Any, example: str) -> str:
    """A text. Raises NetcalcError for another thing."""
    if not isinstance(value, str):
        raise NetcalcError(f"{name} is text, as in {example}, and not {value!r}")
    return value


def names(name: str, value: Any, example: str) -> list[str]:
    """Names in a list. Raises NetcalcError for another thing."""
    if isinstance(value, str):
        return [value] if value.isidentifier() else list(value)
    is_list = isinstance(value, Sequence | Collection) and getattr(value, "ndim", 1) != 0
    if not is_list or not all(isinstance(one, str) for one in value):
        raise NetcalcError(f"{name} are names, as in {example}, and not {value!r}")
    return list(value)


def by_name(name: str, value: Any, example: str) -> Mapping[str, Any]:
    """Things by name. Raises NetcalcError for another thing."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise NetcalcError(f"{name} has what it holds by name, as in {example}, and not {value!r}")
    return value


def without_points(word: str) -> str:
    """The name of NAME=VALUE as programs have it: fc1_weight, which PyTorch's state_dict calls fc1.weight."""
    name, sign, value = word.partition("=")
    return name.replace(".", "_") + sign + value


def not_negative(name: str, number: Any) -> float | None:
    """A tolerance: None, or a number from 0 on. Raises NetcalcError for another thing."""
    known = plain(number)
    if known is None:
        return None
    if isinstance(known, bool) or not isinstance(known, int | float) or not 0 <= known < float("inf"):
        raise NetcalcError(f"{name} is a number from 0 on, and not {number!r}")
    return known
