"""What people type, as a small tree: the one parser, by whitelist, with its limits."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational number: `0.1` is one tenth."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Constant:
    """A named real constant: `e` or `pi`."""

    name: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, indices included: `x`, `w1`, `W[0,1]`, `w[i]`."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function applied to its arguments.

    Operators are named `add` (n-ary), `subtract`, `multiply` (n-ary), `divide`, `power`, `negate`, and, as
    conditions of `where`, `less`, `less_equal`, `greater`, `greater_equal`, `equal`, `unequal`, `and`, `or`, `not`.
    """

    operator: str
    arguments: tuple[Tree, ...]


Tree = Number | Constant | Symbol | Apply
