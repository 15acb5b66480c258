"""Programs as people write them are read as NumPy, PyTorch and JAX run them."""

from __future__ import annotations

import re

import mpmath
import numpy as np
import programs_oracle as oracle
import pytest
from effort import calls

import netcalc
from netcalc.errors import NetcalcError

draw = np.random.default_rng(7)
X = draw.normal(size=(3, 4))
W = draw.normal(size=(4, 3))
V = draw.normal(size=(4, 2))
A = draw.normal(size=(3, 3)) + 3 * np.eye(3)
v = draw.normal(size=4)
w = draw.normal(size=3)
P = draw.uniform(0.2, 0.9, size=(3, 4))
B = draw.normal(size=(2, 3, 4))
IMAGE = draw.normal(size=(2, 2, 5, 6))
LINE = draw.normal(size=(2, 4, 7))
y = np.array([2, 0, 3])
t = np.array([1, 0, 2])
ix = np.array([[0, 2, 1], [3, 3, 0]])
EVERYTHING = {
    "X": X,
    "W": W,
    "V": V,
    "A": A,
    "v": v,
    "w": w,
    "P": P,
    "B": B,
    "IMAGE": IMAGE,
    "LINE": LINE,
    "y": y,
    "t": t,
    "ix": ix,
}

NUMPY = """
X @ W
np.dot(X, W) + w
X.dot(v)
np.matmul(B, W)
np.einsum('ij,jk->ik', X, W)
np.einsum('bij,jk', B, W)
np.tensordot(B, W, axes=([2], [0]))
np.tensordot(X, W, 1)
np.inner(X, v)
np.outer(w, v)
np.trace(A) * A
np.linalg.det(A)
np.linalg.inv(A)
np.linalg.solve(A, w)
np.linalg.slogdet(A)[1]
np.linalg.norm(X)
np.linalg.norm(X, 1)
np.linalg.norm(X, -1)
np.linalg.norm(X, np.inf)
np.linalg.norm(B, -np.inf, axis=(2, 0))
np.linalg.norm(X, 1, axis=(0, 1), keepdims=True)
np.linalg.norm(v, -np.inf)
np.linalg.norm(v, 0) * v
np.vdot(X, P)
X.reshape(2, 6, order='F')
np.reshape(X, (-1, 2), 'F')
X.ravel('F') + X.flatten(order='F')
np.ravel(B, order='F')
np.repeat(X, 2, 0)
np.linalg.norm(X, axis=1)
np.linalg.norm(X, ord=1, axis=0, keepdims=True)
np.linalg.norm(v, np.inf)
np.linalg.norm(v, 3)
np.linalg.multi_dot([X, W, A])
X.sum() + (X * X).sum(axis=0)
np.sum(X, axis=(0, 1)) * X
np.mean(B, axis=(0, 2), keepdims=True) * B
np.average(X, axis=0, weights=np.array([0.2, 0.3, 0.5]))
np.average(X * X)
X.var(axis=1) + np.std(X, axis=1, ddof=1)
np.var(X, ddof=1) * np.std(X)
np.max(X, axis=1) * w
X.min(axis=0, keepdims=True) + X
np.amax(X) * np.amin(X)
np.prod(X, axis=1)
np.cumsum(X, axis=1) * X
np.cumsum(X)
np.ptp(X) if False else X.max()
np.maximum(X, 0.1) + np.minimum(X, 0)
np.where(X > 0, X ** 2, -X)
np.clip(X, -0.5, 0.5)
X.clip(min=0)
np.abs(X) + np.sign(X) + np.square(X) + np.exp(X) + np.expm1(X)
np.log(P) + np.log1p(P) + np.log2(P) + np.log10(P) + np.sqrt(P) + np.cbrt(P)
np.sin(X) + np.cos(X) * np.tan(P) + np.arcsin(P) + np.arccos(P) + np.arctan(X)
np.sinh(X) + np.cosh(X) + np.tanh(X) + np.arcsinh(X) + np.arctanh(P)
np.reciprocal(P) + np.power(P, 2.5) + np.float_power(P, 3) + P ** -0.5 + 2 ** X
np.logaddexp(X, P) + np.hypot(X, P) + np.arctan2(X, P)
np.add(X, P) - np.subtract(X, P) * np.multiply(X, P) / np.divide(X, P) + np.negative(X)
X.reshape(4, 3) @ A + X.reshape((2, -1)).sum()
X.T @ A + np.transpose(X) * np.swapaxes(X, 0, 1)
B.transpose(0, 2, 1) @ A + np.transpose(B, (0, 2, 1)).sum()
np.moveaxis(B, 0, -1) * np.arange(2)
X.ravel() * X.flatten()
X[:, None, :] * B[0][None, :, :]
X[np.newaxis] + B
np.expand_dims(X, 1) * w[:, None]
np.squeeze(X[:1]) * v
np.broadcast_to(v, (3, 4)) * X
np.tile(v, (2, 2)) * np.arange(8)
np.repeat(X, 2, axis=0) * np.arange(6)[:, None]
np.repeat(v, 3) * np.arange(12)
np.roll(X, 1, axis=1) * X + np.roll(X, -2)
np.flip(X, axis=1) * X + X[::-1] + X[:, ::-1]
np.concatenate([X, W.T], axis=0) * np.arange(6)[:, None]
np.concatenate((v, w)) ** 2
np.stack([X, P], axis=1) ** 2
np.hstack([X, X * P]) ** 2
np.vstack([v, X]) ** 3
np.column_stack([w, w ** 2, X])
np.split(X, 2, axis=1)[0] * 3
np.array_split(v, 3)[0] * 2
np.split(v, [1, 3])[1] * v[:2]
np.pad(X, 1) ** 2
np.pad(X, ((0, 1), (2, 0)), mode='constant', constant_values=2.0) ** 2
np.tril(A) @ np.triu(A, k=1)
np.diag(A) * np.diag(w) + np.diagonal(A) * w
X[0] * X[-1] + X[1, 2] * X[..., 0].sum()
X[1:, :2] * X[:2, 1:3] + X[::2, ::3]
X[[0, 2]] * X[np.array([1, 1])]
X[np.arange(3), y] * w
X[range(3), y] ** 2
-np.log(P[np.arange(len(y)), y]).mean()
np.take(X, y, axis=1) * A
np.take_along_axis(X, y[:, None], axis=1) * A
np.eye(4)[y] * X
np.eye(3) * A + np.identity(3) - np.ones((3, 3)) + np.zeros(3) + np.full((3, 3), 0.5)
(1 - np.eye(4)[y]) * X + np.zeros_like(X) + np.ones_like(X) + np.full_like(X, 2.0)
np.linspace(0, 1, 4) * X + np.arange(0, 2, 0.5)
np.array([[1.5, 2], [3, 4]]) @ X[:2]
np.array([v[0], v[1] * v[2]]) ** 2
np.asarray(X).astype(np.float64).copy() * 2
(X > 0) * X + (X >= P) * P
np.logical_and(X > 0, X < 1) * X
((X > 0) & (X < 1) | ~(P > 0.5)) * X
np.any(X > 1) * X + np.all(X > -9) * P
np.argmax(X, axis=1) * w
X[np.arange(3), np.argmax(X, axis=1)] * w
np.count_nonzero(X > 0) * X
np.add.reduce(X) * v
np.add.outer(w, v) ** 2
np.maximum.reduce(X, axis=1)
np.meshgrid(v, w)[0] * np.meshgrid(v, w, indexing='ij')[1].T
X.size * X.shape[0] * X / X.ndim
len(X) * X + float(3) * int(2.7) + round(2.4) + abs(-3)
sum(X) + sum([X[0], X[1]]) + max(2, 3) * min([4, 5]) + sum(i for i in range(4))
sum(w[i] * X[i] for i in range(3)) + np.sum([w[i] for i in range(2)])
(lambda z: z * z)(X)
X / np.sqrt(X.shape[1]) * np.pi + np.e
-X ** 2 + +X - -X
X // 1 if False else X % 1 if False else X
np.mean(X ** 2) if X.shape[0] > 2 else X.sum()
np.exp(X - X.max(axis=1, keepdims=True)) / np.exp(X - X.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
np.var(X, axis=0, keepdims=True) + np.mean(X, 0)
np.ascontiguousarray(X.T).T * 2
np.negative(X).sum(0)
np.vdot(v, v) + np.dot(w, w)
np.dot(2, X)
np.squeeze(X[:, :1], axis=1) * w
np.atleast_1d(X[0]) if False else X[0]
np.dstack([X, P]) ** 2
np.fmax(X, 0) + np.heaviside(X, 0.5)
X.mean(1).reshape(-1, 1) * X
X[1:].sum() - X[:-1].sum() + X[:, 1:-1].prod()
np.delete(X, 0) if False else X
np.select([X > 0.5, X < -0.5], [X ** 2, -X], 0.1) + np.diff(X, axis=1).sum() + np.cumprod(P, axis=1)
np.c_[X, w, P[:, 0]] ** 2
np.c_[w, w ** 2] + np.c_[np.ones(3), w]
np.r_[v, 1.5, w[0], v * v] ** 2
np.r_[X, P[:1]] ** 2
X[np.ix_([0, 2], [1, 3])] ** 2
np.sort(X) * X + np.sort(X, axis=0) + np.sort(X, axis=None).reshape(3, 4)
X[0][np.argsort(X[0])] ** 2 + np.argsort(v)
np.median(X) + np.median(X, axis=1) * w + np.median(X, axis=0, keepdims=True).sum()
np.quantile(X, 0.3, axis=1) * w + np.percentile(X, 40) * np.quantile(v, 1)
np.ptp(X, axis=1) * w + np.ptp(X)
np.convolve(v, w) ** 2
np.convolve(w, v, mode='valid') + np.convolve(v, w, 'same')[:2] + np.convolve(v, v[:2], 'same')[1:3]
np.correlate(v, w) ** 2 + np.correlate(v, w, mode='full')[2:4] + np.correlate(v, v[:2], 'same')[:2]
np.cov(X) @ A + np.cov(v) + np.cov(v, v ** 2)[0, 1] + np.cov(X, rowvar=False)[0, 3] + np.cov(X, bias=True, ddof=0)
np.corrcoef(X) @ A + np.corrcoef(w, w ** 3)[0, 1]
np.polyval(v, w) + np.polyval([1, 2.5, -1], w)
np.gradient(v) ** 2 + np.gradient(v, 0.5) + np.gradient(X, axis=1)[0] + np.gradient(X, axis=0)[1]
np.trapezoid(v ** 2, dx=0.25) + np.trapezoid(X, axis=0).sum() + np.trapezoid(v, v ** 2)
A[np.triu_indices(3, k=1)] ** 2 + A[np.tril_indices(3, -1)]
np.rot90(X) @ A + np.rot90(A, 3)[0]
X[0][np.flatnonzero([1, 0, 1, 1])] * X[0][np.where(np.array([1, 1, 0, 1]) > 0)[0]]
np.logaddexp.reduce(v) * v
np.linalg.cholesky(A @ A.T + np.eye(3)) ** 2
np.cross(w, w ** 2) @ A + np.kron(w, w)[:3] + np.atleast_2d(w)
""".strip().splitlines()  # fmt: skip


@pytest.mark.parametrize("text", NUMPY)
def test_numpy_expressions_have_the_value_and_the_slopes_that_numpy_gives(text):
    values = {name: value for name, value in EVERYTHING.items() if name in re.findall(r"\w+", text)}
    program = f"import numpy as np\nout = {text}\n"
    _, output, found = oracle.answers(program, values)
    ran = oracle.run(program, values)["out"]
    np.testing.assert_allclose(output, ran, rtol=1e-12, atol=1e-13)
    for name, expected in oracle.differences(program, values, "out").items():
        if name in found:
            np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)
        else:
            assert not expected.any()


TORCH = """
torch.matmul(X, W) + torch.mm(X, W) + X.mm(W) + X @ W
torch.bmm(B, B.transpose(1, 2)) + torch.einsum('bij,bkj->bik', B, B)
X.mv(v) + torch.dot(v, v) + torch.outer(w, w).sum(1)
X.sum(1, keepdim=True) * X + X.mean(dim=(0, 1)) + X.sum(-1)[:, None]
X.var(1) + X.var(dim=1, unbiased=False) + torch.var(X, 1, correction=0) + X.std(1) + torch.std(X)
X.var(False) + torch.var_mean(X, 1)[0] + X.std(1, unbiased=False)
X.max() + X.max(1)[0] + torch.max(X, dim=1).values + X.amax(1) + torch.min(X, 1)[0]
torch.max(X, P) + torch.min(X, P) + torch.maximum(X, P)
X.max(dim=1, keepdim=True).values * X
X.gather(1, y[:, None]) * A
torch.gather(X, 1, y.view(-1, 1)).squeeze() * w
X.index_select(1, y) * A
torch.cat([X, P], dim=1) ** 2 + torch.cat((X, P), 1)
torch.stack([X, P]).prod(0) + torch.stack((X, P), dim=-1).sum(-1)
X.chunk(2, dim=1)[1] * X.split(2, dim=1)[0]
torch.split(X, [1, 3], dim=1)[1] * 2
torch.linalg.norm(X, 1) + torch.linalg.norm(X, float('-inf')) + torch.norm(X, 1) + X.norm(float('inf'))
torch.linalg.matrix_norm(X, 1) + torch.linalg.vector_norm(X, 1)
X.view(-1).pow(2) + X.flatten() + X.reshape(-1)
B.permute(2, 0, 1).contiguous().view(4, -1) * 2
B.flatten(1) ** 2 + B.flatten(start_dim=1, end_dim=-1)
X.unsqueeze(1).expand(-1, 2, -1) * B.transpose(0, 1)
X.unsqueeze(0).repeat(2, 1, 1) * B
v.repeat(3, 1) * X + v.expand(3, 4) + v.expand_as(X)
X.repeat_interleave(2, dim=0).sum(0)
torch.tile(v, (3, 1)) * X
X.t() @ X + X.T @ X + X.mT @ X
X.squeeze() + X.unsqueeze(-1).squeeze(-1)
torch.tril(A) + A.triu(1) + A.tril(-1)
A.masked_fill(torch.tril(torch.ones(3, 3)) == 0, -1e9).softmax(dim=-1) * A
A.masked_fill(~torch.tril(torch.ones(3, 3, dtype=torch.bool)), float('-inf')).softmax(-1) * A
torch.softmax(X, dim=1) * F.softmax(X, dim=0) + X.log_softmax(1) + F.log_softmax(X, dim=-1)
torch.logsumexp(X, dim=1) + X.logsumexp(-1) + torch.logsumexp(X, (0, 1))
X.sigmoid() + torch.sigmoid(X) + X.tanh() + X.relu() + F.relu(X) + X.exp() + P.log() + X.abs()
F.gelu(X) + F.gelu(X, approximate='tanh') + F.silu(X) + F.elu(X) + F.leaky_relu(X, 0.2) + F.softplus(X)
F.selu(X) + F.mish(X) + F.hardtanh(X) + F.logsigmoid(X) + F.relu6(X) + F.softsign(X) + F.hardswish(X)
F.celu(X, 1.5) + F.tanhshrink(X) + F.softshrink(X) + F.glu(X, dim=1).sum()
F.prelu(X, v) + F.threshold(X, 0.1, 20)
X.clamp(min=0) + X.clamp(-0.5, 0.5) + torch.clamp(X, max=0.3) + X.clamp_min(0.1)
X.pow(2) + X.square() + P.sqrt() + P.rsqrt() + P.reciprocal() + torch.pow(P, 1.5)
torch.where(X > 0, X, P) + torch.where(X > 0, X, 0.0)
X.norm() + X.norm(dim=1) + torch.norm(X, p=1, dim=1) + torch.linalg.norm(X, dim=1) + torch.linalg.vector_norm(X)
F.normalize(X, dim=1) + F.normalize(X, p=1, dim=-1)
F.cosine_similarity(X, P, dim=1) * w
torch.cdist(X, P) * A
F.cross_entropy(X, y) + F.cross_entropy(X, y, reduction='sum') + F.cross_entropy(X, y, reduction='none').prod()
F.cross_entropy(X, y, weight=torch.tensor([0.1, 0.2, 0.3, 0.4]), label_smoothing=0.1)
F.cross_entropy(X, y, ignore_index=0) + F.cross_entropy(X, torch.softmax(P, 1))
F.cross_entropy(B.transpose(1, 2), ix, weight=torch.tensor([1.0, 2.0, 0.5, 0.25]), ignore_index=3, label_smoothing=0.2)
F.cross_entropy(B, ix[:, :1] * torch.ones(2, 4).long() * 0 + t[:1])
F.nll_loss(F.log_softmax(X, dim=1), y)
F.nll_loss(F.log_softmax(X, 1), y, weight=torch.tensor([0.1, 0.2, 0.3, 0.4]))
F.binary_cross_entropy(P, torch.sigmoid(X)) + F.binary_cross_entropy_with_logits(X, P)
F.binary_cross_entropy_with_logits(X, P, pos_weight=torch.tensor([1.0, 2.0, 3.0, 0.5]), reduction='sum')
F.mse_loss(X, P) + F.l1_loss(X, P) + F.smooth_l1_loss(X, P) + F.huber_loss(X, P, delta=0.5) + F.smooth_l1_loss(X, P, beta=0.3)
F.mse_loss(X, P, reduction='none') * 2 + F.mse_loss(X, P, reduction='sum')
F.kl_div(X.log_softmax(1), P, reduction='batchmean') + F.kl_div(X.log_softmax(1), P.log(), log_target=True, reduction='sum')
F.soft_margin_loss(X, torch.sign(P - 0.5).detach()) + F.margin_ranking_loss(X, P, torch.sign(P - 0.5).detach(), margin=0.2)
F.triplet_margin_loss(X, P, X * P) + F.cosine_embedding_loss(X, P, torch.tensor([1.0, -1.0, 1.0]), margin=0.1)
F.gaussian_nll_loss(X, P, P) + F.poisson_nll_loss(X, P) + F.multi_margin_loss(X, y) + F.hinge_embedding_loss(X, torch.sign(P - 0.5).detach())
F.linear(X, W.T, w) + F.linear(X, W.T)
F.embedding(ix, W) * 2 + W[ix]
F.one_hot(y, 4) * X + F.one_hot(y, num_classes=4).float() * P
F.layer_norm(X, (4,), v, v * 2) + F.layer_norm(X, [4]) + F.layer_norm(X, X.shape[-1:], eps=1e-3)
F.layer_norm(B, (3, 4)) * B
F.rms_norm(X, (4,), v, eps=1e-5) if hasattr(F, 'rms_norm') else X
F.batch_norm(X, None, None, v, v * 2, training=True) * X
F.batch_norm(IMAGE, None, None, w[:2], w[1:], True, 0.1, 1e-3) * IMAGE
F.batch_norm(X, v.detach(), (v * v + 1).detach(), training=False)
F.group_norm(LINE, 2, v, v, eps=1e-4) * LINE
F.instance_norm(IMAGE) * IMAGE
F.scaled_dot_product_attention(B, B * 2, B + 1) + F.scaled_dot_product_attention(B, B, B, is_causal=True)
F.scaled_dot_product_attention(B, B, B, attn_mask=A) + F.scaled_dot_product_attention(B, B, B, attn_mask=torch.eye(3).bool(), scale=0.3)
F.conv2d(IMAGE, IMAGE[:, :, :2, :3], w[:2], stride=2, padding=1)
F.conv2d(IMAGE, IMAGE[:1, :, 1:4, 1:4], padding='same') + F.conv2d(IMAGE, IMAGE[:1, :, 1:4, 1:4], padding=(1, 1))
F.conv2d(IMAGE, IMAGE[:, :1, :2, :2], groups=2, dilation=(2, 1))
F.conv1d(LINE, LINE[:, :, :3], stride=2, padding=1) ** 2
F.conv1d(LINE[0], LINE[:, :, :2])
F.conv_transpose2d(IMAGE, IMAGE[:, :, :2, :3], stride=2, padding=1, output_padding=1)
F.conv_transpose1d(LINE, LINE.transpose(0, 1)[:, :, :3], w[:2])
F.max_pool2d(IMAGE, 2) + F.max_pool2d(IMAGE, kernel_size=2, stride=2)
F.max_pool2d(IMAGE, 3, stride=1, padding=1) + F.avg_pool2d(IMAGE, 3, stride=1, padding=1)
F.avg_pool2d(IMAGE, (2, 3)) ** 2
F.avg_pool2d(IMAGE, 3, stride=2, padding=1, count_include_pad=False) ** 2
F.max_pool1d(LINE, 2) * F.avg_pool1d(LINE, 2)
F.adaptive_avg_pool2d(IMAGE, 1).flatten(1) + F.adaptive_avg_pool2d(IMAGE, (1, 1)).view(2, -1)
F.adaptive_max_pool2d(IMAGE, (1, 3))
F.unfold(IMAGE, 2, stride=2, padding=1) ** 2
IMAGE.unfold(3, 2, 2) ** 2 + LINE.unfold(2, 2, 1).sum()
F.pad(X, (1, 2)) ** 2 + F.pad(X, (1, 2, 0, 0), value=2.0)
F.pad(IMAGE, (1, 1, 2, 0)) ** 2
F.pixel_shuffle(LINE.unsqueeze(-1), 2) ** 2
F.interpolate(IMAGE, scale_factor=2, mode='nearest') ** 2
F.dropout(X, 0.5, training=False) * X
X.detach() * X + X.clone().data * P
nn.CrossEntropyLoss()(X, y) + nn.MSELoss(reduction='sum')(X, P) + nn.Softmax(dim=1)(X).prod()
nn.ReLU()(X) + nn.LeakyReLU(0.1)(X) + nn.Tanh()(X) + nn.functional.relu(X)
X.cumsum(1) * X + torch.cumsum(X, dim=0)
X.flip(1) + torch.flip(X, dims=[0]) + X.roll(1, 0) + torch.roll(X, shifts=(1, 1), dims=(0, 1))
X.addmm(A, X) if False else torch.addmm(A, X, W)
torch.addmm(w, X, W, beta=0.5, alpha=2)
torch.baddbmm(B[:, :, :3], B, B.transpose(1, 2))
X.select(1, 0) * X.narrow(1, 1, 2).sum() + torch.unbind(X, 1)[2]
torch.linalg.inv(A) + torch.inverse(A) + torch.linalg.det(A) + torch.logdet(A @ A.T) + torch.linalg.solve(A, w)
torch.trace(A) + A.diagonal().sum() + torch.diag(w) + A.diag()
torch.lerp(X, P, 0.3) + torch.addcmul(X, X, P) if False else torch.lerp(X, P, 0.3)
X.mul(2).add(1).sub(P).div(3).neg()
X.size(0) * X.size(-1) * X / X.numel() + X.dim()
torch.arange(4) * X + torch.zeros(4) + torch.ones(3, 4) + torch.full((4,), 2.0) + torch.linspace(0, 1, 4)
torch.zeros_like(X) + torch.ones_like(X) * X + X.new_zeros(4) + torch.empty_like(X) * 0
torch.tensor([1.0, 2, 3, 4]) * X + torch.eye(3, 4)
X.eq(P).float() + (X > P).float() * X + X.gt(0).to(X.dtype) * P
torch.logical_and(X > 0, P > 0.5) * X + (X > 0).logical_not() * P
X[torch.arange(3), y] + X[:, [0, 2]].sum(1) + X[..., 1] + X[:, None].sum(2)[:, 0]
X[X.shape[0] - 1] * torch.argmax(X, 1).sum()
torch.sum(X * P, dim=1, keepdim=True) / torch.sqrt(torch.sum(X * X, dim=1, keepdim=True) + 1e-8)
X.movedim(0, 1) + torch.swapaxes(X, 0, 1) + torch.transpose(X, 0, 1) + X.transpose(-1, -2)
torch.amax(B, dim=(1, 2)) + B.amin(dim=(1, 2)) + torch.prod(X, 1).sum()
torch.hstack([X, P]).sum() + torch.vstack([X, P]) + torch.meshgrid(v, v, indexing='ij')[0].sum()
torch.index_add(X, 1, t, P[:, :3]) * X
torch.take_along_dim(X, y[:, None], dim=1) * A
torch.special.expit(X) + torch.special.log_softmax(X, 1) + torch.erf(X) + torch.expm1(X) + torch.log1p(P)
X.unflatten(1, (2, 2)) ** 2
X.scatter(1, y[:, None], 1.5) * X + torch.zeros(3, 4).scatter_(1, y.unsqueeze(1), 1) * P
torch.scatter_add(X, 1, y[:, None], P[:, :1]) * X + torch.diff(X, dim=1).sum() + torch.cumprod(P, 1)
torch.addcmul(X, X, P, value=0.5) + torch.addcdiv(X, X, P) + torch.std_mean(X, dim=1, keepdim=True)[0]
F.pairwise_distance(X, P) * w + torch.linalg.matrix_norm(X) + X.size()[0]
X.sort(1)[0] * X + torch.sort(X, dim=0, descending=True).values + torch.argsort(X, dim=1)
torch.topk(X, 2)[0].sum(1) * w + X.topk(3, dim=1, largest=False).values.prod() + X.topk(1, 0)[1].sum()
X.median() + X.median(dim=1)[0] * w + X.kthvalue(2, dim=1).values * w + torch.kthvalue(X, 3, 1, keepdim=True)[0].sum()
torch.quantile(X, 0.25, dim=1) * w + X.quantile(0.6)
torch.logcumsumexp(X, dim=1) * X + torch.logcumsumexp(v, 0)
torch.cov(X) @ A + torch.corrcoef(X) + torch.cov(v) + torch.cov(X, correction=0)
torch.linalg.cholesky(A @ A.T + torch.eye(3)) @ A + torch.linalg.cholesky(A + A.T + 9 * torch.eye(3), upper=True)
torch.linalg.solve_triangular(A + 3 * torch.eye(3), X, upper=True)
torch.diag_embed(X[:, :3]).sum(0) @ A + torch.diag_embed(w)
A[torch.triu_indices(3, 3, 1)[0], torch.triu_indices(3, 3, 1)[1]] ** 2 + A[tuple(torch.tril_indices(3, 3, -1))]
torch.masked_select(X, torch.tensor([True, False, True, True])) ** 2
w[torch.tensor([1, 0, 1]).nonzero(as_tuple=True)[0]] ** 2 + w[torch.nonzero(torch.tensor([0, 1, 1])).squeeze(1)]
w[torch.argwhere(torch.tensor([1, 0, 1]))[:, 0]] * w[torch.where(torch.tensor([0, 1, 1]) > 0)[0]]
torch.logaddexp(X, P) + torch.atan2(X, P) + torch.hypot(X, P) + torch.erfc(X) + torch.sinc(X)
""".strip().splitlines()  # fmt: skip


@pytest.mark.parametrize("text", TORCH)
def test_pytorch_expressions_have_the_value_and_the_gradients_that_pytorch_gives(text):
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    values = {name: value for name, value in EVERYTHING.items() if name in re.findall(r"\w+", text)}
    program = f"import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nout = {text}\n"
    _, output, found = oracle.answers(program, values)
    leaves = {name: torch.tensor(one, requires_grad=one.dtype.kind == "f") for name, one in values.items()}
    ran = oracle.run(program, leaves)["out"]
    torch.set_default_dtype(torch.float32)
    np.testing.assert_allclose(output, ran.detach().numpy(), rtol=1e-11, atol=1e-12)
    ran.sum().backward()
    for name, leaf in leaves.items():
        if leaf.requires_grad:
            expected = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
            np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-11)
        else:
            assert name not in found or not found[name].any()


MASKED = """import torch
scores = x.masked_fill(torch.tril(torch.ones(3, 3)) == 0, float('-inf'))
p = torch.softmax(scores, dim=-1)
logp = torch.log_softmax(scores, dim=-1).diagonal()
z = torch.logsumexp(scores, dim=1)
loss = (p * p).sum() + logp.sum() + z.sum()
"""


def test_a_mask_of_minus_infinity_is_exact():
    """Masked entries have the probability 0 and no gradient, proven."""
    result = netcalc.gradients(MASKED, x=[["1", "2", "3"], ["0.5", "1", "1"], ["2", "0", "-1"]])
    assert result.certainty.startswith("certified: ")
    p, slopes = np.array(result.forward["p"]), np.array(result.partials["x"])
    above = np.triu_indices(3, 1)
    assert not p[above].any()
    assert not slopes[above].any()
    assert p[0, 0] == 1
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_ties_of_a_maximum_share_its_gradient_where_they_are_exact_and_are_decided_where_not():
    result = netcalc.gradients("import numpy as np\nloss = np.max(np.exp(x)) + np.max(x, axis=0)", x=[1, 1, 0.5])
    assert result.partials["x"][2] == 0
    assert result.partials["x"][0] == result.partials["x"][1]
    apart = netcalc.gradients("import numpy as np\nloss = np.max(np.exp(x))", x=[1, 2])
    assert apart.partials["x"][0] == 0


@pytest.mark.parametrize(
    "second, slope",
    [
        ("x", 5),
        ("x.clone()", 2),
        ("x * 1", 2),
        ("x.view(3)", 2),
        ("x + 0", 2),
        ("x.contiguous()", 5),
        ("x.detach()", 2),
    ],
)
def test_a_name_of_the_same_array_has_all_its_uses_and_one_of_a_copy_its_own(second, slope):
    result = netcalc.gradients(f"import torch\ny = {second}\nloss = (2 * y).sum() + (3 * x).sum()", x=[0.5, 1.5, 2.5])
    assert result.partials["y"] == [slope] * 3
    assert result.partials["x"] == ([3] if "detach" in second else [5]) * 3


def test_a_backward_pass_below_is_passed_over():
    text = """import numpy as np
z = X @ W
p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
loss = -np.log(p[np.arange(2), y]).mean()
dz = p.copy()
dz[np.arange(2), y] -= 1
dz /= 2
dW = X.T @ dz
"""
    result = netcalc.gradients(text, X=[[1, 2], [0.5, 1]], W=[[1, 0, 1], [2, 1, 0.5]], y=[0, 2])
    assert set(result.forward) == {"z", "p", "loss"}
    assert set(result.partials) == {"X", "W", "z", "p"}


def test_digits_that_double_with_every_square_are_let_go():
    map_ = "for _ in range(60):\n    x = 3.9 * x * (1 - x)\nloss = x"
    result = netcalc.gradients(map_, x="0.3", digits=20)
    with mpmath.workdps(80):
        y, r, slope = mpmath.mpf("0.3"), mpmath.mpf("3.9"), 1
        for _ in range(60):
            y, slope = r * y * (1 - y), slope * r * (1 - 2 * y)
        assert str(result.forward["loss"]) == mpmath.nstr(y, 20)
        assert str(result.partials["x"]) == mpmath.nstr(slope, 20)


@pytest.mark.parametrize("labels", ["y.long()", "y.view(-1).long()", "y.to(torch.int64)"])
def test_labels_without_values_may_be_made_whole(labels):
    text = f"import torch.nn.functional as F\nimport torch\nloss = F.cross_entropy(X @ W, {labels})"
    result = netcalc.gradients(text, shape={"X": "N,D", "W": "D,C", "y": "N"})
    assert "y" not in result.partials
    assert result.formulas["W"].startswith("X.T@(softmax(X@W, axis=1) - one_hot(y, C))")


def test_a_sum_of_many_terms_is_put_together_once():
    squares = np.arange(900.0)
    result = netcalc.gradients("loss = sum(x[i] * x[i] for i in range(900)) + sum([1, 2], x[1])", x=squares)
    assert result.forward["loss"] == np.sum(squares**2) + 4
    expected = 2 * squares
    expected[1] += 1
    np.testing.assert_array_equal(result.partials["x"], expected)
    assert result.formulas["x"] == "…"  # it would fill pages


def test_the_shape_of_a_vector_is_not_taken_for_its_value():
    with pytest.raises(NetcalcError, match="z is a vector of 2, no single number"):
        netcalc.gradients("z = 2 * x", x=[1.0, 2.0])


@pytest.mark.parametrize(
    "lines",
    [
        ["z[z < 0] = 0", "loss = (z ** 2).sum()"],
        ["out = np.zeros((2, 2))", "out[z > 0] = z[z > 0]", "loss = (out ** 2).sum()"],
        ["z[z < 0] *= 0", "loss = (z ** 2).sum()"],
    ],
)
def test_a_condition_on_whole_numbers_takes_no_gradient_away(lines):
    """What is compared is a number as any other, whether it was written with a point or without."""
    X, W = np.array([[1, 2], [3, -4]]), np.array([[1, 2], [2, -1]])
    found = netcalc.gradients("\n".join(["z = X @ W", *lines]), X=X, W=W)
    true = 2 * np.maximum(X @ W, 0) @ W.T
    assert [one.nearest for one in found["dX"].entries.flat] == list(true.flat)


@pytest.mark.parametrize(
    "line",
    [
        "s = [h.sum() for h in (x, x)]",
        "s = {k: h for k, h in zip('ab', (x, x))}",
        "s = sum(h for h in (1, 2))",
        "s = [a for row in [[1, 2]] for a in row if [h for h in (3,)]]",
    ],
)
def test_the_names_of_a_comprehension_are_its_own(line):
    result = netcalc.gradients(f"h = 2*x\n{line}\nloss = (h*h).sum()", x=[1, 2])
    assert result.forward["loss"] == 20
    assert result.partials["x"] == [8, 16]
    assert result.partials["h"] == [4, 8]


@pytest.mark.parametrize(
    "written, value, slope",
    [
        ("torch.dist(x, y)", 5, [-0.6, -0.8]),
        ("math.dist(x, y)", 5, [-0.6, -0.8]),
        ("torch.dist(x, y, 1)", 7, [-1, -1]),
        ("math.fsum([x[0], x[1]*y[1]])", 13, [1, 6]),
        ("math.sumprod(x, y)", 16, [4, 6]),
    ],
)
def test_functions_of_whole_vectors_are_no_functions_of_entries(written, value, slope):
    result = netcalc.gradients(f"import {written.partition('.')[0]}\nloss = {written}", x=[1, 2], y=[4, 6])
    assert result.forward["loss"] == pytest.approx(value)
    assert result.partials["x"] == pytest.approx(slope)


def test_a_loop_over_the_samples_is_passed_once_for_each_alone():
    text = "loss = 0\nfor i in range(len(x)):\n    loss = loss + ((w*x[i])**2).sum()"
    result = netcalc.gradients(text, x=[[1, 2], [3, 4]], w=0.5, per_sample=True)
    assert result.forward["loss"] == [1.25, 6.25]
    assert result.partials["w"] == [5, 25]


def test_what_a_function_writes_into_an_outer_array_is_its_last_value():
    text = "buf = np.zeros(2)\ndef put(i, v):\n    buf[i] = v\nput(0, x**2)\nloss = buf.sum()"
    result = netcalc.gradients(text, x=3)
    assert result.forward["buf"] == [9, 0]
    assert result.partials["buf"] == [1, 1]


def test_a_cell_that_states_its_arrays_is_differentiated_by_them():
    """As in a notebook; whole numbers are labels. By hand: dw = 2 (w x + b − y) x."""
    cell = "x = np.array([1., 2.])\nw = np.array([.5, -1.])\ny = np.array([0, 1])\nz = w*x + 0.1\nloss = ((z - y)**2).sum()"
    result = netcalc.gradients(cell, verify=True)
    assert {name: values for name, values in result.partials.items() if name != "z"} == {
        "x": pytest.approx([0.6, 5.8]),
        "w": pytest.approx([1.2, -11.6]),
    }
    assert netcalc.gradients(cell + " + (v*v).sum()", v=[3.0]).partials.keys() == {"v"}


def test_no_name_is_suggested_for_itself():
    text = "def forward(params, x):\n    for w, b in params:\n        x = np.tanh(x @ w + b)\n    return x.sum()"
    with pytest.raises(NetcalcError, match=r"'params' has no value here; give it with --at"):
        netcalc.gradients(text, x=[1, 2])


def test_arrays_that_ask_for_their_gradient_have_it():
    """`requires_grad=True` and Parameter say what is differentiated, zeros too; other arrays stated are constants."""
    text = """
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.nn.Parameter(torch.zeros(2))
c = torch.zeros(2).requires_grad_()
k = torch.ones(2)
loss = ((w * x + b + k) ** 2).sum() + (c * x).sum()
"""
    result = netcalc.gradients(text, x=[3.0, 5.0])
    z = 2 * (np.array([1, 2]) * [3, 5] + 1)
    assert result.partials == {"x": [8, 44], "w": [24, 110], "b": z.tolist(), "c": [3, 5]}


def test_indices_and_masks_have_no_gradient_and_what_is_called_underscore_no_row():
    text = "import torch\nm, _ = torch.max(x, 1)\nidx = x.argmin(1)\nmask = x > 1\nloss = (m * x[mask].sum()).sum()"
    result = netcalc.gradients(text, x=[[1.0, 2.0], [4.0, 3.0]])
    assert set(result.partials) == {"x", "m"}
    assert set(result.forward) == {"m", "idx", "mask", "loss"}


def test_the_cost_of_a_recurrence_and_of_many_lines_is_linear():
    """Counted in calls, reading and solving."""

    def recurrence(steps):
        text = "import numpy as np\nh = np.tanh(x @ W)\nfor t in range({}):\n    z = x @ W + h\n    i, g = np.split(z, 2, axis=1)\n"
        text += "    h = np.concatenate([np.tanh(i), h[:, 2:] * g], 1)\nloss = np.sum(h * h)"
        return netcalc.gradients(text.format(steps), x=X, W=X, certify=False)

    def lines(many):
        body = [f"z{n} = h{n - 1} * W + x\nh{n} = np.tanh(z{n})" for n in range(1, many)]
        text = "\n".join(["import numpy as np", "h0 = np.tanh(x)", *body, f"loss = np.sum(h{many - 1})"])
        return netcalc.gradients(text, x=X, W=X, certify=False)

    X = np.ones((4, 4)) / 4
    for program in (recurrence, lines):
        program(3)
        counts = [calls(lambda many=many, program=program: program(many)) for many in (4, 8, 16)]
        assert counts[2] - counts[1] < 2.2 * (counts[1] - counts[0])


ONLINE_SOFTMAX = """import numpy as np
m = np.full((2,), -np.inf)
top = np.maximum(m, x)
p = np.exp(x - top)
kept = np.exp(m - top)
loss = (p * (1 + top) + kept * x).sum() + np.where(m < x, x ** 2, 0).sum()
"""


def test_a_maximum_that_begins_at_minus_infinity_has_the_slopes_of_what_is_larger():
    """As attention that goes block by block keeps it; a comparison with -inf is decided."""
    result = netcalc.gradients(ONLINE_SOFTMAX, x=[1.5, -2.5])
    assert result.partials["x"] == [4, -4]
    assert result.partials["top"] == [-1.5, 2.5]
    assert not result.notes


def test_one_right_side_is_solved_for_a_stack_of_matrices():
    """As NumPy broadcasts a vector."""
    A, b = np.array([[[2.0, 1], [1, 3]], [[1, 0.5], [0, 2]]]), np.array([1.0, 2])
    result = netcalc.gradients("loss = (np.linalg.solve(A, b) ** 2).sum()", A=A, b=b)
    each = [netcalc.gradients("loss = (np.linalg.solve(A, b) ** 2).sum()", A=one, b=b) for one in A]
    assert result["loss"].numbers() == pytest.approx(sum(one["loss"].numbers() for one in each))
    np.testing.assert_allclose(result["db"].numbers(), sum(one["db"].numbers() for one in each))
    np.testing.assert_allclose(result["dA"].numbers(), [one["dA"].numbers() for one in each])
