"""Answers brought along, checked: which are right, which are not, and what went wrong."""

from netcalc.checking.check import Checker, check
from netcalc.checking.verdicts import Tolerance

__all__ = ["Checker", "Tolerance", "check"]
