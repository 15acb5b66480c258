"""A net explained as a course does it: formulas layer by layer, the steps with their matrices, the paths of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netcalc.explain.explanation import MATRIX_LIMIT, Explanation, WhenAskedFor, Written, distinct
from netcalc.expression import Symbol, Tree
from netcalc.problem import Problem
from netcalc.result import LazySteps, Step

if TYPE_CHECKING:
    from netcalc.explain.indexed import Indexed

MOST = 600  # elements of an answer beyond which nobody reads every matrix
LISTED = 40  # elements up to which a table of them all is easier to read
WRITTEN_OUT = 4  # terms of a sum that are written out; more are a Σ
TOO_LARGE_BESIDE_PATHS = (
    "the weights after a step are too many to draw below paths; they are in json, or without --trace"
)


def net(problem: Problem, shown: Mapping[str, np.ndarray]) -> Explanation:
    """Formulas layer by layer, the steps with their matrices, or the paths of a trace."""
    formulas = WhenAskedFor(problem, formulas_of)
    partials = [name for name in shown if name.startswith("d")]
    is_small = _is_small(problem, shown)
    lacks_updates = problem.trace is not None and problem.lr is not None and not is_small
    steps = LazySteps(partial(_steps, formulas, shown)) if is_small or problem.trace else ()
    notes = (TOO_LARGE_BESIDE_PATHS,) if lacks_updates else ()
    return Explanation(generic(formulas), dict.fromkeys(partials, "L"), steps, notes)


def _steps(asked: WhenAskedFor, shown: Mapping[str, np.ndarray]) -> list[Step]:
    problem, formulas = asked.problem, asked.indexed
    found: list[Step] = []
    if _is_small(problem, shown):
        from netcalc.explain.net_page import NetPage

        size = sum(array.size for name, array in shown.items() if name[0] not in "sJ")
        found = _drawn(NetPage(formulas, shown).steps(), problem.trace is None and size > LISTED)
    if problem.trace:
        from netcalc.explain.paths import trace_steps

        found = [*_drawn(trace_steps(problem, shown, formulas), True), *_only_updates_drawn(found)]
    return found


def formulas_of(problem: Problem, terms: int = WRITTEN_OUT) -> Indexed:
    """The formulas of a net's elements; sums of more than so many `terms` have a Σ."""
    from netcalc.explain.indexed import Indexed, Limits

    return Indexed(problem, Limits(terms, terms), {"above": f"da{len(problem.layers)}"})


def generic(formulas: Indexed | WhenAskedFor) -> Mapping[str, Tree]:
    """What each tensor of a net is, by generic index."""

    def write(name: str) -> Callable[[], Tree]:
        whole = "path" if name == "paths" else name
        return partial(Symbol, whole) if name[0] == "J" or name == "paths" else partial(formulas.generic, name)

    return Written({name: write(name) for name in formulas.problem.names})


def _drawn(steps: Iterable[Step], is_drawn: bool) -> list[Step]:
    return [step._replace(chain=distinct(*step.chain), drawn=is_drawn) for step in steps]


def _only_updates_drawn(steps: Iterable[Step]) -> Iterator[Step]:
    """Below the paths there are the weights after a step, which were asked for; the rest is for who asks for steps."""
    for step in steps:
        yield step._replace(drawn=step.name.endswith("_new"))


def _is_small(problem: Problem, shown: Mapping[str, np.ndarray]) -> bool:
    widths = [len(problem.x), problem.x.shape[1], *(len(layer.W) for layer in problem.layers)]
    return (
        max(widths) <= MATRIX_LIMIT and sum(array.size for array in shown.values()) <= MOST and not problem.per_sample
    )
