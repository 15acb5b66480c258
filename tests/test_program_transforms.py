"""vmap, scan and their kin, held to the loops that they stand for, run by NumPy."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

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
    ("lax.fori_loop(1, 4, lambda i, v: v + i * jnp.sin(v), x)", "turned(turned(turned(x, 1), 2), 3)"),
]
IMPORTS = "import jax\nimport jax.numpy as jnp\nimport torch\nfrom jax import lax\n"
BY_HAND = "import numpy as np\ndef step(h, v):\n    return np.tanh(W @ h + v)\ndef turned(v, i):\n    return v + i * np.sin(v)\n"


@pytest.mark.parametrize("text, loop", CASES)
def test_a_function_repeated_is_the_loop_it_stands_for(text, loop):
    values = {"x": X, "W": W}
    _, output, found = oracle.answers(f"{IMPORTS}out = {text}\n", values)
    by_hand = f"{BY_HAND}out = {loop}\n"
    np.testing.assert_allclose(output, oracle.run(by_hand, values)["out"], rtol=1e-12)
    for name, expected in oracle.differences(by_hand, values, "out").items():
        np.testing.assert_allclose(found.get(name, np.zeros_like(expected)), expected, rtol=1e-6, atol=1e-8)
