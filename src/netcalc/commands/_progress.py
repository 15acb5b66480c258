"""How far long work has come, on stderr, for who sits at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netcalc.files import Block, RowStream

PATIENCE = 1.0  # seconds of work that nobody needs to be told of


def watched(rows: RowStream) -> Iterator[Block]:
    """The blocks; once they take long, how many rows there were, if stderr is a terminal and stdout is none."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from rows
        return
    begin, count, shown = time.monotonic(), 0, None
    with ExitStack() as stack:
        for block in rows:
            yield block
            count += len(block.rows)
            if shown is None and time.monotonic() - begin > PATIENCE:
                from rich.console import Console
                from rich.status import Status

                shown = stack.enter_context(Status("", console=Console(stderr=True)))
            if shown is not None:
                rate = count / (time.monotonic() - begin)
                shown.update(f"{rows.source}: {count:,} rows, {rate:,.0f} a second")


@contextmanager
def layers_told() -> Iterator[None]:
    """While passes run that take long: a bar of the layers passed, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from netcalc.passes import WATCHER

    begin, bars = time.monotonic(), list[Any]()
    with ExitStack() as stack:

        def told(passed: int, total: int) -> None:
            if not bars and time.monotonic() - begin > PATIENCE:
                from rich.console import Console
                from rich.progress import Progress

                bars.append(stack.enter_context(Progress(console=Console(stderr=True), transient=True)))
                bars[0].add_task("layers, forward and back", total=total)
            if bars:
                bars[0].update(bars[0].task_ids[0], completed=passed, total=total)

        before = WATCHER.set(told)
        try:
            yield
        finally:
            WATCHER.reset(before)
