"""A gradient at every row of a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from netcalc.commands._answer import answer
from netcalc.commands._given import PIPE_PATIENCE, ROW_FORMATS
from netcalc.commands._rows import BadRows, Streamed
from netcalc.commands.inputs import Reading, Rows
from netcalc.commands.options import Checking, Presentation
from netcalc.errors import NetcalcError
from netcalc.files.source import StandardInput
from netcalc.models.grad import Gradient
from netcalc.render import chosen

if TYPE_CHECKING:
    from netcalc.models.graphed import GraphProblem


def at_rows(
    problem: Gradient | GraphProblem,
    table: str,
    reading: Reading,
    rows: Rows,
    checking: Checking,
    presentation: Presentation,
    stdin: StandardInput,
) -> int | None:
    """Row by row as they come where the format is one of rows, else all together; the exit status."""
    import numpy as np

    from netcalc.files.stream import RowStream
    from netcalc.files.table import read_rows
    from netcalc.rows.points import FEW, GradientRows, in_header_order, named_columns

    if not isinstance(problem, Gradient):
        raise NetcalcError(f"a table of points is for numbers; tensors are given by name, as in --at x={table}")
    form = chosen(presentation.format, presentation.output)
    together = presentation.proves or presentation.verify or checking.check
    streams = form.name in ROW_FORMATS and not together
    bad = BadRows.of(rows, table, presentation.output)
    if bad and not streams:
        raise NetcalcError("--on-error skip and --bad-rows go with -f csv, tsv or jsonl")
    wait = PIPE_PATIENCE if streams else None
    use = partial(named_columns, problem.variables)
    found = read_rows(
        table, "--at", columns=None, few=FEW, stdin=stdin, decimal=reading.decimal, wait=wait, on_bad_row=bad, use=use
    )
    only = tuple(dict.fromkeys(presentation.only or ()))
    stated = GradientRows(in_header_order(problem, found.header), found.header, found.source, only)
    if isinstance(found, RowStream) and streams:
        return Streamed(found, stated, form.name, bad).answer(presentation.output)
    whole = found.read() if isinstance(found, RowStream) else found
    return answer(stated.problem(np.atleast_2d(whole.array)), checking, presentation, stdin)
