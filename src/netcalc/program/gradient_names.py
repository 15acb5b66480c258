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
from netcalc.program.reading import Program
from netcalc.program.source import Source
from netcalc.program.steps import Step, Stepping, copied
from netcalc.program.values import Missing, Tensor, is_scalar, node_of
from netcalc.program.versions import Gradients, Unread, Version, stops_python

UPSTREAM = ("dout", "delta", "upstream", "upstream_grad", "grad_output", "grad_out", "d_out", "g", "gy", "dloss", "dL")
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
        self.assigned_at: dict[str, int] = {}  # the first line of the pass itself that assigns each name
        self.target: ast.expr | None = None
        self.holder = ""
        self.first_moment = FIRST_MOMENT
        self.around: dict[str, Any] = {}  # the names around a def that is the pass
        self.held: dict[str, list[Tensor]] = {}  # what is kept in objects that are not understood
        self.own: ast.stmt | None = None  # the line of the pass itself that is being read
        self.unread: dict[int, ast.stmt] = {}  # statements that are not understood
        self.in_place_of: dict[str, int] = {}  # gradients that are the true ones, as these lines can't be judged
        self.counts: dict[str, int] = {}
        self.corrections: set[Node] = set()  # true gradients in others' place
        self.steps: list[Step] = []
        self.passed: dict[ast.stmt, int] = {}
        self.keeps_steps = values is None

    def lookup(self, name: str) -> Any:
        found = super().lookup(name)
        if isinstance(found, Unread):
            found.used = True
            how = "wrong" if stops_python(found.error) else "not understood"
            raise NetcalcError(f"'{name}' is not known, as line {found.part.lineno} is {how}")
        if isinstance(found, Missing) and self._is_upstream(name):
            return Tensor(self.upstream)
        later = self.assigned_at.get(name, 0) if isinstance(found, Missing) and self.is_own else 0
        if later > getattr(self.reading, "lineno", 0) > 0:
            raise TooEarlyError(f"'{name}' has no value here: line {later} assigns it, later")
        if isinstance(found, Missing) and base(name, self.known_names) is not None and ".grad" not in name:
            raise NetcalcError(f"'{name}' has no value here: no line assigns it")
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

    def numbers_of(self, value: Any, _: str) -> Any:
        """A gradient is its numbers."""
        return value

    def set_grad(self, _: ast.expr) -> bool:
        """No gradient is taken of a gradient."""
        return False

    def is_gradient(self, name: str) -> bool:
        return base(name, self.known_names) is not None

    def carried(self, name: str, value: Tensor, where: ast.AST, through: str) -> Tensor:
        before = self.reading, self.target, self.holder
        self.reading, self.target, self.holder = self.own if self.own is not None else before[0], None, ""
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
