"""Values that are proven although they are many: held to exact sums of fractions, and to mpmath at 60 digits."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

import netcalc
from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.rounding import rounded
from netcalc.cli import main
from netcalc.notation import significant

DIGITS = 60


def fractions(array: Any) -> list[list[Fraction]]:
    """Its rows, exactly."""
    return [[Fraction(value) for value in row] for row in np.atleast_2d(array).tolist()]


def product(a: list[list[Any]], b: list[list[Any]]) -> list[list[Any]]:
    """The matrix product, with no rounding of fractions."""
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def test_every_part_of_a_large_layer_is_rounded_correctly() -> None:
    """u, ∂L/∂v, ∂L/∂W of 150 × 120 with 3 samples, against sums of fractions."""
    draw = np.random.default_rng(5)
    W, v, delta = draw.standard_normal((150, 120)), draw.standard_normal((3, 120)), draw.standard_normal((3, 150))
    result = netcalc.linear(W, v=v, bias=False, delta=delta)
    assert result.certainty == f"certified: {3 * 150 + 150 * 120 + 3 * 120} of {18_810} values"
    exact = {"W": fractions(W), "v": fractions(v), "delta": fractions(delta)}
    u = product(exact["v"], [list(row) for row in zip(*exact["W"], strict=True)])
    dW = product([list(row) for row in zip(*exact["delta"], strict=True)], exact["v"])
    dv = product(exact["delta"], exact["W"])
    assert result.forward["u"] == [[float(one) for one in row] for row in u]
    assert result.partials["W"] == [[float(one) for one in row] for row in dW]
    assert result.partials["v"] == [[float(one) for one in row] for row in dv]


def test_every_gradient_of_a_net_is_rounded_correctly() -> None:
    """Two layers with ReLU and cross-entropy of classes, 12,000 weights; by the formulas on paper in 60 digits."""
    draw = np.random.default_rng(11)
    x, t = draw.random((4, 200)), [3, 0, 4, 1]
    W = [draw.standard_normal((60, 200)) / 8, draw.standard_normal((5, 60)) / 4]
    b = [draw.standard_normal(60) / 8, draw.standard_normal(5)]
    layers = [{"W": W[0], "b": b[0], "activation": "relu"}, {"W": W[1], "b": b[1], "activation": "identity"}]
    result = netcalc.net(layers, input=x, target=t, loss="cross-entropy")
    assert result.certainty.startswith("certified")
    with mp.workdps(DIGITS):
        exact = [[[mp.mpf(value) for value in row] for row in matrix.tolist()] for matrix in (x, *W)]
        biases = [[mp.mpf(value) for value in row.tolist()] for row in b]

        def affine(v: list[Any], n: int) -> list[Any]:
            rows = zip(exact[n + 1], biases[n], strict=True)
            return [mp.fdot(row, v) + bias for row, bias in rows]

        dW1: Any = mp.matrix(60, 200)
        dW2: Any = mp.matrix(5, 60)
        for row, target in zip(exact[0], t, strict=True):
            z1 = affine(row, 0)
            a1 = [max(one, mp.mpf(0)) for one in z1]
            powers = [mp.exp(one) for one in affine(a1, 1)]
            delta = [power / mp.fsum(powers) - (n == target) for n, power in enumerate(powers)]
            dW2 += mp.matrix([[d * a / 4 for a in a1] for d in delta])
            back = [
                mp.fdot(delta, column) if z > 0 else 0
                for column, z in zip(zip(*exact[2], strict=True), z1, strict=True)
            ]
            dW1 += mp.matrix([[d * value / 4 for value in row] for d in back])
        assert result.partials["W1"] == [[float(one) for one in row] for row in dW1.tolist()]
        assert result.partials["W2"] == [[float(one) for one in row] for row in dW2.tolist()]


def test_many_decimals_of_a_file_are_taken_as_they_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth is a tenth in 10,000 numbers too: the sums are those of decimals, where float64 has others."""
    draw = np.random.default_rng(2)
    texts = [[f"{whole / 1000:.3f}" for whole in row] for row in draw.integers(-999, 1000, (100, 100)).tolist()]
    (tmp_path / "W.csv").write_text("\n".join(map(",".join, texts)) + "\n", encoding="utf-8")
    tenths, ones = ["0.1"] * 100, ["1"] * 100
    words = ["linear", "--no-bias", "--matrix", str(tmp_path / "W.csv"), "--v", *tenths, "--delta", *ones]
    assert main([*words, "-f", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    exact = [sum(map(Fraction, row), Fraction(0)) / 10 for row in texts]
    columns = zip(*texts, strict=True)
    assert result["forward"]["u"] == [float(one) for one in exact]
    assert result["partials"]["v"] == [float(sum(map(Fraction, column), Fraction(0))) for column in columns]
    in_float64 = np.array([[float(text) for text in row] for row in texts]) @ np.full(100, 0.1)
    assert in_float64.tolist() != result["forward"]["u"]


def test_where_more_is_to_be_proven_it_has_to_be_asked_for() -> None:
    """A batch whose every value takes a function: float64, or certified where that is wanted; and the other way."""
    x, w = np.linspace(-1, 1, 90_000).reshape(30_000, 3), np.array([1.0, -2.0, 0.5])
    assert netcalc.neuron(x=x, w=w, b=0).certainty.startswith("float64, not certified")
    assert netcalc.neuron(x=x[:2000], w=w, b=0, certify=False).certainty.startswith("float64, not certified")
    W = np.ones((700, 700)) / 7
    assert netcalc.linear(W, v=np.ones(700), bias=False, delta=np.ones(700)).certainty.startswith("float64")
    asked = netcalc.linear(W, v=np.ones(700), bias=False, delta=np.ones(700), certify=True)
    assert asked.certainty == "certified: 491400 of 491400 values"
    assert asked.forward["u"] == [float(700 * Fraction(1 / 7))] * 700


def test_the_command_line_asks_for_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--certify of a layer whose numbers are more than a second's worth."""
    for name, array in {"W": np.ones((700, 700)), "v": np.arange(700.0), "d": np.ones(700)}.items():
        np.save(tmp_path / f"{name}.npy", array)
    words = ["linear", "--no-bias", "--only", "u"]
    for flag, name in {"--matrix": "W", "--v": "v", "--delta": "d"}.items():
        words += [flag, str(tmp_path / f"{name}.npy")]
    assert main([*words, "--certify", "-f", "json"]) == 0
    assert '"certainty": "certified: 491400 of 491400 values"' in capsys.readouterr().out


@given(st.lists(st.fractions(max_denominator=10**6), min_size=1, max_size=20), st.integers(-6, 6))
def test_what_is_rounded_all_at_once_is_what_python_rounds(values: list[Fraction], power: int) -> None:
    """The nearest float64 and, where it is sure, six digits of it that are those of the exact number."""
    scaled = [value * Fraction(10) ** power for value in values]
    numbers, sure = rounded(np.array([fmpq(one.numerator, one.denominator) for one in scaled], dtype=object))
    for one, number, known in zip(scaled, numbers.tolist(), sure.tolist(), strict=True):
        assert number == float(one)
        if known and one:
            with mp.workdps(DIGITS):
                assert float(mp.nstr(mp.mpf(one.numerator) / one.denominator, 6)) == float(significant(number))


def test_what_is_next_to_a_tie_is_told_apart() -> None:
    """Half a unit of the last bit, half a unit of the sixth digit, and a ball that holds both sides of one."""
    with precision(128):
        tie = 1 + arb(2) ** -53
        _, sure = rounded(np.array([tie, tie + arb(0, 1e-30), arb("0.1234565"), arb(1) / 3, arb(0, 1)], dtype=object))
    assert sure.tolist() == [False, False, False, True, False]
