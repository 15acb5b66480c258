"""Nodes as they are read; calls of functions, by place and by name; functions that are written out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import NoReturn

from netcalc.errors import ExpressionError
from netcalc.expression.functions import Function
from netcalc.expression.letters import taken_apart
from netcalc.expression.tokens import HINTS, Limits, Token, tokenize
from netcalc.expression.tree import CONDITIONS, Apply, Level, Number, Symbol, Tree, apply, fold
from netcalc.records import NamedTuple

JOINING = {"and": Level.AND, "or": Level.OR}
LARGEST_WRITTEN = 10  # nodes of functions written out, for a character that may be typed
LISTED = frozenset({"sum", "prod", "hypot", "dot", "dist", "max", "min"})
_OPERANDS = frozenset({"number", "name", "indexed", "(", "[", "√", "∛", "pi"})


class Cursor:
    """Reads the tokens of a text from left to right."""

    def __init__(self, text: str, limits: Limits, variables: Collection[str] | None = None) -> None:
        self.text = text
        self.variables: Collection[str] = variables or ()
        self.limits = limits
        self.tokens: Sequence[Token] = self.words(text)
        self.kept: list[str] = []  # names that may be meant as products
        if variables is not None:
            self.tokens, self.kept = taken_apart(text, self.tokens, variables)
        self.place = 0
        self.closes: dict[int, int] = {}  # the place after a closing bracket -> the place of its opening one

    def words(self, text: str) -> tuple[Token, ...]:
        """The tokens of the text."""
        return tokenize(text, self.limits)

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def advance(self) -> Token:
        token = self.token
        self.place += 1
        return token

    def refuse(self, message: str, at: Token | None = None) -> NoReturn:
        raise ExpressionError(message, source=self.text, position=(at or self.token).start)

    def typed(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def source(self, first: int, end: int) -> str:
        """What was typed, from one token to before another, shortened for a message."""
        text = self.text[self.tokens[first].start : self.tokens[end - 1].end]
        return text if len(text) <= 24 and text.isprintable() else "…"

    def close(self, opening: int, kind: str, separators: str) -> None:
        """Take the bracket that closes the one at `opening`."""
        if self.token.kind == "end":
            bracket = self.tokens[opening]
            self.refuse(f"this '{bracket.text}' is never closed: a '{kind}' is missing", bracket)
        if self.token.kind != kind:
            self.leftover(separators)
        self.advance()
        self.closes[self.place] = opening

    def leftover(self, separators: str = "") -> NoReturn:
        """Refuse a token that cannot follow an operand."""
        token = self.token
        if token.kind == "=":
            self.refuse(HINTS["="])
        if token.kind == ",":
            self.refuse("a comma only separates the arguments of a function; a decimal is written with a point")
        if token.kind in (")", "]", "}"):
            self.refuse(f"this '{token.text}' closes nothing")
        if token.kind == "|":
            self.refuse(HINTS["|"])
        if token.kind in _OPERANDS:
            before = self.tokens[self.place - 1]
            left, right = self.typed(before), self.typed(token)
            if before.kind == ")" or token.kind == "(" or not (left + right).isprintable() or len(left + right) > 40:
                self.refuse("an operator is missing here: for a product write '*'")
            self.refuse(f"an operator is missing here: for a product write {left}*{right}")
        expected = " or ".join(f"'{separator}'" for separator in separators) or "an operator"
        self.refuse(f"'{self.typed(token)}' cannot stand here; {expected} could")


class Part(NamedTuple):
    """A subexpression: its tree, how deep it nests, and its first token's place."""

    tree: Tree
    depth: int
    first: int


class Calls(Cursor):
    """Makes nodes, within the limits, and reads the arguments of functions."""

    def __init__(self, text: str, limits: Limits, variables: Collection[str] | None = None) -> None:
        super().__init__(text, limits, variables)
        self.free = False  # whether something was read as a product or function that wasn't written as one
        self.in_bars = False
        self.depth = 0
        self.written = 0  # nodes of formulas that functions were written out as
        self.in_condition = False
        self.positions: dict[int, int] = {}  # operators' offsets, by the id of their right operand

    # --- nodes

    def make(self, operator: str, parts: Sequence[Part], at: Token) -> Part:
        """operator(parts), if they are of its kind: numbers, or conditions."""
        for index, part in enumerate(parts):
            if operator in JOINING or operator == "not" or (operator == "where" and index == 0):
                if not _is_condition(part):
                    self.refuse(f"'{self.typed(at)}' takes a condition here, as in x > 0", at)
            else:
                self.require_number(part, at)
        return self.deeper(apply(operator, [part.tree for part in parts]), parts, 1, at)

    def deeper(self, tree: Tree, parts: Sequence[Part], levels: int, at: Token) -> Part:
        """A tree that has so many levels above its parts."""
        depth = levels + max(part.depth for part in parts)
        if depth > self.limits.depth:
            self.refuse_depth(at)
        return Part(tree, depth, parts[0].first)

    def require_number(self, part: Part, at: Token) -> None:
        if _is_condition(part):
            self.refuse(f"'{self.typed(at)}' takes numbers, and a condition is none", at)

    def binary(self, operator: str, left: Part, right: Part, at: Token) -> Part:
        self.positions[id(right.tree)] = at.start
        return self.make(operator, (left, right), at)

    def refuse_depth(self, at: Token) -> NoReturn:
        self.refuse(f"an expression nests at most {self.limits.depth} deep", at)

    # --- calls

    def formula(self, text: str) -> Part:
        """A formula of the functions' table, as a tree."""
        raise NotImplementedError

    def expression(self, floor: int) -> Part:
        raise NotImplementedError

    def call(self, function: Function, token: Token, first: int) -> Part:
        """The function of what stands in brackets."""
        opening = self.place
        self.advance()
        outside, self.in_condition = self.in_condition, function.name == "where"
        in_bars, self.in_bars = self.in_bars, False
        arguments: list[list[Part]] = []
        named: dict[int, Part] = {}
        while self.token.kind != ")" or arguments or named:
            self.argument(function, arguments, named)
            self.in_condition = False
            if self.token.kind != ",":
                break
            self.advance()
        self.in_condition, self.in_bars = outside, in_bars
        self.close(opening, ")", ",)")
        return self.called(function, arguments, named, token)._replace(first=first)

    def argument(self, function: Function, arguments: list[list[Part]], named: dict[int, Part]) -> None:
        """One argument, put among those by place, a list's elements together, or among those by name."""
        word = self.token
        if function.arguments and word.kind == "name" and self.tokens[self.place + 1].kind == "=":
            place = function.place(word.text)
            if place is None:
                names = ", ".join(function.names)
                self.refuse(f"{function.name} has no argument '{word.text}'{f': it takes {names}' * bool(names)}", word)
            if place < len(arguments) or place in named:
                self.refuse(f"{function.name} has '{word.text}' twice", word)
            self.advance()
            self.advance()
            named[place] = self.expression(Level.CASES)
        elif named:
            self.refuse("an argument without a name stands before those with one")
        elif self.token.kind == "[" and function.name in LISTED:
            arguments.append(self.elements())
        else:
            arguments.append([self.expression(Level.CASES)])

    def elements(self) -> list[Part]:
        """A list's elements."""
        opening = self.place
        self.advance()
        if self.token.kind == "]":
            self.refuse("this list is empty", self.tokens[opening])
        elements = [self.expression(Level.CASES)]
        while self.token.kind == ",":
            self.advance()
            elements.append(self.expression(Level.CASES))
        self.close(opening, "]", ",]")
        return elements

    def called(
        self, function: Function, arguments: Sequence[list[Part]], named: Mapping[int, Part], token: Token
    ) -> Part:
        """The function of these arguments. Refuses too few or too many."""
        count = len(arguments) + len(named)
        if count < function.least or (function.most is not None and count > function.most):
            self.refuse(f"{token.text} takes {function.arity}, not {count}", token)
        if function.name in ("dot", "dist"):
            return self.of_two_lists(function.name, arguments[0], arguments[1], token)
        parts = [part for argument in arguments for part in argument]
        if function.name in ("sum", "prod"):
            return self.make("add" if function.name == "sum" else "multiply", parts, token)
        if function.name == "hypot":
            return self.root_of_squares(parts, token)
        if function.formula:
            return self.defined(function, dict(enumerate(parts)) | dict(named), token)
        return self.make(function.name, parts, token)

    def of_two_lists(self, name: str, left: list[Part], right: list[Part], token: Token) -> Part:
        if len(left) != len(right):
            self.refuse(f"{name} needs two lists of one length, not {len(left)} and {len(right)}", token)
        pairs = list(zip(left, right, strict=True))
        if name == "dot":
            return self.make("add", [self.make("multiply", pair, token) for pair in pairs], token)
        return self.root_of_squares([self.make("subtract", pair, token) for pair in pairs], token)

    def root_of_squares(self, parts: Sequence[Part], token: Token) -> Part:
        two = Part(Number(Fraction(2)), 0, self.place)
        squares = [self.make("power", (part, two), token) for part in parts]
        return self.make("sqrt", [self.make("add", squares, token)], token)

    # --- functions that are written out

    def in_order(self, function: Function, given: Mapping[int, Part], last: int, token: Token) -> list[Part]:
        """The arguments up to the last that is given; what is left out before it is what it usually is."""
        names, defaults = function.names, function.defaults
        for place in range(last):
            if place not in given and names[place] not in defaults:
                self.refuse(f"{token.text} lacks its argument {names[place]}", token)
        return [given[n] if n in given else self.formula(defaults[names[n]]) for n in range(last + 1)]

    def defined(self, function: Function, given: Mapping[int, Part], token: Token) -> Part:
        """The function by itself, or its formula with what is given in its arguments' places."""
        names = function.names
        last = max(given)
        if last < function.own and all(_is_plain(part) for place, part in given.items() if place):
            return self.make(function.name, self.in_order(function, given, last, token), token)
        given = {**{names.index(name): self.formula(text) for name, text in function.defaults.items()}, **given}
        absent = [name for place, name in enumerate(names) if place not in given]
        formula = function.formula if not absent else function.without.get(absent[0])
        if formula is None or len(absent) > 1:
            missing = " or ".join(absent)
            self.refuse(f"{token.text} lacks its argument {missing}", token)
        for part in given.values():
            self.require_number(part, token)
        known = self.formula(formula)
        trees = {names[place]: part.tree for place, part in given.items()}
        tree = fold(known.tree, lambda leaf: trees.get(leaf.name, leaf) if isinstance(leaf, Symbol) else leaf, _settled)
        self.written += _size(tree)
        if self.written > LARGEST_WRITTEN * self.limits.length:
            self.refuse(f"this is too long where {token.text} is written out: use it less often", token)
        return self.deeper(tree, [given[place] for place in sorted(given)], known.depth, token)


def _settled(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    """operator(arguments); what a function does to numbers alone is one number: (1/8 + 1/3)/2 is 11/48."""
    numbers = [_rational(argument) for argument in arguments]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or operator not in _OF_NUMBERS or (operator == "divide" and known[1] == 0):
        return apply(operator, arguments)
    return Number(_OF_NUMBERS[operator](known))


_OF_NUMBERS: Mapping[str, Callable[[list[Fraction]], Fraction]] = {
    "add": lambda terms: sum(terms, Fraction(0)),
    "multiply": lambda factors: prod(factors, start=Fraction(1)),
    "divide": lambda pair: pair[0] / pair[1],
    "min": min,
}


def _rational(tree: Tree) -> Fraction | None:
    """The number that a number or a ratio of two is."""
    match tree:
        case Number(value):
            return value
        case Apply("divide", (Number(above), Number(below))) if below:
            return above / below
        case _:
            return None


def _size(tree: Tree) -> int:
    """How many nodes the tree has written out."""
    return fold(tree, lambda _: 1, lambda _, sizes: 1 + sum(sizes))


def _is_plain(part: Part) -> bool:
    """Whether it is a number as a parameter of the catalogue is written: 0.2, 1/5."""
    return _rational(part.tree) is not None


def _is_condition(part: Part) -> bool:
    return isinstance(part.tree, Apply) and part.tree.operator in CONDITIONS
