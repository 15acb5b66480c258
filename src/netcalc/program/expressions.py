"""Expressions of a program, read: names, numbers, operators, subscripts, attributes, comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.sizes import Letters
from netcalc.program import indexing
from netcalc.program.attributes import Attributes
from netcalc.program.frames import Frame
from netcalc.program.operators import SIGNS, binary, compared, missing, unary
from netcalc.program.source import ProgramError, exact_number
from netcalc.program.texts import UNKNOWN, formatted
from netcalc.program.values import (
    Function,
    LibraryFunction,
    Missing,
    Module,
    Record,
    Tensor,
    described,
    is_scalar,
    kind_of,
    node_of,
    widest,
)

DEPENDS = "this depends on values; write np.where(condition, a, b) instead"
KNOWN_MODULES: dict[str, Module] = {
    "np": Module("numpy"),
    "numpy": Module("numpy"),
    "torch": Module("torch"),
    "jnp": Module("jax.numpy"),
    "jax": Module("jax"),
    "math": Module("math"),
    "F": Module("torch.nn.functional"),
    "nn": Module("torch.nn"),
    "optim": Module("torch.optim"),
    "plt": Module("matplotlib.pyplot"),
}
REFUSED: dict[type[ast.expr], str] = {
    ast.NamedExpr: "an assignment within an expression is not understood; write it on a line of its own",
    ast.Await: "await is not understood",
    ast.Yield: "yield is not understood; append to a list",
    ast.YieldFrom: "yield is not understood; append to a list",
    ast.Set: "a set is not understood; write a list",
    ast.SetComp: "a set is not understood; write a list",
}


class Expressions(Attributes):
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
            raise self.source.error(error.message, node) from error

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
                    raise NetcalcError(
                        f"a loop is read round by round, and its length is the letter {many}: say it as a number "
                        "with --shape, or give values"
                    )
                if many > 20_000:
                    raise NetcalcError(f"{many:,} items are more than are gone through here")
                return [indexing.read(self, value, n) for n in range(many)]
            case Missing(name):
                said = f"; a list of layers is written out, as in {name} = [(W1, b1), (W2, b2)]"
                raise NetcalcError(missing(self, name) + said)
            case _:
                raise NetcalcError(f"{described(value)} cannot be gone through item by item")

    def truth(self, value: Any) -> bool:
        """Whether a test holds. Raises NetcalcError where that depends on values."""
        if isinstance(value, Tensor):
            known = self.counted(value)
            if known is None or known.size != 1:
                raise NetcalcError(DEPENDS)
            self.decide(value)
            return bool(known.reshape(-1)[0])
        if isinstance(value, Letters):
            return True
        if isinstance(value, Missing):
            raise NetcalcError(missing(self, value.name))
        if is_scalar(value) and not isinstance(value, int | Fraction):
            return True
        return bool(value)

    def depends(self, value: Any) -> bool:
        """Whether a test in a loop is one number that depends on values; elsewhere it would decide what the pass is."""
        if not isinstance(value, Tensor) or not all(isinstance(size, int) and size == 1 for size in value.shape):
            return False
        return self.rounds > 0 and self.counted(value) is None

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

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        return "".join(
            one.value if isinstance(one, ast.Constant) else self._formatted(one)  # type: ignore[misc]
            for one in node.values
        )

    def _formatted(self, node: ast.expr) -> str:
        """What stands in the braces of a text."""
        assert isinstance(node, ast.FormattedValue)  # noqa: S101 - there is nothing else
        try:
            form = "" if node.format_spec is None else self.value(node.format_spec)
            return formatted(self.value(node.value), form) if node.conversion < 0 else UNKNOWN
        except NetcalcError:
            return UNKNOWN

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

    def _slice(self, node: ast.Slice) -> slice:
        return slice(*(None if one is None else self.value(one) for one in (node.lower, node.upper, node.step)))

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        return self._comprehended(node.generators, lambda: self.value(node.elt))

    def _generatorexp(self, node: ast.GeneratorExp) -> list[Any]:
        return self._listcomp(node)

    def _dictcomp(self, node: ast.DictComp) -> dict[Any, Any]:
        return dict(
            self._comprehended(node.generators, lambda: (self._key(self.value(node.key)), self.value(node.value)))
        )

    def _comprehended(self, generators: list[ast.comprehension], item: Callable[[], Any]) -> list[Any]:
        """An item for each round of a comprehension, whose names are its own."""
        first = self.items(self.value(generators[0].iter))
        self.frames.append(Frame(self.frame, self.frame.level, self.frame.name))
        try:
            return [item() for _ in self._rounds(generators, first)]
        finally:
            self.frames.pop()

    def _rounds(self, generators: list[ast.comprehension], items: Sequence[Any]) -> Iterator[None]:
        """Once for each round, with the names set."""
        first, *rest = generators
        with self.repeated(first.iter, len(items)):
            for item in items:
                self.count(first.iter)
                self.store(first.target, item, named=False)
                if all(self.truth(self.value(test)) for test in first.ifs):
                    if rest:
                        yield from self._rounds(rest, self.items(self.value(rest[0].iter)))
                    else:
                        yield None

    def store(self, target: ast.expr, value: Any, *, named: bool = True) -> None:
        """Assign to a target."""
        raise NotImplementedError

    def _lambda(self, node: ast.Lambda) -> Function:
        return self.defined("lambda", node)

    def defined(self, name: str, node: ast.FunctionDef | ast.Lambda) -> Function:
        """A function of the program."""
        raise NotImplementedError

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
                found = self.made(self.checked(binary(self, SIGNS[type(one.op)], found, right)))
            except ProgramError:
                raise
            except NetcalcError as error:
                raise self.source.error(error.message, one) from error
        return found

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(value, Record) and value.of is not None and isinstance(node.op, ast.USub):
            return self.of_object(value, "__neg__", [], {}, node)
        return self.made(unary(self, node.op, value, self.truth))

    def _boolop(self, node: ast.BoolOp) -> Any:
        unknown, is_or = None, isinstance(node.op, ast.Or)
        for one in node.values:
            value = self.value(one)
            if self.depends(value):
                unknown = value if unknown is None else self._both(unknown, value, "&|"[is_or])
            elif (one is node.values[-1] and unknown is None) or self.truth(value) == is_or:
                return value
        return unknown

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        found: Any = True
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            one = compared(self, operator, left, right)
            found = one if found is True else found and one if isinstance(found, bool) else self._both(found, one)
            left = right
        return found

    def _both(self, one: Any, other: Any, sign: str = "&") -> Any:
        return binary(self, sign, one, other)

    def _ifexp(self, node: ast.IfExp) -> Any:
        test = self.value(node.test)
        if not self.depends(test):
            return self.value(node.body if self.truth(test) else node.orelse)
        both = [self.value(one) for one in (node.body, node.orelse)]
        if not all(isinstance(one, Tensor) or is_scalar(one) for one in both):
            raise NetcalcError(DEPENDS)
        found = b.where(b.reshaped(test.node, []), *map(node_of, both))
        return self.made(Tensor(found, widest(list(map(kind_of, both)))))

    # --- parts and attributes

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.part(self.value(node.value), self.value(node.slice))

    def _attribute(self, node: ast.Attribute) -> Any:
        return self.attribute(self.value(node.value), node.attr)
