"""A backward pass as people code it, read beside its forward pass: which line gives which gradient."""

from __future__ import annotations

import ast
import re
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.program.answers import HOLDERS, assigned_in, base, entries_of, kept_in
from netcalc.program.reading import Program
from netcalc.program.scope import MAX_STATEMENTS
from netcalc.program.source import ProgramError, parse
from netcalc.program.steps import COMPOUND
from netcalc.program.unknowns import Unknowns
from netcalc.program.values import Missing, Module, Tensor, is_scalar, node_of
from netcalc.program.versions import Unit, Unread, stops_python

RUN = frozenset({"backward", "step", "zero_grad", "zero_"})  # calls that change gradients or weights as they run
BLOCKS = (*COMPOUND, ast.FunctionDef)


class GradientReader(Unknowns):
    """Reads a backward pass with the names of its forward pass, statement by statement."""

    @property
    def is_own(self) -> bool:
        return self.frame.level == self.main_level and self.unit >= 0

    def run(self, body: list[ast.stmt]) -> None:
        """Read a pass, statement by statement."""
        defs = [one for node in body for one in ast.walk(node) if isinstance(one, ast.FunctionDef | ast.Lambda)]
        inner = {id(one) for node in defs for one in ast.walk(node)}
        names = [one for node in body for one in ast.walk(node) if isinstance(one, ast.Name) and id(one) not in inner]
        for name in names:
            if isinstance(name.ctx, ast.Store):
                self.assigned_at[name.id] = min(name.lineno, self.assigned_at.get(name.id, name.lineno))
        for one in body:
            self.unit += 1
            self.read_so_far.units.append(Unit(one, len(self.steps)))
            if self.tried(one) is not None:
                return

    def tried(self, node: ast.stmt) -> Any:
        try:
            return self.statement(node)
        except ProgramError as error:  # of shapes that do not fit; statement() sees to all others
            self._went_wrong(error, node)
            return None

    def statement(self, node: ast.stmt) -> Any:
        if not self.is_own:
            return super().statement(node)
        if self.keeps_steps:
            self.keep_step(node)
        depth = len(self.frames)
        try:
            return self._own_statement(node)
        except ProgramError as error:
            del self.frames[depth:]
            if self.statements > MAX_STATEMENTS:
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
                self.own = node
                self._goes_on_from_unknown(node)
            return super().statement(node) if kept is None else self._kept_statement(node, *kept)
        except ProgramError:
            raise
        except NetcalcError as error:
            raise self.source.error(error.message, node) from error
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            raise self.source.error(f"this is not understood ({error})", node) from error

    def _assigns_gradients(self, node: ast.stmt) -> bool:
        return any(base(name, self.known_names) is not None for name in assigned_in(node)) or isinstance(
            node, ast.Return
        )

    def _return_statement(self, node: ast.Return) -> tuple[Any]:
        """What the pass itself returns without a name is the gradients of the forward pass's arguments, in order."""
        if not self.is_own or node.value is None:
            return super()._return_statement(node)
        parts = list(node.value.elts) if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
        arguments = arguments_of(self.program)
        names = arguments if len(arguments) >= len(parts) else [""] * len(parts)
        for part, name in zip(parts, names, strict=False):
            entries = entries_of(part)
            if entries is not None:
                self._keep(entries, "", {})
            elif isinstance(part, ast.Name) or (isinstance(part, ast.Attribute) and self._is_gradient(part.attr)):
                self._told_if_not_judged(part)
            elif name in self.known_names:
                self._entry(f"d{name}", name, part)
            else:
                self._told_if_not_judged(part)
        return (None,)

    def _entry(self, name: str, of: str, part: ast.expr, key: str = "") -> Any:
        """A gradient that an expression within a statement gives; with a key, in what `holder` names."""
        before, self.target = self.target, part
        try:
            value = self.value(part)
            if not key:
                return self.bind(name, value, part.lineno)
            return self.named(key, Tensor(node_of(value)) if is_scalar(value) else value, part.lineno)
        except ProgramError as error:
            if stops_python(error):
                self._misfit(name, of, error, part)
            else:
                self._leave_unjudged(part, {name: of}, error)
            return self.frame.values[name]
        finally:
            self.target = before

    def _kept_statement(self, node: ast.stmt, holder: str, entries: list[tuple[str, ast.expr]]) -> None:
        """grads = {"W1": …} and grads.update(…), entry by entry."""
        self.count(node)
        self.reading = node
        owner = {} if not isinstance(node, ast.Expr) else self.lookup(holder)
        self._keep(entries, holder, owner if isinstance(owner, dict) else {})
        if not isinstance(node, ast.Expr):
            self.frame.values[holder] = owner

    def _keep(self, entries: list[tuple[str, ast.expr]], holder: str, owner: dict[Any, Any]) -> None:
        """Gradients by the names that keys say, those of the forward pass's inputs among them."""
        for key, part in entries:
            of = base(key, self.known_names) or (key if key in self.program.inputs else None)
            is_there = isinstance(part, ast.Name) and (
                part.id in self.known_names or base(part.id, self.known_names) == of
            )
            if of is None:
                if key != self.program.output_name:
                    self._told_if_not_judged(part, key)
                owner[key] = self._value_or_unread(part)
                continue
            if is_there:
                owner[key] = self.value(part)
                continue
            is_held = bool(holder) and key in self.known_names
            name = key if key not in self.known_names else f"{holder}['{key}']" if holder else f"d{key}"
            self.holder = holder if is_held else ""
            try:
                owner[key] = self._entry(name, of, part, key if holder else "")
            finally:
                self.holder = ""

    def _is_gradient(self, attribute: str) -> bool:
        return attribute == "grad" or base(attribute, self.known_names) is not None

    def store(self, target: ast.expr, value: Any, *, named: bool = True) -> None:
        before, self.target = self.target, target
        if isinstance(value, Unread):
            raise value.error
        try:
            super().store(target, value, named=named)
        finally:
            self.target = before

    def _store_part(self, target: ast.Subscript, value: Any) -> None:
        match target.value:
            case ast.Name(name) if re.fullmatch(HOLDERS, name):
                self.holder = name
            case ast.Attribute(_, name) if re.fullmatch(HOLDERS, name):  # self.grads['W'] = …
                self.holder = name
                if isinstance(self.lookup(name), Missing):
                    self.top.values[name] = {}
        try:
            super()._store_part(target, value)
        finally:
            self.holder = ""

    def _store_attribute(self, owner: Any, name: str, value: Any, target: ast.expr) -> None:
        if name == "grad" and isinstance(target, ast.Attribute) and isinstance(owner, Tensor):
            label = ast.unparse(target)
            self.bind(label.rpartition(".")[0].rpartition(".")[2] + ".grad", value, target.lineno)
            return
        super()._store_attribute(owner, name, value, target)

    def _attribute(self, node: ast.Attribute) -> Any:
        if node.attr == "grad" and not isinstance(self.value(node.value), Module):
            label = ast.unparse(node.value).rpartition(".")[2] + ".grad"
            found = self.lookup(label)
            if not isinstance(found, Missing):
                return found
            raise NetcalcError(f"'{label}' is used before a line assigns it; what backward() makes is not known here")
        return super()._attribute(node)

    def _expr_statement(self, node: ast.Expr) -> None:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in RUN and self._is_run(called):
            text = ast.unparse(node)
            self.read_so_far.notes.append(
                f"line {node.lineno}, {text}, would have to be run; nothing is said of what it does"
            )
            return
        super()._expr_statement(node)

    def _is_run(self, called: ast.Attribute) -> bool:
        return called.attr != "zero_" and not (isinstance(called.value, ast.Name) and called.value.id in ("np", "F"))


def arguments_of(program: Program) -> list[str]:
    """The names of a forward def's arguments; of lines without a def, of all inputs in order."""
    defs = [one for one in parse(program.source).body if isinstance(one, ast.FunctionDef)]
    own = [one for one in defs if one.name == "forward"] or [one for one in defs if "forward" in one.name.lower()]
    if not own:
        own = [one for one in defs if "back" not in one.name.lower()]
    return [one.arg for one in own[-1].args.args] if own else []
