"""Many rows through a neuron: read, answered and written as they come, in constant memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self, runtime_checkable

from netcalc.commands._given import ROW_FORMATS, Inputs, Parameters, needs_all_rows
from netcalc.commands._progress import watched
from netcalc.commands._stderr import say
from netcalc.commands.inputs import Rows
from netcalc.commands.options import Checking, Presentation, Values
from netcalc.errors import NetcalcError
from netcalc.outside import one_line
from netcalc.records import NamedTuple, dataclass
from netcalc.render import chosen

if TYPE_CHECKING:
    import numpy as np

    from netcalc.files.stream import RowStream
    from netcalc.files.text import RowError
    from netcalc.render.stream import RowAnswers

MANY = 1000  # rows, whose formulas take some seconds
READ = frozenset({".csv", ".tsv", ".txt", ".gz", ".npy", ".npz", ".json"})


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
    whole = needs_all_rows(checking, presentation)
    form = chosen(presentation.format, presentation.output)
    if not x or w is None or whole or form.name not in ROW_FORMATS:
        if rows.on_error == "skip" or rows.bad_rows:
            needed = "the rows of a file for --x, numbers for --w, and -f csv, tsv or jsonl"
            raise NetcalcError(f"--on-error skip and --bad-rows go with {needed}")
        whole_x = inputs.vector(x, "--x", None if w is None else w.size)
        if whole_x is not None and whole_x.ndim > 1 and len(whole_x) > MANY and w is None:
            rest = "all at once when they are done; given numbers, rows are answered as they come"
            say(f"note: {len(whole_x):,} rows in formulas, since w is left out, take long, and come {rest}")
        return whole_x
    from netcalc.files.stream import RowStream
    from netcalc.rows.blocks import NeuronRows

    only = tuple(dict.fromkeys(presentation.only or ()))
    neuron = NeuronRows(
        w.reshape(-1), None if b is None else b.reshape(-1), activation, above, presentation.index_from, only
    )
    bad = BadRows.of(rows, x[0], presentation.output, inputs.named)
    if bad and not neuron.same_above:
        raise NetcalcError("--on-error skip would leave no way to tell which --target or --delta is a row's; give one")
    given = inputs.rows(x, "--x", neuron.w.size, neuron.few, bad)
    return Streamed(given, neuron, form.name, bad) if isinstance(given, RowStream) else given


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
        from netcalc.render.stream import Encounters, stream

        met = Encounters(self.bad)
        with self.rows, self.bad.stack if self.bad else ExitStack(), opened(output) as out:
            if self.rows.count is not None:
                self.kind.check_rows(self.rows.count)
            for text in stream(watched(self.rows, output), self.kind, self.format, met):
                out.write(text)
                out.flush()
        for note, times in met.kinks.items():
            say(f"note: {f'{times:,} rows are' if times > 1 else '1 row is'} at {note}")
        return self.bad.status() if self.bad else None


@dataclass(eq=False, repr=False)
class BadRows:
    """Where rows that do not read go: as they stand, each below what is wrong with it."""

    path: Path
    stack: ExitStack = field(default_factory=ExitStack)
    file: BinaryIO | None = None
    count: int = 0
    first: str = ""
    reads: bool = False  # whether any of them does, and has no answer

    @classmethod
    def of(cls, rows: Rows, source: str, output: Path | None, others: Collection[str] = ()) -> Self | None:
        """None if the first of them is to end the run. `others` are the files that are read besides `source`.

        Raises NetcalcError rather than overwrite what is read, or the answers in `output`.
        """
        path = rows.bad_rows or unused(beside(source))
        if rows.bad_rows is not None and rows.on_error != "skip":
            raise NetcalcError(f"--bad-rows {path} goes with --on-error skip; add it")
        if rows.on_error != "skip":
            return None
        if str(path) == "-":
            raise NetcalcError("--bad-rows needs a file, since answers go to standard output; name one")
        if taken := taken_by(path, source, output, others):
            raise NetcalcError(f"--bad-rows {path} is {taken}; name another one")
        return cls(path)

    def __call__(self, error: RowError) -> None:
        from netcalc.files.write import write_atomically

        if self.file is None:
            self.first = error.message
            self.file = self.stack.enter_context(write_atomically(self.path, "wb"))
        self.count += 1
        self.reads |= error.reads
        self.file.write(f"# {one_line(error.message)}\n{error.text}\n".encode(errors="replace"))

    def status(self) -> int | None:
        """1 if there were any, with a line on stderr."""
        if not self.count:
            return None
        does, do = ("has no answer", "have no answer") if self.reads else ("does not read", "do not read")
        one = f"1 row {does}; it is left out, and kept in {self.path}: "
        many = f"{self.count:,} rows {do}; they are left out, and kept in {self.path}; the first: "
        say(f"error: {one if self.count == 1 else many}{one_line(self.first)}")
        return 1


def taken_by(path: Path, source: str, output: Path | None, others: Collection[str]) -> str:
    """What else of this run the path is: `the file that is read`, and nothing if it is free."""
    from netcalc.files.names import split_name

    if any(is_same(path, split_name(one)[0]) for one in (source, *others)):
        return "the file that is read" if is_same(path, source) else "a file that is read"
    if output is not None and is_same(path, output):
        return "the file that -o names"
    streams = {0: "the file that is read", 1: "the file that answers go to", 2: "the file that messages go to"}
    return next((what for descriptor, what in streams.items() if is_open_as(path, descriptor)), "")


def is_same(path: Path, other: Path | str) -> bool:
    """Whether both name one file, which need not be there yet."""
    try:
        return path.resolve() == Path(other).resolve() or path.samefile(other)
    except (OSError, ValueError):  # not there, or no name at all
        return False


def is_open_as(path: Path, descriptor: int) -> bool:
    """Whether the path is a file that a standard stream was led into."""
    try:
        return path.is_file() and os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def unused(path: Path) -> Path:
    """The path, or with a number in it (`x.bad.2.csv`) where a file has that name: nobody asked to write it anew."""
    numbered = (path.with_suffix(f".{number}{path.suffix}") for number in count(2))
    return next(one for one in chain([path], numbered) if not os.path.lexists(one))


def beside(source: str) -> Path:
    """`rows.bad.csv` in this folder for `data/rows.csv`, `bad-rows.csv` for standard input."""
    path = Path(source)
    while path.suffix.lower() in READ:
        path = path.with_suffix("")
    return Path("bad-rows.csv" if source == "-" else f"{path.name}.bad.csv")


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output as bytes, or the file that was asked for."""
    from netcalc.files.write import write_atomically

    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    with write_atomically(output, "wb") as file:
        yield file
