"""How many threads NumPy's BLAS multiplies with: one, in a process of netcalc's own.

Threads of BLAS wait for each other busily, and lose more than they gain on small products, most of all where other
programs run. What is large is shared out by `crew`.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "OPENBLAS_NUM_THREADS"  # read when NumPy is imported
_is_own = False  # whether the process is netcalc's, and its user has chosen no number


def begin_with_one_thread() -> None:
    """For a process of netcalc's own, before it imports NumPy; threads come in later."""
    global _is_own  # noqa: PLW0603 - one number of threads a process
    if VARIABLE not in os.environ and "numpy" not in sys.modules and _libraries():
        os.environ[VARIABLE] = "1"
        _is_own = True


def is_own_process() -> bool:
    """Whether the process is netcalc's alone, and how it computes is left to it."""
    return _is_own


def _libraries() -> list[Path]:
    """The OpenBLAS that NumPy's wheels bring along."""
    found = find_spec("numpy")
    if found is None or found.origin is None:
        return []
    beside = Path(found.origin).parent.parent / "numpy.libs"
    return sorted(beside.glob("*openblas*")) if beside.is_dir() else []
