"""`netcalc linear` from Python and the shell, against exact rationals worked out by themselves."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.arithmetic import cancellation
from netcalc.cli import main
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number, Symbol, evaluate
from netcalc.files.cells import RATIONAL
from netcalc.notation.displays import column

W = [[1, 2, 3], [4, 5, 6]]


def test_two_by_three_by_hand():
    """u = Wv + b, Wᵀδ, δvᵀ and δ, worked out on paper."""
    result = netcalc.linear(W, v=[1, 0, -1], b=[0, 1], delta=[1, -2])
    assert result.forward == {"u": [-2, -1]}
    assert result.partials == {"v": [-7, -8, -9], "W": [[1, 0, -1], [-2, 0, 2]], "b": [1, -2]}


def test_what_is_left_out_stays_a_symbol():
    """The layer alone gives u in v and b, and Wᵀδ in δ."""
    result = netcalc.linear(W)
    assert result.forward["u"] == ["v0 + 2*v1 + 3*v2 + b0", "4*v0 + 5*v1 + 6*v2 + b1"]
    assert result.partials["v"] == ["delta0 + 4*delta1", "2*delta0 + 5*delta1", "3*delta0 + 6*delta1"]


numbers = st.fractions(-50, 50, max_denominator=64).map(lambda number: Fraction(round(number * 64), 64))


@st.composite
def layers(draw):
    """W (m, n), v (samples, n), b (m,), δ (samples, m): all exact in float64."""
    m, n, samples = (draw(st.integers(1, 4)) for _ in range(3))
    shapes = ((m, n), (samples, n), (samples, m))
    tables = [draw(st.lists(st.lists(numbers, min_size=k, max_size=k), min_size=r, max_size=r)) for r, k in shapes]
    return *tables, draw(st.lists(numbers, min_size=m, max_size=m))


def dot(left, right):
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


@given(layers())
@settings(max_examples=40, deadline=None)
def test_a_batch_agrees_with_exact_rationals(layer):
    """Every element is the sum of products that its definition says; dW and db are summed over samples."""
    W, v, delta, b = layer
    result = netcalc.linear(W, v=v, b=b, delta=delta)
    columns = list(zip(*W, strict=True))
    assert result.forward["u"] == [[dot(row, x) + bias for row, bias in zip(W, b, strict=True)] for x in v]
    assert result.partials["v"] == [[dot(column, d) for column in columns] for d in delta]
    assert result.partials["W"] == [[dot(d, x) for x in zip(*v, strict=True)] for d in zip(*delta, strict=True)]
    assert result.partials["b"] == [sum(d) for d in zip(*delta, strict=True)]


@pytest.mark.parametrize(
    "given, message",
    [
        ({"v": [1, 2]}, "W is 2×3, so v needs 3 numbers; it has 2"),
        ({"b": [1, 2, 3]}, "W is 2×3, so b needs 2 numbers; it has 3"),
        ({"delta": [1]}, "W is 2×3, so delta needs 2 numbers; it has 1"),
        ({"v": [[1, 2], [3, 4], [5, 6]]}, "W is 2×3, so v needs 3 numbers a sample; it is 3×2: a sample is a row"),
        ({"v": [[1, 2, 3], [4, 5, 6]], "delta": [[1, 2]]}, "v has 2 samples, and delta has one sample"),
    ],
)
def test_shapes_that_disagree_are_both_named(given, message):
    with pytest.raises(ShapeError) as caught:
        netcalc.linear(W, **given)
    assert message in caught.value.message


@given(layers(), st.sets(st.sampled_from(["v", "b", "delta"]), min_size=1))
@settings(max_examples=25, deadline=None)
def test_formulas_become_the_numbers_that_are_put_in(layer, left_out):
    """What stays a symbol gives, with the numbers put in afterwards, what they give from the start."""
    W, v, delta, b = layer
    given = {"v": v, "delta": delta, "b": b}
    formulas = netcalc.linear(W, **{name: given[name] for name in given if name not in left_out})
    if not {"v", "delta"} - left_out:
        v, delta = v[:1], delta[:1]  # nothing says how many samples there are
    numbers = netcalc.linear(W, v=v, delta=delta, b=b)
    values = {}
    many = "v" not in left_out or "delta" not in left_out
    for letter, rows in (("v", v), ("delta", delta)):
        for sample, row in enumerate(rows):
            values |= {f"{letter}[{sample},{i}]" if many else f"{letter}{i}": x for i, x in enumerate(row)}
    values |= {f"b{i}": x for i, x in enumerate(b)}
    for name in ("u", "dv", "dW", "db"):
        for formula, number in zip(formulas[name].values, numbers[name].values, strict=True):
            assert exactly(formula, values) == Fraction(number.nearest)


def exactly(value, values):
    tree = Number(Fraction(value.nearest)) if value.formula is None else value.formula
    return evaluate(tree, RATIONAL, lambda leaf: leaf.value if isinstance(leaf, Number) else values[leaf.name])


def test_a_large_layer_gives_numbers_where_all_is_known():
    """Without b, u is one formula, and all else is what NumPy says."""
    draw = np.random.default_rng(5)
    W, v, delta = draw.standard_normal((90, 80)), draw.standard_normal((7, 80)), draw.standard_normal((7, 90))
    result = netcalc.linear(W, v=v, delta=delta)
    assert result.forward["u"] == "sum_k(W[j,k]*v[i,k]) + b[j]"
    assert result["u"].shape == (7, 90)
    assert np.allclose(result.partials["W"], delta.T @ v, rtol=1e-13, atol=1e-12)
    assert np.allclose(result.partials["v"], delta @ W, rtol=1e-13, atol=1e-12)
    assert np.array_equal(result.partials["b"], delta.sum(axis=0))


def test_a_large_layer_with_an_activation_needs_u_for_its_gradients():
    """Where b is left out, φ'(u) is unknown, and so is every gradient; without a bias all is known."""
    draw = np.random.default_rng(5)
    W, v, delta = draw.standard_normal((90, 80)), draw.standard_normal(80), draw.standard_normal(90)
    assert set(netcalc.linear(W, v=v, delta=delta, activation="tanh").partials) == {"u", "v", "W", "b"}
    assert all(isinstance(one, str) for one in netcalc.linear(W, v, delta=delta, activation="tanh").partials.values())
    known = netcalc.linear(W, v, delta=delta, activation="tanh", bias=False)
    u = W @ v
    assert np.allclose(known.partials["v"], W.T @ (delta * (1 - np.tanh(u) ** 2)), rtol=1e-9, atol=1e-12)


def test_long_and_wide_shapes_agree_in_float64():
    """The float64 path on shapes from one row or column to a wide batch, against plain loops of exact sums."""
    draw = np.random.default_rng(11)
    for m, n, samples in [(1, 300, 80), (300, 1, 80), (150, 140, 1), (2, 3, 9000)]:
        W, v, b, delta = (draw.standard_normal(shape) for shape in ((m, n), (samples, n), (m,), (samples, m)))
        result = netcalc.linear(W, v=v, b=b, delta=delta, certify=False)
        assert result.certainty.startswith("float64, not certified")
        for i, s in [(0, 0), (m - 1, samples - 1)]:
            exact = sum(Fraction(w) * Fraction(x) for w, x in zip(W[i].tolist(), v[s].tolist(), strict=True))
            assert result.forward["u"][s][i] == pytest.approx(float(exact + Fraction(b[i].item())), abs=1e-12)
        column = sum(Fraction(d) * Fraction(x) for d, x in zip(delta[:, 0].tolist(), v[:, -1].tolist(), strict=True))
        assert result.partials["W"][0][n - 1] == pytest.approx(float(column), abs=1e-10)


@pytest.mark.parametrize("activation", [None, "tanh", "softmax", "log_softmax"])
@pytest.mark.parametrize("loss", ["mse", "huber", "cross-entropy"])
def test_a_loss_above_agrees_with_differences_of_the_forward_pass(activation, loss):
    """Every partial, for one sample and for two, behind each kind of activation."""
    W, b = [["1/2", -1], [2, "1/3"], [0, 1]], [0, 1, "-1/4"]
    for v, target in (([1, -2], [0, 1, 0]), ([[1, -2], ["1/5", 3]], [[0, 1, 0], [1, 0, 0]])):
        result = netcalc.linear(W, v=v, b=b, activation=activation, target=target, loss=loss, verify=True)
        assert result.verification is not None
        assert not result.verification.wrong


def test_a_class_is_a_one_among_zeros():
    """A class index and its distribution give the same loss and gradients."""
    W = [[1, 2], [3, 4], [5, 6]]
    by_class = netcalc.linear(W, v=[[1, 2], [0, 1]], b=[0, 0, 0], target=[2, 0], loss="cross-entropy")
    spread = netcalc.linear(W, v=[[1, 2], [0, 1]], b=[0, 0, 0], target=[[0, 0, 1], [1, 0, 0]], loss="cross-entropy")
    assert by_class.forward == spread.forward
    assert by_class.partials == spread.partials


@pytest.mark.parametrize("activation", [None, "softmax", "tanh"])
def test_steps_add_up_where_a_target_is_no_distribution(activation):
    """Every line's numbers come to the value that ends it, also where the targets sum to 0.6."""
    W, b, target = [["1/2", -1], [2, "1/3"], [0, 1]], [0, 1, "-1/4"], ["0.2", "0.3", "0.1"]
    result = netcalc.linear(W, v=[1, -2], b=b, activation=activation, target=target, loss="cross-entropy")
    operations = RATIONAL | {name: getattr(math, name) for name in ("exp", "log", "tanh")}
    of_elements = [step.chain for step in result.steps if not step.drawn]
    assert len(of_elements) > 15
    for _, *numbers in of_elements:
        values = [evaluate(part, operations, lambda leaf: leaf.value) for part in numbers]
        assert values == [pytest.approx(float(values[-1]), rel=1e-4, abs=1e-5)] * len(values)


@given(layers())
@settings(max_examples=15, deadline=None)
def test_exact_answers_are_the_rationals_themselves(layer):
    """Under exact each value has its closed form: what the digits stand for, to the last."""
    W, v, delta, b = layer
    result = netcalc.linear(W, v=v, b=b, delta=delta, exact=True)
    for name in ("u", "dv", "dW", "db"):
        for value in result[name].values:
            exact = evaluate(value.exact, RATIONAL, lambda leaf: leaf.value)
            assert Fraction(value.nearest) == exact  # numbers of 64ths fit float64


def test_what_overflows_float64_is_named_without_a_warning():
    """A large layer whose sums leave float64's range is refused by the element's name."""
    W, v = np.full((200, 200), 1e200), np.full(200, 1e200)
    with pytest.raises(NetcalcError, match="u0 is inf: beyond the range of float64"):
        netcalc.linear(W, v=v, bias=False, delta=np.ones(200), certify=False)


@pytest.mark.parametrize(
    "W, message",
    [
        ([[1, 2], [3]], "rows that are not all of one length"),
        ([[1, 2], 3], "rows that are not all of one length"),
        ([], "holds no numbers"),
        ([[]], "holds no numbers"),
        ([1, 2], "W is a matrix, outputs × inputs; what is given has 1 dimensions"),
        ([[1, None]], "None is not a finite real number"),
        ([[1, float("nan")]], "nan is not a finite real number"),
        ([[1, 2j]], "2j is not a finite real number"),
        (np.array([[1, np.inf]]), "element [0,1] is inf, not a finite number"),
    ],
)
def test_what_is_no_matrix_is_refused_in_python_too(W, message):
    """The library's errors are the command line's: one kind, and what is wrong."""
    with pytest.raises(NetcalcError) as caught:
        netcalc.linear(W)
    assert message in caught.value.message


@pytest.mark.parametrize("scale", [1e200, 1.0, 1e-200])
def test_norms_of_large_and_of_small_numbers(scale, tmp_path, capsys):
    """Numbers whose squares float64 doesn't have: the norm of 10,000 of them is a hundred times theirs."""
    np.save(tmp_path / "W.npy", np.full((100, 100), scale))
    np.save(tmp_path / "v.npy", np.ones((100, 100)))
    assert main(["linear", "--matrix", str(tmp_path / "W.npy"), "--v", str(tmp_path / "v.npy"), "--no-bias"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("W "))
    assert float(row.split("│")[3].replace("−", "-")) == pytest.approx(100 * scale)


@pytest.mark.parametrize("long", [7, 1 << 30])
def test_where_sums_cancel(long, monkeypatch):
    """1e16 - 1e16 + 0.1 has no digit left, however many columns are looked at together; 1e16 + 0.1 has all it shows."""
    monkeypatch.setattr(cancellation, "LONG", long)
    v = np.full((2, 100), 1e-20)
    v[:, [3, 90]] = [[1e16, 0.1], [1e16, -1e16]]
    W = np.ones((2, 100))
    W[1] = 0.5
    assert cancellation.cancelled(v, W, np.array([0.1, 0.1]), v @ W.T + 0.1).tolist() == [[False, False], [True, True]]


def test_a_long_slope_goes_by_its_name_into_what_follows():
    """∂L/∂u is ∂L/∂a ∘ ∂a/∂u, entry by entry."""
    result = netcalc.linear(W=[[1, 2], [4, 5]], v=[1, 2], activation="sigmoid", target=[1, 0], loss="mse")
    (step,) = (step for step in result.steps if step.name == "dL/du")
    assert step.chain[1].parts[1] == column([Symbol("da/du0"), Symbol("da/du1")])
