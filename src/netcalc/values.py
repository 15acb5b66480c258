"""Numbers, vectors and matrices, as typed after a flag or read from the file named there.

A tensor is an array of dtype object that holds constant trees, exactly what was written, or of float64 where there are
more than EXACT_LIMIT numbers or they come from a binary file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import each, of_rows, scalar
from netcalc.errors import ExpressionError, ShapeError, ValueSyntaxError
from netcalc.expression import Number, Tree
from netcalc.files.cells import NOT_FINITE, is_kept_exactly, nearest_float, read_number, reads
from netcalc.files.names import is_file, looks_like_file
from netcalc.files.printed import as_lists
from netcalc.outside import cut_at_commas

if TYPE_CHECKING:
    from netcalc.files.numbers import Tensor
    from netcalc.files.source import StandardInput
    from netcalc.files.stream import OnBadRow, RowStream

FILE_NAME = r"[^\W\d][\w./~-]*"
BRACKETED_ROWS = r"\]\s*,?\s*\["


def read_vector(
    texts: Sequence[str],
    name: str,
    *,
    stdin: StandardInput | None = None,
    decimal: str = ".",
    columns: int | None = None,
) -> np.ndarray:
    """The numbers after the flag `name`: (n,), or (samples, n) for rows such as "1,2; 3,4" or a file's.

    `columns` is n where it is known: it tells a vector from many samples of one number, both a column in a file.
    Where a file's header names exactly the elements, as in x1,x0 for --x, they are taken by name.
    Raises ValueSyntaxError, ExpressionError, FileError, ShapeError.
    """
    rows = _typed(texts, name)
    if rows is not None:
        return rows[0] if len(rows) == 1 else rows
    return _vector(_from_file(texts[0], name, stdin, decimal, columns), name, columns)


def read_rows(
    texts: Sequence[str],
    name: str,
    *,
    columns: int,
    few: int,
    stdin: StandardInput | None = None,
    decimal: str = ".",
    wait: float | None = None,
    on_bad_row: OnBadRow | None = None,
) -> np.ndarray | RowStream:
    """As `read_vector`, but a file's table of many rows is left as a stream of them: see `files.table.read_rows`."""
    rows = _typed(texts, name)
    if rows is not None:
        return rows[0] if len(rows) == 1 else rows
    from netcalc.files.stream import RowStream
    from netcalc.files.table import read_rows as read_table

    found = read_table(
        texts[0], name, columns=columns, few=few, stdin=stdin, decimal=decimal, wait=wait, on_bad_row=on_bad_row
    )
    return found.by_name(letter(name)) if isinstance(found, RowStream) else _vector(found, name, columns)


def read_matrix(
    texts: Sequence[str], name: str, *, stdin: StandardInput | None = None, decimal: str = "."
) -> np.ndarray:
    """(rows, columns): a file's table, or rows with `;` between them, as in "4,-4; 1,2". Raises as `read_vector`."""
    rows = _typed(texts, name)
    if rows is not None:
        return rows
    tensor = _from_file(texts[0], name, stdin, decimal)
    if tensor.array.ndim != 2:
        raise ShapeError(f"{name}: {tensor.source} holds {_shaped(tensor.array)}; a matrix has rows and columns")
    return tensor.array


def read_array(text: str, name: str, *, stdin: StandardInput | None = None, decimal: str = ".") -> np.ndarray:
    """A number (), a vector `1,2` (n,), a matrix `1,2; 3,4` (m, n), lists in lists, or what a file holds.

    One row or one column of a table of text is a vector where the name starts with a small letter. Raises as
    `read_vector`.
    """
    text = as_lists(text)
    if text.lstrip().startswith("["):
        try:
            return few(_nested(text.strip(), name))
        except (ExpressionError, ValueSyntaxError) as error:
            raise _no_number(text, name, error) from None
    rows = _typed([text], name)
    if rows is None:
        tensor = _from_file(text, name, stdin, decimal)
        is_one_row = tensor.array.ndim == 2 and 1 in tensor.array.shape and not text.endswith(KEEP_SHAPES)
        called = name.rpartition(" ")[2].lstrip("-")
        return tensor.array.reshape(-1) if is_one_row and not called[:1].isupper() else tensor.array
    if ";" in text:
        return rows
    return rows[0] if rows.size > 1 else rows.reshape(())


KEEP_SHAPES = (".npy", ".npz", ".safetensors", ".json", ".json.gz")


def _nested(text: str, name: str) -> np.ndarray:
    """The numbers of `[[1, 2], [3, 4]]`. Raises ShapeError where lists are not all of one length."""
    if not text.startswith("["):
        return scalar(read_number(text))
    if not text.endswith("]"):
        raise ValueSyntaxError("a ']' is missing")
    if not text[1:-1].strip():
        raise ValueSyntaxError("no number is given")
    parts = [_nested(piece.strip(), name) for piece in cut_at_commas(text[1:-1])]
    if len({part.shape for part in parts}) > 1:
        shown = ", ".join(str(len(part)) if part.ndim else "a number" for part in parts[:6])
        raise ShapeError(f"{name}: its rows are not all of one length: {shown}")
    return np.stack(parts)


def few(array: np.ndarray) -> np.ndarray:
    """Numbers as they are; float64 where they are too many to be kept exactly."""
    return array if is_kept_exactly(array.size) else to_float64(array)


def read_scalar(text: str, name: str) -> Tree:
    """One number, exactly. Raises ValueSyntaxError, ExpressionError."""
    try:
        return read_number(text)
    except (ExpressionError, ValueSyntaxError) as error:
        raise _no_number(text, name, error) from None


def to_exact(array: np.ndarray) -> np.ndarray:
    """float64 as the exact numbers they are; trees as they are. The same shape."""
    if array.dtype == object:
        return array
    return each(lambda value: Number(Fraction(value)), array)


def to_float64(array: np.ndarray) -> np.ndarray:
    """Constant trees as the float64 nearest to them; float64 as it is. The same shape.

    Raises ValueSyntaxError for a constant that is undefined or beyond float64's range.
    """
    if array.dtype != object:
        return array.astype(np.float64, copy=False)
    return np.array([nearest_float(tree) for tree in array.ravel()], dtype=np.float64).reshape(array.shape)


def _typed(texts: Sequence[str], name: str) -> np.ndarray | None:
    """The numbers typed, (rows, columns); None where one file is meant. Raises ValueSyntaxError, ShapeError."""
    if len(texts) == 1 and looks_like_file(texts[0]):  # as no number does
        return None
    rows: list[list[Tree]] = [[]]
    for text in texts:
        try:
            first, *others = [[read_number(word) for word in _words(row)] for row in _rows(as_lists(text))]
        except (ExpressionError, ValueSyntaxError) as error:
            if len(texts) == 1 and is_file(text):
                return None
            raise _no_number(text, name, error) from None
        rows[-1] += first
        rows += others
    if not rows[-1] and len(rows) > 1:
        rows.pop()  # "1,2; 3,4;"
    if any(len(row) != len(rows[0]) for row in rows):
        raise ShapeError(f"{name}: its rows have {', '.join(str(len(row)) for row in rows)} numbers, not all the same")
    if not rows[0]:
        raise ValueSyntaxError(f"{name}: no number is given")
    return few(of_rows(rows))


def _rows(text: str) -> list[str]:
    """The rows of `1,2; 3,4` and of `[[1, 2], [3, 4]]`."""
    stripped = text.strip()
    if stripped.startswith("[[") and stripped.endswith("]]"):
        return re.split(BRACKETED_ROWS, stripped[2:-2])
    if stripped.startswith("[") and stripped.endswith("]"):
        stripped = stripped[1:-1]
    return re.split(r"[;\n]", stripped)


def _words(row: str) -> list[str]:
    """A row's numbers, between commas or spaces; spaces within a formula, as in `sqrt(2) + 1`, belong to it."""
    if not row.strip():
        return []
    words: list[str] = []
    for piece in cut_at_commas(row):
        parts = piece.split()
        words += parts if len(parts) > 1 and all(map(reads, parts)) else [piece.strip()]
    if not all(words):
        raise ValueSyntaxError("a number is missing beside a comma")
    return words


def _no_number(text: str, name: str, error: ExpressionError | ValueSyntaxError) -> ValueSyntaxError:
    """The error for a text that is no number, whose reading as a number ended with `error`."""
    if text == "-":
        return ValueSyntaxError(f"{name}: '-' is standard input, and stands alone")
    if is_file(text):
        return ValueSyntaxError(f"{name}: '{text}' is a file; give one file alone, or numbers alone")
    if re.fullmatch(FILE_NAME, text) and not re.fullmatch(NOT_FINITE, text):
        from netcalc.files.source import suggestion

        return ValueSyntaxError(f"{name}: '{text}' is neither a number nor a file{suggestion(text)}")
    return ValueSyntaxError(f"{name}: {error.message}", source=error.source, position=error.position)


def _from_file(path: str, name: str, stdin: StandardInput | None, decimal: str, columns: int | None = None) -> Tensor:
    from netcalc.files.read import read_tensor  # numbers that are typed need no file

    return read_tensor(path, name, stdin=stdin, decimal=decimal, columns=columns)


def _vector(tensor: Tensor, name: str, columns: int | None) -> np.ndarray:
    """A table of one row, or of one column, as a vector; other tables as they are."""
    array = np.atleast_1d(tensor.by_name(letter(name)).array)
    if array.ndim > 2:
        raise ShapeError(f"{name}: {tensor.source} holds {_shaped(array)}; a vector or rows of them are needed")
    if array.ndim == 1 or array.shape[0] == 1:
        return array.reshape(-1)
    return array.reshape(-1) if array.shape[1] == 1 and columns != 1 else array


def letter(flag: str) -> str:
    """What the elements of a flag's vector are called: `x` for `--x`."""
    return flag.lstrip("-")


def _shaped(array: np.ndarray) -> str:
    return f"an array of {' × '.join(map(str, array.shape))}" if array.ndim else "a single number"


def written_lists(text: str) -> list[Any] | str:
    """The numbers of `[[[1, 2]]]` as they are written, in lists within lists."""
    text = text.strip()
    return (
        [written_lists(piece) for piece in cut_at_commas(text[1:-1])] if text[:1] == "[" and text[-1] == "]" else text
    )


def written_rows(text: str) -> list[list[str]]:
    """The numbers of `1,2; 3,4` as they are written, a list a row."""
    return [words for row in _rows(as_lists(text)) if (words := _words(row))] or [[""]]
