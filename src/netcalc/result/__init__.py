"""The answer, frozen: everything that any renderer shows comes from here."""

from netcalc.result.result import Checked, CheckedLine, Result, Taken, shown_as
from netcalc.result.steps import Deferred, LazySteps, Step
from netcalc.result.value import (
    UNDECIDED,
    UNDEFINED,
    Element,
    Tensor,
    Value,
    as_floats,
    as_value,
    at_index,
    in_unicode,
    text_at,
)

__all__ = [
    "UNDECIDED",
    "UNDEFINED",
    "Checked",
    "CheckedLine",
    "Deferred",
    "Element",
    "LazySteps",
    "Result",
    "Step",
    "Taken",
    "Tensor",
    "Value",
    "as_floats",
    "as_value",
    "at_index",
    "in_unicode",
    "shown_as",
    "text_at",
]
