"""How much a net takes, told before any of it is allocated."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence

from netcalc.errors import ShapeError

FLOAT = 8  # bytes
LIMIT = 4 << 30  # bytes: far beyond what is looked at by hand, and within most machines


def check_memory(samples: int, widths: Sequence[int]) -> None:
    """Raises ShapeError where weights, gradients and the batch would not fit; `widths` are inputs, then outputs."""
    weights = sum((n + 1) * m for n, m in itertools.pairwise(widths))
    batch = samples * (widths[0] + 5 * sum(widths[1:]))  # z, a, the slope, ∂L/∂a and ∂L/∂z of each unit
    needed = FLOAT * (2 * weights + batch)
    if needed > min(LIMIT, _physical()):
        shape = "-".join(map(str, widths))
        raise ShapeError(
            f"a net of {shape} on {samples} {'sample' if samples == 1 else 'samples'} takes {needed / 1e9:,.3g} GB, "
            f"more than this machine has, or than the {LIMIT / 1e9:.2g} GB that netcalc takes"
        )


def _physical() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not told on this system
        return LIMIT
