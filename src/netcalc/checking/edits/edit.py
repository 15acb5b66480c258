"""What an edit is, and the pieces that the catalogue's rows are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from functools import cached_property, lru_cache

from netcalc.checking.workings.workings import Pass, Workings
from netcalc.graph.backward import Use, added
from netcalc.graph.build import multiply
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, as_number, product
from netcalc.graph.shaping import INDEX, RESHAPE
from netcalc.graph.sizes import settled
from netcalc.notation import to_unicode
from netcalc.records import NamedTuple, dataclass


class Frequency(IntEnum):
    """How often a mistake is met: the more often, the less evidence it takes to name it."""

    USUAL = 0
    SEEN = 1
    RARE = 2


USUAL, SEEN, RARE = Frequency


@dataclass(frozen=True, eq=False)
class Edit:
    """One mistake: `instead` has other nodes in some nodes' place; `said` tells it and what would be right.

    `row` is the identifier of the catalogue's row, `at` what people call the step that went wrong, `parts` the two
    that were made at once.
    """

    row: str
    said: str
    frequency: Frequency
    instead: Mapping[Node, Node]
    at: str = ""
    parts: tuple[Edit, ...] = ()

    def and_then(self, other: Edit) -> Edit | None:
        """Both at once; None where they edit one node."""
        if self.instead.keys() & other.instead.keys():
            return None
        return Edit(
            f"{self.row}+{other.row}",
            self.said if self.said == other.said else f"{self.said}; and {other.said}",
            max(self.frequency, other.frequency),
            {**self.instead, **other.instead},
            self.at,
            (self, other),
        )


class Shared(NamedTuple):
    """What comes back to a node from one of its uses, done wrong: what is said of it, and the wrong share."""

    said: str
    share: Node
    frequency: Frequency | None = None


class Changed(NamedTuple):
    """Nodes done wrong: what is said of it, and other nodes in their place."""

    said: str
    instead: Mapping[Node, Node]
    at: Node | None = None
    frequency: Frequency | None = None


class Row(NamedTuple):
    """A row of the catalogue: an identifier, how usual it is, and where it applies.

    `shares` finds wrong shares of one use; the same slip is then also made at all places at once. `changes` finds
    changed nodes of a whole pass.
    """

    name: str
    frequency: Frequency
    shares: Callable[[Context, Use], Iterator[Shared]] | None = None
    changes: Callable[[Context], Iterator[Changed]] | None = None

    @property
    def about(self) -> str:
        """What goes wrong, in a sentence."""
        return (self.shares or self.changes).__doc__ or ""


@dataclass(frozen=True)
class Context:
    """One pass of a problem, with what rows ask of it."""

    workings: Workings
    one: Pass

    @cached_property
    def uses(self) -> list[tuple[Node, Use]]:
        """Every use of a named node that a gradient comes back from: the node, and the use; first to last."""
        order = {node: place for place, node in enumerate(self.one.nodes)}
        found = [
            (arg, use)
            for arg, uses in self.one.backward.uses.items()
            if arg in order and not self.is_silent(arg)
            for use in uses
        ]
        return sorted(found, key=lambda pair: (order[pair[0]], pair[1].place))

    @cached_property
    def places(self) -> dict[Use, int]:
        """How far along the pass each use is."""
        return {use: place for place, (_, use) in enumerate(self.uses)}

    @cached_property
    def names(self) -> dict[Node, Node]:
        """The named node that each operation's node is."""
        return {node.args[0]: node for node in self.one.nodes}

    @cached_property
    def users(self) -> dict[Node, list[Node]]:
        """The named nodes that use a named node."""
        found: dict[Node, list[Node]] = {}
        for core, node in self.names.items():
            for arg in core.args:
                found.setdefault(arg, []).append(node)
        return found

    def users_of(self, core: Node) -> list[Node]:
        """The named nodes that use what an operation gives, by its name where it has one."""
        return self.users.get(self.names.get(core, core), [])

    @cached_property
    def varying(self) -> set[Node]:
        """The nodes of the pass that are made of inputs."""
        found: set[Node] = set()
        for node in in_order([self.one.output]):
            if node.operation is INPUT or any(arg in found for arg in node.args):
                found.add(node)
        return found

    @cached_property
    def below(self) -> Callable[[Node], frozenset[Node]]:
        """What a node is made of, with itself; of the nodes asked for last it is kept."""
        return lru_cache(maxsize=64)(lambda node: frozenset(in_order([node])))

    def delta(self, use: Use) -> Node:
        """The gradient of what uses the node."""
        return self.one.backward.gradients[use.node]

    def gradient(self, node: Node) -> Node:
        """A node's gradient."""
        return self.one.gradient(node)

    def replaced(self, shares: Mapping[Use, Node | None]) -> dict[Node, Node]:
        """The gradients of nodes with other shares from some uses; None leaves the share out."""
        found: dict[Node, Node] = {}
        changed = {use.node.args[use.place] for use in shares}
        for arg, uses in self.one.backward.uses.items():
            if arg not in changed or arg not in self.one.backward.gradients:
                continue
            kept = [shares.get(use, use.share) for use in uses]
            left = [share for share in kept if share is not None]
            gradient = self.one.backward.gradients[arg]
            found[gradient] = added(left) if left else zero(gradient)
        return found

    def called(self, node: Node) -> str:
        """What people call a node: its name; that of what it is a part of where it has none of its own."""
        named = self.names.get(node, node)
        if named.operation is not NAMED:
            return "the constant" if named.args else _written(named)
        if named.params.moment < 0:
            users = self.users.get(named, [])
            if len(users) == 1 and users[0].params.moment >= 0 and self._is_all_of(users[0].args[0], named):
                return self._readable(users[0])
        return self._readable(named)

    @staticmethod
    def _is_all_of(core: Node, part: Node) -> bool:
        """Whether a step only sums something, or is its only entry."""
        is_one = core.operation is PRODUCT and core.args == (part,) and core.params.number == 1 and not core.rank
        return core.operation.name == "sum" or (is_one and all(whole(size) == 1 for size in part.shape))

    def name_of(self, node: Node | None) -> str:
        """The name that a node, or what it is a part of, has in the problem; nothing where it has none."""
        while node is not None and node.params.moment < 0:
            users = self.users.get(node, [])
            node = users[0] if len(users) == 1 else None
        return "" if node is None else self.workings.called.get(node.params.text, node.params.text)

    def term(self, core: Node, place: int, *, with_number: bool = True) -> str:
        """A term of a sum as it is read, with its number in front: `−3·y`, `mean(x)` for 1/n·sum(x)."""
        by, node = core.params.numbers[place], core.args[place]
        name = self._readable(node) if node.operation is NAMED else self.called(node)
        if abs(by).numerator == 1 < by.denominator and name.startswith("sum("):
            by, name = by * by.denominator, f"mean({name[4:]}"
        if not with_number or by == 1:
            return name
        return readable(f"{by}·{name}") if abs(by) != 1 else f"−{name}"

    def _readable(self, node: Node) -> str:
        text = node.params.text
        return readable(self.workings.called.get(text, text))

    def step(self, node: Node) -> str:
        """What a node is called at every step of time, in whose names a line and a round stand."""
        text: str = node.params.text
        return text.split("@", 1)[0] if node.params.moment >= 0 else text

    def is_bias(self, node: Node) -> bool:
        """Whether a node is an input that is added to something of its own or a larger shape, and called b…"""
        if not self.is_input(node) or not self.called(node).startswith("b"):
            return False
        return all(user.args[0].operation.name == "sum" for user in self.users.get(node, ())) and node in self.users

    def parent(self, node: Node) -> str:
        """What people call that which a node goes into."""
        users = self.users.get(node, [])
        return self.called(users[0]) if users else self.called(self.one.output)

    def is_silent(self, node: Node) -> bool:
        """Whether a named node is an input that nobody gave."""
        return node.operation is NAMED and node.params.text in self.workings.silent

    def is_input(self, node: Node) -> bool:
        """Whether a named node is an input."""
        return node.operation is NAMED and node.args[0].operation is INPUT

    def is_of_input(self, node: Node) -> bool:
        """Whether a named node is an input, or one in another shape."""
        moves = (RESHAPE, INDEX, PRODUCT)
        while node.operation is NAMED and node.args[0].operation in moves and len(node.args[0].args) == 1:
            node = node.args[0].args[0]
        return self.is_input(node)


def inputs_of(context: Context, node: Node) -> set[Node]:
    """The inputs that a node is made of."""
    return {one for one in in_order([node]) if context.is_input(one)}


def _written(constant: Node) -> str:
    """A constant as it is read: 1, ε's 1/100000, √2."""
    if constant.operation is ELEMENTWISE:
        return to_unicode(constant.params.tree)
    number = as_number(constant)
    return "the constant" if number is None else str(number)


def readable(text: str) -> str:
    """A name as it is read: `w·x` for `w*x`."""
    return text.replace("*", "·").replace("-", "−")


def bare(node: Node) -> Node:
    """A node without its name."""
    return node.args[0] if node.operation is NAMED else node


def zero(like: Node) -> Node:
    """Zeros in a node's shape."""
    return product([], LETTERS[: like.rank], like.shape, 0)


def scaled(node: Node, by: object) -> Node:
    """A node times a number."""
    letters = LETTERS[: node.rank]
    return product([(node, letters)], letters, node.shape, by)  # type: ignore[arg-type]


def times(*nodes: Node) -> Node:
    """Nodes multiplied element by element, broadcast as in NumPy."""
    return multiply(*nodes)


def whole(extent: object) -> int:
    """A size as a number; 0 where it is a letter."""
    size = settled(extent)  # type: ignore[arg-type]
    return size if isinstance(size, int) else 0
