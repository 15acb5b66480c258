"""A problem of expressions, differentiated: every number of its answer as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netcalc.accumulate import Sweep, gradient, shown, sweep
from netcalc.expression import Tree
from netcalc.forms import Forms
from netcalc.models.grad import Gradient


@dataclass(frozen=True, slots=True)
class Wanted:
    """One number of the answer: an output, or its derivative `by` some variables; `tree` names φ′ as `sigmoid'`."""

    output: int
    by: tuple[str, ...]
    tree: Tree


@dataclass(frozen=True)
class Derived:
    """Everything asked of a problem as trees that share what they have in common, in the order of the answer."""

    problem: Gradient
    forms: Forms
    sweeps: tuple[Sweep, ...]
    wanted: tuple[Wanted, ...]

    def written(self, tree: Tree) -> Tree:
        """A tree with every φ′ in it written out, as people read it."""
        return shown(self.forms, tree)


def derive(problem: Gradient) -> Derived:
    """One sweep an expression, and for a higher order one a derivative."""
    forms = Forms(problem.variables)
    expressions = [forms.keep(tree) for tree in problem.expressions]
    sweeps = tuple(sweep(forms, tree, problem.wrt) for tree in expressions)
    wanted = [Wanted(place, (), tree) for place, tree in enumerate(expressions)]
    for place, swept in enumerate(sweeps):
        firsts = [Wanted(place, (name,), swept.by(name) or forms.zero) for name in problem.wrt]
        wanted += firsts
        if problem.order == 2:
            wanted += _seconds(problem, forms, firsts)
        elif problem.order > 2:
            wanted += _higher(problem, forms, firsts[0])
    return Derived(problem, forms, sweeps, tuple(wanted))


def _seconds(problem: Gradient, forms: Forms, firsts: Sequence[Wanted]) -> Iterator[Wanted]:
    """The Hessian, whose lower half is its upper one."""
    known: dict[tuple[str, ...], Tree] = {}
    for row, first in enumerate(firsts):
        others = problem.wrt[row:]
        known |= {
            (*first.by, name): tree for name, tree in zip(others, gradient(forms, first.tree, others), strict=True)
        }
    for first in firsts:
        for name in problem.wrt:
            pair = (*first.by, name)
            yield Wanted(first.output, pair, known[pair] if pair in known else known[pair[::-1]])


def _higher(problem: Gradient, forms: Forms, first: Wanted) -> Iterator[Wanted]:
    tree = first.tree
    for order in range(2, problem.order + 1):
        tree = gradient(forms, tree, problem.wrt)[0]
        yield Wanted(first.output, problem.wrt * order, tree)
