"""What of a product is not put together yet, and what the rules that put it together ask of its factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.chains import flipped
from netcalc.graph.layouts import squeezed
from netcalc.graph.sizes import Size
from netcalc.graph.terms import ONE, Term, cancelled, is_of, scalar


class Rest:
    """What of a product is not put together yet: `terms` with axes, and the scalar that they are multiplied by."""

    def __init__(
        self,
        terms: Sequence[Term],
        out: str,
        sizes: Mapping[str, Size],
        counts: dict[Apply, Size],
        *,
        diagonal: bool,
        keeps: bool,
        columns: bool,
    ) -> None:
        self.out = out
        self.sizes = sizes
        self.counts = counts
        self.diagonal = diagonal
        self.keeps = keeps
        self.columns = columns
        self.number = Fraction(1)
        self.above: list[Tree] = []
        self.below: list[Tree] = []
        self.terms: list[Term] = []
        for term in terms:
            self.take(term)

    def take(self, term: Term) -> None:
        """One more factor."""
        self.number *= term.number
        self.above += term.above
        self.below += term.below
        if term.core is None:
            return
        if term.letters:
            self.terms.append(Term(term.core, term.axes))
            return
        core = term.core if len(term.axes) <= len(self.out) else squeezed(term.core, term.axes)[0]
        part = scalar(core)
        self.number *= part.number
        self.above += part.above
        self.below += part.below

    def swap(self, gone: Sequence[Term], new: Term) -> None:
        """One factor in the place of others."""
        place = next(n for n, term in enumerate(self.terms) if any(term is one for one in gone))
        left = [term for term in self.terms if not any(term is one for one in gone)]
        self.terms = left[:place]
        rest = left[place:]
        self.take(new)
        self.terms += rest

    def holders(self, letter: str) -> list[Term]:
        """The factors with this axis."""
        return [term for term in self.terms if letter in term.axes]

    def is_summed(self, letter: str) -> bool:
        """Whether the result lacks it."""
        return letter not in self.out

    def term(self, core: Tree | None, axes: str) -> Term:
        """The whole of it."""
        return cancelled(Term(core, axes, self.number, tuple(self.above), tuple(self.below)))


def is_reciprocal(tree: Tree | None) -> bool:
    return isinstance(tree, Apply) and tree.operator == "divide" and isinstance(tree.arguments[0], Number)


def as_column(term: Term) -> tuple[Tree, str]:
    """A factor without its axes of one entry; a vector that is a matrix of one column stays one."""
    core, axes = term.core, term.axes
    assert core is not None  # noqa: S101 - it has axes
    bare, letters = squeezed(core, axes)
    if len(axes) == 2 and len(letters) == 1 and is_of(bare, "index") and bare != core:
        return (core, axes) if axes[1] == ONE else (flipped(core), axes[::-1])
    return bare, letters


def has_no_twice(term: Term) -> bool:
    return len(set(term.letters)) == len(term.letters)


def is_identity(term: Term) -> bool:
    return is_of(term.core, "eye")
