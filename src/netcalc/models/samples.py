"""A program's problem of each sample alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.models.programs import ProgramRequest, of_its_model, program, whole_numbers

DATA = frozenset(
    (
        "x xb xs xt xtr x_batch input inputs data batch image images img tokens token idx ids src features y yb ys "
        "ytr t y_true target targets label labels tgt"
    ).split()
)
MAX_SAMPLES = 1_000
MAX_BESIDE = 6  # inputs that may belong to the samples, beside the data


def by_samples(text: str, name: str, request: ProgramRequest) -> GraphProblem:
    """The program's problem, with that of each sample alone in its `samples`.

    The data are the inputs that are called so (x, inputs, y, targets, …) and those of whole numbers; other inputs
    with as many rows, a mask or noise, belong to the samples where the program reads so. Raises NetcalcError where
    there are no samples, or they don't stand apart.
    """
    request = of_its_model(text, request)
    whole = program(text, name, request)
    if whole.free:
        raise NetcalcError(f"--per-sample takes values for all inputs, and {whole.free[0]} has none")
    if whole.output.rank:
        raise NetcalcError(f"--per-sample is of a number, and {whole.output_name} is none: choose one with --of")
    if request.lr is not None:
        raise NetcalcError("inputs after a step are of the whole batch's gradient: leave out --per-sample or --lr")
    data = [one for one in whole.inputs if _is_data(one, request.values[one])]
    if not data:
        listing = ", ".join(whole.inputs)
        raise NetcalcError(
            f"--per-sample takes the rows of x, inputs, y, targets and the like as samples, and the inputs of {name} "
            f"are {listing}: call the data so"
        )
    rows = len(request.values[data[0]])
    if other := next((one for one in data if len(request.values[one]) != rows), None):
        raise NetcalcError(f"--per-sample: {data[0]} has {rows} rows, and {other} has {len(request.values[other])}")
    if rows > MAX_SAMPLES:
        raise NetcalcError(f"--per-sample reads the program once a sample, up to {MAX_SAMPLES:,}; here are {rows:,}")
    names = _names_of_samples(text, name, request, data, rows)
    return replace(whole, samples=tuple(_samples(text, name, request, names, rows)))


def _is_data(name: str, value: np.ndarray) -> bool:
    return bool(value.ndim) and (
        name.lower() in DATA or (whole_numbers(value) is not None and value.dtype.kind in "iub")
    )


def _names_of_samples(
    text: str, name: str, request: ProgramRequest, data: Collection[str], rows: int
) -> tuple[str, ...]:
    """The data, and the other inputs with a row a sample: as many as the program reads with a letter for the rows."""
    others = [one for one, value in request.values.items() if value.ndim and len(value) == rows and one not in data]
    for count in range(min(len(others), MAX_BESIDE), 0, -1):
        for beside in combinations(others, count):
            if _reads(text, name, request, (*data, *beside)):
                return (*data, *beside)
    return tuple(data)


def _reads(text: str, name: str, request: ProgramRequest, names: Collection[str]) -> bool:
    values = {one: value for one, value in request.values.items() if one not in names}
    shapes = {one: ("samples", *request.values[one].shape[1:]) for one in names}
    try:
        program(text, name, request._replace(values=values, shapes=shapes))
    except NetcalcError:
        return False
    return True


def _samples(
    text: str, name: str, request: ProgramRequest, names: Collection[str], rows: int
) -> Iterator[GraphProblem]:
    for row in range(rows):
        own = {one: value[row : row + 1] if one in names else value for one, value in request.values.items()}
        try:
            yield program(text, name, request._replace(values=own))
        except NetcalcError as error:
            raise NetcalcError(f"--per-sample: of sample {row + request.index_from} alone, {error.message}") from None
