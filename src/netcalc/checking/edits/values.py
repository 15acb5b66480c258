"""Values put in another way: an answer in a node's place, numbers rounded too early."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netcalc.checking.edits.edit import SEEN, Changed, Context, Frequency, Row, Shared, bare, times
from netcalc.checking.edits.slopes import function, phi
from netcalc.expression import Symbol, Tree, parse, substitute
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import Use
from netcalc.graph.elementwise import operator_of, plain, slopes, slot
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS
from netcalc.records import NamedTuple

MAX_ROUNDED_DIGITS = 4
SLOPES_BY_OUTPUT = {"sigmoid": "f*(1 - f)", "tanh": "1 - f^2"}


class Entries(NamedTuple):
    """Entries of a node's value, and the constants put there; `shape` is that of the answer that they are in."""

    places: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]
    trees: tuple[Tree, ...]


class Rounding(NamedTuple):
    """So many decimals (`f`) or significant digits (`e`)."""

    digits: int
    form: str

    @property
    def said(self) -> str:
        """In words."""
        kind = "significant digit" if self.form == "e" else "decimal"
        return f"rounded too early, to {self.digits} {kind}{'s' if self.digits > 1 else ''}"


def _value_of_forced(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    entries: Entries = node.params
    taken = np.array(array).reshape(entries.shape)
    constants = np.empty(len(entries.trees), dtype=object)
    constants[:] = entries.trees
    for place, constant in zip(entries.places, arithmetic.array(constants), strict=True):
        taken[place] = constant
    return taken.reshape(array.shape)


def _value_of_rounded(node: Node, _: Arithmetic, array: np.ndarray) -> np.ndarray:
    rounding: Rounding = node.params
    spec = f".{rounding.digits - (rounding.form == 'e')}{rounding.form}"
    if array.dtype != object:
        flat = [float(format(one, spec)) for one in array.reshape(-1).tolist()]
        return np.array(flat).reshape(array.shape)
    from fractions import Fraction

    from flint import fmpq

    from netcalc.arithmetic.rounding import nearest

    out = np.empty(array.size, dtype=object)
    for place, one in enumerate(array.reshape(-1)):
        known = nearest(one)
        written = None if known is None else Fraction(format(known, spec))
        out[place] = one if written is None else fmpq(written.numerator, written.denominator)
    return out.reshape(array.shape)


FORCED = Operation("forced", _value_of_forced, lambda *_: None)
ROUNDED = Operation("rounded", _value_of_rounded, lambda *_: None)


def forced(node: Node, entries: Entries) -> Node:
    """A node's value with constants in some entries."""
    inner = bare(node)
    return make(FORCED, [inner], node.shape, entries)


def rounded(node: Node, rounding: Rounding) -> Node:
    """A node's value, rounded."""
    inner = bare(node)
    return make(ROUNDED, [inner], node.shape, rounding)


def _nodes(rounding: Rounding) -> Row:
    def changes(context: Context) -> Iterator[Changed]:
        for node in context.one.nodes:
            if context.is_input(node) or node.params.moment < 0:
                continue
            name = context.called(node)
            yield Changed(f"{name} {rounding.said}", {node: rounded(node, rounding)}, node)
            gradient = context.one.backward.gradients.get(node)
            if gradient is not None and gradient.operation is NAMED:
                yield Changed(f"∂L/∂{name} {rounding.said}", {gradient: rounded(gradient, rounding)}, node)
            if _by_output(node) and node.args[0] in context.one.backward.gradients:
                uses = [use for _, use in context.uses if use.node is node.args[0]]
                own = rounded(node, rounding)
                slope = _slope_by(own, node)
                back = context.replaced({use: times(context.delta(use), slope) for use in uses})
                yield Changed(f"{name} {rounding.said}", {node: own, **back}, node)

    return Row(f"rounded-{rounding.digits}{rounding.form}", SEEN, changes=changes)


def _slope_by(own: Node, node: Node) -> Node:
    """The slope of a function from its value."""
    tree = substitute(parse(SLOPES_BY_OUTPUT[operator_of(node.args[0])]), {"f": Symbol(slot(0))})
    letters = LETTERS[: own.rank]
    return plain(tree, [(own, letters)], letters, own.shape)


def _by_output(node: Node) -> bool:
    """Whether a function's slope is made of its value."""
    core = node.args[0]
    return len(core.args) == 1 and operator_of(core) in SLOPES_BY_OUTPUT


def _slopes(rounding: Rounding) -> Row:
    def shares(context: Context, use: Use) -> Iterator[Shared]:
        if function(use) is None or len(use.node.args) > 1:
            return
        params = use.node.params
        slope = plain(slopes(params.tree, 1)[0], [(use.node.args[0], params.letters[0])], params.out, use.node.shape)
        share = times(context.delta(use), rounded(slope, rounding))
        yield Shared(f"{phi(use.node)}′ {rounding.said}", share, Frequency.SEEN)

    return Row(f"slope-rounded-{rounding.digits}{rounding.form}", SEEN, shares)


ROUNDINGS = tuple(
    row
    for digits in range(MAX_ROUNDED_DIGITS, 0, -1)
    for form in ("f", "e")
    for row in (_slopes(Rounding(digits, form)), _nodes(Rounding(digits, form)))
)
