"""What two formulas differ by, decided by algebra: nothing, or something that isn't 0 where balls say so.

Each formula becomes a ratio of polynomials (`ratios.py`), in which exp(a + b) is exp(a)·exp(b), log(a·b) is
log|a| + log|b|, a root of a product is that of its factors, sin(a + b) is written in the sines and cosines of both.
Where the difference is the ratio 0, the formulas are equal on the whole piece. Else its numerator, in which what both
have in common is gone, is evaluated: so a bump far away, of 10^-1000000 here, still tells two formulas apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

from netcalc.arithmetic.balls import precision, sign
from netcalc.checking.judging.formulas import Formulas
from netcalc.checking.judging.ratios import Finer, Ratio, Ratios, TooLong, Undecided, Units
from netcalc.expression import Tree
from netcalc.records import dataclass

MAX_FINER = 12  # times that an atom is made finer
BITS = (320, 4096)  # of balls, one after the other
Point = Mapping[str, Fraction]


@dataclass
class Difference:
    """One formula less another, on every piece that was asked for."""

    claimed: Tree
    correct: Tree
    pieces: list[tuple[Ratios, Ratio]] = field(default_factory=list)
    units: Units = field(default_factory=dict)
    is_too_long: bool = False

    def differs(self, point: Point) -> bool | None:
        """Whether the formulas differ at a point: False is proven for the whole piece, None is not known."""
        found = self._on_piece(point)
        if found is None:
            return None
        ratios, difference = found
        if not difference.above:
            return False
        for bits in BITS:
            with precision(bits):
                if sign(ratios.above_at(difference, point)):
                    return True
        return None

    def holds_everywhere(self, point: Point) -> bool:
        """Whether the formulas are equal, proven without asking what sign anything has: so there is but one piece."""
        found = self._on_piece(point)
        return found is not None and not found[1].above and not found[0].signs

    def _on_piece(self, point: Point) -> tuple[Ratios, Ratio] | None:
        for ratios, difference in self.pieces:
            with precision(BITS[0]):
                if all(sign(ratios.value(one, point)) == side for one, side in ratios.signs):
                    return ratios, difference
        if not self.is_too_long:
            for _ in range(MAX_FINER):
                try:
                    formulas = Formulas(Ratios(point, self.units))
                    a, b = formulas.read((self.claimed, self.correct))
                    self.pieces.append((formulas.ratios, formulas.ratios.subtract(a, b)))
                    return self.pieces[-1]
                except Finer:
                    continue
                except Undecided:
                    return None
                except TooLong:
                    break
        self.is_too_long = True
        return None
