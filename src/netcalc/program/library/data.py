"""What NumPy has for data along an axis: covariances, convolutions, polynomials, differences and integrals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled
from netcalc.program.library.padding import padded
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.values import Tensor, node_of


def _span(start: int | None, stop: int | None, step: int | None = None) -> b.Span:
    return b.Span(start, stop, step)


def _covariance(x: Tensor, other: Any, rowvar: bool, bias: bool, ddof: Any, correction: Any) -> Node:
    """Of variables, a row each."""
    rows = b.reshaped(x.node, [1, -1]) if x.rank == 1 else x.node
    if isinstance(other, Tensor):
        rows = b.joined([rows, b.reshaped(other.node, [1, -1]) if other.rank == 1 else other.node])
    if not rowvar:
        rows = b.swapped(rows)
    less = next((one for one in (ddof, correction) if one is not None), 0 if bias else 1)
    off = b.subtract(rows, b.mean(rows, -1, True))
    many = concrete(settled(rows.shape[-1]), "cov")
    found = b.multiply(b.number(Fraction(1, many - less)), b.matmul(off, b.swapped(off)))
    return b.reshaped(found, []) if x.rank == 1 and other is None else found


def _correlation(x: Tensor, other: Any, rowvar: bool) -> Node:
    cov = _covariance(x, other, rowvar, False, None, None)
    if not cov.rank:
        return b.divide(cov, cov)
    spread = b.elementwise("sqrt", b.einsum("ii->i", cov))
    return b.divide(cov, b.outer(spread, spread))


def _convolve(x: Tensor, kernel: Tensor, mode: str) -> Node:
    """Σₖ xᵢ₋ₖ wₖ, of vectors."""
    long, short = (_vector(one) for one in (x, kernel))
    if concrete(settled(long.shape[0]), "convolve") < concrete(settled(short.shape[0]), "convolve"):
        long, short = short, long
    return _slid(long, short, mode, flip=True)


def _correlate(x: Tensor, kernel: Tensor, mode: str) -> Node:
    """Σₖ xᵢ₊ₖ wₖ, of vectors."""
    return _slid(_vector(x), _vector(kernel), mode, flip=False)


def _vector(x: Tensor) -> Node:
    if x.rank != 1:
        raise ShapeError(f"a vector is needed here, not an array of {x.rank} axes")
    return x.node


def _slid(long: Node, short: Node, mode: str, *, flip: bool) -> Node:
    n, k = (concrete(settled(one.shape[0]), "convolve") for one in (long, short))
    if k > n or mode not in ("full", "same", "valid"):
        raise NetcalcError("a vector is convolved with a shorter one, with mode full, same or valid")
    beside = {"full": (k - 1, k - 1), "valid": (0, 0), "same": (k // 2, (k - 1) // 2)}[mode]
    if mode == "same" and flip:
        beside = beside[::-1] if k % 2 else ((k - 1) - (k - 1) // 2, (k - 1) // 2)
    wide = padded(long, [beside])
    many = n + sum(beside) - k + 1
    terms = [
        b.multiply(b.index(short, [k - 1 - place if flip else place]), b.index(wide, [_span(place, place + many)]))
        for place in range(k)
    ]
    return terms[0] if k == 1 else b.add(*terms)


def _polynomial(call: Call, p: Any, x: Any) -> Node:
    """By Horner's rule, the highest power first."""
    nodes = (
        [b.index(p.node, [n]) for n in range(concrete(settled(p.node.shape[0]), call.name))]
        if isinstance(p, Tensor)
        else [node_of(one) for one in p]
    )
    at, found = node_of(x), nodes[0]
    for node in nodes[1:]:
        found = b.add(b.multiply(found, at), node)
    return found


def _differences(x: Tensor, spacing: Any, axis: Any) -> Node:
    """Central inside, one-sided at both ends."""
    if isinstance(spacing, list | tuple) or (isinstance(spacing, Tensor) and spacing.rank):
        raise NetcalcError("gradient takes one spacing here, as in np.gradient(u, 0.1)")
    if x.rank != 1 and axis is None:
        raise NetcalcError("gradient goes along one axis here: name it, as in np.gradient(u, axis=0)")
    axis = (0 if axis is None else axis) % x.rank
    step, front = node_of(spacing), [b.EVERYTHING] * axis

    def slope(above: b.Span, below: b.Span, width: Node) -> Node:
        return b.divide(b.subtract(b.index(x.node, [*front, above]), b.index(x.node, [*front, below])), width)

    twice = b.multiply(b.number(2), step)
    ends = slope(_span(1, 2), _span(0, 1), step), slope(_span(-1, None), _span(-2, -1), step)
    return b.joined([ends[0], slope(_span(2, None), _span(None, -2), twice), ends[1]], axis)


def _trapezoids(y: Tensor, x: Any, dx: Any, axis: int) -> Node:
    """Σ (yᵢ + yᵢ₊₁)/2 · Δxᵢ."""
    front = [b.EVERYTHING] * (axis % y.rank)
    behind, ahead = [*front, _span(1, None)], [*front, _span(None, -1)]
    width = node_of(dx)
    if x is not None:
        of = node_of(x)
        key = ([_span(1, None)], [_span(None, -1)]) if of.rank == 1 else (behind, ahead)
        width = b.subtract(b.index(of, key[0]), b.index(of, key[1]))
    mean = b.multiply(b.number(Fraction(1, 2)), b.add(b.index(y.node, behind), b.index(y.node, ahead)))
    return b.summed(b.multiply(mean, width), axis)


_COV = "rowvar:b=True"
ROWS = [
    Row(
        "cov",
        f"m|x|input:t y:v=None {_COV} bias:b=False ddof:v=None correction:v=None",
        _covariance,
        "the covariances of variables, a row each",
    ),
    Row("corrcoef", f"x|input:t y:v=None {_COV}", _correlation, "the correlations of variables, a row each"),
    Row("convolve", "a:t v:t mode:v='full'", _convolve, "Σₖ xᵢ₋ₖ wₖ, of vectors"),
    Row("correlate", "a:t v:t mode:v='valid'", _correlate, "Σₖ xᵢ₊ₖ wₖ, of vectors"),
    Row("polyval", "p:v x:v", _polynomial, "a polynomial, the highest power first", asks=True),
    Row("gradient", "f:t spacing:v=1 axis:v=None", _differences, "differences of neighbours, over twice the spacing"),
    Row("trapezoid trapz", "y:t x:v=None dx:v=1 axis:i=-1", _trapezoids, "the integral by trapezoids"),
]
