"""A problem of expressions, differentiated: every number of its answer as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netcalc.catalogue.names import unknown
from netcalc.derivation.accumulate import Sweep, gradient, shown, sweep
from netcalc.derivation.derive import expand
from netcalc.derivation.forms import Forms
from netcalc.errors import NetcalcError
from netcalc.expression import Tree, share
from netcalc.models.grad import Gradient
from netcalc.problem import derivative, derivative_in_short
from netcalc.records import NamedTuple

MOST_PARTS = 6_000  # of a derivative that is differentiated again: a few seconds


class Quantity(NamedTuple):
    """One number of the answer: an output, or its derivative `by` some variables; `tree` names φ′ as `sigmoid'`."""

    output: int
    by: tuple[str, ...]
    tree: Tree


class Derived(NamedTuple):
    """Everything asked of a problem as trees that share what they have in common, in the order of the answer."""

    problem: Gradient
    forms: Forms
    sweeps: tuple[Sweep, ...]
    quantities: tuple[Quantity, ...]

    @property
    def trees(self) -> list[Tree]:
        """Of each number of the answer."""
        return [one.tree for one in self.quantities]

    @property
    def expressions(self) -> list[Tree]:
        """What is differentiated, written out."""
        return [expand(one.tree) for one in self.quantities if not one.by]

    def written(self, *trees: Tree) -> tuple[Tree, ...]:
        """Trees with every φ′ in them written out, as people read it."""
        return shown(self.forms, trees)


def derive(problem: Gradient) -> Derived:
    """One sweep an expression, and for a higher order one a derivative."""
    forms = Forms(problem.variables)
    expressions = [forms.keep(tree) for tree in problem.expressions]
    sweeps = tuple(sweep(forms, tree, problem.wrt) for tree in expressions)
    quantities = [Quantity(place, (), tree) for place, tree in enumerate(expressions)]
    for place, swept in enumerate(sweeps):
        slopes = swept.of_variables()
        firsts = [Quantity(place, (name,), slopes.get(name, forms.zero)) for name in problem.wrt]
        quantities += firsts
        if problem.order == 2:
            quantities += _seconds(problem, forms, firsts)
        elif problem.order > 2:
            quantities += _higher(problem, forms, firsts[0])
    return Derived(problem, forms, sweeps, tuple(quantities))


def _seconds(problem: Gradient, forms: Forms, firsts: Sequence[Quantity]) -> Iterator[Quantity]:
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
            yield Quantity(first.output, pair, known[pair] if pair in known else known[pair[::-1]])


def _higher(problem: Gradient, forms: Forms, first: Quantity) -> Iterator[Quantity]:
    """Order by order. Raises NetcalcError where one has grown too long to be differentiated."""
    tree = first.tree
    for order in range(2, problem.order + 1):
        if len(share((tree,)).nodes) > MOST_PARTS:
            raise NetcalcError(
                f"the derivative of order {order - 1} has more than {MOST_PARTS:,} parts, too many to go on from: "
                f"ask for an order of at most {order - 1}"
            )
        tree = gradient(forms, tree, problem.wrt)[0]
        yield Quantity(first.output, problem.wrt * order, tree)


def groups(derived: Derived) -> dict[tuple[str, ...], list[int]]:
    """The places of what is wanted, by the variables that it is a derivative by: f, dx, dy, dxdx, …"""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(derived.quantities):
        found.setdefault(one.by, []).append(place)
    return found


def in_order(derived: Derived, only: Sequence[str] = ()) -> list[int]:
    """The places of what is wanted in the order in which it is shown: all, or the parts named.

    Raises UnknownNameError.
    """
    parts = {derivative_in_short(by) if by else "f": places for by, places in groups(derived).items()}
    for name in only:
        if name not in parts:
            raise unknown("part", name, parts, f"the parts are {', '.join(parts)}")
    return [place for name in only or parts for place in parts[name]]


def label(problem: Gradient, one: Quantity) -> str:
    """The long name of a number of the answer: `f1`, `df/dx`, `d2f/(dx dy)`."""
    output = problem.outputs[one.output]
    return derivative(output, one.by) if one.by else output


def element_name(problem: Gradient, one: Quantity) -> str:
    """The name that the answer has it by: `dxdy`, or the long name where there are several expressions."""
    return label(problem, one) if len(problem.texts) > 1 or not one.by else derivative_in_short(one.by)
