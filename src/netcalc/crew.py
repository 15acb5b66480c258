"""Products of large matrices in parts, which the processors do side by side in a process of netcalc's own.

NumPy lets other threads go on while it multiplies. A helper that has nothing to do sleeps, and what none has begun is
done by who asks, so that a busy machine loses nothing; the parts are the same whoever does them. Elsewhere threads are
their user's business, and NumPy multiplies as it is set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from threading import Condition, Thread

import numpy as np

from netcalc.blas import is_own_process

PART = 8_000_000  # multiplications, half a millisecond of one processor: to hand one over takes a tenth
MOST_PARTS = 4  # each packs a factor anew

Task = Callable[[], object]


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two matrices, or of stacks of them."""
    many = min(a.shape[-2] * b.size // PART, MOST_PARTS) if is_own_process() else 0
    if many < 2:
        return np.asarray(np.matmul(a, b))
    found = np.empty((*a.shape[:-1], b.shape[-1]))
    axis = 0 if found.ndim > 2 else int(np.argmax(found.shape))
    whole = (slice(None),)

    def multiply_part(begin: int, end: int) -> None:
        part = slice(begin, end)
        rows = part if axis == 0 else whole
        columns = part if found.ndim > 2 else (*whole, part) if axis else whole
        np.matmul(a[rows], b[columns], out=found[(*whole * axis, part)])

    cuts = [found.shape[axis] * n // many for n in range(many + 1)]
    _crew().do([partial(multiply_part, begin, end) for begin, end in pairwise(cuts)])
    return found


class Crew:
    """Threads that do tasks beside the one that asks."""

    def __init__(self, helpers: int) -> None:
        self.left: list[Task] = []
        self.running = 0
        self.failures: list[BaseException] = []
        self.changed = Condition()
        for _ in range(helpers):
            Thread(target=self._help, daemon=True).start()

    def do(self, tasks: Sequence[Task]) -> None:
        """All of them; one thread asks at a time."""
        with self.changed:
            self.left = list(reversed(tasks))
            self.changed.notify_all()
            while self.left:
                self._one()
            while self.running:
                self.changed.wait()
            if self.failures:
                raise self.failures.pop()

    def _help(self) -> None:
        with self.changed:
            while True:
                while self.left:
                    self._one()
                self.changed.wait()

    def _one(self) -> None:
        """One task, the lock given up meanwhile."""
        task = self.left.pop()
        self.running += 1
        self.changed.release()
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised in `do`
            self.failures, self.left = [error], []
        finally:
            self.changed.acquire()
            self.running -= 1
            if not self.running:
                self.changed.notify_all()


@cache
def _crew() -> Crew:
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Crew(processors - 1)
