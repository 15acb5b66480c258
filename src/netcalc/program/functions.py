"""A program's own functions, read anew with the values of each call."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.program.classes import BACKWARD, FORWARD
from netcalc.program.expressions import Expressions
from netcalc.program.frames import CallOf, Frame, arrays_in
from netcalc.program.modules import MissingWeight
from netcalc.program.scope import MAX_CALLS
from netcalc.program.source import LIBRARY, ProgramError
from netcalc.program.values import Class, Function, Record, Tensor


class Functions(Expressions):
    """Calls a program's own functions."""

    def function(self, called: Function, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """A def or a lambda, read with its arguments' values."""
        if any(frame.name == called.name and called.name != "lambda" for frame in self.frames):
            raise NetcalcError(f"{called.name} calls itself; write it as a loop")
        if len(self.frames) > MAX_CALLS:
            raise NetcalcError(f"calls nest at most {MAX_CALLS} deep")
        frame = Frame(called.frame, self.frame.level + 1, called.name)
        self._bind_arguments(called, args, keywords, frame)
        self.frames.append(frame)
        before, self.source = self.source, called.source or self.source
        no_grad = self.no_grad
        try:
            if isinstance(called.node, ast.Lambda):
                return self.value(called.node.body)
            self.count(node)
            for one in called.node.decorator_list:
                self.set_grad(one)
            return self._kept_call([*args, *keywords.values()], self.body(called.node.body))
        except ProgramError as error:
            if self.source.name != LIBRARY or isinstance(error, MissingWeight):
                raise
            raise NetcalcError(error.message.partition(": ")[2]) from None  # told where the program calls it
        finally:
            self.left = self.frames.pop()
            self.source, self.no_grad = before, no_grad

    def _kept_call(self, args: list[Any], outcome: Any) -> Any:
        """What a def gives; of one that returns a tuple it is kept, by the arrays behind the first."""
        if isinstance(outcome, tuple) and outcome and isinstance(outcome[0], Tensor):
            kept = tuple(one.node for one in arrays_in(outcome[1:]))
            if kept:
                given = tuple(one.node for one in arrays_in(args))
                self.calls.setdefault(kept, []).append(CallOf(given, outcome[0]))
        return outcome

    def set_grad(self, node: ast.expr) -> bool:
        """Whether an expression is torch.no_grad() or its like, and gradients are on or off from here on."""
        raise NotImplementedError

    def instance(self, of: Class, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """An object of a class, made by its __init__; what a function with a backward pass of its own gives."""
        made = Record(of=of)
        self.place = self.place or (self.source, self.reading)
        if of.is_function:
            self.applied.append(made)
            return self.of_object(made, FORWARD[0], args, keywords, node)
        if (first := of.parts.get("__init__")) is not None:
            made.is_of_library = isinstance(first, Function) and first.source.name == LIBRARY
            self.of_object(made, "__init__", args, keywords, node)
            return made
        values = dict(zip(of.fields, args, strict=False)) | keywords
        if len(args) > len(of.fields) or values.keys() - of.fields:
            takes = f"{', '.join(of.fields)}, each once" if of.fields else "no arguments"
            raise NetcalcError(f"{of.name} takes {takes}")
        if left := [field for field in of.fields if field not in (*values, *of.parts)]:
            raise NetcalcError(f"{of.name} lacks {', '.join(left)}")
        made.parts.update(values)
        return made

    def method_above(self, node: ast.expr) -> tuple[Function, Record] | None:
        """The method that super().name is, of the first class above that has it, and the object; None for others'."""
        match node:
            case ast.Attribute(ast.Call(ast.Name("super")), name):
                owner = next(iter(self.frame.values.values()), None)
            case _:
                return None
        if not isinstance(owner, Record):
            return None
        classes = [owner.of] if owner.of is not None else []
        for one in classes:
            classes += one.above
        place = next((n for n, one in enumerate(classes) if self.frame.name.startswith(f"{one.name}.")), len(classes))
        found = next((one.parts[name] for one in classes[place + 1 :] if name in one.parts), None)
        return (found, owner) if isinstance(found, Function) else None

    def of_object(self, owner: Record, name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """owner.name(…)."""
        assert owner.of is not None  # noqa: S101 - see the callers
        method = owner.of.parts[name]
        if name in FORWARD and BACKWARD in owner.of.parts:
            names = [one.arg for one in method.node.args.args][1 : len(args) + 1]
            args = [self._by_name(*pair) for pair in zip_longest(args, names, fillvalue="x")]
        first = owner.of if "classmethod" in method.decorators else owner
        if "staticmethod" not in method.decorators:
            args = [first, *args]
        outcome = self.function(method, args, keywords, node)
        if name in FORWARD:
            outcome = self._by_name(outcome, "out")
            owner.args, owner.outcome = (*args[1:], *keywords.values()), outcome
        return outcome

    def _by_name(self, value: Any, name: str) -> Any:
        """An array that has no name yet, such as what an expression gives, by this one."""
        if not self.draws or not isinstance(value, Tensor) or value.node.operation in (NAMED, INPUT):
            return value
        return self.named(name, value, getattr(self.reading, "lineno", 1), self.frame.level + 1)

    def body(self, statements: list[ast.stmt]) -> Any:
        """What a function's lines return."""
        raise NotImplementedError

    def _bind_arguments(self, called: Function, args: list[Any], keywords: Mapping[str, Any], frame: Frame) -> None:
        spec = called.node.args
        names = [one.arg for one in (*spec.posonlyargs, *spec.args)]
        if len(args) > len(names) and spec.vararg is None:
            raise NetcalcError(f"{called.name} takes {len(names)} argument{'s' * (len(names) != 1)}, not {len(args)}")
        values: dict[str, Any] = dict(zip(names, args, strict=False))
        if spec.vararg is not None:
            values[spec.vararg.arg] = tuple(args[len(names) :])
        extra: dict[str, Any] = {}
        only = [one.arg for one in spec.kwonlyargs]
        for word, value in keywords.items():
            if word in values:
                raise NetcalcError(f"{called.name} has '{word}' twice")
            if word not in (*names, *only) and spec.kwarg is None:
                raise NetcalcError(f"{called.name} has no argument '{word}'; it has {', '.join((*names, *only))}")
            (values if word in (*names, *only) else extra)[word] = value
        if spec.kwarg is not None:
            values[spec.kwarg.arg] = extra
        for name in (*names, *only):
            if name not in values:
                if name not in called.defaults:
                    raise NetcalcError(f"{called.name} lacks its argument '{name}'")
                values[name] = called.defaults[name]
                if isinstance(values[name], ProgramError):
                    raise values[name]
        frame.values |= values

    def defined(self, name: str, node: ast.FunctionDef | ast.Lambda) -> Function:
        """A function as it stands here, its defaults made now."""
        spec = node.args
        names = [one.arg for one in (*spec.posonlyargs, *spec.args)]
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        defaults |= {
            one.arg: default for one, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default
        }
        found: dict[str, Any] = {}
        for word, default in defaults.items():
            try:
                found[word] = self.value(default)
            except ProgramError as error:
                found[word] = error
        return Function(name, node, self.frame, self.source, found)
