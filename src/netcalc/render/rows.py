"""A result as rows: what csv, tsv, jsonl, the table and Markdown all show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from netcalc.files.rows import DELIMITERS, RowWriter, cell, json_value
from netcalc.notation import to_ascii
from netcalc.result import Element, Result, Tensor, Value, as_value, text_at
from netcalc.result.result import closed_form

BLOCK = 1 << 17  # numbers written at once
PLACE = 10**12 + 39  # stands for every place in a line that many elements share
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
    if result.checked or result.lines:
        yield from (one.record() for one in result.checked)
        yield from (one.record() for one in result.lines)
        return
    closed = has_closed_forms(result)
    if result.sample_rows:
        for sample in samples(result):
            row = [one for one, _ in sample_elements(result, sample)]
            forms: Record = {f"{one.name} exact": closed_form(one.value) for one in row} if closed else {}
            yield {one.name: one.value.plain() for one in row} | forms
        return
    for tensor in result.tensors:
        yield from _of_elements(tensor, closed=closed)


def has_closed_forms(result: Result) -> bool:
    """Whether values have exact forms to show beside their digits."""
    return any(value.exact is not None for tensor in result.tensors for value in tensor.values)


def _of_elements(tensor: Tensor, *, closed: bool = False) -> Iterator[Record]:
    if tensor.own:
        yield from (_record(one.name, to_ascii(one.formula), one.value, closed) for one in tensor.elements())
        return
    formula = to_ascii(tensor.formula)  # once: a tensor may have many elements
    for index in np.ndindex(tensor.entries.shape):
        own = text_at(formula, index, tensor.index_from, tensor.numbered)
        yield _record(tensor.name_at(index), own, as_value(tensor.entries[index]), closed)


def _record(name: str, formula: str, value: Value, closed: bool) -> Record:
    record: Record = {"name": name, "formula": formula, "value": value.plain()}
    return record | {"exact": closed_form(value)} if closed else record


def lines(result: Result, format_name: str) -> Iterator[str]:
    """A line a record, as `csv`, `tsv` (with a header line) or `jsonl`.

    One tensor by itself is the table of numbers that it is, in delimited text.
    """
    if result.alone and not result.sample_rows and DELIMITERS[format_name]:
        yield from bare(result.tensors[0], format_name)
        return
    writer = None
    if all(map(_is_vector, result.tensors)) and not result.checked and not result.lines and not result.sample_rows:
        writer = RowWriter(("name", "formula", "value"), format_name)
        yield from writer.header()
        for tensor in result.tensors:
            yield from _of_vector(tensor, writer)
        return
    for record in records(result):
        if writer is None:
            writer = RowWriter(tuple(record), format_name)
            yield from writer.header()
        yield writer.row(record.values())


def _is_vector(tensor: Tensor) -> bool:
    """Whether it is float64, with one place or none."""
    return tensor.entries.dtype != object and tensor.entries.ndim < 2 and not tensor.own


def _of_vector(tensor: Tensor, writer: RowWriter) -> Iterator[str]:
    """A line an element, of which there may be a million: what all lines share is written once, around each place."""
    if tensor.entries.ndim == 0:
        yield from (writer.row(record.values()) for record in _of_elements(tensor))
        return
    own = text_at(to_ascii(tensor.formula), (PLACE,), 0, tensor.numbered)
    line = writer.row([tensor.name_at((PLACE - tensor.index_from,)), own, 0.5])
    shared, _, end = line.rpartition("0.5")
    around = shared.split(str(PLACE))
    value = json_value if writer.delimiter is None else cell
    for place, entry in enumerate(tensor.entries.tolist(), tensor.index_from):
        yield f"{str(place).join(around)}{value(entry)}{end}"


def bare(tensor: Tensor, format_name: str) -> Iterator[str]:
    """A tensor's rows and nothing else, as a file of numbers that is read again; a vector is one row."""
    rows = tensor.entries.reshape(-1, tensor.entries.shape[-1]) if tensor.entries.ndim else tensor.entries.reshape(1, 1)
    writer = RowWriter(list(map(str, range(rows.shape[1]))), format_name)
    if rows.dtype == object:
        yield from (writer.row([value.plain() for value in row]) for row in rows)
        return
    step = max(1, BLOCK // rows.shape[1])
    for start in range(0, len(rows), step):
        yield writer.rows(rows[start : start + step]).decode()[:-1]
