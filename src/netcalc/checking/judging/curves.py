"""Formulas in float64 at many points at once, made ready once: a root is found by hundreds of looks at them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netcalc.arithmetic.watched import leaf, operation
from netcalc.expression.tree import Apply, Symbol, Tree, share

Array = NDArray[np.float64]


class Curves:
    """`trees`, to be looked at anywhere."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.shared = share(trees)
        self.steps: list[Any] = [  # a name, a constant's value, or what is done to which results
            operation(node) if isinstance(node, Apply) else node if isinstance(node, Symbol) else leaf(node, {})
            for node in self.shared.nodes
        ]

    def at(self, columns: Mapping[str, Array]) -> Array:
        """Their values, (trees, points)."""
        return self.along({}, columns)(columns)

    def along(self, fixed: Mapping[str, Array], moving: Collection[str]) -> Callable[[Mapping[str, Array]], Array]:
        """Their values by the columns of what is `moving`; what only depends on what is `fixed` is done once."""
        known: list[Any] = []
        left: list[int] = []
        steps, arguments = self.steps, self.shared.arguments
        with np.errstate(all="ignore"):
            for place, step in enumerate(steps):
                parts = [known[one] for one in arguments[place]]
                if step.name in moving if isinstance(step, Symbol) else any(one is None for one in parts):
                    known.append(None)
                    left.append(place)
                else:
                    known.append(leaf(step, fixed) if isinstance(step, Symbol) else step(*parts) if parts else step)

        def values(columns: Mapping[str, Array]) -> Array:
            count, results = len(next(iter(columns.values()))), known.copy()
            with np.errstate(all="ignore"):
                for place in left:
                    step = steps[place]
                    parts = (results[one] for one in arguments[place])
                    results[place] = leaf(step, columns) if isinstance(step, Symbol) else step(*parts)
                found = [np.broadcast_to(results[root].value, count) for root in self.shared.roots]
            return np.array(found, dtype=np.float64).reshape(len(found), count)

        return values
