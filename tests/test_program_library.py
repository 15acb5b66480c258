"""What libraries call by one name, held to the same written out in NumPy."""

from __future__ import annotations

import re

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.expression.functions import function_named
from netcalc.program.library import ALSO_FUNCTIONS, ROWS, Table

draw = np.random.default_rng(5)
VALUES = {
    "X": draw.normal(size=(3, 4)),
    "B": draw.normal(size=(2, 3, 4)),
    "IMAGE": draw.normal(size=(1, 2, 3, 4)),
    "P": draw.uniform(0.2, 0.9, size=(3, 4)),
    "K": draw.normal(size=(2, 3)),
    "S": np.array([[2.0, 0.5, 0.1], [0.5, 1.5, -0.3], [0.1, -0.3, 1.2]]),
    "w": draw.normal(size=3),
    "g": np.array([0, 2, 1, 1]),
    "t": np.array([1, 0, 3]),
}
HEAD = """import itertools
import math
import einops
import jax.numpy as jnp
import numpy as np
import optax
import torch
import torch.nn as nn
import torch.nn.functional as F
from jax import lax
from einops import rearrange, reduce, repeat
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy.linalg import cho_factor, cho_solve
from scipy.signal import convolve2d, correlate2d
from scipy.stats import multivariate_normal, norm
from torch.distributions import Bernoulli, Categorical, Laplace, MultivariateNormal, Normal, kl_divergence
"""
CASES = [
    # einops
    ("rearrange(B, 'b t (h d) -> b h t d', h=2)", "B.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3)"),
    ("rearrange(B, 'b t c -> (b t) c')", "B.reshape(6, 4)"),
    ("rearrange(B, '... (d two) -> two ... d', two=2)", "B.reshape(2, 3, 2, 2).transpose(3, 0, 1, 2)"),
    ("rearrange(X, 'a b -> b 1 a')", "X.T[:, None]"),
    ("rearrange([X, P], 'n a b -> a (n b)')", "np.concatenate([X, P], 1)"),
    ("sum(rearrange(X, 'a (two b) -> two a b', two=2))", "X[:, :2] + X[:, 2:]"),
    ("reduce(B, 'b t c -> b c', 'mean')", "B.mean(1)"),
    ("reduce(IMAGE[..., :2, :], 'b c (h p) (w q) -> b c h w', 'max', p=2, q=2)", BLOCKS := "blocks(IMAGE[..., :2, :])"),
    ("einops.reduce(B, '... c -> ...', 'sum')", "B.sum(-1)"),
    ("repeat(X, 'a b -> a n b', n=2)", "np.stack([X, X], 1)"),
    ("repeat(w, 'a -> a (n m)', n=2, m=1)", "np.stack([w, w], 1)"),
    ("einops.einsum(B, X, 'batch i dim, j dim -> batch i j')", "B @ X.T"),
    ("np.trace(X, offset=1) * X + np.trace(X, -1) ** 2", None),
    # windows and edges
    ("sliding_window_view(X, 3, axis=1) @ w", "np.stack([X[:, i:i+3] @ w for i in range(2)], 1)"),
    (
        "np.einsum('abij,ij->ab', np.lib.stride_tricks.sliding_window_view(X, (2, 3)), K)",
        "np.array([[(X[i:i+2, j:j+3] * K).sum() for j in range(2)] for i in range(2)])",
    ),
    (
        "as_strided(X, (2, 2, 2, 3), X.strides * 2)",
        "np.array([[X[i:i+2, j:j+3] for j in range(2)] for i in range(2)])",
    ),
    ("np.pad(X, ((1, 2), (2, 1)), mode='reflect') ** 2", None),
    ("np.pad(X, 2, mode='edge') ** 2", None),
    ("np.pad(X, ((0, 2), (1, 1)), 'symmetric') ** 2 + np.pad(X, ((2, 0), (2, 0)), 'wrap')", None),
    ("F.pad(IMAGE, (1, 2, 1, 0), mode='replicate') ** 2", "np.pad(IMAGE, ((0, 0), (0, 0), (1, 0), (1, 2)), 'edge') ** 2"),
    ("F.pad(B, (2, 1), mode='circular') ** 2", "np.pad(B, ((0, 0), (0, 0), (2, 1)), 'wrap') ** 2"),
    ("F.fold(F.unfold(IMAGE, 2), (3, 4), 2)", "IMAGE * np.outer([1, 2, 1], [1, 2, 2, 1])"),
    ("F.fold(F.unfold(IMAGE, (1, 2), padding=(0, 1)), (3, 4), (1, 2), padding=(0, 1))", "2 * IMAGE"),
    ("F.interpolate(B, scale_factor=2, mode='linear')[..., 1:3]", "np.stack([B[..., 0] * 0.75 + B[..., 1] * 0.25, B[..., 0] * 0.25 + B[..., 1] * 0.75], -1)"),
    ("F.interpolate(IMAGE, size=(5, 7), mode='bilinear', align_corners=True)[..., ::2, ::2]", "IMAGE"),
    ("F.interpolate(B, size=7)", "B[..., [0, 0, 1, 1, 2, 2, 3]]"),
    ("correlate2d(X, K, mode='valid')", "np.array([[(X[i:i+2, j:j+3] * K).sum() for j in range(2)] for i in range(2)])"),
    ("convolve2d(X, K) + correlate2d(X, K, 'full')[::-1, ::-1]", "sum(np.pad(X, ((i, 1 - i), (j, 2 - j))) * K[i, j] for i in range(2) for j in range(3)) + sum(np.pad(X[::-1, ::-1], ((i, 1 - i), (j, 2 - j))) * K[i, j] for i in range(2) for j in range(3))"),
    ("convolve2d(X, K, mode='same')", "sum(np.pad(X, ((i, 1 - i), (j, 2 - j))) * K[i, j] for i in range(2) for j in range(3))[:3, 1:5]"),
    ("correlate2d(X, K, mode='same')", "np.array([[(np.pad(X, ((0, 1), (1, 1)))[i:i+2, j:j+3] * K).sum() for j in range(4)] for i in range(3)])"),
    # running extremes, pieces, counts
    ("torch.cummax(X, dim=1)[0] * X + X.cummin(0).values", "np.maximum.accumulate(X, 1) * X + np.minimum.accumulate(X, 0)"),
    ("torch.cummax(X, 1).indices * X", "np.array([[max(range(j + 1), key=lambda k: row[k]) for j in range(4)] for row in X]) * X"),
    ("np.maximum.accumulate(X, axis=1) + np.multiply.accumulate(X) + np.minimum.accumulate(X, axis=0)", None),
    ("np.piecewise(X, [X < 0, X >= 1], [lambda v: v ** 2, 3.0, np.sin])", "np.where(X >= 1, 3.0, np.where(X < 0, X ** 2, np.sin(X)))"),
    ("np.apply_along_axis(lambda v: v / v.sum(), 0, P) + np.apply_along_axis(np.cumsum, 1, X)", None),
    ("np.apply_along_axis(np.prod, 1, X)", None),
    ("np.bincount(g, weights=X[0], minlength=5) ** 2 + np.bincount(g, minlength=5) * X[1, 0]", None),
    ("X[0] * len(np.unique(g))", None),
    ("sum(X[i] @ X[j] for i, j in itertools.combinations(range(3), 2))", None),
    ("sum(X[i] @ X[j] * i for i, j in itertools.permutations([0, 1, 2], 2))", None),
    ("sum(X[i, j] ** 2 for i, j in itertools.product(range(2), repeat=2)) + sum(X[i, 0] for i in itertools.chain([0], [2]))", None),
    ("np.sum(X, axis=1, where=P > 0.5) + np.prod(X, axis=1, where=X > 0) + np.mean(X, axis=1, where=P < 0.8)", None),
    ("X * np.shape(X)[1] + np.ndim(X) * np.size(X, 0) + jnp.size(X) * torch.numel(X)", "X * 4 + 2 * 3 + 144"),
    ("optax.cosine_similarity(B, B[::-1] + 1)", "(B * (B[::-1] + 1)).sum(-1) / length(B) / length(B[::-1] + 1)"),
    ("F.cosine_similarity(X, P)", "(X * P).sum(1) / length(X) / length(P)"),
    # JAX's own convolutions
    (
        "lax.conv_general_dilated(IMAGE, K[None, None].repeat(2, 1), (1, 2), 'SAME')",
        "conv(np.pad(IMAGE, ((0, 0), (0, 0), (0, 1), (0, 1)))[0], K)[None, None, :, ::2]",
    ),
    (
        "lax.conv_general_dilated(np.moveaxis(IMAGE, 1, 3), K[..., None, None].repeat(2, 2), (1, 1), [(0, 0), (1, 0)], dimension_numbers=('NHWC', 'HWIO', 'NHWC'))",
        "conv(np.pad(IMAGE, ((0, 0), (0, 0), (0, 0), (1, 0)))[0], K)[None, :, :, None]",
    ),
    ("lax.conv(B, B[:, :, :2], (2,), 'VALID')[:, :, 1]", "np.einsum('nck,fck->nf', B[..., 2:], B[..., :2])"),
    (
        "lax.reduce_window(X, -jnp.inf, lax.max, (2, 2), (1, 2), 'VALID') + lax.reduce_window(X, 0, lax.add, (2, 2), (1, 2), 'VALID')",
        "np.maximum(np.maximum(X[:2, ::2], X[:2, 1::2]), np.maximum(X[1:, ::2], X[1:, 1::2])) + X[:2, ::2] + X[:2, 1::2] + X[1:, ::2] + X[1:, 1::2]",
    ),
    # linear algebra by a factor
    ("cho_solve((np.linalg.cholesky(S), True), w) + cho_solve(cho_factor(S), w)", "2 * np.linalg.solve(S, w)"),
    ("torch.cholesky_solve(w[:, None], torch.linalg.cholesky(S))", "np.linalg.solve(S, w)[:, None]"),
    # distributions
    ("norm.logpdf(X, loc=P, scale=2.0) + norm.cdf(X) + norm.pdf(X)", "-((X - P) / 2) ** 2 / 2 - np.log(2 * np.sqrt(2 * np.pi)) + (1 + erf(X / np.sqrt(2))) / 2 + np.exp(-X ** 2 / 2) / np.sqrt(2 * np.pi)"),
    ("multivariate_normal.logpdf(B[0, :, :3], w, S)", "mvn(B[0, :, :3], w, S)"),
    ("MultivariateNormal(w, S).log_prob(B[0, :, :3])", "mvn(B[0, :, :3], w, S)"),
    ("Normal(X, P).log_prob(0.5) + Normal(X, P).entropy()", "-((0.5 - X) / P) ** 2 / 2 + 0.5 + 0 * P"),
    ("Normal(X, 1.0).entropy() * Normal(X, P).mean + Normal(X, 2).stddev", "(1 + np.log(2 * np.pi)) / 2 * X + 2"),
    ("kl_divergence(Normal(X, P), Normal(torch.zeros(4), torch.ones(4)))", "-np.log(P) + (P ** 2 + X ** 2 - 1) / 2"),
    ("Categorical(logits=X).log_prob(t) + Categorical(P).entropy()", "np.log(soft(X))[range(3), t] - (P / P.sum(1, keepdims=True) * np.log(P / P.sum(1, keepdims=True))).sum(1)"),
    ("torch.distributions.kl.kl_divergence(Categorical(logits=X), Categorical(logits=P))", "(soft(X) * (np.log(soft(X)) - np.log(soft(P)))).sum(1)"),
    ("Bernoulli(logits=X).log_prob(1.0) + Bernoulli(P).log_prob(0.0) + Bernoulli(P).entropy()", "-np.log(1 + np.exp(-X)) + np.log(1 - P) - P * np.log(P) - (1 - P) * np.log(1 - P)"),
    ("Laplace(X, P).log_prob(3.0) + Laplace(X, P).entropy()", "-np.abs(3 - X) / P + 1"),
    # layers without weights
    ("nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Identity())(B)", "np.tanh(B).reshape(2, 12)"),
]  # fmt: skip
BY_HAND = """import itertools
import numpy as np
from math import erf as _erf
def erf(v):
    return np.vectorize(_erf)(v)
def blocks(v):
    return np.maximum.reduce([v[..., i::2, j::2] for i in range(2) for j in range(2)])
def mvn(x, m, c):
    return -(((x - m) @ np.linalg.inv(c) * (x - m)).sum(1) + np.log(np.linalg.det(c)) + 3 * np.log(2 * np.pi)) / 2
def conv(v, k):
    return sum(v[:, i:i+v.shape[1]-1, j:j+v.shape[2]-2].sum(0) * k[i, j] for i in range(2) for j in range(3))
def length(v):
    return np.sqrt((v ** 2).sum(-1))
def soft(v):
    return np.exp(v) / np.exp(v).sum(1, keepdims=True)
"""


@pytest.mark.parametrize("text, by_hand", CASES)
def test_a_librarys_function_has_the_value_and_the_slopes_of_what_it_stands_for(text, by_hand):
    oracle.assert_stands_for(text, f"{BY_HAND}out = {by_hand or text}\n", VALUES, HEAD, symmetric="S")


REFUSED = [
    ("rearrange(X, 'a b c -> a b c')", "'a b c -> a b c' is for 3 axes, and this has 2"),
    ("rearrange(X, 'a (b c) -> a b c')", "say the size of b or c, as in b=2"),
    ("rearrange(X, 'a (b c) -> a b c', b=3)", "does not fit 3×4: 4 is no multiple of 3"),
    ("rearrange(X, 'a b -> a')", "rearrange: 'b' is on the left of 'a b -> a' alone"),
    ("repeat(X, 'a b -> a b c')", "repeat: 'c' is on the right of 'a b -> a b c' alone"),
    ("rearrange(X, 'a b')", "'a b' is no pattern; one is 'b (h d) -> b h d'"),
    ("as_strided(X.T, (2, 2), X.T.strides)", "write np.lib.stride_tricks.sliding_window_view"),
    ("as_strided(X, (9, 9), X.strides)", "as_strided reaches beyond the array's memory"),
    (
        "np.pad(X, 1, mode='linear_ramp')",
        "pad with mode 'linear_ramp' is not understood; constant, replicate, circular",
    ),
    ("F.interpolate(B, scale_factor=2, mode='bicubic')", "with mode='nearest' and mode='linear'"),
    ("np.bincount(X[0])", "bincount goes by the values: give the places with --at"),
    ("Normal(X, 1.0).rsample()", "rsample draws at random: write mu + sigma * eps, and give eps with --at"),
    ("Normal(X, torch.ones(5)).log_prob(X)", "3×4 and 5 do not fit together element by element"),
    ("nn.Linear(4, 2)(X)", "weight has no value: give it with --at weight=…, 2×4, as PyTorch's state_dict has it"),
    ("lax.conv_general_dilated(X, B, (1,), 'SAME')", "conv_general_dilated: a kernel 2×3×4 does not fit 3×4"),
    ("lax.reduce_window(X, 1, lax.mul, (2, 2))", "reduce_window is understood with lax.max, lax.min and lax.add"),
    ("np.piecewise(X, [X < 0], [1.0, 2.0, 3.0])", "piecewise has 3 functions for 1 conditions"),
]


@pytest.mark.parametrize("text, said", REFUSED)
def test_what_does_not_fit_is_told_where_the_program_calls_it(text, said):
    values = {name: value for name, value in VALUES.items() if name in re.findall(r"\w+", text)}
    with pytest.raises(NetcalcError) as error:
        oracle.answers(f"{HEAD}out = {text}\n", values)
    assert said in str(error.value)
    assert str(error.value).startswith(f"program.py, line {HEAD.count(chr(10)) + 1}: ")


OFF_DIAGONAL = """import torch
def off_diagonal(x):
    n, m = x.shape
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()
cov = X.T @ X
loss = off_diagonal(cov).pow_(2).sum() + cov.trace()
"""


def test_a_part_with_gaps_is_copied_where_it_is_flattened():
    """So that writing into it leaves the whole as it is."""
    _, output, _ = oracle.answers(OFF_DIAGONAL, {"X": VALUES["X"]})
    cov = VALUES["X"].T @ VALUES["X"]
    np.testing.assert_allclose(output, (cov**2).sum() - (np.diag(cov) ** 2).sum() + np.trace(cov))
    with pytest.raises(NetcalcError, match="this changes 'cov' too"):
        oracle.answers(
            "import torch\ncov = X.T @ X\nloss = cov[1:].flatten().pow_(2).sum() + cov.sum()\n", {"X": VALUES["X"]}
        )


def test_the_pass_is_the_def_that_no_other_line_uses():
    text = """import jax
import jax.numpy as jnp
def predict(W, x):
    return jnp.tanh(W @ x)
batched = jax.vmap(predict, in_axes=(None, 0))
def loss(W, X):
    return jnp.sum(batched(W, X) ** 2)
"""
    result = netcalc.gradients(text, W=[[1, 2]], X=[[0.5, 1], [0, 1]])
    assert result.forward["loss"] == pytest.approx(np.tanh(2.5) ** 2 + np.tanh(2) ** 2)


def test_a_property_of_a_class_is_what_its_method_gives():
    text = """class Unit:
    def __init__(self, w):
        self.w = w
    @property
    def square(self):
        return self.w ** 2
loss = Unit(w).square.sum()
"""
    assert netcalc.gradients(text, w=[1, 3]).partials["w"] == [2, 6]


@pytest.mark.parametrize(
    "text",
    ["y = rearrange(x, 'a b -> (a b)')", "y = reduce(x, 'a b -> a', 'sum')", "y = repeat(x, 'a b -> a b c', c=2) / 2"],
)
def test_einops_functions_are_known_without_their_import(text):
    result = netcalc.gradients(f"{text}\nloss = y.sum()", x=[[1.5, 2], [3, 4]])
    assert result.partials["x"] == [[1, 1], [1, 1]]


def test_a_name_of_the_programs_own_is_not_einops():
    result = netcalc.gradients("def reduce(x, k):\n    return x.sum() * k\nloss = reduce(x, 3)", x=[1.5, 2])
    assert result.partials["x"] == [3, 3]


def test_functions_that_rows_have_too_are_listed() -> None:
    """A function of expressions that no row has is looked for in no file of the table."""
    assert {name for name in ROWS if function_named(name) is not None} == ALSO_FUNCTIONS


def test_a_file_of_the_table_is_imported_when_its_names_are_asked_for() -> None:
    """A fresh table that is asked for common names leaves the files of losses and convolutions alone."""
    table = Table()
    assert [name for name in ("softmax", "relu", "reshape") if name in table] == ["softmax", "reshape"]
    assert "conv2d" not in table._rows
    assert table["conv2d"] is ROWS["conv2d"]
    assert set(table) == set(ROWS)


def test_the_largest_row_of_each_segment_is_its_own() -> None:
    """Minus infinity in an empty one; the gradient goes to the row that it is of."""
    text = "import jax\nm = jax.ops.segment_max(x, g, num_segments=3)\nloss = (m[g] * x).sum()"
    x = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, -1.0]])
    found = netcalc.gradients(text, x=x, g=np.array([0, 0, 2]))
    assert np.asarray(found.forward["m"], float).tolist() == [[2, 5], [-np.inf, -np.inf], [3, -1]]
    assert np.asarray(found.partials["x"]).tolist() == [[2, 14], [5, 5], [6, -2]]


def test_a_place_that_scatter_writes_twice_is_told() -> None:
    """PyTorch says not which of two numbers stays."""
    text = "import torch\nloss = (torch.scatter(x, 0, g, t) * x).sum()"
    with pytest.raises(NetcalcError, match="line 2: scatter writes to one place twice"):
        netcalc.gradients(text, x=[1.0, 2.0, 3.0], g=np.array([0, 0]), t=[4.0, 5.0])
    found = netcalc.gradients(text, x=[1.0, 2.0, 3.0], g=np.array([0, 2]), t=[4.0, 5.0])
    assert found.partials["t"] == [1, 3]


def test_an_outcome_bears_no_name_of_a_def_that_it_is_made_with() -> None:
    """f(x) is called h within f alone."""
    found = netcalc.gradients("def f(h):\n    return h\ndef forward(x):\n    return 2 * f(x)\n", x=3.0)
    assert list(found.forward) == ["loss"]


def test_adaptive_pooling_has_windows_that_overlap() -> None:
    """An axis of 5 in 3: they begin at 0, 1 and 3 and end at 2, 4 and 5, as PyTorch's."""
    lines = ("y = F.adaptive_avg_pool1d(x, 3)", "z = F.adaptive_max_pool1d(x, 3)", "loss = (y * z).sum()")
    text = "\n".join(("import torch.nn.functional as F", *lines))
    found = netcalc.gradients(text, x=[[1.0, 2.0, 4.0, 3.0, 0.0]])
    assert np.asarray(found.forward["y"]).tolist() == [[1.5, 3, 1.5]]
    assert np.asarray(found.forward["z"]).tolist() == [[2, 4, 3]]


def test_index_put_writes_or_adds_at_places() -> None:
    """What it writes over has no gradient; a place that is added to twice has both."""
    text = "import torch\ni, j = torch.tensor([0, 1]), torch.tensor([1, 1])\nloss = (x.index_put((i, j), v) ** 2).sum()"
    at = {"x": [[1.0, 2.0], [3.0, 4.0]], "v": [5.0, 6.0]}
    found = netcalc.gradients(text, at)
    assert np.asarray(found.partials["x"]).tolist() == [[2, 0], [6, 0]]
    assert found.partials["v"] == [10, 12]
    with pytest.raises(NetcalcError, match="line 3: index_put writes to one place twice"):
        netcalc.gradients(text.replace("[0, 1]", "[1, 1]"), at)
    twice = netcalc.gradients(text.replace("[0, 1]", "[1, 1]").replace(", v)", ", v, accumulate=True)"), at)
    assert twice.partials["v"] == [30, 30]


@pytest.mark.parametrize(
    "how, y, dx, dt",
    [
        ("'sum'", [1 + 4 + 6, 2, 3 + 5], [1, 1, 1], [1, 10, 1]),
        ("'mean'", [11 / 3, 2, 4], [1 / 3, 1, 5], [1 / 3, 5, 1 / 3]),
        ("'mean', include_self=False", [5, 2, 5], [0, 1, 0], [0.5, 10, 0.5]),
    ],
)
def test_scatter_reduce_adds_up_or_averages_what_comes_to_a_place(how, y, dx, dt) -> None:
    """The entry there counts, unless it is left out; a place that nothing comes to keeps its own."""
    text = f"import torch\ny = torch.scatter_reduce(x, 0, g, t, {how})\nloss = y[0] + y[1] + 10 * y[2]"
    found = netcalc.gradients(text, x=[1.0, 2.0, 3.0], g=np.array([0, 2, 0]), t=[4.0, 5.0, 6.0])
    np.testing.assert_allclose(np.asarray(found.forward["y"], float), y)
    np.testing.assert_allclose(found.partials["x"], [dx[0], dx[1], dx[2] * (10 if how == "'sum'" else 1)])
    np.testing.assert_allclose(found.partials["t"], dt)


def test_a_condition_of_jax_s_is_the_function_that_it_chooses() -> None:
    """By a test that is known, or entry by entry."""
    text = "import jax\nloss = jax.lax.cond({}, lambda a, c: a * c, lambda a, c: a - c, x, w)"
    assert netcalc.gradients(text.format("True"), x=2.0, w=3.0).partials == {"x": 3, "w": 2}
    assert netcalc.gradients(text.format("x > 5"), x=2.0, w=3.0).partials == {"x": 1, "w": -1}
    assert netcalc.gradients(text.format("x < 5"), x=2.0, w=3.0).partials == {"x": 3, "w": 2}
