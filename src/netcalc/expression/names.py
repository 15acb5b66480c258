"""Names: variables, constants and functions, these with and without brackets.

Without brackets as textbooks write them, `sin x`, `ln 2x`, `sin^2 x`, `tan^-1 x`, `log_2 x`, `ln|x|`, the argument is
what follows up to the next sign or function, as far as that has one reading.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import NoReturn

from netcalc.expression.calls import Calls, Part
from netcalc.expression.functions import ALSO_VARIABLES, FUNCTIONS, SPOKEN, Function, function_named
from netcalc.expression.letters import BEGINNING, is_letter, standing
from netcalc.expression.tokens import GREEK, Limits, Token
from netcalc.expression.tree import MINUS_ONE, Constant, Level, Number, Symbol, Tree

CONSTANTS = frozenset({"e", "pi"})
# Other calculators' names, and what to write here.
ELSEWHERE = {
    "arg": "netcalc calculates with real numbers",
    "lg": "write log2(x) or log10(x)",
    "step": "write where(x > 0, 1, 0)",
    "softmax": "it has many outputs: write exp(a)/(exp(a) + exp(b)) for one of them",
    "glu": "it multiplies one half of its input by the sigmoid of the other: write a*sigmoid(b)",
    "mean": "write sum(a, b)/2",
    "norm": "write sqrt(dot([a, b], [a, b]))",
}
FUNCTION_LETTERS = frozenset("fgh")  # before a bracket, functions that nobody has told
SURELY_LETTERS = ("γ", "ψ", "\\gamma", "\\psi")  # the gamma function is a capital
CLOSERS = {"(": ")", "[": "]", "{": "}"}
INVERTIBLE = frozenset(["sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "sech", "csch", "coth"])


class Names(Calls):
    """Reads what starts with a name."""

    def __init__(self, text: str, limits: Limits, variables: Collection[str] | None = None) -> None:
        super().__init__(text, limits, variables)
        self.standing: Collection[str] | None = None
        self.checked = 0  # names looked at for being misspelt functions

    def group(self) -> Part:
        raise NotImplementedError

    def bars(self) -> Part:
        raise NotImplementedError

    def product_without_sign(self) -> bool:
        raise NotImplementedError

    def factor(self, factors: list[Part]) -> None:
        raise NotImplementedError

    # --- names

    def name(self) -> Part:
        first, token = self.place, self.advance()
        base, *index = token.text.split("[")
        is_constant = base in CONSTANTS and not self.is_known(token)
        if token.kind == "pi" or (is_constant and not index):
            return Part(Constant(base), 0, first)
        if is_constant:
            self.refuse(f"'{base}' is the constant and has no elements: choose another name", token)
        if not index:
            function = self.function(base)
            part = self.of_function(function, token, first) if function else self.log_below(token, first)
            if part is not None:
                return part
            if self.token.kind == "(" and not self.is_variable(token):
                self.refuse_call(token)
            if self.token.kind in BEGINNING and self.token.kind != "(":
                self.refuse_misspelt(token)
        if self.token.kind == "[" and self.token.start == token.end:
            self.refuse_places(base)
        return Part(Symbol(token.text), 0, first)

    def is_known(self, token: Token) -> bool:
        """Whether a name that is also a constant's is a variable here."""
        return token.text in self.variables

    def refuse_places(self, name: str) -> None:
        """Refuse `x[i+1]`: of numbers, an index is part of the name."""
        self.refuse(f"the places of {name} are numbers or names, as in {name}[0]")

    def is_variable(self, token: Token) -> bool:
        """Whether a name before a bracket is a variable: one letter, or one that stands by itself as well."""
        name = token.text
        if name in self.variables:
            return True
        if self.standing is None:
            self.standing = standing(self.tokens)
        if name in self.standing or name in ELSEWHERE:
            return name in self.standing
        return (is_letter(name) or name in GREEK.values()) and name not in FUNCTION_LETTERS

    def refuse_misspelt(self, token: Token) -> None:
        """Refuse `sni x`, where a function was meant."""
        name = token.text
        if len(name) < 3 or len(name) > 12 or name in self.variables or name in GREEK.values() or self.checked > 8:
            return
        self.checked += 1
        if close := nearest(name, SPOKEN):
            self.refuse(f"unknown function '{name}'; did you mean '{close[0]}'?", token)

    def refuse_call(self, token: Token) -> NoReturn:
        name = token.text
        if name in ELSEWHERE:
            self.refuse(f"'{name}' is not a function here: {ELSEWHERE[name]}", token)
        from netcalc.expression.tensor_functions import TENSOR_FUNCTIONS  # only a miss pays for it

        close = nearest(name, {**FUNCTIONS, **TENSOR_FUNCTIONS}) if 1 < len(name) <= 40 else []
        if close:
            self.refuse(f"unknown function '{name}'; did you mean '{close[0]}'?", token)
        name = name if len(name) <= 40 else "x"
        self.refuse(f"'{name}' is not a function: for a product write {name}*(…)", token)

    # --- functions

    def function(self, name: str) -> Function | None:
        """The function that a name is here: no variable, in any case where it is one by what follows."""
        if name in self.variables:
            return None
        return FUNCTIONS.get(name) or (function_named(name) if self.token.kind in BEGINNING else None)

    def of_function(self, function: Function, token: Token, first: int) -> Part | None:
        """The function of what follows its name; None for a name that is a variable here."""
        kind, name = self.token.kind, token.text
        if kind == "(":
            return self.call(function, token, first)
        if name in ALSO_VARIABLES:
            if kind == "superscript" and self.tokens[self.place + 1].kind == "(":
                return self.raised_call(function, token, first)
            if kind in ("name", "indexed") and self.typed(token) not in SURELY_LETTERS:
                self.refuse(f"this can be read two ways: write {name}(…) or {name}*…", token)
            return None
        if kind in ("^", "superscript") and _takes_one(function):
            return self.raised_call(function, token, first)
        return self.bare_call(function, token, first)

    def bare_call(self, function: Function, token: Token, first: int) -> Part:
        """The function of what stands behind it without brackets, or in brackets of another kind."""
        starts = self.token.kind in BEGINNING or self.is_sign()
        if not starts or not _takes_one(function):
            arguments = ", ".join("xyz"[: function.least])
            self.refuse(f"'{token.text}' is a function: write {token.text}({arguments})", token)
        self.free = True
        if self.token.kind in CLOSERS:
            argument = self.group()
        elif self.token.kind == "|":
            argument = self.bars()
            if self.token.kind in ("^", "superscript"):
                self.refuse_reach(token)
        else:
            argument = self.bare_argument(token)
        return self.called(function, [[argument]], {}, token)._replace(first=first)

    def is_sign(self) -> bool:
        """Whether a minus belongs to what it stands before, and not between two: `sin -x`."""
        place, token = self.place, self.token
        if token.kind != "-":
            return False
        before, after = self.tokens[place - 1], self.tokens[place + 1]
        return before.end < token.start and token.end == after.start and after.kind in BEGINNING

    def bare_argument(self, token: Token) -> Part:
        """What a function without brackets is of."""
        if self.token.kind == "-":
            sign = self.advance()
            return self.make("negate", [self.bare_argument(token)], sign)
        at, factors = self.token, [self.expression(Level.MULTIPLY)]
        is_cut = token.end == at.start and self.tokens[self.place - 1].end < self.token.start  # ln2 x
        if is_cut and self.product_without_sign() and not self.is_function(self.place):
            self.refuse_reach(token)
        while self.product_without_sign() and not self.is_function(self.place):
            if self.token.kind in (*CLOSERS, "|") and self.tokens[self.place - 1].kind != "number":
                self.refuse_reach(token)
            self.factor(factors)
        if self.token.kind in ("*", "/") and not self.is_function(self.place + 1):
            self.refuse_reach(token)
        return self.make("multiply", factors, at) if len(factors) > 1 else factors[0]

    def refuse_reach(self, token: Token) -> NoReturn:
        name = self.typed(token)
        self.refuse(f"how far '{name}' reaches is unclear: write {name}(…)", token)

    def is_function(self, place: int) -> bool:
        """Whether a function starts at that place."""
        token = self.tokens[place]
        return token.kind == "name" and token.text not in self.variables and function_named(token.text) is not None

    def raised_call(self, function: Function, token: Token, first: int) -> Part:
        """`tanh²(x)` and `tanh^2 x` are the square of tanh(x); `tanh⁻¹(x)` is its inverse."""
        self.free = True
        at = self.token
        exponent = self.exponent_of_name()
        if exponent.tree == MINUS_ONE and function.name in INVERTIBLE:
            return self.of_argument(FUNCTIONS["a" + function.name], token, first)
        if isinstance(exponent.tree, Number) and exponent.tree.value < 0:
            self.refuse(f"write 1/{token.text}(x), or the inverse function by its name, as in asin(x)", at)
        return self.binary("power", self.of_argument(function, token, first), exponent, at)

    def of_argument(self, function: Function, token: Token, first: int) -> Part:
        if self.token.kind == "(":
            return self.call(function, token, first)
        return self.bare_call(function, token, first)

    def exponent_of_name(self) -> Part:
        """The exponent that stands between a function's name and its argument: a number, a name or brackets."""
        sign, first = self.advance(), self.place
        if sign.kind == "superscript":
            return Part(Number(Fraction(sign.text)), 0, first)
        if self.token.kind == "-":
            minus = self.advance()
            return self.make("negate", [self.exponent()], minus)
        return self.exponent()

    def exponent(self) -> Part:
        first, token = self.place, self.token
        if token.kind in ("(", "{"):
            return self.group()
        if token.kind not in ("number", "name") or self.is_function(first):
            self.refuse("a number or a name should stand here, as in sin^2 x")
        self.advance()
        return Part(Number(Fraction(token.text)) if token.kind == "number" else _named(token.text), 0, first)

    # --- logarithms to a base that stands below

    def log_below(self, token: Token, first: int) -> Part | None:
        """`log_3(x)` and `log_b x`: the logarithm to that base; None for another name."""
        found = re.fullmatch(r"log(?:_([0-9]{1,9}|[A-Za-z])|([0-9]{1,9}))", token.text)
        if found is None or token.text in self.variables or self.token.kind not in BEGINNING:
            return None
        below = found[1] or found[2]
        base = Part(Number(Fraction(below)) if below.isdigit() else _named(below), 0, first)
        argument = self.of_argument(FUNCTIONS["log"], token, first)
        if below == "e":
            return argument
        return self.binary("divide", argument, self.make("log", [base], token), token)


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """The one of the names that is like this one, if any is."""
    from difflib import get_close_matches  # only a miss pays for it

    own = dict.fromkeys(map(ord, name))  # deleted below: with too few in common, difflib need not look
    likely = [other for other in names if len(other) - len(other.translate(own)) >= 0.3 * (len(name) + len(other))]
    return get_close_matches(name, likely, n=1)


def _named(name: str) -> Tree:
    return Constant(name) if name in CONSTANTS else Symbol(name)


def _takes_one(function: Function) -> bool:
    return function.least == 1 and function.most is not None
