"""Choices and constants as Python and SymPy write them: `a if c else b`, Piecewise(…), E for e."""

from __future__ import annotations

import re
from collections.abc import Container

from netcalc.outside import cut_at_commas

MARKS = re.compile(r"[(\[{]|[)\]}]|\b(?:if|else)\b")
PIECEWISE = re.compile(r"(?:sp\.|sympy\.)?Piecewise\(")
COMPARED = re.compile(r"\s*([^<>=]+?)\s*(<=|>=|<|>)\s*([^<>=]+?)\s*")
OTHERWISE = {"<": (">=", ">"), ">": ("<=", "<"), "<=": (">",), ">=": ("<",)}
E = r"(?<![\w.])E(?![\w.(\[])"
BASE = rf"{E}(?=\s*(?:\*\*|\^)\s*(?![-−]?\s*\d|T\b)\S)"  # of a power whose exponent is a formula


def spelled(text: str, names: Container[str], *, is_free: bool) -> str:
    """A formula with `where` for choices, and with e for E; of a power alone where E is not `is_free` for it."""
    if "E" in text and "E" not in names:
        text = re.sub(E if is_free else BASE, "e", text)
    if "Piecewise" in text and "Piecewise" not in names:
        text = _in_pieces(text)
    return _chosen(text) if "else" in text else text


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
        end, depth = found.end(), 1
        while depth and end < len(text):
            depth += (text[end] in "([{") - (text[end] in ")]}")
            end += 1
        written = _where(cut_at_commas(text[found.end() : end - 1])) if not depth else None
        if written is None:
            return text
        text = text[: found.start()] + written + text[end:]
    return text


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
