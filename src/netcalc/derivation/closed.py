"""Closed forms of numbers, as people write them: `-4*e/(1 + e)^2`.

A number is taken as one fraction in powers of e, with whatever else stands in it; algebra has a budget, and what
it finds is kept only where it is no longer to read.
"""

# SymPy costs more to import than the rest of a run, so only the functions that use it pay for it.
from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from netcalc.derivation.algebra import from_sympy, has_words
from netcalc.derivation.bounded import bounded, factor, is_tame, simplified
from netcalc.errors import TookTooLong
from netcalc.expression import Tree
from netcalc.notation import to_ascii

EVALUATIONS = 60_000  # by SymPy, for all of a problem's numbers together
EVALUATIONS_EACH = 10_000
HIGHEST_DEGREE = 40  # of a polynomial in powers of e that is factored at once
POWER_OF_E = re.compile(r"e\^\([^()]*\)|e\^\w+|exp\((?:[^()]|\([^()]*\))*\)")
LARGEST = 600  # parts of an expression that algebra is tried on
PAGES_OF_DIGITS = re.compile(r"\d{100}")
READABLE = 1_500  # parts of one that is written at all


class ClosedForms:
    """Shortens numbers until its budget is spent; after that they stay as they are."""

    def __init__(self, evaluations: int = EVALUATIONS) -> None:
        self.left = evaluations
        self.known: dict[Any, Any] = {}
        self.sizes: dict[Any, int] = {}

    def tree(self, number: Any, *, deep: bool = True) -> Tree | None:
        """The closed form of a SymPy number as a tree; None if nobody would read it to its end,
        or it is no real number.

        A number made of functions that are already short needs no algebra that goes `deep`.
        """
        import sympy as sp

        if self.size(number) > READABLE or number.has(sp.I, sp.nan, sp.zoo, sp.oo, -sp.oo) or not has_words(number):
            return None
        tree = from_sympy(self.shortest(number, deep=deep))
        return None if PAGES_OF_DIGITS.search(to_ascii(tree)) else tree

    def size(self, number: Any) -> int:
        """How many parts an expression has written out; what it shares is counted each time, and looked at once."""
        if number not in self.sizes:
            self.sizes[number] = 1 + sum(map(self.size, number.args))
        return self.sizes[number]

    def shortest(self, number: Any, *, deep: bool = True) -> Any:
        """The number in the form found that is shortest to read; `deep` looks for all that SymPy knows."""
        import sympy as sp

        if number.is_Atom or self.size(number) > LARGEST or number.free_symbols or number.has(sp.I, sp.nan, sp.zoo):
            return number
        if (number, deep) not in self.known:
            candidates = [number]
            with bounded(min(EVALUATIONS_EACH, self.left)) as budget:
                with contextlib.suppress(TookTooLong, NotImplementedError, RecursionError):
                    candidates.extend(filter(has_words, _forms(number, deep=deep)))
                self.left = max(0, self.left - budget.used)
            self.known[number, deep] = min(reversed(candidates), key=_length)
        return self.known[number, deep]


def _forms(number: Any, *, deep: bool) -> Iterator[Any]:
    import sympy as sp

    fraction = one_fraction(number)
    above, below = sp.fraction(fraction)
    if sum(part.is_Add for part in sp.Mul.make_args(below)) > 1:  # as 1 + e^6, whose factors are longer than it is
        yield above / sp.expand(below)
    yield fraction
    if deep and is_tame(fraction) and fraction.atoms(sp.Function) - fraction.atoms(sp.exp):
        yield simplified(fraction)


def _length(form: Any) -> int:
    """Characters of a form, a power of e as one: 1/(1 + 1/e^(3/100)) isn't shorter than what has that power above."""
    return len(POWER_OF_E.sub("e", to_ascii(from_sympy(form))))


def one_fraction(number: Any) -> Any:
    """A number as one fraction in lowest terms, its numerator and denominator polynomials in powers of e, factored."""
    import sympy as sp

    opened = sp.expand_power_exp(_opened(number))
    there: dict[Any, Any] = {}
    back: dict[Any, Any] = {}
    for rest, powers in _powers_of_e(opened).items():
        unit = _greatest_divisor(powers.values())
        degrees = {power: int(coefficient / unit) for power, coefficient in powers.items()}
        if max(map(abs, degrees.values())) > HIGHEST_DEGREE:
            return number
        base = sp.Dummy(positive=True)
        there |= {power: base**degree for power, degree in degrees.items()}
        back[base] = sp.exp(sp.Rational(unit.numerator, unit.denominator) * rest)
    return factor(opened.xreplace(there)).xreplace(back)


def _powers_of_e(number: Any) -> dict[Any, dict[Any, Fraction]]:
    """The powers of e in a number, exp(c·r) by what stands beside a rational c."""
    import sympy as sp

    found: dict[Any, dict[Any, Fraction]] = {}
    for power in number.atoms(sp.exp, sp.E.func):
        coefficient, rest = power.exp.as_coeff_Mul() if isinstance(power, sp.exp) else (sp.S.One, sp.S.One)
        found.setdefault(rest, {})[power] = Fraction(int(coefficient.p), int(coefficient.q))
    return found


def _greatest_divisor(numbers: Iterable[Fraction]) -> Fraction:
    listed = list(numbers)
    return Fraction(gcd(*(n.numerator for n in listed)), lcm(*(n.denominator for n in listed)))


def _opened(number: Any) -> Any:
    """The number with the outermost functions in it taken as functions of fractions."""
    import sympy as sp

    if isinstance(number, sp.Function) and not isinstance(number, sp.exp | sp.Piecewise):
        return _in_fractions(number)
    return number if number.is_Atom else number.func(*map(_opened, number.args))


def _in_fractions(function: Any) -> Any:
    """A function, of fractions; a logarithm of one as a sum, and tanh(log u + v) as (u² e^2v - 1)/(u² e^2v + 1)."""
    import sympy as sp

    if isinstance(function, sp.tanh) and function.args[0].has(sp.log):
        squared = sp.exp(sp.expand(2 * function.args[0]))  # SymPy takes the logarithms out of an exponent
        if not squared.has(sp.log):
            return (squared - 1) / (squared + 1)
    rebuilt = function.func(*(one_fraction(argument) for argument in function.args))
    return sp.expand_log(rebuilt) if isinstance(rebuilt, sp.log) else rebuilt
