"""The answer, frozen: everything that any renderer shows comes from here."""

from typing import TYPE_CHECKING, Any

from netcalc.result.result import Result, shown_as
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

if TYPE_CHECKING:
    from netcalc.result.verdicts import Checked, CheckedLine, Taken

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


def __getattr__(name: str) -> Any:
    if name not in ("Checked", "CheckedLine", "Taken"):
        raise AttributeError(f"module 'netcalc.result' has no attribute {name!r}")
    from netcalc.result import verdicts  # which wait for what is brought

    return getattr(verdicts, name)
