"""Lines that could once be changed without a test that noticed: each is held by what it is there for."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import netcalc
from netcalc.checking.backward import points
from netcalc.cli import main
from netcalc.derivation import algebra
from netcalc.derivation.bounded import equal


@pytest.mark.parametrize("size", [0.01, 100.0])
def test_a_relative_tolerance_of_an_array_is_relative(size):
    """Of many answers at once, whatever their size."""
    x = size * (1 + np.arange(10_000.0) / 10_000).reshape(100, 100)
    result = netcalc.linear(W=np.eye(100), v=x, b=np.zeros(100), delta=x)
    right = np.array(result.partials["v"])
    for off, verdict in ((0.9e-3, "right"), (1.1e-3, "wrong")):
        checked = netcalc.check(result, {"dv": right * (1 + off)}, rtol=1e-3).checked
        assert {one.verdict for one in checked} == {verdict}


def test_label_smoothing_mixes_in_every_class():
    """(1 - s) of the class's own loss and s of the mean over classes, as PyTorch has it."""
    logits, classes = np.array([[1.0, 2.0, 0.5], [0.25, -1.0, 3.0]]), np.array([0, 2])
    text = "import torch.nn.functional as F\nloss = F.cross_entropy(z, y, label_smoothing=0.25)\n"
    result = netcalc.gradients(text, {"z": logits, "y": classes})
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wanted = 0.75 * np.eye(3)[classes] + 0.25 / 3
    assert result.forward["loss"] == pytest.approx(-(wanted * np.log(p)).sum(1).mean(), rel=1e-12)
    np.testing.assert_allclose(np.array(result.partials["z"]), (p - wanted) / 2, rtol=1e-12)


def test_algebra_proves_what_is_equal_and_nothing_else():
    """Also where one fraction bar is not enough."""
    x = sp.Symbol("x", real=True)
    assert equal(sp.sin(x) ** 2 + sp.cos(x) ** 2, sp.S.One)
    assert equal((x**2 - 1) / (x - 1), x + 1)
    assert not equal(sp.sin(x) ** 2 - sp.cos(x) ** 2, sp.S.One)


def test_masks_of_what_comes_before_are_told_from_others():
    """Down to the smallest."""
    lower = np.tril(np.ones((2, 2)))
    assert points._is_triangular(lower)
    assert points._is_triangular(lower.T)
    assert points._is_triangular(np.tril(np.ones((4, 4)), -1))
    assert not points._is_triangular(np.ones((2, 2)))
    assert not points._is_triangular(np.eye(3))


def test_roots_of_numbers_of_many_primes_are_seen():
    """Also of primes that are not small."""
    assert algebra._has_many_primes(12)
    assert algebra._has_many_primes(1009 * 1013)
    assert not algebra._has_many_primes(1024)


@pytest.mark.parametrize("seed, status", [("true", 2), ("1.5", 2), ("7", 0)])
def test_a_seed_is_a_whole_number_and_nothing_that_counts_as_one(tmp_path, capsys, seed, status):
    path = tmp_path / "net.toml"
    path.write_text(f"seed = {seed}\ninput = [1]\n[[layers]]\nW = [[1]]\nb = [0]\n", encoding="utf-8")
    assert main(["net", str(path)]) == status
    assert ("seed" in capsys.readouterr().err) == bool(status)
