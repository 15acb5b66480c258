"""The methods of lists, dictionaries and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError
from netcalc.program.builtins import whole
from netcalc.program.operators import MAX_LIST, there
from netcalc.program.texts import put_into

if TYPE_CHECKING:
    from netcalc.program.expressions import Expressions


def _of_list(reader: Expressions, owner: list[Any], name: str, args: list[Any], _: Mapping[str, Any]) -> Any:
    match name, args:
        case "append", [value]:
            owner.append(value)
        case "extend", [values]:
            owner += reader.items(values)
        case "insert", [place, value]:
            owner.insert(whole(reader, place), value)
        case "pop", places if len(places) < 2 and owner:
            return owner.pop(there(owner, whole(reader, places[0]) if places else -1))
        case "reverse", []:
            owner.reverse()
        case "copy", []:
            return list(owner)
        case "clear", []:
            owner.clear()
        case "index", [value] if value in owner:
            return owner.index(value)
        case _:
            raise NetcalcError(f"a list's '{name}' is not understood here")
    if len(owner) > MAX_LIST:
        raise NetcalcError(f"a list of {len(owner):,} entries is longer than netcalc takes")
    return None


def _of_dict(reader: Expressions, owner: dict[Any, Any], name: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    match name, args:
        case "items", []:
            return list(owner.items())
        case "keys", []:
            return list(owner)
        case "values", []:
            return list(owner.values())
        case "copy", []:
            return dict(owner)
        case "get" | "pop" | "setdefault", [key, *default]:
            if key in owner:
                return owner.pop(key) if name == "pop" else owner[key]
            value = default[0] if default else None
            if name == "setdefault":
                owner[key] = value
            return value
        case "update", others:
            for one in others:
                owner.update(one if isinstance(one, dict) else dict(reader.items(one)))
            owner.update(named)
            return None
    raise NetcalcError(f"a dictionary's '{name}' is not understood here")


def _of_text(reader: Expressions, owner: str, name: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    texts = [one for one in args if isinstance(one, str)]
    match name:
        case "format":
            return put_into(owner, args, named)
        case "lower" | "upper" | "strip":
            return getattr(owner, name)()
        case "startswith" | "endswith" if texts:
            return getattr(owner, name)(texts[0])
        case "split" if len(owner) < 10_000:
            return owner.split(texts[0]) if texts else owner.split()
        case "join" if args:
            return owner.join(one for one in reader.items(args[0]) if isinstance(one, str))[:MAX_LIST]
    raise NetcalcError(f"a text's '{name}' is not understood here")


METHODS_OF_LISTS: Mapping[type, Callable[..., Any]] = {list: _of_list, dict: _of_dict, str: _of_text}
