"""A problem's file: read, checked against its published schema, and stated as a problem. One file a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netcalc.models.grad import Gradient
from netcalc.models.net import Asked
from netcalc.problem import Problem
from netcalc.spec.document import Document, read_document
from netcalc.spec.flags import grad, linear, neuron
from netcalc.spec.net import net

__all__ = ["read_problem", "stated"]

KINDS: Mapping[str, Callable[[Document, Asked], Problem | Gradient]] = {  # by the table that a file begins with
    "net": net,
    "neuron": neuron,
    "linear": linear,
    "grad": grad,
}


def read_problem(path_text: str, asked: Asked | None = None) -> Problem | Gradient:
    """The problem that a file states, TOML or JSON; `-` is standard input. Files it names are found beside it.

    Raises FileError, ValueSyntaxError, ShapeError, UnknownNameError, each with the file's line where it has one.
    """
    return stated(read_document(path_text), asked)


def stated(document: Document, asked: Asked | None = None) -> Problem | Gradient:
    """The problem that a document states. Raises as `read_problem` does."""
    kind = next((name for name in KINDS if name in document.content), "net")
    return KINDS[kind](document, asked or Asked())
