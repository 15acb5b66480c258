"""How formulas name the elements of tensors, and write sums over them."""

from __future__ import annotations

from collections.abc import Callable

from netcalc.expression import Apply, Symbol, Tree
from netcalc.expression.tree import add
from netcalc.notation.printer import WHOLE
from netcalc.problem import Problem, labelled

Place = int | str  # an element's place from 0, or the letter of a generic index


class Elements:
    """The elements of a problem's tensors. A sum of more than so many `terms` is written with a Σ."""

    def __init__(self, problem: Problem, terms: int) -> None:
        self.problem, self.terms = problem, terms

    def entry(self, name: str, *places: Place) -> Symbol:
        """`W1[0,i]`: numbers are places, which the answer may count from 1; letters stay."""
        shift = self.problem.index_from
        return Symbol(labelled(name, [place if isinstance(place, str) else str(place + shift) for place in places]))

    def at(self, name: str, place: Place, sample: Place) -> Symbol:
        """An element of a samples' tensor: `z1[i]`, and where there are many samples `z1[s,i]`."""
        return self.entry(name, *((sample, place) if self.problem.many else (place,)))

    def summed(self, count: int, term: Callable[[Place], Tree], letter: str = "k") -> Tree:
        """term(0) + term(1) + …, or Σ term(letter) where they are many."""
        if count > self.terms:
            return Apply(f"sum_{letter}", (term(letter),))
        return add(*map(term, range(count)))


def whole(name: str) -> Symbol:
    """A whole tensor, where a formula is of whole tensors."""
    return Symbol(f"{name}{WHOLE}")


def exp(tree: Tree) -> Tree:
    """exp(tree)."""
    return Apply("exp", (tree,))


def minus(tree: Tree) -> Tree:
    """-tree, of a sum too."""
    return Apply("negate", (tree,))
