"""Many files of rows through a neuron, on a Dask cluster."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Self

from netcalc.commands._given import ROW_FORMATS, Parameters, needs_all_rows
from netcalc.commands._progress import Progress
from netcalc.commands.inputs import Rows
from netcalc.commands.options import Checking, Presentation, Values
from netcalc.errors import FileError, NetcalcError
from netcalc.records import dataclass

if TYPE_CHECKING:
    from netcalc.rows.blocks import NeuronRows


@dataclass(frozen=True, slots=True)
class Files:
    """Files to read, the neuron that each of their rows is put into, and where the answers go."""

    paths: list[str]
    neuron: NeuronRows
    format: str
    scheduler: str | None
    decimal: str

    @classmethod
    def of(
        cls, x: Values, parameters: Parameters, rows: Rows, checking: Checking, presentation: Presentation, decimal: str
    ) -> Self:
        """Raises NetcalcError where the command asks for what a cluster does not do."""
        from netcalc.rows.blocks import NeuronRows

        w, b, activation, above = parameters
        if rows.engine is None:
            raise NetcalcError("--scheduler goes with --engine dask")
        if not x or w is None or b is None:
            raise NetcalcError("--engine dask needs files for --x, as in --x 'data/*.csv', and numbers for --w and --b")
        if presentation.output is None:
            raise NetcalcError("--engine dask writes parts into a folder; name one, as in --output answers")
        if needs_all_rows(checking, presentation):
            raise NetcalcError(
                "--engine dask gives the answers of rows alone, without --check, --digits, --exact, --verify"
            )
        if rows.on_error == "skip" or rows.bad_rows:
            raise NetcalcError("--on-error skip is not for --engine dask: a row that does not read stops the run")
        if presentation.format not in (None, *ROW_FORMATS):
            raise NetcalcError(
                f"--engine dask writes csv, tsv, jsonl or, without --format, Parquet; not {presentation.format}"
            )
        only = tuple(dict.fromkeys(presentation.only or ()))
        neuron = NeuronRows(w.reshape(-1), b.reshape(-1), activation, above, presentation.index_from, only)
        if not neuron.same_above:
            raise NetcalcError("--engine dask takes one --target or --delta for all rows")
        assert neuron.columns  # noqa: S101 - it raises what is wrong with the neuron
        return cls(matching(x), neuron, presentation.format or "parquet", rows.scheduler, decimal)

    def answer(self, output: Path | None) -> int | None:
        """Answer and write them all; the exit status."""
        from netcalc.rows.cluster import answer_files

        assert output is not None  # noqa: S101 - it is asked for
        with Progress(output) as progress:
            answer_files(
                self.paths,
                self.neuron,
                output,
                self.format,
                scheduler=self.scheduler,
                decimal=self.decimal,
                progress=progress.show,
            )
        return None


def matching(patterns: list[str]) -> list[str]:
    """The files that are named, or that match a pattern, each pattern's in order of name. Raises FileError."""
    found: list[str] = []
    for pattern in patterns:
        paths = [pattern] if Path(pattern).exists() else sorted(glob(pattern, recursive=True))  # noqa: PTH207 - as typed
        if pattern == "-":
            raise FileError("--engine dask reads files, not standard input")
        if not paths:
            raise FileError(f"no file matches '{pattern}'")
        found += paths
    return [str(Path(path).resolve()) for path in found]
