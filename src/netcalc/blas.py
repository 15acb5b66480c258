"""How many threads NumPy's BLAS multiplies with: one, and one a processor where a product is large.

Threads that wait for each other lose more than they gain on small products, most of all where other programs run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

VARIABLE = "OPENBLAS_NUM_THREADS"  # read when NumPy is imported
LARGE_PRODUCT = 100_000_000  # multiplications: some 5 ms of one processor
SETTERS = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")
_is_own = False  # whether the process is netcalc's, and its user has chosen no number


def begin_with_one_thread() -> None:
    """For a process of netcalc's own, before it imports NumPy; threads come in later."""
    global _is_own  # noqa: PLW0603 - one number of threads a process
    if VARIABLE not in os.environ and "numpy" not in sys.modules and _libraries():
        os.environ[VARIABLE] = "1"
        _is_own = True


def multiply(product: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """product(a, b) of matrices, or of stacks of them."""
    is_small = a.shape[-2] * a.shape[-1] * b.shape[-1] < LARGE_PRODUCT
    if not _is_own or is_small or (threads := _set_threads()) is None:
        return product(a, b)
    threads(_processors())
    try:
        return product(a, b)
    finally:
        threads(1)


def _libraries() -> list[Path]:
    """The OpenBLAS that NumPy's wheels bring along."""
    found = find_spec("numpy")
    if found is None or found.origin is None:
        return []
    beside = Path(found.origin).parent.parent / "numpy.libs"
    return sorted(beside.glob("*openblas*")) if beside.is_dir() else []


@cache
def _set_threads() -> Callable[[int], object] | None:
    """What sets the number of threads; None where no such thing is found."""
    import ctypes  # NumPy has imported it

    for path in _libraries():
        library = ctypes.CDLL(str(path))
        for name in SETTERS:
            if hasattr(library, name):
                setter: Callable[[int], object] = getattr(library, name)
                return setter
    return None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
