"""Files: tensors in, results out."""

from netcalc.files.read import is_file, iter_blocks, looks_like_file, read_or_stream, read_tensor
from netcalc.files.source import StandardInput
from netcalc.files.stream import Block, RowStream, Tensor
from netcalc.files.text import EXACT_LIMIT, RowError
from netcalc.files.write import RowFormatter, format_rows, write_atomically, write_tensors_npz

__all__ = [
    "EXACT_LIMIT",
    "Block",
    "RowError",
    "RowFormatter",
    "RowStream",
    "StandardInput",
    "Tensor",
    "format_rows",
    "is_file",
    "iter_blocks",
    "looks_like_file",
    "read_or_stream",
    "read_tensor",
    "write_atomically",
    "write_tensors_npz",
]
