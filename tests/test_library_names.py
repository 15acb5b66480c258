"""Names of the table that programs call, held to the same written out in NumPy: none of them is without a test."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.program.library import ROWS

draw = np.random.default_rng(8)
VALUES = {
    "X": draw.normal(size=(3, 4)),
    "P": draw.uniform(0.2, 0.9, size=(3, 4)),
    "B": draw.normal(size=(2, 3, 4)),
    "IMAGE": draw.normal(size=(1, 2, 3, 4)),
    "CUBE": draw.normal(size=(1, 1, 2, 3, 2)),
    "KERNEL": draw.normal(size=(1, 1, 1, 2, 2)),
    "v": draw.normal(size=6),
    "w": draw.normal(size=3),
    "g": np.array([0, 2, 1, 1]),
    "t": np.array([1, 0, 3]),
}
HEAD = """import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
import torch.nn.functional as F
from jax import lax
"""
BY_HAND = """import numpy as np
def soft(v):
    return np.exp(v) / np.exp(v).sum(-1, keepdims=True)
def attention(q, k, v, hidden=0):
    return np.einsum("hij,jhd->ihd", soft(np.einsum("ihd,jhd->hij", q, k) / 2 + hidden), v)
"""
CASES = [
    ("torch.tensor_split(v, 4)[1] * torch.tensor_split(v, (1, 3))[2][0]", "v[2:4] * v[3]"),
    ("torch.tensor_split(X, 3, dim=1)[0]", "X[:, :2]"),
    ("np.hsplit(v, 2)[1] + np.vsplit(v[:, None], 3)[0][0]", None),
    ("np.hsplit(X, [1, 3])[1][:2] * np.vsplit(X, [1])[1][:, :2]", None),
    ("np.fliplr(X) * np.flipud(X) + np.matrix_transpose(X).T", None),
    ("X.new_full((3, 4), 2.5) * X + X.new_ones(3, 4) + (2 * X).zero_()", "2.5 * X + 1"),
    ("(X * P).view_as(torch.zeros(4, 3)) * X.reshape_as(torch.zeros(4, 3))", "(X * P * X).reshape(4, 3)"),
    ("X.unfold(1, 2, 2) ** 2", "np.stack([X[:, :2], X[:, 2:]], 1) ** 2"),
    ("np.less(g, 1) * X[0] + np.less_equal(g, 1) * X[1] + np.greater_equal(g, 1) * X[2]", None),
    ("np.not_equal(g, 1) * X[0] + np.logical_or(g > 1, g < 1) * X[1] + np.greater(g, 1) * X[2]", None),
    ("torch.as_tensor(g).bool() * X[0] + np.bool_(g) * X[1]", "(g != 0) * (X[0] + X[1])"),
    ("np.arange(0.5, 1.5, 0.25) * X", None),
    (
        "(jax.jacobian(lambda M: jnp.linalg.solve(M, w))(X[:, :3]) ** 2).sum()",
        "(np.linalg.inv(X[:, :3]) ** 2).sum() * (np.linalg.solve(X[:, :3], w) ** 2).sum()",
    ),
    ("torch.msort(X) * X", "np.sort(X, 0) * X"),
    ("lax.top_k(X, 2)[0]", "np.sort(X, 1)[:, :1:-1]"),
    ("np.nansum(X, 0) * np.nanmean(X, axis=0)", None),
    ("lax.cumlogsumexp(X, axis=1)", "np.log(np.cumsum(np.exp(X), 1))"),
    ("torch.addmv(w, X, X[0], beta=2, alpha=3)", "2 * w + 3 * X @ X[0]"),
    ("jax.ops.segment_min(X.T, g, num_segments=3)", "np.stack([X.T[0], np.minimum(X.T[2], X.T[3]), X.T[1]])"),
    ("optax.softmax_cross_entropy_with_integer_labels(X, t)", "-np.log(soft(X))[range(3), t]"),
    ("optax.softmax_cross_entropy(X, P)", "-(P * np.log(soft(X))).sum(1)"),
    ("optax.sigmoid_binary_cross_entropy(X, P)", "np.log(1 + np.exp(X)) - P * X"),
    ("optax.squared_error(X, P) + optax.l2_loss(X, P)", "1.5 * (X - P) ** 2"),
    (
        "F.lp_pool2d(IMAGE * IMAGE, 3, 2)",
        "np.cbrt(sum(IMAGE[..., i:i+1, j::2] ** 6 for i in range(2) for j in range(2)))",
    ),
    ("F.lp_pool1d(B, 2, 3, stride=1)", "np.sqrt(B[..., :2] ** 2 + B[..., 1:3] ** 2 + B[..., 2:] ** 2)"),
    (
        "F.conv3d(CUBE, KERNEL)[0, 0]",
        "sum(CUBE[0, 0, :, i:i+2, j:j+1] * KERNEL[0, 0, 0, i, j] for i in range(2) for j in range(2))",
    ),
    (
        "F.conv_transpose3d(CUBE, KERNEL)[0, 0]",
        "sum(np.pad(CUBE[0, 0], ((0, 0), (i, 1 - i), (j, 1 - j))) * KERNEL[0, 0, 0, i, j] for i in (0, 1) for j in (0, 1))",
    ),
    ("F.max_pool3d(CUBE, 2)[0, 0, 0, 0]", "CUBE[0, 0, :, :2].max((0, 1, 2)).reshape(1)"),
    ("F.avg_pool3d(CUBE, 2)[0, 0, 0, 0]", "CUBE[0, 0, :, :2].mean().reshape(1)"),
    ("jax.nn.dot_product_attention(B, B + 1, 2 * B)", "attention(B, B + 1, 2 * B)"),
    (
        "jax.nn.dot_product_attention(B, B[:, :1], B[:, 1:2], is_causal=True)",
        "attention(B, B[:, [0, 0, 0]], B[:, [1, 1, 1]], np.array([[0, -np.inf], [0, 0]]))",
    ),
    (
        "jax.nn.dot_product_attention(B, B, B, B[:, 0, :2], jnp.array([[True, False], [True, True]]))",
        "attention(B, B, B, B[:, 0, :2] + np.array([[0, -np.inf], [0, 0]]))",
    ),
]


@pytest.mark.parametrize("text, by_hand", CASES)
def test_a_name_has_the_value_and_the_slopes_of_what_it_stands_for(text, by_hand):
    oracle.assert_stands_for(text, f"{BY_HAND}out = {by_hand or text}\n", VALUES, HEAD)


def test_every_row_is_called_in_a_test():
    """By one of its names; `x.unfold` is the row unfold_axis."""
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    called = {"unfold_axis"} | {name.rstrip("_") for text in texts for name in re.findall(r"\b(\w+)\(", text)}
    by_row: dict[int, set[str]] = {}
    for name, row in ROWS.items():
        by_row.setdefault(id(row), set()).add(name.rstrip("_"))
    assert not [names for names in by_row.values() if not names & called]


def test_between_bounds_that_are_one_a_number_that_is_it_passes_its_gradient_on():
    """As in PyTorch."""
    text = "import torch\nloss = torch.clamp(x, 2, 2).sum()"
    assert netcalc.gradients(text, x=[1.0, 2.0, 3.0]).partials["x"] == [0, 1, 0]


@pytest.mark.parametrize("kind", ["np.float64", "float", "np.float32", "np.half", "'float16'"])
@pytest.mark.parametrize("field", ["eps", "max", "min", "tiny", "smallest_normal"])
def test_what_a_library_says_of_a_type_of_floats_is_what_numpy_says(kind, field):
    text = f"import numpy as np\nloss = x * np.finfo({kind}).{field}"
    assert netcalc.gradients(text, x=1.0).partials["x"] == float(eval(f"np.finfo({kind}).{field}"))  # noqa: S307


def test_a_type_of_floats_that_pytorch_has_under_a_name_of_its_own():
    text = "import torch\nloss = x * torch.finfo(torch.{}).eps"
    found = [netcalc.gradients(text.format(kind), x=1.0).partials["x"] for kind in ("float", "bfloat16", "float16")]
    assert found == [2.0**-23, 2.0**-7, 2.0**-10]
    assert netcalc.gradients(text.replace("torch.{}", "x.dtype"), x=1.0).partials["x"] == 2.0**-52
    with pytest.raises(NetcalcError, match="finfo takes a type of floats"):
        netcalc.gradients(text.format("int32"), x=1.0)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_power_of_a_size_that_is_a_letter_is_that_power(power):
    text = f"loss = (x * x).sum() / x.shape[0] ** {power}"
    written = str(netcalc.gradients(text, shape={"x": "n"}).partials["x"])
    assert written == ("2*x/n" if power == 1 else f"2*x/n^{power}")
