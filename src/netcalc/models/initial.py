"""Weights to start from: a row a rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from netcalc.catalogue.names import unknown
from netcalc.records import NamedTuple
from netcalc.values import to_exact

Draw = Callable[[Any, int, int], np.ndarray]  # naming numpy.random.Generator would load it in every run


class Initial(NamedTuple):
    """One rule: `draw(generator, m, n)` yields W (m, n), of which `meaning` is the distribution."""

    name: str
    meaning: str
    source: str
    draw: Draw


_ROWS = (
    Initial("zeros", "0", "", lambda _, m, n: np.zeros((m, n))),
    Initial("ones", "1", "", lambda _, m, n: np.ones((m, n))),
    Initial(
        "xavier",
        "uniform between -r and r, r = sqrt(6/(inputs + outputs))",
        "Glorot & Bengio 2010",
        lambda generator, m, n: generator.uniform(-math.sqrt(6 / (m + n)), math.sqrt(6 / (m + n)), (m, n)),
    ),
    Initial(
        "he",
        "normal with mean 0 and variance 2/inputs",
        "He et al. 2015",
        lambda generator, m, n: generator.normal(0.0, math.sqrt(2 / n), (m, n)),
    ),
)
INITIALS: Mapping[str, Initial] = MappingProxyType({row.name: row for row in _ROWS})
WHOLE = 4096  # weights up to which zeros and ones are exact numbers


def initial(name: str, m: int, n: int, seed: int, layer: int) -> np.ndarray:
    """W (m, n) by the rule of that name; the same for the same `seed` and number of the layer, on any machine.

    Raises UnknownNameError.
    """
    if name not in INITIALS:
        raise unknown("init", name, INITIALS, f"the rules are {', '.join(INITIALS)}")
    W = INITIALS[name].draw(np.random.default_rng([seed, layer]), m, n)
    return to_exact(W) if name in ("zeros", "ones") and W.size <= WHOLE else W
