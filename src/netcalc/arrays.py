"""Object arrays, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """`function` of the arrays' entries at every place, as an object array in their common shape."""
    out = np.empty(arrays[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = function(*(array[index] for array in arrays))
    return out
