"""What the shared options give, read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from netcalc.commands.inputs import Reading, Upstream
from netcalc.commands.options import Checking, Presentation, Values
from netcalc.files.source import StandardInput
from netcalc.records import dataclass

if TYPE_CHECKING:
    import numpy as np

    from netcalc.catalogue.activations import BoundActivation
    from netcalc.files.stream import OnBadRow, RowStream
    from netcalc.problem import LossAndTarget

Parameters = tuple["np.ndarray | None", "np.ndarray | None", "BoundActivation", "np.ndarray | LossAndTarget | None"]

ROW_FORMATS = ("csv", "tsv", "jsonl")
PIPE_PATIENCE = 0.25  # seconds that the rows of a pipe are waited for before the first are answered


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of one command: standard input serves one of them, and files are read in one way."""

    reading: Reading = field(default_factory=Reading)
    stdin: StandardInput = field(default_factory=StandardInput)
    named: set[str] = field(default_factory=set)  # what was typed, of which some are files

    def vector(self, texts: Values, flag: str, columns: int | None = None) -> np.ndarray | None:
        """The numbers given to a flag, (n,) or (samples, n), None if it was left out; `columns` is n if known."""
        from netcalc.values import read_vector

        if not texts:
            return None
        self.named.update(texts)
        return read_vector(texts, flag, stdin=self.stdin, decimal=self.reading.decimal, columns=columns)

    def rows(
        self, texts: Values, flag: str, columns: int, few: int, on_bad_row: OnBadRow | None
    ) -> np.ndarray | RowStream:
        """The same, but many rows of a file are left as a stream of them, the first `few` exact."""
        from netcalc.values import read_rows

        return read_rows(
            texts or [],
            flag,
            columns=columns,
            few=few,
            stdin=self.stdin,
            decimal=self.reading.decimal,
            wait=PIPE_PATIENCE,
            on_bad_row=on_bad_row,
        )

    def matrix(self, texts: Values, flag: str) -> np.ndarray | None:
        """The matrix given to a flag; None if it was left out."""
        from netcalc.values import read_matrix

        return read_matrix(texts, flag, stdin=self.stdin, decimal=self.reading.decimal) if texts else None

    def upstream(self, upstream: Upstream, columns: int | None = None) -> np.ndarray | LossAndTarget | None:
        """What comes from above: delta, a loss against a target, or nothing; `columns` is the outputs if known.

        Raises NetcalcError where only half of it was given, or too much.
        """
        from netcalc.models.targets import from_above

        delta = self.vector(upstream.delta, "--delta", columns)
        target = self.vector(upstream.target, "--target", columns)
        return from_above(delta, target, upstream.loss, upstream.reduction)


def needs_all_rows(checking: Checking, presentation: Presentation) -> bool:
    """Whether something is asked for that rows by themselves don't have."""
    return bool(presentation.proves or presentation.verify or checking.check)
