"""Rows that stream: text a block, as they come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from netcalc.errors import UndefinedError
from netcalc.files import Block
from netcalc.files.rows import RowWriter
from netcalc.models.grad import Gradient
from netcalc.problem import Problem
from netcalc.render.rows import records
from netcalc.solving.solve import solve


class RowAnswers(Protocol):
    """What every row is put into; a row's answers are under `columns`, or those of the parts `only` names."""

    @property
    def only(self) -> tuple[str, ...]:
        """The parts of the answer that are asked for; all where it is empty."""

    @property
    def row_called(self) -> str:
        """What messages call a row: `sample`, `point`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a row's answers."""

    def check_rows(self, rows: int) -> None:
        """Raises ShapeError if what is given a row is not given for so many rows in all."""

    def problem(self, x: np.ndarray, first: int) -> Problem | Gradient:
        """The rows `x`, of which the first is row number `first` of all, as a problem of many samples."""

    def answers(self, x: np.ndarray, first: int) -> np.ndarray:
        """Rows of float64 -> (rows, columns), nan where there is no value. May raise UndefinedError."""

    def why_undefined(self, x: np.ndarray, column: int) -> str:
        """What is said of a row `x` (n,) where an answer has no value."""


def stream(blocks: Iterable[Block], kind: RowAnswers, format_name: str) -> Iterator[bytes]:
    """Each row's answers in `csv`, `tsv` or `jsonl`, with a header line where the format has one.

    Raises UndefinedError at a row that has no answer, after the rows before it, and whatever reading raises.
    """
    writer = RowWriter(kind.columns, format_name)
    header = "".join(f"{line}\n" for line in writer.header()).encode()
    first = 0
    for block in blocks:
        for text in (_exactly if block.few else _in_float64)(block.rows, kind, first, writer):
            yield header + text
            header = b""
        first += len(block.rows)
    kind.check_rows(first)
    if header:
        yield header


def _exactly(x: np.ndarray, kind: RowAnswers, first: int, writer: RowWriter) -> Iterator[bytes]:
    """Few rows; one by one where a row among them has no answer."""
    try:
        result = solve(kind.problem(x, first))
    except UndefinedError as error:
        if len(x) == 1:
            raise UndefinedError(f"{kind.row_called} {first}: {error.message}") from None
        for index in range(len(x)):
            yield from _exactly(x[index : index + 1], kind, first + index, writer)
        return
    yield "".join(
        f"{writer.row(record.values())}\n" for record in records(result.only(kind.only) if kind.only else result)
    ).encode()


def _in_float64(x: np.ndarray, kind: RowAnswers, first: int, writer: RowWriter) -> Iterator[bytes]:
    answers = kind.answers(x, first)
    finite = np.isfinite(answers).all(axis=1)
    good = len(x) if finite.all() else int(finite.argmin())
    if good:
        yield writer.rows(answers[:good])
    if good < len(x):
        column = int(np.isfinite(answers[good]).argmin())
        value = answers[good, column]
        undefined = kind.why_undefined(x[good], column) if np.isnan(value) else ""
        why = undefined or f"{kind.columns[column]} is {value}: beyond the range of float64"
        raise UndefinedError(f"{kind.row_called} {first + good}: {why}")
