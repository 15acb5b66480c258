"""Memory that a backward pass shares: what a line changes under another name, and calls that may change an array."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.leaves import without_name
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT
from netcalc.graph.shaping import RESHAPE
from netcalc.program import indexing
from netcalc.program.frames import arrays_in, overlap
from netcalc.program.statements import Statements
from netcalc.program.training import PASSED_OVER
from netcalc.program.values import Function, LibraryFunction, Method, Module, Opaque, Record, Tensor

# Functions of the libraries, and methods of arrays, that change an array they are given.
CHANGING = frozenset(
    "put place copyto putmask fill_diagonal put_along_axis at shuffle sort partition fill resize itemset setfield "
    "byteswap setflags swap".split()
)
HARMLESS = frozenset(  # modules, and names that people give to what shows or keeps numbers
    "np numpy torch F nn jnp jax math scipy plt ax axs axes fig sns wandb log logger logging writer json time".split()
)
OF_SOME = frozenset("max min amax amin argmax argmin ptp median".split())  # of one entry or more
LARGEST = (2**53 - 1) * 2**971  # float64's
NAMES_ALONE = (LibraryFunction, Module, Opaque, Method)  # values of which nothing is known but what they are called


class Sharing(Statements):
    """Reads lines that may write into an array under another name: what that makes of the array, or that it is lost."""

    held: dict[str, list[Tensor]]

    def lose(self, name: str, where: ast.AST, said: str, *, is_told: bool) -> Any:
        """What stands in place of an array of which nothing is known from here on."""
        raise NotImplementedError

    def carried(self, name: str, value: Tensor, where: ast.AST, through: str) -> Tensor:
        """An array by its name as a line makes it under the name `through`, if that may go on as another gradient."""
        raise NotImplementedError

    def is_gradient(self, name: str) -> bool:
        """Whether a name is that of a gradient which is judged."""
        raise NotImplementedError

    def changed(self, old: Tensor, key: Any, where: ast.AST, name: str, new: Node) -> None:  # noqa: ARG002 - see Scope
        """What else has memory that a line changes goes on as what it is now, where that is known."""
        own = "" if "(" in name else re.split(r"[.\[]", name)[0]
        said = f"this changes '{{}}' too, whose memory '{name}' shares"

        def after(other: str, value: Tensor) -> Any:
            is_same = value is old or (
                value.cells is None and old.cells is None and without_name(value.node) is without_name(old.node)
            )
            is_step = self.is_gradient(own)
            found: Tensor | None = None
            if is_same:  # dz = dh; dz *= …
                found = Tensor(new, value.kind, value.buffer, value.cells)
            elif not value.cells and not old.cells:
                node = _through(value.node, old.node, new) or _back_through(old.node, value.node, new)
                found = None if node is None else Tensor(node, value.kind, value.buffer)
            elif old.cells and value.cells is None and tuple(value.shape) == tuple(old.cells[0]):
                found = indexing.written_into(self, value, indexing.part_of(self, value, old.cells[1]), new)
                found = Tensor(found.node, value.kind, value.buffer)
            elif old.cells is None and value.cells:
                found = indexing.read(self, Tensor(new, value.kind, value.buffer), value.cells[1])
            elif old.cells and value.cells and not overlap(value.cells, old.cells[1]):
                return value
            if found is None:
                return self.lose(other, where, said.format(other), is_told=not is_step)
            return self.carried(other, found, where, name if is_same else "")

        self._each_sharing(old, own, after)

    def _each_sharing(self, old: Tensor, own: str, after: Callable[[str, Tensor], Any]) -> None:
        """Replace what shares an array's memory, in every name and container, but the array itself under `own`."""
        frames, target = self.frames, next((one for one in reversed(self.frames) if own in one.values), None)
        taken = {name for frame in frames for name in frame.values}
        try:
            for place, frame in enumerate(frames):
                self.frames = frames[: place + 1]
                for name, value in list(frame.values.items()):
                    skip = old if frame is target and name == own else None
                    if isinstance(value, Tensor):
                        if value.buffer is old.buffer and value is not skip:
                            frame.values[name] = after(name, value)
                    elif any(one.buffer is old.buffer for one in arrays_in(value)):
                        frame.values[name] = _replaced(value, old, skip, name, after)
            self.frames = frames[:1]
            for name, value in list(self.inputs.items()):
                if name not in taken and name != own and value.buffer is old.buffer:
                    self.top.values[name] = after(name, value)
        finally:
            self.frames = frames

    # --- what is not read

    def lose_what_changes(self, node: ast.stmt, said: str, *, is_told: bool) -> None:
        """Nothing is known from here on of arrays that a statement which is not read may change."""
        called = [self._found(one.func.id) for one in ast.walk(node) if _calls_a_name(one)]  # type: ignore[attr-defined]
        for name in {name for one in called if isinstance(one, Function) for name in _shared_names(one.node)}:
            self.frame.values[name] = self.lose(name, node, said, is_told=is_told)
        arrays = [one for name in dict.fromkeys(self._may_change(node)) for one in arrays_in(self._found(name))]
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            if isinstance(target, ast.Attribute | ast.Subscript):
                held = self.held.setdefault(next(_names(target), ""), [])
                arrays += held if _writes(node) else []
                held += [one for name in _names(node.value) for one in arrays_in(self._found(name))]
        for array in arrays:
            self._each_sharing(array, "", lambda other, _: self.lose(other, node, said, is_told=is_told))

    def _found(self, name: str) -> Any:
        """What a name stands for, known or not."""
        frame = self.frame_of(name)
        return frame.values[name] if frame is not None else self.inputs.get(name)

    def _may_change(self, node: ast.AST) -> Iterator[str]:
        """The names of arrays that calls and lines within a statement may change."""
        if isinstance(node, ast.Assert | ast.FunctionDef | ast.ClassDef):
            return
        match node:
            case ast.Call(called, args, keywords) if not self._is_harmless(called):
                for one in (*args, *(word.value for word in keywords)):
                    yield from _names(one)
                if isinstance(called, ast.Attribute) and (called.attr in CHANGING or called.attr.endswith("_")):
                    yield from _names(called.value)
            case ast.AugAssign(ast.Name(name)):
                yield from () if self.is_gradient(name) else (name,)
            case ast.For(_, iterated, body) if any(_writes(one) for one in body):
                yield from _names(iterated)
        match node:
            case ast.Call(_, _, keywords):
                yield from (name for word in keywords if word.arg == "out" for name in _names(word.value))
        for inner in ast.iter_child_nodes(node):
            yield from self._may_change(inner)

    def _is_harmless(self, called: ast.expr) -> bool:
        """Whether a call that is not read leaves the arrays that it is given as they are."""
        if isinstance(called, ast.Name):
            found = self._found(called.id)
            if isinstance(found, Function):
                body = found.node.body if isinstance(found.node.body, list) else [found.node.body]
                return not any(_writes(one) for one in body) and not any(
                    isinstance(one, ast.Call)
                    and not (isinstance(one.func, ast.Name) and one.func.id == called.id)
                    and not self._is_harmless(one.func)
                    for line in body
                    for one in ast.walk(line)
                )
            if isinstance(found, LibraryFunction) and found.module.library != "numpy":
                return called.id not in CHANGING and not called.id.endswith("_")
            return called.id in PASSED_OVER or hasattr(builtins, called.id)
        if not isinstance(called, ast.Attribute):
            return False
        if called.attr in CHANGING or called.attr.endswith("_"):
            return False
        root = called.value
        while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name):
            return isinstance(root, ast.Constant)
        if called.attr in self.own_functions:
            return False
        is_array = self.is_gradient(root.id) or isinstance(self._found(root.id), Tensor)
        return is_array or root.id in HARMLESS or called.attr in PASSED_OVER

    # --- what is not known

    def truth(self, value: Any) -> bool:
        """Whether a test holds. Raises NetcalcError where that is not known."""
        if isinstance(value, NAMES_ALONE):
            raise NetcalcError("whether this holds is not known here")
        return super().truth(value)

    def _compare(self, node: ast.Compare) -> Any:
        if any(isinstance(self.value(one), NAMES_ALONE) for one in (node.left, *node.comparators)):
            raise NetcalcError("whether this holds is not known here")
        return super()._compare(node)

    def checked(self, value: Any) -> Any:
        """An array that there is. Raises NetcalcError."""
        number: Any = getattr(value.node.params, "number", 0) if isinstance(value, Tensor) else value
        if isinstance(number, int | Fraction) and abs(number.numerator) > LARGEST * number.denominator:
            raise NetcalcError("this number is larger than any that float64 has")
        return super().checked(value)

    def library_call(self, name: str, library: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        if name in OF_SOME and args and isinstance(args[0], Tensor) and 0 in args[0].shape:
            raise NetcalcError(f"{name} of an array without entries is not defined")
        found = super().library_call(name, library, args, keywords)
        first = args[0] if args else None
        if isinstance(found, Tensor) and isinstance(first, Tensor) and found is not first:
            return replace(found, cells=() if found.buffer is first.buffer else found.cells)
        return found


def _views(node: Node, whole: Node) -> list[Node] | None:
    """The views, such as .T and .ravel(), that lead from one array to the whole it is of, outermost first."""
    found = []
    while without_name(node) is not without_name(whole):
        node = without_name(node)
        if node.operation is not RESHAPE and not _is_turned(node):
            return None
        found.append(node)
        (node,) = node.args
    shaped = [n for n, one in enumerate(found) if one.operation is RESHAPE]
    is_copy = bool(shaped) and any(map(_is_turned, (*found[shaped[0] :], without_name(whole))))  # not in order there
    return None if is_copy else found


def _is_turned(node: Node) -> bool:
    """Whether a node is another with its axes in another order."""
    params = node.params
    is_alone = node.operation is PRODUCT and len(node.args) == 1 and not params.summed and params.number == 1
    return is_alone and sorted(params.out) == sorted(params.letters[0]) and params.out != params.letters[0]


def _through(view: Node, whole: Node, new: Node) -> Node | None:
    """What a view of an array is when that has become another."""
    found = _views(view, whole)
    if found is None:
        return None
    for one in reversed(found):
        new = b.reshaped(new, one.shape) if one.operation is RESHAPE else b.transpose(new, _order(one))
    return new


def _back_through(view: Node, whole: Node, new: Node) -> Node | None:
    """What an array is when a view of it has become another."""
    found = _views(view, whole)
    if found is None:
        return None
    for one in found:
        order = [] if one.operation is RESHAPE else _order(one)
        back = sorted(range(len(order)), key=order.__getitem__)
        new = b.transpose(new, back) if order else b.reshaped(new, one.args[0].shape)
    return new


def _order(node: Node) -> list[int]:
    """The axes of an array in the order that a transpose has them."""
    return [node.params.letters[0].index(one) for one in node.params.out]


def _calls_a_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _shared_names(node: ast.AST) -> Iterator[str]:
    """The names around a function that it may assign."""
    for one in ast.walk(node):
        if isinstance(one, ast.Global | ast.Nonlocal):
            yield from one.names


def _names(node: ast.AST) -> Iterator[str]:
    return (one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _writes(node: ast.AST) -> bool:
    """Whether a line may write into an array that it has a name for."""
    return any(
        isinstance(one, ast.AugAssign | ast.Global | ast.Nonlocal)
        or (isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store))
        for one in ast.walk(node)
    )


def _replaced(value: Any, old: Tensor, skip: Tensor | None, name: str, after: Callable[[str, Tensor], Any]) -> Any:
    """A list, tuple, dictionary or object with what shares an array's memory replaced: all but tuples in place."""
    match value:
        case Tensor():
            return after(name, value) if value.buffer is old.buffer and value is not skip else value
        case list():
            value[:] = [_replaced(one, old, skip, f"{name}[…]", after) for one in value]
        case tuple():
            return tuple(_replaced(one, old, skip, f"{name}[…]", after) for one in value)
        case dict():
            for key, one in value.items():
                value[key] = _replaced(one, old, skip, f"{name}['{key}']", after)
        case Record():
            for key, one in value.parts.items():
                if isinstance(one, Tensor):  # an object may hold itself
                    value.parts[key] = _replaced(one, old, skip, f"{name}.{key}", after)
    return value
