"""Answers brought along, checked: which are right, which are not, and what went wrong."""

from netcalc.checking.check import check
from netcalc.checking.verdicts import Tolerance

__all__ = ["Tolerance", "check"]
