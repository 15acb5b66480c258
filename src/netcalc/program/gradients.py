"""A backward pass as people code it, read beside its forward pass: which line gives which gradient."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.leaves import NAMED
from netcalc.program.answers import base, entries_of, given_to, kept_in, names_in
from netcalc.program.both import loss_in
from netcalc.program.classes import BACKWARD, FORWARD
from netcalc.program.frames import arrays_in
from netcalc.program.keeping import Keeping
from netcalc.program.objects import run_back
from netcalc.program.reading import Program
from netcalc.program.scope import MAX_STATEMENTS
from netcalc.program.source import ProgramError, parse
from netcalc.program.steps import BLOCKS
from netcalc.program.training import clips
from netcalc.program.values import Function, Record, Tensor, is_scalar, node_of
from netcalc.program.versions import Pass, Unit, stops_python

RUN = frozenset({"backward", "step", "zero_grad", "zero_"})  # calls that change gradients or weights as they run


class GradientReader(Keeping):
    """Reads a backward pass with the names of its forward pass, statement by statement."""

    def run(self, body: list[ast.stmt]) -> None:
        """Read a pass, statement by statement."""
        defs = [one for node in body for one in ast.walk(node) if isinstance(one, ast.FunctionDef | ast.Lambda)]
        inner = {id(one) for node in defs for one in ast.walk(node)}
        names = [one for node in body for one in ast.walk(node) if isinstance(one, ast.Name) and id(one) not in inner]
        for name in names:
            if isinstance(name.ctx, ast.Store):
                self.assigned_at[name.id] = min(name.lineno, self.assigned_at.get(name.id, name.lineno))
        self.passes[self.frame.level] = self.read_so_far.whole
        self._units(body, self.read_so_far.whole)

    def _hold_returned(self, statements: list[ast.stmt], within: Pass) -> None:
        """What a method returns is the gradient of what its object's forward pass was called with, in order."""
        made = next((one for one in self.frame.values.values() if isinstance(one, Record)), None)
        forward = (
            next((made.of.parts[one] for one in FORWARD if made.of and one in made.of.parts), None) if made else None
        )
        if made is None or not isinstance(forward, Function) or not self.frame.name.endswith(f".{BACKWARD}"):
            return
        names = [one.arg for one in forward.node.args.args][1:]
        known = [
            (name, self.held_to(name, one.node) or "" if isinstance(one, Tensor) else "")
            for name, one in zip(names, made.args, strict=False)
        ]
        within.returned = tuple(known)
        for one in (node for line in statements for node in ast.walk(line) if isinstance(node, ast.Return)):
            parts = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
            while len(parts) > len(known) and isinstance(parts[-1], ast.Constant) and parts[-1].value is None:
                parts.pop()  # of arguments that have no gradient
            if len(parts) not in (1, len(known)):
                within.returned = ()
                return
            for part, (name, key) in zip(parts, known, strict=False):
                own = base(part.id, {*names, *self._arrays()} - {part.id}) if isinstance(part, ast.Name) else None
                if isinstance(part, ast.BinOp | ast.UnaryOp):
                    within.unfinished.add(key)
                if isinstance(part, ast.Name) and key and own in (name, None):
                    within.of[part.id] = key  # type: ignore[index]
                    within.last_alone.add(part.id)

    def _returned(self, node: ast.Return, value: ast.expr, within: Pass) -> tuple[Any]:
        """What a method returns, each part that is no name as the gradient that it is."""
        parts = list(value.elts) if isinstance(value, ast.Tuple) else [value]
        found = []
        for place, part in enumerate(parts):
            name, key = within.returned[place] if place < len(within.returned) else ("", "")
            found.append(self._returned_part(node, part, name, key) if key else self.value(part))
        return (tuple(found),) if isinstance(value, ast.Tuple) else (found[0],)

    def _returned_part(self, node: ast.Return, part: ast.expr, name: str, key: str) -> Any:
        label = f"d{name}"
        if label in self.frame.values:
            label += "'"
        before, self.target = self.target, part
        try:
            own = self.value(part)
            known = {one.node for one in self.read_so_far.versions if one.within is self.here} | self.corrections
            if is_scalar(own) or (isinstance(own, Tensor) and own.node not in known):
                self.here.of[label] = key  # type: ignore[index, union-attr]
                own = self.bind(label, Tensor(node_of(own)), node.lineno)
        except NetcalcError as error:
            told = error if isinstance(error, ProgramError) else self.source.error(error.message, part)
            if not stops_python(told) and not stops_python(error):
                raise
            self.here.of[label] = key  # type: ignore[index, union-attr]
            self._misfit(label, key, told, part)
            return self.frame.values[label]
        else:
            return own
        finally:
            self.target = before

    def of_object(self, owner: Record, name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        if name == BACKWARD and self.is_own and args and isinstance(args[0], Tensor):
            out = owner.outcome[0] if isinstance(owner.outcome, tuple) and owner.outcome else owner.outcome
            args = [self._passed(out, args[0], node), *args[1:]]
        return super().of_object(owner, name, args, keywords, node)

    def _passed(self, out: Any, value: Tensor, node: ast.AST) -> Tensor:
        """What a backward pass that is called is given: the gradient of what its forward pass gave."""
        key = self.held_to("out", out.node) if isinstance(out, Tensor) else None
        within = self.here
        if key is None or within is None or not within.units or not isinstance(node, ast.Call) or not node.args:
            return value
        if value.node.operation is NAMED and value.shape != out.shape and value.node in self.program.named.values():
            return value  # loss.backward(probs, y)
        before, self.target = self.target, node.args[0]
        label = given_to(node)
        made = b.named(label, value.node, self.first_moment + len(self.read_so_far.versions))
        self._add(label, key, made, "")
        self.target = before
        self.read_so_far.versions[-1].is_passed = True  # see Version.key
        if (label, self.counts[label]) in self.corrected:
            made = self._true(label, key)
        return Tensor(made, value.kind)

    def run_layers(self) -> None:
        """Read the backward pass of every object that stands alone."""
        self.passes[self.frame.level] = self.read_so_far.whole
        for layer in self.program.layers:
            key = self.held_to(layer.of.name, layer.output)
            above = self.upstream if key is None else self.true_of(key) or self.upstream
            try:
                run_back(self, layer, Tensor(above))
            except NetcalcError as error:
                self.read_so_far.notes.append(f"{layer.of.name}.backward is not judged: {error.message}")

    def begin(self, node: ast.stmt) -> None:
        """Take what is read from here on for lines of the pass, the first of them this one."""
        self.passes[self.frame.level] = self.read_so_far.whole
        self.read_so_far.whole.units = [Unit(node, 0)]

    def _units(self, body: list[ast.stmt], within: Pass) -> Any:
        for one in body:
            within.units.append(Unit(one, len(within.steps)))
            outcome = self.tried(one)
            if outcome is not None:
                return outcome
        return None

    def function(self, called: Function, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        is_text = called.source is not None and called.source.text == self.read_so_far.source.text
        if called.node in self.redefined:
            source, made = self.redefined[called.node]
            called = replace(called, node=made, source=source)
        made = Pass(of={}) if self.keeps_steps and self.is_own and is_text else None
        for within in self.passes.values() if made is not None else ():
            within.calls.append((len(within.steps) - 1, called.node, made))
        self.entered.append(None if called.name.endswith(FORWARD) else made)
        if is_text and self.is_own and not called.name.endswith(FORWARD):
            args = self._of_forward_call(made or Pass(of={}), args, node)
        before = self.reading
        try:
            return super().function(called, args, keywords, node)
        finally:
            self.entered.pop()
            self.reading = before

    def _of_forward_call(self, within: Pass, args: list[Any], node: ast.AST) -> list[Any]:
        """The arguments of a def that is given what a call of the forward pass kept: the first is its gradient."""
        calls = self.program.reader.calls if self.program.reader is not None else {}
        for one in args[1:]:
            kept = tuple(array.node for array in arrays_in(one))
            found = calls.get(kept, []) if kept else []
            if len(found) == 1:
                within.forward = found[0]
                return [self._passed(found[0].out, args[0], node), *args[1:]] if isinstance(args[0], Tensor) else args
        return args

    def body(self, statements: list[ast.stmt]) -> Any:
        """What a def's lines return; where the pass calls a def of its own text, its lines are a pass, too."""
        within = self.entered[-1] if self.entered else None
        if within is None:
            return super().body(statements)
        within.scaled_later = set(_scaled_in_returns(statements))
        names = [one for line in statements for one in ast.walk(line) if isinstance(one, ast.Name)]
        own = {one.id for one in names if isinstance(one.ctx, ast.Store)} | self.frame.values.keys()
        within.reads = frozenset(one.id for one in names) - own
        level = self.frame.level
        within.around = {**self.top.values, **(self.frame.parent.values if self.frame.parent is not None else {})}
        self.passes[level] = within
        self._hold_returned(statements, within)
        try:
            outcome = self._units(statements, within)
        finally:
            del self.passes[level]
        return outcome[0] if isinstance(outcome, tuple) else None

    def tried(self, node: ast.stmt) -> Any:
        try:
            return self.statement(node)
        except ProgramError as error:  # of shapes that do not fit; statement() sees to all others
            if self.here is not self.read_so_far.whole and not stops_python(error):
                raise
            self._went_wrong(error, node)
            return None

    def statement(self, node: ast.stmt) -> Any:
        if not self.is_own:
            return super().statement(node)
        if self.only is not None and self.only.is_left_by(node, self.value):
            return None
        if self.keeps_steps:
            self.keep_step(node)
        depth = len(self.frames)
        try:
            return self._own_statement(node)
        except ProgramError as error:
            del self.frames[depth:]
            is_whole = self.here is self.read_so_far.whole  # what a def does otherwise is known to its caller alone
            if self.statements > MAX_STATEMENTS or not (is_whole or stops_python(error)):
                raise
            if stops_python(error) and self._assigns_gradients(node):
                if isinstance(node, (*BLOCKS, ast.Return)):
                    raise
                if not self._each_by_itself(node):
                    self._went_wrong(error, node)
                return None
            if not self._each_by_itself(node):
                self._not_read(node, error)
            return (None,) if isinstance(node, ast.Return) else None

    def outside(self, node: ast.stmt) -> None:
        """A statement around the def that is the pass."""
        try:
            self.statement(node)
        except ProgramError as error:
            self._not_read(node, error)

    def _own_statement(self, node: ast.stmt) -> Any:
        kept = kept_in(node)
        try:
            if not isinstance(node, BLOCKS):
                if self.here is not None:
                    self.here.own = node
                self._goes_on_from_unknown(node)
            return super().statement(node) if kept is None else self._kept_statement(node, *kept)
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, node) from error
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            raise self.source.error(f"this is not understood ({error})", node) from error

    def _assigns_gradients(self, node: ast.stmt) -> bool:
        return any(of is not None for _, of in self.given_by(node)) or isinstance(node, ast.Return)

    def _return_statement(self, node: ast.Return) -> tuple[Any]:
        """What the pass itself returns without a name is the gradients of the forward pass's arguments, in order."""
        if self.here is not None and self.here.returned and node.value is not None:
            return self._returned(node, node.value, self.here)
        if self.here is not self.read_so_far.whole or node.value is None or self.here.of is not None:
            return super()._return_statement(node)
        parts = list(node.value.elts) if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
        arguments = arguments_of(self.program)
        has_loss = loss_in(node.value, {*self.known_names, *names_in([node])}) is not None
        names = arguments if len(arguments) >= len(parts) and not has_loss else [""] * len(parts)
        for part, name in zip(parts, names, strict=False):
            entries = entries_of(part)
            if entries is not None:
                self._keep(entries, "", {})
            elif isinstance(part, ast.Name) or (isinstance(part, ast.Attribute) and self._is_gradient(part.attr)):
                self._told_if_not_judged(part)
            elif name in self.known_names:
                self._entry(f"d{name}", name, part)
            elif not has_loss:
                self._told_if_not_judged(part)
        return (None,)

    def _expr_statement(self, node: ast.Expr) -> None:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in RUN and self._is_run(called):
            text = ast.unparse(node)
            self.read_so_far.notes.append(
                f"line {node.lineno}, {text}, would have to be run; nothing is said of what it does"
            )
            return
        super()._expr_statement(node)

    def _for_statement(self, node: ast.For) -> Any:
        for name in clips(node):
            self.read_so_far.notes.append(
                f"line {node.lineno}: {name} is clipped; what is judged is the gradient before that"
            )
        return super()._for_statement(node)

    def _is_run(self, called: ast.Attribute) -> bool:
        if called.attr in self.own_functions and isinstance(self.value(called.value), Record):
            return False
        return called.attr != "zero_" and not (isinstance(called.value, ast.Name) and called.value.id in ("np", "F"))


def _scaled_in_returns(statements: list[ast.stmt]) -> Iterator[str]:
    """The names in return dx / N and return dx.reshape(shape)."""
    for one in (node for line in statements for node in ast.walk(line) if isinstance(node, ast.Return)):
        for part in one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]:
            match part:
                case ast.BinOp(ast.Name(name), ast.Mult() | ast.Div()) | ast.BinOp(_, ast.Mult(), ast.Name(name)):
                    yield name
                case ast.Call(ast.Attribute(ast.Name(name))):
                    yield name


def arguments_of(program: Program) -> list[str]:
    """The names of a forward def's arguments; of lines without a def, of all inputs in order."""
    defs = [one for one in parse(program.source).body if isinstance(one, ast.FunctionDef)]
    own = [one for one in defs if one.name == "forward"] or [one for one in defs if "forward" in one.name.lower()]
    if not own:
        own = [one for one in defs if "back" not in one.name.lower()]
    return [one.arg for one in own[-1].args.args] if own else []
