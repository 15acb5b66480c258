"""A problem's file: read, checked against its published schema, and stated as a problem. One file a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netcalc.models.net import Asked
from netcalc.problem import Problem
from netcalc.spec.document import Document, read_document
from netcalc.spec.net import net

__all__ = ["read_problem"]

KINDS: Mapping[str, Callable[[Document, Asked], Problem]] = {"net": net}  # by the table that a file begins with


def read_problem(path_text: str, asked: Asked | None = None) -> Problem:
    """The problem that a file states, TOML or JSON; `-` is standard input. Files it names are found beside it.

    Raises FileError, ValueSyntaxError, ShapeError, UnknownNameError, each with the file's line where it has one.
    """
    document = read_document(path_text)
    kind = next((name for name in KINDS if name in document.content), "net")
    return KINDS[kind](document, asked or Asked())
