"""A result as rows: what csv, tsv, jsonl, the table and Markdown all show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from netcalc.files import RowFormatter
from netcalc.notation import to_ascii
from netcalc.problem import element
from netcalc.result import Element, Result, Tensor, Value, as_value, text_at

BLOCK = 1 << 17  # numbers written at once
Record = dict[str, float | str | None]


def sample_elements(result: Result, sample: int) -> Iterator[tuple[Element, str | None]]:
    """One sample's elements, f, dx0, …, dw0, …, db, each with the output that it is a partial of."""
    for tensor in result.tensors:
        for one in replace(
            tensor, entries=tensor.entries[sample : sample + 1].reshape(tensor.entries.shape[1:])
        ).elements():
            yield one, tensor.of


def samples(result: Result) -> range:
    """The samples of a result whose rows are samples."""
    return range(len(result.tensors[0].entries))


def records(result: Result) -> Iterator[Record]:
    """A record an element, or a sample where rows are samples; a record a verdict where answers were brought."""
    if result.checked:
        yield from (one.record() for one in result.checked)
        return
    if result.sample_rows:
        for sample in samples(result):
            yield {one.name: one.value.plain() for one, _ in sample_elements(result, sample)}
        return
    for tensor in result.tensors:
        if tensor.own:
            yield from (_record(one.name, to_ascii(one.formula), one.value) for one in tensor.elements())
            continue
        formula = to_ascii(tensor.formula)  # once: a tensor may have a million elements
        for index in np.ndindex(tensor.entries.shape):
            own = text_at(formula, index, tensor.index_from)
            yield _record(element(tensor.name, index, tensor.index_from), own, as_value(tensor.entries[index]))


def _record(name: str, formula: str, value: Value) -> Record:
    record: Record = {"name": name, "formula": formula, "value": value.plain()}
    return record if value.exact is None else record | {"exact": to_ascii(value.exact)}


def jsonl(result: Result) -> Iterator[str]:
    """A JSON object a line."""
    import json  # the table, which counts on this module too, does without

    return (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records(result))


def separated(result: Result, delimiter: str) -> Iterator[str]:
    """Delimited text with a header line; one tensor by itself as the table of numbers that it is."""
    if result.alone and not result.sample_rows:
        yield from bare(result.tensors[0], delimiter)
        return
    header: list[str] = []
    for record in records(result):
        if not header:
            header = list(record)
            yield _line(header, delimiter)
        yield _line([cell(value) for value in record.values()], delimiter)


def bare(tensor: Tensor, delimiter: str) -> Iterator[str]:
    """A tensor's rows and nothing else, as a file of numbers that is read again; a vector is one row."""
    rows = tensor.entries.reshape(-1, tensor.entries.shape[-1]) if tensor.entries.ndim else tensor.entries.reshape(1, 1)
    if rows.dtype != object:
        write = RowFormatter(delimiter)
        step = max(1, BLOCK // rows.shape[1])
        yield from (write(rows[start : start + step])[:-1] for start in range(0, len(rows), step))
        return
    for row in rows:
        yield _line([cell(value.plain()) for value in row], delimiter)


def cell(value: float | str | None) -> str:
    """A value as delimited text has it; nothing for one that is not decided."""
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _line(cells: Iterable[str], delimiter: str) -> str:
    import csv
    import io

    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(cells)
    return buffer.getvalue()
