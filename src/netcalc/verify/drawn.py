"""Numbers to put in for symbols, so that formulas can be held to differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np

DRAWS = 8  # points that are tried where a function may have no value


def drawn_points(names: Sequence[str]) -> Iterator[Mapping[str, Fraction]]:
    """Points between -2 and 2, later ones between 0 and 2, always the same; nothing to draw is one empty point."""
    random = np.random.default_rng(7)
    for draw in range(DRAWS if names else 1):
        low = -200 if draw < DRAWS // 2 else 1
        drawn = random.integers(low, 200, len(names)).tolist()
        yield {name: Fraction(number or 1, 100) for name, number in zip(names, drawn, strict=True)}
