"""Differentiation by rules that can be replaced, a number at a time: what a mistake with one of them would yield."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from netcalc.arithmetic.balls import OPERATIONS, numeral
from netcalc.derivation.derive import bound, derivation
from netcalc.derivation.rules import RULES
from netcalc.expression.tree import CONDITIONS, Apply, Symbol, Tree, share

Numeral = Any  # flint.fmpq or flint.arb
ZERO, ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True, slots=True)
class Dual:
    """A value and its derivative; `depends` says whether the variable occurs in it."""

    value: Numeral
    slope: Numeral
    depends: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied: its name, what it is applied to, and its value and slopes there."""

    name: str
    arguments: tuple[Dual, ...]
    value: Numeral
    slopes: tuple[Numeral, ...]


def _product(terms: Sequence[Dual]) -> Numeral:
    total = ZERO
    for place, term in enumerate(terms):
        if term.depends:
            total = total + term.slope * product([other.value for n, other in enumerate(terms) if n != place])
    return total


def product(factors: Sequence[Numeral]) -> Numeral:
    """Π factors."""
    return OPERATIONS["multiply"](*factors) if factors else ONE


def raised(base: Numeral, exponent: Numeral) -> Numeral:
    """base^exponent."""
    return OPERATIONS["power"](base, exponent)


def _power(base: Dual, exponent: Dual) -> Numeral:
    total = ZERO
    if base.depends:
        total = total + exponent.value * raised(base.value, exponent.value - 1) * base.slope
    if exponent.depends:
        total = total + raised(base.value, exponent.value) * OPERATIONS["log"](base.value) * exponent.slope
    return total


def _chain(call: Call) -> Numeral:
    total = ZERO
    for argument, slope in zip(call.arguments, call.slopes, strict=True):
        if argument.depends:
            total = total + slope * argument.slope
    return total


def _sum(terms: Sequence[Dual]) -> Numeral:
    return OPERATIONS["add"](*(term.slope for term in terms))


def _quotient(above: Dual, below: Dual) -> Numeral:
    return OPERATIONS["divide"](above.slope * below.value - above.value * below.slope, below.value * below.value)


@dataclass(frozen=True, slots=True)
class Calculus:
    """The rules, each from what stands in a formula to its derivative; as they stand, the right ones.

    `angle` is what a trigonometric function is applied to, `whole` follows the derivative of the expression, from its
    value; `by` is the variable that is differentiated by, of those asked for; `second` follows a second derivative,
    from the first ones by either variable.
    """

    sum: Callable[[Sequence[Dual]], Numeral] = _sum
    product: Callable[[Sequence[Dual]], Numeral] = _product
    quotient: Callable[[Dual, Dual], Numeral] = _quotient
    power: Callable[[Dual, Dual], Numeral] = _power
    call: Callable[[Call], Numeral] = _chain
    angle: Callable[[Numeral], Numeral] = lambda angle: angle
    whole: Callable[[Numeral, Numeral], Numeral] = lambda derivative, value: derivative  # noqa: ARG005
    by: Callable[[str, Sequence[str]], str] = lambda name, names: name  # noqa: ARG005
    second: Callable[[Numeral, Numeral, Numeral], Numeral] = lambda second, first, other: second  # noqa: ARG005


TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})


@dataclass(slots=True)
class Work:
    """An expression at a point: its value, and its derivative by any of the variables."""

    tree: Tree
    numbers: Mapping[str, Numeral]
    calculus: Calculus = field(default_factory=Calculus)

    def value(self) -> Numeral:
        """The value."""
        return self.dual("").value

    def derivative(self, name: str, names: Sequence[str]) -> Numeral:
        """∂/∂name; `names` are all that are asked for."""
        found = self.dual(self.calculus.by(name, names))
        return self.calculus.whole(found.slope, found.value)

    def dual(self, by: str) -> Dual:
        """Value and derivative by a variable."""
        shared = share((self.tree,))
        found: list[Dual] = []
        for node, places in zip(shared.nodes, shared.arguments, strict=True):
            found.append(self.node(node, [found[place] for place in places], by))
        return found[shared.roots[0]]

    def node(self, node: Tree, arguments: list[Dual], by: str) -> Dual:
        if isinstance(node, Symbol):
            return Dual(self.numbers[node.name], ONE if node.name == by else ZERO, node.name == by)
        if not isinstance(node, Apply):
            return Dual(numeral(node, {}), ZERO, depends=False)
        values = [argument.value for argument in arguments]
        if node.operator in CONDITIONS:
            return Dual(OPERATIONS[node.operator](*values), ZERO, depends=False)
        depends = any(argument.depends for argument in arguments)
        value, slope = self.operated(node, arguments, values)
        return Dual(value, slope if depends else ZERO, depends)

    def operated(self, node: Apply, arguments: list[Dual], values: list[Numeral]) -> tuple[Numeral, Numeral]:
        """An operator's value and derivative."""
        rules, known = self.calculus, OPERATIONS.get(node.operator)
        value = known(*values) if known else None
        match node.operator, arguments:
            case "add", _:
                return value, rules.sum(arguments)
            case "subtract", [a, b]:
                return value, a.slope - b.slope
            case "negate", [a]:
                return value, -a.slope
            case "multiply", _:
                return value, rules.product(arguments)
            case "divide", [a, b]:
                return value, rules.quotient(a, b)
            case "power", [a, b]:
                return value, rules.power(a, b)
            case "where", [condition, then, other]:
                return value, OPERATIONS["where"](condition.value, then.slope, other.slope)
            case (("max" | "min"), _):
                chosen = [argument for argument in arguments if bool(argument.value == value)]
                return value, chosen[0].slope if chosen else ZERO / ZERO
            case _:
                called = self.called(node, arguments, values)
                return called.value, rules.call(called)

    def called(self, node: Apply, arguments: list[Dual], values: list[Numeral]) -> Call:
        """A function or a catalogue's activation, at its arguments."""
        name = node.operator
        if name in TRIGONOMETRIC:
            values = [self.calculus.angle(value) for value in values]
        if name in RULES:
            names = {"q": values[-1], "p": values[0]}
            slopes = tuple(ZERO if tree is None else numeral(tree, names) for tree in RULES[name].trees)
            return Call(name, tuple(arguments), OPERATIONS[name](*values), slopes)
        known = derivation(bound(node)).stable
        value, slope = (numeral(tree, {"q": values[0]}) for tree in known[:2])
        rest = tuple(ZERO for _ in arguments[1:])
        return Call(name, tuple(arguments), value, (slope, *rest))
