"""The answer, frozen: everything that any renderer shows comes from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from netcalc.expression import Tree
from netcalc.notation import to_ascii
from netcalc.problem import Neuron


@dataclass(frozen=True, slots=True)
class Value:
    """One number of an answer, or the formula that it stays where something was left out.

    `nearest` is the float64 nearest to it, `shown` its decimal digits, `exact` its closed form where asked for.
    """

    nearest: float | None
    shown: str
    formula: Tree | None = None
    exact: Tree | None = None
    certified: bool = False

    def plain(self) -> float | str:
        """A float, or the formula as text."""
        return self.nearest if self.nearest is not None else self.shown


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named part of an answer: `entries` (object array of Value, or float64), and its formula by generic index."""

    name: str
    entries: np.ndarray
    formula: str

    def plain(self) -> Any:
        """Nested lists of floats and formulas, in the tensor's shape; a bare one for a scalar."""
        if self.entries.dtype != object:
            return self.entries.tolist()
        out = np.empty(self.entries.shape, dtype=object)
        for index in np.ndindex(self.entries.shape):
            out[index] = self.entries[index].plain()
        return out.tolist()


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: left-hand side, then the expressions that it equals, in turn."""

    left: str
    chain: tuple[Tree, ...]
    heading: str = ""


@dataclass(frozen=True)
class Result:
    """What `solve` found: forward values, partials, the steps that lead there, and notes."""

    problem: Neuron
    tensors: Mapping[str, Tensor]
    partial_names: tuple[str, ...]
    forward_names: tuple[str, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    certainty: str

    @property
    def forward(self) -> dict[str, Any]:
        """Forward values by name: floats, nested lists, or formulas as text."""
        return {name: self.tensors[name].plain() for name in self.forward_names}

    @property
    def partials(self) -> dict[str, Any]:
        """∂(output)/∂name by name, each in the shape of the thing it belongs to."""
        return {name: self.tensors[f"d{name}"].plain() for name in self.partial_names}

    @property
    def formulas(self) -> dict[str, str]:
        """The formula of each partial, by generic index."""
        return {name: self.tensors[f"d{name}"].formula for name in self.partial_names}

    def to_json(self) -> str:
        """The answer as one strict JSON object."""
        from netcalc.render.json import document  # noqa: PLC0415 - renderers stand below results

        return document(self)


def text(tree: Tree) -> str:
    """A formula as text that netcalc reads."""
    return to_ascii(tree)
