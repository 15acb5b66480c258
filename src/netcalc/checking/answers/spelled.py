"""Choices and constants as Python, SymPy and papers write them: `a if c else b`, Piecewise(…), 1[c], E for e."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from netcalc.outside import cut_at_commas

MARKS = re.compile(r"[(\[{]|[)\]}]|\b(?:if|else)\b")
PIECEWISE = re.compile(r"(?:sp\.|sympy\.)?Piecewise\(")
COMPARED = re.compile(r"\s*([^<>=]+?)\s*(<=|>=|<|>)\s*([^<>=]+?)\s*")
OTHERWISE = {"<": (">=", ">"), ">": ("<=", "<"), "<=": (">",), ">=": ("<",)}
E = r"(?<![\w.])E(?![\w.(\[])"
BASE = rf"{E}(?=\s*(?:\*\*|\^)\s*(?![-−]?\s*\d|T\b)\S)"  # of a power whose exponent is a formula
FRACTION = r"(^\s*[+\-−]?\s*|\(\s*|(?<=[\w)\]])\s*[+\-−]\s+)(\d+/\d+) +(?=[A-Za-zπ√(\\])"  # 3/4 e^x
CASES = re.compile(r"\\begin\s*\{cases\}(.*?)\\end\s*\{cases\}", re.DOTALL)
WORDS = r"\\(?:text|mathrm)\s*\{[^}]*\}|^\s*(?:if|for|when|otherwise|else)\b"
COMPARISON = re.compile(r"[<>≤≥]|\\(?:lt|gt)\b")
INDICATOR = re.compile(  # of a condition, 1 or 0; a step, of a number
    r"(?:(?<![\w.])(?P<word>I|int|float|bool|1)|𝟙|\\math(?:bb|bf|bbm|rm)\s*\{1\})\s*_?\s*(?=[\[({]|\\\{)"
    r"|(?<![\w.])(?P<step>(?:np\.|sp\.|sympy\.)?[hH]eaviside)(?=\()"
)
IN_PYTORCH = (  # and NumPy: methods of arrays as formulas have them
    (r"(?<![\w.])len\((\w+)\)", r"\1.shape[0]"),
    (r"\.size\((-?\d)\)", r".shape[\1]"),
    (r"\.t\(\)", ".T"),
    (r"\.(?:astype\([\w.]*\)|(?:float|int|long|double)\(\))", ""),
)
SWAPPED = re.compile(r"\b(\w+)\.transpose\(\s*0\s*,\s*1\s*\)")  # of two axes, as PyTorch has it


def spelled(text: str, names: Mapping[str, Sequence[object]], *, is_free: bool) -> str:
    """A formula with `where` for choices, and with e for E; of a power alone where E is not `is_free` for it."""
    if "E" in text and "E" not in names:
        text = re.sub(E if is_free else BASE, "e", text)
    for pattern, instead in IN_PYTORCH:
        text = re.sub(pattern, instead, text)
    text = SWAPPED.sub(lambda found: f"{found[1]}.T" if len(names.get(found[1], ())) == 2 else found[0], text)
    for command, sign in (("le", "<="), ("ge", ">=")):
        text = re.sub(rf"\\{command}(?:q|qslant)?(?![A-Za-z])", sign, text)
    text = CASES.sub(_of_cases, text)
    if "Piecewise" in text and "Piecewise" not in names:
        text = _in_pieces(text)
    text = re.sub(FRACTION, r"\1(\2)*", text)
    if INDICATOR.search(text):
        text = _indicated(text, names)
    return _chosen(text) if "else" in text else text


def _indicated(text: str, names: Container[str]) -> str:
    """1[q > 0], 𝟙(q > 0) and heaviside(q) as where(q > 0, 1, 0)."""
    done, place = "", 0
    while found := INDICATOR.search(text, place):
        start = found.end() + text.startswith("\\{", found.end())
        end = _closing(text, start)
        inside = text[start + 1 : end - 1].strip().removesuffix("\\")
        is_step = bool(found["step"]) and len(cut_at_commas(inside)) == 1
        if end and (is_step or (not found["step"] and COMPARISON.search(inside) and found["word"] not in names)):
            done += f"{text[place : found.start()]}where({inside}{' > 0' if is_step else ''}, 1, 0)"
            place = end
        else:
            done, place = done + text[place : found.end()], found.end()
    return done + text[place:]


def _closing(text: str, start: int) -> int:
    """The place after the bracket that closes the one at `start`; 0 where none does."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if not depth:
            return place + 1
    return 0


def _chosen(text: str) -> str:
    """`a if c else b` as where(c, a, b), in brackets too."""
    return ",".join(map(_of_one, cut_at_commas(text)))


def _of_one(text: str) -> str:
    built, marks, place, depth = "", list[tuple[str, int]](), 0, 0
    for found in MARKS.finditer(text):
        mark = found[0]
        if mark in "([{":
            if not depth:
                built, place = built + text[place : found.end()], found.end()
            depth += 1
        elif mark in ")]}":
            depth -= 1
            if not depth:
                built, place = built + _chosen(text[place : found.start()]) + mark, found.end()
        elif not depth:
            built += text[place : found.start()]
            marks.append((mark, len(built)))
            built, place = built + mark, found.end()
    built += text[place:]
    if depth or [mark for mark, _ in marks[:2]] != ["if", "else"]:
        return built
    (_, at), (_, then) = marks[:2]
    chosen, condition, other = built[:at], built[at + len("if") : then], built[then + len("else") :]
    return f"where({condition.strip()}, {chosen.strip()}, {_of_one(other.strip())})"


def _in_pieces(text: str) -> str:
    """Piecewise((a, c), (b, True)) as where(c, a, b); one that may be nothing at all stays as it is."""
    while found := PIECEWISE.search(text):
        end = _closing(text, found.end() - 1)
        written = _where(cut_at_commas(text[found.end() : end - 1])) if end else None
        if written is None:
            return text
        text = text[: found.start()] + written + text[end:]
    return text


def _of_cases(found: re.Match[str]) -> str:
    """LaTeX's cases as Piecewise."""
    rows = [row.partition("&") for row in found[1].split("\\\\") if row.strip()]
    pairs = [(value.rstrip(" ,"), re.sub(WORDS, "", rest.strip(" ,.;\n")).strip()) for value, _, rest in rows]
    return f"Piecewise({', '.join(f'({value}, {rest or True})' for value, rest in pairs)})"


def _where(pieces: list[str]) -> str | None:
    pairs = [cut_at_commas(piece.strip()[1:-1]) for piece in pieces]
    if any(len(pair) != 2 for pair in pairs) or not all(piece.strip().startswith("(") for piece in pieces):
        return None
    value, condition = pairs[-1]
    if condition.strip() != "True" and not (len(pairs) == 2 and _is_rest(pairs[0][1], condition)):
        return None
    written = f"({value.strip()})"
    for own, where in reversed(pairs[:-1]):
        written = f"where({where.strip()}, {own.strip()}, {written})"
    return written


def _is_rest(condition: str, other: str) -> bool:
    """Whether a comparison holds where another one doesn't, but for where both sides are equal."""
    one, two = COMPARED.fullmatch(condition), COMPARED.fullmatch(other)
    return bool(one and two and one[1] == two[1] and one[3] == two[3] and two[2] in OTHERWISE[one[2]])
