"""The words of an expression of tensors: those of numbers, and `@`, `.T`, `'`, indices, norms' bars, einsum's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from netcalc.errors import ExpressionError
from netcalc.expression.functions import FUNCTIONS
from netcalc.expression.tensor_functions import ELSEWHERE, OF_NUMBERS_TOO, OF_PROGRAMS, TENSOR_FUNCTIONS
from netcalc.expression.tokens import LIMITS, Limits, Token, tokenize

TRANSPOSES = frozenset({"T", "mT"})
LIBRARY = r"(?:(?:np|numpy|jnp|torch|nn|functional|jax|lax|optax|scipy|special|linalg|math)\.)+(?=[A-Za-z_])"
OF_ARRAYS = "|".join(sorted(TENSOR_FUNCTIONS.keys() - {"softmax", "log_softmax", "one_hot"}))  # F.sum(…): F is a matrix
FUNCTIONAL = rf"F\.(?!(?:{OF_ARRAYS})\b)(?=[a-z]\w*\(\s*(?!\w+\s*=)[\w(\[-])"  # F.relu(x), but not F.relu()
WORD = r"(?:(?!ᵀ)[^\W\d])(?:(?!ᵀ)\w)*"
RAISED = r"(?:⊤|\\top\b|\\intercal\b|\\(?:mathsf|mathrm|text)\s*(?:T\b|\{\s*T\s*\}))"
_MARK = rf"""
    (?P<library>   (?<![\w.]){LIBRARY}|(?<![\w.]){FUNCTIONAL})
  | (?P<order>     (?<=[|‖])[₁₂∞])
  | (?P<constant>  \b(?:True|False|None|newaxis|inf)\b)
  | (?P<name>      {WORD})
  | (?P<number>    (?:[0-9]+(?:\.(?![*/^'][^0-9]|[A-DF-Za-df-z_])[0-9]*)?|\.[0-9]+)(?:[eE][+\-−–]?[0-9]+)?)
  | (?P<ellipsis>  \.\.\.)
  | (?P<attribute> \.(?P<word>{WORD}))
  | (?P<transpose> (?<=[\w)\]'])\.?'|ᵀ|⊤|\^\s*(?:{RAISED}|\{{\s*(?:T|{RAISED})\s*\}}))
  | (?P<string>    '[A-Za-z,.>\s-]*'|"[A-Za-z,.>\s-]*")
  | (?P<bars>      \|\||‖|\\\|)
  | (?P<dotted>    \.[*/^]|⊙|∘|⊗)
  | (?P<indexed>   \)\s*\[)
  | (?P<sign>      [@\[\]:])
"""
BARS = "||"
INSTEAD = {
    "\\": "'\\' is not an operator: for the solution of A x = b write solve(A, b)",
    "⟨": "for an inner product write dot(x, y)",
    "〈": "for an inner product write dot(x, y)",
    "†": "write A.T for the transpose",
}
REDUCTIONS = OF_NUMBERS_TOO - {"dot"}
OF_TWO = {"dot": "their product", "sumprod": "their product", "dist": "how far apart they are"}
OPTIONS = frozenset({"axis", "keepdims", "dim", "keepdim"})
_DOTTED = {".*": "*", "./": "/", ".^": "^", "⊙": "*", "∘": "*", "⊗": "⊗"}
TELLING = frozenset(
    {"attribute", "transpose", "string", "bars", "dotted", "ellipsis", "indexed"}
)  # what only tensors have


# Where none of these stands there is nothing to look for, and no pattern to compile.
_SIGNS = [*"@'\"ᵀ⊤|‖:[]⊙∘⊗", "^{", "^\\", ".*", "./", ".^", "...", *OPTIONS]
_OF_TENSORS = OF_PROGRAMS | ELSEWHERE.keys() | (TENSOR_FUNCTIONS.keys() - OF_NUMBERS_TOO - FUNCTIONS.keys())
_SIGNS += sorted(_OF_TENSORS)


def has_tensors(text: str) -> bool:
    """Whether an expression has something that only expressions of tensors have, and none of numbers ever had."""
    letter_after_point = "." in text and any(one == "." and after.isalpha() for one, after in pairwise(text))
    if not letter_after_point and not any(sign in text for sign in _SIGNS):
        return False
    of_numbers = "|" in text.replace("||", "")  # ||x| - 1|, where two bars are no norm's
    marks = [one for one in _marks(text) if not (of_numbers and one[1][0] == BARS)]
    return any(_tells(text, kind, found, before) for (kind, found), before in zip(marks, [None, *marks], strict=False))


def _is_list(text: str, start: int) -> bool:
    """Whether a bracket opens a list that is no function's argument: `[1, 2]*x`."""
    before = text[:start].rstrip()[-1:]
    return (not before or before in "+-*/^[") and "," in text[start:].partition("]")[0]


def _tells(text: str, kind: str, found: re.Match[str], before: tuple[str, re.Match[str]] | None) -> bool:
    """Whether a mark, after another, is one that only tensors have."""
    word, after = found[0], text[found.end() :].lstrip()
    if kind == "sign":
        in_index = word == "[" and before is not None and before[1].end() == found.start()
        is_index_of_index = in_index and before is not None and before[1][0] == "]"
        return word in "@:" or is_index_of_index or (word == "[" and _is_list(text, found.start()))
    if kind == "name":
        is_call = after.startswith("(") and word in _OF_TENSORS
        return is_call or (word in OPTIONS and after.startswith("=") and not after.startswith("=="))
    return kind in TELLING or word in ("None", "newaxis")


SHOWN = 4  # names that a note lists


def doubt(text: str, names: Sequence[str]) -> str:
    """What to say where an expression of numbers could be one of tensors: a sum of one thing, a dot product, a `^T`."""
    if not any(word in text for word in (*REDUCTIONS, *OF_TWO, "T")):
        return ""
    tokens = words(text, LIMITS)
    pairs = list(pairwise(tokens))
    listed = ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
    taken = f"{listed} {'is a number' if len(names) == 1 else 'are numbers'}"
    for place, (one, after) in enumerate(pairs):
        if one.kind == "^":
            exponent = "".join(token.text for token in tokens[place + 1 : place + 5]).lstrip("{(").partition("}")[0]
            if after.text == "T" or exponent in ("T", "-T"):
                instead = "a transpose is written x.T" if "-" not in exponent else "a transposed inverse is inv(x).T"
                return f"x^{exponent if '-' in exponent else 'T'} is a power, as {taken}; {instead}"
        if one.text in REDUCTIONS and after.kind == "(" and _is_one(tokens[place + 2 :]):
            shape = f"--shape {' '.join(f'{name}={_usual(name)}' for name in names[:2])}"
            return f"{one.text} of one number is that number, as {taken}; of vectors and matrices it is with {shape}"
        if one.text in OF_TWO and after.kind == "(" and tokens[place + 2].kind != "[":
            shape = f"--shape {' '.join(f'{name}=n' for name in names[:2])}"
            return f"{one.text} of two numbers is {OF_TWO[one.text]}, as {taken}; of vectors it is with {shape}"
    return ""


def _usual(name: str) -> str:
    return "m,n" if name[:1].isupper() else "n"


def _is_one(tokens: Sequence[Token]) -> bool:
    """Whether there is one argument, and no list, before the bracket that closes."""
    depth = 0
    for place, token in enumerate(tokens):
        if (not place and token.kind == "[") or (token.kind == "," and not depth):
            return False
        if token.kind in (")", "]") and not depth:
            return place > 0
        depth += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
    return False


def words(text: str, limits: Limits) -> tuple[Token, ...]:
    """The tokens of the text, with an `end` token last. Raises ExpressionError.

    What only tensors have is read here; the rest, in blanks' company, as in an expression of numbers.
    """
    rest, own = list(text), []
    for kind, found in _marks(text) if len(text) <= limits.length else ():
        token = _token(kind, found)
        if token is None:
            continue
        rest[token.start : token.end] = " " * (token.end - token.start)
        if token.kind:
            own.append(token)
    try:
        tokens = tokenize("".join(rest), limits)
    except ExpressionError as error:
        at = text[error.position or 0 : (error.position or 0) + 1]
        raise ExpressionError(INSTEAD.get(at, error.message), source=text, position=error.position) from None
    return (*sorted([*own, *tokens[:-1]], key=lambda token: token.start), Token("end", "", len(text), len(text)))


def _marks(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for found in re.finditer(_MARK, text, re.VERBOSE):
        kind = str(found.lastgroup)
        if kind == "attribute" and not _is_attribute(text, found):
            continue
        if kind == "string" and not _is_text(text, found):
            continue
        yield kind, found


def _is_attribute(text: str, found: re.Match[str]) -> bool:
    """Whether it is one that is read: x.T, x.sum(…), x.shape[0]."""
    word = found["word"]
    after = text[found.end() :].lstrip()[:1]
    return word in TRANSPOSES or (after == "(" and is_method(word)) or (word == "shape" and after == "[")


def is_method(word: str) -> bool:
    """Whether a function may be called as a tensor's method."""
    return word in TENSOR_FUNCTIONS or word in FUNCTIONS or word in OF_PROGRAMS


def _is_text(text: str, found: re.Match[str]) -> bool:
    """Whether a text in quotes is einsum's, the kind of a norm, or what an argument is by its word."""
    inside, before = found[0][1:-1], text[: found.start()].rstrip()
    return before.endswith("=") or bool(re.search(r"einsum\s*\($", before)) or inside in ("fro", "inf")


def _token(kind: str, found: re.Match[str]) -> Token | None:
    """The token of a mark; None for one that expressions of numbers have; one without a kind for a library's name."""
    start, end, text = found.start(), found.end(), found[0]
    match kind:
        case "name" | "number":
            return None
        case "indexed":
            return Token("[", "[", end - 1, end)
        case "library":
            return Token("", "", start, end)
        case "constant":
            return Token("name", "None" if text == "newaxis" else text, start, end)
        case "attribute":
            return Token("attribute", found["word"], start, end)
        case "transpose":
            return Token("transpose", text, start, end)
        case "string":
            return Token("string", text[1:-1], start, end)
        case "bars":
            return Token(BARS, BARS, start, end)
        case "order":
            return Token("name", {"₁": "_1", "₂": "_2", "∞": "_inf"}[text], start, end)
        case "dotted":
            return Token(_DOTTED[text], _DOTTED[text], start, end)
        case "ellipsis":
            return Token("...", "...", start, end)
    return Token(text, text, start, end)
