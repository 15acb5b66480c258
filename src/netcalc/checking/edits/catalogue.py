"""The catalogue of mistakes: every row, in the order in which they are tried where nothing else tells."""

from __future__ import annotations

from netcalc.checking.edits import values
from netcalc.checking.edits.accumulated import ACCUMULATED
from netcalc.checking.edits.axes import AXES
from netcalc.checking.edits.chain import CHAIN
from netcalc.checking.edits.decay import DECAY
from netcalc.checking.edits.edit import Row
from netcalc.checking.edits.entries import ENTRIES
from netcalc.checking.edits.factors import FACTORS_LEFT_OUT
from netcalc.checking.edits.forward import FORWARD
from netcalc.checking.edits.gradients import GRADIENTS
from netcalc.checking.edits.matrices import MATRICES
from netcalc.checking.edits.numbers import NUMBERS
from netcalc.checking.edits.others import OTHERS
from netcalc.checking.edits.paths import PATHS
from netcalc.checking.edits.powers import POWERS
from netcalc.checking.edits.products import PRODUCTS
from netcalc.checking.edits.settings import SETTINGS
from netcalc.checking.edits.slopes import SLOPES
from netcalc.checking.edits.vectors import VECTORS

MISTAKES: tuple[Row, ...] = (
    *PRODUCTS,
    *FACTORS_LEFT_OUT,
    *AXES,
    *OTHERS,
    *NUMBERS,
    *ACCUMULATED,
    *SLOPES,
    *POWERS,
    *VECTORS,
    *DECAY,
    *SETTINGS,
    *CHAIN,
    *ENTRIES,
    *MATRICES,
    *PATHS,
    *GRADIENTS,
    *FORWARD,
)
ROUNDINGS: tuple[Row, ...] = values.ROUNDINGS
