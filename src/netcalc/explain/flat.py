"""Products of the layers' graph as people write them: what is summed over, which letters stand for samples."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from netcalc.explain.explanation import times
from netcalc.expression import Apply, Number, Tree
from netcalc.expression.numerals import of_float64
from netcalc.expression.tree import divide, negate
from netcalc.graph.functions import LOSS, by_sample
from netcalc.graph.leaves import EYE, INPUT, NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor
from netcalc.graph.sizes import concrete
from netcalc.records import NamedTuple


class Flat(NamedTuple):
    """A product, whose only factor is opened where that is a product too."""

    number: Fraction
    factors: Sequence[Factor]
    out: str

    @classmethod
    def of(cls, node: Node) -> Flat:
        letters = LETTERS[: node.rank]
        flat = cls(Fraction(1), [(node, letters)], letters)
        while len(flat.factors) == 1:
            ((node, letters),) = flat.factors
            if node.operation is LOSS and node.params.function.by_sample and not node.params.order:
                node = by_sample(node.params.function, *node.args)
            if node.operation is not PRODUCT:
                break
            own = node.params
            spare = [one for one in LETTERS if one not in letters + flat.out]
            names = dict(zip(own.summed + own.out, spare, strict=False)) | dict(zip(own.out, letters, strict=True))
            pairs = zip(node.args, own.letters, strict=True)
            factors = [(arg, "".join(names[one] for one in its)) for arg, its in pairs]
            flat = cls(flat.number * own.number, factors, flat.out)
        return flat

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each letter."""
        pairs = ((one, size) for arg, own in self.factors for one, size in zip(own, arg.shape, strict=True))
        return {one: concrete(size, {}) for one, size in pairs}

    @property
    def summed(self) -> list[str]:
        """The letters that are summed over."""
        return [one for one in self.sizes if one not in self.out]

    @property
    def samples(self) -> set[str]:
        """The letters that stand for samples."""
        return {own[0] for arg, own in self.factors if is_by_sample(arg)}

    @property
    def in_order(self) -> list[Factor]:
        """The factors as people write them: numbers, then in the order of the places of the result."""
        out = [one for one in self.out if one not in self.samples]

        def place(factor: Factor) -> int:
            arg, own = factor
            return min((out.index(one) for one in own if one in out), default=len(out)) if arg.rank else -1

        return sorted(self.factors, key=place)


def is_parameter(name: str) -> bool:
    """Whether a tensor of the passes is W or b of a layer, a gradient of one, or the weights of classes."""
    return name.removeprefix("d")[0] in "Wbw"


def is_by_sample(node: Node) -> bool:
    """Whether the first axis counts samples."""
    if node.operation in (INPUT, NAMED):
        return bool(node.rank) and not is_parameter(node.params.text)
    if node.operation in (PRODUCT, SUM):
        first = node.params.out[:1]
        pairs = zip(node.args, node.params.letters, strict=True)
        return any(own[:1] == first and is_by_sample(arg) for arg, own in pairs)
    return node.operation is not EYE


def is_of_loss(node: Node) -> bool:
    """Whether it is a loss, or its targets, as given or as the loss takes them."""
    return node.operation is LOSS or (node.operation in (INPUT, NAMED) and node.params.text in ("t", "y"))


def total(letters: str, term: Tree) -> Tree:
    """Σ term, a minus before it."""
    if isinstance(term, Apply) and term.operator == "negate":
        return negate(Apply(f"sum_{letters}", term.arguments))
    return Apply(f"sum_{letters}", (term,))


def scaled(tree: Tree, factor: Fraction) -> Tree:
    """A tree over what its factor is one over; a minus and a fraction stay outside."""
    if factor < 0:
        return negate(scaled(tree, -factor))
    if factor == 1:
        return tree
    if isinstance(tree, Apply) and tree.operator == "negate":
        return negate(scaled(tree.arguments[0], factor))
    value = 1 / factor
    below = Number(value, repr(float(value)) if of_float64(value) else "")
    if isinstance(tree, Apply) and tree.operator == "divide":
        return divide(tree.arguments[0], times(tree.arguments[1], below))
    return divide(tree, below)
