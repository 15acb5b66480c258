"""A neuron over the rows of many files, on a Dask cluster: each part of them is read, answered and written by a worker.

A part is written beside and moved into place, so a part that is done twice, since a worker died, is there once.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from netcalc.catalogue import losses
from netcalc.catalogue.references import read
from netcalc.errors import FileError, MissingExtraError, NetcalcError, UndefinedError
from netcalc.files.parts import PART_BYTES, Part, part_blocks, parts_of
from netcalc.files.rows import RowWriter
from netcalc.files.write import write_atomically
from netcalc.problem import LossAndTarget
from netcalc.records import dataclass
from netcalc.rows.blocks import NeuronRows, without_value
from netcalc.values import to_float64

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A neuron as it travels to a worker: numbers, and names that the catalogue knows there too."""

    w: np.ndarray
    b: np.ndarray
    activation: str
    above: float | None
    loss: tuple[str, str] | None
    index_from: int
    only: tuple[str, ...]

    @classmethod
    def of(cls, neuron: NeuronRows) -> Sent:
        """The neuron in float64. What is above is the same for every row."""
        assert neuron.b is not None  # noqa: S101 - its answers are numbers
        against = neuron.above if isinstance(neuron.above, LossAndTarget) else None
        above = against.target if against else neuron.above
        return cls(
            to_float64(neuron.w),
            to_float64(neuron.b),
            neuron.activation.label,
            None if above is None else float(to_float64(np.asarray(above)).reshape(-1)[0]),
            (against.loss.label, against.reduction.name) if against else None,
            neuron.index_from,
            neuron.only,
        )

    def neuron(self) -> NeuronRows:
        """The neuron again."""
        given = None if self.above is None else np.array([self.above])
        above: np.ndarray | LossAndTarget | None = given
        if self.loss and given is not None:
            above = LossAndTarget(given, losses.loss(self.loss[0]), losses.reduction(self.loss[1]))
        return NeuronRows(self.w, self.b, read(self.activation), above, self.index_from, self.only)


def answer_files(
    paths: Sequence[str],
    neuron: NeuronRows,
    output: Path,
    format_name: str = "parquet",
    *,
    scheduler: str | None = None,
    decimal: str = ".",
    part_bytes: int = PART_BYTES,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """Answer every row of the files into `output`, a new or empty folder: part-00000.parquet and so on, in order.

    The workers are those of the cluster at `scheduler` ("tcp://…"), which see the same files, or processes of this
    machine. Returns how many rows there were. Raises NetcalcError; then there is no output.
    """
    refuse_full(output)
    with connected(scheduler) as client:
        parts = [part for path in paths for part in parts_of(path, part_bytes)]
        beside = output.resolve().with_name(f".{output.name}.part")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            sent = Sent.of(neuron)
            targets = [str(beside / f"part-{number:05}.{format_name}") for number in range(len(parts))]
            rows = gathered(
                client, [(part, sent, one, decimal) for part, one in zip(parts, targets, strict=True)], progress
            )
            for left in {*beside.iterdir()} - {Path(target) for target in targets}:
                left.unlink()  # half a part of a worker that died
            if output.exists():
                output.rmdir()
            beside.replace(output)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    return rows


def refuse_full(output: Path) -> None:
    """Raises FileError if the output isn't a new or an empty folder."""
    if output.exists() and not output.is_dir():
        raise FileError(f"{output} is a file; --engine dask writes parts into a folder")
    if output.exists() and any(output.iterdir()):
        raise FileError(f"the folder {output} is not empty; name a new one")


@contextlib.contextmanager
def connected(scheduler: str | None) -> Iterator[Any]:
    """A client of the cluster at that address, or of one of processes on this machine. Raises NetcalcError."""
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError:
        raise MissingExtraError("--engine dask needs Dask: pip install 'netcalc-gradients[dask]'") from None
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is raised
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            cluster = LocalCluster(threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL)
            stack.enter_context(cluster)
        try:
            client = Client(scheduler or cluster, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise NetcalcError(
                f"no Dask scheduler answers at {scheduler} ({_first_line(error)}); start one with: dask scheduler"
            ) from None
        yield stack.enter_context(client)


def gathered(client: Any, tasks: Sequence[tuple[Part, Sent, str, str]], progress: Callable[[str], None]) -> int:
    """All tasks done, in whatever order; the sum of their rows. Raises NetcalcError, the first that a task raised."""
    from concurrent.futures import CancelledError

    from dask.distributed import KilledWorker, as_completed
    from distributed.comm.core import CommClosedError

    futures = [client.submit(answer_part, *task, pure=False) for task in tasks]
    place = {future.key: task[0] for future, task in zip(futures, tasks, strict=True)}
    rows = 0
    try:
        for done, future in enumerate(as_completed(futures), 1):
            try:
                rows += future.result()
            except KilledWorker:
                raise NetcalcError(f"{place[future.key].path}: its workers died, one after the other") from None
            except (CancelledError, CommClosedError):  # cancelled by nobody here, or while its answer was fetched
                so_far = f"{done - 1} of {len(futures)} parts were done; nothing is written"
                raise NetcalcError(f"the Dask scheduler went away when {so_far}") from None
            except ImportError as error:
                raise NetcalcError(f"a worker of the cluster has no netcalc, or another one: {error}") from None
            progress(f"{done} of {len(futures)} parts, {rows:,} rows")
    finally:
        client.cancel(futures)
    return rows


def answer_part(part: Part, sent: Sent, target: str, decimal: str) -> int:
    """Read, answer and write one part: what a worker does. How many rows it has."""
    neuron = sent.neuron()
    try:
        with write_atomically(target, "wb") as file, opened(file, neuron.columns, Path(target).suffix[1:]) as write:
            return sum(write(answered(neuron, x, part)) for x in part_blocks(part, neuron.w.size, decimal))
    except NetcalcError as error:
        raise type_of(error)(error.message) from None  # some know more than travels


def type_of(error: NetcalcError) -> type[NetcalcError]:
    """The kind of error that is made of a message alone."""
    return FileError if isinstance(error, FileError) else NetcalcError


def answered(neuron: NeuronRows, x: np.ndarray, part: Part) -> np.ndarray:
    """A block's answers. Raises UndefinedError where a row has none."""
    answers = neuron.answers(x)
    finite = np.isfinite(answers).all(axis=1)
    if not finite.all():
        bad = int(finite.argmin())
        at = ", ".join(map(repr, x[bad, :6].tolist()))
        raise UndefinedError(f"{part.path}, where x is {at}: {without_value(neuron.columns, answers[bad])}")
    return answers


@contextlib.contextmanager
def opened(file: Any, columns: tuple[str, ...], format_name: str) -> Iterator[Callable[[np.ndarray], int]]:
    """What writes a block to the file, and says how many rows it had."""
    if format_name == "parquet":
        with _parquet_writer(file, columns) as write:
            yield write
        return
    writer = RowWriter(columns, format_name)
    file.write("".join(f"{line}\n" for line in writer.header()).encode())

    def write_rows(block: np.ndarray) -> int:
        file.write(writer.rows(block))
        return len(block)

    yield write_rows


@contextlib.contextmanager
def _parquet_writer(file: Any, columns: tuple[str, ...]) -> Iterator[Callable[[np.ndarray], int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.float64()) for name in columns])
    with pq.ParquetWriter(file, schema) as writer:

        def write(block: np.ndarray) -> int:
            named: Mapping[str, Any] = {name: np.ascontiguousarray(block[:, n]) for n, name in enumerate(columns)}
            writer.write_table(pa.table(named, schema=schema))
            return len(block)

        yield write


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
