"""Calls of functions of tensors: the tensors, then the options, by place and by word; where each node stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from netcalc.expression.calls import Part
from netcalc.expression.parser import Parser
from netcalc.expression.tensor_functions import TensorFunction
from netcalc.expression.tokens import Limits, Token
from netcalc.expression.tree import Apply, Constant, Level, Number, Tree, symbols

NOTHING = Apply("none", ())
WHOLE = frozenset({"axis", "axes", "k", "keepdims"})  # options that hold whole numbers
BARE = frozenset({"shape", "n", "ends"})  # options that are written without their word: reshape(x, 2, 3), one_hot(x, 3)
NOT_KEPT = Apply("keepdims", (Number(Fraction(0)),))
SEVERAL = {"sum": ("add", "+"), "prod": ("multiply", "*"), "max": ("max", ""), "min": ("min", "")}


class TensorCalls(Parser):
    """Reads the arguments of functions of tensors."""

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(text, limits)
        self.at: dict[int, int] = {}
        self.made: list[Tree] = []  # kept, so that an id is one tree's

    def make(self, operator: str, parts: Sequence[Part], at: Token) -> Part:
        return self.placed(super().make(operator, parts, at), at)

    def placed(self, part: Part, at: Token) -> Part:
        self.made.append(part.tree)
        self.at.setdefault(id(part.tree), at.start)
        return part

    def applied(self, operator: str, parts: Sequence[Part], extra: Sequence[Tree], at: Token) -> Part:
        """operator(parts, extra), whatever the parts are."""
        tree = Apply(operator, (*(part.tree for part in parts), *extra))
        first = parts[0] if parts else Part(tree, 0, self.place)
        return self.placed(self.deeper(tree, parts or [first], 1, at), at)

    # --- calls

    def tensor_call(self, row: TensorFunction, token: Token, first: int, of: Part | None = None) -> Part:
        """A function of tensors; `of` is the tensor that it is a method of."""
        opening = self.place
        self.advance()
        subscripts = self.subscripts(token) if row.name == "einsum" else ""
        given = [] if of is None else [of]
        named: dict[str, Part] = {}
        while self.token.kind != ")":
            self.option_or_argument(row, token, given, named)
            if self.token.kind != ",":
                break
            self.advance()
        self.close(opening, ")", ",)")
        if subscripts:
            return self.applied(f"einsum:{subscripts}", given, (), token)._replace(first=first)
        if row.tensors is None:
            parts, rest = self.of_a_list(given), []
        else:
            parts, rest = given[: row.tensors], given[row.tensors :]
        if not parts and row.tensors != 0:
            self.refuse(f"{token.text} of what? there is nothing between its brackets", token)
        if row.tensors is not None and len(parts) < row.tensors:
            self.refuse(f"{token.text} takes {row.tensors} tensors, not {len(parts)}", token)
        is_library = self.text[: token.start].rstrip().endswith(".")  # np.sum(x, 0) is along axis 0
        if row.name in SEVERAL and rest and of is None and not is_library:
            return self.of_several(row, [*parts, *rest], named, token)._replace(first=first)
        return self.applied(row.name, parts, self.options(row, rest, named, token), token)._replace(first=first)

    def library_call(self, token: Token, first: int, of: Part | None = None) -> Part:
        """A function of the table of programs: its arguments as they stand, those by word each named:word(value)."""
        opening = self.place
        self.advance()
        given, has_words = [] if of is None else [of], False
        while self.token.kind != ")":
            word = self.token
            if word.kind == "name" and self.tokens[self.place + 1].kind == "=":
                self.place += 2
                given.append(self.applied(f"named:{word.text}", [self.text_or_value()], (), word))
                has_words = True
            elif has_words:
                self.refuse("an argument without a name stands before those with one")
            else:
                given.append(self.text_or_value())
            if self.token.kind != ",":
                break
            self.advance()
        self.close(opening, ")", ",)")
        return self.applied(f"call:{token.text}", given, (), token)._replace(first=first)

    def text_or_value(self) -> Part:
        if self.token.kind != "string":
            return self.value()
        return Part(Apply(f"text:{self.advance().text}", ()), 0, self.place - 1)

    def option_or_argument(self, row: TensorFunction, token: Token, given: list[Part], named: dict[str, Part]) -> None:
        """One argument, put among those by place or by word."""
        word = self.token
        if word.kind == "name" and self.tokens[self.place + 1].kind == "=":
            option = row.option(word.text)
            if option is None:
                names = ", ".join(words.partition("|")[0] for words in row.options)
                self.refuse(f"{token.text} has no argument '{word.text}'{f': it takes {names}' * bool(names)}", word)
            if option in named:
                self.refuse(f"{token.text} has '{option}' twice", word)
            self.place += 2
            named[option] = self.value()
        elif named:
            self.refuse("an argument without a name stands before those with one")
        else:
            given.append(self.value())

    def value(self) -> Part:
        if self.token.kind == "string":
            word = self.advance().text
            return Part(Constant("inf") if word == "inf" else NOTHING, 0, self.place - 1)  # Frobenius's is as usual
        return self.expression(Level.CASES)

    def subscripts(self, token: Token) -> str:
        """einsum's letters."""
        if self.token.kind != "string" or self.tokens[self.place + 1].kind != ",":
            self.refuse("einsum starts with its letters in quotes, as in einsum('ij,j->i', A, x)", token)
        text = self.advance().text.replace(" ", "")
        self.advance()
        return text

    def of_a_list(self, given: list[Part]) -> list[Part]:
        """concat([a, b]), concat((a, b)) and concat(a, b) are one."""
        if len(given) != 1 or not isinstance(given[0].tree, Apply) or given[0].tree.operator != "stack":
            return given
        return [given[0]._replace(tree=tree) for tree in given[0].tree.arguments]

    def of_several(self, row: TensorFunction, given: list[Part], named: Mapping[str, Part], token: Token) -> Part:
        """max(a, b) element by element, sum(a, b, c) as of numbers."""
        operator, sign = SEVERAL[row.name]
        last = given[-1].tree
        if sign and len(given) == 2 and isinstance(last, Number):
            text = f"write {row.name}(…, axis={last.value}) or … {sign} {last.value}"
            self.refuse(f"this can be read two ways: {text}", token)
        if named:
            self.refuse(f"{token.text} of several takes no {next(iter(named))}", token)
        return self.make(operator, given, token)

    # --- options

    def options(self, row: TensorFunction, given: Sequence[Part], named: dict[str, Part], token: Token) -> list[Tree]:
        """The options by place and by word, in order, each Apply(word, what it holds); what is as usual is left out."""
        words = [one.partition("|")[0] for one in row.options]
        if words and words[-1] in ("shape", "axes", "ends") and len(given) > 1:
            given = [self.applied("stack", given, (), token)]  # reshape(x, 2, 3), arange(0, 4, 2)
        if len(given) > len(words):
            many = len(given) - len(words)
            self.refuse(f"{token.text} has {many} argument{'s' * (many > 1)} too many", token)
        for word, part in zip(words, given, strict=False):
            if word in named:
                self.refuse(f"{token.text} has '{word}' twice", token)
            named[word] = part
        held = [(word, named[word].tree) for word in words if word in named and named[word].tree != NOTHING]
        found = [Apply(word, tuple(self.entries(tree, word, token))) for word, tree in held]
        bare = [entry for one in found if one.operator in BARE for entry in one.arguments]
        return [*bare, *(one for one in found if one.operator not in BARE and one != NOT_KEPT)]

    def entries(self, tree: Tree, word: str, token: Token) -> list[Tree]:
        """What an option holds: one tree, or those of a list."""
        found = list(tree.arguments) if isinstance(tree, Apply) and tree.operator == "stack" else [tree]
        if word in WHOLE:
            return [Number(Fraction(self.whole_number(one, word, token))) for one in found]
        return found

    def whole_number(self, tree: Tree, word: str, token: Token) -> int:
        """The number of an option. Refuses what is none."""
        value = tree.value if isinstance(tree, Number) else None
        match tree:
            case Apply("negate", (Number(inner),)):
                value = -inner
        if value is None or value.denominator != 1:
            wanted = "True or False" if word == "keepdims" else "a whole number"
            several = f"; of several things write {self.typed(token)}([a, b])" * (
                word == "axis" and bool(symbols(tree))
            )
            self.refuse(f"{word} of {self.typed(token)} takes {wanted}{several}", token)
        return int(value)
