"""What is said beside an answer, on stderr."""

from __future__ import annotations

import sys

from netcalc.outside import without_controls


def say(*lines: str) -> None:
    """Lines on stderr, if there is one; nothing in them moves a terminal's cursor."""
    if sys.stderr is not None:
        print(*map(without_controls, lines), sep="\n", file=sys.stderr)
