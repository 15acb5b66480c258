"""Memory for arrays: what they are done with is kept for the next ones, and what they will need is asked for ahead.

To give it back and ask again takes a quarter of a run; to wait for each page where it is first written, a tenth.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from threading import Thread

from netcalc.blas import is_own_process

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as glibc's <malloc.h> numbers them
POPULATE_WRITE = 23  # as Linux's <mman.h> numbers it
MOST_KEPT = 256 << 20  # bytes
LARGEST_KEPT = 32 << 20  # bytes of one array, the most that glibc takes
PAGE = 4096


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


def ask_ahead(size: int) -> None:
    """So many bytes for arrays to come, which another processor gets ready meanwhile, page by page.

    What arrays have is not touched: pages are as they are when they are written by themselves.
    """
    if not is_own_process() or sys.platform != "linux":
        return
    keep_what_is_freed()
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        library.free.argtypes = [ctypes.c_void_p]
        library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        size = min(size, LARGEST_KEPT - PAGE)
        if place := library.malloc(size):
            library.free(place)
            begin, end = -(-place // PAGE) * PAGE, (place + size) // PAGE * PAGE
            Thread(target=library.madvise, args=(begin, end - begin, POPULATE_WRITE), daemon=True).start()
