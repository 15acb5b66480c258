"""How far an answer agrees with central differences of the forward pass: a frozen record, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from netcalc.records import dataclass

NAMED_LIMIT = 3  # entries, or symbols, that are named one by one


@dataclass(frozen=True, slots=True)
class Compared:
    """An entry that differences do not simply confirm: the answer, and the slopes on either side of the point."""

    name: str
    answer: str
    left: str
    right: str

    @property
    def slopes(self) -> str:
        """`3`, or `0 on the left, 3 on the right`."""
        return self.left if self.left == self.right else f"{self.left} on the left, {self.right} on the right"


@dataclass(frozen=True, slots=True)
class Verification:
    """What central differences say of `partials` entries, of which `checked` were looked at.

    `disagreement` is the largest |answer - difference| of those that agree, two digits rounded up: relative to the
    difference, absolute where the answer is 0, relative to the tensor's largest entry in float64; empty if none
    agrees. `arithmetic` is "balls" or "float64". `point` are the numbers put in
    for symbols. `kinks` are entries with two slopes, `jumps` those at a jump, where differences
    tell nothing, `wrong` those contradicted, `untold` counts those that
    differences are too coarse for (in float64 those below their noise), or that have no decided value.
    """

    partials: int
    checked: int
    disagreement: str = ""
    arithmetic: str = "balls"
    point: Mapping[str, str] = field(default_factory=dict)
    kinks: tuple[Compared, ...] = ()
    wrong: tuple[Compared, ...] = ()
    untold: int = 0
    jumps: tuple[Compared, ...] = ()

    @property
    def agreed(self) -> int:
        """How many entries differences confirm."""
        return self.checked - len(self.kinks) - len(self.jumps) - len(self.wrong) - self.untold

    @property
    def line(self) -> str:
        """`verified: 5 of 5 partials by central differences; largest disagreement 7.3e-17`, or what contradicts it."""
        sampled = f"of a sample of {self.checked:,} out of" if self.checked < self.partials else "of"
        count = len(self.wrong) or self.agreed
        text = f"{count:,} {sampled} {self.partials:,} partials"
        in_float64 = " in float64" * (self.arithmetic == "float64")
        way = "central differences" + in_float64 + self._place()
        if self.wrong:
            return f"not verified: {text} {'contradicts' if count == 1 else 'contradict'} {way}"
        kinks = f", {len(self.kinks):,} at a kink" if self.kinks else ""
        jumps = f", {len(self.jumps):,} at a jump" if self.jumps else ""
        untold = f", {self.untold:,} undecided{in_float64}" if self.untold else ""
        apart = f"; largest disagreement {self.disagreement}" if self.disagreement else ""
        return f"verified: {text} by {way}{kinks}{jumps}{untold}{apart}"

    def _place(self) -> str:
        some = [f"{name} = {value}" for name, value in list(self.point.items())[:NAMED_LIMIT]]
        more = ["…"] if len(self.point) > NAMED_LIMIT else []
        return f" at {', '.join([*some, *more])}" if some else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is contradicted, and the slopes on either side of kinks."""
        wrong = [f"{one.name} is {one.answer}, and differences give {one.slopes}" for one in self.wrong[:NAMED_LIMIT]]
        kinks = [
            f"{one.name} is at a kink: differences give {one.slopes}; netcalc takes {one.answer}"
            for one in self.kinks[:NAMED_LIMIT]
        ]
        jumps = [
            f"{one.name} is at a jump, where differences come to no slope; netcalc gives {one.answer}"
            for one in self.jumps[:NAMED_LIMIT]
        ]
        return (*wrong, *kinks, *_more(self.kinks, "kink"), *jumps, *_more(self.jumps, "jump"))

    def to_data(self) -> dict[str, Any]:
        """The record for JSON."""
        return asdict(self) | {"agreed": self.agreed, "point": dict(self.point)}


def _more(found: tuple[Compared, ...], kind: str) -> list[str]:
    more = len(found) - NAMED_LIMIT
    return [f"{more:,} more partials are at a {kind}"] if more > 0 else []
