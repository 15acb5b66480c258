"""Formulas of matrices as papers write them, and as tables here print them: side by side is a product.

`(W x − b) xᵀ`, `2Ax`, `X⁻ᵀ`, `Iₙ`, `(Σⱼ A[i,j]·x[j])[i]`. Which product it is goes by the shapes, which
whoever reads the tree knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from netcalc.expression.calls import Part
from netcalc.expression.functions import FUNCTIONS, function_named
from netcalc.expression.tensor_functions import TENSOR_FUNCTIONS
from netcalc.expression.tensor_parser import Reading, TensorParser
from netcalc.expression.tensor_tokens import BARS
from netcalc.expression.tokens import LIMITS, Limits, Token
from netcalc.expression.tree import Apply, Level, Number, Symbol, Tree

BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789aehijklmnoprstuvx")
_LOW = "₀-₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
_MARK = rf"""
    (?P<inverted>    ⁻ᵀ|\^\s*(?:-T\b|\{{\s*-\s*(?:T|\\top)\s*\}}|\(\s*-\s*T\s*\)|-⊤)|\.?\^-')
  | (?P<inverse>     \^\s*(?:\{{\s*-1\s*\}}|\(\s*-1\s*\)))
  | (?P<identity>    (?<!\w)I(?P<size>[{_LOW}]+)(?!\w))
  | (?P<sigma>       Σ[{_LOW}]*)
  | (?P<prime>       (?<=\w)\s*[′'](?=\s*\())
"""
INVERTED = "inverse and transposed"
ANY_ACTIVATION = frozenset({"f", "g", "φ", "ϕ", "phi"})  # whatever the problem's is called: f′(z)
OF_WINDOWS = frozenset({"windows", "overlap"})  # what convolutions see, as tables here print it
SIDE = frozenset({"name", "(", "pi", "√", "identity", "sigma"})  # what a factor without a sign starts with
LONGEST = 16  # letters of a name that is taken apart


def parse_paper(text: str, names: Collection[str], *, limits: Limits = LIMITS) -> Reading:
    """The tree of a formula as papers write it. `beside` is a product without a sign, `entry` has an index
    of letters.

    Raises ExpressionError, with the offending character's position.
    """
    return PaperParser(text, names, limits).reading()


class PaperParser(TensorParser):
    """Reads products without a sign; the rest is as in any expression of tensors. `names` are those that are known."""

    def __init__(self, text: str, names: Collection[str], limits: Limits) -> None:
        super().__init__(text, limits)
        self.known = self.variables = names
        letters = {letter for name in names if not name.isascii() for letter in name}  # a program's own γ
        own = (
            one._replace(text=text[one.start : one.end]) if text[one.start : one.end] in letters else one
            for one in self.tokens
        )
        self.tokens = tuple(_known_names(tuple(own), names))
        self.in_norm = False

    def words(self, text: str) -> tuple[Token, ...]:
        own: list[Token] = []
        rest = text
        for found in re.finditer(_MARK, text, re.VERBOSE) if len(text) <= self.limits.length else ():
            if found.lastgroup == "prime" and not _is_function(text[: found.start()]):
                continue
            rest = rest[: found.start()] + " " * len(found[0]) + rest[found.end() :]
            own += _token(found)
        return tuple(sorted([*own, *super().words(rest)], key=lambda token: (token.start, token.kind == "end")))

    def is_variable(self, token: Token) -> bool:
        """Whether a name before a bracket is multiplied by it: one that is known, or a letter, as a size is."""
        return token.text in self.known or (len(token.text) == 1 and token.text not in ANY_ACTIVATION)

    # --- products

    def product_without_sign(self) -> bool:
        return self.token.kind in SIDE or (self.token.kind == BARS and not self.in_norm)

    def product(self, left: Part) -> Part:
        """Side by side holds more tightly than a sign: a ∘ W x is a ∘ (W x), and A x/n is (A x)/n."""
        left = self.side_by_side(left)
        while self.token.kind in ("*", "/"):
            sign, first = self.advance(), self.place
            right = self.expression(Level.MULTIPLY)
            if sign.kind == "*":
                left = self.make("multiply", [left, self.side_by_side(right)], sign)
                continue
            left = self.binary("divide", left, right, sign)
            if self.product_without_sign():
                if self.token.start == self.tokens[self.place - 1].end:
                    self.unclear[self.place] = (left.first, first)
                    start = self.place
                    self.expression(Level.MULTIPLY)
                    self.refuse_unclear(start)
                left = self.side_by_side(left, "over_beside")
        return left

    def side_by_side(self, left: Part, operator: str = "beside") -> Part:
        """The product of what stands side by side, first to last."""
        while self.product_without_sign():
            start, token = self.place, self.token
            right = self.expression(Level.MULTIPLY)
            if start in self.unclear:
                self.refuse_unclear(start)
            left, operator = self.applied(operator, [left, right], (), token), "beside"
        return left

    def norm_in_bars(self) -> Part:
        outside, self.in_norm = self.in_norm, True
        part = super().norm_in_bars()
        self.in_norm = outside
        return part

    # --- operands

    def group(self) -> Part:
        outside, self.in_norm = self.in_norm, False
        part = super().group()
        self.in_norm = outside
        return part

    def operand(self) -> Part:
        token, first = self.token, self.place
        if token.kind == "identity":
            self.advance()
            size: Tree = Number(Fraction(token.text)) if token.text.isdecimal() else Symbol(token.text)
            return Part(Apply("eye", (size,)), 1, first)
        if token.kind == "name" and token.text == "I" and "I" not in self.known:
            self.advance()
            return Part(Apply("I", ()), 1, first)
        if token.kind == "name" and self.tokens[self.place + 1].kind == "prime":
            return self.slope()
        if token.kind == "sigma":
            self.advance()
            return self.applied("sigma", [self.expression(Level.NEGATE)], (), token)._replace(first=first)
        return super().operand()

    def name(self) -> Part:
        if self.token.text not in OF_WINDOWS or self.tokens[self.place + 1].kind != "(":
            return super().name()
        token, first = self.advance(), self.place - 1
        return self.applied(token.text, [self.group()], (), token)._replace(first=first)

    def slope(self) -> Part:
        """σ′(z), the slope of a function there; f′(z), that of the activation."""
        first, name, prime = self.place, self.token, self.tokens[self.place + 1]
        self.tokens = (*self.tokens[: first + 1], *self.tokens[first + 2 :])
        if name.text not in ANY_ACTIVATION:
            return self.applied("prime", [super().operand()], (), prime)
        self.advance()
        return self.applied("slope", [self.group()], (), prime)._replace(first=first)

    def step(self, floor: int) -> Callable[[Part], Part] | None:
        if self.token.kind == "⊗":
            return self.tensor_product if floor < Level.MULTIPLY else None
        return super().step(floor)

    def tensor_product(self, left: Part) -> Part:
        token = self.advance()
        return self.applied("tensor_product", [left, self.expression(Level.MULTIPLY)], (), token)

    def raised(self, base: Part) -> Part:
        while True:
            base = super().raised(base)
            if self.token.kind != INVERTED:
                return base
            token = self.advance()
            self.matrix_style = self.matrix_style or "^T"
            base = self.applied("transpose", [self.applied("inv", [base], (), token)], (), token)

    def index(self, base: Part) -> Part:
        """A[i,j], of letters that are no names, is the entry there; of a sum of such, what has them as its entries."""
        token = self.token
        part = super().index(base)
        tree = part.tree
        if isinstance(tree, Apply) and tree.operator == "index":
            letters = [one.name for one in tree.arguments[1:] if isinstance(one, Symbol) and len(one.name) == 1]
            if len(letters) == len(tree.arguments) - 1 and any(letter not in self.known for letter in letters):
                return self.applied("entry", [base], [Apply(letter, ()) for letter in letters], token)
        return part


def _token(found: re.Match[str]) -> Iterator[Token]:
    start, end = found.span()
    match found.lastgroup:
        case "inverted":
            yield Token(INVERTED, found[0], start, end)
        case "inverse":
            yield Token("superscript", "-1", start, end)
        case "identity" | "size":
            yield Token("identity", found["size"].translate(BELOW), start, end)
        case "sigma" | "prime":
            yield Token(str(found.lastgroup), found[0], start, end)


def _known_names(tokens: Sequence[Token], names: Collection[str]) -> Iterator[Token]:
    """The tokens, names made of several as one, `dz@9.1`, and one that is none but made of some as those: `Ax`."""
    waiting = list(tokens)
    while waiting:
        one = waiting.pop(0)
        parts = [one, *waiting[:2]]
        if one.kind == "name" and len(parts) > 2 and parts[1].kind in ("@", "/") and _joined(parts) in names:
            del waiting[:2]
            yield Token("name", _joined(parts), one.start, parts[-1].end)
        elif one.kind == "name" and waiting and _joined(parts[:2]) in names and one.text not in names:
            yield Token("name", _joined(parts[:2]), one.start, waiting.pop(0).end)  # dμ
        elif one.kind != "name" or one.text in names or _is_call(one, waiting):
            yield one
        elif one.text.startswith("delta") and (of_layer := one.text.replace("delta", "dz")) in names:
            yield one._replace(text=of_layer)
        else:
            yield from _apart(one, names)


def _is_function(before: str) -> bool:
    """Whether a text ends with the name of a function of a number."""
    word = re.search(r"[^\W\d]\w*$|$", before)
    assert word is not None  # noqa: S101 - an end is always there
    return word[0] in {"σ", "sigma", *ANY_ACTIVATION} or function_named(word[0]) is not None


def _joined(parts: Sequence[Token]) -> str:
    """What stands side by side without a space; nothing for what doesn't."""
    return "".join(part.text for part in parts) if all(a.end == b.start for a, b in pairwise(parts)) else ""


def _is_call(one: Token, after: Sequence[Token]) -> bool:
    is_function = one.text in FUNCTIONS or one.text in TENSOR_FUNCTIONS
    return is_function and bool(after) and after[0].kind in ("(", "superscript", "^")


def _apart(one: Token, names: Collection[str]) -> Iterator[Token]:
    """A name as those that are known side by side, if it is made of such in one way."""
    text = one.text
    if len(text) > LONGEST or len(text) != one.end - one.start:
        yield one
        return
    ways: list[list[list[str]]] = [[] for _ in text] + [[[]]]
    for start in range(len(text) - 1, -1, -1):
        for end in range(start + 1, len(text) + 1):
            if text[start:end] in names and len(ways[start]) < 2:
                ways[start] += [[text[start:end], *rest] for rest in ways[end]]
    if len(ways[0]) != 1:
        yield one
        return
    start = one.start
    for piece in ways[0][0]:
        yield Token("name", piece, start, start + len(piece))
        start += len(piece)
