"""Statements: assignments, loops unrolled, tests that are known, functions; and what is passed over."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph.node import Node
from netcalc.program.assignments import Assignments
from netcalc.program.conditions import PARTS
from netcalc.program.expressions import DEPENDS
from netcalc.program.frames import Frame
from netcalc.program.modules import fills_first, is_first_filled
from netcalc.program.source import ProgramError
from netcalc.program.training import CLIPS, MODES, PASSED_OVER, STEP, STEPS, TRAINS, clips, is_unread
from netcalc.program.values import (
    LIBRARIES,
    Chain,
    Class,
    Function,
    LibraryFunction,
    Module,
    Opaque,
    Record,
    Tensor,
)

MAX_ROUNDS = 1000  # of a while loop, whose end nothing tells before
GRADIENTS = {"no_grad": False, "inference_mode": False, "enable_grad": True, "set_grad_enabled": True}
HARMLESS_BLOCKS = frozenset({"errstate", "autocast"})
REFUSED: dict[type[ast.stmt], str] = {
    ast.Try: "try is not understood; write the lines themselves",
    ast.Raise: "the program raises an error here",
    ast.AsyncFunctionDef: "async is not understood; write a plain def",
    ast.AsyncFor: "async is not understood; write a plain for",
    ast.AsyncWith: "async is not understood",
    ast.Global: "global is not understood; return the value",
    ast.Nonlocal: "nonlocal is not understood; return the value",
    ast.Match: "match is not understood; write if and elif",
}
DECORATORS = frozenset(
    [
        "jit",
        "compile",
        "partial",
        "staticmethod",
        "classmethod",
        "script",
        "njit",
        "once_differentiable",
        "property",
        "cached_property",
        *GRADIENTS,
    ]
)


class Statements(Assignments):
    """Reads statements. A block's outcome is None, "break", "continue", or what it returns in a tuple of one."""

    def body(self, statements: list[ast.stmt]) -> Any:
        outcome = self.block(statements)
        return outcome[0] if isinstance(outcome, tuple) else None

    def block(self, statements: list[ast.stmt]) -> Any:
        """Read lines one after the other, up to a return, a break or a continue."""
        for one in statements:
            outcome = self.statement(one)
            if outcome is not None:
                return outcome
        return None

    def statement(self, node: ast.stmt) -> Any:
        """Read one statement."""
        handler: Callable[[Any], Any] | None = getattr(self, f"_{type(node).__name__.lower()}_statement", None)
        if handler is None:
            raise self.source.error(REFUSED.get(type(node), "this is not understood"), node)
        self.count(node)
        self.reading = node
        try:
            return handler(node)
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, node) from error

    # --- what is passed over

    def _pass_statement(self, _: ast.Pass) -> None:
        """Nothing."""

    def _assert_statement(self, _: ast.Assert) -> None:
        """Nothing in it is evaluated."""

    def _import_statement(self, node: ast.Import) -> None:
        for one in node.names:
            path = one.name if one.asname else one.name.partition(".")[0]
            self.frame.values[one.asname or path] = Module(path)

    def _importfrom_statement(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            if one.name == "*":
                continue
            module = Module(node.module or "")
            self.frame.values[one.asname or one.name] = self._imported(module, one.name)

    def _imported(self, module: Module, name: str) -> Any:
        if module.path.partition(".")[0] not in LIBRARIES:
            return LibraryFunction(name, module)
        if name == "functional" or (name in ("numpy", "nn", "linalg", "special") and "." not in name):
            return Module(f"{module.path}.{name}")
        return self.attribute(module, name)

    def _delete_statement(self, node: ast.Delete) -> None:
        for one in node.targets:
            if isinstance(one, ast.Name):
                self.frame.values.pop(one.id, None)

    def _with_statement(self, node: ast.With) -> Any:
        before = self.no_grad
        for one in node.items:
            name = _called_name(one.context_expr)
            if not self.set_grad(one.context_expr) and name not in HARMLESS_BLOCKS:
                raise self.source.error("'with' is not understood; write its lines themselves", node)
        try:
            return self.block(node.body)
        finally:
            self.no_grad = before

    def set_grad(self, node: ast.expr) -> bool:
        is_on = GRADIENTS.get(_called_name(node))
        if is_on is None:
            return False
        if isinstance(node, ast.Call):
            for one in (*node.args, *(word.value for word in node.keywords)):
                is_on = is_on == self.truth_of(one)
        said = ast.unparse(node).removesuffix("()")
        self.no_grad = "" if is_on else f"line {node.lineno}: no gradient flows through what is made under {said}"
        return True

    # --- expressions by themselves

    def _expr_statement(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Constant):
            return
        if isinstance(value, ast.Call):
            if self.is_passed_over(value):
                self._trains(_called_name(value), node)
                return
            if self.set_grad(value) or self.added_at(value) or is_first_filled(self, value):
                return
            match value:
                case ast.Call(ast.Attribute(owner, "register_parameter"), [ast.Constant(str() as name), made]):
                    target = ast.copy_location(ast.Attribute(owner, name, ast.Store()), value)
                    self._assign_statement(ast.copy_location(ast.Assign([target], made), node))
                    return
        if self.guards:
            raise NetcalcError(DEPENDS)
        self.value(value)

    def is_passed_over(self, node: ast.Call) -> bool:
        called = node.func
        if isinstance(called, ast.Name):
            return called.id in PASSED_OVER and not isinstance(self.lookup(called.id), Function)
        if not isinstance(called, ast.Attribute):
            return False
        if called.attr == "__init__":  # of super(), or of a class above by its name
            return self.method_above(called) is None
        if called.attr in PASSED_OVER or called.attr == STEP:
            return called.attr not in self.own_functions
        if called.attr == "apply":  # of a model: first values
            owner = self.value(called.value)
            return isinstance(owner, Record) and owner.of is not None and "apply" not in owner.of.parts
        if called.attr in MODES:
            return not isinstance(self.value(called.value), Record | Chain)
        root = called.value
        while isinstance(root, ast.Attribute):
            root = root.value
        found = self.value(root) if isinstance(root, ast.Name) else None
        return isinstance(found, Opaque) or (isinstance(found, Module) and is_unread(found.path))

    def _trains(self, called: str, node: ast.stmt) -> None:
        """A step after which the weights are others is told, and refused where the pass goes on with them."""
        if called == STEP and self.loops > 1:
            raise NetcalcError(STEPS)
        if called in TRAINS:
            self.training.add(node.lineno)
        if called == STEP and self.first_step is None:
            self.first_step = len(self.assigned)

    # --- control

    def _if_statement(self, node: ast.If) -> Any:
        if _is_main_guard(node.test):
            return None
        self.reading = node.test
        test = self._tested(node.test)
        if isinstance(test, bool):
            return self.block(node.body if test else node.orelse)
        depth = len(self.guards)
        try:
            self.enter(node, "test")
            for part, block in zip(PARTS, (node.body, node.orelse, []), strict=True):
                self.enter(node, part)
                if self.block(block) is not None:
                    raise self.source.error(DEPENDS, node.test)
        finally:
            del self.guards[depth:]
        return None

    def _tested(self, test: ast.expr) -> bool | Node:
        try:
            return self.tested(test)
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, test) from None

    def truth_of(self, test: ast.expr) -> bool:
        """Whether a test holds, told where it stands."""
        self.reading = test
        value = self.value(test)
        try:
            return self.truth(value)
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, test) from None

    def _for_statement(self, node: ast.For) -> Any:
        if clips(node):
            self._trains(CLIPS, node)
            return None
        if fills_first(self, node):
            return None
        iterable = self.value(node.iter)
        many = iterable.shape[0] if isinstance(iterable, Tensor) and iterable.rank else 1
        many = len(iterable) if isinstance(iterable, range | list | tuple) else many
        with self.repeated(node, many if isinstance(many, int) else 1, len(node.body)):
            for item in self.items(iterable):
                self.next_item(node, item)
                outcome = self.block(node.body)
                if outcome == "break":
                    return None
                if isinstance(outcome, tuple):
                    return outcome
        return self.block(node.orelse)

    def next_item(self, node: ast.For, item: Any) -> None:
        """Give a loop's name what it stands for the next time."""
        self.store(node.target, item, named=not isinstance(item, Tensor))

    def _while_statement(self, node: ast.While) -> Any:
        """A loop whose test is known each time; `while True` is refused at once."""
        if isinstance(node.test, ast.Constant):
            raise NetcalcError("a while loop without an end is not understood; write 'for i in range(3)'")
        rounds = 0
        while self.truth_of(node.test):
            self.count(node)
            rounds += 1
            if rounds > MAX_ROUNDS:
                raise NetcalcError(f"a while loop goes round at most {MAX_ROUNDS:,} times; write 'for i in range(3)'")
            outcome = self.block(node.body)
            if outcome == "break":
                return None
            if isinstance(outcome, tuple):
                return outcome
        return self.block(node.orelse)

    def _break_statement(self, _: ast.Break) -> str:
        return "break"

    def _continue_statement(self, _: ast.Continue) -> str:
        return "continue"

    def _return_statement(self, node: ast.Return) -> tuple[Any]:
        value = None if node.value is None else self.value(node.value)
        self.returned = node  # behind those of the defs that it calls
        return (value,)

    def _classdef_statement(self, node: ast.ClassDef) -> None:
        """Its lines are read here, its methods where they are called."""
        frame = Frame(self.frame, self.frame.level)
        fields: list[str] = []
        above = [own for one in node.bases if (own := self._class_of(one)) is not None]
        inherited: list[Any] = []
        for own in above:
            frame.values |= own.parts
            fields += own.fields
            inherited += own.parts.values()
        fields += [
            one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        ]
        self.frames.append(frame)
        try:
            self.block(node.body)
        finally:
            self.frames.pop()
        parts = {
            name: replace(one, name=f"{node.name}.{name}", frame=self.frame)
            if isinstance(one, Function) and not any(one is other for other in inherited)
            else one
            for name, one in frame.values.items()
        }
        from netcalc.program.applied import is_function

        own = Class(node.name, parts, tuple(dict.fromkeys(fields)), tuple(above), is_function(node))
        self.frame.values[node.name] = own

    def _class_of(self, base: ast.expr) -> Class | None:
        """A class that another goes on from: the program's own, or a layer of PyTorch's; None of others."""
        own = self.lookup(base.id) if isinstance(base, ast.Name) else None
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            own = self.value(base)
        if isinstance(own, LibraryFunction) and own.module.path.startswith("torch.nn"):
            from netcalc.program.written import written

            own = written(self, own.module.path, own.name)
        return own if isinstance(own, Class) else None

    def _functiondef_statement(self, node: ast.FunctionDef) -> None:
        for one in node.decorator_list:
            text = ast.unparse(one).partition("(")[0].rpartition(".")[2]
            if text not in DECORATORS:
                raise self.source.error(f"the decorator '{text}' is not understood; leave it out", one)
        self.frame.values[node.name] = self.defined(node.name, node)


def _called_name(node: ast.expr) -> str:
    """The last name of what is called: no_grad of torch.no_grad()."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
