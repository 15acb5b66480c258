"""Where answers come from: typed, handed over from Python, or from a file of JSON, CSV or NumPy's arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.checking.answers.by_shape import by_shape, is_close, told, turned
from netcalc.checking.answers.lines import by_line, is_by_line
from netcalc.checking.answers.names import BRACKETED, NUMBERED, Names, Target, listing
from netcalc.checking.answers.tables import Table, read_cells, read_table, read_text
from netcalc.checking.answers.together import Given, together
from netcalc.errors import FileError, NetcalcError
from netcalc.files.dialect import is_header
from netcalc.files.names import is_file, looks_like_file
from netcalc.files.npy import read_members
from netcalc.files.read import read_tensor
from netcalc.files.source import StandardInput, open_source
from netcalc.notation import to_ascii
from netcalc.problem import Problem
from netcalc.records import NamedTuple
from netcalc.result import Tensor
from netcalc.result.result import NEW
from netcalc.spec.document import TwiceError, once

OWN_KEYS = ("forward", "partials", "updated")  # of netcalc's JSON, that hold answers
OWN_SECOND = ("directional", "hvp", "hessian", "derivatives")  # and that hold them beside
NAME_COLUMN, VALUE_COLUMNS = "name", ("value", "answer", "claimed")
PASSED_OVER = ("formula", "exact", "correct", "verdict", "diagnosis", "explanation")  # columns netcalc itself writes
TABLES = (".csv", ".tsv", ".txt")  # files of one answer's numbers, as text


class Brought(NamedTuple):
    """Answers as (name, what was written for it), and what there is to say of where they came from."""

    given: list[Given]
    notes: list[str]


def answers(texts: Sequence[str], names: Names, stdin: StandardInput | None = None) -> Brought:
    """What was given to --check: `dx1=-4/e`, `dW=mine.csv`, JSON of answers, or a file of them.

    Raises NetcalcError for what is none of them, FileError for a file that doesn't hold answers.
    """
    stdin = stdin or StandardInput()
    brought = Brought([], [])
    for text in texts:
        name, equals, content = text.partition("=" if "=" in text else "≈")
        if text.lstrip().startswith("{"):
            found, notes = _known("--check", _json(text, "--check", names), names)
            brought.given.extend(together(found))
            brought.notes.extend([*notes, *missing("what is given", found, names)])
        elif not equals and text and (is_file(text) or looks_like_file(text)):
            found, notes = _in_file(text, names, stdin)
            brought.given.extend(found)
            brought.notes.extend(notes)
        elif not equals or not name.strip():
            raise NetcalcError(f"--check takes NAME=VALUE, as in dx0=-1.1, or a file of answers; not '{text}'")
        elif looks_like_file(content):
            brought.given.extend(together([(name, _numbers(content, names.find(name), stdin))]))
        else:
            brought.given.append((name, content))
    return brought


def given(tree: Mapping[str, Any], names: Names) -> Brought:
    """Answers by name from Python: numbers, texts as they would be typed, lists, arrays."""
    pairs = list(_by_name(tree, names))
    typed = {name for name, content in pairs if isinstance(content, str)}
    settled = dict(enumerate(together([(name, content) for name, content in pairs if name not in typed])))
    rest = iter(settled.values())
    found = [(name, content) if name in typed else next(rest) for name, content in pairs]
    whole = any(isinstance(content, list | tuple | np.ndarray) for _, content in pairs)
    return Brought(found, missing("what is given", found, names) if whole else [])


def _by_name(tree: Mapping[str, Any], names: Names) -> Iterator[Given]:
    """Answers by name; `forward`, `partials` and what else holds answers as netcalc's own JSON has them."""
    for name, content in tree.items():
        if name in OWN_KEYS and isinstance(content, Mapping):
            prefix, suffix = "d" if name == "partials" else "", NEW if name == "updated" else ""
            yield from ((f"{prefix}{inner}{suffix}", thing) for inner, thing in _by_name(content, names))
        elif name in OWN_SECOND and "partials" in tree:
            yield from _second(name, content, names.result.tensors)
        elif isinstance(content, Mapping):
            raise NetcalcError(
                f"'{name}' holds names in place of numbers; answers are numbers or lists of them by name"
            )
        elif content is not None:
            yield name, content


def _second(key: str, content: Any, tensors: Iterable[Tensor]) -> Iterator[Given]:
    """Derivatives in a direction, and further ones, that netcalc's own JSON has under a key; of other forms nothing."""
    for one in tensors:
        found = None
        with suppress(LookupError, TypeError):  # of another problem, or by hand
            if key == "directional" and one.role == key:
                found = content
            elif key == "hvp" and one.role.startswith("hvp."):
                found = content[one.role.removeprefix("hvp.")]
            elif key == "hessian" and len(one.by) == 2:
                found = content[one.by[0]][one.by[1]]
            elif key == "derivatives" and len(one.by) > 1:
                found = content[len(one.by) - 1]
        if found is not None:
            yield one.name, found


def missing(source: str, found: Sequence[Given], names: Names) -> list[str]:
    """A note on the gradients that are not there, where others are."""
    there = {names.find(name).tensor.name for name, _ in found}
    wanted = names.gradients
    absent = [name for name in wanted if name not in there]
    if not absent or len(absent) == len(wanted):
        return []
    return [f"{source} has no {listing(absent)}: nothing is said of {'it' if len(absent) == 1 else 'them'}"]


def _known(source: str, pairs: Iterable[Given], names: Names) -> tuple[list[Given], list[str]]:
    """The pairs that are answers here, and a note on those that are not, unless all are so.

    Raises UnknownNameError.
    """
    found: list[Given] = []
    unknown: dict[str, None] = {}
    for name, content in pairs:
        if names.meant(name):
            found.append((name, content))
        else:
            unknown[name] = None
    if unknown and not found:
        names.find(next(iter(unknown)))  # raises it
    if not unknown:
        return found, []
    are = "is no answer" if len(unknown) == 1 else "are no answers"
    return found, [f"{source} also has {listing(list(unknown))}, which {are} here: not checked"]


def _in_file(path: str, names: Names, stdin: StandardInput) -> tuple[list[Given], list[str]]:
    """What a file holds, and what there is to say of it. Raises FileError, also where it holds no answer."""
    by_name, said = True, list[str]()
    if path.lower().endswith(".toml"):
        raise FileError(f"{path} states a problem; answers are in .json, .csv, .npz or .safetensors, or NAME=VALUE")
    if path.lower().endswith((".npz", ".safetensors")):
        arrays = read_members(path)
        renamed, said = _renamed(path, arrays, names)
        name, found = path, _by_name(renamed, names)
    else:
        source = open_source(path, "--check", stdin)
        name, text = source.name, read_text(source)
        is_json = text.lstrip()[:1] in ("{", "[")
        by_name = text.lstrip()[:1] == "{" or (not is_json and is_by_line(text))
        if is_json:
            found = _json(text, name, names)
        else:
            found = by_line(text, name) if by_name else _table(read_table(text, name), names)
    try:
        pairs, notes = _known(name, found, names) if by_name else (list(found), [])
        given = list(together(pairs))
        if by_name:
            notes += missing(name, given, names)
    except FileError:
        raise
    except NetcalcError as error:
        raise FileError(f"{name}: {error.message}", source=error.source, position=error.position) from None
    if not given:
        raise FileError(f"{name} holds no answers")
    return given, [*said, *notes]


def _renamed(source: str, arrays: Mapping[str, np.ndarray], names: Names) -> tuple[Mapping[str, np.ndarray], list[str]]:
    """Arrays by the names here, where they have none of these: those of a state_dict, told by shape and order.

    With a note on which is which.
    """
    if any(names.meant(name) for name in arrays):
        return arrays, []
    gradients = [name for name, one in names.tensors.items() if one.of and len(one.by) < 2]
    if isinstance(names.result.problem, Problem):
        gradients.sort(key=_layer)  # backward passes give the last one's first, files the first one's
    known = {name: tuple(names.tensors[name].entries.shape) for name in gradients}
    weights = {name: shape for name, shape in known.items() if name in names.gradients}
    inputs = getattr(names.result.problem, "inputs", None) or {}
    weights = weights or {name: shape for name, shape in known.items() if names.tensors[name].key in inputs}
    shapes = {key: array.shape for key, array in arrays.items()}
    try:
        keys = by_shape(shapes, weights, known)
    except NetcalcError:
        return arrays, []

    def is_right(key: str, is_turned: bool) -> bool:
        return is_close(arrays[key].T if is_turned else arrays[key], names.tensors[keys[key]].numbers())

    other_way = turned(shapes, keys, known, is_right)
    found = {name: arrays[key].T if key in other_way else arrays[key] for key, name in keys.items()}
    return found, [f"{source}: {told(keys, other_way, shapes)}"]


def _layer(name: str) -> int:
    """The number of a layer, which its gradients' names end with."""
    return int("".join(filter(str.isdigit, name)) or 0)


def _numbers(path: str, target: Target, stdin: StandardInput) -> Any:
    """The numbers of one answer: an array, or rows of texts, whose digits tell how they are rounded.

    A first row of names is a header, if without it there are as many numbers as the answer has.
    """
    if path.lower().endswith(".json"):
        source = open_source(path, "--check", stdin)
        return _parsed(read_text(source), source.name)
    if not path.lower().endswith(TABLES):
        array = read_tensor(path, "--check", stdin=stdin, finite=False).array
        return each(to_ascii, array) if array.dtype == object else array
    source = open_source(path, "--check", stdin)
    rows = [row for _, row in read_cells(read_text(source), source.name)]
    if is_header(rows[0], ".") and sum(map(len, rows[1:])) == (
        target.tensor.entries.size if target.index is None else 1
    ):
        del rows[0]
    return rows[0] if len(rows) == 1 else rows


def _json(text: str, name: str, names: Names) -> Iterator[Given]:
    """netcalc's own JSON, a plain tree, or objects with `name` and `value`, in a list or one a line.

    Where there are many samples, also an object a sample.
    """
    content = _parsed(text, name)
    if isinstance(content, dict) and not _is_row(content):
        own = "netcalc" in content
        yield from _by_name(
            {key: thing for key, thing in content.items() if not own or key in (*OWN_KEYS, *OWN_SECOND)}, names
        )
        return
    listed = content if isinstance(content, list) else [content]
    if names.result.sample_rows and not any(map(_is_row, listed)) and all(isinstance(one, dict) for one in listed):
        for sample, one in enumerate(listed):
            yield from _by_name({_of_sample(key, sample, names): value for key, value in one.items()}, names)
        return
    for one in listed:
        if not _is_row(one):
            raise FileError(f"{name}: a list of answers has objects with a name and a value each")
        yield from _by_name({one[NAME_COLUMN]: next(one[key] for key in VALUE_COLUMNS if key in one)}, names)


def _parsed(text: str, name: str) -> Any:
    """What a JSON text holds, numbers as they are written. Raises FileError."""
    try:
        return _loaded(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise FileError(f"{name} is no JSON of answers: it is nested too deeply") from None
    except TwiceError as error:
        raise FileError(f"{name}: '{error.args[0]}' is given twice") from None


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
