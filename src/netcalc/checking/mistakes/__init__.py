"""The table of mistakes: a row each, in the order in which they are tried."""

from netcalc.checking.mistakes.above import ABOVE
from netcalc.checking.mistakes.calculus import CALCULUS
from netcalc.checking.mistakes.mistake import Frequency, Mistake
from netcalc.checking.mistakes.roundings import ROUNDINGS
from netcalc.checking.mistakes.slopes import SLOPES
from netcalc.checking.mistakes.sums import SUMS, TRANSPOSES

__all__ = ["CALCULUS", "MISTAKES", "ROUNDINGS", "Frequency", "Mistake"]

MISTAKES: tuple[Mistake, ...] = tuple(
    sorted((*TRANSPOSES, *SLOPES, *ABOVE, *SUMS), key=lambda mistake: mistake.frequency)
)
