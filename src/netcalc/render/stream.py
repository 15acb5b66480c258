"""Rows that stream: text a block, as they come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from netcalc.blocks import NeuronRows
from netcalc.errors import UndefinedError
from netcalc.files import Block
from netcalc.files.rows import RowWriter
from netcalc.render.rows import records
from netcalc.solve import solve


def stream(blocks: Iterable[Block], neuron: NeuronRows, format_name: str) -> Iterator[bytes]:
    """Each row's answers in `csv`, `tsv` or `jsonl`, with a header line where the format has one.

    Raises UndefinedError at a row that has no answer, after the rows before it, and whatever reading raises.
    """
    writer = RowWriter(neuron.columns, format_name)
    header = "".join(f"{line}\n" for line in writer.header()).encode()
    first = 0
    for block in blocks:
        for text in (_exactly if block.few else _in_float64)(block.rows, neuron, first, writer):
            yield header + text
            header = b""
        first += len(block.rows)
    if header:
        yield header


def _exactly(x: np.ndarray, neuron: NeuronRows, first: int, writer: RowWriter) -> Iterator[bytes]:
    """Few rows; one by one where a row among them has no answer."""
    try:
        result = solve(neuron.problem(x, first))
    except UndefinedError as error:
        if len(x) == 1:
            raise UndefinedError(f"sample {first}: {error.message}") from None
        for index in range(len(x)):
            yield from _exactly(x[index : index + 1], neuron, first + index, writer)
        return
    yield "".join(
        f"{writer.row(record.values())}\n" for record in records(result.only(neuron.only) if neuron.only else result)
    ).encode()


def _in_float64(x: np.ndarray, neuron: NeuronRows, first: int, writer: RowWriter) -> Iterator[bytes]:
    answers = neuron.answers(x, first)
    undefined = np.isnan(answers).any(axis=1)
    good = int(undefined.argmax()) if undefined.any() else len(x)
    if good:
        yield writer.rows(answers[:good])
    if good < len(x):
        raise UndefinedError(
            f"sample {first + good}: {neuron.columns[int(np.isnan(answers[good]).argmax())]} is undefined"
        )
