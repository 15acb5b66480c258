"""What an explanation consists of, and the pieces that all of them use."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import applied, derivation
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import apply, fold, multiply, power
from netcalc.notation import to_ascii
from netcalc.notation.displays import Display, Matrix
from netcalc.records import NamedTuple
from netcalc.result import Step, Value, as_value

MATRIX_LIMIT = 8  # rows or columns of a matrix that is drawn


class Written(Mapping[str, Tree]):
    """Formulas by name, each written when it is first asked for."""

    def __init__(self, write: Mapping[str, Callable[[], Tree]]) -> None:
        self.write, self.known = write, dict[str, Tree]()

    def __getitem__(self, name: str) -> Tree:
        if name not in self.known:
            self.known[name] = self.write[name]()
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.write)

    def __len__(self) -> int:
        return len(self.write)


class Explanation(NamedTuple):
    """`formulas` by name of tensor, and `of`, the outputs that partials are of.

    `brief` are formulas that name the activation's slope, σ'(q), for where its own formula is too long to repeat.
    """

    formulas: Mapping[str, Tree]
    of: Mapping[str, str]
    steps: Sequence[Step] = ()
    notes: tuple[str, ...] = ()
    brief: Mapping[str, Tree] = MappingProxyType({})


ONE = Number(Fraction(1))
TEN = Number(Fraction(10))
MOST_DIGITS = 400  # of a number that is written out: 1e-1000000 takes long to make a fraction of


def times(*factors: Tree | None) -> Tree:
    """The product of those factors that are there and not one, products among them flattened."""
    flat: list[Tree] = []
    for factor in factors:
        parts = getattr(factor, "arguments", ()) if getattr(factor, "operator", "") == "multiply" else (factor,)
        flat += [part for part in parts if part is not None and part != ONE]
    flat.sort(key=lambda part: not isinstance(part, Number))
    return multiply(*flat) if flat else ONE


def present(*parts: Tree | None) -> list[Tree]:
    """Those that are there."""
    return [part for part in parts if part is not None]


def distinct(*chain: Display) -> tuple[Display, ...]:
    """A chain without what would be written twice."""
    return tuple({_as_read(part): part for part in chain}.values())


def _as_read(part: Display) -> Hashable:
    """A key that parts have in common which read the same: -1 is a number, and the negation of one."""
    if isinstance(part, Matrix):
        return tuple(tuple(map(to_ascii, row)) for row in part.entries)
    return to_ascii(part) if isinstance(part, Tree) else part


def replaced(tree: Tree, replacements: Mapping[Tree, Tree]) -> Tree:
    """The tree with whole subtrees replaced, all at once."""

    def combine(operator: str, arguments: tuple[tuple[Tree, Tree], ...]) -> tuple[Tree, Tree]:
        before, after = (apply(operator, parts) for parts in zip(*arguments, strict=True))
        return before, replacements.get(before, after)

    return fold(tree, lambda leaf: (leaf, replacements.get(leaf, leaf)), combine)[1]


def slope_named(activation: BoundActivation) -> Apply:
    """φ'(q) by its name, `sigmoid'(q)`, which is φ' where it was typed."""
    function = applied(activation) if activation.has_kernels else Apply("phi", (Symbol("q"),))
    return Apply(f"{function.operator}'", function.arguments)


def formula_of(activation: BoundActivation) -> Tree:
    """φ(q) as people write it: the name applied, or the formula that was typed."""
    return applied(activation) if activation.has_kernels else derivation(activation).value


def literal(entry: object) -> Tree:
    """A value as it is shown, as a leaf of an expression."""
    value: Value = as_value(entry)
    if value.formula is not None:
        return value.formula
    mantissa, _, exponent = value.shown.partition("e")
    try:
        if abs(int(exponent or 0)) > MOST_DIGITS:
            return multiply(Number(Fraction(mantissa), mantissa), power(TEN, Number(Fraction(int(exponent)))))
        return Number(Fraction(value.shown), value.shown)
    except ValueError:
        return Symbol(value.shown)


def outcome(entry: object) -> tuple[Tree, ...]:
    """What a step ends in: the closed form where one was asked for and says more, then the value as it is shown."""
    shown, exact = literal(entry), as_value(entry).exact
    whole = isinstance(exact, Number) and exact.value.denominator == 1
    return (shown,) if exact is None or whole else (exact, shown)
