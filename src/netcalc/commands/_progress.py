"""How far long work has come, on stderr, for who sits at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

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
