"""A problem's file: read, checked against its published schema, and stated as a problem. One file a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from netcalc.errors import FileError
from netcalc.spec.document import Document, document, read_document

if TYPE_CHECKING:
    from netcalc.models.grad import Gradient
    from netcalc.models.net import NetOptions
    from netcalc.problem import Problem

__all__ = ["document", "problem_of", "read_problem"]

KINDS: Mapping[str, str] = {  # by the table that a file begins with; the module whose function of that name states it
    "net": "netcalc.spec.net",
    "neuron": "netcalc.spec.flags",
    "linear": "netcalc.spec.flags",
    "grad": "netcalc.spec.flags",
}


def read_problem(path_text: str, options: NetOptions | None = None, decimal: str = ".") -> Problem | Gradient:
    """The problem that a file states, TOML or JSON; `-` is standard input. Files it names are found beside it.

    In those the decimal sign is `decimal`.

    Raises FileError, ValueSyntaxError, ShapeError, UnknownNameError, each with the file's line where it has one.
    """
    return problem_of(read_document(path_text, decimal), options)


def problem_of(document: Document, options: NetOptions | None = None) -> Problem | Gradient:
    """The problem that a document states. Raises as `read_problem` does."""
    from netcalc.models.net import NetOptions

    kind = next((name for name in KINDS if name in document.content), "net")
    if kind == "net" and "layers" not in document.content:
        _refuse_flags_without_table(document)
    state: Callable[[Document, NetOptions], Problem | Gradient] = getattr(import_module(KINDS[kind]), kind)
    return state(document, options or NetOptions())


def _refuse_flags_without_table(document: Document) -> None:
    """What states a neuron in full, but for the line that says that it is one."""
    from netcalc.spec.flags import KEYS

    for name, keys in KEYS.items():
        if document.content.keys() and document.content.keys() <= set(keys):
            first = next(iter(document.content))
            raise FileError(f"{document.where([first])}: '{first}' stands in no table; write [{name}] above it")
