"""A result as rows: what csv, tsv, jsonl, the table and Markdown all show."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from netcalc.notation import to_ascii
from netcalc.result import Result, Tensor, Value


@dataclass(frozen=True, slots=True)
class Row:
    """One element of an answer."""

    name: str
    formula: str
    value: Value

    @property
    def cell(self) -> str:
        """The value in full precision: digits that round-trip, or a formula."""
        return self.value.shown if self.value.nearest is None else repr(self.value.nearest)

    @property
    def exact(self) -> str | None:
        """The closed form, where it was asked for."""
        return None if self.value.exact is None else to_ascii(self.value.exact)


def element_rows(result: Result) -> list[Row]:
    """A row per element: forward values first, then every partial (of one sample)."""
    names = [*result.forward_names, *(f"d{name}" for name in result.partial_names)]
    return [row for name in names for row in _tensor_rows(result.tensors[name], result.problem.index_from)]


def _tensor_rows(tensor: Tensor, index_from: int) -> Iterator[Row]:
    if tensor.entries.ndim == 0:
        yield Row(tensor.name, tensor.formula, value_of(tensor.entries[()]))
        return
    for index, entry in enumerate(tensor.entries):
        label = str(index + index_from)
        yield Row(f"{tensor.name}{label}", tensor.formula.replace("[i]", label), value_of(entry))


def value_of(entry: object) -> Value:
    """An entry of a tensor as a Value, be it one or a float64."""
    return entry if isinstance(entry, Value) else Value(float(entry), f"{float(entry):.6g}")  # type: ignore[arg-type]


def sample_rows(result: Result) -> Iterator[dict[str, float | str]]:
    """A row per sample: f, dx0, …, dw0, …, db."""
    tensors = [result.tensors[name] for name in ("f", *(f"d{name}" for name in result.partial_names))]
    start = result.problem.index_from
    for sample in range(len(result.problem.x)):
        row: dict[str, float | str] = {}
        for tensor in tensors:
            entries = tensor.entries[sample]
            if np.ndim(entries) == 0:
                row[tensor.name] = value_of(entries).plain()
            else:
                row |= {f"{tensor.name}{k + start}": value_of(entry).plain() for k, entry in enumerate(entries)}
        yield row


def records(result: Result) -> Iterator[dict[str, float | str]]:
    """What jsonl writes: a record per element, or per sample where there are many."""
    if result.problem.many:
        yield from sample_rows(result)
        return
    for row in element_rows(result):
        record: dict[str, float | str] = {"name": row.name, "formula": row.formula, "value": row.value.plain()}
        yield record if row.exact is None else record | {"exact": row.exact}


def jsonl(result: Result) -> Iterator[str]:
    """A JSON object a line."""
    return (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records(result))


def separated(result: Result, delimiter: str) -> Iterator[str]:
    """Delimited text with a header line."""
    header: list[str] | None = None
    for record in records(result):
        if header is None:
            header = list(record)
            yield _line(header, delimiter)
        yield _line([value if isinstance(value, str) else repr(value) for value in record.values()], delimiter)


def _line(cells: Iterable[str], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(cells)
    return buffer.getvalue()
