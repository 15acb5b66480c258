"""Booleans and integers in programs are NumPy's: what is read agrees with NumPy itself, or is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from programs_oracle import differences

from netcalc import gradients
from netcalc.commands._program import condition_as_numbers
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.program import Given, read
from netcalc.program.scope import Scope

X = np.array([[1.0, 2.0], [-3.0, 0.5]])
GIVEN = {"x": Given(X.shape, None, "float", fractional=True)}
HEAD = "import numpy as np\n"


def value_of(lines: str) -> np.ndarray:
    """What netcalc reads in lines that end in `loss`, at X."""
    program = read(HEAD + lines, "f.py", GIVEN)
    return evaluate([program.output], Float64(), dict.fromkeys(program.inputs.values(), X))[0]


def truth_of(lines: str) -> np.ndarray:
    """NumPy's own answer."""
    names = {"np": np, "x": X.copy()}
    exec(lines, names)  # noqa: S102 - the test's own text
    return np.asarray(names["loss"], dtype=np.float64)


AS_NUMPY = [
    "loss = (x*((x > 0) + (x < 5))).sum()",
    "loss = (x*((x > 0) * (x < 5))).sum()",
    "loss = (x*((x > 0) & (x < 1) | (x < -1))).sum()",
    "loss = x*((x > 0) + True)",
    "loss = x*((x > 0) + 1)",
    "loss = x*((x > 0) + (x < 5)*1)",
    "loss = x*((x > 0) + 0.5)",
    "loss = x*(True + True)",
    "loss = x*((x > 0) @ (x < 5))",
    "loss = x*np.dot(x > 0, x < 5)",
    "loss = x*np.matmul(x > -9, x < 5)",
    "loss = x*np.einsum('ij,jk->ik', x > -9, x < 5)",
    "loss = x*np.einsum('ij->i', x > -9)",
    "loss = x*np.outer((x > -9)[0], (x < 5)[1])",
    "loss = x*np.add(x > 0, x < 5)",
    "loss = x*np.multiply(x > 0, x < 5)",
    "loss = x*(np.eye(2, dtype=bool) + np.eye(2, dtype=bool))",
    "loss = x*(np.where(x > 0, x < 5, x > 1) + (x < 5))",
    "loss = x*(np.concatenate([x > 0, x < 5])[:2] + (x < 5))",
    "loss = x*(np.stack([x > 0, x < 5])[0] + (x < 5))",
    "loss = x*(np.maximum(x > 0, x < 5) + (x < 5))",
    "loss = x*((x > 0).T + (x < 5))",
    "loss = x*((x > 0).max(axis=0) + (x < 5))",
    "loss = x*(x > 0).sum()",
    "loss = x*((x > 0).sum(axis=0) + (x < 5))",
    "loss = x*((x > 0).astype(int) + (x < 5))",
    "loss = x*((x > 0).astype(float) + (x < 5))",
    "loss = x*sum([x > 0, x < 5])",
    "loss = x*np.mean((x > 0) + (x < 5))",
    "loss = x*np.trace(x < 5)",
    "loss = x*((x > 0) / (x < 5))",
    "loss = x*(np.square(x < 5) + (x < 5))",
    "m = x > 0\nm += x < 5\nloss = x*m",
    "m = np.zeros((2, 2), dtype=bool)\nm[0, 1] = 0.5\nloss = x*m",
    "m = x > 0\nm[0] += x[0] < 5\nloss = x*m",
    "k = np.arange(4).reshape(2, 2)\nk[1, 1] = 7.0\nloss = x*k",
    "k = np.arange(4).reshape(2, 2)\nk[1, 1] = 7\nk += 1\nk[0] *= 2\nloss = x*k",
    "k = np.arange(4.0)\nk[1] = 1.7\nk += 0.5\nloss = x.sum()*k",
    "k = np.arange(4).reshape(2, 2)*1.0\nk[1, 1] = 1.7\nloss = x*k",
    "k = np.zeros((2, 2), dtype=int).astype(float)\nk[:] = x\nloss = k*k",
    "k = np.full((2, 2), 0.0)\nk[:] = x\nloss = k*k",
    "k = np.full_like(np.arange(3), 1.5, dtype=float)\nk[1] = 0.5\nloss = x.sum()*k",
    "k = np.zeros_like(np.arange(3), dtype=float)\nk[1] = 0.5\nloss = x.sum()*k",
    "k = np.arange(3) / 2\nk[1] = 0.7\nloss = x.sum()*k",
    "k = np.arange(3)\nk = k + 0.5\nloss = x.sum()*k",
    "k = np.zeros((2, 2), dtype=int)\nk[np.arange(2), [1, 0]] = 1\nloss = x*k",
    "k = np.where(x > 0, 1, 0.0)\nk[0] = 1.7\nloss = x*k",
    "k = np.array([1, 2.5])\nk[0] = 1.7\nloss = x*k",
]


@pytest.mark.parametrize("lines", AS_NUMPY)
def test_it_is_as_numpy_has_it(lines):
    np.testing.assert_array_equal(value_of(lines), truth_of(lines))


REFUSED = [
    ("loss = x*((x > 0) - (x < 5))", "not subtracted"),
    ("loss = x*np.subtract(x > 0, x < 5)", "no booleans"),
    ("loss = x*-(x > 0)", "no sign"),
    ("loss = x*((x[0, 0] > 0) + (x[0, 1] < 5))", "a | b"),
    ("k = np.arange(4).reshape(2, 2)\nk[1, 1] = 1.7\nloss = x*k", "integers"),
    ("k = np.full((2, 2), 0)\nk[:] = x\nloss = k*k", "integers"),
    ("k = np.full((2, 2), 1.7, dtype=int)\nloss = x*k", "whole"),
    ("k = np.linspace(0, 1, 3, dtype=int)\nloss = x.sum()*k", "whole"),
    ("k = np.zeros((2, 2), dtype=int)\nk[:] = x\nloss = k*k", "integers"),
    ("k = np.zeros((2, 2)).astype(int)\nk[:] = x\nloss = k*k", "integers"),
    ("k = np.zeros_like(x, dtype=int)\nk += x\nloss = k*k", "integers"),
    ("k = np.zeros_like(np.arange(2))\nk[0] += 1.5\nloss = x*k", "integers"),
    ("k = np.full_like(np.arange(2), 1.7)\nloss = x*k", "integers"),
    ("k = np.arange(2)\nk.fill(1.7)\nloss = x*k", "integers"),
    ("k = np.arange(2)\nk /= 2\nloss = x*k", "integers"),
    ("k = np.arange(4).reshape(2, 2)\nnp.fill_diagonal(k, 1.7)\nloss = x*k", "integers"),
    ("k = np.array([1, 2])\nnp.add.at(k, [0], 1.7)\nloss = x*k", "integers"),
    ("k = np.array([1, 2])\nnp.multiply(k, 1.7, out=k)\nloss = x*k", "integers"),
    ("k = np.array([1, 2])\nk[0:1][0] = 1.7\nloss = x*k", "integers"),
    ("k = np.concatenate([np.arange(1), np.arange(1)])\nk[0] = 1.7\nloss = x*k", "integers"),
    ("k = (x > 0).sum(axis=0)\nk[0] = 1.7\nloss = x*k", "integers"),
    ("k = np.maximum(np.arange(2), 1)\nk[0] = 1.7\nloss = x*k", "integers"),
    ("k = np.where(x > 0, 1, 0)\nk[0] = 1.7\nloss = x*k", "integers"),
    ("k = np.dot(np.arange(2), np.eye(2, dtype=int))\nk[0] = 1.7\nloss = x*k", "integers"),
    ("m = x > 0\nm += 1\nloss = x*m", "booleans"),
]


@pytest.mark.parametrize("lines, said", REFUSED)
def test_what_numpy_would_round_or_refuse_is_refused(lines, said):
    with pytest.raises(NetcalcError, match=said) as told:
        read(HEAD + lines, "f.py", GIVEN)
    assert told.value.message.startswith("f.py, line ")


def test_inputs_given_as_whole_numbers_may_be_floats():
    given = {"x": Given((2,), np.array([1, 2]), "int")}
    read(HEAD + "h = np.zeros_like(x)\nh[0] = x[0]*0.5\nh += 0.5\nloss = (h*x).sum()", "f.py", given)


UNREASONABLE = [
    "x.reshape(-2, -2)",
    "np.tile(x, -1)",
    "np.repeat(x, -1)",
    "np.pad(x, -1)",
    "np.tril(x, 2**70)",
    "np.triu(np.ones((3, 3)), -2**70)",
    "x[2**70:]",
    "np.ones(-2)",
    "np.full((-1,), 2)",
    "np.eye(-3)",
    "np.zeros(0).max()",
    "np.zeros(0).mean()",
    "np.zeros((2, 0)).argmax(axis=1)",
    "10**400*x",
    "1e308*10*x",
    "round(1e400)*x",
    "x*np.array([10**400])",
    "x[(None,)*70]",
    "np.tri(3, 3, 2**70)",
    "np.broadcast_to(x, (-1, 2, 2))",
    "np.moveaxis(x, 5, 0)",
]


@pytest.mark.parametrize("made", UNREASONABLE)
def test_sizes_and_numbers_that_no_array_has_are_refused_where_they_stand(made):
    with pytest.raises(NetcalcError) as told:
        read(f"{HEAD}y = 2*x\nloss = ({made}).sum()", "f.py", GIVEN)
    assert told.value.message.startswith("f.py, line 3: ")
    assert "is not understood (" not in told.value.message
    assert told.value.position is not None


@pytest.mark.parametrize(
    "loop",
    [
        "".join(f"{' ' * d}for {n} in np.arange(9):\n" for d, n in enumerate("abcde")) + "     s = s + x\n",
        "s = sum([x for a in range(9) for b in range(9) for c in range(9) for d in range(9) for e in range(9)])\n",
    ],
)
def test_loops_in_loops_are_counted_before_they_are_read(loop, monkeypatch):
    read_lines = []
    monkeypatch.setattr(Scope, "count", lambda *_: read_lines.append(1))
    with pytest.raises(NetcalcError, match=r"line \d: this loop comes to 59,049 statements"):
        read(f"{HEAD}s = 0*x\n{loop}loss = s.sum()", "f.py", GIVEN)
    assert len(read_lines) < 50


def test_a_sum_of_nothing_is_exactly_0():
    found = Balls().sum(np.empty((0, 0), dtype=object), (-1,))
    assert found.shape == (0,)
    program = read(HEAD + "loss = x.repeat(0, -1).sum()", "f.py", GIVEN)
    balls = Balls()
    given = dict.fromkeys(program.inputs.values(), balls.array(X))
    assert evaluate([program.output], balls, given)[0].item() == 0


@pytest.mark.parametrize(
    "made", ["np.ones((N, 2))", "np.full((N, 2), 1)", "np.arange(2 * N).reshape(N, -1)", "np.eye(N, 2)"]
)
def test_a_whole_number_that_is_given_may_be_a_size(made):
    program = read(f"{HEAD}loss = {made} * x", "f.py", {**GIVEN, "N": Given((), np.array(2), "int")})
    assert program.output.shape == (2, 2)
    found = evaluate([program.output], Float64(), dict.fromkeys(program.inputs.values(), X))[0]
    assert np.array_equal(found, eval(made, {"np": np, "N": 2}) * X)  # noqa: S307 - the test's own text


def test_a_size_that_is_no_whole_number_is_refused():
    with pytest.raises(NetcalcError, match="the sizes have to be numbers that are known"):
        read(f"{HEAD}loss = np.ones((N, 2)) * x", "f.py", {**GIVEN, "N": Given((), None, "float", fractional=True)})


@pytest.mark.parametrize("text", ["np.array([1.0, x[0], x[1]]).sum() * x[1]", "np.dot(x[0] + x[1] + 1, x[1])"])
def test_whole_numbers_that_are_no_sizes_have_their_gradient(text):
    """An argument that may be called `a` is an array; axes alone are numbers."""
    assert gradients(f"loss = {text}", x=[1, 2]).partials["x"] == [2, 6]


@pytest.mark.parametrize(
    "lines, slope",
    [
        (
            "z = np.zeros_like(x)\nm = x >= 0\nz[m] = 1/(1 + np.exp(-x[m]))\nz[~m] = np.exp(x[~m])/(1 + np.exp(x[~m]))",
            1 / (2 + 2 * np.cosh(X)),
        ),
        ("z = x.copy()\nz[x < 0] = 0.1*x[x < 0]", np.where(X < 0, 0.1, 1.0)),
        ("z = np.zeros_like(x)\nz[x > 0] = np.log(x[x > 0])", np.where(X > 0, 1 / X, 0.0)),
    ],
)
def test_entries_that_a_condition_picks_are_written_entry_by_entry(lines, slope):
    """z[mask] = f(x[mask]) is NumPy's, and its gradient f'(x) there."""
    lines += "\nloss = z.sum()"
    assert value_of(lines) == pytest.approx(truth_of(lines), rel=1e-14)
    found = np.array(gradients(HEAD + lines, x=X).partials["x"], dtype=np.float64)
    assert np.allclose(found, slope, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    "written",
    [
        "np.sum(x[x > 0])",
        "x[x > 0]/x[x > 0].sum()",
        "np.cumsum(x[x > 0])",
        "x[x > 0]*x",
        "x[x < 1.5]",
        "np.exp(x)[x > 0]*x[0]",
    ],
)
def test_what_a_condition_picks_is_not_taken_for_all_where_entries_mix(written):
    """Their sum is that of the picked ones alone, which goes by the numbers given; without any it is refused."""
    lines = f"z = np.zeros_like(x)\nz[x > 0] = {written}\nloss = z.sum()"
    with pytest.raises(NetcalcError, match="depends on values"):
        gradients(HEAD + lines, shape={"x": "2,2"})
    try:
        truth = truth_of(lines)
    except ValueError:  # what is picked doesn't fit
        with pytest.raises(NetcalcError):
            gradients(HEAD + lines, x=X)
        return
    found = gradients(HEAD + lines, x=X)
    assert found.forward["loss"] == pytest.approx(truth)
    assert found.notes == ("line 3 goes by the numbers given for x; with others the pass may be another one",)
    wanted = differences(HEAD + lines, {"x": X}, "loss")["x"]
    np.testing.assert_allclose(np.array(found.partials["x"], dtype=float), wanted, rtol=1e-8, atol=1e-8)


EXPERTS = """import torch
weights, chosen = torch.topk(torch.softmax(x @ gate, dim=1), 1)
out = torch.zeros_like(x)
for e in range(2):
    rows, place = torch.where(chosen == e)
    out[rows] += weights[rows, place, None] * (x[rows] @ experts[e])
loss = out.pow(2).sum()
"""


def test_rows_that_experts_get_go_by_the_values_of_the_gate():
    """As Mixtral picks them: the gradient is that of the experts that were chosen, the gate's through its weights."""
    x, gate = np.array([[0.5, -1.25], [2.0, 0.75], [1.5, 0.25]]), np.array([[0.1, 0.9], [-0.4, 0.2]])
    experts = np.array([[[1.0, 0.5], [0.25, -1.0]], [[0.3, 0.6], [1.1, 0.2]]])

    def loss(x, gate, experts):
        scores = np.exp(x @ gate)
        p = scores / scores.sum(1, keepdims=True)
        best = p.argmax(1)
        return sum(((p[n, e] * (x[n] @ experts[e])) ** 2).sum() for n, e in enumerate(best))

    values = {"x": x, "gate": gate, "experts": experts}
    found = gradients(EXPERTS, values)
    assert set((x @ gate).argmax(1)) == {0, 1}
    assert found.forward["loss"] == pytest.approx(loss(**values))
    step = 1e-6
    for name, value in values.items():
        for place in np.ndindex(value.shape):
            up, down = value.copy(), value.copy()
            up[place] += step
            down[place] -= step
            slope = (loss(**values | {name: up}) - loss(**values | {name: down})) / (2 * step)
            assert np.array(found.partials[name], dtype=float)[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_what_is_picked_is_decided_exactly():
    """0.1 + 0.2 is 0.3, and no more, though float64 has it so."""
    text = "import torch\nloss = (x * torch.bincount(torch.where(a + b > c)[0], minlength=2)).sum()"
    values = {"a": [0.1, 1.5], "b": [0.2, 2.5], "c": [0.3, 0.25]}
    found = gradients(text, x=[1.5, 2.5], **{name: [str(one) for one in value] for name, value in values.items()})
    assert found.partials["x"] == [0, 1]


def test_methods_of_a_program_that_uses_numpy_and_jax_are_numpys():
    """Without a note: the two agree."""
    text = "import jax.numpy as jnp\nimport numpy as np\nloss = (x.repeat(2, 1) * np.pi).var() + jnp.sum(x.max(1))\n"
    result = gradients(text, x=X)
    assert result.notes == ()
    assert result.forward["loss"] == pytest.approx((X.repeat(2, 1) * np.pi).var() + X.max(1).sum())


MASK = np.array([[True, False], [False, True]])


@pytest.mark.parametrize(
    "text, value",
    [
        ("loss = x[mask].sum()", 1.5),
        ("loss = (x * ~mask).sum()", -1.0),
        ("loss = torch.where(mask, x, 0 * x).sum()", 1.5),
        ("loss = x.masked_fill(~mask, -1).sum()", -0.5),
        ("loss = (x * mask.float()).sum()", 1.5),
    ],
)
def test_true_and_false_given_are_conditions(text, value):
    result = gradients(text, x=X, mask=MASK)
    assert result.forward["loss"] == value
    assert set(result.partials) == {"x"}


@pytest.mark.parametrize("suffix", [".npy", ".json", ""])
def test_true_and_false_typed_or_in_a_file_are_conditions(suffix, tmp_path):
    path = tmp_path / f"mask{suffix}"
    if suffix == ".npy":
        np.save(path, MASK)
    elif suffix:
        path.write_text("[[true, false], [false, true]]")
    typed = str(path) if suffix else "true,false;False,True"
    numbers = condition_as_numbers(typed)
    assert numbers is not None
    assert numbers == typed or re.findall("[01]", numbers) == ["1", "0", "0", "1"]
    assert condition_as_numbers("true,2") is None


def test_extremes_begin_where_they_are_told():
    result = gradients(
        "loss = (np.max(x, axis=0, initial=0.5) + np.min(x, axis=0, where=x > -1, initial=9)).sum()", x=X
    )
    assert result.forward["loss"] == 1 + 2 + 1 + 0.5
    assert result.partials["x"] == [[2, 1], [0, 1]]


def test_rows_that_experts_get_may_be_none():
    text = """
top, chosen = torch.topk(x, 1, dim=-1)
out = torch.zeros(2)
for e in range(2):
    rows, place = torch.where(chosen == e)
    out[rows] += top[rows, place] * (e + 1)
loss = out.sum()
"""
    result = gradients(text, x=[[1, 2], [-3, 5]])
    assert result.partials["x"] == [[0, 2], [0, 2]]


def test_minus_infinity_leaves_nothing():
    text = (
        "e = torch.exp(x + torch.tensor([[0.0, float('-inf')], [0.0, 0.0]]))\nloss = (e/e.sum(1, keepdim=True))[0, 1]"
    )
    result = gradients(text, x=X)
    assert result.forward["loss"] == 0
    entries = {tensor.name: tensor.entries for tensor in result.tensors}
    assert entries["e"][0, 1].shown == "0"
    assert [one.shown for one in entries["dx"].reshape(-1)] == ["0"] * 4


def test_a_mask_of_numbers_and_infinities_is_in_float64_too():
    """Where there are many numbers, or no digits are certified."""
    lines = "loss = np.exp(x + np.array([[0, -np.inf], [-np.inf, 0.5]])).sum()"
    assert value_of(lines) == pytest.approx(np.exp(1) + np.exp(1))
