"""The passes with some of their nodes done otherwise: a mistake edits some, and the rest goes on rightly from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.evaluate import evaluate
from netcalc.graph.functions import activation, slope
from netcalc.graph.node import Node, in_order
from netcalc.layers import Passes, passes, values
from netcalc.passes import Quantities
from netcalc.problem import Dense, Problem

Array = np.ndarray
Edits = dict[Node, Node]


class Place(NamedTuple):
    """One layer's nodes: its input `v`, sum `z` and output `a`; ∂L/∂a as it comes `in`, and ∂L/∂z, `dz`."""

    number: int
    problem: Problem
    W: Node
    b: Node | None
    v: Node
    z: Node
    a: Node
    da: Node
    dz: Node
    before: Place | None

    @property
    def layer(self) -> Dense:
        """The layer as it was stated."""
        return self.problem.layers[self.number - 1]

    @property
    def bound(self) -> BoundActivation | None:
        """The activation, if it acts element by element."""
        return self.layer.activation if isinstance(self.layer.activation, BoundActivation) else None

    @property
    def s(self) -> Node | None:
        """φ'(z), if the activation acts element by element."""
        return slope(activation(self.bound, self.z)) if self.bound else None

    def slope(self, z: Node, by: BoundActivation | None = None) -> Node | None:
        """φ' of those sums, of this layer's activation or another, as a node that no edit of `s` is made of."""
        by = by or self.bound
        return _copy(slope(activation(by, z))) if by else None


class Top(NamedTuple):
    """What is above the last layer: its output `a`, and the target that it is compared with, if it is."""

    problem: Problem
    a: Node
    target: Node | None


Part = Callable[..., Node | None]


class Variation(NamedTuple):
    """How the passes are done otherwise: `state` is what is asked, `parts` are functions by what they yield.

    Of a layer: `z` and `a`; `slope`, φ'(z); `dz`; `dW`, `db`, and `dv`, the gradient of its input. Above all layers:
    `loss`, L of each sample, and `above`, ∂L/∂a of the last layer. Each takes its Place, or the Top, and the node that
    is right, and gives the node in its place; None leaves it.
    """

    state: Callable[[Problem], Problem] = lambda problem: problem
    parts: Mapping[str, Part] = {}

    def only(self, changed: Variation, number: int) -> Variation:
        """The `changed` parts in layer `number`, these elsewhere."""
        return self._replace(
            parts={name: self._chosen(changed, name, number) for name in {*changed.parts, *self.parts}}
        )

    def _chosen(self, changed: Variation, name: str, number: int) -> Part:
        def part(place: Place | Top, right: Node) -> Node | None:
            of = changed if isinstance(place, Place) and place.number == number else self
            return of.parts[name](place, right) if name in of.parts else None

        return part


Change = Callable[[Variation], Variation]
RIGHT = Variation()


@dataclass(frozen=True)
class Workings:
    """The passes of a problem, ready to be done otherwise."""

    problem: Problem
    known: dict[type, dict[Node, Array]] = field(default_factory=dict, repr=False)

    @cached_property
    def passes(self) -> Passes:
        return passes(self.problem, together=False)

    @cached_property
    def found(self) -> dict[str, Node]:
        """What the passes produce, without what is only shown."""
        shown = {name for name in self.passes.found if name.startswith("J") or name.endswith("_new")}
        return {name: node for name, node in self.passes.found.items() if name not in shown}

    @cached_property
    def places(self) -> list[Place]:
        """The layers, from the first to the last."""
        given, found = self.passes.given, self.passes.found
        v, place = given["x"], None
        places = []
        for number in range(1, len(self.problem.layers) + 1):
            z, dz = found[f"z{number}"], found[f"dz{number}"]
            a, da = found.get(f"a{number}", z), found.get(f"da{number}", dz)
            W, b = given[f"W{number}"], given.get(f"b{number}")
            place = Place(number, self.problem, W, b, v, z, a, da, dz, place)
            places.append(place)
            v = a
        return places

    def edits(self, parts: Mapping[str, Part]) -> Edits:
        """The nodes that are done otherwise, each with the node in its place."""
        edits: Edits = {}
        for name, place, node, right in self._targets():
            part = parts.get(name)
            changed = part(place, edits.get(node, right)) if part else None
            if changed is not None:
                edits[node] = changed
        return edits

    def _targets(self) -> Iterator[tuple[str, Place | Top, Node, Node]]:
        """Each part: its name and place, the node whose value it is, and a node for what is right."""
        given, found = self.passes.given, self.passes.found
        for place in self.places:
            yield "z", place, place.z, place.z.args[0]
            if place.a is not place.z:
                yield "a", place, place.a, place.a.args[0]
        top = Top(self.problem, self.places[-1].a, given.get("t"))
        if self.passes.losses:
            yield "loss", top, self.passes.losses, self.passes.losses.args[0]
        yield "above", top, self.passes.above, self.passes.above.args[0]
        for place in reversed(self.places):
            if place.s:
                yield "slope", place, place.s, _copy(place.s)
            yield "dz", place, place.dz, place.dz.args[0]
            for name in ("dW", "db") if place.b else ("dW",):
                node = found[f"{name}{place.number}"]
                yield name, place, node, node.args[0]
            dv = place.before.da if place.before else found["dx"]
            yield "dv", place, dv, dv.args[0]

    def run(
        self, arithmetic: Arithmetic, change: Variation, forced: Mapping[str, Callable[[Array], Array]]
    ) -> Quantities:
        """What both passes yield, by their names.

        `forced` says what becomes of a quantity once it is computed: an answer taken in its place.
        """
        edits = self.edits(change.parts)
        taken = {self.found[name]: function for name, function in forced.items() if name in self.found}
        for place in self.places:
            if place.s and f"s{place.number}" in forced:
                taken[place.s] = forced[f"s{place.number}"]
        changed = {*edits, *taken}
        given = {
            node: array for node, array in self.right(arithmetic).items() if self.depends[node].isdisjoint(changed)
        }

        def after(node: Node, array: Array) -> Array:
            return taken[node](array) if node in taken else array

        roots = list(self.found.values())
        return dict(zip(self.found, evaluate(roots, arithmetic, given, edits, after if taken else None), strict=True))

    def right(self, arithmetic: Arithmetic) -> dict[Node, Array]:
        """The right value of everything given and found."""
        kind = type(arithmetic)
        if kind not in self.known:
            given = {node: arithmetic.array(tensor) for node, tensor in values(self.problem, self.passes.given).items()}
            roots = [*self.passes.given.values(), *self.found.values(), self.passes.above]
            self.known[kind] = dict(zip(roots, evaluate(roots, arithmetic, given), strict=True))
        return self.known[kind]

    @cached_property
    def depends(self) -> dict[Node, frozenset[Node]]:
        """Each node with all that it is made of, itself too."""
        made: dict[Node, frozenset[Node]] = {}
        for node in in_order([*self.passes.given.values(), *self.found.values(), self.passes.above]):
            made[node] = frozenset({node}).union(*(made[arg] for arg in node.args))
        return made


def _copy(node: Node) -> Node:
    """Another node that is the same: what stands for a node in the edit of it."""
    return Node(node.operation, node.args, node.shape, node.params)


def run(
    workings: Workings,
    arithmetic: Arithmetic,
    variation: Variation = RIGHT,
    forced: Mapping[str, Callable[[Array], Array]] | None = None,
) -> Quantities:
    """What both passes yield under a variation, by the names of `layers.passes`."""
    problem = variation.state(workings.problem)
    workings = workings if problem is workings.problem else Workings(problem)
    return workings.run(arithmetic, variation, forced or {})
