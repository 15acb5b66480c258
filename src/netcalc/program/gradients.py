"""A backward pass as people code it, read beside its forward pass: which line gives which gradient."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.program.answers import HOLDERS, assigned_in, base, entries_of, kept_in, literal_of
from netcalc.program.reading import Program, library_of, stored
from netcalc.program.scope import MAX_STATEMENTS, Frame
from netcalc.program.source import ProgramError, Source, parse
from netcalc.program.steps import COMPOUND, Step, Stepping, copied
from netcalc.program.values import Function, Missing, Module, Tensor, is_scalar, node_of
from netcalc.records import NamedTuple, dataclass

UPSTREAM = ("dout", "delta", "upstream", "upstream_grad", "grad_output", "grad_out", "d_out", "g", "gy", "dloss", "dL")
LOOSE = r"g(?!_|rad)"  # the beginning of names that may be those of gradients, and of gates
RUN = frozenset({"backward", "step", "zero_grad", "zero_"})  # calls that change gradients or weights as they run
FIRST_MOMENT = 1 << 30  # behind all lines, so that no node of the forward pass bears the name of one that was assigned
BLOCKS = (*COMPOUND, ast.FunctionDef)
MAX_READINGS = 60  # each goes on with one more true gradient


@dataclass(eq=False)
class Unread:
    """What a line gives that is not understood; it matters if it is used."""

    error: ProgramError
    part: ast.expr | ast.stmt
    used: bool = False


class Unjudged(NamedTuple):
    """A part of a statement, and the name that it would give, of which nothing can be said, and why."""

    name: str
    part: ast.expr | ast.stmt
    error: ProgramError

    @property
    def why(self) -> str:
        """What is said, without the place."""
        return self.error.message.partition(": ")[2] or self.error.message


class Unit(NamedTuple):
    """A statement of the pass itself, a loop as a whole, and the first of its steps."""

    node: ast.stmt
    step: int


@dataclass(eq=False)
class Version:
    """What one statement makes of a gradient: `node` bears its name, `said` tells why it is none that fits.

    `unit` is the place of the statement of the pass that it is in, `step` when that was read, `statement` itself.
    """

    name: str
    of: str
    line: int
    column: int
    unit: int
    statement: ast.stmt
    node: Node | None
    said: str = ""
    through: str = ""  # the other name that its line has for the array
    lost: str = ""  # why nothing is known of it from a later line on
    step: int = -1

    @property
    def value(self) -> Node | None:
        """What was assigned, without its name."""
        return None if self.node is None else self.node.args[0]


@dataclass(eq=False)
class Gradients:
    """A backward pass: every version of every gradient in order, its statements, and what is said of it as a whole."""

    source: Source
    reader: GradientReader
    units: list[Unit] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def last(self) -> dict[str, Version]:
        """The last version of each gradient, in the order in which they were finished."""
        found: dict[str, Version] = {}
        for one in self.versions:
            found.pop(one.name, None)
            found[one.name] = one
        return found


class GradientReader(Stepping):
    """Reads a backward pass with the names of its forward pass.

    `truth` has the true gradient of a forward name as a node; `upstream` is that of the output. Of gradients in
    `corrected`, by name and number, the true one is used from there on. `values` are the names that there are, in place
    of those of the forward pass.
    """

    def __init__(
        self,
        source: Source,
        program: Program,
        library: str,
        known: Collection[str],
        truth: Callable[[str], Node | None],
        upstream: Node,
        corrected: Collection[tuple[str, int]] = (),
        values: dict[str, Any] | None = None,
    ) -> None:
        forward = program.reader
        assert forward is not None  # noqa: S101 - a program that was read has its reader
        super().__init__(source, forward.given, library)
        self.inputs = forward.inputs
        self.indices = set(forward.indices)
        self.top.values = copied({**forward.top.values, **forward.main.values}) if values is None else values
        self.program, self.known_names, self.true_of, self.upstream = program, known, truth, upstream
        self.corrected = corrected
        self.read_so_far = Gradients(source, self)
        self.unit = -1
        self.target: ast.expr | None = None
        self.holder = ""
        self.first_moment = FIRST_MOMENT
        self.around: dict[str, Any] = {}  # the names around a def that is the pass
        self.held: dict[str, list[Tensor]] = {}  # what is kept in objects that are not understood
        self.own: ast.stmt | None = None  # the line of the pass itself that is being read
        self.failed: ast.stmt | None = None
        self.unread: dict[int, ast.stmt] = {}  # statements that are not understood
        self.in_place_of: dict[str, int] = {}  # gradients that are the true ones, as these lines can't be judged
        self.counts: dict[str, int] = {}
        self.corrections: set[Node] = set()  # true gradients in others' place
        self.steps: list[Step] = []
        self.passed: dict[ast.stmt, int] = {}
        self.keeps_steps = values is None

    # --- names

    def lookup(self, name: str) -> Any:
        found = super().lookup(name)
        if isinstance(found, Unread):
            found.used = True
            raise NetcalcError(f"'{name}' is not known, as line {found.part.lineno} is not understood")
        if isinstance(found, Missing) and self._is_upstream(name):
            return Tensor(self.upstream)
        if isinstance(found, Missing) and base(name, self.known_names) is not None and ".grad" not in name:
            later = f"line {self.stored[name]} assigns it, later" if name in self.stored else "no line assigns it"
            raise NetcalcError(f"'{name}' has no value here: {later}")
        return found

    def _is_upstream(self, name: str) -> bool:
        return base(name, [self.program.output_name]) is not None or name in UPSTREAM

    def named(self, name: str, value: Tensor, line: int, level: int | None = None) -> Tensor:
        """A gradient of the pass itself has a node of its own, whatever it is; every other array has its name."""
        of = base(name, self.known_names)
        if of is None and self.holder and name in self.known_names:
            of, name = name, f"{self.holder}['{name}']"
        is_kept = value.is_named and re.match(LOOSE, name) is not None  # gi, gf = gates[t]
        own = self.frame.level if level is None else level
        if of is None or own != self.main_level or self.unit < 0 or is_kept:
            return super().named(name, value, line, level)
        number = self.counts[name] = self.counts.get(name, 0) + 1
        node = b.named(name, value.node, self.first_moment + len(self.read_so_far.versions))
        self._add(name, of, node, "")
        if (name, number) in self.corrected:
            node = self._true(name, of)
        return Tensor(node, value.kind, value.buffer, value.cells, value.zero, self.frame.level)

    def bind(self, name: str, value: Any, line: int) -> Any:
        is_own = self.is_own
        if is_scalar(value) and is_own and base(name, self.known_names) is not None:
            value = Tensor(node_of(value))
        stated = getattr(self.reading, "value", None)
        if isinstance(value, list) and is_own and isinstance(stated, ast.List) and literal_of(stated) is stated:
            value = Tensor(node_of(value)) if base(name, self.known_names) is not None else value
        return super().bind(name, value, line)

    def _true(self, name: str, of: str) -> Node:
        """The true gradient under the name of the one that was assigned."""
        node = b.named(name, self.true_of(of) or b.number(0), FIRST_MOMENT - 1 - len(self.read_so_far.versions))
        self.corrections.add(node)
        return node

    def _add(self, name: str, of: str, node: Node | None, said: str) -> None:
        statement = self.reading if isinstance(self.reading, ast.stmt) else self.read_so_far.units[self.unit].node
        place = self.target if self.target is not None else statement
        self.read_so_far.versions.append(
            Version(
                name, of, place.lineno, place.col_offset, self.unit, statement, node, said, step=len(self.steps) - 1
            )
        )

    # --- statements of the pass itself

    @property
    def is_own(self) -> bool:
        return self.frame.level == self.main_level and self.unit >= 0

    def run(self, body: list[ast.stmt]) -> None:
        """Read a pass, statement by statement."""
        for one in body:
            self.unit += 1
            self.read_so_far.units.append(Unit(one, len(self.steps)))
            if self.tried(one) is not None:
                return

    def tried(self, node: ast.stmt) -> Any:
        self.failed = None
        try:
            return self.statement(node)
        except ProgramError as error:  # of shapes that do not fit; statement() sees to all others
            targets = list(assigned_in(node))
            gradients = {name: of for name in targets if (of := base(name, self.known_names)) is not None}
            self._went_wrong(error, gradients, node)
            for name in targets:
                if name not in gradients:
                    self.frame.values[name] = Unread(error, node)
            return None

    def _not_read(self, node: ast.stmt, error: ProgramError) -> None:
        """A statement that is not understood: nothing is known of what it assigns but what the forward pass has."""
        names = {name: base(name, self.known_names) for name in assigned_in(node)}
        said = error.message.partition(": ")[2] or error.message
        self.lose_what_changes(node, said, is_told=all(of is None for of in names.values()))
        if id(node) in self.unread:
            self._forget(names, node, error)
            return
        self.unread[id(node)] = node
        self._leave_unjudged(node, names, error)
        is_told = any(one.part is node for one in self.read_so_far.unjudged)
        if not is_told and all(of is None and self._has(name) for name, of in names.items()):
            self.read_so_far.notes.append(f"passed over: {error.message}")

    def _leave_unjudged(self, part: ast.expr | ast.stmt, names: Mapping[str, str | None], error: ProgramError) -> None:
        for name, of in names.items():
            if of is not None:
                self.read_so_far.unjudged.append(Unjudged(name, part, error))
        self._forget(names, part, error)

    def _forget(self, names: Mapping[str, str | None], part: ast.expr | ast.stmt, error: ProgramError) -> None:
        """What the forward pass calls so has its right value from here on, where it has one; other names have none."""
        for name, of in names.items():
            if of is None and self._has(name):
                continue
            if of is None or self._has_several(of):
                self.frame.values[name] = Unread(error, part)
            else:
                self.frame.values[name] = Tensor(self._true(name, of))
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
            of = base(name, self.known_names)
            if not isinstance(value, Unread):
                self.store(target, value)
            elif of is None or not _is_caused_by(value.error, ShapeError):
                self._leave_unjudged(part, {name: of}, value.error)
            else:
                self._misfit(name, of, value.error, target)
        return True

    def _goes_on_from_unknown(self, node: ast.stmt) -> None:
        """Refuses what changes a gradient of which nothing is known before."""
        for name in assigned_in(node) if self.in_place_of else ():
            if name in self.in_place_of:
                if _reads_itself(node, name):
                    raise NetcalcError(f"{name} is not known, as line {self.in_place_of[name]} is not understood")
                del self.in_place_of[name]

    def _misfit(self, name: str, of: str, error: ProgramError, target: ast.expr | None) -> None:
        """A gradient whose shapes do not fit is the true one from here on."""
        self.target = target
        self._add(name, of, None, error.message.partition(": ")[2] or error.message)
        self.target = None
        self.counts[name] = self.counts.get(name, 0) + 1
        self.frame.values[name] = Tensor(self._true(name, of))

    def _went_wrong(self, error: ProgramError, gradients: Mapping[str, str], node: ast.stmt) -> None:
        """A line whose shapes do not fit: it is wrong, and later ones go on with the true gradient."""
        failed = self.failed or node
        own = set(assigned_in(failed))
        self.reading = failed
        for name, of in gradients.items():
            if name in own:
                self._misfit(name, of, error, None)
            else:
                self.frame.values[name] = Tensor(self._true(name, of))

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
            if _is_caused_by(error, ShapeError) and self._assigns_gradients(node):
                if self.failed is None and not isinstance(node, BLOCKS):
                    if self._each_by_itself(node):
                        return None
                    self.failed = node
                raise
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
            if _is_caused_by(error, ShapeError):
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

    def _is_judged(self, part: ast.expr) -> bool:
        """Whether every array in what an expression gives is a gradient that is judged."""
        known = {one.node for one in self.read_so_far.versions if one.node is not None} | self.corrections
        try:
            return all(one.node in known for one in _leaves(self.value(part)) if isinstance(one, Tensor))
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
        is_own = isinstance(part, ast.Name) and (
            part.id in self.known_names or base(part.id, self.known_names) is not None
        )
        if not is_own and not self._is_judged(part):
            text = f"'{key}'" if key else ast.unparse(part)
            error = self.source.error(f"which gradient {text} is can't be told", part)
            self.read_so_far.unjudged.append(Unjudged(key or ast.unparse(part), part, error))

    def store(self, target: ast.expr, value: Any, *, named: bool = True) -> None:
        before, self.target = self.target, target
        if isinstance(value, Unread):
            raise value.error
        try:
            super().store(target, value, named=named)
        finally:
            self.target = before

    def _store_part(self, target: ast.Subscript, value: Any) -> None:
        if isinstance(target.value, ast.Name) and HOLDERS.fullmatch(target.value.id):
            self.holder = target.value.id
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

    def numbers_of(self, value: Any, _: str) -> Any:
        """A gradient is its numbers."""
        return value

    def set_grad(self, _: ast.expr) -> bool:
        """No gradient is taken of a gradient."""
        return False

    def is_gradient(self, name: str) -> bool:
        return base(name, self.known_names) is not None

    def lose(self, name: str, where: ast.AST, said: str, *, is_told: bool) -> Any:
        last = self.read_so_far.last().get(name)
        if not said:
            said = f"this changes '{name}' too, whose memory it shares; take a .copy()"
        elif last is not None:
            last.lost = said
        error = self.source.error(said, where)
        part = where if isinstance(where, ast.expr | ast.stmt) else self.read_so_far.units[self.unit].node
        if last is not None and (is_told or last.of in self.program.inputs):
            self.read_so_far.unjudged.append(Unjudged(name, part, error))
        return Unread(error, part)

    def carried(self, name: str, value: Tensor, where: ast.AST, through: str) -> Tensor:
        before = self.reading, self.target, self.holder
        self.reading, self.target, self.holder = self.own if self.own is not None else before[0], None, ""
        entry = re.fullmatch(r"(\w+)\['(.+)'\]", name)
        if entry is not None and HOLDERS.fullmatch(entry[1]):
            self.holder, name = entry.groups()
        many = len(self.read_so_far.versions)
        try:
            found = self.named(name, value, getattr(where, "lineno", 1))
        finally:
            self.reading, self.target, self.holder = before
        for one in self.read_so_far.versions[many:]:
            one.through = through
        return found

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


def _leaves(value: Any) -> Iterator[Any]:
    """What is in lists, tuples and dictionaries, or the value itself."""
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    else:
        yield value


def _reads_itself(node: ast.stmt, name: str) -> bool:
    """Whether what a statement gives to a name goes on from what the name stood for."""
    is_part = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    read = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    return isinstance(node, ast.AugAssign | ast.Expr) or is_part or name in read


def _is_caused_by(error: BaseException | None, kind: type[NetcalcError]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__
    return False


def arguments_of(program: Program) -> list[str]:
    """The names of a forward def's arguments; of lines without a def, of all inputs in order."""
    defs = [one for one in parse(program.source).body if isinstance(one, ast.FunctionDef)]
    own = [one for one in defs if one.name == "forward"] or [one for one in defs if "forward" in one.name.lower()]
    if not own:
        own = [one for one in defs if "back" not in one.name.lower()]
    return [one.arg for one in own[-1].args.args] if own else []


# --- a whole text


def read_gradients(
    source: Source,
    body: list[ast.stmt] | None,
    program: Program,
    known: Collection[str],
    truth: Callable[[str], Node | None],
    upstream: Node,
    fits: Callable[[Version], bool],
) -> Gradients:
    """The backward pass in a text, or in some of its lines; a gradient that does not fit is the true one later on.

    Raises ProgramError.
    """
    tree = parse(source)
    library = library_of(tree)
    if program.reader is not None and not library:
        library = program.reader.library
    corrected: set[tuple[str, int]] = set()
    for _ in range(MAX_READINGS):
        reader = GradientReader(source, program, library, known, truth, upstream, corrected)
        reader.stored = stored(tree)
        found = _read(reader, tree.body if body is None else body)
        misfit = next((key for key, one in _finished(found) if key not in corrected and not _goes_on(one, fits)), None)
        if misfit is None:
            return found
        corrected.add(misfit)
    return found


def _goes_on(version: Version, fits: Callable[[Version], bool]) -> bool:
    """Whether later lines go on with what a line gives: it fits, and is no numbers, which hold at one point alone."""
    value = getattr(version.statement, "value", None)
    return fits(version) and not (isinstance(value, ast.expr) and literal_of(value) is not None)


def _finished(found: Gradients) -> Iterator[tuple[tuple[str, int], Version]]:
    """The last version of each gradient and its number."""
    counts: dict[str, int] = {}
    for one in found.versions:
        counts[one.name] = counts.get(one.name, 0) + 1
    for name, one in found.last().items():
        if one.node is not None:
            yield (name, counts[name]), one


def _read(reader: GradientReader, body: list[ast.stmt]) -> Gradients:
    try:
        found = _pass(reader, body)
    except RecursionError:
        raise ProgramError(f"{reader.source.name}, line 1: it is nested too deeply") from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise reader.source.error(f"this is not understood ({error})", reader.reading) from error
    unread = {id(one): (name, one) for name, one in reader.frame.values.items() if isinstance(one, Unread)}
    for name, one in unread.values():
        if any(one.part is other.part for other in found.unjudged):
            continue
        if not one.used:
            found.notes.append(f"passed over: {one.error.message}")
        else:
            found.unjudged.append(Unjudged(name, one.part, one.error))
    found.unjudged += _unknown(reader, body)
    found.unjudged.sort(key=lambda one: (one.part.lineno, one.part.col_offset))
    forward = reader.program.reader
    if forward is not None and reader.library and forward.library and reader.library != forward.library:
        found.notes.append(
            f"{reader.source.name} is written for {reader.library}, {reader.program.source.name} for {forward.library}"
        )
    return found


def _unknown(reader: GradientReader, body: list[ast.stmt]) -> Iterator[Unjudged]:
    """Names that look like gradients, that nothing uses, and whose tensor the forward pass does not have."""
    nodes = [node for one in body for node in ast.walk(one)]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    statements = [node for node in nodes if isinstance(node, ast.stmt) and not isinstance(node, BLOCKS)]
    told = {one.name for one in reader.read_so_far.unjudged}
    assigned = {name: one for one in statements for name in assigned_in(one)}
    for name, node in assigned.items():
        is_gradient = re.fullmatch(r"d[A-Z]\w*|d_\w+|grad_\w+|\w+_grad|\w+\.grad", name) is not None
        is_known = base(name, reader.known_names) is not None or name in reader.known_names
        if is_gradient and name not in read and not is_known and name not in told:
            said = f"{name} is the gradient of no name in {reader.program.source.name}"
            yield Unjudged(name, node, reader.source.error(said, node))


def _pass(reader: GradientReader, body: list[ast.stmt]) -> Gradients:
    """The lines below the defs, or where they compute nothing the def that no other calls."""
    defs = [one for one in body if isinstance(one, ast.FunctionDef)]
    gradients = {name for one in body if not isinstance(one, ast.FunctionDef) for name in assigned_in(one)}
    if not defs or any(base(name, reader.known_names) for name in gradients):
        reader.run(body)
        return reader.read_so_far
    for one in body:
        reader.outside(one)
    chosen = _chosen(defs)
    frame = Frame(reader.top, reader.frame.level + 1, chosen.name)
    frame.values = _arguments(reader, chosen)
    reader.around = dict(reader.top.values)
    reader.frames.append(frame)
    reader.main_level = frame.level
    reader.run(chosen.body)
    return reader.read_so_far


def _chosen(defs: list[ast.FunctionDef]) -> ast.FunctionDef:
    called = {
        inner.id
        for one in defs
        for inner in ast.walk(one)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
    }
    free = [one for one in defs if one.name not in called] or defs
    likely = [one for one in free if one.name == "backward"] or [one for one in free if "back" in one.name.lower()]
    return (likely or free)[-1]


def _arguments(reader: GradientReader, node: ast.FunctionDef) -> dict[str, Any]:
    """Arguments by name: of the forward pass, the gradient from above, or what holds names, as a cache does."""
    spec = node.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults: dict[str, ast.expr] = {}
    for argument, default in zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True):
        defaults[argument.arg] = default
    for argument, own in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if own is not None:
            defaults[argument.arg] = own
    found: dict[str, Any] = {}
    for one in (*positional, *spec.kwonlyargs):
        of = base(one.arg, reader.known_names)
        true = None if of is None or one.arg in reader.top.values else reader.true_of(of)
        value = reader.lookup(one.arg) if true is None else Tensor(true)
        if isinstance(value, Missing | Function) and one.arg in defaults:
            value = reader.value(defaults[one.arg])
        if isinstance(value, Missing) and (kept := _returned_with(reader)) is not None:
            value = kept
        found[one.arg] = value
    return found


def _returned_with(reader: GradientReader) -> tuple[Any, ...] | None:
    """The tuple that a forward pass returns behind its output, as in return out, (x, W, z)."""
    forward = reader.program.reader
    match forward.returned if forward is not None else None:
        case ast.Return(ast.Tuple([_, ast.Tuple(kept)])) if all(isinstance(one, ast.Name) for one in kept):
            return tuple(reader.lookup(ast.unparse(one)) for one in kept)
    return None
