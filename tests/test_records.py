"""Named tuples and data classes are those of the standard library, made faster: held to those, declaration by declaration."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing

import pytest

from netcalc import records

T = typing.TypeVar("T")


class Point(records.NamedTuple):
    x: int
    y: dict[str, int] = {}  # noqa: RUF012

    @property
    def double(self):
        return 2 * self.x


class Pair(records.NamedTuple, typing.Generic[T]):
    first: T


class Empty(records.NamedTuple):
    pass


@records.dataclass(frozen=True, slots=True)
class Frozen:
    x: int
    y: str = dataclasses.field(default="", compare=False)


@records.dataclass
class Open:
    x: int
    parts: list[int] = dataclasses.field(default_factory=list, repr=False)

    def __post_init__(self):
        self.x += 1


@records.dataclass(eq=False, repr=False)
class Plain:
    x: int


def test_named_tuple_is_a_tuple_with_names():
    one = Point(1)
    assert one == (1, {}) == Point(x=1) == Point(1, y={})
    assert (one.x, one.double, repr(one)) == (1, 2, "Point(x=1, y={})")
    assert (Point._fields, Point._field_defaults, Point.__match_args__) == (("x", "y"), {"y": {}}, ("x", "y"))
    assert one._replace(x=3) == Point(3) == Point._make([3, {}])
    assert one._asdict() == {"x": 1, "y": {}}
    assert Empty() == ()
    assert Pair[int](2).first == 2
    with pytest.raises(AttributeError):
        one.x = 2
    with pytest.raises(AttributeError):
        one.z = 2
    for wrong in (Point, lambda: Point(1, 2, 3), lambda: Point(1, z=2), lambda: one._replace(z=2)):
        with pytest.raises(TypeError):
            wrong()


def test_data_class_is_compared_shown_and_frozen():
    one = Frozen(1, "a")
    assert one == Frozen(1, "b") != Frozen(2, "a")
    assert hash(one) == hash(Frozen(x=1))
    assert one != (1, "a")
    assert repr(one) == "Frozen(x=1, y='a')"
    assert dataclasses.replace(one, x=5) == Frozen(5)
    assert dataclasses.asdict(one) == {"x": 1, "y": "a"}
    for change in (lambda: setattr(one, "x", 2), lambda: delattr(one, "x")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()


def test_data_class_that_is_not_frozen():
    one, other = Open(1), Open(1)
    one.parts.append(3)
    assert (one.x, one.parts, other.parts, repr(one)) == (2, [3], [], "Open(x=2)")
    assert one != other
    with pytest.raises(TypeError):
        hash(one)
    assert Plain(1) != Plain(1)
    assert isinstance(hash(Plain(1)), int)


@pytest.mark.parametrize("one", [Point(1), Frozen(1, "a"), Open(1), Pair(2)], ids=repr)
def test_records_are_pickled_and_copied(one):
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one  # noqa: S301
