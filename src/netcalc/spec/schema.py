"""A document checked against its published JSON Schema; what is wrong is told with its line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from netcalc.catalogue.names import unknown
from netcalc.errors import FileError, NetcalcError
from netcalc.records import NamedTuple
from netcalc.spec.document import Document, Place

KINDS: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float, Decimal),
    "integer": int,  # a document's 2.0 is a Decimal, which counts nothing
}


class Broken(NamedTuple):
    """What a document breaks: a rule of its schema, as the `definition` at a place has it, and the value there."""

    rule: str
    place: Place
    definition: Mapping[str, Any]
    value: Any


def schema(kind: str) -> dict[str, Any]:
    """The published schema of a kind of file, as JSON Schema (draft 7)."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name(f"{kind}.schema.json").read_text(encoding="utf-8"))
    return found


def check(document: Document, kind: str) -> None:
    """Raises UnknownNameError for a key that isn't there, FileError for a value of another form, with its line."""
    whole = schema(kind)
    if found := broken(whole, whole, document.content):
        raise _explained(document, whole, found)


def broken(whole: Mapping[str, Any], definition: Mapping[str, Any], value: Any, place: Place = ()) -> Broken | None:
    """The first rule that a value breaks, in the order of JSON Schema's validation (draft 7), of those that are used.

    None where it is as `definition`, a part of the schema `whole`, says.
    """
    definition = _resolved(whole, definition)
    rule = _broken_itself(whole, definition, value)
    if rule:
        return Broken(rule, place, definition, value)
    if isinstance(value, list) and "items" in definition:
        items = _resolved(whole, definition["items"])
        inner = (broken(whole, items, one, (*place, number)) for number, one in enumerate(value))
        return next(filter(None, inner), None)
    if isinstance(value, dict) and "properties" in definition:
        known = definition["properties"]
        inner = (broken(whole, known[key], value[key], (*place, key)) for key in known if key in value)
        unknown = not value.keys() <= known.keys() and not definition.get("additionalProperties", True)
        extra = Broken("additionalProperties", place, definition, value) if unknown else None
        return next(filter(None, inner), extra)
    return None


def _broken_itself(whole: Mapping[str, Any], definition: Mapping[str, Any], value: Any) -> str:
    """The rule on a value as a whole that it breaks, what is in it apart; nothing where it breaks none."""
    kinds = definition.get("type", ())
    allowed = tuple(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
    if allowed and (isinstance(value, bool) or not isinstance(value, allowed)):
        return "type"
    if "enum" in definition and value not in definition["enum"]:
        return "enum"
    if "anyOf" in definition and all(broken(whole, one, value) for one in definition["anyOf"]):
        return "anyOf"
    if "minimum" in definition and value < definition["minimum"]:
        return "minimum"
    if isinstance(value, list) and len(value) < definition.get("minItems", 0):
        return "minItems"
    if isinstance(value, dict) and not value.keys() >= set(definition.get("required", ())):
        return "required"
    return ""


def _resolved(whole: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition that a reference is to."""
    while "$ref" in definition:
        definition = whole["definitions"][definition["$ref"].rpartition("/")[2]]
    return definition


def _explained(document: Document, whole: Mapping[str, Any], found: Broken) -> NetcalcError:
    """What is wrong, in netcalc's words."""
    rule, place, definition, value = found
    known = definition.get("properties", {})
    unknown = [name for name in value if name not in known] if rule in ("additionalProperties", "required") else []
    if unknown:
        return _unknown_key(document, [*place, unknown[0]], list(known))
    if rule == "required":
        missing = next(name for name in definition["required"] if name not in value)
        return FileError(f"{document.where(place)}: {missing} is missing: {known[missing]['description']}")
    place = _outermost(whole, place)
    return FileError(f"{document.where(place)}: {spelled(place)} should be {_description(whole, place)}")


def _unknown_key(document: Document, place: Place, known: Sequence[str]) -> NetcalcError:
    error = unknown("key", str(place[-1]), known, f"the keys here are {', '.join(known)}")
    error.message = f"{document.where(place)}: {error.message}"
    return error


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
