"""Kinds of lines that a change once passed through: each held by a table against what doesn't share its code."""

from __future__ import annotations

import decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

import netcalc
from netcalc.arithmetic import rounding
from netcalc.arithmetic.balls import precision
from netcalc.checking.judging.difference import Difference
from netcalc.errors import ShapeError
from netcalc.expression import parse


@pytest.mark.parametrize("places", [1, 3, 12, 15, 16, 17])
@pytest.mark.parametrize("count", [1, 6, 17, 25])
def test_digits_next_to_a_power_of_ten_are_those_of_python_decimals(count, places):
    """Where a logarithm in float64 is that of the power itself."""
    for exponent in (-3, 0, 1, 3, 8):
        for side in (-1, 1):
            number = Fraction(10) ** exponent * (1 + side * Fraction(1, 10**places))
            with precision(200):
                text = rounding.digits(arb(fmpq(number.numerator, number.denominator)), count)
            true = decimal.Context(prec=count).divide(number.numerator, number.denominator)
            with decimal.localcontext(prec=60):
                exactly = decimal.Decimal(number.numerator) / number.denominator
            if text is None:  # a tie: not decided
                assert abs(exactly - true) * 2 >= decimal.Decimal(10) ** (true.adjusted() - count + 1)
            else:
                assert decimal.Decimal(text) == true


TURNS = [Fraction(n, d) for d in (1, 2, 3) for n in range(-2, 6)]


@pytest.mark.parametrize("name, of", [("sin", np.sin), ("cos", np.cos)])
def test_a_sine_or_cosine_of_a_part_of_a_turn_is_a_whole_number_where_it_is(name, of):
    """Algebra proves what holds, and nothing else."""
    for turn in TURNS:
        true = of(float(turn) * np.pi)
        for claim in ("-1", "0", "1"):
            proven = Difference(parse(f"x*{name}({turn}*pi)"), parse(f"x*({claim})")).holds_everywhere(
                {"x": Fraction(3, 7)}
            )
            assert proven == (abs(true - int(claim)) < 1e-9), (turn, claim)


draw = np.random.default_rng(8)
A, B, V = draw.normal(size=(2, 3, 3)), draw.normal(size=(2, 3, 2)), draw.normal(size=(2, 3, 3))
M, v = draw.normal(size=(3, 3)), draw.normal(size=3)


@pytest.mark.parametrize(
    "text, at",
    [
        ("sum(det(A)^2)", {"A": A}),
        ("sum(inv(A)^2)", {"A": A}),
        ("sum(solve(A,B)^2)", {"A": A, "B": B}),
        ("sum((A@B)^3)", {"A": A, "B": B}),
        ("sum((M@A@B)^2)", {"A": A, "B": B, "M": M}),
        ("sum(solve(A,v)^2)", {"A": A[0], "v": v}),
        ("sum((A@M@v)^2)", {"A": A, "M": M, "v": v}),
    ],
)
def test_second_derivatives_of_stacks_of_matrices_are_differences_of_the_first(text, at):
    """Along a direction."""
    along, step = V if at["A"].ndim == 3 else V[0], 2.0**-12

    def slopes(moved):
        result = netcalc.grad(text, at={**at, "A": moved})
        return np.array(result.partials["A"], dtype=float)

    near = (slopes(at["A"] + step * along) - slopes(at["A"] - step * along)) / (2 * step)
    far = (slopes(at["A"] + 2 * step * along) - slopes(at["A"] - 2 * step * along)) / (4 * step)
    result = netcalc.grad(text, at=at, along={"A": along.tolist()}, order=2)
    found = np.array(result.hvp["A"], dtype=float)
    np.testing.assert_allclose(found, (4 * near - far) / 3, rtol=1e-5, atol=1e-5 * np.abs(found).max())


@pytest.mark.parametrize(
    "x, y, has_hint",
    [
        ([[1], [2]], [1, 2, 3], True),  # a column, or a vector that a row was meant for
        ([1, 2, 3], [[1, 2]], True),
        ([[1, 2], [3, 4]], [1, 2, 3], False),
        ([1, 2, 3], [[1, 2], [3, 4]], False),
        ([[1, 2]], [[1, 2]], False),
    ],
)
def test_a_row_that_was_typed_for_a_vector_is_told(x, y, has_hint):
    with pytest.raises(ShapeError) as error:
        netcalc.grad("sum(x@y)", at={"x": x, "y": y})
    assert ("[[1, 2]] is a matrix of one row, and 1, 2 a vector" in str(error.value)) == has_hint


Z = draw.normal(size=(2, 4, 3))
PROGRAMS = [  # a program, and its slope by x, worked out by hand
    ("import torch\ny = (x.unflatten(1, (2, 2))**3).sum()", 3 * Z**2),
    (
        "import torch\ny = (x.unflatten(1, (2, -1))[:, 0, 1] * 2).sum()",
        2.0 * (np.arange(4) == 1)[:, None] * np.ones_like(Z),
    ),
    ("y = (np.arange(0.5, 2.2, 0.25) * x.sum()).sum()", np.full_like(Z, np.arange(0.5, 2.2, 0.25).sum())),
    ("y = (np.arange(0.5, 2.2, 0.25)[3] * x).sum()", np.full_like(Z, 1.25)),
    ("y = (x[0].transpose(1, 0) * x[0].T).sum()", 2 * Z * np.array([1, 0])[:, None, None]),
    ("import torch\ny = (x[0].transpose(0, 1) * x[0].T).sum()", 2 * Z * np.array([1, 0])[:, None, None]),
    ("y = (x.transpose(1, 0, 2)[1] ** 2).sum()", 2 * Z * (np.arange(4) == 1)[:, None]),
    (
        "z = x * 1\nz[:, 1:3] = x[:, 0:2] ** 2\ny = z.sum()",
        np.stack([2 * Z[:, 0] + 1, 2 * Z[:, 1], 0 * Z[:, 2], 0 * Z[:, 3] + 1], 1),
    ),
    ("n = x.shape[1] ** 2\ny = x.sum() / n", np.full_like(Z, 1 / 16)),
    ("y = np.clip(x, 0.25, -0.25).sum() + x.sum()", np.ones_like(Z)),
]


@pytest.mark.parametrize("text, slope", PROGRAMS, ids=[text for text, _ in PROGRAMS])
def test_a_program_through_axes_in_the_middle_has_its_slopes(text, slope):
    np.testing.assert_allclose(
        np.array(netcalc.gradients(text, {"x": Z}).partials["x"], dtype=float), slope, atol=1e-12
    )


@pytest.mark.parametrize("x, y, t", [(Z[0, :2], Z[1, :2], np.array([1, -1])), (Z[0, 0], Z[1, 0], np.array(1))])
def test_a_loss_of_cosines_is_by_rows_or_of_two_vectors(x, y, t):
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1."""
    text = "import torch.nn.functional as F\nloss = F.cosine_embedding_loss(x, y, t, margin=0.1)"
    cosines = (x * y).sum(-1) / np.linalg.norm(x, axis=-1) / np.linalg.norm(y, axis=-1)
    wanted = np.where(t > 0, 1 - cosines, np.maximum(0, cosines - 0.1)).mean()
    assert netcalc.gradients(text, {"x": x, "y": y, "t": t}).forward["loss"] == pytest.approx(wanted, rel=1e-9)


def test_a_constant_zero_beside_what_is_not_defined_holds_nothing():
    """0·√(−|x|) is defined at 0 alone, and 0·√(−x) on the left."""
    assert netcalc.grad("0*sqrt(-abs(x))", at={"x": 0}).partials["x"] is None
    assert netcalc.grad("0*sqrt(-x)", at={"x": 0}).partials["x"] == 0
    assert netcalc.grad("0*abs(x)", at={"x": 0}).partials["x"] == 0


def test_who_has_no_name_is_called_by_the_row_from_1():
    grades = netcalc.grade(netcalc.grad("x^2", at={"x": 3}), [{"dx": "6"}, {"dx": "5"}])
    assert [one.name for one in grades.students] == ["1", "2"]
