"""Expressions that stand on the line, or come from standard input."""

from __future__ import annotations

from collections.abc import Sequence

from netcalc.errors import FileError
from netcalc.expression import LIMITS
from netcalc.files.source import StandardInput

LARGEST = 16 * LIMITS.length  # bytes


def typed(texts: Sequence[str], stdin: StandardInput) -> list[str]:
    """The expressions, with those of standard input, one a line, where `-` stands. Raises FileError."""
    found: list[str] = []
    for text in texts:
        found += _lines(stdin) if text.strip() == "-" else [text]
    return found


def _lines(stdin: StandardInput) -> list[str]:
    content = stdin.take("an expression").read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FileError(f"standard input has more than {LARGEST:,} bytes, which no expression has")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"standard input is no text in UTF-8: byte {error.start} is none of a character") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise FileError("standard input is empty, and '-' stands for an expression in it")
    return lines
