"""Answers brought along, checked: which are right, which are not, and what went wrong.

What was brought is read in `answers/`: a file, a list or a text becomes claims, each a number or formula as it was
written, on an answer by its name. In `judging/` a bench works out what is right, in balls, where every number is
given, else at points of every piece; each claim is held to it, and is right, rounded or wrong. Of what is wrong
`causes/` looks for what went wrong: `workings/` takes the problem apart into small steps, `edits/` does each of them
wrong, all of them are run once, side by side, and those that yield the wrong answers, and can't well do so by chance,
are named. `check.py` puts these together; `classes/` marks many students. `backward/` checks code, line by line.
"""

from netcalc.checking.check import check
from netcalc.checking.checker import Checker
from netcalc.checking.judging.verdicts import Tolerance

__all__ = ["Checker", "Tolerance", "check"]
