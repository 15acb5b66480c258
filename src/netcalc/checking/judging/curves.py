"""Formulas in float64 at many points at once, made ready once: a root is found by hundreds of looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netcalc.arithmetic.watched import leaf, operation
from netcalc.expression.tree import Apply, Symbol, Tree, share

Array = NDArray[np.float64]


class Curves:
    """`trees`, to be looked at anywhere."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        shared = share(trees)
        self.roots = shared.roots
        self.steps: list[Any] = []  # a name, a constant's value, or what is done to which results
        for node, arguments in zip(shared.nodes, shared.arguments, strict=True):
            if isinstance(node, Apply):
                self.steps.append((operation(node), arguments))
            else:
                self.steps.append(node if isinstance(node, Symbol) else leaf(node, {}))

    def at(self, columns: Mapping[str, Array]) -> Array:
        """Their values, (trees, points)."""
        count = len(next(iter(columns.values())))
        results: list[Any] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                match step:
                    case Symbol():
                        results.append(leaf(step, columns))
                    case act, arguments if callable(act):
                        results.append(act(*(results[place] for place in arguments)))
                    case constant:
                        results.append(constant)
            found = [np.broadcast_to(results[root].value, count) for root in self.roots]
        return np.array(found, dtype=np.float64).reshape(len(found), count)
