"""How far long work has come, on stderr, for who sits at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.status import Status

    from netcalc.files.stream import Block, RowStream

PATIENCE = 1.0  # seconds of work that nobody needs to be told of
LINES = 4096  # between two looks at the clock


class Progress:
    """A line on stderr, where that is a terminal that no answers go to, once the work takes long."""

    def __init__(self, output: Path | None = None) -> None:
        self.wanted = sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())
        self.begin = time.monotonic()
        self.stack = ExitStack()
        self.line: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.begin

    def show(self, text: str) -> None:
        """Say how far it is."""
        if not self.wanted or self.seconds < PATIENCE:
            return
        if self.line is None:
            from rich.console import Console
            from rich.status import Status

            self.line = self.stack.enter_context(Status(text, console=Console(stderr=True)))
        self.line.update(text)


def watched(rows: RowStream, output: Path | None) -> Iterator[Block]:
    """The blocks, and how many rows there were; answers go to `output`, or to stdout."""
    with Progress(output) as progress:
        count = 0
        for block in rows:
            yield block
            count += len(block.rows)
            progress.show(f"{rows.source}: {count:,} rows, {count / progress.seconds:,.0f} a second")


def with_line_count(lines: Iterable[Any], output: Path | None) -> Iterable[Any]:
    """The lines, and how many there were; they go to `output`, or to stdout."""
    return _counted(lines, output) if sys.stderr.isatty() else lines


def _counted(lines: Iterable[Any], output: Path | None) -> Iterator[Any]:
    with Progress(output) as progress:
        for count, line in enumerate(lines, 1):
            yield line
            if count % LINES == 0:
                progress.show(f"{count:,} lines")


@contextmanager
def showing_layers() -> Iterator[None]:
    """While passes run that take long: a bar of the layers passed, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from netcalc.layers import WATCHER

    begin, bars = time.monotonic(), list[Any]()
    with ExitStack() as stack:

        def show(passed: int, total: int) -> None:
            if not bars and time.monotonic() - begin > PATIENCE:
                from rich.console import Console
                from rich.progress import Progress

                bars.append(stack.enter_context(Progress(console=Console(stderr=True), transient=True)))
                bars[0].add_task("layers, forward and back", total=total)
            if bars:
                bars[0].update(bars[0].task_ids[0], completed=passed, total=total)

        before = WATCHER.set(show)
        try:
            yield
        finally:
            WATCHER.reset(before)
