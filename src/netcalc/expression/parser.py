"""The grammar of an expression.

Precedence, loosest first: `or`, `and`, `not`, comparisons (these inside `where` alone), `+ -`, minus sign, `* /` and
products without a sign (`2x`, `3(x+1)`), `^` or `**` (to the right: `2^3^2` is `2^9`, `-x^2` is `-(x^2)`). A product
without a sign follows a number, a bracket or a superscript only. After a division or an exponent (`1/2x`, `x^2y`)
it is refused, since people read it both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction
from functools import lru_cache
from typing import NoReturn

from netcalc.expression.calls import JOINING, Part
from netcalc.expression.exact import check_exact
from netcalc.expression.letters import BEGINNING, is_letter, standing
from netcalc.expression.names import CLOSERS, Names
from netcalc.expression.tensor_functions import TENSOR_FUNCTIONS
from netcalc.expression.tokens import HINTS, LIMITS, Limits, Token, tokenize
from netcalc.expression.tree import COMPARISONS, Level, Number, Tree
from netcalc.records import NamedTuple

_COMPARING = {sign: operator for operator, sign in COMPARISONS.items()}
ENDING = frozenset({"number", "name", "indexed", "superscript", "pi", ")", "]", "}"})  # what ends an operand
_ROOTS = {"√": "sqrt", "∛": "cbrt"}


def parse(text: str, limits: Limits | None) -> Tree:
    """The tree of an expression."""
    return _read(Parser(text, limits or LIMITS)).tree


class Reading(NamedTuple):
    """An expression as it was read: `free` where that isn't how it was typed; `kept` names that may be products."""

    tree: Tree
    free: bool = False
    kept: tuple[str, ...] = ()


def read(text: str, variables: Collection[str], limits: Limits | None) -> Reading:
    """What a person typed."""
    return _read(Parser(text, limits or LIMITS, variables))


def letters(text: str, *, limits: Limits = LIMITS) -> set[str]:
    """The variables of one letter that stand by themselves in an expression. Raises ExpressionError."""
    return {name for name in standing(tokenize(text, limits)) if is_letter(name)}


def _read(parser: Parser) -> Reading:
    tree = parser.whole().tree
    check_exact(tree, parser.limits, parser.positions, parser.text)
    return Reading(tree, parser.free, tuple(parser.kept))


@lru_cache(maxsize=256)
def _formula(text: str) -> Part:
    return Parser(text, LIMITS).whole()


class Parser(Names):
    """A Pratt parser: `expression(level)` reads as far as operators hold tighter than that level."""

    def __init__(self, text: str, limits: Limits, variables: Collection[str] | None = None) -> None:
        super().__init__(text, limits, variables)
        self.free = len(self.tokens) > 1 and ("\\" in text or any(map(_is_cut, self.tokens, self.tokens[1:])))
        self.unclear: dict[int, tuple[int, int]] = {}  # the place after `a/b` or `a^b` -> the places of a and b

    def formula(self, text: str) -> Part:
        return _formula(text)

    # --- grammar

    def whole(self) -> Part:
        if self.token.kind == "end":
            self.refuse("the expression is empty")
        part = self.expression(Level.CASES)
        if self.token.kind != "end":
            self.leftover()
        return part

    def expression(self, floor: int) -> Part:
        self.depth += 1
        if self.depth > self.limits.depth:
            self.refuse_depth(self.token)
        left = self.prefix(floor)
        while (step := self.step(floor)) is not None:
            left = step(left)
        self.depth -= 1
        return left

    def step(self, floor: int) -> Callable[[Part], Part] | None:
        """What to do with the next token after an operand, or None to leave it to whoever asked."""
        kind = self.token.kind
        if kind == "^" and floor < Level.POWER:
            return self.power
        if floor < Level.MULTIPLY and (kind in ("*", "/") or self.product_without_sign()):
            return self.product
        if kind in ("+", "-") and floor < Level.ADD:
            return self.sum
        if kind in _COMPARING and floor < Level.COMPARE:
            return self.comparison
        if kind in JOINING and floor < JOINING[kind]:
            return self.joined
        return None

    def prefix(self, floor: int) -> Part:
        token, first = self.token, self.place
        if token.kind == "-":
            self.advance()
            return self.make("negate", [self.expression(max(Level.NEGATE, floor))], token)._replace(first=first)
        if token.kind == "+":
            self.advance()
            return self.expression(max(Level.NEGATE, floor))._replace(first=first)
        if token.kind == "not":
            self.require_condition(token)
            self.advance()
            return self.make("not", [self.expression(Level.NOT)], token)._replace(first=first)
        return self.raised(self.operand())

    def operand(self) -> Part:
        token, first = self.token, self.place
        if token.kind == "number":
            self.advance()
            return Part(Number(Fraction(token.text)), 0, first)
        if token.kind in ("name", "indexed", "pi"):
            return self.name()
        if token.kind in _ROOTS:
            return self.root()
        if token.kind in CLOSERS:
            return self.group()
        if token.kind == "|":
            return self.bars()
        if token.kind == "\\frac":
            return self.fraction()
        if token.kind == "\\sqrt":
            return self.root_of_latex()
        return self.refuse_operand()

    def operand_of(self, sign: Token) -> Part:
        """What stands behind a sign that takes it without brackets, one deeper."""
        self.depth += 1
        if self.depth > self.limits.depth:
            self.refuse_depth(sign)
        part = self.operand()
        self.depth -= 1
        return part

    def refuse_operand(self) -> NoReturn:
        token, first = self.token, self.place
        if token.kind == "end":
            last = self.typed(self.tokens[self.place - 1])
            self.refuse(f"the expression ends after '{last}', where a number or name should follow")
        if token.kind in CLOSERS.values() and first and CLOSERS.get(self.tokens[first - 1].kind) == token.kind:
            self.refuse("there is nothing between these brackets", self.tokens[first - 1])
        if token.kind == "=":
            self.leftover()
        self.refuse(f"'{self.typed(token)}' needs a number or name before it")

    # --- brackets

    def group(self) -> Part:
        opening, kind = self.place, self.advance().kind
        outside, self.in_bars = self.in_bars, False
        part = self.expression(Level.CASES)
        self.in_bars = outside
        if kind == "[" and self.token.kind == ",":
            message = "a list belongs in sum, dot, max or min, as in dot([a, b], [c, d])"
            self.refuse(message, self.tokens[opening])
        self.close(opening, CLOSERS[kind], CLOSERS[kind])
        return part._replace(first=opening)

    def bars(self) -> Part:
        """|x|"""
        opening, bar = self.place, self.advance()
        outside, self.in_bars = self.in_bars, True
        part = self.expression(Level.CASES)
        self.in_bars = outside
        if self.token.kind != "|":
            follows = opening and self.tokens[opening - 1].kind in ENDING
            self.refuse(HINTS["|"] if follows else "this '|' is never closed: a '|' is missing", bar)
        self.advance()
        self.closes[self.place] = opening
        return self.make("abs", [part], bar)._replace(first=opening)

    def fraction(self) -> Part:
        r"""\frac{a}{b}"""
        first, token = self.place, self.advance()
        above = self.operand_of(token)
        below = self.operand_of(token)
        self.closes[self.place] = first
        return self.binary("divide", above, below, token)._replace(first=first)

    def root_of_latex(self) -> Part:
        r"""\sqrt{x}, and \sqrt[n]{x}."""
        first, token = self.place, self.advance()
        degree = self.group() if self.token.kind == "[" else None
        part = self.operand_of(token)
        self.closes[self.place] = first
        degree_number = degree.tree.value if degree and isinstance(degree.tree, Number) else None
        if degree is None or degree_number in (2, 3):
            return self.make("cbrt" if degree_number == 3 else "sqrt", [part], token)._replace(first=first)
        one = Part(Number(Fraction(1)), 0, first)
        return self.binary("power", part, self.binary("divide", one, degree, token), token)._replace(first=first)

    def raised(self, base: Part) -> Part:
        """The base, with the superscript that may follow it."""
        if self.token.kind != "superscript":
            return base
        return self.raise_to(base, self.advance())

    def raise_to(self, base: Part, exponent: Token) -> Part:
        return self.binary("power", base, Part(Number(Fraction(exponent.text)), 0, self.place), exponent)

    def root(self) -> Part:
        first, token = self.place, self.advance()
        part = self.operand_of(token)
        in_brackets = self.closes.get(self.place) == part.first and self.tokens[part.first].kind in (*CLOSERS, "|")
        if not in_brackets and (self.token.kind in ("superscript", "^") or self.product_without_sign()):
            self.refuse(f"how far '{token.text}' reaches is unclear: write {token.text}(…)", token)
        return self.make(_ROOTS[token.kind], [part], token)._replace(first=first)

    def power(self, base: Part) -> Part:
        token, first = self.advance(), self.place
        exponent = self.expression(Level.POWER - 1)
        if self.closes.get(self.place) != first and self.is_glued():
            self.unclear[self.place] = (base.first, first)
        return self.binary("power", base, exponent, token)

    def is_glued(self) -> bool:
        """Whether a name follows without a space, so that it may belong to what stands before it: `x^2y`."""
        before, token = self.tokens[self.place - 1], self.token
        if token.kind not in ("name", "indexed", "pi") or token.start != before.end or self.is_function(self.place):
            return False
        return token.text != "e" or self.tokens[self.place + 1].kind != "^"  # x^2e^x

    def product_without_sign(self) -> bool:
        """Whether a product goes on here without a sign, as in `2x`, `3(x+1)` or `a b`."""
        kind = self.token.kind
        return kind in BEGINNING and kind != "number" and not (kind == "|" and self.in_bars)

    def factor(self, factors: list[Part]) -> None:
        """One more factor of a product without a sign."""
        start, before = self.place, self.tokens[self.place - 1]
        if before.kind == "name" and before.text in TENSOR_FUNCTIONS and before.text not in self.variables:
            self.refuse(f"'{before.text}' is a function: write {before.text}(x)", before)
        if before.kind in ("name", "indexed", "|") or self.token.kind in ("[", "{", "|"):
            self.free = True
        factors.append(self.expression(Level.MULTIPLY))
        if start in self.unclear:
            self.refuse_unclear(start)

    def product(self, left: Part) -> Part:
        factors, at = [left], self.token
        while True:
            token = self.token
            if token.kind == "*":
                self.advance()
                factors.append(self.expression(Level.MULTIPLY))
            elif self.product_without_sign():
                self.factor(factors)
            else:
                left = self.make("multiply", factors, at) if len(factors) > 1 else factors[0]
                if token.kind != "/":
                    return left
                self.advance()
                first = self.place
                left = self.binary("divide", left, self.expression(Level.MULTIPLY), token)
                self.unclear[self.place] = (left.first, first)
                factors, at = [left], token

    def refuse_unclear(self, start: int) -> NoReturn:
        left, right = self.unclear[start]
        top, bottom = self.source(left, right), self.source(right, start)
        factor = self.source(start, self.place)
        ways = f"write {top}{bottom}*{factor} or {top}({bottom}*{factor})"
        self.refuse(f"this can be read two ways: {ways}", self.tokens[start])

    def sum(self, left: Part) -> Part:
        terms, at = [left], self.token
        while self.token.kind in ("+", "-"):
            sign = self.advance()
            term = self.expression(Level.ADD)
            terms.append(self.make("negate", [term], sign) if sign.kind == "-" else term)
        return self.make("add", terms, at)

    def comparison(self, left: Part) -> Part:
        token = self.token
        self.require_condition(token)
        self.advance()
        right = self.expression(Level.COMPARE)
        if self.token.kind in _COMPARING:
            self.refuse("comparisons do not chain: write a < b and b < c")
        return self.make(_COMPARING[token.kind], (left, right), token)

    def joined(self, left: Part) -> Part:
        token = self.token
        self.require_condition(token)
        self.advance()
        return self.make(token.kind, (left, self.expression(JOINING[token.kind])), token)

    def require_condition(self, token: Token) -> None:
        if not self.in_condition:
            self.refuse(f"'{self.typed(token)}' belongs in the condition of where(condition, a, b)", token)


def _is_cut(one: Token, after: Token) -> bool:
    """Whether two tokens were one name."""
    return one.kind == "name" and after.kind in ("name", "number") and one.end == after.start
