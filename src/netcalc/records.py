"""Named tuples and data classes: declared, typed and used as those of `typing` and `dataclasses`, and made faster.

A run makes a hundred of them. The standard library compiles the type of every field, or every method apart, which is an
eighth of a short run; here a class compiles what it needs at once, and shares the rest with the others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from operator import attrgetter, itemgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["NamedTuple", "dataclass"]

MISSING = dataclasses.MISSING
Space = dict[str, Any]


class Tuple(tuple[Any, ...]):
    """What all named tuples can do."""

    __slots__ = ()
    _fields = tuple[str, ...]()  # no annotation, which would be another field

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Any:
        return cls(*values)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, **named: Any) -> Any:
        values = tuple(map(named.pop, self._fields, self))
        if named:
            raise TypeError(f"{type(self).__name__} has no {', '.join(named)}")
        return self._make(values)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return _shown(self, self._fields)


class OfTuple(type):
    """Of a class whose base is NamedTuple, makes a class of tuples whose entries have names."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: Space) -> Any:
        fields = tuple(space.get("__annotations__", ()))
        defaults = {field: space[field] for field in fields if field in space}
        template = _constructor_of(len(fields))
        code = template.__code__.replace(co_name="__new__", co_varnames=("cls", *fields))
        new = FunctionType(code, template.__globals__, "__new__", tuple(defaults.values()))
        space |= {field: property(itemgetter(place)) for place, field in enumerate(fields)}
        space |= {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
        space |= {"__slots__": (), "__new__": new}
        return type(name, tuple(Tuple if isinstance(base, OfTuple) else base for base in bases), space)


@lru_cache(maxsize=64)
def _constructor_of(fields: int) -> FunctionType:
    """The `__new__` of so many fields, compiled once; those of a class differ in their fields' names alone."""
    listing = "".join(f"_{place}, " for place in range(fields))
    made: FunctionType = eval(f"lambda cls, {listing}: new(cls, ({listing}))", {"new": tuple.__new__})  # noqa: S307
    return made


def _dataclass(
    cls: Any = None,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - as it is called in dataclasses
) -> Any:
    if cls is None:
        return partial(_dataclass, frozen=frozen, slots=slots, eq=eq, repr=repr)
    own = frozenset(vars(cls))
    made: Any = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=slots)
    fields = dataclasses.fields(made)
    space: Space = {"put": object.__setattr__, "MISSING": MISSING}
    lines = _constructor(fields, space, frozen=frozen, ends=hasattr(cls, "__post_init__"))
    exec("\n".join(lines), space)  # noqa: S102 - our names
    methods: Space = {"__init__": space["__init__"]}
    if eq:
        methods["__eq__"], by_entries = _comparison([field.name for field in fields if field.compare])
        methods["__hash__"] = by_entries if frozen else None
    if repr:
        listed = [field.name for field in fields if field.repr]
        methods["__repr__"] = lambda self: _shown(self, listed)
    if frozen:
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse, "__setstate__": _restore}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _constructor(fields: Sequence[dataclasses.Field[Any]], space: Space, *, frozen: bool, ends: bool) -> Iterator[str]:
    """The lines of `__init__`; what they need goes into `space`."""
    parameters, values = [], {}
    for field in fields:
        name = values[field.name] = field.name
        if field.default_factory is not MISSING:
            space[f"make_{name}"] = field.default_factory
            values[name] = f"make_{name}() if {name} is MISSING else {name}"
            name += "=MISSING"
        elif field.default is not MISSING:
            space[f"default_{name}"] = field.default
            name += f"=default_{name}"
        parameters.append(name)
    yield f"def __init__(self, {', '.join(parameters)}):"
    for name, value in values.items():
        yield f" put(self, {name!r}, {value})" if frozen else f" self.{name} = {value}"
    yield " self.__post_init__()" if ends else " return"


def _comparison(names: Sequence[str]) -> tuple[Callable[[Any, Any], Any], Callable[[Any], int]]:
    """`__eq__` and `__hash__`."""
    entries: Callable[[Any], Any] = attrgetter(*names) if names else type

    def is_equal(self: Any, other: Any) -> Any:
        return entries(self) == entries(other) if other.__class__ is self.__class__ else NotImplemented

    return is_equal, lambda self: hash(entries(self))


def _shown(record: Any, fields: Sequence[str]) -> str:
    entries = ", ".join(f"{field}={getattr(record, field)!r}" for field in fields)
    return f"{type(record).__qualname__}({entries})"


def _refuse(record: Any, name: str, *_: Any) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to {name} of {type(record).__name__}")


def _restore(record: Any, state: Any) -> None:
    """Fill in what was pickled: the attributes, or those with slots in a pair with those without."""
    for part in state if isinstance(state, tuple) else (state,):
        for name, value in (part or {}).items():
            object.__setattr__(record, name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass
    from typing import NamedTuple
else:
    NamedTuple = type.__new__(OfTuple, "NamedTuple", (), {})
    dataclass = _dataclass
