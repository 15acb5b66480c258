"""What a result is called that has no name of its own, beside names of its own in the program."""

from __future__ import annotations

import pytest
from test_displays import shown
from test_graph_steps import lines

import netcalc

TWO_LOSSES = """
def forward(x, w, t):
    loss = np.mean((x @ w - t) ** 2)
    reg = 0.1 * np.sum(w ** 2)
    return loss + reg
"""
TWO_OUTS = """
def f(x, W):
    out = x @ W
    return np.tanh(out)
"""
AT = {"x": [[1, 2], [3, 4]], "w": [1, -1], "t": [0, 1]}


def test_a_returned_expression_is_another_loss_where_there_is_one():
    """As if it had been assigned to the name again."""
    found = netcalc.gradients(TWO_LOSSES, AT)
    assert found.forward["loss@3"] == 2.5
    assert found.forward["loss"] == 2.7
    assert found.partials["loss@3"] == 1
    steps = list(lines(found))
    assert "loss = loss@3 + reg = 2.5 + 0.2 = 2.7" in steps
    assert not [one for one in steps if "used in" in one and " and ," in one]


def test_a_returned_expression_is_another_out():
    found = netcalc.gradients(TWO_OUTS, {"x": [[1, 2], [0, 1]], "W": [[1, -1], [0.5, 2]]}, delta=[[1, 0], [0, 1]])
    steps = list(lines(found))
    assert "out@3 = x W = [1, 2; 0, 1] [1, −1; 0.5, 2] = [2, 3; 0.5, 2]" in steps
    assert steps[steps.index("Backward to W: matrix product") + 1].startswith(
        "dout/dW = xᵀ ∂out/∂out@3 = [1, 0; 2, 1] [0.0706508, 0;"
    )
    judged = netcalc.check(
        found, {"out": [[0.964028, 0.995055], [0.462117, 0.964028]], "out@3": [[2, 3], [0.5, 2]]}
    ).checked
    assert not [one for one in judged if one.is_wrong]


@pytest.mark.parametrize("line", ["np.sum((z - t) ** 2) / 2", "np.exp(z).sum() + t.sum()", "(z ** 2).mean() * t.sum()"])
def test_the_formula_of_a_result_names_no_gradient(line):
    """Bare, returned and assigned it is the same."""
    shapes = {"x": "n,d", "W": "d,m", "t": "n,m"}
    forms = ("z = x @ W\n{}", "def f(x, W, t):\n    z = x @ W\n    return {}", "z = x @ W\nloss = {}")
    bare, returned, assigned = (netcalc.gradients(form.format(line), shape=shapes) for form in forms)
    assert "dz" not in bare.forward["loss"]
    assert bare.forward == returned.forward == assigned.forward
    assert bare.partials == returned.partials == assigned.partials


def test_the_table_has_what_is_assigned_last_once():
    text = shown(netcalc.gradients(TWO_LOSSES, AT), 80)
    assert "loss@3" in text
    assert "loss@5" not in text


RELU = "h = np.maximum(0, z)\nloss = np.sum(h * w)"


def test_the_slope_of_a_maximum_is_short_where_nothing_ties():
    """The mean of both sides, which is its slope at a tie, is written where there is one."""
    assert netcalc.gradients(RELU, shape={"z": "n", "w": "n"}).partials["z"] == "dh*where(z > 0, 1, 0)"
    apart = netcalc.gradients(RELU, {"z": [1, -2, 3], "w": [1, 2, 3]})
    assert "dh ∘ where(z > 0, 1, 0)" in shown(apart, 80)
    assert apart.partials["z"] == [1, 0, 3]
    tied = netcalc.gradients(RELU, {"z": [1, -2, 0], "w": [1, 2, 3]})
    assert "where(z > 0, 1, where(z < 0, 0, 0.5))" in shown(tied, 80)
    assert tied.partials["z"] == [1, 0, 1.5]


def test_the_two_of_a_minimum_of_arrays_tie_alone():
    both = {"x": [1, 2], "y": [2, 1]}
    assert "where(x < y, 1, 0)" in shown(netcalc.grad("sum(min(x, y))", at=both), 80)
    assert "0.5" in shown(netcalc.grad("sum(min(x, y))", at={**both, "y": [1, 1]}), 80)


def test_what_ties_throughout_a_region_is_written_so():
    """Within its bounds the clipped ratio of PPO is the ratio, and each of the two has half of the gradient."""
    text, at = "sum(min(r*A, clip(r, 0.8, 1.2)*A))", {"r": [0.5, 1.0, 1.1, 1.4], "A": [1, 2, -3, 4]}
    formula = netcalc.grad(text, shape={"r": 4, "A": 4}).formulas["r"]
    assert netcalc.grad(formula, at=at).forward["f"] == netcalc.grad(text, at=at).partials["r"] == [1, 2, -3, 0]


@pytest.mark.parametrize(
    "text",
    [
        "h = np.tanh(x)\nu = (h * w).sum()\ndh = 1 - h**2\ndu = (dh * w).sum()\nd2u = -2*h*dh*w\nloss = (d2u + u).sum()",
        "A = w*w\nL = x.shape[0]\nys = []\nfor t in range(L):\n    dA = np.exp(x[t]*A)\n    ys.append(dA)\nloss = np.sum(ys)",
        "h = x*w\nys = []\nfor t in range(3):\n    dh = h[t]*2\n    ys.append(dh)\nout = np.stack(ys).sum()",
    ],
)
def test_names_with_a_d_of_their_own_belong_to_the_forward_pass(text):
    """What is made last is made of them, or is called a loss: it is what is differentiated."""
    result = netcalc.gradients(text, x=[0.5, -1.0, 2.0], w=[1.0, 2.0, -0.5])
    assert list(result.forward)[-1] in ("loss", "out")
    assert any(result.partials["w"])


def test_segments_are_summed():
    text = "agg = jax.ops.segment_sum(x, ids, num_segments=3)\nloss = (agg**2).sum()"
    result = netcalc.gradients(text, x=[1.0, 2.0, 4.0], ids=[0, 2, 0])
    assert result.forward["agg"] == [5, 0, 2]
    assert result.partials["x"] == [10, 4, 10]


def test_parts_of_an_array_have_their_gradients_side_by_side():
    """And no rows of an identity matrix."""
    text = "import torch\na, b = torch.chunk(x @ W, 2, dim=1)\nloss = (torch.sigmoid(a) * b).sum()"
    found = netcalc.gradients(text, shape={"x": "N,4", "W": "4,6"})
    assert found.formulas["W"] == "x.T@concat([da, db], axis=1)"
    assert found.formulas["x"] == "concat([da, db], axis=1)@W.T"


@pytest.mark.parametrize(
    "text",
    [
        "def model(x):\n    h = x * 2\n    l = (h * h).sum()\n    return h, l\nh, loss = model(x)",
        "def inner(x):\n    u = x * 2\n    return u, (u * u).sum()\ndef model(x):\n    v, l = inner(x)\n    return v, l\nh, loss = model(x)",
        "class Model:\n    def forward(self, x):\n        a = x * 2\n        return a, (a * a).sum()\nh, loss = Model().forward(x)",
    ],
)
def test_what_a_call_returned_has_the_gradient_of_what_the_call_made_of_it(text):
    """`logits, loss = model(x, y)`: as PyTorch has it, of the one array; it was 0, as no line below uses the name."""
    result = netcalc.gradients(text, x=[1.5, 2.5])
    assert result.partials["h"] == [6, 10]
    assert result.partials["x"] == [12, 20]
    both = netcalc.gradients(f"{text}\nloss = loss + h.sum()", x=[1.5, 2.5])
    assert both.partials["h"] == [7, 11]


def test_what_is_made_of_one_array_alone_has_a_gradient_of_its_own():
    """a = 0 + e is another array than e, though it is the same number: that of e has both their uses."""
    text = "e = np.exp(x)\na = np.zeros(2)\na = a + e\nb = 1*e\nloss = (a*w).sum() + (b*u).sum() + e.sum()"
    result = netcalc.gradients(text, x=[0.0, 0.0], w=[3.0, 4.0], u=[5.0, 6.0])
    assert (result.partials["a"], result.partials["b"], result.partials["e"]) == ([3, 4], [5, 6], [9, 11])
    assert result.formulas["e"] == "da + db + 1"


def test_formulas_of_what_a_call_returned_use_its_gradient_as_a_whole():
    """∂loss/∂q was dq - dp*sinh(q), and the loss dw.T@w."""
    text = "def f(q, p):\n    q = q + p\n    p = p - np.cosh(q)\n    return q, -p\nq, m = f(q0, p0)\nloss = (q*w).sum() + (m**2).sum()"
    result = netcalc.gradients(text, shape={"q0": "n", "p0": "n", "w": "n"})
    assert result.formulas["q"] == "w - dp*sinh(q)"
    assert result.forward["loss"] == "q.T@w + norm(m)^2"


def test_what_is_cut_to_whole_numbers_is_an_index_at_the_numbers_given():
    """As a sampler of images has it; the gradient goes through what is left behind the point."""
    text = "i = np.floor(x).astype(int)\nw = x - i\nloss = ((1 - w)*img[i] + w*img[i + 1]).sum()"
    found = netcalc.gradients(text, x=[0.25, 1.5], img=[1, 2, 4])
    assert found.partials["x"] == [1, 2]
    assert found.partials["img"] == [0.75, 0.75, 0.5]
    assert "line 1 goes by the numbers given for x" in found.notes[0]
    cut = netcalc.gradients("import torch\ni = x.long()\nloss = ((x - i)*x).sum()", x=[-1.5, 2.5])
    assert cut.forward["i"] == [-1, 2]
    with pytest.raises(netcalc.NetcalcError, match="rounds, which has no gradient"):
        netcalc.gradients(text, shape={"x": 2, "img": 3})


def test_generators_and_keys_that_nothing_is_drawn_from_are_of_no_account():
    for text in ("rng = np.random.default_rng(0)", "key = jax.random.PRNGKey(0)\nk1, k2 = jax.random.split(key)"):
        assert netcalc.gradients(f"{text}\nloss = (x**2).sum()", x=[1, 2]).partials["x"] == [2, 4]
    with pytest.raises(netcalc.NetcalcError, match="normal draws at random"):
        netcalc.gradients("rng = np.random.default_rng(0)\nloss = (rng.normal(size=2)*x).sum()", x=[1, 2])


@pytest.mark.parametrize(
    "line, said",
    [
        ("dz = dh ∘ z", r"line 1: '∘' is no Python: write \*"),
        ("loss = z − 1", "line 1: '−' is no Python: write -"),
        ("loss = sum(z²)", r"line 1: '²' is no Python: write \*\*2"),
        ("y = xᵀ W", r"line 1: 'ᵀ' is no Python: write \.T, and @"),
    ],
)
def test_signs_of_formulas_are_told_as_python_has_them(line, said):
    with pytest.raises(netcalc.NetcalcError, match=said):
        netcalc.gradients(line, shape={"z": "n", "x": "n", "W": "n,n"})


def test_a_loss_of_optax_may_be_without_targets():
    assert netcalc.gradients("import optax\nloss = optax.l2_loss(x).sum()", x=[1, 3]).partials["x"] == [1, 3]
