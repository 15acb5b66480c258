"""A backward pass as code, held to the one that is derived: line by line, as functions, given the lines before."""

from netcalc.checking.backward.check import check_code

__all__ = ["check_code"]
