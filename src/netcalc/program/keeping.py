"""What a backward pass keeps its gradients in: dictionaries, attributes, what a line returns."""

from __future__ import annotations

import ast
import re
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.program.answers import HOLDERS, base
from netcalc.program.source import ProgramError
from netcalc.program.unknowns import Unknowns
from netcalc.program.values import Missing, Module, Record, Tensor, is_scalar, node_of
from netcalc.program.versions import Unread, stops_python


class Keeping(Unknowns):
    """Reads what a backward pass keeps gradients in: dictionaries, attributes, parts of arrays."""

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
        many = len(self.read_so_far.versions)
        super()._store_attribute(owner, name, value, target)
        for one in self.read_so_far.versions[many:]:
            one.is_attribute = True

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value) if node.attr == "grad" else None
        if node.attr == "grad" and not isinstance(owner, Module | Record):
            label = ast.unparse(node.value).rpartition(".")[2] + ".grad"
            found = self.lookup(label)
            if not isinstance(found, Missing):
                return found
            raise NetcalcError(f"'{label}' is used before a line assigns it; what backward() makes is not known here")
        return super()._attribute(node)
