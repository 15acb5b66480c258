"""A verdict on a gradient, and a backward pass beside its forward pass with how every gradient in it stands."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from typing import Any

from netcalc.checking.backward.agreement import Agreement, Pair
from netcalc.checking.backward.forward import NEAR, Forward, Point
from netcalc.checking.backward.made_of import fits
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.program.gradients import GradientReader
from netcalc.program.versions import Gradients, Pass, Version
from netcalc.records import dataclass


@dataclass(eq=False)
class Judged:
    """A verdict on one version of a gradient, which is held to `factor` times that of `node`.

    `follows` is what it is wrong after, `meaning` says what it is the gradient of where its name says otherwise,
    `in_turn` is the node that it was held to by its place in a loop, where it is right for another.
    """

    version: Version
    node: Node
    factor: Fraction = Fraction(1)
    meaning: str = ""
    verdict: str = "right"
    follows: str = ""
    in_turn: Node | None = None

    @property
    def is_wrong_in_itself(self) -> bool:
        """Whether it is wrong and nothing before it is why."""
        return self.verdict == "wrong" and not self.follows


@dataclass(eq=False)
class Reading:
    """A backward pass beside its forward pass, and how every gradient in it stands."""

    forward: Forward
    code: Gradients
    again: Callable[[str], Reading | None]  # the same of another text with as many lines; None once it stays wrong
    judged: list[Judged] = field(default_factory=list)
    doubtful: list[list[Judged]] = field(default_factory=list)  # what gradients may be held to as well
    statements: int = 0  # that were read with repairs
    origins: Any = None  # the local names that go wrong
    of_forward: set[bytes] = field(default_factory=set)  # what the forward pass computes, at the first point
    slopes: dict[int, Any] = field(default_factory=dict)  # of functions of the forward pass, by the pass they are for
    headers: dict[Pass, Any] = field(
        default_factory=dict
    )  # what repairs the header of a loop, by the pass that it is in
    repairs: dict[tuple[ast.stmt, str], Any] = field(default_factory=dict)  # by the statement, and the gradient's name

    @cached_property
    def true(self) -> dict[Node, Node]:
        """The true gradient in the place, and in the shape, of each that was assigned."""
        found = {}
        for one in self.judged:
            if one.version.node is not None and fits(one.version.node, one.node):
                found[one.version.node] = b.reshaped(self.truth(one), one.version.node.shape)
        return found

    def truth(self, one: Judged) -> Node:
        """What a gradient is held to."""
        true = self.forward.gradient(one.node)
        return true if one.factor == 1 else b.multiply(b.number(one.factor), true)

    def hold(self, judged: list[Judged]) -> None:
        """Hold the gradients to these from here on."""
        self.judged = judged
        self.__dict__.pop("true", None)

    @cached_property
    def agreement(self) -> Agreement:
        """What holds gradients to the true ones. Raises UndefinedError where the forward pass has no value."""
        points = self.forward.points(self._names, self._relied)
        nodes = [one.version.node for one in self.judged if one.version.node is not None]
        points[NEAR + 1 : NEAR + 1] = self._beside_kinks(points, nodes)
        return Agreement(self.forward, points, self._texts, nodes)

    def is_right_beside_kinks(self, pair: Pair) -> bool:
        """Whether a gradient is right where it has kinks of its own, too."""
        points = self._beside_kinks(self.agreement.points, [pair.gradient])
        return not points or Agreement(self.forward, points, self._texts, [pair.gradient]).of([pair], self.true)[0]

    def _beside_kinks(self, points: list[Point], nodes: list[Node]) -> list[Point]:
        return self.forward.beside_kinks(points, nodes, self._names, self._relied)

    @property
    def _names(self) -> list[str]:
        return [one.version.of for one in self.judged]

    @property
    def _relied(self) -> set[str]:
        """The inputs whose values both readings went by."""
        reader: GradientReader = self.code.reader
        return reader.relied | (reader.program.reader.relied if reader.program.reader else set())

    @property
    def _texts(self) -> set[str]:
        return {self.code.source.text, self.forward.program.source.text}
