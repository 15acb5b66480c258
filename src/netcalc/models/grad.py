"""Any expressions as a problem: their variables, the points where they are wanted, how often to differentiate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.catalogue.names import unknown
from netcalc.errors import NetcalcError, ShapeError, UnknownNameError
from netcalc.expression import Apply, Number, Reading, Symbol, Tree, read
from netcalc.expression.parser import letters
from netcalc.expression.tensor_tokens import doubt
from netcalc.expression.tree import from_float64, share
from netcalc.notation import to_ascii, to_unicode
from netcalc.problem import count
from netcalc.records import dataclass

NAMES_SHOWN = 12  # variables that a message lists
LONGEST_SHOWN = 160  # characters of a formula in a note
HIGHEST = 20  # derivative of one variable: formulas grow with every one


@dataclass(frozen=True)
class Gradient:
    """Expressions in `variables`, to be differentiated `order` times by each of `wrt`.

    `points` has a number a variable, as an array of shape () or, where there are many points, (points,): trees,
    exactly what was given, or float64. A variable without one stays a symbol. `texts` are the expressions as typed.
    """

    texts: tuple[str, ...]
    expressions: tuple[Tree, ...]
    variables: tuple[str, ...]
    wrt: tuple[str, ...]
    order: int = 1
    points: Mapping[str, np.ndarray] = field(default_factory=dict)
    many: bool = False
    index_from: int = 0
    notes: tuple[str, ...] = ()

    command = "grad"

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the expressions are called: `f`, or `f0`, `f1`, …"""
        if len(self.texts) == 1:
            return ("f",)
        return tuple(f"f{place + self.index_from}" for place in range(len(self.texts)))

    @property
    def spelled_out(self) -> frozenset[str]:
        """The names that are written as words, as something else has their Greek letter."""
        from netcalc.notation.printer import written_alike

        nodes = share(self.expressions).nodes
        return written_alike(self.variables, {node.operator for node in nodes if isinstance(node, Apply)})

    @property
    def free(self) -> tuple[str, ...]:
        """The variables that stay symbols."""
        return tuple(name for name in self.variables if name not in self.points)

    @property
    def samples(self) -> int:
        """How many points there are."""
        return max((len(column) for column in self.points.values() if column.ndim), default=1)

    @property
    def given(self) -> dict[str, Any]:
        """What was stated, for the record."""
        stated: dict[str, Any] = {"f": self.texts[0] if len(self.texts) == 1 else list(self.texts)}
        stated |= {"at": dict(self.points), "wrt": list(self.wrt)}
        return stated if self.order == 1 else stated | {"order": self.order}


def grad(
    texts: Sequence[str],
    points: Mapping[str, np.ndarray] | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    index_from: int = 0,
) -> Gradient:
    """The problem that expressions, as text, state. Variables come in the order in which points name them.

    Raises ExpressionError, UnknownNameError for a variable that occurs nowhere, NetcalcError for an order too high.
    """
    points = points or {}
    known = {*points, *(wrt or ()), *(name for text in texts for name in letters(text) if len(texts) > 1)}
    readings = tuple(read(text, known) for text in texts)
    expressions = tuple(reading.tree for reading in readings)
    if not expressions:
        raise NetcalcError("an expression is missing, as in: netcalc grad 'x^2*y' --at x=1 y=2")
    _check_parameters(expressions)
    found = _symbols(expressions) or tuple(dict.fromkeys((*points, *(wrt or ()))))  # a constant's slopes are 0
    for name in points:
        check_known(name, found, "--at gives a value to")
    variables = (*(name for name in points if name in found), *(name for name in found if name not in points))
    chosen = variables if wrt is None else tuple(wrt)
    check_wrt(chosen, found)
    _check_order(order, chosen, len(expressions))
    many = _check_points(points, [name for name in variables if name not in points])
    notes = [*_reading_notes(readings), *(note for text in texts if (note := doubt(text, variables)))]
    return Gradient(tuple(texts), expressions, variables, chosen, order, dict(points), many, index_from, tuple(notes))


def _reading_notes(readings: Sequence[Reading]) -> tuple[str, ...]:
    """What is to be said where something was read otherwise than as it was typed, or may have been meant so."""
    notes = []
    for place, reading in enumerate(readings):
        which = f"f{place} is " if len(readings) > 1 else ""
        if reading.free:
            formula = to_unicode(reading.tree)
            shown = formula if len(formula) <= LONGEST_SHOWN else "a product wherever no sign stands"
            notes.append(f"{which}read as {shown}")
        notes += [
            f"{which}read with {name} as one variable; for a product write {'*'.join(name)}" for name in reading.kept
        ]
    return tuple(dict.fromkeys(notes))


def _symbols(expressions: Sequence[Tree]) -> tuple[str, ...]:
    return tuple(node.name for node in share(expressions).nodes if isinstance(node, Symbol))


def _check_parameters(expressions: Sequence[Tree]) -> None:
    """Raises NetcalcError where what must be a number is none: a polygamma's order."""
    for node in share(expressions).nodes:
        if isinstance(node, Apply) and node.operator == "polygamma":
            order = node.arguments[0]
            if not isinstance(order, Number) or order.value.denominator != 1 or order.value < 0:
                raise NetcalcError(f"{to_ascii(node)}: the order of polygamma is a whole number, as in polygamma(1, x)")


def check_known(name: str, variables: Iterable[str], who: str) -> None:
    if name in variables:
        return
    names = list(variables)
    listed = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
    if not names:
        raise UnknownNameError(f"{who} {name}, and the expression has no variables")
    kind = f"the variables are {listed}" if len(names) > 1 else f"the only variable is {listed}"
    suggestion = unknown("variable", name, names, kind).message.partition("; ")[2]
    raise UnknownNameError(f"{who} {name}, which occurs in no expression; {suggestion}")


def check_wrt(names: Sequence[str], variables: Iterable[str]) -> None:
    """Raises UnknownNameError, NetcalcError for a name twice."""
    for place, name in enumerate(names):
        check_known(name, variables, "--wrt names")
        if name in names[:place]:
            raise NetcalcError(f"--wrt names {name} twice")


def _check_points(points: Mapping[str, np.ndarray], free: Sequence[str]) -> bool:
    """Whether there are many points. Raises ShapeError where their numbers differ, or one has no number."""
    lengths = {name: len(column) for name, column in points.items() if column.ndim == 1}
    for name, column in points.items():
        if column.ndim > 1:
            raise ShapeError(f"{name} has {column.ndim} dimensions; a number, or a number a point, is needed")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {count(length)}" for name, length in lengths.items())
        raise ShapeError(f"{listed}: each variable has a number a point, or one for them all")
    if lengths and free:
        raise ShapeError(f"{free[0]} has no value: at many points every variable has one")
    return bool(lengths)


def _check_order(order: int, wrt: Sequence[str], expressions: int) -> None:
    if order <= 2:
        return
    if len(wrt) != 1 or expressions != 1:
        example = wrt[0] if wrt else "x"
        raise NetcalcError(
            f"--order {order} is for one expression by one variable, as in --wrt {example}; --order 2 is for any number"
        )
    if order > HIGHEST:
        raise NetcalcError(f"--order goes up to {HIGHEST}: formulas grow with every derivative")


def point_at(problem: Gradient, sample: int | None = None) -> dict[str, Tree]:
    """One point as exact numbers: the columns' at row `sample`, and those that are the same everywhere."""
    return {
        name: _exact(column[()] if sample is None or not column.ndim else column[sample])
        for name, column in problem.points.items()
    }


def _exact(entry: Any) -> Tree:
    if isinstance(entry, np.floating):
        return from_float64(Fraction(float(entry)))
    tree: Tree = entry
    return tree
