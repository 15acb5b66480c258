"""Where answers come from: typed, handed over from Python, or from a file of JSON, CSV or NumPy's arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from netcalc.checking.bulk import MANY
from netcalc.checking.names import BRACKETED, NUMBERED, Names
from netcalc.checking.tables import Table, read_cells, read_table, read_text
from netcalc.checking.written import Large, computed, half_unit, read
from netcalc.errors import FileError, NetcalcError
from netcalc.files import StandardInput, is_file, looks_like_file, read_tensor
from netcalc.files.archives import read_npz_whole
from netcalc.files.numbers import as_float64, check_finite
from netcalc.files.source import open_source
from netcalc.spec.document import TwiceError, once

Given = tuple[str, Any]
OWN_KEYS = ("forward", "partials")  # of netcalc's JSON, that hold answers
NAME_COLUMN, VALUE_COLUMNS = "name", ("value", "answer", "claimed")
PASSED_OVER = ("formula", "exact", "correct", "verdict", "diagnosis", "explanation")  # columns netcalc itself writes
TABLES = (".csv", ".tsv", ".txt")  # files of one answer's numbers, as text
FLOAT64_DIGITS = 15


def answers(texts: Sequence[str], names: Names, stdin: StandardInput | None = None) -> Iterator[Given]:
    """What was given to --check, as (name, what was written for it): `dx1=-4/e`, `dW=mine.csv`, or a file of answers.

    Raises NetcalcError for what is none of them, FileError for a file that doesn't hold answers.
    """
    stdin = stdin or StandardInput()
    for text in texts:
        name, equals, content = text.partition("=")
        if not equals and text and (is_file(text) or looks_like_file(text)):
            yield from _in_file(text, names, stdin)
        elif not equals or not name.strip():
            raise NetcalcError(f"--check takes NAME=VALUE, as in dx0=-1.1, or a file of answers; not '{text}'")
        elif looks_like_file(content):
            yield from given({name: _numbers(content, stdin)})
        else:
            yield name, content


def given(tree: Mapping[str, Any]) -> Iterator[Given]:
    """Answers by name: numbers, texts, lists, arrays; `forward` and `partials` as netcalc's own JSON has them."""
    for name, content in tree.items():
        if name in OWN_KEYS and isinstance(content, Mapping):
            prefix = "d" if name == "partials" else ""
            yield from ((f"{prefix}{inner}", thing) for inner, thing in given(content))
        elif isinstance(content, Mapping):
            raise NetcalcError(
                f"'{name}' holds names in place of numbers; answers are numbers or lists of them by name"
            )
        elif isinstance(content, np.ndarray) and content.size > MANY:
            floats = as_float64(content, name)
            check_finite(floats, name)
            yield name, Large(floats, np.zeros(floats.shape), _is_single(content))
        elif isinstance(content, list) and (many := _many(content)):
            yield name, many
        elif isinstance(content, np.ndarray):
            yield name, _cells(content.tolist(), single=_is_single(content), machine=content.dtype.kind == "f")
        elif content is not None:
            yield name, _cells(content)


def _many(content: list[Any]) -> Large | None:
    """Lists of many plain numbers as arrays; None for few, and where one is no plain number, nan or infinite."""
    if len(content) * (len(content[0]) if content and isinstance(content[0], list) else 1) <= MANY:
        return None
    try:
        array = np.array(content, dtype=np.float64)
    except (ValueError, TypeError):
        return None
    if not np.isfinite(array).all():
        return None
    numbers = chain.from_iterable(content) if array.ndim == 2 else content
    half_units = np.fromiter((half_unit(str(one)) for one in numbers), np.float64, array.size)
    return Large(array, half_units.reshape(array.shape), _is_single(array))


def _cells(content: Any, *, single: bool = False, machine: bool = False) -> Any:
    if isinstance(content, list | tuple):
        return [_cells(one, single=single, machine=machine) for one in content]
    if isinstance(content, bool) or content is None:
        raise NetcalcError(f"{json.dumps(content)} is no number")
    if isinstance(content, float | np.floating):
        shown = read(repr(float(content)))
        binary = machine or single or shown.digits >= FLOAT64_DIGITS
        return computed(float(content), single=single) if binary else shown
    return str(content) if isinstance(content, int | np.integer | Fraction) else content


def _is_single(array: np.ndarray) -> bool:
    """Whether these are numbers of 24 bits, be they stored so or not."""
    if array.dtype.kind != "f":
        return False
    fractions = array[array % 1 != 0]
    with np.errstate(over="ignore"):
        long = fractions[fractions.astype(np.float16) != fractions]  # 1/2 and 3/4 are of any kind
    return array.dtype.itemsize < 8 or (long.size > 1 and bool((long.astype(np.float32) == long).all()))


def _in_file(path: str, names: Names, stdin: StandardInput) -> list[Given]:
    """What a file holds. Raises FileError, also where it holds no answer."""
    if path.lower().endswith(".npz"):
        name, found = path, given(read_npz_whole(path))
    else:
        source = open_source(path, "--check", stdin)
        name, text = source.name, read_text(source)
        found = _json(text, name, names) if text.lstrip()[:1] in ("{", "[") else _table(read_table(text, name), names)
    try:
        listed = list(found)
    except FileError:
        raise
    except NetcalcError as error:
        raise FileError(f"{name}: {error.message}", source=error.source, position=error.position) from None
    if not listed:
        raise FileError(f"{name} holds no answers")
    return listed


def _numbers(path: str, stdin: StandardInput) -> Any:
    """The numbers of one answer: an array, or rows of texts, whose digits tell how they are rounded."""
    if not path.lower().endswith(TABLES):
        return read_tensor(path, "--check", stdin=stdin).array
    source = open_source(path, "--check", stdin)
    rows = [row for _, row in read_cells(read_text(source), source.name)]
    return rows[0] if len(rows) == 1 else rows


def _json(text: str, name: str, names: Names) -> Iterator[Given]:
    """netcalc's own JSON, a plain tree, or objects with `name` and `value`, in a list or one a line.

    Where there are many samples, also an object a sample.
    """
    try:
        content = _loaded(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise FileError(f"{name} is no JSON of answers: it is nested too deeply") from None
    except TwiceError as error:
        raise FileError(f"{name}: '{error.args[0]}' is given twice") from None
    if isinstance(content, dict) and not _is_row(content):
        own = "netcalc" in content
        yield from given({key: thing for key, thing in content.items() if not own or key in OWN_KEYS})
        return
    listed = content if isinstance(content, list) else [content]
    if names.result.sample_rows and not any(map(_is_row, listed)) and all(isinstance(one, dict) for one in listed):
        for sample, one in enumerate(listed):
            yield from given({_of_sample(key, sample, names): value for key, value in one.items()})
        return
    for one in listed:
        if not _is_row(one):
            raise FileError(f"{name}: a list of answers has objects with a name and a value each")
        yield from given({one[NAME_COLUMN]: next(one[key] for key in VALUE_COLUMNS if key in one)})


def _loaded(text: str) -> Any:
    """What a JSON text holds, numbers as they are written; a list of what its lines do, if they are objects each."""

    def load(part: str) -> Any:
        return json.loads(part, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=once)

    try:
        return load(text)
    except json.JSONDecodeError as error:
        try:
            return [load(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError:
            raise error from None


def _is_row(one: Any) -> bool:
    return isinstance(one, dict) and NAME_COLUMN in one and any(key in one for key in VALUE_COLUMNS)


def _table(table: Table, names: Names) -> Iterator[Given]:
    """A row an answer, with columns name and value; or a column an answer, with their names on top."""
    lower = [cell.lower() for cell in table.header]
    if NAME_COLUMN in lower:
        return _a_row_an_answer(table._replace(header=lower))
    return _a_column_an_answer(table, names)


def _a_row_an_answer(table: Table) -> Iterator[Given]:
    header, source = table.header, table.source
    unknown = [cell for cell in header if cell not in (NAME_COLUMN, *VALUE_COLUMNS, *PASSED_OVER)]
    value = next((header.index(cell) for cell in VALUE_COLUMNS if cell in header), None)
    if unknown or value is None:
        what = f"has a column '{unknown[0]}'" if unknown else "has no column 'value'"
        raise FileError(f"{source} {what}; a table with a row an answer has the columns name and value")
    twice = next((cell for cell in header if header.count(cell) > 1), None)
    if twice:
        raise FileError(f"{source} has the column '{twice}' twice")
    name = header.index(NAME_COLUMN)
    for line, row in table.rows:
        if len(row) <= max(name, value):
            raise FileError(f"{source}, line {line}: it has {len(row)} of {len(header)} columns")
        if row[value].strip():
            yield row[name], row[value]


def _a_column_an_answer(table: Table, names: Names) -> Iterator[Given]:
    header, rows, source = table.header, table.rows, table.source
    for cell in header:
        try:
            names.find(_of_sample(cell, 0, names) if names.result.sample_rows else cell)
        except NetcalcError as error:
            raise FileError(f"{source}, column '{cell}': {error.message}") from None
    if len(rows) > 1 and not names.result.sample_rows:
        raise FileError(f"{source} has {len(rows)} rows of answers, and there is one sample; netcalc grade marks many")
    for sample, (line, row) in enumerate(rows):
        if len(row) != len(header):
            raise FileError(f"{source}, line {line}: it has {len(row)} of {len(header)} columns")
        for cell, content in zip(header, row, strict=True):
            if content.strip():
                yield (_of_sample(cell, sample, names) if names.result.sample_rows else cell), content


def _of_sample(name: str, sample: int, names: Names) -> str:
    """`dx0` in a row of its own as the element of that sample: `dx[2,0]`."""
    first = sample + names.result.tensors[0].index_from
    if name in names.tensors:
        return f"{name}[{first}]"
    match = BRACKETED.fullmatch(name) or NUMBERED.fullmatch(name)
    return f"{match[1]}[{first},{match[2]}]" if match else name
