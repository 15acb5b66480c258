"""What a program's reader keeps: frames of names, the inputs, what was assigned where, and how far it has come."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arguments import check_axes
from netcalc.errors import ShapeError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import ARRAY, INPUT, SIZE, STOPPED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.shaping import INDEX, RESHAPE
from netcalc.program.deciding import decided
from netcalc.program.frames import Assigned, CallOf, Frame, Given, arrays_in, overlap, shared_said
from netcalc.program.source import LIBRARY, Source
from netcalc.program.values import REALS, Missing, Record, Tensor, check_sizes, node_of

MAX_STATEMENTS = 20_000  # after loops are unrolled and functions read where they are called
MAX_CALLS = 50  # within each other


class Scope:
    """The state of a reading."""

    def __init__(self, source: Source, given: Mapping[str, Given], library: str, *, is_torch: bool = False) -> None:
        self.source = source
        self.given = given
        self.library = library
        self.is_torch = is_torch  # PyTorch's functions are among those it uses
        self.guards: list[Node] = []  # the tests on values that the lines being read are under
        self.tests: dict[ast.If, Node] = {}
        self.no_grad = ""  # the block without gradients that is being read, with its line
        self.leaves: set[Node] = set()  # arrays of the program's own that it asks the gradient of
        self.cut: dict[Node, str] = {}  # where PyTorch lets no gradient through, and what says so
        self.top = Frame()
        self.frames: list[Frame] = [self.top]
        self.inputs: dict[str, Tensor] = {}
        self.calls: dict[tuple[Node, ...], list[CallOf]] = {}  # by what they gave behind that, as a cache is
        self.applied: list[Record] = []  # the objects of functions with a backward pass of their own, in order
        self.draws = False  # what is drawn at random is an input
        self.drawn_values: dict[str, np.ndarray] = {}  # of inputs that stand for what is drawn at random
        self.indices: set[Node] = set()  # inputs that are conditions, or used as indices or classes
        self.decided: dict[str, set[int]] = {}  # inputs whose numbers decide which way lines go
        self.relied: set[str] = set()  # inputs whose values are in what was read
        self.assigned: list[Assigned] = []
        self.notes: dict[str, None] = {}
        self.stored: dict[str, int] = {}  # the first line that assigns a name, anywhere in the file
        self.own_functions: frozenset[str] = frozenset()  # the names of the text's functions and methods
        self.classes: frozenset[str] = frozenset()  # that other lines use
        self.training: set[int] = set()  # lines that train, as optimizer.step() does
        self.first_step: int | None = None  # how many names were assigned before the first that changes the weights
        self.statements = 0
        self.main_level = 0  # of the calls whose names are the pass's own
        self.reading: ast.AST | None = None
        self.returned: ast.AST | None = None  # the last return that was read
        self.left: Frame = self.top  # the frame of the call that ended last
        self.main: Frame = self.top  # the frame whose names are the pass's own
        self.place: Any = None  # the program's line that makes a layer, and its source
        self.deriving: set[int] = set()  # lines that take gradients themselves
        self.differentiates: list[tuple[Any, list[Any], dict[str, Any]]] = []  # the functions, and their arguments
        self.texts: dict[str, Frame] = {}  # what libraries' texts define
        self.weights: dict[tuple[int, str], tuple[Record, Tensor]] = {}  # by the object that has it, and its name there
        self.unnamed: dict[Node, tuple[Record, str, Any]] = {}  # those of layers that are being made
        self.unpacked: list[Any] = []  # what is being assigned to several targets
        self.loops = 1  # how often the innermost loop's body will be read, at least
        self.rounds = 0  # how many loops the line being read is in
        self._whole: dict[Node, bool] = {}
        self._numbers: dict[Node, np.ndarray | None] = {}

    @property
    def frame(self) -> Frame:
        """The innermost call's."""
        return self.frames[-1]

    def note(self, text: str) -> None:
        """Something the answer says."""
        self.notes.setdefault(text)

    def count(self, node: ast.AST, many: int = 1) -> None:
        """Refuses more statements than are read."""
        self.statements += many
        if self.statements > MAX_STATEMENTS:
            raise self.source.error(f"a program comes to at most {MAX_STATEMENTS:,} statements, loops unrolled", node)

    @contextmanager
    def repeated(self, node: ast.AST, many: int, statements: int = 1) -> Iterator[None]:
        """While statements are read so many times. Raises ProgramError at once where that is more than are read."""
        outer, self.loops = self.loops, self.loops * max(many, 1)
        self.rounds += 1
        try:
            if (total := many * outer * statements) > MAX_STATEMENTS:
                raise self.source.error(
                    f"this loop comes to {total:,} statements; netcalc reads {MAX_STATEMENTS:,}", node
                )
            yield
        finally:
            self.loops = outer
            self.rounds -= 1

    # --- names

    def lookup(self, name: str) -> Any:
        """What a name stands for: of this call, of those around it, of the file, an input, or nothing yet."""
        if (frame := self.frame_of(name)) is not None:
            return frame.values[name]
        return self.input(name) if name in self.given else Missing(name)

    def frame_of(self, name: str) -> Frame | None:
        """The innermost call, of this one and those around it, that has a name."""
        frame: Frame | None = self.frame
        while frame is not None and name not in frame.values:
            frame = frame.parent
        return frame

    def input(self, name: str) -> Tensor:
        """An input of the program."""
        if name not in self.inputs:
            found = self.given[name]
            self.inputs[name] = Tensor(
                b.given(name, found.shape), "whole" if found.kind == "int" else found.kind, is_named=True
            )
            if found.kind == "bool":
                self.indices.add(self.inputs[name].node)
        return self.inputs[name]

    def drawn(self, name: str, shape: Sequence[Any], number: Fraction | None = None) -> Tensor:
        """An input of a name that is still free, with numbers that stand for what is drawn, or with one throughout."""
        raise NotImplementedError

    def bind(self, name: str, value: Any, line: int) -> Any:
        """Give a name to a value; an array becomes a node of that name, unless it has one here already."""
        if isinstance(value, Tensor) and self.source.name != LIBRARY:
            value = self.named(name, value, line)
        self.frame.values[name] = value
        return value

    def is_gradient(self, name: str) -> bool:  # noqa: ARG002 - see the reader of a backward pass
        """Whether a name is that of a gradient which is judged."""
        return False

    def named(self, name: str, value: Tensor, line: int, level: int | None = None) -> Tensor:
        """The array by this name, one of a call's own names unless it is of another level."""
        level = self.frame.level if level is None else level
        has_name = value.is_named and value.level <= level
        if not has_name and as_number(value.node) is None:
            moment = len(self.assigned) + 1  # each assignment is its own, on each pass of a loop
            node = b.named(name, value.node, moment, again=value.is_named)
            value = Tensor(node, value.kind, value.buffer, value.cells, value.zero, level, is_named=True)
        self.assigned.append(Assigned(name, line, value.node, level, value.kind))
        return value

    # --- where PyTorch cuts the gradient

    def numbers_of(self, value: Any, how: str) -> Any:
        """An array as PyTorch has it where it copies the numbers alone, as .item() does: no gradient flows back."""
        if not isinstance(value, Tensor) or value.kind not in REALS or (self.library and not self.is_torch):
            return value
        if self.is_torch:
            line = getattr(self.reading, "lineno", 1)
            return self.without_gradient(value, f"line {line}: no gradient flows through {how}")
        said = f"{how} is taken as NumPy's; in PyTorch no gradient flows through it"
        if said not in self.notes and self._names_within(value.node):
            self.note(said)
        return value

    def made(self, value: Any) -> Any:
        """What an operation gives; within torch.no_grad() it is a constant."""
        if not self.no_grad:
            return value
        if isinstance(value, list | tuple):
            return type(value)(self.made(one) for one in value)
        is_made = isinstance(value, Tensor) and not value.is_named and value.kind in REALS
        return self.without_gradient(value, self.no_grad) if is_made else value

    def without_gradient(self, value: Tensor, text: str) -> Tensor:
        """The array as a constant, which `text` says why."""
        if value.node.operation is ARRAY or as_number(value.node) is not None:
            return value
        node = b.detached(value.node, typed=True)
        self.cut.setdefault(node, f"{text}, as in PyTorch")
        return replace(value, node=node, is_named=False)

    def leaf(self, value: Tensor) -> Tensor:
        """An array that the program states and asks the gradient of: it stands for itself, zeros too."""
        if value.kind not in REALS | {"int"} or any(one.operation is INPUT for one in in_order([value.node])):
            return value
        number, shape = as_number(value.node), value.shape
        if number is not None and all(isinstance(size, int) for size in shape):
            value = replace(value, node=b.array(np.full(shape, Number(number), dtype=object)), zero=False)
        self.leaves.add(value.node)
        return replace(value, kind="float")

    def note_cuts(self, output: Node) -> None:
        """Where no gradient gets to an input that has one, on the way from an output."""
        for node in in_order([output]):
            text = self.cut.get(node)
            if text is None or text in self.notes or not self._names_within(node):
                continue
            if not self.indices.issuperset(one for one in in_order([node]) if one.operation is INPUT):
                self.note(text)

    # --- arrays

    def of_object(self, owner: Record, name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """owner.name(…)."""
        raise NotImplementedError

    def checked(self, value: Any) -> Any:
        """An array that is not too large, and has no size below 0. Raises NetcalcError."""
        if isinstance(value, Tensor):
            check_axes(value.rank)
            check_sizes(value)
        return value

    def known(self, value: Any) -> np.ndarray | None:
        """The whole numbers that a value is, where it is made of numbers that are known; else None."""
        found = self.seen(value)
        if found is not None:
            self.relied |= self._names_within(node_of(value))
        return found

    def seen(self, value: Any) -> np.ndarray | None:
        """The same, to be looked at alone: what is read holds for other numbers too."""
        node = node_of(value)
        if node not in self._numbers:
            self._numbers[node] = self._evaluated(node) if self._is_known(node) else None
        return self._numbers[node]

    def picked(self, condition: Tensor) -> np.ndarray | None:
        """What a condition is that picks entries, at the numbers given; None where these do not tell."""
        found = self.known(condition)
        if found is not None:
            self.decide(condition)
        elif condition.kind in ("bool", "int"):
            found = self.at_point(condition.node)
        return found

    def at_point(self, node: Node) -> np.ndarray | None:
        """What whole numbers, or a condition, are at the numbers given; None where these do not tell."""
        names = {one.params.text for one in in_order([node]) if one.operation is INPUT}
        found = decided(node, {self.inputs[name].node: self.given[name].values for name in names}) if names else None
        if found is not None:
            self.relied |= names
            for name in names:
                self.decide(self.inputs[name])
        return found

    def may_be_whole(self, value: Any) -> bool:
        """Whether an array is whole numbers for all that is known: known ones, or entries of an input without any."""
        node = node_of(value)
        if self.seen(value) is not None:
            return True
        while node.operation in (RESHAPE, INDEX):
            node = node.args[0]
        return node.operation is INPUT and not self.given[node.params.text].fractional

    def counted(self, value: Any) -> np.ndarray | None:
        """The same, where all inputs that it is made of were given as whole numbers: what loops and tests go by."""
        found = self.known(value)
        if found is None or any(self.given[name].kind == "float" for name in self._names_within(node_of(value))):
            return None
        return found

    def _names_within(self, node: Node) -> set[str]:
        stack, seen, names = [node], {node}, set[str]()
        while stack:
            one = stack.pop()
            if one.operation is INPUT:
                names.add(one.params.text)
            if one.operation is not STOPPED or one in self.cut:
                stack += [arg for arg in one.args if arg not in seen]
                seen.update(one.args)
        return names

    def _evaluated(self, node: Node) -> np.ndarray | None:
        numbers = {self.inputs[name].node: one.whole for name, one in self.given.items() if name in self.inputs}
        known = {key: whole.astype(np.float64) for key, whole in numbers.items() if whole is not None}
        with np.errstate(all="ignore"):
            found = evaluate([node], Float64(), known)[0]
        if not np.isfinite(found).all() or not (found == np.rint(found)).all():
            return None
        return found.astype(np.int64)

    def _is_known(self, node: Node) -> bool:
        """Whether all that a node is made of is known, and no size is a letter."""
        for one in in_order([node], lambda one: () if one in self._whole else one.args):
            if one not in self._whole:
                own = self._input_is_whole(one) if one.operation is INPUT else True
                own = own and one.operation is not SIZE and all(isinstance(size, int) for size in one.shape)
                self._whole[one] = own and all(self._whole[arg] for arg in one.args)
        return self._whole[node]

    def _input_is_whole(self, node: Node) -> bool:
        return self.given[node.params.text].whole is not None

    def index(self, value: Any, extent: Any = None, axis: int = 0) -> None:
        """Inputs that an index is made of are whole numbers, which have no gradient.

        Raises ShapeError for a known one that is out of range of an axis of `extent`.
        """
        if isinstance(value, Tensor):
            known = self.seen(value) if isinstance(extent, int) else None
            if known is not None and known.size and (known.min() < -extent or known.max() >= extent):
                worst = int(known.min()) if known.min() < -extent else int(known.max())
                raise ShapeError(f"index {worst} is out of range for axis {axis} of {extent}")
            self.indices |= {self.inputs[name].node for name in self._names_within(value.node)}

    def decide(self, value: Any) -> None:
        """Tell that the numbers of the inputs that a value is made of decide which way this line goes."""
        for name in self._names_within(node_of(value)):
            self.decided.setdefault(name, set()).add(getattr(self.reading, "lineno", 1))

    # --- memory

    def holders(self) -> list[tuple[str, Tensor, bool]]:
        """Every array that a name holds, whether it holds it in a list or the like, and the inputs."""
        found: list[tuple[str, Tensor, bool]] = []
        for frame in self.frames:
            for name, value in frame.values.items():
                found += [(name, one, one is not value) for one in arrays_in(value)]
        found += [("the right side", one, True) for one in arrays_in(self.unpacked)]
        taken = {name for frame in self.frames for name in frame.values}
        return found + [(name, one, False) for name, one in self.inputs.items() if name not in taken]

    def changed(self, old: Tensor, key: Any, where: ast.AST, name: str, new: Node) -> None:  # noqa: ARG002 - a backward pass goes on with it
        """What else shares the memory that a line changes: refused where it is whole, else stale from here on."""
        is_itself_seen = False
        for other, value, is_within in self.holders():
            if value.buffer is not old.buffer:
                continue
            if value is old and not is_itself_seen and other == re.split(r"[.\[(]", name)[0]:
                is_itself_seen = True
                continue
            if not value.cells:
                said = shared_said(name, old, other, value, is_within=is_within)
                raise self.source.error(f"this changes '{other}' too, {said}", where)
            if key is None or old.cells is not None or overlap(value.cells, key):
                value.stale = (where, name)
