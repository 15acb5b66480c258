"""The grammar of an expression of tensors: that of numbers, with what NumPy and papers write for matrices.

`@` binds as `*` does. `.T`, `'`, `ᵀ`, an index in `[ ]` and a method follow what they are of. What can be read two ways
is refused, with what to write, or left to whoever knows the shapes, with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import NoReturn

from netcalc.expression.calls import Part
from netcalc.expression.exact import check_exact
from netcalc.expression.functions import FUNCTIONS, Function, function_named
from netcalc.expression.letters import BEGINNING
from netcalc.expression.names import CLOSERS
from netcalc.expression.tensor_calls import NOTHING, TensorCalls
from netcalc.expression.tensor_functions import ELSEWHERE, OF_PROGRAMS, TENSOR_FUNCTIONS
from netcalc.expression.tensor_tokens import BARS, TRANSPOSES, words
from netcalc.expression.tokens import HINTS, LIMITS, Limits, Token
from netcalc.expression.tree import Apply, Constant, Level, Number, Symbol, Tree
from netcalc.records import NamedTuple

CONSTANTS: Mapping[str, Tree] = {
    "True": Number(Fraction(1)),
    "False": Number(Fraction(0)),
    "None": NOTHING,
    "inf": Constant("inf"),
}
NORMS: Mapping[str, Tree | None] = {
    "F": None,
    "2": Number(Fraction(2)),
    "1": Number(Fraction(1)),
    "inf": Constant("inf"),
}


class Reading(NamedTuple):
    """An expression of tensors as it was read.

    `before` are the places of operators by the id of their right operand, `at` those of functions and operators by the
    id of what they make; the ids are those of trees in `tree`. `matrix_style` is a transpose by `'` or `^T`, whose
    users write `*` for the product of matrices.
    """

    text: str
    tree: Tree
    before: dict[int, int]
    at: dict[int, int]
    matrix_style: str = ""

    def place(self, tree: Tree) -> int | None:
        """Where what makes this tree stands in the text."""
        return self.at.get(id(tree), self.before.get(id(tree)))


def parse_tensors(text: str, names: Collection[str] = (), *, limits: Limits = LIMITS) -> Reading:
    """The tree of an expression of tensors. `names` are those that have a value or a shape.

    Raises ExpressionError, with the offending character's position.
    """
    parser = TensorParser(text, limits)
    parser.known = names
    return parser.reading()


class TensorParser(TensorCalls):
    """Reads what only tensors have, and leaves the rest to the parser of numbers."""

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(text, limits)
        self.known: Collection[str] = ()
        self.matrix_style = ""

    def reading(self) -> Reading:
        """The whole text as it was read."""
        tree = self.whole().tree
        check_exact(tree, self.limits, self.positions, self.text)
        return Reading(self.text, tree, self.positions, self.at, self.matrix_style)

    def words(self, text: str) -> tuple[Token, ...]:
        return words(text, self.limits)

    def require_number(self, part: Part, at: Token) -> None:
        """A comparison is a tensor of ones and zeros."""

    def require_condition(self, token: Token) -> None:
        """As above."""

    def refuse_places(self, name: str) -> None:
        """A tensor has indices of any kind."""

    def is_variable(self, token: Token) -> bool:  # noqa: ARG002 - whatever the name is
        """Before a bracket a name is a function: a product of tensors has its sign."""
        return False

    def bare_call(self, function: Function, token: Token, first: int) -> Part:  # noqa: ARG002 - as above
        """A function of tensors has its brackets."""
        self.refuse(f"'{token.text}' is a function: write {token.text}(x)", token)

    def expression(self, floor: int) -> Part:
        before = self.tokens[self.place - 1] if self.place else None
        part = super().expression(floor)
        if before is not None and before.kind in ("*", "/", "@", "+", "-"):
            self.made.append(part.tree)
            self.positions.setdefault(id(part.tree), before.start)
        return part

    # --- operators

    def step(self, floor: int) -> Callable[[Part], Part] | None:
        kind = self.token.kind
        if kind == "@" and floor < Level.MULTIPLY:
            return self.matrix_product
        if kind == "⊗":
            self.refuse("'⊗' can be read two ways: write outer(a, b) or kron(A, B)")
        return super().step(floor)

    def matrix_product(self, left: Part) -> Part:
        token = self.advance()
        return self.binary("matmul", left, self.expression(Level.MULTIPLY), token)

    def product_without_sign(self) -> bool:
        """A number alone stands before a factor without a sign: `2x`, `2(x + y)`."""
        after_number = self.place > 0 and self.tokens[self.place - 1].kind == "number"
        return after_number and self.token.kind in ("name", "(", "pi", "√", BARS)

    def power(self, base: Part) -> Part:
        """x^2; X^T, if no T is known; A^-1 is left to whoever knows the shape; the last two in braces too."""
        token, after = self.token, self.tokens[self.place + 1 : self.place + 6]
        kinds = [one.kind if one.kind != "number" and one.text != "T" else one.text for one in after]
        if kinds[0] == "T" and (kinds[1] not in ("(", "[") or "T" not in self.known):
            self.advance()
            self.advance()
            operator = "power_or_transpose" if "T" in self.known else "transpose"
            self.matrix_style = self.matrix_style or "^T"
            extra = [Symbol("T")] if operator != "transpose" else []
            return self.applied(operator, [base], extra, token)
        inside = kinds[1 : kinds.index("}")] if kinds[0] == "{" and "}" in kinds else []
        if ["-", "T"] in (inside, kinds[:2]):
            self.refuse("write inv(A).T for the transpose of the inverse", token)
        if ["-", "1"] in (inside, kinds[:2]):
            self.place += 5 if inside else 3
            return self.applied("power_or_inverse", [base], (), token)
        if inside == ["+"] or (kinds[0] == "+" and after[1].kind not in BEGINNING):
            self.refuse("write pinv(A) for the pseudo-inverse", token)
        return super().power(base)

    def raise_to(self, base: Part, exponent: Token) -> Part:
        if exponent.text == "-1":
            return self.applied("power_or_inverse", [base], (), exponent)
        return super().raise_to(base, exponent)

    def leftover(self, separators: str = "") -> NoReturn:
        """Two operands side by side are two products."""
        before, token = self.tokens[self.place - 1], self.token
        if token.kind in ("name", "(", "[", "number") and before.kind in ("name", ")", "]", "transpose", "attribute"):
            left, right = self.typed(before), self.typed(token)
            if left in TENSOR_FUNCTIONS or left in FUNCTIONS:
                self.refuse(f"'{left}' is a function: write {left}(x)", before)
            if left == "T" and self.place > 2 and self.tokens[self.place - 2].kind in ("^", "**"):
                base = self.tokens[self.place - 3]
                left = f"{self.typed(base)}.T" if base.kind == "name" else left
            ways = f": write {left}@{right} for the product of matrices, {left}*{right} element by element"
            is_short = before.kind == token.kind == "name" and len(left + right) < 40
            self.refuse("an operator is missing here" + (ways if is_short else ": write @ or *"))
        super().leftover(separators)

    # --- operands, and what follows them

    def operand(self) -> Part:
        token = self.token
        if token.kind == BARS:
            return self.norm_in_bars()
        if token.kind == "[":
            return self.list_of_tensors()
        if token.kind == "|":
            self.refuse("write abs(A) for absolute values, det(A) for a determinant, norm(x) for a length")
        if token.kind == "string":
            self.refuse(HINTS["'"])
        if token.kind == "<":
            self.refuse("for an inner product write dot(x, y)")
        return super().operand()

    def raised(self, base: Part) -> Part:
        """The operand with its transposes, indices, methods and superscripts."""
        while True:
            token = self.token
            if token.kind == "transpose":
                self.advance()
                self.matrix_style = self.matrix_style or ("'" if "'" in token.text else "")
                base = self.applied("transpose", [base], (), token)
            elif token.kind == "attribute":
                base = self.attribute(base)
            elif token.kind == "[" and token.start == self.tokens[self.place - 1].end:
                base = self.index(base)
            elif token.kind == "superscript":
                base = self.raise_to(base, self.advance())
            else:
                return base

    def attribute(self, base: Part) -> Part:
        """x.T, x.sum(axis=0), x.shape[0]"""
        token = self.advance()
        if token.text == "shape":
            return self.size_of_axis(base, token)
        if token.text in TRANSPOSES:
            return self.applied("transpose" if token.text != "mT" else "mT", [base], (), token)
        if token.text in TENSOR_FUNCTIONS:
            return self.tensor_call(TENSOR_FUNCTIONS[token.text], token, base.first, base)
        if token.text in OF_PROGRAMS:
            return self.library_call(token, base.first, base)
        function = function_named(token.text)
        assert function is not None  # noqa: S101 - no other word is an attribute
        opening = self.place
        self.advance()
        if self.token.kind != ")":
            self.refuse(f"write {token.text}(x, …) for a method with arguments", token)
        self.close(opening, ")", ")")
        return self.called(function, [[base]], {}, token)._replace(first=base.first)

    def size_of_axis(self, base: Part, token: Token) -> Part:
        opening = self.place
        self.advance()
        axis = self.whole_number(self.expression(Level.CASES).tree, "shape", token)
        self.close(opening, "]", "]")
        return self.applied("size", [base], [Number(Fraction(axis))], token)

    def group(self) -> Part:
        """What stands in brackets; with commas a list, as a shape is."""
        opening, token = self.place, self.token
        parts, is_list = self.listed(CLOSERS[token.kind])
        return (self.applied("stack", parts, (), token) if is_list else parts[0])._replace(first=opening)

    def list_of_tensors(self) -> Part:
        """[a, b] side by side along a new axis."""
        opening, token = self.place, self.token
        parts, has_comma = self.listed("]")
        is_argument = opening > 0 and self.tokens[opening - 1].kind in ("(", ",", "[", "=")
        if not has_comma and not is_argument:
            self.refuse("brackets [ ] make a list here: group with ( )", token)
        return self.applied("stack", parts, (), token)._replace(first=opening)

    def listed(self, closing: str) -> tuple[list[Part], bool]:
        """What stands between brackets, and whether a comma does."""
        opening, token = self.place, self.advance()
        if self.token.kind == closing and closing == ")" and opening and self.tokens[opening - 1].kind in (",", "="):
            self.close(opening, closing, closing)  # the shape of a number
            return [], True
        if self.token.kind == closing:
            self.refuse("there is nothing between these brackets", token)
        parts, has_comma = [self.expression(Level.CASES)], False
        while self.token.kind == ",":
            self.advance()
            has_comma = True
            if self.token.kind == closing:
                break
            parts.append(self.expression(Level.CASES))
        self.close(opening, closing, f",{closing}")
        return parts, has_comma

    def norm_in_bars(self) -> Part:
        """||x||, and ||x||_1 by its kind."""
        first, token = self.place, self.advance()
        if self.token.kind == BARS:
            self.refuse("there is nothing between these bars", token)
        part = self.expression(Level.CASES)
        if self.token.kind == "end":
            self.refuse("this '||' is never closed; write norm(x), and join conditions with 'or'", token)
        if self.token.kind != BARS:
            self.leftover(BARS)
        self.advance()
        self.closes[self.place] = first
        kind = self.token
        extra: list[Tree] = []
        if kind.kind == "name" and kind.text.startswith("_") and kind.start == self.tokens[self.place - 1].end:
            self.advance()
            if kind.text[1:] not in NORMS:
                self.refuse(f"the norm '{kind.text[1:]}' is not one of 1, 2, F and inf: write norm(x, 1)", kind)
            chosen = NORMS[kind.text[1:]]
            extra = [] if chosen is None else [Apply("ord", (chosen,))]
        return self.applied("norm", [part], extra, token)._replace(first=first)

    # --- indices

    def index(self, base: Part) -> Part:
        """x[0], X[:, 1:], X[None], X[[0, 2]]"""
        opening = self.place
        token = self.advance()
        if self.token.kind == "]":
            self.refuse("there is no index between these brackets", token)
        parts = [self.index_part()]
        while self.token.kind == ",":
            self.advance()
            if self.token.kind == "]":
                break
            parts.append(self.index_part())
        self.close(opening, "]", ",]")
        return self.applied("index", [base], parts, token)

    def index_part(self) -> Tree:
        if self.token.kind == "...":
            self.advance()
            return Apply("ellipsis", ())
        bounds: list[Tree] = []
        colons = 0
        while True:
            is_open = self.token.kind in (",", "]", ":")
            bounds.append(NOTHING if is_open else self.expression(Level.CASES).tree)
            if self.token.kind != ":" or colons == 2:
                break
            self.advance()
            colons += 1
        if not colons:
            (only,) = bounds
            return Apply("newaxis", ()) if only == NOTHING else only
        return Apply("slice", (*bounds, *[NOTHING] * (3 - len(bounds))))

    # --- names and calls

    def is_known(self, token: Token) -> bool:
        return token.text in self.known

    def name(self) -> Part:
        first, token, after = self.place, self.token, self.tokens[self.place + 1]
        if token.text in CONSTANTS and token.kind == "name":
            self.advance()
            return Part(CONSTANTS[token.text], 0, first)
        if after.kind == "(" and token.text in TENSOR_FUNCTIONS:
            self.advance()
            return self.tensor_call(TENSOR_FUNCTIONS[token.text], token, first)
        if after.kind == "(" and token.text in OF_PROGRAMS:
            self.advance()
            return self.library_call(token, first)
        if token.text in TENSOR_FUNCTIONS and token.text not in FUNCTIONS and after.kind != "(":
            self.advance()
            return Part(Symbol(token.text), 0, first)
        return super().name()

    def refuse_call(self, token: Token) -> NoReturn:
        name = token.text
        if name in ELSEWHERE:
            self.refuse(f"'{name}' is not a function here: {ELSEWHERE[name]}", token)
        if name == "I" and name not in self.known:
            self.refuse("for the identity write eye(n)", token)
        if name in self.known or len(name) == 1:
            ways = f"write {name}[0, 1] for an element, {name}*(…) or {name}@(…) for a product"
            self.refuse(f"'{name}' is not a function: {ways}", token)
        super().refuse_call(token)
