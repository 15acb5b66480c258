"""What the floats of a type are like, as NumPy's and PyTorch's finfo have it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.program.values import LibraryFunction, Opaque, Record

BITS = {  # of a mantissa; the power of two below which the numbers end
    **dict.fromkeys(("float64", "double", "float", "float_", "dtype"), (53, 1024)),
    **dict.fromkeys(("float32", "single"), (24, 128)),
    **dict.fromkeys(("float16", "half"), (11, 16)),
    "bfloat16": (8, 128),
}


def finfo(of: Any) -> Record:
    """Of a type that is named; of an array's, whose numbers are float64."""
    name = of.name if isinstance(of, LibraryFunction | Opaque) else of
    if isinstance(of, LibraryFunction) and (of.module.library, name) == ("torch", "float"):
        name = "float32"
    if name not in BITS:
        raise NetcalcError("finfo takes a type of floats, as in np.finfo(np.float32)")
    bits, end = BITS[name]
    unit, tiny = Fraction(1, 1 << (bits - 1)), Fraction(1, 1 << (end - 2))
    largest = (2 - unit) * (1 << (end - 1))
    return Record({"eps": unit, "max": largest, "min": -largest, "tiny": tiny, "smallest_normal": tiny})
