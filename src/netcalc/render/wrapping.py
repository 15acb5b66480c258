"""Formulas and words in lines of a width: between words, and within one that is too long behind /, · and (, or _."""

from __future__ import annotations

import re
from textwrap import TextWrapper
from typing import Any

from rich.console import Console
from rich.containers import Lines
from rich.text import Text

WITHIN = (re.compile(r"(?<=[/·(*])(?=\S)"), re.compile(r"(?<=_)(?=\S)"))  # where what is longer than a line is broken


class Wrapper(TextWrapper):
    """Wraps text, and breaks what is too long for a line where a formula may be broken."""

    def _split(self, text: str) -> list[str]:
        room = self.width - max(len(self.initial_indent), len(self.subsequent_indent))
        words = [one for one in re.split(r"(\s+)", text) if one]
        for places in WITHIN:
            words = [part for word in words for part in (places.split(word) if len(word) > room else [word])]
        return words


def wrapped(text: str, width: int, *, initial: str = "", subsequent: str = "") -> list[str]:
    """The text in lines; a name that is longer than a line stays whole."""
    return Wrapper(
        width, initial_indent=initial, subsequent_indent=subsequent, break_long_words=False, break_on_hyphens=False
    ).wrap(text)


class Cell(Text):
    """A table's cell whose long lines are broken so."""

    def wrap(self, console: Console, width: int, *arguments: Any, **options: Any) -> Lines:
        lines = [
            part
            for line in self.plain.split("\n")
            for part in (wrapped(line, width) if len(line) > width and not options.get("no_wrap") else [line])
        ]
        return Text("\n".join(lines), self.style).wrap(console, width, *arguments, **options)
