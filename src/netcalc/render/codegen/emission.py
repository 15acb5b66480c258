"""Expressions as lines: what is used more than once, or too long to be read, gets a name of its own."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from netcalc.records import NamedTuple
from netcalc.render.codegen.terms import Code

WIDTH = 88  # columns, as formatters of Python have it
INDENT = 8
MAX_HINT = 12  # characters of a name within another
LONGEST = (WIDTH, 58, 32, 16)  # characters of an expression within another, until the line is short enough
SHORT = 14  # characters of an expression that is as well written twice
POWER = "{0} ** {1}"
RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


class Names:
    """Gives out names, each once. `renamed` are the user's that Python can't have, by what they are called instead."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self.renamed: dict[str, str] = {}

    def of_user(self, text: str) -> str:
        """What the user calls it, as Python takes it."""
        wanted = identifier(text)
        name = self.free(wanted)
        if wanted != text or name == f"{text}_":
            self.renamed[name] = text
        return name

    def free(self, wanted: str) -> str:
        """The name, or with a number behind it where it is taken."""
        if wanted in RESERVED:
            wanted += "_"
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}" if wanted[-1].isdigit() else f"{wanted}{count}"
        self._taken.add(name)
        return name


def identifier(text: str) -> str:
    """A text as a name: `W[0,1]` is W_0_1, `f'` is f_prime."""
    plain = unicodedata.normalize("NFKC", text)
    if plain.isidentifier():
        return plain
    plain = plain.replace("'", "_prime")
    kept = "".join(one if f"a{one}".isidentifier() else "_" for one in plain).strip("_")
    return kept if kept.isidentifier() else f"v_{kept}"


class Statement(NamedTuple):
    """A name, what it is, and the mathematics of that."""

    name: str
    code: Code
    comment: str = ""


def reachable(roots: Iterable[Code], known: Collection[Code] = ()) -> list[Code]:
    """Each expression once, operands first; of what is `known` no operands."""
    found: dict[int, Code] = {}
    stack = list(roots)
    while stack:
        code = stack.pop()
        if code.number not in found:
            found[code.number] = code
            stack.extend(() if code in known else code.operands)
    return [found[number] for number in sorted(found)]


class Emission:
    """Writes statements, a function's after another; `outer` are the names that the first one hands to the second."""

    def __init__(self, names: Names, statements: Sequence[Statement], comments: Mapping[Code, str]) -> None:
        self._names = names
        self._comments = comments
        self._uses = Counter(one for code in reachable(s.code for s in statements) for one in code.operands)
        self._assigned: dict[Code, str] = {}
        self._second: list[str] = []  # names for what has one already
        self._outer: set[str] = set()
        self.used: dict[str, None] = {}
        self.lines: list[str] = []

    def function(self, statements: Iterable[Statement], outer: Iterable[str]) -> list[str]:
        """The lines of one function; `outer` are the names that it is given."""
        self._assigned = {code: name for code, name in self._assigned.items() if not code.is_local}
        self._outer = {*outer, *self._assigned.values()}
        self.used = {}
        self.lines = []
        for statement in statements:
            self._statement(statement)
        return self.lines

    def names_made(self) -> list[str]:
        """The names that have been given so far."""
        first = [name for code, name in self._assigned.items() if not code.is_local]
        return list(dict.fromkeys([*first, *self._second]))

    def _statement(self, statement: Statement) -> None:
        text = self.text(statement.code, statement)
        if text != statement.name:
            self._write(statement.name, text, statement.comment)
        if self._assigned.setdefault(statement.code, statement.name) != statement.name:
            self._second.append(statement.name)

    def text(self, root: Code, statement: Statement | None = None) -> str:
        """An expression, after the lines that it needs; in one line where that is not too long."""
        room = WIDTH - INDENT - len(statement.name) - 3 if statement else WIDTH - INDENT
        for longest in LONGEST:
            text = self._text(root, statement, longest)
            if len(text) <= room:
                break
        return text

    def _text(self, root: Code, statement: Statement | None, longest: int) -> str:
        texts: dict[Code, str] = {}
        for code in reachable([root], self._assigned):
            if code in self._assigned:
                texts[code] = self._known(self._assigned[code])
                continue
            if code.lines:
                texts[code] = self._by_lines(code, texts, statement if code is root else None)
                continue
            text = self._put_together(code, texts)
            if code is root:
                return text
            if self._needs_name(code, text, longest):
                texts[code] = self._assign(code, text)
            else:
                texts[code] = text
        return texts[root]

    def _known(self, name: str) -> str:
        if name in self._outer:
            self.used[name] = None
        return name

    def _put_together(self, code: Code, texts: Mapping[Code, str]) -> str:
        if not code.operands:
            return self._known(code.template)
        parts = self._operands(code, texts)
        if code.template == POWER and all(map(_is_simple, parts)):
            return f"{parts[0]}**{parts[1]}"
        if code.template.startswith("-{0}") and (power := self._leading_power(code.operands[0])) is not None:
            parts[0] = parts[0].replace(texts[power], f"({texts[power]})", 1)  # as formatters have it
        return code.template.format(*parts)

    def _leading_power(self, code: Code) -> Code | None:
        """The power that an expression starts with, if it does."""
        while code not in self._assigned and code.operands:
            if code.template == POWER:
                return code
            if not code.template.startswith("{0} ") or code.operands[0].level < code.levels[0]:
                return None
            code = code.operands[0]
        return None

    def _operands(self, code: Code, texts: Mapping[Code, str]) -> list[str]:
        return [
            f"({texts[one]})" if one not in self._assigned and one.level < held else texts[one]
            for one, held in zip(code.operands, code.levels, strict=True)
        ]

    def _needs_name(self, code: Code, text: str, longest: int) -> bool:
        if code.size or len(text) > longest:
            return bool(code.operands)
        is_short = len(text) <= SHORT and "@" not in text and "(" not in text
        return not code.cheap and self._uses[code] > 1 and not is_short

    def _assign(self, code: Code, text: str) -> str:
        name = code.hint if code.size else self._names.free(self._hint(code))
        if len(name) + 3 + len(text) + INDENT > WIDTH:
            text = self.text(code, Statement(name, code))
        self._write(name, text, "" if code.size else self._comment_on(code, name))
        self._assigned[code] = name
        return name

    def _hint(self, code: Code) -> str:
        """What it may be called: `exp_z` where it is made of one name."""
        operand = code.operands[0] if code.operands else None
        known = None if operand is None else self._assigned.get(operand, operand.template)
        of = f"_{known}" if known is not None and known.isidentifier() and len(known) <= MAX_HINT else ""
        return (code.hint or "part") + (of if code.hint else "")

    def _comment_on(self, code: Code, name: str) -> str:
        formula = self._comments.get(code, "")
        return f"{name} = {formula}" if formula else ""

    def _by_lines(self, code: Code, texts: Mapping[Code, str], statement: Statement | None) -> str:
        """What is made by several statements."""
        name = statement.name if statement else self._names.free(self._hint(code))
        parts = self._operands(code, texts)
        self._comment(statement.comment if statement else self._comment_on(code, name))
        for line in code.lines:
            text = line.format(*parts, name=name)
            self.lines.append(text if len(text) + INDENT <= WIDTH else f"{text}  # fmt: skip")
        self._assigned[code] = name
        return name

    def _write(self, name: str, text: str, comment: str) -> None:
        line = f"{name} = {text}"
        comment = "" if comment == line else comment
        if comment and len(line) + len(comment) + 5 + INDENT <= WIDTH:
            self.lines.append(f"{line}  # {comment}")
            return
        self._comment(comment)
        self.lines.append(line if len(line) + INDENT <= WIDTH else f"{line}  # fmt: skip")

    def _comment(self, text: str) -> None:
        if text:
            self.lines.append(f"# {text}")


def _is_simple(text: str) -> bool:
    """Whether formatters write a power of it without blanks: a name, an attribute, a number."""
    return text.replace(".", "").replace("_", "").isalnum()
