"""The printer of formulas, which places brackets and signs, and its two plain styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from netcalc.expression.numerals import decimals, mantissa_and_exponent, plain, whole
from netcalc.expression.tokens import GREEK, SUPERSCRIPTS
from netcalc.expression.tree import COMPARISONS, Constant, Leaf, Level, Number, Symbol
from netcalc.notation.tensors import PRODUCTS, MatrixNotation, Piece, Tensors

WHOLE = "[]"  # behind the name of a whole tensor, where a formula is of whole tensors: `z1[]` is no first z
MARGIN = " ± "  # in the place of a name, a number that is not decided: `0.5 ± 1e-30`
SUM_OVER = "sum_"  # an operator that sums over the places its letters stand for
_BELOW = str.maketrans("ijkst", "ᵢⱼₖₛₜ")


class Ascii(Tensors):
    """The printer, and the plainest style; the others say what looks different."""

    minus = "-"
    comparisons = COMPARISONS
    joints: Mapping[str, tuple[str, Level]] = {"and": (" and ", Level.AND), "or": (" or ", Level.OR)}
    negation = "not "

    def leaf(self, leaf: Leaf) -> Piece:
        if isinstance(leaf, Number):
            return self.number(leaf)
        if isinstance(leaf, Symbol) and leaf.name.endswith(WHOLE):
            return self.whole(leaf.name.removesuffix(WHOLE))._replace(leaf=leaf)
        piece = self.constant(leaf.name) if isinstance(leaf, Constant) else self.name(leaf.name)
        return piece._replace(leaf=leaf, level=Level.ADD if MARGIN in leaf.name else piece.level)

    def number(self, number: Number) -> Piece:
        if number.value < 0:
            positive = self.number(Number(-number.value, number.written))
            return self.minus_before(positive, literal=True)._replace(leaf=number)
        if number.written:
            mantissa, _, exponent = number.written.lstrip("-").partition("e")
            piece = self.scientific(mantissa, int(exponent)) if exponent else Piece(mantissa, Level.ATOM)
            return piece._replace(leaf=number)
        digits = decimals(number.value)
        if digits is None:
            p, q = (Piece(whole(n), Level.ATOM) for n in number.value.as_integer_ratio())
            return self.ratio(p, q)._replace(leaf=number)
        parts = mantissa_and_exponent(digits)
        piece = self.scientific(*parts) if parts else Piece(plain(digits), Level.ATOM)
        return piece._replace(leaf=number)

    def node(self, operator: str, arguments: tuple[Piece, ...]) -> Piece:
        return self.operation(operator, arguments)._replace(operator=operator, arguments=arguments)

    def operation(self, operator: str, arguments: tuple[Piece, ...]) -> Piece:
        if (tensor := self.tensor(operator, arguments)) is not None:
            return tensor
        if not arguments:
            return self.call(operator, ())
        first, *others = arguments
        if operator == "add":
            return self.sum(arguments)
        if operator == "subtract":
            return self.sum((first, self.minus_before(others[0])))
        if operator == "negate":
            return self.minus_before(first)
        if operator == "multiply":
            return self.signed(first, lambda piece: self.product((piece, *others)))
        if operator == "divide":
            return self.signed(first, lambda piece: self.ratio(piece, others[0]))
        if operator == "power":
            return self.power(first, others[0])
        if operator in self.comparisons:
            sign = f" {self.comparisons[operator]} "
            return Piece(sign.join(self.hold(piece, Level.ADD).text for piece in arguments), Level.COMPARE)
        if operator in self.joints:
            joint, level = self.joints[operator]
            parts = [self.hold(first, level), *(self.hold(piece, Level(level + 1)) for piece in others)]
            return Piece(joint.join(piece.text for piece in parts), level)
        if operator.startswith(SUM_OVER):
            return self.sum_over(operator.removeprefix(SUM_OVER), first)
        if operator == "not":
            return Piece(self.negation + self.hold(first, Level.NOT).text, Level.NOT)
        return self.call(*((operator, arguments) if (clip := _clip(operator, arguments)) is None else ("clip", clip)))

    def hold(self, piece: Piece, level: Level) -> Piece:
        """The piece, in brackets unless it holds together at least this tightly."""
        if piece.level >= level:
            return piece
        return Piece(self.brackets(piece.text), Level.ATOM, operator="brackets", arguments=(piece,))

    def minus_before(self, piece: Piece, literal: bool = False) -> Piece:
        return Piece(self.minus + self.hold(piece, Level.MULTIPLY).text, Level.NEGATE, piece, literal)

    def signed(self, first: Piece, build: Callable[[Piece], Piece]) -> Piece:
        """What `build` makes of its first part, with that part's minus, if it is a number's, in front of it all."""
        if first.literal and first.positive is not None:
            return self.minus_before(build(first.positive), literal=True)
        return build(first)

    def sum(self, terms: Sequence[Piece]) -> Piece:
        text = self.hold(terms[0], Level.ADD).text
        for term in terms[1:]:
            sign = "+" if term.positive is None else self.minus
            text += f" {sign} {self.hold(term.positive or term, Level.MULTIPLY).text}"
        return Piece(text, Level.ADD)

    def product(self, factors: Sequence[Piece]) -> Piece:
        before = self.hold(factors[0], Level.POWER if factors[0].operator in PRODUCTS else Level.MULTIPLY)
        text = before.text
        for place, factor in enumerate(factors[1:], 1):
            is_scaled = factor.operator == "outer" and place == len(factors) - 1  # what is before it are scalars
            after = self.hold(factor, Level.MULTIPLY if is_scaled else Level.POWER)
            text += self.between(before, after) + after.text
            before = after
        return Piece(text, Level.MULTIPLY)

    # --- how things look

    def constant(self, name: str) -> Piece:
        return Piece(name, Level.ATOM)

    def name(self, name: str) -> Piece:
        return Piece(name, Level.MULTIPLY if "/" in name else Level.ATOM)

    def whole(self, name: str) -> Piece:
        """A whole tensor by its name."""
        return self.name(name)

    def scientific(self, mantissa: str, exponent: int) -> Piece:
        return Piece(f"{mantissa}e{exponent}", Level.ATOM)

    def brackets(self, text: str) -> str:
        return f"({text})"

    def between(self, _before: Piece, _after: Piece, /) -> str:
        """The sign between two factors."""
        return "*"

    def sum_over(self, letters: str, term: Piece) -> Piece:
        """A sum over places: `sum_k(W[0,k]*v[k])`."""
        return Piece(SUM_OVER + letters + self.brackets(term.text), Level.ATOM)

    def ratio(self, numerator: Piece, denominator: Piece) -> Piece:
        top, bottom = self.hold(numerator, Level.MULTIPLY), self.hold(denominator, Level.POWER)
        return Piece(f"{top.text}/{bottom.text}", Level.MULTIPLY)

    def power(self, base: Piece, exponent: Piece) -> Piece:
        return Piece(f"{self.hold(base, Level.ATOM).text}^{self.hold(exponent, Level.POWER).text}", Level.POWER)

    def call(self, function: str, arguments: Sequence[Piece]) -> Piece:
        return Piece(function + self.brackets(", ".join(piece.text for piece in arguments)), Level.ATOM)


DERIVATIVE = r"d([^\W\d]\w*(?:@[\d.]+)?(?:\[[^\]]*\])?)/d(\w+(?:@[\d.]+)?(?:\[.*\])?)"  # a derivative found before
HIGHER_DERIVATIVE = r"d(\d+)(\w+)/(?:d(\w+(?:\[.*\])?)\^\d+|\((d.+)\))"  # `d2f/dx^2`, `d2f/(dx dy)`

# Written `tanh²(x)` rather than `tanh(x)²`.
RAISED_NAMES = frozenset({"sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh"})
NAME_PARTS = r"([A-Za-z]+)_?(\w*)(?:\[(.*)\])?"
AGAIN = r"(\w+)@([\d.]+)(?:\[(.*)\]|)"  # a name that is assigned again, by its line
GREEK_NAMES = {name: letter for letter, name in GREEK.items()}
_GREEK_NAME = rf"(d?)({'|'.join(GREEK_NAMES)}|[{''.join(GREEK)}])([0-9]+|_[A-Za-z0-9_]+|)((?:@[\d.]+)?(?:\[.*)?)"
LETTERED = {  # functions that a letter stands for, and those in whose formulas or slopes they are
    "σ": {"sigmoid", "silu", "softplus", "log_sigmoid", "mish"},
    "φ": {"phi", "gelu"},
    "Γ": {"gamma"},
}


def greek(name: str, is_word: Callable[[str], bool] = lambda _: False) -> str:
    """A name with its Greek letter, `dalpha1[0]` as `dα1[0]`; as a word where something else is written so."""
    parts = re.fullmatch(_GREEK_NAME, name)
    if parts is None:
        return name
    before, head, number, rest = parts.groups()
    letters = GREEK if is_word(head + number) else GREEK_NAMES
    return before + letters.get(head, head) + number + rest


def written_alike(names: Collection[str], operators: Collection[str]) -> frozenset[str]:
    """The names that are to be words, as two would be written alike, or one as one of the functions."""
    alike: dict[str, list[str]] = {}
    for name in dict.fromkeys(name.partition("@")[0] for name in names):
        alike.setdefault(greek(name), []).append(name)
    letters = {letter for letter, functions in LETTERED.items() if not functions.isdisjoint(operators)}
    found: set[str] = set()
    for shown, own in alike.items():
        words = [name for name in own if name != shown]
        if len(own) > 1:
            found.update(words)
        elif shown in letters:
            found.update(own)
    return frozenset(found)


def _clip(operator: str, arguments: Sequence[Piece]) -> tuple[Piece, ...] | None:
    """x, a and b of where(x < a, a, where(x > b, b, x)), which is clip(x, a, b)."""
    if operator != "where" or arguments[0].operator != "less" or arguments[2].operator != "where":
        return None
    (below, low, (above, high, x)) = *arguments[:2], arguments[2].arguments
    texts = [one.text for condition in (below, above) for one in condition.arguments]
    fits = above.operator == "greater" and texts == [x.text, low.text, x.text, high.text]
    return (x, low, high) if fits else None


def is_raised_name(base: Piece, exponent: Piece) -> bool:
    return base.operator in RAISED_NAMES and exponent.integer is not None and exponent.integer > 1


def is_sum_in_brackets(piece: Piece) -> bool:
    return piece.operator == "brackets" and piece.arguments[0].operator in ("add", "subtract")


def are_side_by_side(before: Piece, after: Piece) -> bool:
    """Whether a sum in brackets follows a closing bracket, so that no sign is needed: `σ(q)(1 − σ(q))`."""
    return is_sum_in_brackets(after) and before.level == Level.ATOM and before.text.endswith(")")


class Unicode(MatrixNotation, Ascii):
    """As one writes in plain text: `x²`, `√2`, `σ(q)(1 − σ(q))`."""

    minus = "−"
    comparisons = COMPARISONS | {"less_equal": "≤", "greater_equal": "≥", "unequal": "≠"}
    names: Mapping[str, str] = {"sigmoid": "σ", "gamma": "Γ", "phi": "φ"}

    def __init__(self, is_word: Callable[[str], bool] = lambda _: False) -> None:
        self.is_word = is_word

    def constant(self, name: str) -> Piece:
        return Piece("π" if name == "pi" else name, Level.ATOM)

    def name(self, name: str) -> Piece:
        if MARGIN in name:
            return Piece(name.replace("-", self.minus).replace(f"e{self.minus}", "e-"), Level.ATOM)
        if derivative := re.fullmatch(DERIVATIVE, name):
            of, by = (self.name(part).text for part in derivative.groups())
            return Piece(f"∂{of}/∂{by}", Level.POWER)
        if higher := re.fullmatch(HIGHER_DERIVATIVE, name):
            order, of, same, mixed = higher.groups()
            raised = order.translate(SUPERSCRIPTS)
            names = [same] if same else [part[1:] for part in mixed.split()]
            below = "".join(f"∂{self.name(part).text}" for part in names) + (raised if same else "")
            return Piece(f"∂{raised}{self.name(of).text}/{below}", Level.ATOM)
        return Piece(greek(name, self.is_word), Level.ATOM)

    def between(self, before: Piece, after: Piece, /) -> str:
        return "" if are_side_by_side(before, after) else "·"

    def sum_over(self, letters: str, term: Piece) -> Piece:
        return Piece(f"Σ{letters.translate(_BELOW)} {self.hold(term, Level.MULTIPLY).text}", Level.MULTIPLY)

    def power(self, base: Piece, exponent: Piece) -> Piece:
        if exponent.integer is None:
            return super().power(base, exponent)
        raised = str(exponent.integer).translate(SUPERSCRIPTS)
        if is_raised_name(base, exponent):
            return self.call(base.operator + raised, base.arguments)._replace(level=Level.POWER)
        return Piece(self.hold(base, Level.ATOM).text + raised, Level.POWER)

    def call(self, function: str, arguments: Sequence[Piece]) -> Piece:
        if function == "sqrt":
            (radicand,) = arguments
            bare = radicand.leaf is not None and radicand.level == Level.ATOM
            return Piece("√" + (radicand.text if bare else self.brackets(radicand.text)), Level.POWER)
        name, prime = function.removesuffix("'"), "′" * function.endswith("'")
        return super().call(self.names.get(name, name) + prime, arguments)
