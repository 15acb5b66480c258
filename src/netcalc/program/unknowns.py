"""Lines of a backward pass that are not understood, or whose shapes do not fit: what is known behind them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from netcalc.errors import NetcalcError, TooEarlyError
from netcalc.graph.leaves import NAMED
from netcalc.program.answers import HOLDERS, assigned_in, base, names_of, targets_of
from netcalc.program.classes import OWNERS
from netcalc.program.expressions import DEPENDS
from netcalc.program.gradient_names import GradientNames
from netcalc.program.source import ProgramError
from netcalc.program.steps import BLOCKS
from netcalc.program.values import Record, Tensor
from netcalc.program.versions import Unjudged, Unread, stops_python


class Unknowns(GradientNames):
    """Goes on behind lines that are not understood, or whose shapes do not fit."""

    def _not_read(self, node: ast.stmt, error: ProgramError) -> None:
        """A statement that is not understood: nothing is known of what it assigns but what the forward pass has."""
        names = dict(self.given_by(node))
        said = error.message.partition(": ")[2] or error.message
        self.lose_what_changes(node, said, is_told=all(of is None for of in names.values()))
        if id(node) in self.unread:
            self._forget(names, node, error)
            return
        self.unread[id(node)] = node
        if names and stops_python(error) and not isinstance(node, BLOCKS):
            self.read_so_far.stopped.append(Unjudged(next(iter(names)), node, error))
        self._leave_unjudged(node, names, error)
        is_told = any(one.part is node for one in self.read_so_far.unjudged)
        if not is_told and all(of is None and self._has(name) for name, of in names.items()):
            self.read_so_far.notes.append(f"passed over: {error.message}")

    def given_by(self, node: ast.stmt) -> Iterator[tuple[str, str | None]]:
        """The names that a statement gives values to, attributes and keys of an object among them, and what they are
        the gradients of.
        """
        for target in targets_of(node):
            match target:
                case ast.Attribute(ast.Name(owner), name) if owner in OWNERS and self._object() is not None:
                    yield name, self.of(name)
                case ast.Subscript(ast.Attribute(ast.Name(owner), holder), ast.Constant(str() as key)) if (
                    owner in OWNERS and self._object() is not None and self.here is not None
                ):
                    yield f"{holder}['{key}']", self.of(key) or self.held_key(key, self.here)
                case ast.Subscript(ast.Name(holder), ast.Constant(str() as key)) if (
                    re.fullmatch(HOLDERS, holder) and self.here is not None
                ):
                    yield f"{holder}['{key}']", self.of(key) or self.held_key(key, self.here)
                case _:
                    yield from ((name, self.of(name)) for name in names_of(target))

    def _object(self) -> Record | None:
        return next((one for one in self.frame.values.values() if isinstance(one, Record)), None)

    def _stand(self, name: str, value: Any) -> None:
        """Have a name stand for a value, an object's attribute or key of a dictionary as well."""
        made = self._object()
        entry = re.fullmatch(r"(\w+)\['(.+)'\]", name)
        holders = [] if entry is None else [made and made.parts.get(entry[1]), self.lookup(entry[1])]
        holder = next((one for one in holders if isinstance(one, dict)), None)
        if holder is not None and entry is not None:
            holder[entry[2]] = value
        elif made is not None and name in made.parts:
            made.parts[name] = value
        else:
            self.frame.values[name] = value

    def _leave_unjudged(self, part: ast.expr | ast.stmt, names: Mapping[str, str | None], error: ProgramError) -> None:
        misfits = {one.name for one in self.read_so_far.versions if one.statement is part and one.node is None}
        for name, of in names.items():
            if of is not None and name not in misfits:
                self.read_so_far.unjudged.append(Unjudged(name, part, error))
        self._forget(names, part, error)

    def _forget(self, names: Mapping[str, str | None], part: ast.expr | ast.stmt, error: ProgramError) -> None:
        """What the forward pass calls so has its right value from here on, where it has one; other names have none."""
        for name, of in names.items():
            if of is None and self._has(name):
                continue
            if of is None or self._has_several(of):
                self._stand(name, Unread(error, part))
            else:
                self._stand(name, Tensor(self._true(name, of)))
                self.in_place_of[name] = part.lineno

    def _has(self, name: str) -> bool:
        """Whether the forward pass has an array of this name."""
        return name in self.known_names or name in self.inputs

    def _has_several(self, of: str) -> bool:
        """Whether a name stands for several arrays of the forward pass, as in a loop."""
        return any("@" in label and label.partition("@")[0] == of for label in self.program.named)

    def _each_by_itself(self, node: ast.stmt) -> bool:
        """Whether values that are assigned several on a line were read one by one, so that what fails is told alone."""
        match node:
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
                pass
            case _:
                return False
        found = [self._value_or_unread(one) for one in values]
        self.reading = node
        for target, part, value in zip(targets, values, found, strict=True):
            name = ast.unparse(target)
            of = self.of(name)
            if not isinstance(value, Unread):
                self.store(target, value)
            elif of is None or not stops_python(value.error):
                self._leave_unjudged(part, {name: of}, value.error)
            else:
                self._misfit(name, of, value.error, target)
        return True

    def _goes_on_from_unknown(self, node: ast.stmt) -> None:
        """Refuses what changes a gradient of which nothing is known before, or scales one that is too large."""
        if self.guards and scales(node) and any(base(name, self.known_names) for name in assigned_in(node)):
            raise NetcalcError(DEPENDS)
        for name in assigned_in(node) if self.in_place_of else ():
            if name in self.in_place_of:
                if _reads_itself(node, name):
                    raise NetcalcError(f"{name} is not known, as line {self.in_place_of[name]} is not understood")
                del self.in_place_of[name]

    def _misfit(self, name: str, of: str, error: ProgramError, target: ast.expr | None) -> None:
        """A gradient whose shapes do not fit is the true one from here on."""
        self.target = target
        self._add(name, of, None, error.message.partition(": ")[2] or error.message)
        self.read_so_far.versions[-1].is_early = isinstance(error.__cause__, TooEarlyError)
        self.target = None
        self._stand(name, Tensor(self._true(name, of)))

    def _went_wrong(self, error: ProgramError, node: ast.stmt) -> None:
        """A statement whose shapes do not fit: it is wrong; later ones go on with the true gradient if it is one."""
        self.reading = node
        for name, of in dict(self.given_by(node)).items():
            if of is None:
                self._stand(name, Unread(error, node))
            else:
                self._misfit(name, of, error, None)
                is_inner = self.here is not None and node is not self.here.units[-1].node
                if self._has_several(of) and is_inner:
                    self._stand(name, Unread(error, node))

    def _is_judged(self, part: ast.expr) -> bool:
        """Whether every array in what an expression gives is a gradient that is judged."""
        known = {one.node for one in self.read_so_far.versions if one.node is not None} | self.corrections
        try:
            leaves = [one.node for one in _leaves(self.value(part)) if isinstance(one, Tensor)]
            return all(node in known or (node.operation is NAMED and node.args[0] in known) for node in leaves)
        except NetcalcError:
            return False

    def _value_or_unread(self, part: ast.expr) -> Any:
        try:
            return self.value(part)
        except ProgramError as error:
            return Unread(error, part)
        except NetcalcError as error:
            return Unread(self.source.error(error.message, part), part)

    def _told_if_not_judged(self, part: ast.expr, key: str = "") -> None:
        """A note on what is returned, where an array in it is no gradient that is judged."""
        is_own = isinstance(part, ast.Name) and (part.id in self.known_names or self.of(part.id) is not None)
        if not is_own and not self._is_judged(part):
            text = f"'{key}'" if key else ast.unparse(part)
            error = self.source.error(f"which gradient {text} is can't be told", part)
            self.read_so_far.unjudged.append(Unjudged(key or ast.unparse(part), part, error))

    def lose(self, name: str, where: ast.AST, said: str, *, is_told: bool) -> Any:
        last = self.read_so_far.last().get((name, id(self.here)))
        if not said:
            said = f"this changes '{name}' too, whose memory it shares; take a .copy()"
        elif last is not None:
            last.lost = said
        error = self.source.error(said, where)
        part = where if isinstance(where, ast.expr | ast.stmt) else (self.here or self.read_so_far.whole).units[-1].node
        if last is not None and (is_told or last.of in self.program.inputs):
            self.read_so_far.unjudged.append(Unjudged(name, part, error))
        return Unread(error, part)


def _leaves(value: Any) -> Iterator[Any]:
    """What is in lists, tuples and dictionaries, or the value itself."""
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    else:
        yield value


def scales(node: ast.AST) -> bool:
    """Whether a statement is of the form dx *= scale or dx = dx * scale."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Mult | ast.Div)
    match node:
        case ast.Assign([ast.Name(name)], ast.BinOp(_, ast.Mult() | ast.Div()) as value):
            return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value))
    return False


def _reads_itself(node: ast.stmt, name: str) -> bool:
    """Whether what a statement gives to a name goes on from what the name stood for."""
    is_part = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    read = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    return isinstance(node, ast.AugAssign | ast.Expr) or is_part or name in read
