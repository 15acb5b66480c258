"""Where a gradient is wanted: `x=1 y=1/2` as typed, and tables whose header names the variables."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from netcalc.errors import ExpressionError, NetcalcError, ValueSyntaxError
from netcalc.files.cells import read_number

NAMED = re.compile(r"\s*([^\W\d]\w*(?:\[[\w,\s]*\])?)\s*=(?!=)(.*)", re.DOTALL)


def read_points(words: Sequence[str], flag: str) -> dict[str, np.ndarray]:
    """The numbers by name, each an array of shape (). Raises NetcalcError."""
    points: dict[str, np.ndarray] = {}
    for word in words:
        named = NAMED.fullmatch(word)
        if named is None:
            raise ValueSyntaxError(f"{flag}: '{word}' is no NAME=VALUE; write {flag} x=1 y=2")
        name, text = named[1], named[2].strip()
        if name in points:
            raise NetcalcError(f"{flag} gives two values to {name}")
        if not text:
            raise ValueSyntaxError(f"{flag}: {name} has no value; write {name}=1")
        point = np.empty((), dtype=object)
        try:
            point[()] = read_number(text)
        except (ExpressionError, ValueSyntaxError) as error:
            message = f"{flag} {name}: {error.message}"
            raise ValueSyntaxError(message, source=error.source, position=error.position) from None
        points[name] = point
    return points
