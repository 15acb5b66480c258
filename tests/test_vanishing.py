"""Gradients that are exactly 0, shown by algebra; never one that is not."""

from __future__ import annotations

import json
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import sympy
import transcript
from hypothesis import given, settings

import netcalc
from netcalc.expression import Apply, Number, Symbol
from netcalc.graph.arithmetic.residues import Residues

SHIFTED = """
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdims=True)
counts_sum_inv = counts_sum**-1
probs = counts * counts_sum_inv
logprobs = probs.log()
loss = -logprobs[range(3), y].mean()
"""
AT = {"logits": [["0.5", "1.2", "-0.3"], ["2", "0.1", "0.4"], ["-1", "0", "0.7"]], "y": [0, 2, 1]}


def shown(result, name):
    return [one.shown for one in result[name].values]


def test_the_gradient_of_a_shift_before_softmax_is_exactly_zero():
    """Karpathy's logit_maxes: its gradient is 0, and certified."""
    result = netcalc.gradients(SHIFTED, AT)
    assert shown(result, "dlogit_maxes") == ["0", "0", "0"]
    assert result.certainty == "certified: 100 of 100 values"


def test_the_whole_exercise():
    """Of all the exercise's intermediate gradients none but that of logit_maxes, and of b1 before batch norm, is 0."""
    cases = json.loads((transcript.CHECKOUT / "tests/data/backward.json").read_text(encoding="utf-8"))["cases"]
    case = next(one for one in cases if "logit_maxes" in one["forward_text"])
    result = netcalc.gradients(case["forward_text"], case["at"])
    assert set(shown(result, "dlogit_maxes")) == {"0"}
    proven = [one for tensor in result.tensors for one in tensor.values]
    assert all(one.certified for one in proven)
    zeros = {tensor.name for tensor in result.tensors if all(one.shown == "0" for one in tensor.values)}
    assert zeros == {"dlogit_maxes", "db1"}  # what is added before a mean is taken off has no effect either


@pytest.mark.parametrize("classes", [np.array([0, 2, 1]), np.array([0.0, 2.0, 1.0])], ids=["int64", "float64"])
def test_classes_from_an_array_are_indices(classes):
    """What a .npy file has picks entries as typed numbers do: so does one that the program makes."""
    logits = np.array([[0.5, 1.2, -0.3], [2, 0.1, 0.4], [-1, 0, 0.7]])
    assert shown(netcalc.gradients(SHIFTED, {"logits": logits, "y": classes}), "dlogit_maxes") == ["0", "0", "0"]
    made = SHIFTED.replace("[range(3), y]", "[torch.arange(logits.size(0)), 2 - y]")
    assert shown(netcalc.gradients(made, {"logits": logits, "y": classes}), "dlogit_maxes") == ["0", "0", "0"]


def test_a_constant_that_is_not_rational_is_no_error():
    """Beside √2 and π what cancels is still shown to be 0."""
    program = SHIFTED + "loss = loss + (torch.tensor([math.sqrt(2), math.pi, 1]) * logits).sum()\n"
    result = netcalc.gradients(program, AT)
    assert shown(result, "dlogit_maxes") == ["0", "0", "0"]


SAME = [
    ("p = F.softmax(z + c, dim=1)\nloss = (p * w).sum()", "c"),
    ("loss = (np.log(np.exp(z + c) / np.exp(z + c).sum(axis=1, keepdims=True)) * w).sum()", "c"),
    ("m = z.mean(axis=1, keepdims=True)\nloss = (((z - m) + c - c.mean()) ** 2 * w).sum()", None),
    ("xc = z + c\nxc = xc - xc.mean(axis=1, keepdims=True)\nloss = (np.exp(xc) * w).sum()", "c"),
    ("s = c * z\nloss = (s / np.sqrt((s * s).sum()) * w).sum()", None),
]


@pytest.mark.parametrize("program, name", SAME)
def test_invariant_programs(program, name):
    """A shift before softmax or behind which a mean is taken off changes nothing."""
    at = {
        "z": [["0.5", "1.2", "-0.3"], ["2", "0.1", "0.4"]],
        "c": ["0.3"] if name is None else [["0.3"], ["0.1"]],
        "w": [[1, 2, 3], [4, 5, "0.5"]],
    }
    result = netcalc.gradients(program, at)
    if name is not None:
        assert set(shown(result, f"d{name}")) == {"0"}


def test_what_is_small_is_not_zero():
    """A gradient of 1e-300 stays what it is; one that only looks like 0 is not called so."""
    result = netcalc.gradients("loss = np.exp(-700 * a) + 0 * a", {"a": 1})
    assert result.partials["a"] == pytest.approx(-700 * np.exp(-700.0))
    result = netcalc.gradients("loss = b * (np.exp(a) * np.exp(-a) - 1 + d)", {"a": 1, "b": 2, "d": "1e-60"})
    assert shown(result, "db")[0] != "0"
    assert result.partials["b"] == pytest.approx(1e-60)


NAMES = sympy.symbols("a b c")


def build(draw, depth):
    """A random expression of sums, products and quotients, as a tree and in SymPy."""
    kind = draw(st.sampled_from(["leaf", "number", "sum", "product", "ratio"])) if depth else "leaf"
    if kind == "leaf":
        name = draw(st.sampled_from(NAMES))
        return Symbol(name.name), name
    if kind == "number":
        number = draw(st.integers(-3, 3))
        return Number(Fraction(number)), sympy.Integer(number)
    one, other = build(draw, depth - 1), build(draw, depth - 1)
    if kind == "sum":
        return Apply("add", (one[0], other[0])), one[1] + other[1]
    if kind == "product":
        return Apply("multiply", (one[0], other[0])), one[1] * other[1]
    if sympy.cancel(other[1]) == 0:
        return one
    return Apply("divide", (one[0], other[0])), one[1] / other[1]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_zero_is_zero_as_sympy_has_it(data):
    """Of two random quotients of sums, their difference is 0 exactly where SymPy cancels it to 0."""
    numbers = Residues({})
    columns = {name.name: np.asarray(numbers.known_or_fresh(None), dtype=object) for name in NAMES}
    one, other = build(data.draw, 3), build(data.draw, 3)

    def is_zero(tree):
        return numbers.apply(tree, columns, ()).item() == 0

    assert is_zero(Apply("subtract", (one[0], other[0]))) == (sympy.cancel(one[1] - other[1]) == 0)
    both = Apply("multiply", (one[0], other[0])), Apply("multiply", (other[0], one[0]))
    assert is_zero(Apply("subtract", both))
    assert not numbers.given_up
    is_zero(Apply("divide", (one[0], Apply("subtract", both))))
    assert numbers.given_up


MASKED = """
att = (x @ x.T).masked_fill(torch.tril(torch.ones(3, 3)) == 0, float('-inf'))
p = torch.softmax(att, dim=-1)
y = p @ x
loss = (y * y).mean()
"""


def test_a_row_with_one_entry_that_is_not_masked_has_no_slope_and_is_proven_early(monkeypatch):
    """Its softmax is 1 whatever the entry is; the proof takes one more evaluation, and no more bits."""
    from netcalc.solving import graph_values

    evaluations = []
    nodes_in = graph_values.nodes_in
    monkeypatch.setattr(graph_values, "nodes_in", lambda *given: evaluations.append(given) or nodes_in(*given))
    result = netcalc.gradients(MASKED, x=[["0.1", "0.2"], ["0.3", "-0.4"], ["0.5", "0.7"]])
    assert np.array(result.partials["att"], dtype=float)[0].tolist() == [0, 0, 0]
    decided, _, total = result.certainty.removeprefix("certified: ").split()[:3]
    assert decided == total
    assert len(evaluations) <= 2


def test_integers_of_numpy_are_taken_as_residues():
    """A slope that counts gives some: they were too short for the prime, which ended in netcalc's own mistake."""
    text = "v0 = 2**s\nv2 = np.maximum(v0, W)\nloss = v2.var(axis=0)[0]"
    W = np.array([[0.49, 0.184], [-0.567, -0.698], [0.628, 0.602]])
    assert netcalc.gradients(text, s=-0.081, W=W).partials["W"] == [[0, 0], [0, 0], [0, 0]]
