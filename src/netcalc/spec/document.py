"""A file of keys and values, TOML or JSON, whose numbers stay as they are written and whose keys have lines."""

from __future__ import annotations

import bisect
import json
import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from netcalc.errors import FileError, ValueSyntaxError
from netcalc.files.source import read_text
from netcalc.records import NamedTuple

Place = Sequence[str | int]
MOST_PARTS = 50  # of a dotted key: what reads TOML takes time and memory by the square of them
PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
DEEP_KEY = re.compile(rf"(?<![\w.\-]){PART}(?:[ \t]*+\.[ \t]*+{PART}){{{MOST_PARTS},}}+")
SPACE = re.compile(r"[ \t\n\r]*")


class Document(NamedTuple):
    """What a file holds; `name` is what messages call it, and files that it names are found in `folder`.

    `decimal` is the decimal sign in those.
    """

    content: dict[str, Any]
    name: str
    folder: Path
    text: str = ""
    is_json: bool = False
    decimal: str = "."

    def where(self, place: Place) -> str:
        """`mazur.toml, line 7`: where a key stands, or the nearest of its tables that is there."""
        if not self.text:
            return self.name
        find = _json_line if self.is_json else _toml_line
        lines = (find(self.text, place[:length]) for length in range(len(place), 0, -1))
        line = next((line for line in lines if line), None)
        return f"{self.name}, line {line}" if line else self.name


def read_document(path_text: str, decimal: str = ".") -> Document:
    """The file at a path; `-` is standard input. `decimal` is the decimal sign in the files that it names.

    Raises FileError where it is neither TOML nor JSON, ValueSyntaxError for another sign.
    """
    return document(*read_text(path_text), path_text, decimal)


def document(text: str, name: str, path_text: str, decimal: str = ".") -> Document:
    """The text of a spec as a document. Raises FileError, ValueSyntaxError as `read_document` does."""
    if decimal not in (".", ","):
        raise ValueSyntaxError(f"decimal is . or , and not {decimal!r}")
    is_json = text.lstrip().startswith("{")
    if not is_json and path_text.endswith(".json"):
        raise FileError(f'{name} holds no JSON object: a spec is one, as in {{"layers": […]}}')
    try:
        content = (_json if is_json else _toml)(text, name)
    except RecursionError:
        raise FileError(f"{name}: it is nested too deeply") from None
    except ValueError:  # as Python refuses to read it
        raise FileError(f"{name}: a whole number is too long") from None
    folder = Path() if path_text == "-" else Path(path_text).parent
    return Document(content, name, folder, text, is_json, decimal)


def _toml(text: str, name: str) -> dict[str, Any]:
    if deep := DEEP_KEY.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise FileError(
            f"{name}, line {line}: a key of more than {MOST_PARTS} parts; no table here is nested so deeply"
        )
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        message = re.sub(r" \(at (line \d+), column \d+\)$", "", str(error))
        place = re.search(r"\(at (line \d+), column \d+\)$", str(error))
        quotes = "; a text stands in quotes" if message == "Invalid value" else ""
        raise FileError(f"{name}{', ' + place[1] if place else ''}: {_lower(message)}{quotes}") from None


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(
            text, parse_float=_decimal, parse_constant=_decimal, object_pairs_hook=once
        )
    except json.JSONDecodeError as error:
        raise FileError(f"{name}, line {error.lineno}: {_lower(error.msg)}") from None
    except TwiceError as error:
        raise FileError(f"{name}: the key '{error.args[0]}' is given twice") from None
    return content


class TwiceError(Exception):
    """A key that an object has twice."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object that has each key once. Raises TwiceError."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise TwiceError(key)
        found[key] = value
    return found


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond all bounds: its text is refused where the number is read
        return Decimal("nan")


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _toml_line(text: str, place: Place) -> int | None:
    """The line on which a key first appears: what stands before it parses without it, and with it has it.

    A part of the file that ends with a statement is a file too, so tomllib itself says where statements end.
    """
    lines = text.split("\n")

    def has(count: int) -> bool:
        for length in range(count, 0, -1):
            try:
                return _holds(tomllib.loads("\n".join(lines[:length]) + "\n"), place)
            except tomllib.TOMLDecodeError:
                continue
        return False

    end = bisect.bisect_left(range(len(lines) + 1), True, key=has)
    if end > len(lines):
        return None
    start = end - 1
    while start > 0 and not _parses(lines[:start]):
        start -= 1
    while start < end - 1 and re.fullmatch(r"\s*(#.*)?", lines[start]):
        start += 1
    return start + 1


def _parses(lines: Sequence[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines) + "\n")
    except tomllib.TOMLDecodeError:
        return False
    return True


def _holds(content: Any, place: Place) -> bool:
    for key in place:
        inside = (
            key in content if isinstance(content, dict) else isinstance(content, list) and key in range(len(content))
        )
        if not inside:
            return False
        content = content[key]
    return True


def _json_line(text: str, place: Place) -> int | None:
    """The line of a key, found by walking the text that has been read without an error before."""
    at = _after_space(text, 0)
    for depth, key in enumerate(place):
        found = _json_member(text, at, key)
        if found is None:
            return None
        start, at = found
        if depth == len(place) - 1:
            return text.count("\n", 0, start) + 1
    return None


def _json_member(text: str, at: int, key: str | int) -> tuple[int, int] | None:
    """Where a member begins, at its key in an object, and where its value does."""
    if text[at] != ("{" if isinstance(key, str) else "["):
        return None
    decoder, number, at = json.JSONDecoder(), 0, _after_space(text, at + 1)
    while text[at] not in "]}":
        start, name = at, number
        if isinstance(key, str):
            name, at = decoder.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        if key == name:
            return start, at
        at = _after_space(text, decoder.raw_decode(text, at)[1])
        at = _after_space(text, at + 1) if text[at] == "," else at
        number += 1
    return None


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at
