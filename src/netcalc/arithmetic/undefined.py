"""Why a formula has no value at a point: the innermost subexpression without one, and where it would have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import FAR, OPERATIONS, Infinite, Numeral, ball, precision, sign
from netcalc.arithmetic.evaluation import Known, numeral
from netcalc.arithmetic.rounding import LARGEST_EXPONENT, digits, enclosure
from netcalc.arithmetic.ties import ROOM
from netcalc.derivation.derive import evaluable, is_activation
from netcalc.expression.tree import Apply, Number, Symbol, Tree, share
from netcalc.notation import to_ascii

BITS = 1024
FAR_OUT = "can't be evaluated so far out"
POLES_AT_ODD = "has poles at odd multiples of pi/2"
POLES_AT_ALL = "has poles at multiples of pi"
POLES_BELOW = "has poles at 0, -1, -2, …"

DOMAINS: Mapping[str, str] = {
    **dict.fromkeys(("log", "log2", "log10"), "is defined for {q} > 0"),
    "log1p": "is defined for {q} > -1",
    "sqrt": "is defined for {q} >= 0",
    **dict.fromkeys(("asin", "acos"), "is defined for -1 <= {q} and {q} <= 1"),
    "acosh": "is defined for {q} >= 1",
    **dict.fromkeys(("atanh", "erfinv"), "is defined for -1 < {q} and {q} < 1"),
    **dict.fromkeys(("tan", "sec"), POLES_AT_ODD),
    **dict.fromkeys(("cot", "csc"), POLES_AT_ALL),
    **dict.fromkeys(("gamma", "lgamma", "digamma", "polygamma"), POLES_BELOW),
}


def why_undefined(tree: Tree, names: Mapping[str, Numeral], known: Known = ()) -> str | None:
    """`log(x - 1) is defined for x - 1 > 0; here x - 1 = -2`; None where the formula has a value.

    `known` is what is decided of subtrees there.
    """
    with precision(BITS):
        return _Blame(tree, names, known).of_root()


class _Blame:
    """The values of all subexpressions, and which of them is to blame."""

    def __init__(self, tree: Tree, names: Mapping[str, Numeral], known: Known) -> None:
        self.shared = share((tree, *(subtree for subtree, _ in known)))
        self.values: list[Any] = []
        at = {place: value for place, (_, value) in zip(self.shared.roots[1:], known, strict=True)}
        for node, places in zip(self.shared.nodes, self.shared.arguments, strict=True):
            if at.get(len(self.values)) is not None:
                self.values.append(at[len(self.values)])
            elif not isinstance(node, Apply):
                self.values.append(numeral(node, names))
            else:
                self.values.append(_operation(node)(*(self.values[place] for place in places)))

    def of_root(self) -> str | None:
        place: int | None = self.shared.roots[0]
        if place is None or _is_known(self.values[place]):
            return None
        while (below := self.below(place)) is not None:
            place = below
        return self.told(place)

    def below(self, place: int) -> int | None:
        """The argument that is to blame for a node's having no value; None if the node itself is."""
        node, places = self.shared.nodes[place], self.shared.arguments[place]
        if isinstance(node, Apply) and node.operator == "where" and isinstance(self.values[places[0]], bool):
            taken = places[1] if self.values[places[0]] else places[2]
            return taken if not _is_known(self.values[taken]) else None
        return next((below for below in places if not self.is_fine(below)), None)

    def is_fine(self, place: int) -> bool:
        """Whether a node has a value, or is infinity itself, as masks have it."""
        return isinstance(self.values[place], Infinite) or _is_known(self.values[place])

    def told(self, place: int) -> str:
        node, places = self.shared.nodes[place], self.shared.arguments[place]
        if not isinstance(node, Apply):
            return f"{to_ascii(node)} has no value"
        written = to_ascii(node)
        if _is_too_large(node.operator, [self.values[place] for place in places]):
            return f"{written} is beyond 1e{LARGEST_EXPONENT}; {self.here(node.arguments, places)}"
        if (
            is_activation(node)
            and not isinstance(self.values[places[0]], Infinite)
            and abs(ball(self.values[places[0]])) > FAR
        ):
            return f"{written} {FAR_OUT}; {self.here(node.arguments[:1], places[:1])}"
        if node.operator not in DOMAINS and any(isinstance(self.values[place], Infinite) for place in places):
            return f"{written} has no value; {self.here(node.arguments, places)}"
        if node.operator == "divide":
            above, divisor = node.arguments
            zero_by_zero = _is_zero(self.values[places[0]]) and _is_zero(self.values[places[1]])
            kind = f" (0/0: {to_ascii(above)} is 0 too)" if zero_by_zero and not isinstance(above, Number) else ""
            return f"{written} is defined for {to_ascii(divisor)} != 0; {self.here([divisor], places[1:])}{kind}"
        if node.operator == "power":
            return f"{written} {self.power(node, places)}; {self.here(node.arguments, places)}"
        if node.operator in DOMAINS:
            domain = DOMAINS[node.operator].format(q=to_ascii(node.arguments[-1]))
            if isinstance(node.arguments[-1], Number):
                return f"{written} has no value"
            room = ROOM.get(node.operator)
            if room and sign(room(self.values[places[-1]])) is None:
                return (
                    f"whether {written} has a value is not decided: it {domain}, where it can't be told from the edge"
                )
            return f"{written} {domain}; {self.here(node.arguments[-1:], places[-1:])}"
        if node.operator == "atan2":
            return f"{written} is not defined where both are 0"
        return f"{written} has no value; {self.here(node.arguments, places)}"

    def power(self, node: Apply, places: Sequence[int]) -> str:
        base, exponent = (self.values[place] for place in places)
        written, known = to_ascii(node.arguments[0]), isinstance(exponent, fmpq)
        if known and exponent.q == 1:
            return f"is defined for {written} != 0"
        why = ", as its exponent is no whole number" if known and sign(base) != 0 else ""
        return f"is defined for {written} {'>=' if known and exponent > 0 else '>'} 0{why}"

    def here(self, parts: Sequence[Tree], places: Sequence[int]) -> str:
        """`here x = -1`."""
        said = []
        for part, place in zip(parts, places, strict=True):
            if isinstance(part, Number):
                continue
            if isinstance(self.values[place], Infinite):
                said.append(f"{to_ascii(part)} = {'-' if self.values[place] < 0 else ''}inf")
                continue
            shown = digits(self.values[place], 6)
            is_zero = shown is None and sign(self.values[place]) is None
            told = "can't be told from 0" if is_zero else f"= {shown or enclosure(self.values[place])}"
            said.append(f"{to_ascii(part)} {told}")
        return f"here {', '.join(said)}" if said else "which it is not"


def _operation(node: Apply) -> Callable[..., Any]:
    if not is_activation(node):
        return OPERATIONS[node.operator]
    (formula,) = evaluable((Apply(node.operator, (Symbol("q"), *node.arguments[1:])),))
    return lambda q, *_: numeral(formula, {"q": q})


def _is_too_large(operator: str, values: Sequence[Any]) -> bool:
    """Whether a function has a value there, only none that Arb can hold."""
    numbers = [ball(value) for value in values if isinstance(value, arb | fmpq)]
    if len(numbers) < len(values) or not all(number.is_finite() for number in numbers):
        return False
    if operator in ("exp", "expm1", "gamma"):
        return bool(numbers[0] > FAR)
    if operator in ("sinh", "cosh"):
        return bool(abs(numbers[0]) > FAR)
    return operator == "power" and bool(numbers[0] > 0 and numbers[0].log() * numbers[1] > FAR)


def _is_known(value: Any) -> bool:
    return value is None or isinstance(value, bool | fmpq) or bool(value.is_finite())


def _is_zero(value: Any) -> bool:
    return sign(value) == 0
