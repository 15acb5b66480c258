"""An activation described: its formulas as derived, its limits, and its curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.catalogue.names import plain
from netcalc.derivation.derive import applied, derivation
from netcalc.derivation.limits import limits
from netcalc.expression import Tree, parse
from netcalc.notation import to_ascii
from netcalc.records import NamedTuple

FAR = 30.5  # where a formula that has values on a side has one
HALF_WINDOW = 5.0  # of q to either side of 0, unless a kink lies near it or beyond


class Entry(NamedTuple):
    """What the catalogue says of an activation f(q), or of any expression in q.

    `limits` are those at -∞ and ∞, where there is one (`oo` for infinity); None while they were not asked for.
    """

    activation: BoundActivation
    formula: Tree
    slope: Tree
    curvature: Tree
    limits: tuple[Tree | None, Tree | None] | None = None

    @property
    def name(self) -> str:
        """The activation's label."""
        return self.activation.label

    @property
    def function(self) -> Tree:
        """f as it is called: the name applied to q; a typed expression by itself."""
        return applied(self.activation) if self.activation.has_kernels else self.formula

    @property
    def parameters(self) -> dict[str, str]:
        """Its parameters' values."""
        return {name: to_ascii(parse(str(value))) for name, value in self.activation.parameters}

    @property
    def range(self) -> str:
        """Its values, with the parameters' own in them: `[-0.3, inf)`."""
        text = self.activation.row.range
        for name, value in self.activation.parameters:
            text = text.replace(f"-{name}", plain(-value))
        return text

    @property
    def window(self) -> tuple[float, float]:
        """The stretch of q worth looking at: all kinks, and as much again on either side."""
        half = max([HALF_WINDOW, *(1.5 * abs(float(kink)) for kink in self.activation.kinks)])
        return -half, half

    def curve(self, order: int, q: np.ndarray) -> np.ndarray:
        """f (order 0), its slope or its curvature at each of `q`: float64, nan where it has no value."""
        from netcalc.graph.arithmetic.float64 import Float64

        found = Float64().activate(self.activation, order, q)
        return np.where(np.isnan(Float64().activate(self.activation, 0, q)), np.nan, found) if order else found

    def record(self) -> Mapping[str, object]:
        """Everything as text that data formats write."""
        row = self.activation.row
        return {
            "name": self.name,
            "formula": to_ascii(self.formula),
            "slope": to_ascii(self.slope),
            "curvature": to_ascii(self.curvature),
            "range": self.range,
            "kinks": list(self.activation.kinks),
            "parameters": self.parameters,
            "aliases": list(row.aliases),
            "source": row.source,
            "elsewhere": row.elsewhere,
        } | ({"limits": [one and to_ascii(one) for one in self.limits]} if self.limits else {})


def describe(activation: BoundActivation, *, with_limits: bool = False) -> Entry:
    """The entry of an activation."""
    known = derivation(activation)
    entry = Entry(activation, known.value, known.shown, known.curvature)
    return entry._replace(limits=_limits(entry)) if with_limits else entry


def _limits(entry: Entry) -> tuple[Tree | None, Tree | None]:
    """The limits on those sides where there is a function at all: log(q) has none at -∞."""
    there = ~np.isnan(entry.curve(0, np.array([-FAR, FAR])))
    left, right = limits(entry.activation)
    return left if there[0] else None, right if there[1] else None
