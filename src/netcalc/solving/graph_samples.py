"""A program's answers sample by sample: each one's own, put together with the samples' axis in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from netcalc.errors import NetcalcError, UndefinedError
from netcalc.models.graphed import GraphProblem
from netcalc.result import Result, Tensor

CLOSE = 1e-9
MAX_NOTES = 8

Solve = Callable[[GraphProblem], Result]


def solve_by_samples(problem: GraphProblem, solve: Solve) -> Result:
    """What each sample alone comes to. Raises NetcalcError where the samples don't stand apart."""
    whole, results = solve(replace(problem, samples=())), []
    for number, one in enumerate(problem.samples):
        try:
            results.append(solve(one))
        except UndefinedError as error:
            message = f"--per-sample: of sample {number + problem.index_from} alone, {error.message}"
            raise NetcalcError(f"{message}; the samples don't stand apart") from None
    in_all = set.intersection(
        *({tensor.name for tensor in one.tensors} for one in results)
    )  # no loop over samples' own
    names = [tensor.name for tensor in whole.tensors if tensor.name in in_all]
    together = [_together(whole[name], [one[name] for one in results]) for name in names]
    _check_apart(problem, whole, results)
    values = [value for tensor in together for value in tensor.values]
    certain = sum(value.certified for value in values)
    is_float = "float64" in results[0].certainty
    notes = tuple(dict.fromkeys(note for one in results for note in one.notes))[:MAX_NOTES]
    return replace(
        whole,
        tensors=tuple(together),
        steps=(),
        notes=notes,
        certainty="float64, not certified" if is_float else f"certified: {certain} of {len(values)} values",
        sample_rows=True,
        problem=problem,
    )


def _together(whole: Tensor, own: Sequence[Tensor]) -> Tensor:
    """The samples' tensors one behind the other: rows of what has a row a sample, else on an axis in front."""
    entries = [tensor.entries for tensor in own]
    of_batch, of_sample = whole.entries.shape, entries[0].shape
    has_rows = of_sample[:1] == (1,) and of_batch == (len(own), *of_sample[1:])
    return replace(own[0], entries=np.concatenate(entries) if has_rows else np.stack(entries))


def _check_apart(problem: GraphProblem, whole: Result, results: Sequence[Result]) -> None:
    """Raises NetcalcError unless the batch's output is the sum or the mean of the samples' own, gradients too."""
    of, count = problem.output_name, len(results)
    shared = [
        tensor.name
        for tensor in whole.tensors
        if (tensor.name == of or tensor.key in problem.inputs)
        and tensor.entries.shape == results[0][tensor.name].entries.shape
    ]
    for divisor in (count, 1):
        if all(_agree(whole, results, name, divisor) for name in shared):
            return
    raise NetcalcError(
        f"--per-sample: the samples don't stand apart: {of} and its gradients are neither the sum nor the mean "
        "of those of each sample alone, as where samples are normalised together or weighted"
    )


def _agree(whole: Result, results: Sequence[Result], name: str, divisor: int) -> bool:
    batch, own = whole[name].numbers(), [one[name].numbers() for one in results]
    scale = float(np.max([np.abs(one).max(initial=0) for one in own])) or 1.0
    return bool(np.allclose(batch, np.sum(own, axis=0) / divisor, rtol=CLOSE, atol=CLOSE * scale))
