"""What is said of wrong formulas of tensors whose sizes are letters."""

from __future__ import annotations

import pytest

import netcalc

NAMED = [  # an expression, its shapes, a wrong answer, and what is said of it
    ("sum((X@w-y)^2)/(2*n)", "X=n,d w=d y=n", ("w", "X.T@(X@w-y)"), "the mean's 1/n left out"),
    ("mean((X@w-y)^2)/2", "X=n,d w=d y=n", ("w", "X.T@(X@w-y)"), "the mean's 1/n left out"),
    ("mean((x-mean(x))^2)", "x=n", ("x", "2*x/n"), "mean(x) left out of x − mean(x), and its gradient"),
    ("softmax(z)", "z=n", ("z", "diag(softmax(z))"), "softmax's Jacobian without − p pᵀ: p ∘ δ"),
    ("x/norm(x)", "x=n", ("x", "eye(n)/norm(x)"), "a path left out: the one from x through norm(x)"),
    ("tanh(W@x)", "W=m,n x=n", ("x", "diag(1-tanh(W@x))@W"), "tanh′ taken as 1 − tanh; it is 1 − tanh²"),
    ("det(X)", "X=n,n", ("X", "inv(X).T"), "det(X) left out of the determinant's derivative: it is det(X) X⁻ᵀ"),
    ("A@x", "A=n,n x=n", ("x", "A.T"), "A taken for Aᵀ"),
]


@pytest.mark.parametrize("text, shapes, answer, said", NAMED, ids=[f"{one[0]}: {one[2][1]}" for one in NAMED])
def test_a_slip_is_told_with_the_letters_of_sizes(text, shapes, answer, said):
    result = netcalc.grad(text, shape=dict(one.split("=") for one in shapes.split()))
    (found,) = netcalc.check(result, {f"d{answer[0]}": answer[1]}).checked
    assert found.is_wrong
    assert found.diagnosis == said
