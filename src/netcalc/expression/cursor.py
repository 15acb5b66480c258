"""A place among the tokens, and what is said when a token cannot stand there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NoReturn

from netcalc.errors import ExpressionError
from netcalc.expression.letters import taken_apart
from netcalc.expression.tokens import HINTS, Limits, Token, tokenize

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
