"""The kinds of problem that answers can be checked for: layers and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from netcalc.checking import bench, expressions, hypotheses
from netcalc.checking.bench import Bench
from netcalc.checking.hypotheses import Hypothesis
from netcalc.models.grad import Gradient


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a problem's answers are compared, and what may go wrong in them."""

    here: Callable[[Any], Sequence[Bench]]
    elsewhere: Callable[[Any], Sequence[Bench]]
    singles: Callable[[Any], Iterable[Hypothesis]]
    roundings: Callable[[Any], Iterable[Hypothesis]]


LAYERS = Kind(bench.here, bench.elsewhere, hypotheses.singles, hypotheses.roundings)
EXPRESSIONS = Kind(expressions.here, expressions.elsewhere, expressions.singles, lambda _: ())


def kind_of(problem: object) -> Kind:
    """The kind of a problem."""
    return EXPRESSIONS if isinstance(problem, Gradient) else LAYERS
