"""What a condition comes to, exactly, or in float64 where it takes long."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.node import Node, in_order

MAX_EXACT_OPERATIONS = 100_000  # of a condition that picks entries
DECIDING_BITS = 256


def decided(node: Node, values: Mapping[Node, np.ndarray | None]) -> np.ndarray | None:
    """A condition, or whole numbers: exactly, or in float64 where it takes long; None where no digits tell."""
    from netcalc.arithmetic.balls import precision
    from netcalc.graph.arithmetic.balls import Balls

    known = {key: one for key, one in values.items() if one is not None}
    is_open = any(not isinstance(size, int) for one in in_order([node]) for size in one.shape)
    if is_open or len(known) < len(values):
        return None
    is_long = cost([node], Float64()).operations > MAX_EXACT_OPERATIONS
    numbers: Float64 | Balls = Float64() if is_long else Balls()
    try:
        with precision(DECIDING_BITS):
            found = evaluate([node], numbers, {key: numbers.array(one) for key, one in known.items()})[0]
            return numbers.whole(found)
    except (NetcalcError, ArithmeticError):
        return None
