"""`--exact` of tensors: closed forms where values are not rational, each equal to SymPy's own of the same point."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy as sp

import netcalc
from netcalc.notation import to_ascii, to_unicode

x, y = sp.symbols("x y", real=True)
e = sp.E

VALUES = [
    ("norm(x)", {"x": [3, 1]}, sp.sqrt(10), {"x": [3 / sp.sqrt(10), 1 / sp.sqrt(10)]}),
    ("logdet(X)", {"X": [[2, 1], [1, 3]]}, sp.log(5), {"X": sp.Matrix([[2, 1], [1, 3]]).inv().T.tolist()}),
    ("logsumexp(x)", {"x": [1, 0]}, sp.log(1 + e), {"x": [e / (1 + e), 1 / (1 + e)]}),
    (
        "std(x)",
        {"x": [1, 2, 4]},
        sp.sqrt(14) / 3,
        {"x": [-2 * sp.sqrt(14) / 21, -sp.sqrt(14) / 42, 5 * sp.sqrt(14) / 42]},
    ),
    ("max(x)*sqrt(2)", {"x": [1, 2, 2]}, 2 * sp.sqrt(2), {"x": [0, sp.sqrt(2) / 2, sp.sqrt(2) / 2]}),
    ("min(exp(x))", {"x": [1, 2]}, e, {"x": [e, 0]}),
    ("sum(relu(x - sqrt(2)))", {"x": [1, 4]}, 4 - sp.sqrt(2), {"x": [0, 1]}),
    ("sum(tanh(x))", {"x": [0, 1]}, sp.tanh(1), {"x": [1, 1 - sp.tanh(1) ** 2]}),
    ("det(X)", {"X": [["sqrt(2)", 1], [1, "sqrt(8)"]]}, 3, {"X": [[2 * sp.sqrt(2), -1], [-1, sp.sqrt(2)]]}),
    ("sum(solve(A, b))", {"A": [["sqrt(2)", 0], [0, 1]], "b": [2, 1]}, sp.sqrt(2) + 1, {"b": [1 / sp.sqrt(2), 1]}),
    ("sum(log_softmax(x))", {"x": [0, 1]}, 1 - 2 * sp.log(1 + e), {"x": [1 - 2 / (1 + e), 1 - 2 * e / (1 + e)]}),
    (
        "mean(sigmoid(W@x))",
        {"W": [[1, 2], [0, 1]], "x": [1, -1]},
        1 / (1 + e),
        {"x": [e / (1 + e) ** 2 / 2, 3 * e / (1 + e) ** 2 / 2]},
    ),
    ("prod(sqrt(x))", {"x": [2, 3, 6]}, 6, {"x": [sp.Rational(3, 2), 1, sp.Rational(1, 2)]}),
    ("sum(exp(x)[::-1]*x)", {"x": [1, 0]}, 1, {"x": [1, 1 + e]}),
]


def same(tree, expected):
    found = sp.sympify(to_ascii(tree).replace("^", "**"), locals={"e": e})
    return sp.simplify(found - expected) == 0


@pytest.mark.parametrize("expression, at, value, partials", VALUES, ids=[row[0] for row in VALUES])
def test_a_closed_form_is_the_value(expression, at, value, partials):
    result = netcalc.grad(expression, at=at, exact=True)
    tensors = {tensor.name: tensor for tensor in result.tensors}
    assert same(tensors["f"].entries[()].exact, value)
    for name, expected in partials.items():
        found = tensors[f"d{name}"].entries
        for one, other in zip(found.flat, np.array(expected, dtype=object).flat, strict=True):
            assert one.exact is not None
            assert same(one.exact, other)


def test_jacobians_and_second_derivatives_have_closed_forms():
    result = netcalc.grad("softmax(x)", at={"x": [1, 0]}, exact=True)
    (jacobian,) = (tensor.entries for tensor in result.tensors if tensor.name == "dx")
    assert same(jacobian[0, 1].exact, -e / (1 + e) ** 2)
    result = netcalc.grad("norm(x)", at={"x": [1, 2]}, exact=True, order=2)
    (hessian,) = (tensor.entries for tensor in result.tensors if tensor.by)
    assert same(hessian[0, 0].exact, 4 / (5 * sp.sqrt(5)))


def test_programs_have_closed_forms():
    result = netcalc.gradients("n = (x*x).sum()**0.5\nloss = n*y", at={"x": [1, 1], "y": 3}, exact=True)
    values = {tensor.name: tensor.entries for tensor in result.tensors}
    assert same(values["n"][()].exact, sp.sqrt(2))
    assert same(values["dx"][0].exact, 3 / sp.sqrt(2))


def test_steps_end_in_the_closed_form_and_the_digits():
    (forward, *_) = netcalc.grad("norm(x)", at={"x": [3, 1]}, exact=True).steps
    assert [to_unicode(part) for part in forward.chain] == ["‖x‖", "√10", "3.16228"]


def test_what_is_too_long_for_algebra_has_a_note_and_rationals_theirs():
    draw = np.random.default_rng(0)
    many = draw.integers(-9, 9, (60, 60)).tolist()
    result = netcalc.grad("norm(X@X)", at={"X": [row[:30] for row in many[:30]]}, exact=True)
    assert result.notes == ("closed forms are given of rational values, and of others in shorter problems",)
    result = netcalc.grad("sum(exp(X))", at={"X": many}, exact=True)
    others = 1 + np.count_nonzero(many)  # exp(0) is 1
    assert result.notes == (
        f"closed forms are given of rational values, and of up to 2,000 others; here are {others:,}",
    )
    result = netcalc.grad("sum(X@X)", at={"X": many}, exact=True)
    assert all(value.exact is not None for tensor in result.tensors for value in tensor.values)


SYMBOLS = {
    "a layer": (lambda: netcalc.linear([["sqrt(2)", 1]], ["1/3", 2], [0], exact=True), "u", ["2 + sqrt(2)/3"]),
    "a net": (
        lambda: netcalc.net([{"W": [["sqrt(2)"]], "activation": "tanh"}], input=["1/3"], exact=True),
        "a1",
        ["tanh(sqrt(2)/3)"],
    ),
    "digits": (
        lambda: netcalc.net([{"W": [["sqrt(2)"]], "activation": "tanh"}], input=["1/3"], exact=True, digits=30),
        "z1",
        ["sqrt(2)/3"],
    ),
    "a neuron": (lambda: netcalc.neuron([1], [2], None, "identity", exact=True), "w", ["1"]),
    "expressions": (lambda: netcalc.grad("x", "y*sin(1)", at={"x": 2}, exact=True), "y", ["0", "sin(1)"]),
}


@pytest.mark.parametrize("answer, name, expected", SYMBOLS.values(), ids=SYMBOLS)
def test_numbers_beside_formulas_have_closed_forms(answer, name, expected):
    """Where something was left out, what does not depend on it is a number still."""
    exact = json.loads(answer().to_json())["exact"]
    assert exact[name] == expected
    assert not any("closed form" in note for note in answer().notes)


def test_a_number_that_nobody_would_read_is_left_out_of_closed_forms():
    """erf of a sum of thousands of powers of e would be looked at by SymPy without end."""
    from netcalc.derivation.closed import ClosedForms
    from netcalc.errors import TookTooLong
    from netcalc.graph.arithmetic.closed import MAX_PARTS, Closed

    long = sp.Add(*(sp.exp(sp.Rational(1, n)) for n in range(2, MAX_PARTS)))
    numbers = Closed(forms=ClosedForms())
    with pytest.raises(TookTooLong, match="nobody would read"):
        numbers.settled(np.array([long], dtype=object))
    assert numbers.settled(np.array([sp.exp(1)], dtype=object)).tolist() == [sp.E]
