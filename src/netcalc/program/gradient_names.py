"""The names of a backward pass: those of gradients, each with a node of its own, beside the forward pass's."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from typing import Any

from netcalc.errors import NetcalcError, TooEarlyError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.program.answers import HOLDERS, base, literal_of
from netcalc.program.entries import Entry
from netcalc.program.reading import Program
from netcalc.program.source import Source
from netcalc.program.steps import Stepping, copied
from netcalc.program.values import Missing, Record, Tensor, is_scalar, node_of
from netcalc.program.versions import Gradients, Pass, Unread, Version, stops_python

UPSTREAM = ("dout", "delta", "upstream", "upstream_grad", "grad_output", "grad_out", "d_out", "g", "gy", "dloss", "dL")
OF_GRADIENTS = r"(?i)_?(d_?|g|\w*grads?|gradients?)(params|weights)?"  # dictionaries
LOOSE = r"g(?!_|rad)"  # the beginning of names that may be those of gradients, and of gates
FIRST_MOMENT = 1 << 30  # behind all lines, so that no node of the forward pass bears the name of one that was assigned


class GradientNames(Stepping):
    """Gives gradients names, and nodes of their own.

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
        truth: Callable[..., Node | None],
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
        self.assigned_at: dict[str, int] = {}  # the first line of the pass itself that assigns each name
        self.target: ast.expr | None = None
        self.holder = ""
        self.first_moment = FIRST_MOMENT
        self.held: dict[str, list[Tensor]] = {}  # what is kept in objects that are not understood
        self.unread: dict[int, ast.stmt] = {}  # statements that are not understood
        self.in_place_of: dict[str, int] = {}  # gradients that are the true ones, as these lines can't be judged
        self.counts: dict[str, int] = {}
        self.alone: dict[str, str] = {}  # of grad, which a def gives of one array: its argument
        self.corrections: set[Node] = set()  # true gradients in others' place
        self.passes = {}
        self.redefined: dict[ast.AST, tuple[Source, Any]] = {}  # defs in others' place, and the text they are of
        self.only: Entry | None = None  # what is read is all that changes this entry of a gradient
        self.entered: list[Pass | None] = []  # the pass that each call which is read is
        self.keeps_steps = values is None
        self.held_to: Callable[[str, Node], str | None] = lambda _name, _node: None

    def lookup(self, name: str) -> Any:
        found = super().lookup(name)
        if isinstance(found, Unread):
            found.used = True
            how = "wrong" if stops_python(found.error) else "not understood"
            raise NetcalcError(f"'{name}' is not known, as line {found.part.lineno} is {how}")
        if isinstance(found, Missing) and self._is_upstream(name):
            return Tensor(self.upstream)
        is_whole = self.here is self.read_so_far.whole
        later = self.assigned_at.get(name, 0) if isinstance(found, Missing) and is_whole else 0
        if later > getattr(self.reading, "lineno", 0) > 0:
            raise TooEarlyError(f"'{name}' has no value here: line {later} assigns it, later")
        if isinstance(found, Missing) and base(name, self.known_names) is not None and ".grad" not in name:
            raise NetcalcError(f"'{name}' has no value here: no line assigns it")
        return found

    def _is_upstream(self, name: str) -> bool:
        return base(name, [self.program.output_name]) is not None or name in UPSTREAM

    def named(self, name: str, value: Tensor, line: int, level: int | None = None) -> Tensor:
        """A gradient of the pass itself has a node of its own, whatever it is; every other array has its name."""
        within = self.passes.get(self.frame.level if level is None else level)
        of = None if within is None else self.of(name, within)
        if of is not None and of not in name and self.rounds and self._has_fewer_axes(value, of):
            of = None  # dz, of one sample, beside a Z of all
        if of is not None and self._is_of_all(value, of):
            of = None  # datt, of all heads, beside an att of each
        if of is None and self.holder and within is not None:
            held = self.held_key(name, within)
            of, name = held, f"{self.holder}['{name}']" if held else name
            if held and within.of is not None:
                within.of[name] = held
        is_kept = value.is_named and re.match(LOOSE, name) is not None  # gi, gf = gates[t]
        if of is None or within is None or is_kept:
            return super().named(name, value, line, level)
        node = b.named(name, value.node, self.first_moment + len(self.read_so_far.versions))
        self._add(name, of, node, "")
        if (name, self.counts[name]) in self.corrected:
            node = self._true(name, of)
        return Tensor(node, value.kind, value.buffer, value.cells, value.zero, self.frame.level)

    def of(self, name: str, within: Pass | None = None) -> str | None:
        """What a name is the gradient of, here or in another pass; in a def that is called, of one of its own names."""
        within = within or self.here
        if within is None or within.of is None:
            return base(name, self.known_names) or self.alone.get(name)
        if name in within.scaled_later:
            return None
        if name not in within.of:
            own = {key: node for key, node in self._arrays().items() if key != name}
            given = dict(within.returned)
            of = base(name, [*own, *(key for key in given if key not in own)])
            held = None if of is None else self.held_to(of, own[of]) if of in own else given[of]
            if not held or held in within.unfinished:
                return None
            within.of[name] = held
        return within.of[name]

    def _has_fewer_axes(self, value: Tensor, of: str) -> bool:
        true = self.true_of(of)
        return true is not None and value.rank < true.rank

    def _is_of_all(self, value: Tensor, of: str) -> bool:
        """Whether an array has an axis more than what a name stands for, with a place for each time that it does."""
        named = self.program.named.items()
        times = len({node for label, node in named if label.partition("@")[0] == of})
        true = self.true_of(of) if times > 1 and value.rank > 1 else None
        shapes = [(*value.shape[:axis], *value.shape[axis + 1 :]) for axis in range(value.rank)]
        return true is not None and (tuple(true.shape), times) in zip(shapes, value.shape, strict=True)

    def held_key(self, key: str, within: Pass) -> str | None:
        """What the key of a dictionary of gradients stands for: grads['W'], of params['W'] or self.W."""
        if within.of is None:
            return key if key in self.known_names else None
        node = self._arrays().get(key)
        return None if node is None else self.held_to(key, node)

    def _arrays(self) -> dict[str, Node]:
        """The arrays that a def's own names stand for, those that its object has, and those around it that it reads."""
        reads = self.here.reads if self.here is not None else ()
        around = {name: self.top.values.get(name) or self.inputs.get(name) for name in reads}
        found = {name: one.node for name, one in around.items() if isinstance(one, Tensor)}
        for value in self.frame.values.values():
            if isinstance(value, Record):
                for key, part in value.parts.items():
                    found |= {key: part.node} if isinstance(part, Tensor) else {}
                    inner = part.items() if isinstance(part, dict) and not re.fullmatch(OF_GRADIENTS, key) else ()
                    found |= {name: one.node for name, one in inner if isinstance(one, Tensor) and type(name) is str}
        own = {name: value.node for name, value in self.frame.values.items() if isinstance(value, Tensor)}
        return found | own

    def bind(self, name: str, value: Any, line: int) -> Any:
        is_own = self.is_own
        if is_scalar(value) and is_own and self.of(name) is not None:
            value = Tensor(node_of(value))
        stated = getattr(self.reading, "value", None)
        if isinstance(value, list) and is_own and isinstance(stated, ast.List) and literal_of(stated) is stated:
            value = Tensor(node_of(value)) if self.of(name) is not None else value
        return super().bind(name, value, line)

    def _true(self, name: str, of: str) -> Node:
        """The true gradient under the name of the one that was assigned."""
        node = b.named(name, self.true_of(of) or b.number(0), FIRST_MOMENT - 1 - len(self.read_so_far.versions))
        self.corrections.add(node)
        return node

    def _add(self, name: str, of: str, node: Node | None, said: str) -> None:
        within = self.here or self.read_so_far.whole
        unit = len(within.units) - 1
        statement = self.reading if isinstance(self.reading, ast.stmt) else within.units[unit].node
        place = self.target if self.target is not None else statement
        number = self.counts[name] = self.counts.get(name, 0) + 1
        own = Version(name, of, place.lineno, place.col_offset, unit, statement, node, said)
        own.within, own.number, own.step = within, number, len(within.steps) - 1
        self.read_so_far.versions.append(own)

    def numbers_of(self, value: Any, _: str) -> Any:
        """A gradient is its numbers."""
        return value

    def set_grad(self, _: ast.expr) -> bool:
        """No gradient is taken of a gradient."""
        return False

    def is_gradient(self, name: str) -> bool:
        return self.of(name) is not None

    def carried(self, name: str, value: Tensor, where: ast.AST, through: str) -> Tensor:
        before = self.reading, self.target, self.holder
        own = self.here.own if self.here is not None else None
        self.reading, self.target, self.holder = before[0] if own is None else own, None, ""
        entry = re.fullmatch(r"(\w+)\['(.+)'\]", name)
        if entry is not None and re.fullmatch(HOLDERS, entry[1]):
            self.holder, name = entry.groups()
        many = len(self.read_so_far.versions)
        try:
            found = self.named(name, value, getattr(where, "lineno", 1))
        finally:
            self.reading, self.target, self.holder = before
        for one in self.read_so_far.versions[many:]:
            one.through = through
        return found
