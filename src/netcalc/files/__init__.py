"""Files: tensors in, results out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netcalc.files.cells import EXACT_LIMIT

if TYPE_CHECKING:
    from netcalc.files.names import is_file, looks_like_file
    from netcalc.files.numbers import Tensor
    from netcalc.files.read import read_tensor
    from netcalc.files.source import StandardInput, suggestion
    from netcalc.files.stream import Block, OnBadRow, RowStream
    from netcalc.files.table import read_rows
    from netcalc.files.text import RowError
    from netcalc.files.write import write_atomically, write_npz, write_private

__all__ = [
    "EXACT_LIMIT",
    "Block",
    "OnBadRow",
    "RowError",
    "RowStream",
    "StandardInput",
    "Tensor",
    "is_file",
    "looks_like_file",
    "read_rows",
    "read_tensor",
    "suggestion",
    "write_atomically",
    "write_npz",
    "write_private",
]
_PLACES = {  # numbers typed on the command line come through here too, and need no file
    "names": ("is_file", "looks_like_file"),
    "read": ("read_tensor",),
    "source": ("StandardInput", "suggestion"),
    "stream": ("Block", "OnBadRow", "RowStream"),
    "table": ("read_rows",),
    "tensor": ("Tensor",),
    "text": ("RowError",),
    "write": ("write_atomically", "write_npz", "write_private"),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"netcalc.files.{module}"), name)
    raise AttributeError(f"module 'netcalc.files' has no attribute {name!r}")
