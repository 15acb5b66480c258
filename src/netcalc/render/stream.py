"""Rows that stream: text a block, as they come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field
from itertools import pairwise
from typing import Protocol

import numpy as np

from netcalc.errors import UndefinedError
from netcalc.files.rows import RowWriter
from netcalc.files.stream import Block, OnBadRow, Place
from netcalc.files.text import RowError
from netcalc.models.grad import Gradient
from netcalc.problem import Problem
from netcalc.records import NamedTuple, dataclass
from netcalc.render.rows import records
from netcalc.result import Result
from netcalc.solving.solve import solve

FEW_FORMULAS = 16  # rows whose formulas take some tenths of a second
FEW = 256  # numbers of the rows that are answered exactly at once where float64 has no answer


class RowAnswers(Protocol):
    """What every row is put into; a row's answers are under `columns`, or those of the parts `only` names."""

    @property
    def only(self) -> tuple[str, ...]:
        """The parts of the answer that are asked for; all where it is empty."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a row's answers."""

    def check_rows(self, rows: int) -> None:
        """Raises ShapeError if what is given a row is not given for so many rows in all."""

    def problem(self, x: np.ndarray, first: int) -> Problem | Gradient:
        """The rows `x`, of which the first is row number `first` of all, as a problem of many samples."""

    def answers(self, x: np.ndarray, first: int) -> np.ndarray:
        """Rows of float64 -> (rows, columns), nan or infinite where float64 has no value."""

    @property
    def in_formulas(self) -> bool:
        """Whether answers have a symbol in them."""

    def kinks(self, x: np.ndarray) -> Counter[str]:
        """How many of the rows are at a kink, by what there is to say of it."""


@dataclass
class Encounters:
    """What is met on the way: rows without an answer, which go to `on_bad_row` or end the run, and rows at a kink."""

    on_bad_row: OnBadRow | None = None
    kinks: Counter[str] = field(default_factory=Counter)

    def without_answer(self, place: Place, why: str) -> None:
        """Raises UndefinedError unless such rows are left out."""
        if self.on_bad_row is None:
            raise UndefinedError(f"{place.name}: {why}")
        self.on_bad_row(RowError(f"{place.name}: {why}", place.number, place.text, reads=True))


def stream(blocks: Iterable[Block], kind: RowAnswers, format_name: str, met: Encounters) -> Iterator[bytes]:
    """Each row's answers in `csv`, `tsv` or `jsonl`, with a header line where the format has one.

    Raises UndefinedError at a row that has no answer, after the rows before it, and whatever reading raises.
    """
    writer = RowWriter(kind.columns, format_name)
    header = "".join(f"{line}\n" for line in writer.header()).encode()
    first = 0
    for block in blocks:
        met.kinks += kind.kinks(block.rows)
        answered = _in_formulas if kind.in_formulas else _exactly if block.few else _in_float64
        for text in answered(Part(block, first, 0, len(block.rows)), kind, writer, met):
            yield header + text
            header = b""
        first += len(block.rows)
    kind.check_rows(first)
    if header:
        yield header


class Part(NamedTuple):
    """The rows from `begin` to `end` of a block, whose first row is number `first` of all."""

    block: Block
    first: int
    begin: int
    end: int

    @property
    def rows(self) -> np.ndarray:
        """They themselves."""
        return self.block.rows[self.begin : self.end]

    @property
    def number(self) -> int:
        """That of the first of them, among all."""
        return self.first + self.begin

    def halves(self) -> tuple[Part, Part]:
        """Both not empty, of more than one row."""
        middle = (self.begin + self.end) // 2
        return self._replace(end=middle), self._replace(begin=middle)


def _exactly(part: Part, kind: RowAnswers, writer: RowWriter, met: Encounters) -> Iterator[bytes]:
    """Few rows; halved where a row among them has no answer, until it is alone."""
    try:
        result = _solved(part, kind)
    except UndefinedError as error:
        if part.end - part.begin == 1:
            met.without_answer(part.block.where(part.begin), error.message)
            return
        for half in part.halves():
            yield from _exactly(half, kind, writer, met)
        return
    yield "".join(f"{writer.row(record.values())}\n" for record in records(result)).encode()


def _solved(part: Part, kind: RowAnswers) -> Result:
    """The answers that are asked for. Raises UndefinedError where one of them has no value."""
    result = solve(kind.problem(part.rows, part.number))
    result = result.only(kind.only) if kind.only else result
    for tensor in result.tensors:
        if any(getattr(entry, "is_undefined", False) for entry in tensor.entries.flat):
            reasons = (note for note in result.notes if "has no value" in note)
            raise UndefinedError(next(reasons, f"{tensor.name} is undefined here"))
    return result


def _in_formulas(part: Part, kind: RowAnswers, writer: RowWriter, met: Encounters) -> Iterator[bytes]:
    """A few rows at a time, since algebra is slow."""
    for start in range(part.begin, part.end, FEW_FORMULAS):
        yield from _exactly(part._replace(begin=start, end=min(part.end, start + FEW_FORMULAS)), kind, writer, met)


def _in_float64(part: Part, kind: RowAnswers, writer: RowWriter, met: Encounters) -> Iterator[bytes]:
    """Many rows; those that float64 has no answer for exactly."""
    answers = kind.answers(part.rows, part.number)
    finite = np.isfinite(answers).all(axis=1)
    if finite.all():
        yield writer.rows(answers)
        return
    most = max(1, FEW // part.rows.shape[1])
    borders = [0, *(np.flatnonzero(np.diff(finite)) + 1).tolist(), len(finite)]
    for begin, end in pairwise(borders):
        if finite[begin]:
            yield writer.rows(answers[begin:end])
            continue
        for start in range(begin, end, most):
            yield from _exactly(part._replace(begin=start, end=min(end, start + most)), kind, writer, met)
