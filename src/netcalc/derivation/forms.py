"""Trees that grow: each subtree held once, products and sums kept short as they are made.

A derivative is built from thousands of products and sums; written down as the rules yield them they would drown in
ones, zeros and double minuses. What is made here is in normal form, and equal trees are one object.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction

from netcalc.errors import NetcalcError
from netcalc.expression.numerals import decimals
from netcalc.expression.tree import Apply, Leaf, Number, Symbol, Tree, add, apply, divide, fold, multiply, negate, power
from netcalc.records import dataclass

FLAT = 32  # factors or terms up to which a product within a product, or a sum within a sum, is opened
SHORT_DIGITS = 12  # of a coefficient written as a decimal where it was made of decimals
LONG_DIGITS = 32  # from which on one is shown with so many: a product of the catalogue's constants
LARGEST = 400_000  # subexpressions

SIDES = {"max": "greater", "min": "less"}  # on which side of 0 the larger, or smaller, of x and 0 is x


@dataclass(slots=True)
class _Parts:
    """A product taken apart: its number, its factors with their exponents, the conditions it stands under."""

    number: Fraction = Fraction(1)
    decimal: bool = False
    factors: dict[int, tuple[Tree, int]] = field(default_factory=dict)
    gates: dict[tuple[int, bool], Tree] = field(default_factory=dict)

    def take(self, tree: Tree, exponent: int) -> None:
        _, before = self.factors.get(id(tree), (tree, 0))
        self.factors[id(tree)] = (tree, before + exponent)


class Forms:
    """Makes trees; equal ones are one object, so `is` compares them, whatever their size.

    `order` are the variables in the order in which factors and terms are written.
    """

    def __init__(self, order: Sequence[str] = ()) -> None:
        self._rank = {name: place for place, name in enumerate(order)}
        self._known: dict[Hashable, Tree] = {}
        self._own: set[int] = set()
        self._with_function: dict[int, bool] = {}
        self.zero = self.number(0)
        self.one = self.number(1)

    def number(self, value: int | Fraction) -> Tree:
        """An exact number."""
        return self.keep(Number(Fraction(value)))

    def keep(self, tree: Tree) -> Tree:
        """The tree as it is, each subtree as the one object that stands for it."""
        if id(tree) in self._own:
            return tree
        if not isinstance(tree, Apply):
            return self._one(tree, tree)
        arguments = tuple(self.keep(argument) for argument in tree.arguments)
        return self._one((tree.operator, *map(id, arguments)), Apply(tree.operator, arguments))

    def _one(self, key: Hashable, tree: Tree) -> Tree:
        if len(self._known) % 1024 == 0 and len(self._known) > LARGEST:
            raise NetcalcError(
                f"the derivatives grow too large ({len(self._known):,} subexpressions so far): ask for a lower order, "
                "or for fewer variables"
            )
        known = self._known.setdefault(key, tree)
        self._own.add(id(known))
        return known

    def put(self, formula: Tree, names: Mapping[str, Tree]) -> Tree:
        """A formula with trees in place of its variables, its products and sums made short."""

        def leaf(node: Leaf) -> Tree:
            return names.get(node.name, node) if isinstance(node, Symbol) else self.keep(node)

        return fold(formula, leaf, self.apply)

    def apply(self, operator: str, arguments: tuple[Tree, ...]) -> Tree:
        """operator(arguments), made short."""
        if operator == "add":
            return self.total(arguments)
        if operator == "multiply":
            return self.product(*arguments)
        if operator == "divide" and arguments[1] is not self.zero:
            return self.product(arguments[0], self.reciprocal(arguments[1]))
        if operator == "negate":
            return self.product(self.number(-1), *arguments)
        if operator == "power" and isinstance(arguments[1], Number):
            return self.raised(arguments[0], arguments[1].value)
        return self.keep(apply(operator, arguments))

    def reciprocal(self, tree: Tree) -> Tree:
        """1/tree."""
        return self.keep(Apply("divide", (self.one, tree)))

    def raised(self, base: Tree, exponent: Fraction) -> Tree:
        """base^exponent."""
        if exponent == 0:
            return self.one
        if isinstance(base, Number) and base.value and exponent.denominator == 1 and abs(exponent) <= FLAT:
            return self.number(base.value**exponent.numerator)
        return base if exponent == 1 else self.keep(power(base, Number(exponent)))

    def where(self, condition: Tree, then: Tree, other: Tree) -> Tree:
        """where(condition, then, other); one tree if both are the same."""
        return then if then is other else self.keep(Apply("where", (condition, then, other)))

    # --- products

    def product(self, *factors: Tree) -> Tree:
        """f1·f2·…: one coefficient, equal factors as powers, one fraction bar; conditions stand outside.

        A `where` with a zero branch is drawn out, so that what is undefined in a branch not taken never multiplies 0.
        """
        parts = _Parts()
        for factor in factors:
            self._take(factor, 1, parts)
        self._join_extremes(parts)
        return self._gated(parts, self._ratio(parts))

    def _join_extremes(self, parts: _Parts) -> None:
        """max(x, 0)·where(x > 0, a, …) is max(x, 0)·a, and with min and < alike, as both are 0 elsewhere."""
        for extreme, exponent in list(parts.factors.values()):
            if not isinstance(extreme, Apply) or exponent < 1 or extreme.operator not in SIDES:
                continue
            others = [one for one in extreme.arguments if one is not self.zero]
            if len(others) != 1 or len(extreme.arguments) != 2:
                continue
            for key, (tree, times) in list(parts.factors.items()):
                match tree:
                    case Apply("where", (Apply(operator, (own, bound)), then, _)) if times > 0:
                        if operator == SIDES[extreme.operator] and own is others[0] and bound is self.zero:
                            del parts.factors[key]
                            self._take(self.raised(then, Fraction(times)), 1, parts)

    def _take(self, tree: Tree, sign: int, parts: _Parts) -> None:
        match tree:
            case Number(value) if value or sign > 0:
                parts.number *= value**sign
                parts.decimal |= value.denominator > 1 and decimals(value) is not None
            case Apply("negate", (inner,)):
                parts.number *= -1
                self._take(inner, sign, parts)
            case Apply("multiply", arguments) if len(arguments) <= FLAT:
                for argument in arguments:
                    self._take(argument, sign, parts)
            case Apply("divide", (above, below)) if below is not self.zero:
                self._take(above, sign, parts)
                self._take(below, -sign, parts)
            case Apply("power", (base, Number(exponent))) if exponent.denominator == 1 and not isinstance(base, Number):
                parts.take(base, sign * exponent.numerator)
            case Apply("where", (condition, then, other)) if sign > 0 and self.zero in (then, other):
                parts.gates[id(condition), other is self.zero] = condition
                self._take(then if other is self.zero else other, sign, parts)
            case _:
                parts.take(tree, sign)

    def _gated(self, parts: _Parts, product: Tree) -> Tree:
        if product is self.zero:
            return product
        for (_, holds), condition in reversed(parts.gates.items()):
            then, other = (product, self.zero) if holds else (self.zero, product)
            product = self.where(condition, then, other)
        return product

    def _ratio(self, parts: _Parts) -> Tree:
        """The number and the factors as one fraction."""
        if parts.number == 0:
            return self.zero
        factors = sorted(parts.factors.values(), key=lambda factor: self._weight(factor[0]))
        above = [self.raised(base, Fraction(exponent)) for base, exponent in factors if exponent > 0]
        below = [self.raised(base, Fraction(-exponent)) for base, exponent in factors if exponent < 0]
        size, negative = abs(parts.number), parts.number < 0
        written = decimals(size) if parts.decimal else None
        shown = ""
        if written is not None and (len(written.digits) <= SHORT_DIGITS or len(written.digits) > LONG_DIGITS):
            p, q = size, Fraction(1)
            shown = _to_digits(size, LONG_DIGITS) if len(written.digits) > LONG_DIGITS else ""
        else:
            p, q = Fraction(size.numerator), Fraction(size.denominator)
        top = [Number(p, shown), *above] if p != 1 or not above else above
        bottom = [Number(q), *below] if q != 1 else below
        ratio = divide(_product(top), _product(bottom)) if bottom else _product(top)
        return self.keep(negate(ratio) if negative else ratio)

    def _weight(self, tree: Tree) -> tuple[int, int]:
        """Where a factor stands: numbers and names, sums of them, functions, sums of functions."""
        if not isinstance(tree, Apply):
            return 0, self._rank.get(tree.name, 0) if isinstance(tree, Symbol) else -1
        return (1 if tree.operator in ("add", "power") else 0) + (2 if self._has_function(tree) else 0), 0

    def _has_function(self, tree: Tree) -> bool:
        if not isinstance(tree, Apply):
            return False
        known = self._with_function.get(id(tree))
        if known is None:
            own = tree.operator not in ("add", "multiply", "divide", "power", "negate")
            known = self._with_function[id(tree)] = own or any(map(self._has_function, tree.arguments))
        return known

    # --- sums

    def total(self, terms: Iterable[Tree]) -> Tree:
        """t1 + t2 + …: like terms together, and what stands under one condition."""
        sums: dict[int, tuple[Tree, Fraction, bool]] = {}
        branches: dict[int, tuple[Tree, list[Tree], list[Tree]]] = {}
        for term in self._terms(terms):
            if isinstance(term, Apply) and term.operator == "where":
                condition, then, other = term.arguments
                _, thens, others = branches.setdefault(id(condition), (condition, [], []))
                thens.append(then)
                others.append(other)
                continue
            parts = _Parts()
            self._take(term, 1, parts)
            number, parts.number = parts.number, Fraction(1)
            rest = self._gated(parts, self._ratio(parts))
            _, before, decimal = sums.get(id(rest), (rest, Fraction(0), False))
            sums[id(rest)] = (rest, before + number, decimal or parts.decimal)
        flat = [self._scaled(*one) for one in sums.values() if one[1]]
        flat += [self.where(condition, self.total(a), self.total(b)) for condition, a, b in branches.values()]
        return self._sum([term for term in flat if term is not self.zero])

    def _terms(self, terms: Iterable[Tree]) -> Iterable[Tree]:
        for term in terms:
            if isinstance(term, Apply) and term.operator == "add" and len(term.arguments) <= FLAT:
                yield from self._terms(term.arguments)
            else:
                yield term

    def _scaled(self, rest: Tree, number: Fraction, decimal: bool) -> Tree:
        parts = _Parts(number, decimal)
        self._take(rest, 1, parts)
        return self._gated(parts, self._ratio(parts))

    def _sum(self, terms: list[Tree]) -> Tree:
        if not terms:
            return self.zero
        first = next((place for place, term in enumerate(terms) if not is_negative(term)), 0)
        if is_negative(terms[0]):  # y - x rather than -x + y
            terms = [terms[first], *terms[:first], *terms[first + 1 :]]
        return self.keep(add(*terms))


def _product(factors: list[Tree]) -> Tree:
    """The factors' product, flat unless the first is one of many, which each of its cofactors would hold anew."""
    first = factors[0]
    is_long = isinstance(first, Apply) and first.operator == "multiply" and len(first.arguments) > FLAT
    return Apply("multiply", tuple(factors)) if is_long and len(factors) > 1 else multiply(*factors)


def is_negative(tree: Tree) -> bool:
    """Whether it starts with a minus."""
    while isinstance(tree, Apply) and tree.operator in ("multiply", "divide"):
        tree = tree.arguments[0]
    return (isinstance(tree, Number) and tree.value < 0) or (isinstance(tree, Apply) and tree.operator == "negate")


def _to_digits(value: Fraction, count: int) -> str:
    """A number rounded to so many significant digits, in decimals; a large or tiny one times a power of ten."""
    from decimal import Context, Decimal

    rounded = Context(prec=count).divide(Decimal(value.numerator), Decimal(value.denominator))
    if abs(rounded.adjusted()) < count:
        return format(rounded, "f")
    return format(rounded.normalize(), "e").replace("e+", "e")
