"""The grammar of an expression.

Precedence, loosest first: `or`, `and`, `not`, comparisons (these inside `where` alone), `+ -`, minus sign, `* /` and
products without a sign (`2x`, `3(x+1)`), `^` or `**` (to the right: `2^3^2` is `2^9`, `-x^2` is `-(x^2)`). A product
without a sign follows a number, a bracket or a superscript only. After a division or an exponent (`1/2x`, `x^2y`)
it is refused, since people read it both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from typing import NoReturn

from netcalc.expression.calls import JOINING, Calls, Part
from netcalc.expression.exact import check_exact
from netcalc.expression.functions import ALSO_VARIABLES, FUNCTIONS, Function, function_named
from netcalc.expression.tokens import LIMITS, Limits, Token
from netcalc.expression.tree import COMPARISONS, Constant, Level, Number, Symbol, Tree

CONSTANTS = frozenset({"e", "pi"})
# Other calculators' names, and what to write here.
ELSEWHERE = {
    "arg": "netcalc calculates with real numbers",
    "lg": "write log2(x) or log10(x)",
    "step": "write where(x > 0, 1, 0)",
    "softmax": "it has many outputs: write exp(a)/(exp(a) + exp(b)) for one of them",
    "mean": "write sum(a, b)/2",
    "norm": "write sqrt(dot([a, b], [a, b]))",
}
_COMPARING = {sign: operator for operator, sign in COMPARISONS.items()}
# What a product without a sign may follow, and what it may start with.
_CLOSING = frozenset({"number", ")", "superscript", "pi"})
_OPENING = frozenset({"name", "indexed", "(", "√", "∛", "pi"})
_ROOTS = {"√": "sqrt", "∛": "cbrt"}


def parse(text: str, *, limits: Limits = LIMITS) -> Tree:
    """The tree of an expression, in normal form. Raises ExpressionError, with the offending character's position."""
    parser = Parser(text, limits)
    tree = parser.whole().tree
    check_exact(tree, limits, parser.positions, text)
    return tree


@cache
def _formula(text: str) -> Part:
    return Parser(text, LIMITS).whole()


class Parser(Calls):
    """A Pratt parser: `expression(level)` reads as far as operators hold tighter than that level."""

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(text, limits)
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
        if token.kind == "(":
            return self.group()
        return self.refuse_operand()

    def refuse_operand(self) -> NoReturn:
        token, first = self.token, self.place
        if token.kind == "[":
            self.refuse("a list belongs in sum, dot, max or min, as in dot([a, b], [c, d])")
        if token.kind == "end":
            last = self.typed(self.tokens[self.place - 1])
            self.refuse(f"the expression ends after '{last}', where a number or name should follow")
        if token.kind == ")" and first and self.tokens[first - 1].kind == "(":
            self.refuse("there is nothing between these brackets", self.tokens[first - 1])
        if token.kind == "=":
            self.leftover()
        self.refuse(f"'{self.typed(token)}' needs a number or name before it")

    def group(self) -> Part:
        opening = self.place
        self.advance()
        part = self.expression(Level.CASES)
        self.close(opening, ")", ")")
        return part._replace(first=opening)

    def name(self) -> Part:
        first, token = self.place, self.advance()
        base, *index = token.text.split("[")
        function = function_named(base) if self.token.kind == "(" else FUNCTIONS.get(base)
        if token.kind == "pi" or (base in CONSTANTS and not index and self.token.kind != "("):
            return Part(Constant(base), 0, first)
        if index and base in CONSTANTS:
            self.refuse(f"'{base}' is the constant and has no elements: choose another name", token)
        if self.token.kind == "(":
            return self.call(function, token, first) if function and not index else self.refuse_call(token)
        if self.token.kind == "superscript" and self.tokens[self.place + 1].kind == "(" and function:
            return self.raised_call(function, token, first)
        if function and base not in ALSO_VARIABLES:
            self.refuse(f"'{base}' is a function: write {base}({', '.join('xyz'[: function.least])})", token)
        return Part(Symbol(token.text), 0, first)

    def refuse_call(self, token: Token) -> NoReturn:
        name = token.text
        if name in ELSEWHERE:
            self.refuse(f"'{name}' is not a function here: {ELSEWHERE[name]}", token)
        close = get_close_matches(name, FUNCTIONS, n=1) if 1 < len(name) <= 40 else []
        if close:
            self.refuse(f"unknown function '{name}'; did you mean '{close[0]}'?", token)
        name = name if len(name) <= 40 else "x"
        self.refuse(f"'{name}' is not a function: for a product write {name}*(…)", token)

    def raised_call(self, function: Function, token: Token, first: int) -> Part:
        """`tanh²(x)` is the square of tanh(x); `tanh⁻¹(x)` is refused, since it means the inverse."""
        exponent = self.advance()
        if exponent.text.startswith("-"):
            self.refuse(f"write 1/{token.text}(x), or the inverse function by its name, as in asin(x)", exponent)
        return self.raise_to(self.call(function, token, first), exponent)

    def raised(self, base: Part) -> Part:
        """The base, with the superscript that may follow it."""
        if self.token.kind != "superscript":
            return base
        return self.raise_to(base, self.advance())

    def raise_to(self, base: Part, exponent: Token) -> Part:
        return self.binary("power", base, Part(Number(Fraction(exponent.text)), 0, self.place), exponent)

    def root(self) -> Part:
        first, token = self.place, self.advance()
        self.depth += 1
        if self.depth > self.limits.depth:
            self.refuse_depth(token)
        part = self.operand()
        self.depth -= 1
        in_brackets = self.closes.get(self.place) == part.first and self.tokens[part.first].kind == "("
        if not in_brackets and (self.token.kind in ("superscript", "^") or self.product_without_sign()):
            self.refuse(f"how far '{token.text}' reaches is unclear: write {token.text}(…)", token)
        return self.make(_ROOTS[token.kind], [part], token)._replace(first=first)

    def power(self, base: Part) -> Part:
        token, first = self.advance(), self.place
        exponent = self.expression(Level.POWER - 1)
        if self.closes.get(self.place) != first:
            self.unclear[self.place] = (base.first, first)
        return self.binary("power", base, exponent, token)

    def product_without_sign(self) -> bool:
        """Whether a product goes on here without a sign, as in `2x` or `3(x+1)`."""
        return self.token.kind in _OPENING and self.place > 0 and self.tokens[self.place - 1].kind in _CLOSING

    def product(self, left: Part) -> Part:
        factors, at = [left], self.token
        while True:
            token = self.token
            if token.kind == "*":
                self.advance()
                factors.append(self.expression(Level.MULTIPLY))
            elif self.product_without_sign():
                start = self.place
                factors.append(self.expression(Level.MULTIPLY))
                if start in self.unclear:
                    self.refuse_unclear(start)
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
