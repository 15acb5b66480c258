"""A document checked against its published JSON Schema; what is wrong is told with its line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from netcalc.errors import FileError, NetcalcError, UnknownNameError
from netcalc.spec.document import Document, Place


class InvalidError(Exception):
    """A document that is not of its schema."""


def schema(kind: str) -> dict[str, Any]:
    """The published schema of a kind of file, as JSON Schema (draft 7)."""
    found: dict[str, Any] = json.loads(_text(kind))
    return found


def digest(kind: str) -> str:
    """What tells one state of a schema from another."""
    from hashlib import sha256

    return sha256(_text(kind).encode()).hexdigest()


def _text(kind: str) -> str:
    return Path(__file__).with_name(f"{kind}.schema.json").read_text(encoding="utf-8")


def check(document: Document, kind: str) -> None:
    """Raises UnknownNameError for a key that isn't there, FileError for a value of another form, with its line."""
    try:
        import_module(f"netcalc.spec.{kind}_schema").validate(document.content)
    except InvalidError:
        from fastjsonschema import JsonSchemaValueException, validate  # says what is wrong, and takes long to load

        try:
            validate(schema(kind), document.content, use_default=False)
        except JsonSchemaValueException as error:
            raise _explained(document, kind, error) from None
        raise


def _explained(document: Document, kind: str, error: Any) -> NetcalcError:
    """The exception in netcalc's words."""
    place = [int(part) if part.isdigit() else part for part in error.path[1:]]
    definition, value = error.definition, error.value
    if error.rule == "additionalProperties":
        key = next(name for name in value if name not in definition["properties"])
        return _unknown_key(document, [*place, key], list(definition["properties"]))
    if error.rule == "required" and (unknown := [name for name in value if name not in definition["properties"]]):
        return _unknown_key(document, [*place, unknown[0]], list(definition["properties"]))
    if error.rule == "required":
        missing = next(name for name in definition["required"] if name not in value)
        described = definition["properties"][missing]["description"]
        return FileError(f"{document.where(place)}: {missing} is missing: {described}")
    place = _outermost(schema(kind), place)
    return FileError(f"{document.where(place)}: {spelled(place)} should be {_description(schema(kind), place)}")


def _unknown_key(document: Document, place: Place, known: Sequence[str]) -> NetcalcError:
    from difflib import get_close_matches

    key = str(place[-1])
    spellings = {name.lower(): name for name in known}
    near = get_close_matches(key.lower(), spellings, n=1, cutoff=0.5)
    listing = f"the keys here are {', '.join(known)}"
    hint = f"did you mean '{spellings[near[0]]}'? ({listing})" if near else listing
    return UnknownNameError(f"{document.where(place)}: unknown key '{key}'; {hint}")


def spelled(place: Place) -> str:
    """`W of layer 1`, `input`: a place in words, layers counted from 1 as their names are."""
    if len(place) > 1 and place[0] == "layers" and isinstance(place[1], int):
        of = f"layer {place[1] + 1}"
        return f"{place[2]} of {of}" if len(place) > 2 else of
    return str(place[0]) if place else "the file"


def _outermost(whole: Mapping[str, Any], place: Place) -> list[str | int]:
    """The part of a place that the schema describes: an entry of W is wrong, and W is named."""
    found = [length for length in range(len(place) + 1) if _description(whole, place[:length])]
    return list(place[: max(found)])


def _description(whole: Mapping[str, Any], place: Place) -> str:
    node: Mapping[str, Any] = whole
    for key in place:
        inner = node.get("properties", {}).get(key) if isinstance(key, str) else node.get("items")
        if inner is None:
            return ""
        reference = inner.get("$ref", "").rpartition("/")[2]
        node = {**(whole["definitions"][reference] if reference else {}), **inner}
    return str(node.get("description", ""))
