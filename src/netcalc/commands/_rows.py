"""Many rows through a neuron: read, answered and written as they come, in constant memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, Self, runtime_checkable

from netcalc.commands._progress import watched
from netcalc.commands.options import Checking, Presentation, Rows, Values
from netcalc.errors import NetcalcError
from netcalc.render import chosen

if TYPE_CHECKING:
    import numpy as np

    from netcalc.catalogue.activations import BoundActivation
    from netcalc.commands._given import Inputs
    from netcalc.files import RowError, RowStream
    from netcalc.problem import Against
    from netcalc.render.stream import RowAnswers

ROW_FORMATS = ("csv", "tsv", "jsonl")
READ = frozenset({".csv", ".tsv", ".txt", ".gz", ".npy", ".npz", ".json"})


Parameters = tuple["np.ndarray | None", "np.ndarray | None", "BoundActivation", "np.ndarray | Against | None"]


def vector_or_rows(
    x: Values, inputs: Inputs, parameters: Parameters, rows: Rows, checking: Checking, presentation: Presentation
) -> Answerable | np.ndarray | None:
    """A neuron's inputs: the rows of a file are to be answered one after the other if the format is one of rows,
    `parameters` w and b are numbers, and each row's answer is for itself.
    """
    if rows.engine or rows.scheduler:
        from netcalc.commands._files import Files

        return Files.of(x, parameters, rows, checking, presentation, inputs.reading.decimal)
    w, b, activation, above = parameters
    whole = asked_of_the_whole(checking, presentation)
    form = chosen(presentation.format, presentation.output)
    if not x or w is None or b is None or whole or form.name not in ROW_FORMATS:
        if rows.on_error == "skip" or rows.bad_rows:
            needed = "the rows of a file for --x, numbers for --w and --b, and -f csv, tsv or jsonl"
            raise NetcalcError(f"--on-error skip and --bad-rows go with {needed}")
        return inputs.vector(x, "--x")
    from netcalc.files import RowStream
    from netcalc.rows.blocks import NeuronRows

    only = tuple(dict.fromkeys(presentation.only or ()))
    neuron = NeuronRows(w.reshape(-1), b.reshape(-1), activation, above, presentation.index_from, only)
    bad = BadRows.of(rows, x[0])
    if bad and not neuron.same_above:
        raise NetcalcError("--on-error skip would leave no way to tell which --target or --delta is a row's; give one")
    given = inputs.rows(x, "--x", neuron.w.size, neuron.few, bad)
    return Streamed(given, neuron, form.name, bad) if isinstance(given, RowStream) else given


def asked_of_the_whole(checking: Checking, presentation: Presentation) -> bool:
    """Whether something is asked for that rows by themselves don't have."""
    return bool(presentation.exact or presentation.digits or presentation.verify or checking.check)


@runtime_checkable
class Answerable(Protocol):
    """Rows that are not read yet."""

    def answer(self, output: Path | None) -> int | None:
        """Answer and write them all; the exit status."""


class Streamed(NamedTuple):
    """Rows to come, what each is put into, and where bad ones go."""

    rows: RowStream
    kind: RowAnswers
    format: str
    bad: BadRows | None

    def answer(self, output: Path | None) -> int | None:
        """Answer and write them all; the exit status."""
        from netcalc.render.stream import stream

        with self.rows, self.bad.stack if self.bad else ExitStack(), opened(output) as out:
            for text in stream(watched(self.rows), self.kind, self.format):
                out.write(text)
                out.flush()
        return self.bad.status() if self.bad else None


@dataclass
class BadRows:
    """Where rows that do not read go: as they stand, each below what is wrong with it."""

    path: Path
    stack: ExitStack = field(default_factory=ExitStack)
    file: BinaryIO | None = None
    count: int = 0
    first: str = ""

    @classmethod
    def of(cls, rows: Rows, source: str) -> Self | None:
        """None if the first of them is to end the run. Raises NetcalcError rather than overwrite what is read."""
        path = rows.bad_rows or beside(source)
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise NetcalcError(f"--bad-rows {path} is the file that is read; name another one")
        return cls(path) if rows.on_error == "skip" else None

    def __call__(self, error: RowError) -> None:
        from netcalc.files import write_atomically

        if self.file is None:
            self.first = error.message
            self.file = self.stack.enter_context(write_atomically(self.path, "wb"))
        self.count += 1
        self.file.write(f"# {error.message}\n{error.text}\n".encode(errors="replace"))

    def status(self) -> int | None:
        """1 if there were any, with a line on stderr."""
        if not self.count:
            return None
        one = f"1 row does not read; it is left out, and kept in {self.path}: "
        many = f"{self.count:,} rows do not read; they are left out, and kept in {self.path}; the first: "
        print(f"error: {one if self.count == 1 else many}{self.first}", file=sys.stderr)
        return 1


def beside(source: str) -> Path:
    """`rows.bad.csv` in this folder for `data/rows.csv`, `bad-rows.csv` for standard input."""
    path = Path(source)
    while path.suffix.lower() in READ:
        path = path.with_suffix("")
    return Path("bad-rows.csv" if source == "-" else f"{path.name}.bad.csv")


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output as bytes, or the file that was asked for."""
    from netcalc.files import write_atomically

    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    with write_atomically(output, "wb") as file:
        yield file
