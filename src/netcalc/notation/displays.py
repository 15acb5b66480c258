"""What a step may show beside a formula: matrices, and sums and products of them. For looking at, not for computing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netcalc.expression.tree import Apply, Number, Tree
from netcalc.records import NamedTuple


class Matrix(NamedTuple):
    """Rows of formulas, all of one length; a column vector is n × 1."""

    entries: tuple[tuple[Tree, ...], ...]


class Named(NamedTuple):
    """A whole tensor by its name: `W`, `delta`, `dL/dW1`; the 1 is the layer's number."""

    text: str


class Transposed(NamedTuple):
    """ofᵀ."""

    of: Display


class Product(NamedTuple):
    """The parts one after another, as a matrix product is written, or with `symbol` between, as in `δ ∘ σ'(z)`."""

    parts: tuple[Display, ...]
    symbol: str = ""


class Sum(NamedTuple):
    """The parts with plus signs between, or with the `symbol` −."""

    parts: tuple[Display, ...]
    symbol: str = "+"


Display = Tree | Matrix | Named | Transposed | Product | Sum


def needs_brackets(part: Display) -> bool:
    """Whether a formula would be torn apart where it stands in a product."""
    if isinstance(part, Number):
        return part.value < 0
    return isinstance(part, Apply) and part.operator in ("add", "subtract", "negate")


def is_ratio(part: Display) -> bool:
    """Whether it is written with a fraction bar, behind which an exponent would hang on the denominator."""
    return isinstance(part, Named) and "/" in part.text


def column(entries: Iterable[Tree]) -> Matrix:
    """A vector as it stands in a matrix product: n × 1."""
    return Matrix(tuple((entry,) for entry in entries))


def row(entries: Iterable[Tree]) -> Matrix:
    """A vector transposed: 1 × n."""
    return Matrix((tuple(entries),))


def matrix(rows: Iterable[Sequence[Tree]]) -> Matrix:
    """Rows of formulas."""
    return Matrix(tuple(tuple(entries) for entries in rows))
