"""What a name in a program stands for: tensors, exact numbers, sizes, and what Python has besides."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from netcalc.arrays import from_list
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Constant, Number, Tree
from netcalc.graph import build as b
from netcalc.graph.leaves import EYE, TRIANGLE
from netcalc.graph.node import Node
from netcalc.graph.product import as_number
from netcalc.graph.sizes import Letters, Unknown, settled, written
from netcalc.records import NamedTuple, dataclass

LIBRARIES = frozenset({"numpy", "torch", "jax", "math", "scipy", "autograd", "cupy", "optax"})
MAX_ENTRIES = 100_000_000  # of one array
KINDS = ("bool", "int", "whole", "float")  # each holds those before it; whole: inputs given as 1,2, which may be floats
REALS = frozenset({"whole", "float"})  # what may be differentiated


class Cell:
    """The memory of an array of one number, such as np.zeros(()): it is written in place, where a number is not."""


@dataclass(eq=False)
class Tensor:
    """A node of the graph. `kind` is one of KINDS.

    `buffer` stands for its memory, which a view shares with what it is a view of; `cells` is the shape of that and the
    part of it that this is: None of the whole, () where part or order are not known. `stale` is where a later line
    changed them under another name.
    """

    node: Node
    kind: str = "float"
    buffer: object = field(default_factory=object)
    cells: Any = None
    zero: bool | np.ndarray = False  # the entries that are known to be 0
    level: int = 0  # of the call whose line named it
    is_named: bool = False  # this very array is what a name stands for, and no copy or view of it
    stale: tuple[ast.AST, str] | None = None

    @property
    def shape(self) -> tuple[Any, ...]:
        """Its sizes."""
        return tuple(map(settled, self.node.shape))

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return self.node.rank


@dataclass(frozen=True)
class Missing:
    """A name that is not assigned and has no value yet: its parts may be inputs, as in params['W1'] and self.W1."""

    name: str


@dataclass(frozen=True)
class Module:
    """A library, or a part of one: `numpy.linalg`."""

    path: str

    @property
    def library(self) -> str:
        """Whose meaning its functions have."""
        root = self.path.partition(".")[0]
        return {"cupy": "numpy", "autograd": "numpy", "optax": "jax"}.get(root, root)


@dataclass(eq=False)
class Function:
    """A `def` or a `lambda`, which is read anew where it is called; `frame` is where it stands, `source` its text.

    `defaults` are its arguments' own values, made once where it stands; one that could not be read is its error.
    """

    name: str
    node: ast.FunctionDef | ast.Lambda
    frame: Any
    source: Any = None
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def decorators(self) -> set[str]:
        """What stands before a def: staticmethod, torch.no_grad()."""
        return {ast.unparse(one) for one in getattr(self.node, "decorator_list", ())}


@dataclass(frozen=True)
class LibraryFunction:
    """A function of a library as a value: `act = torch.tanh`."""

    name: str
    module: Module


@dataclass(frozen=True)
class Method:
    """A method as a value: `add = acts.append`."""

    owner: Any
    name: str


class Partial(NamedTuple):
    """A function with its first arguments: functools.partial(np.sum, axis=0)."""

    function: Any
    args: tuple[Any, ...]
    keywords: dict[str, Any]


class Mapped(NamedTuple):
    """A function of a batch, by that of a sample: jax.vmap(f); `axes` are those of its arguments."""

    function: Any
    axes: Any


class Derived(NamedTuple):
    """A function's gradient as a function: jax.grad(f), by some of its arguments; of jax.vjp's these are the values."""

    how: str
    function: Any
    argnums: Any
    has_aux: bool


class Configured(NamedTuple):
    """A layer of PyTorch's without weights, with its settings: nn.Softmax(dim=-1)."""

    name: str
    args: tuple[Any, ...]
    keywords: dict[str, Any]


class Chain(NamedTuple):
    """Layers one after the other: nn.Sequential(nn.Linear(…), nn.ReLU())."""

    layers: tuple[Any, ...]


@dataclass(frozen=True)
class Opaque:
    """What is of no account here: a dtype, a device, a generator."""

    name: str


@dataclass(eq=False)
class Class:
    """A class of the program: its methods, and what its lines set, by name; `fields` are those that say a type alone.

    Of a dataclass or a NamedTuple they are what its objects are made of.
    """

    name: str
    parts: dict[str, Any]
    fields: tuple[str, ...] = ()
    above: tuple[Class, ...] = ()  # those that it goes on from
    is_function: bool = False  # of PyTorch's or of JAX's: a call of it is its forward pass


@dataclass(eq=False)
class Record:
    """An object with attributes that the program sets: `cache.x = x`; it may be `of` a class.

    `args` are what its forward pass was called with last, `outcome` what that gave.
    """

    parts: dict[str, Any] = field(default_factory=dict)
    of: Class | None = None
    args: tuple[Any, ...] = ()
    outcome: Any = None
    is_of_library: bool = False  # nn.Linear, whose text is the package's


def check_sizes(value: Tensor) -> None:
    """Raises ShapeError for a size below 0, NetcalcError for an array that is too large."""
    if any(isinstance(size, int) and size < 0 for size in value.shape):
        raise ShapeError(f"a size is 0 or more, and this would be {written(value.shape)}")
    entries = prod(size for size in value.shape if isinstance(size, int))
    if entries > MAX_ENTRIES:
        raise NetcalcError(f"an array of {written(value.shape)} has {entries:,} entries; netcalc takes {MAX_ENTRIES:,}")


def is_scalar(value: Any) -> bool:
    """Whether it is an exact number."""
    return isinstance(value, int | Fraction | Constant | Apply | Number)


def is_size(value: Any) -> bool:
    """Whether it is the size of an axis: a whole number, or letters."""
    return (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, Letters | Unknown)


def tree_of(value: Any) -> Tree:
    """An exact number as a formula."""
    if isinstance(value, int | Fraction):
        return Number(Fraction(value))
    assert isinstance(value, Constant | Apply | Number)  # noqa: S101 - see is_scalar
    return value


def node_of(value: Any) -> Node:
    """A value as a node. Raises NetcalcError for what is no number or array of numbers."""
    if isinstance(value, Tensor):
        return value.node
    if is_scalar(value):
        return b.number_of(_in_range(tree_of(value)))
    if isinstance(value, Letters | Unknown):
        return b.size(value)
    if isinstance(value, np.ndarray):
        return b.array(value)
    if isinstance(value, list | tuple | range):
        return of_list(list(value))
    raise NetcalcError(f"{described(value)} is no number or array of numbers")


def _in_range(tree: Tree) -> Tree:
    """A number that float64 has. Raises NetcalcError."""
    if isinstance(tree, Number) and abs(tree.value) >= 2**1024:
        raise NetcalcError("a number is beyond the range of float64, which ends at 1.8e308")
    return tree


def of_list(values: list[Any]) -> Node:
    """A list as an array: of numbers exactly, of tensors stacked."""
    if not values:
        return b.array(np.zeros(0))
    entries = _entries(values)
    if entries is not None:
        flat, shape = entries
        if all(isinstance(one, int) for one in flat) and all(abs(one) < 2**62 for one in flat):
            return b.array(np.array(flat, dtype=np.int64).reshape(shape))
        return b.array(from_list([_in_range(tree_of(one)) for one in flat], shape))
    return b.stack([node_of(one) for one in values])


def _entries(values: list[Any]) -> tuple[list[Any], tuple[int, ...]] | None:
    """The numbers of nested lists and their shape; None where a tensor is among them."""
    if all(is_scalar(one) for one in values):
        return values, (len(values),)
    if not all(isinstance(one, list | tuple | range) for one in values):
        return None
    rows = [_entries(list(one)) for one in values]
    if any(row is None for row in rows):
        return None
    shapes = {row[1] for row in rows if row}
    if len(shapes) != 1:
        raise ShapeError("the rows of this array differ in length")
    return [one for row in rows if row for one in row[0]], (len(rows), *shapes.pop())


def described(value: Any) -> str:
    """What a value is, in words."""
    match value:
        case Tensor():
            return "an array"
        case None:
            return "None"
        case bool():
            return str(value)
        case str():
            return f"the text {value[:20]!r}"
        case list() | tuple() | dict():
            return f"a {type(value).__name__}"
        case Missing(name):
            return f"'{name}', which has no value,"
        case Module(path):
            return f"the module {path}"
        case Record(_, Class(name)):
            return f"an object of {name}"
        case Class(name):
            return f"the class {name}"
        case Function(name) | LibraryFunction(name) | Method(_, name):
            return f"the function {name}"
        case _ if is_scalar(value) or is_size(value):
            return "a number"
        case slice():
            return "a slice"
        case _:
            return "this"


def kind_named(dtype: Any) -> str | None:
    """float, int or bool: what a dtype says, np.float64, int, 'bool'; None where it says nothing."""
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", "")
    for kind, words in (("bool", ("bool",)), ("int", ("int", "long")), ("float", ("float", "double", "half"))):
        if any(word in name for word in words):
            return kind
    return None


def widest(kinds: Iterable[str]) -> str:
    """The kind that holds them all."""
    return max(kinds, key=KINDS.index)


def check_fits(kind: str, own: str) -> None:
    """Raises NetcalcError for what an array of booleans or integers does not hold: NumPy truncates it, or refuses."""
    if kind in ("bool", "int") and own != "whole" and KINDS.index(own) > KINDS.index(kind):
        raise NetcalcError(
            "an array of integers takes no decimals: make it of floats, as np.zeros(…) is"
            if kind == "int"
            else "an array of booleans takes no numbers: make it of floats, as np.zeros(…) is"
        )


def stored(kind: str, value: Any) -> Node:
    """What an array of a kind holds of a value that is assigned to its entries. Raises NetcalcError for a decimal."""
    if kind == "bool" and kind_of(value) != "bool":
        return b.compared("unequal", node_of(value), b.number(0))
    if not (isinstance(value, Fraction) and value.denominator == 1):
        check_fits(kind, kind_of(value))
    return node_of(value)


def as_bool(x: Tensor) -> Tensor:
    """Where an array is not 0; ones and zeros are that themselves."""
    node = x.node
    if as_number(node) in (0, 1) or node.operation in (EYE, TRIANGLE):
        return Tensor(node, "bool")
    return Tensor(b.compared("unequal", x.node, b.number(0)), "bool")


def kind_of(value: Any) -> str:
    """One of KINDS."""
    if isinstance(value, Tensor):
        return value.kind
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | Letters | range):
        return "int"
    if isinstance(value, list | tuple) and value:
        return widest(map(kind_of, value))
    return "float"
