"""The words of an expression: text → tokens, pasted characters included, limits first."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator
from typing import NoReturn

from netcalc.errors import ExpressionError
from netcalc.expression.functions import SPOKEN, function_named
from netcalc.records import NamedTuple


class Limits(NamedTuple):
    """What an expression may not exceed; checked before anything that costs time or memory.

    A number has at most `digits` digits, and its magnitude is below 10^`largest` and, unless 0, at least
    10^-`smallest`. A power of exact numbers has at most `bits` bits, and other powers an exponent of magnitude at
    most `exponent`.
    """

    length: int = 100_000
    depth: int = 100
    digits: int = 1_000
    largest: int = 400
    smallest: int = 10_000
    bits: int = 40_000
    exponent: int = 1_000_000


LIMITS = Limits()


class Token(NamedTuple):
    """A word: `text` in its ASCII spelling, found at source[start:end].

    Kinds: `number`, `name`, `indexed` (`W[0,1]`), `superscript` (an integer), `pi` (the letter), `end`, and each
    operator or bracket as its own kind.
    """

    kind: str
    text: str
    start: int
    end: int


GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "λ": "lam",  # `lambda` is a word of Python's, and so no keyword argument of the library
    "μ": "mu",
    "ξ": "xi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
GREEK_VARIANTS = {"\N{MICRO SIGN}": "mu", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "ϱ": "rho", "\N{OHM SIGN}": "Omega"}
SUPERSCRIPTS = str.maketrans("0123456789-+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

_TO_PLAIN = str.maketrans({raised: chr(plain) for plain, raised in SUPERSCRIPTS.items()})
_LETTERS = GREEK | GREEK_VARIANTS
_SPELLINGS = (
    dict.fromkeys("−–‐‑", "-")
    | dict.fromkeys("·×⋅∙∗•", "*")
    | dict.fromkeys("÷∕", "/")
    | {"**": "^", "≤": "<=", "≥": ">=", "≠": "!="}
)
# Latin letters' doubles: Cyrillic, then Greek.
_DOUBLES = dict(zip("АВЕКМНОРСТУХЅІЈаеорсухѕіјԛԝ", "ABEKMHOPCTYXSIJaeopcyxsijqw", strict=True)) | dict(
    zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυικχ", "ABEZHIKMNOPTYXovuikx", strict=True)
)

# Whose functions and constants are read by their names: np.exp(x), torch.nn.functional.gelu(x), math.pi.
_LIBRARIES = ("np", "numpy", "jnp", "jax", "math", "torch", "F", "nn", "functional", "scipy", "special")
_INDEX = r"(?:[0-9]{1,9}|[A-Za-z_][A-Za-z0-9_]*)"
_TOKEN = rf"""
    (?P<space>   [ \t\r\n\u00a0\u2009\u202f]+)
  | (?P<number>  (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+\-−–]?[0-9]+)?)
  | (?P<name>    (?P<library>(?:(?:{"|".join(_LIBRARIES)})\.)+(?=[A-Za-z]))?
                 (?:[A-Za-z][A-Za-z0-9]*_\{{[A-Za-z0-9]{{1,40}}\}}
                  |[A-Za-z_][A-Za-z0-9_₀-₉]*|[{"".join(_LETTERS)}](?:[0-9₀-₉]+|_[A-Za-z0-9_]+)?)
                 (?P<index>\[\s*{_INDEX}(?:\s*,\s*{_INDEX})*\s*\])?)
  | (?P<superscript> [⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<vulgar>  [¼½¾⅐-⅞])
  | (?P<pi>      π)
  | (?P<command> \\(?:[A-Za-z]+\*?|[,;:!>{{}}|\ ]))
  | (?P<operator> \*\*|<=|>=|==|!=|[-+*/^<>=(),\[\]{{}}|√∛≤≥≠−–‐‑·×⋅∙∗•÷∕])
"""

# What is no part of an expression, and what to write for it; the longest first.
_INSTEAD = {
    "lambda": "; for the letter λ write lam",
    "else": "; write where(condition, a, b) for a if condition else b",
}
HINTS = {
    "//": "'//' rounds, and has no gradient: divide with '/'",
    ":=": "':=' is not part of an expression: use one name or number in its place",
    "&": "'&' is not an operator: join conditions with 'and', inside where(condition, a, b)",
    "|": "'|' is not an operator: write abs(x) for |x|, or join conditions with 'or', inside where(condition, a, b)",
    "~": "'~' is not an operator: write 'not', inside where(condition, a, b)",
    "=": "'=' is not part of an expression: to compare, use '=='; variables get their values beside the expression",
    "!": "'!' is not an operator: for x! write gamma(x + 1)",
    "%": "'%' is not an operator: for a percentage divide by 100",
    "@": "'@' is not an operator: for a product of lists write dot([a, b], [c, d])",
    ".": "a '.' belongs inside a number, as in 0.5; nothing in an expression has attributes",
    "'": "text in quotes is not part of an expression",
    '"': "text in quotes is not part of an expression",
    "\\": "this LaTeX is not read: of its commands \\frac, \\sqrt, \\cdot, \\left, functions and Greek letters are",
    "$": "'$' is not part of an expression: write names and formulas without it",
    "?": "'?' is not an operator: write where(condition, a, b)",
    ":": "':' is not part of an expression: write where(condition, a, b) for a choice",
    ";": "';' is not part of an expression: give one expression at a time",
    "∞": "infinity is not a number that an expression can hold",
    "∑": "'∑' is not read: write sum(a, b, c)",
    "Σ": "'Σ' is not read: write sum(a, b, c)",
    "∂": "'∂' is not read: give the expression itself, and its derivatives are found",
}
_NO_NUMBER = frozenset({"nan", "inf", "infinity"})


def tokenize(text: str, limits: Limits) -> tuple[Token, ...]:
    """The tokens of the text, with an `end` token last. Raises ExpressionError."""
    if len(text) > limits.length:
        message = f"an expression has at most {limits.length:,} characters, and this one {len(text):,}"
        raise ExpressionError(message, source=text, position=limits.length)
    return tuple(_scan(text, limits))


def _scan(text: str, limits: Limits) -> Iterator[Token]:
    token = re.compile(_TOKEN, re.VERBOSE)  # compiled once: `re` remembers it
    position, end = _mathematics(text)
    while position < end:
        found = token.match(text, position)
        if found is None:
            _refuse_character(text, position)
        kind, start, position = str(found.lastgroup), position, found.end()
        # `index` is the group inside `name` that closes first, so an indexed name still reports `name`.
        if kind == "number":
            _check_number(text, start, position, limits)
            yield Token("number", _ascii_minus(found[0]), start, position)
        elif kind == "name":
            name = _name(text, found)
            position = name.end
            yield name
        elif kind == "superscript":
            if position - start > limits.digits:
                _refuse_digits(text, start, limits)
            yield Token(kind, found[0].translate(_TO_PLAIN), start, position)
        elif kind == "command":
            command = _command(text, start, position)
            if command is None:
                _refuse_character(text, start)
            tokens, position = command
            yield from tokens
        elif kind == "vulgar":
            yield Token("number", unicodedata.normalize("NFKC", found[0]).replace("⁄", "/"), start, position)
        elif kind == "pi":
            yield Token(kind, "pi", start, position)
        elif kind == "operator":
            spelling = _SPELLINGS.get(found[0], found[0])
            if text.startswith("//", start):
                _refuse_character(text, start)
            yield Token(spelling, spelling, start, position)
    yield Token("end", "", len(text[:end].rstrip()), len(text))


def _mathematics(text: str) -> tuple[int, int]:
    """Where a text starts and ends without the dollars around pasted mathematics."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if end - start > 2 * len(opening) and text.startswith(opening, start) and text.endswith(closing, start, end):
            return start + len(opening), end - len(closing)
    return 0, len(text)


def _command(text: str, start: int, end: int) -> tuple[list[Token], int] | None:
    """The tokens of a LaTeX command, and the place after it; None for one that is not read."""
    from netcalc.expression.latex import command  # whoever pastes none needs no tables of it

    found = command(text, start, end)
    return None if found is None else ([Token(*token) for token in found[0]], found[1])


def _ascii_minus(text: str) -> str:
    return text.replace("−", "-").replace("–", "-")


def _name(text: str, found: re.Match[str]) -> Token:
    start, end, index = found.start(), found.end(), found["index"]
    library = len(found["library"] or "")
    name = found[0][library : len(found[0]) - len(index or "")].replace("{", "").replace("}", "")
    if library and function_named(name) is None and name not in ("e", "pi"):
        _refuse_character(text, text.index(".", start))
    if index and name.lower() in SPOKEN:  # sin[x]
        end, index = end - len(index), None
    name = (_LETTERS.get(name[0], name[0]) + name[1:]).translate(SUBSCRIPTS)
    if name in ("and", "or", "not") and not index:
        return Token(name, name, start, end)
    if keyword.iskeyword(name) and name != "if":
        better = _INSTEAD.get(name, "")
        message = f"'{name}' is a reserved word and no name for a variable{better}"
        raise ExpressionError(message, source=text, position=start)
    if name.lower() in _NO_NUMBER:
        raise ExpressionError(f"'{name}' is not a number that an expression can hold", source=text, position=start)
    if not index:
        return Token("name", name, start, end)
    places = [place.strip() for place in index[1:-1].split(",")]
    return Token("indexed", f"{name}[{','.join(str(int(p)) if p.isdigit() else p for p in places)}]", start, end)


def _check_number(text: str, start: int, end: int, limits: Limits) -> None:
    mantissa, _, exponent = _ascii_minus(text[start:end]).lower().partition("e")
    before, _, after = mantissa.partition(".")
    if len(before) + len(after) > limits.digits:
        _refuse_digits(text, start, limits)
    shift = int(exponent or 0) if len(exponent) <= 9 else int(exponent[0] + "9" * 8)
    digits = (before + after).lstrip("0")
    leading = len(digits) - len(after) - 1 + shift if digits else shift
    if leading >= limits.largest:
        raise ExpressionError(f"a number must be below 1e{limits.largest}", source=text, position=start)
    if min(leading, shift) < -limits.smallest:
        message = f"a number other than 0 must be at least 1e-{limits.smallest}"
        raise ExpressionError(message, source=text, position=start)
    _check_what_follows(text, start, end)


def _refuse_digits(text: str, start: int, limits: Limits) -> NoReturn:
    raise ExpressionError(f"a number has at most {limits.digits:,} digits", source=text, position=start)


_AFTER_NUMBER = r"(?P<dot>\.)|(?P<imaginary>[jJ]\b)|(?P<separator>_)|(?P<exponent>[eE](?![A-Za-z0-9_\[]))"
_AFTER_E = r"(?P<cut>\s*(?:$|[,\]]))|(?P<signed>\s*[-+−–]\s*[0-9.])"


def _check_what_follows(text: str, start: int, end: int) -> None:
    """Refuse what would read as a product but was hardly meant as one: `1e`, `4e - 3`, `1j`, `1_000`, `0x10`."""
    number = text[start:end]
    if number == "0" and text[end : end + 1].isalpha():
        message = f"'0{text[end]}' is no start of a number: write decimals, or 0*{text[end]} for a product"
        raise ExpressionError(message, source=text, position=start)
    after = re.compile(_AFTER_NUMBER).match(text, end)
    if after is None:
        return
    message = ""
    if after["dot"]:
        message = "a number has one decimal point"
    elif after["imaginary"]:
        message = f"netcalc calculates with real numbers; for a variable {after[0]} write {number}*{after[0]}"
    elif after["separator"]:
        message = "digits are written without separators, as in 1000"
    elif exponent := re.compile(_AFTER_E).match(text, after.end()):
        product = f"{number}*{after[0]}"
        if exponent["signed"]:
            message = f"this can be read two ways: write {product} for a product or {number}e-3 for a power of ten"
        else:
            message = f"'{number}{after[0]}' lacks the digits of its exponent; for a product write {product}"
    if message:
        raise ExpressionError(message, source=text, position=end)


def _refuse_character(text: str, position: int) -> NoReturn:
    for start in (text[position : position + 2], text[position]):
        if start in HINTS:
            raise ExpressionError(HINTS[start], source=text, position=position)
    raise ExpressionError(_about(text[position]), source=text, position=position)


def _about(character: str) -> str:
    """Why a character is refused: its name, and which character it may have been meant for."""
    name = unicodedata.name(character, "a control character").replace("_", " ")
    if not character.isprintable():
        return f"the invisible character U+{ord(character):04X} ({name}) is not part of an expression: delete it"
    plain = _DOUBLES.get(character) or unicodedata.normalize("NFKC", character)
    if character.isdecimal():
        plain = str(unicodedata.decimal(character))
    if plain != character and plain.isascii() and plain.strip():
        return f"'{character}', {name}, only looks like '{plain}': write '{plain}'"
    return f"'{character}', {name}, is not part of an expression"
