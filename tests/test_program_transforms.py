"""vmap, scan and their kin, held to the loops that they stand for, run by NumPy."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc.errors import NetcalcError

X = np.array([[0.5, -1.2], [0.3, 0.8], [-0.7, 1.1]])
W = np.array([[0.4, -0.6], [1.3, 0.2]])
CASES = [
    ("jax.vmap(lambda v: jnp.tanh(W @ v))(x)", "np.stack([np.tanh(W @ v) for v in x])"),
    ("jax.vmap(jnp.dot, in_axes=(0, None))(x, W[0])", "x @ W[0]"),
    ("jax.vmap(jnp.dot, in_axes=(0, 1))(x, x.T)", "np.array([v @ v for v in x])"),
    ("jax.vmap(lambda c: c ** 3, in_axes=1)(x)", "(x ** 3).T"),
    ("jax.vmap(lambda p: p['a'] * p['b'][0])({'a': x, 'b': x})", "x * x[:, :1]"),
    ("sum(one.sum() for one in jax.vmap(lambda v: (v.sum(), v ** 2))(x))", "x.sum() + (x ** 2).sum()"),
    ("torch.func.vmap(lambda v: (W @ v).sum())(x)", "(x @ W.T).sum(1)"),
    ("jax.lax.map(lambda v: v * v.sum(), x)", "x * x.sum(1, keepdims=True)"),
    (
        "jax.lax.scan(lambda h, v: (jnp.tanh(W @ h + v), h), jnp.zeros(2), x)[0]",
        "step(step(step(np.zeros(2), x[0]), x[1]), x[2])",
    ),
    (
        "jax.lax.scan(lambda h, v: (jnp.tanh(W @ h + v), h * v), jnp.ones(2), x, reverse=True)[1]",
        "np.stack([step(step(np.ones(2), x[2]), x[1]) * x[0], step(np.ones(2), x[2]) * x[1], x[2]])",
    ),
    ("jax.lax.scan(lambda h, _: (W @ h, None), x[0], None, length=3)[0]", "W @ W @ W @ x[0]"),
    ("jax.lax.associative_scan(jnp.multiply, x)", "np.stack([x[0], x[0] * x[1], x[0] * x[1] * x[2]])"),
    (
        "jax.lax.associative_scan(lambda l, r: (l[0] * r[0], r[0] * l[1] + r[1]), (x, x**2), reverse=True)[1]",
        "np.stack([(x[2]**2 * x[1] + x[1]**2) * x[0] + x[0]**2, x[2]**2 * x[1] + x[1]**2, x[2]**2])",
    ),
    (
        "jax.lax.associative_scan(lambda l, r: {'m': l['m'] @ r['m']}, {'m': jnp.stack([W, W.T, W * 2])}, axis=-3)['m']",
        "np.stack([W, W @ W.T, W @ W.T @ W * 2])",
    ),
    ("lax.fori_loop(1, 4, lambda i, v: v + i * jnp.sin(v), x)", "turned(turned(turned(x, 1), 2), 3)"),
    ("jax.tree.map(lambda a, c: a * c, {'a': x, 'b': [W]}, {'b': [W], 'a': x})['a']", "x * x"),
    (
        "jax.tree_util.tree_reduce(lambda a, c: a + jnp.sum(c ** 2), {'a': x, 'b': (W, W)}, 0)",
        "(x**2).sum() + 2 * (W**2).sum()",
    ),
    ("sum(p.sum() for p in jax.tree_util.tree_leaves([x, {'w': W}]))", "x.sum() + W.sum()"),
]
DERIVATIVES = [  # what a program takes the gradient of itself, and the same by hand
    ("jax.grad(lambda v: jnp.sum(jnp.tanh(v @ W)))(x)", "(1 - np.tanh(x @ W) ** 2) @ W.T"),
    ("jax.grad(lambda v: jnp.sum(v ** 2 * x))(x)", "2 * x * x"),
    ("jax.vjp(lambda v: jnp.tanh(v @ W), x)[1](jnp.ones((3, 2)))[0]", "(1 - np.tanh(x @ W) ** 2) @ W.T"),
    ("sum(g.sum() for g in jax.vjp(lambda a, c: (a @ c, a), x, W)[1]((2., 1.)))", "W.sum() * 6 + x.sum() * 4 + x.size"),
    ("jax.jvp(lambda v: jnp.sin(v) @ W, (x,), (x ** 2,))[1]", "(np.cos(x) * x ** 2) @ W"),
    ("jax.jvp(lambda a, c: a @ c, (x, W), (x, W))[1]", "2 * x @ W"),
    ("jax.jvp(jax.grad(lambda v: jnp.sum(v ** 3)), (x,), (x,))[1]", "6 * x**2"),
    ("sum(g.sum() for g in jax.grad(lambda a, c: jnp.sum(a @ c), argnums=(0, 1))(x, W))", "W.sum() * 3 + x.sum() * 2"),
    ("jax.grad(lambda p: jnp.sum(x @ p['w']) + p['b'] ** 2)({'w': W, 'b': x[0, 0]})['b']", "2 * x[0, 0]"),
    ("jax.grad(lambda v: (jnp.sum(v ** 3), v), has_aux=True)(x)[0]", "3 * x**2"),
    ("jax.value_and_grad(lambda v: jnp.sum(v ** 3))(x)[1]", "3 * x**2"),
    (
        "jax.vmap(jax.grad(jax.grad(lambda s: jnp.sin(s * W[0, 0]))))(x[:, 0])",
        "-W[0, 0] ** 2 * np.sin(x[:, 0] * W[0, 0])",
    ),
    ("jax.hessian(lambda v: jnp.sum(v ** 3) + v[0] * v[1])(x[0])", "np.diag(6 * x[0]) + np.array([[0, 1], [1, 0]])"),
    ("jax.jacobian(lambda v: jnp.tanh(W @ v))(x[0])", "(1 - np.tanh(W @ x[0]) ** 2)[:, None] * W"),
    ("torch.autograd.grad((x @ W).tanh().sum(), x, create_graph=True)[0]", "(1 - np.tanh(x @ W) ** 2) @ W.T"),
    (
        "torch.autograd.grad(x @ W, [W], torch.ones_like(x) * 2, create_graph=True)[0] * x.sum()",
        "2 * x.T @ np.ones((3, 2)) * x.sum()",
    ),
]
IMPORTS = "import jax\nimport jax.numpy as jnp\nimport torch\nfrom jax import lax\n"
BY_HAND = "import numpy as np\ndef step(h, v):\n    return np.tanh(W @ h + v)\ndef turned(v, i):\n    return v + i * np.sin(v)\n"


@pytest.mark.parametrize("text, loop", [*CASES, *((f"({one}).sum()", f"np.sum({two})") for one, two in DERIVATIVES)])
def test_a_function_repeated_is_the_loop_it_stands_for(text, loop):
    values = {"x": X, "W": W}
    _, output, found = oracle.answers(f"{IMPORTS}out = {text}\n", values)
    by_hand = f"{BY_HAND}out = {loop}\n"
    np.testing.assert_allclose(output, oracle.run(by_hand, values)["out"], rtol=1e-12)
    for name, expected in oracle.differences(by_hand, values, "out").items():
        np.testing.assert_allclose(found.get(name, np.zeros_like(expected)), expected, rtol=1e-6, atol=1e-8)


SCRIPT = """import jax
import jax.numpy as jnp

def loss_fn(p, x):
    h = jnp.tanh(x @ p["W"])
    return jnp.sum(h ** 2)

"""


@pytest.mark.parametrize(
    "lines",
    [
        "loss, grads = jax.value_and_grad(loss_fn)({'W': W}, x)",
        "loss, grads = jax.value_and_grad(loss_fn)({'W': W}, x)\nnew = W - 0.1 * grads['W']",
        "grads = jax.grad(loss_fn)({'W': W}, x)",
        "loss = loss_fn({'W': W}, x)\nstep = jax.grad(loss_fn)({'W': W}, x)['W'] * 0.1",
    ],
)
def test_the_pass_is_what_is_differentiated_and_neither_its_gradient_nor_a_step(lines):
    """The names within it have rows, as of a function that is called."""
    program, output, found = oracle.answers(f"{SCRIPT}{lines}\n", {"x": X, "W": W})
    assert output == pytest.approx(np.sum(np.tanh(X @ W) ** 2))
    assert found["h"] == pytest.approx(2 * np.tanh(X @ W))
    assert program.output_name == "loss"


def test_a_gradient_without_create_graph_is_a_constant():
    """As PyTorch has it, with a note."""
    text = "import torch\ny = (x ** 3).sum()\ng, = torch.autograd.grad(y, x, retain_graph=True)\nloss = (g * x).sum() + y\n"
    program, _, found = oracle.answers(text, {"x": X})
    assert found["x"] == pytest.approx(6 * X**2)
    assert program.notes == ("line 3: autograd.grad gives constants without create_graph=True, as in PyTorch",)


@pytest.mark.parametrize("line, name", [("out = J(x) ** 2", "out"), ("dy = J(x)", "dy")])
def test_what_is_made_of_a_jacobian_is_what_comes_out(line, name):
    """Not what the function gives, which is no loss."""
    text = f"J = jax.jacobian(lambda v: jnp.tanh(W @ v))\n{line}"
    with pytest.raises(NetcalcError, match=rf"^{name} is 2×2, no single number"):
        netcalc.gradients(text, x=X[0], W=W)
