"""Expressions of a program, read: names, numbers, operators, subscripts, attributes, comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.expression import Constant
from netcalc.graph import build as b
from netcalc.graph.sizes import Letters, total
from netcalc.program import indexing
from netcalc.program.library.elementwise import MINUS_INFINITY
from netcalc.program.library.table import Pair
from netcalc.program.operators import SIGNS, binary, compared, missing, unary
from netcalc.program.scope import Scope
from netcalc.program.source import ProgramError, exact_number
from netcalc.program.values import (
    Function,
    LibraryFunction,
    Method,
    Missing,
    Module,
    Opaque,
    Record,
    Tensor,
    described,
    is_scalar,
)

CONSTANTS = {
    "pi": Constant("pi"),
    "e": Constant("e"),
    "inf": Constant("inf"),
    "Inf": Constant("inf"),
    "NINF": MINUS_INFINITY,
    "newaxis": None,
}
OPAQUE = frozenset(
    [
        "float32",
        "float64",
        "float16",
        "bfloat16",
        "double",
        "half",
        "int32",
        "int64",
        "long",
        "int8",
        "uint8",
        "bool",
        "bool_",
        "int_",
        "float_",
        "complex64",
        "strided",
        "contiguous_format",
        "dtype",
        "device",
        "float",
        "int",
    ]
)
KNOWN_MODULES: dict[str, Module] = {
    "np": Module("numpy"),
    "numpy": Module("numpy"),
    "torch": Module("torch"),
    "jnp": Module("jax.numpy"),
    "jax": Module("jax"),
    "math": Module("math"),
    "F": Module("torch.nn.functional"),
    "nn": Module("torch.nn"),
}
PARTS = frozenset(
    [
        "nn",
        "functional",
        "linalg",
        "numpy",
        "special",
        "fft",
        "random",
        "lax",
        "scipy",
        "stats",
        "math",
        "autograd",
        "ops",
        "testing",
        "init",
        "utils",
        "data",
        "tree_util",
        "cuda",
        "backends",
        "mps",
        "amp",
        "distributions",
    ]
)
REFUSED: dict[type[ast.expr], str] = {
    ast.NamedExpr: "an assignment within an expression is not understood; write it on a line of its own",
    ast.Await: "await is not understood",
    ast.Yield: "yield is not understood; append to a list",
    ast.YieldFrom: "yield is not understood; append to a list",
    ast.Set: "a set is not understood; write a list",
    ast.SetComp: "a set is not understood; write a list",
}


class Expressions(Scope):
    """Gives expressions their values. Every NetcalcError leaves with its place in the file."""

    def value(self, node: ast.expr) -> Any:
        """What an expression is."""
        handler: Callable[[Any], Any] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            said = REFUSED.get(type(node), "this is not understood")
            raise self.source.error(said, node)
        try:
            return self.checked(handler(node))
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, node) from None

    def values(self, nodes: list[ast.expr]) -> list[Any]:
        """What expressions in a row are, starred ones opened."""
        found: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += self.items(self.value(node.value))
            else:
                found.append(self.value(node))
        return found

    def items(self, value: Any) -> list[Any]:
        """The items of what can be gone through. Raises NetcalcError."""
        match value:
            case range() if len(value) > 100_000:
                raise NetcalcError(f"{len(value):,} items are more than are gone through here")
            case list() | tuple() | range() | str():
                return list(value)
            case dict():
                return list(value)
            case Tensor() if value.rank:
                many = value.shape[0]
                if not isinstance(many, int):
                    raise NetcalcError(f"the size {many} has to be a number to go through; say it with --shape")
                if many > 20_000:
                    raise NetcalcError(f"{many:,} items are more than are gone through here")
                return [indexing.read(self, value, n) for n in range(many)]
            case Missing(name):
                raise NetcalcError(missing(self, name))
            case _:
                raise NetcalcError(f"{described(value)} cannot be gone through item by item")

    def truth(self, value: Any) -> bool:
        """Whether a test holds. Raises NetcalcError where that depends on values."""
        if isinstance(value, Tensor):
            known = self.counted(value)
            if known is None or known.size != 1:
                raise NetcalcError("this depends on values; write np.where(condition, a, b) instead")
            self.index(value)
            return bool(known.reshape(-1)[0])
        if isinstance(value, Letters):
            return True
        if isinstance(value, Missing):
            raise NetcalcError(missing(self, value.name))
        if is_scalar(value) and not isinstance(value, int | Fraction):
            return True
        return bool(value)

    # --- leaves

    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool | str) or node.value is None or node.value is Ellipsis:
            return node.value
        if isinstance(node.value, int | float):
            return exact_number(self.source, node)
        raise NetcalcError(f"a number of the kind {type(node.value).__name__} is not understood")

    def _name(self, node: ast.Name) -> Any:
        found = self.lookup(node.id)
        if isinstance(found, Missing) and self.has_builtin(node.id):
            return LibraryFunction(node.id, Module("builtins"))
        if isinstance(found, Missing) and node.id in KNOWN_MODULES:
            return KNOWN_MODULES[node.id]
        if isinstance(found, Tensor) and found.stale is not None:
            where, name = found.stale
            raise self.source.error(
                f"this changes '{node.id}' too, a part of '{name}' that line {node.lineno} uses; take "
                f"{node.id} as a .copy()",
                where,
            )
        return found

    def has_builtin(self, name: str) -> bool:
        """Whether Python itself has a function of that name that is understood."""
        raise NotImplementedError

    def _joinedstr(self, _: ast.JoinedStr) -> str:
        return "…"

    # --- containers

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.values(node.elts))

    def _list(self, node: ast.List) -> Any:
        return self.values(node.elts)

    def _dict(self, node: ast.Dict) -> Any:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found |= self.value(value)
            else:
                found[self._key(self.value(key))] = self.value(value)
        return found

    def _key(self, value: Any) -> Any:
        if isinstance(value, str | int | Fraction | tuple) or value is None:
            return value
        raise NetcalcError("a dictionary's keys are texts or numbers")

    def _slice(self, node: ast.Slice) -> slice:
        return slice(*(None if one is None else self.value(one) for one in (node.lower, node.upper, node.step)))

    def _listcomp(self, node: ast.ListComp) -> list[Any]:
        return [self.value(node.elt) for _ in self._rounds(node.generators)]

    def _generatorexp(self, node: ast.GeneratorExp) -> list[Any]:
        return [self.value(node.elt) for _ in self._rounds(node.generators)]

    def _dictcomp(self, node: ast.DictComp) -> dict[Any, Any]:
        return {self._key(self.value(node.key)): self.value(node.value) for _ in self._rounds(node.generators)}

    def _rounds(self, generators: list[ast.comprehension]) -> Iterator[None]:
        """Once for each round of a comprehension, with its names set."""
        first, *rest = generators
        for item in self.items(self.value(first.iter)):
            self.count(first.iter)
            self.store(first.target, item, named=False)
            if all(self.truth(self.value(test)) for test in first.ifs):
                if rest:
                    yield from self._rounds(rest)
                else:
                    yield None

    def store(self, target: ast.expr, value: Any, *, named: bool = True) -> None:
        """Assign to a target."""
        raise NotImplementedError

    def _lambda(self, node: ast.Lambda) -> Function:
        return Function("lambda", node, self.frame)

    # --- operators

    def _binop(self, node: ast.BinOp) -> Any:
        """A chain to the left is read from its beginning, so that a long sum nests no deeper than a short one."""
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        found = self.value(spine[-1].left)
        for one in reversed(spine):
            right = self.value(one.right)
            try:
                found = self.checked(binary(self, SIGNS[type(one.op)], found, right))
            except ProgramError:
                raise
            except NetcalcError as error:
                raise self.source.error(error.message, one) from None
        return found

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return unary(self, node.op, self.value(node.operand), self.truth)

    def _boolop(self, node: ast.BoolOp) -> Any:
        for one in node.values[:-1]:
            value = self.value(one)
            if self.truth(value) == isinstance(node.op, ast.Or):
                return value
        return self.value(node.values[-1])

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        found: Any = True
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            one = compared(self, operator, left, right)
            found = one if found is True else found and one if isinstance(found, bool) else self._both(found, one)
            left = right
        return found

    def _both(self, one: Any, other: Any) -> Any:
        return binary(self, "&", one, other)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.truth(self.value(node.test)) else node.orelse)

    # --- parts

    def _subscript(self, node: ast.Subscript) -> Any:
        owner = self.value(node.value)
        key = self.value(node.slice)
        return self.part(owner, key)

    def part(self, owner: Any, key: Any) -> Any:
        """owner[key]."""
        match owner:
            case Tensor():
                return indexing.read(self, owner, key)
            case Missing() if isinstance(key, str):
                return self.member(key)
            case Method(Tensor() as array, "at"):
                return Method((array, key), "at")
            case Missing(name):
                raise NetcalcError(missing(self, name))
            case dict():
                if self._key(key) not in owner:
                    return self.member(key) if isinstance(key, str) else self._no_key(owner, key)
                return owner[key]
            case list() | tuple() | str() | range():
                return self._of_list(owner, key)
            case Opaque() | LibraryFunction():
                return owner  # list[int] in a hint
            case _:
                raise NetcalcError(f"{described(owner)} has no parts")

    def _no_key(self, owner: dict[Any, Any], key: Any) -> Any:
        raise NetcalcError(f"the dictionary has no {key!r}; it has {', '.join(map(repr, owner))}")

    def _of_list(self, owner: Any, key: Any) -> Any:
        if isinstance(key, Tensor):
            known = self.known(key)
            if known is None or known.size != 1:
                raise NetcalcError("which item this is depends on values")
            self.index(key)
            key = int(known.reshape(-1)[0])
        if isinstance(key, slice):
            return owner[
                slice(*(None if one is None else self._whole_key(one) for one in (key.start, key.stop, key.step)))
            ]
        place = self._whole_key(key)
        if not -len(owner) <= place < len(owner):
            raise NetcalcError(f"item {place} is not there: it has {len(owner)}")
        return owner[place]

    def _whole_key(self, key: Any) -> int:
        if isinstance(key, int):
            return key
        raise NetcalcError(f"{described(key)} is no item's place")

    def member(self, name: str) -> Any:
        """params['W1'], p.W1 and self.W1: the input W1."""
        if name in self.given:
            return self.input(name)
        if name in self.top.values:
            return self.top.values[name]
        raise NetcalcError(missing(self, name))

    # --- attributes

    def _attribute(self, node: ast.Attribute) -> Any:
        return self.attribute(self.value(node.value), node.attr)

    def attribute(self, owner: Any, name: str) -> Any:
        """owner.name. Raises NetcalcError for one that is not understood."""
        if name.startswith("__"):
            raise NetcalcError(f"'{name}' is not understood")
        match owner:
            case Module():
                return self._of_module(owner, name)
            case Tensor():
                return self._of_array(owner, name)
            case Missing():
                return self.member(name)
            case Record():
                return owner.parts[name] if name in owner.parts else self.member(name)
            case Pair() if name in ("values", "indices"):
                return owner[name == "indices"]
            case Pair() if name in ("sign", "logabsdet"):
                return owner[name == "logabsdet"]
            case list() | dict() | str() | LibraryFunction():
                return Method(owner, name)
            case tuple() if name == "numel":
                return Method(owner, name)
            case Opaque():
                return Opaque(name)
            case _ if is_scalar(owner):
                return self._of_array(Tensor(b.number_of(_tree(owner))), name)
        raise NetcalcError(f"{described(owner)} has no '{name}' that is understood")

    def _of_module(self, module: Module, name: str) -> Any:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name == "nan":
            raise NetcalcError("nan is no number")
        if name == "finfo":
            return LibraryFunction(name, module)
        if self.function_named(name, module):
            return LibraryFunction(name, module)
        if name in PARTS:
            return Module(f"{module.path}.{name}")
        if name in OPAQUE:
            return Opaque(name)
        return LibraryFunction(name, module)

    def function_named(self, name: str, module: Module) -> bool:
        """Whether a library's function is understood."""
        raise NotImplementedError

    def _of_array(self, owner: Tensor, name: str) -> Any:
        match name:
            case "T":
                return Tensor(b.transpose(owner.node), owner.kind, owner.buffer)
            case "mT" | "H" | "mH":
                return Tensor(b.swapped(owner.node), owner.kind, owner.buffer)
            case "shape":
                return tuple(owner.shape)
            case "ndim":
                return owner.rank
            case "size" if self.library != "torch":
                return total(owner.shape)
            case "data":
                return Tensor(b.detached(owner.node), owner.kind, owner.buffer)
            case "real":
                return owner
            case "dtype" | "device" | "is_cuda" | "requires_grad":
                return Opaque(name)
            case "grad":
                raise NetcalcError("a gradient is what netcalc derives; leave the backward pass out")
            case _:
                return Method(owner, name)


def _tree(value: Any) -> Any:
    from netcalc.program.values import tree_of

    return tree_of(value)
