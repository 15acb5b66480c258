"""A program's text: its limits, its tree, and where in it an error is. It is parsed, never compiled or run."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from fractions import Fraction

from netcalc.errors import NetcalcError
from netcalc.program.both import opened
from netcalc.program.classes import of_own_graph, statements_in, without_classes
from netcalc.records import NamedTuple

MAX_CHARACTERS = 4 << 20
MAX_LINES = 60_000  # three for each statement that is read
MAX_BRACKETS = 100  # one in another
MAX_DIGITS = 10_000  # of one number
MAX_EXPONENT = 5000  # of one number's power of ten
TOKENS = r"""(?x)
    (?P<comment>\#[^\n]*)
    | (?P<text>(?i:[rbuf]{0,2})(?:
        '{3}(?:\\.|[^\\])*?'{3} | "{3}(?:\\.|[^\\])*?"{3} | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*"))
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<sign>[-+~]+)
"""
DIGITS_AND_EXPONENT = r"(?i)(\d*\.?\d*)(?:e([+-]?\d+))?"


class ProgramError(NetcalcError):
    """A program that is not understood, or does not fit; the message names the file and the line."""


class Source(NamedTuple):
    """A program's text; `name` is what messages call the file, `starts` the offset of each line."""

    name: str
    text: str
    starts: tuple[int, ...]
    is_ascii: bool

    @classmethod
    def of(cls, text: str, name: str) -> Source:
        """The text with one kind of line end."""
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        starts = [0, *(found.end() for found in re.finditer("\n", text))]
        return cls(name, text, tuple(starts), text.isascii())

    def line(self, number: int) -> str:
        """A line, counted from 1."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]

    def offset(self, number: int, column: int) -> int:
        """Where a line's column is in the text; columns count bytes, as Python's do."""
        if self.is_ascii:
            end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
            return min(self.starts[number - 1] + column, end)
        line = self.line(number)
        characters = column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))
        return self.starts[number - 1] + min(characters, len(line))

    def segment(self, node: ast.expr) -> str:
        """The text of an expression."""
        assert node.end_lineno is not None  # noqa: S101 - the parser sets both
        assert node.end_col_offset is not None  # noqa: S101
        return self.text[self.offset(node.lineno, node.col_offset) : self.offset(node.end_lineno, node.end_col_offset)]

    def error(self, message: str, node: ast.AST | None) -> ProgramError:
        """The error about a node, with its line, and its column too where the line has several statements."""
        if node is None or not hasattr(node, "lineno"):
            return ProgramError(f"{self.name}: {message}")
        return self.error_at(message, node.lineno, getattr(node, "col_offset", 0))

    def error_at(self, message: str, number: int, column: int = 0) -> ProgramError:
        """The error about a place in a line."""
        number = max(1, min(number, len(self.starts)))
        position = self.offset(number, column)
        several = ";" in re.sub(r"#.*|'[^']*'|\"[^\"]*\"", "", self.line(number))
        where = f"line {number}" + f", column {position - self.starts[number - 1] + 1}" * several
        return ProgramError(f"{self.name}, {where}: {message}", source=self.text, position=position)


LIBRARY = "<library>"  # what a text of the package's own is called
OWN_GRAPH = (
    "{0} makes its gradients as it runs, and nothing is run here; write the pass without it, n = x1*w1 + b and "
    "o = tanh(n), and the gradients as lines, dn = 1 - o**2 and dx1 = w1*dn"
)
LIBRARIES_OF_ARRAYS = frozenset({"numpy", "torch", "jax"})
NOTEBOOK = ("%", "!", ">>>", "...")  # how lines of notebooks and of sessions begin

MATHEMATICAL = {  # signs as formulas have them, and what is written for them
    **dict.fromkeys("∘⊙", "*"),
    **dict.fromkeys("·×⋅", "* element by element, @ for the product of matrices"),
    "−": "-",
    "ᵀ": ".T, and @ for the product of matrices",
    "²": "**2",
    "³": "**3",
    "√": "np.sqrt(…)",
    "‖": "np.linalg.norm(…)",
    "Σ": "np.sum(…)",
    "∑": "np.sum(…)",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}


def parse(source: Source) -> ast.Module:
    """The program as a tree. Raises ProgramError where it is too long, too deep or no Python."""
    check_limits(source)
    before = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(max(MAX_DIGITS, before))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python would say of odd spellings
            tree = ast.parse(source.text)
            own = of_own_graph(tree)
            if own is not None:
                raise source.error(OWN_GRAPH.format(own.name), own)
            return opened(without_classes(without_continue(tree)))
    except SyntaxError as error:
        number, column = error.lineno or 1, max((error.offset or 1) - 1, 0)
        said = (error.msg or "it is no Python").removeprefix("invalid syntax. ")
        line = source.line(max(1, min(number, len(source.starts))))
        if line.lstrip().startswith(NOTEBOOK):
            raise source.error_at(f"leave out {line.split()[0]}, which is a notebook's or a prompt", number) from None
        if (sign := next((one for one in line if one in MATHEMATICAL), None)) is not None:
            said = f"'{sign}' is no Python: write {MATHEMATICAL[sign]}"
            raise source.error_at(said, number, len(line[: line.index(sign)].encode())) from None
        told = source.error_at(f"this is no Python: {said[:1].lower()}{said[1:]}", number, len(line[:column].encode()))
        raise told from None
    except (RecursionError, MemoryError):
        raise ProgramError(f"{source.name}, line 1: it is nested too deeply") from None
    except ValueError as error:  # a null character, say
        raise ProgramError(f"{source.name}, line 1: this is no Python: {error}") from None
    finally:
        sys.set_int_max_str_digits(before)


def without_continue(tree: ast.Module) -> ast.Module:
    """The tree with `if c: continue` as an if whose else has the lines below, so that its test may depend on values."""
    for loop in statements_in(tree):
        if isinstance(loop, ast.For | ast.While):
            body = loop.body
            while (place := next((n for n, one in enumerate(body) if _goes_on(one)), None)) is not None:
                chosen = body[place]
                assert isinstance(chosen, ast.If)  # noqa: S101 - see _goes_on
                passed = ast.copy_location(ast.Pass(), chosen.body.pop())
                chosen.body, chosen.orelse = chosen.body or [passed], body[place + 1 :]
                del body[place + 1 :]
                body = chosen.orelse
    return tree


def _goes_on(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.body[-1], ast.Continue) and not node.orelse


def check_limits(source: Source) -> None:
    """Refuses what would cost much to parse: too long a text, brackets too deep, numbers too long."""
    if len(source.text) > MAX_CHARACTERS:
        raise ProgramError(f"{source.name}, line 1: a program has at most {MAX_CHARACTERS >> 20} million characters")
    if len(source.starts) > MAX_LINES:
        raise source.error_at(f"a program has at most {MAX_LINES:,} lines", MAX_LINES + 1)
    if (place := source.text.find("\0")) >= 0:
        raise _at(source, place, "this is no text: it has a null character")
    depth, chained = 0, 0
    for token in re.finditer(TOKENS, source.text):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "number":
            _check_number(source, token.start(), token.group())
        chained = _chained(chained, kind, token.group())
        if depth > MAX_BRACKETS:
            raise _at(source, token.start(), f"brackets nest at most {MAX_BRACKETS} deep")
        if chained > MAX_BRACKETS:
            raise _at(source, token.start(), f"an expression nests at most {MAX_BRACKETS} deep")


def _chained(count: int, kind: str | None, text: str) -> int:
    """How many signs and `not`s follow each other."""
    if kind == "sign":
        return count + len(text)
    return count + 1 if kind == "name" and text == "not" else 0


def _check_number(source: Source, place: int, text: str) -> None:
    text = text.replace("_", "")
    if sum(map(str.isdigit, text)) > MAX_DIGITS:
        raise _at(source, place, f"a number has at most {MAX_DIGITS} digits")
    rest = source.text[place : place + len(text) + 24].replace("_", "")
    found = re.match(DIGITS_AND_EXPONENT, rest) if "e" in text.lower() else None
    if found and found[2] and not text.lower().startswith("0x") and abs(int(found[2])) > MAX_EXPONENT:
        raise _at(source, place, f"a number's power of ten is at most {MAX_EXPONENT}")


def _at(source: Source, place: int, message: str) -> ProgramError:
    number = source.text.count("\n", 0, place) + 1
    line = source.text[source.starts[number - 1] : place]
    return source.error_at(message, number, len(line.encode()))


def exact_number(source: Source, node: ast.Constant) -> int | Fraction:
    """The number that a literal says, exactly: 0.1 is one tenth."""
    if isinstance(node.value, int):
        return node.value
    return Fraction(source.segment(node).replace("_", ""))


def library_of(libraries: set[str]) -> str:
    """Whose methods arrays have: numpy's (as jax's are), torch's; nothing where torch is one of several."""
    if libraries == {"numpy", "jax"}:
        return "numpy"
    return next(iter(libraries)) if len(libraries) == 1 else ""


def libraries_of(tree: ast.Module) -> set[str]:
    """The libraries whose functions a program uses, else those that it imports."""
    aliases = {"np": "numpy", "torch": "torch", "jnp": "jax", "jax": "jax", "F": "torch", "nn": "torch"}
    imported, names = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                root = (module or one.name).partition(".")[0]
                imported.add(root)
                aliases[one.asname or (one.name if module else root)] = root
    used = {aliases[name] for name in names if name in aliases}
    return used & LIBRARIES_OF_ARRAYS or imported & LIBRARIES_OF_ARRAYS
