"""Memory that arrays are done with, kept for the next ones: to give it back and ask again takes a quarter of a run."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache

from netcalc.blas import is_own_process

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as glibc's <malloc.h> numbers them
MOST_KEPT = 256 << 20  # bytes
LARGEST_KEPT = 32 << 20  # bytes of one array, the most that glibc takes


@cache
def keep_what_is_freed() -> None:
    """For a process of netcalc's own; elsewhere, and without glibc, nothing happens."""
    if not is_own_process() or sys.platform != "linux":
        return
    import ctypes  # NumPy has imported it

    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(TRIM_THRESHOLD, MOST_KEPT)
        set_option(MMAP_THRESHOLD, LARGEST_KEPT)
