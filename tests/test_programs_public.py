"""Forward passes in the manner of courses and public code, held to PyTorch's gradients or to differences of NumPy's."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

draw = np.random.default_rng(3)


def n(*shape):
    return draw.normal(size=shape)


def u(*shape):
    return draw.uniform(0.1, 0.9, size=shape)


PROGRAMS = {}
PROGRAMS["charrnn"] = (
    """
import numpy as np
def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
  xs, hs, ys, ps = {}, {}, {}, {}
  hs[-1] = np.copy(hprev)
  loss = 0
  for t in range(len(inputs)):
    xs[t] = np.zeros((4,1))
    xs[t][inputs[t]] = 1
    hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh)
    ys[t] = np.dot(Why, hs[t]) + by
    ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
    loss += -np.log(ps[t][targets[t],0])
  return loss
loss = lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by)
""",
    {
        "inputs": np.array([0, 2, 1]),
        "targets": np.array([2, 1, 3]),
        "hprev": n(3, 1),
        "Wxh": n(3, 4),
        "Whh": n(3, 3),
        "Why": n(4, 3),
        "bh": n(3, 1),
        "by": n(4, 1),
    },
)
PROGRAMS["cs231n-two-layer"] = (
    """
import numpy as np
def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache

def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache

def softmax_loss(x, y):
    shifted_logits = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
    log_probs = shifted_logits - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    return loss

h, fc1 = affine_forward(X, W1, b1)
r, _ = relu_forward(h)
scores, fc2 = affine_forward(r, W2, b2)
loss = softmax_loss(scores, y)
loss += 0.5 * 0.1 * (np.sum(W1 * W1) + np.sum(W2 * W2))
""",
    {"X": n(3, 2, 2), "W1": n(4, 5), "b1": n(5), "W2": n(5, 3), "b2": n(3), "y": np.array([0, 2, 1])},
)
PROGRAMS["batchnorm-cs231n"] = (
    """
import numpy as np
def batchnorm_forward(x, gamma, beta, bn_param=None):
    eps = 1e-5
    N, D = x.shape
    mu = 1./N * np.sum(x, axis = 0)
    xmu = x - mu
    sq = xmu ** 2
    var = 1./N * np.sum(sq, axis = 0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1./sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    cache = (xhat,gamma,xmu,ivar,sqrtvar,var,eps)
    return out, cache
""",
    {"x": n(4, 3), "gamma": n(3), "beta": n(3)},
)
PROGRAMS["maxpool-loops"] = (
    """
import numpy as np
N, C, H, W = x.shape
HH = WW = 2
s = 2
out = np.zeros((N, C, H // s, W // s))
for n in range(N):
    for i in range(H // s):
        for j in range(W // s):
            window = x[n, :, i*s:i*s+HH, j*s:j*s+WW]
            out[n, :, i, j] = np.max(window, axis=(1, 2))
loss = (out ** 2).sum()
""",
    {"x": n(2, 2, 4, 4)},
)
PROGRAMS["params-dict"] = (
    """
import numpy as np
def forward(params, X):
    W1, b1 = params['W1'], params['b1']
    W2 = params["W2"]
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + params['b2']
    return np.mean(out ** 2)
""",
    {"X": n(3, 2), "W1": n(2, 4), "b1": n(4), "W2": n(4, 1), "b2": n(1)},
    "read",
)
PROGRAMS["self"] = (
    """
import torch
def forward(self, x):
    h = torch.relu(x @ self.w1.T + self.b1)
    self.h = h
    return (h @ self.w2).sum()
""",
    {"x": n(3, 2), "w1": n(4, 2), "b1": n(4), "w2": n(4)},
    "read",
)
PROGRAMS["gp"] = (
    """
import numpy as np
D2 = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1)
K = s**2 * np.exp(-0.5 * D2 / l**2) + noise * np.eye(X.shape[0])
alpha = np.linalg.solve(K, y)
sign, logdet = np.linalg.slogdet(K)
nll = 0.5 * y @ alpha + 0.5 * logdet + 0.5 * len(y) * np.log(2 * np.pi)
""",
    {"X": n(3, 2), "y": n(3), "s": u(), "l": u(), "noise": u()},
)
PROGRAMS["ppo"] = (
    """
import torch
import torch.nn.functional as F
logp = F.log_softmax(logits, dim=-1)
logp_a = logp.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
ratio = torch.exp(logp_a - old_logp)
surr1 = ratio * adv
surr2 = torch.clamp(ratio, 1 - 0.2, 1 + 0.2) * adv
entropy = -(logp.exp() * logp).sum(-1).mean()
value_loss = F.smooth_l1_loss(values, returns)
loss = -torch.min(surr1, surr2).mean() + 0.5 * value_loss - 0.01 * entropy
""",
    {
        "logits": n(4, 3),
        "actions": np.array([0, 2, 1, 1]),
        "old_logp": n(4) - 1,
        "adv": n(4),
        "values": n(4),
        "returns": n(4),
    },
)
PROGRAMS["ntxent"] = (
    """
import torch
import torch.nn.functional as F
z = torch.cat([z1, z2], dim=0)
z = F.normalize(z, dim=1)
N = z1.shape[0]
sim = torch.mm(z, z.t()) / 0.5
mask = torch.eye(2 * N, dtype=torch.bool)
sim = sim.masked_fill(mask, -1e9)
targets = torch.cat([torch.arange(N, 2 * N), torch.arange(0, N)])
loss = F.cross_entropy(sim, targets)
""",
    {"z1": n(3, 4), "z2": n(3, 4)},
)
PROGRAMS["focal"] = (
    """
import torch
import torch.nn.functional as F
p = torch.sigmoid(x)
ce = F.binary_cross_entropy_with_logits(x, t, reduction="none")
p_t = p * t + (1 - p) * (1 - t)
loss = ce * ((1 - p_t) ** 2)
alpha_t = 0.25 * t + (1 - 0.25) * (1 - t)
loss = (alpha_t * loss).mean()
""",
    {"x": n(5), "t": np.array([1.0, 0, 1, 1, 0])},
)
PROGRAMS["gcn"] = (
    """
import numpy as np
A_hat = A + np.eye(A.shape[0])
D = np.diag(1 / np.sqrt(A_hat.sum(axis=1)))
norm = D @ A_hat @ D
H = np.maximum(norm @ X @ W0, 0)
Z = norm @ H @ W1
logp = Z - np.log(np.exp(Z).sum(1))[:, None]
loss = -(logp * Y).sum() / Y.sum()
""",
    {"A": u(4, 4), "X": n(4, 3), "W0": n(3, 2), "W1": n(2, 2), "Y": u(4, 2)},
)
PROGRAMS["jax-mlp-list"] = (
    """
import jax.numpy as jnp
from jax import grad, jit
@jit
def predict(W1, b1, W2, b2, inputs):
    for W, b in [(W1, b1), (W2, b2)]:
        outputs = jnp.dot(inputs, W) + b
        inputs = jnp.tanh(outputs)
    return outputs
def loss(W1, b1, W2, b2, inputs, targets):
    preds = predict(W1, b1, W2, b2, inputs)
    return jnp.mean((preds - targets) ** 2)
""",
    {"W1": n(2, 3), "b1": n(3), "W2": n(3, 1), "b2": n(1), "inputs": n(4, 2), "targets": n(4, 1)},
    "read",
)
PROGRAMS["gan"] = (
    """
import torch
import torch.nn as nn
criterion = nn.BCEWithLogitsLoss()
bce = nn.BCELoss()
fake = torch.tanh(z @ Wg)
d_real = real @ Wd
d_fake = fake.detach() @ Wd
loss_d = criterion(d_real, torch.ones_like(d_real)) + criterion(d_fake, torch.zeros_like(d_fake))
loss_g = bce(torch.sigmoid(fake @ Wd), torch.ones(3, 1))
loss = loss_d + loss_g
""",
    {"z": n(3, 2), "Wg": n(2, 4), "real": n(3, 4), "Wd": n(4, 1)},
)
PROGRAMS["gru-torch"] = (
    """
import torch
hidden = h0
outs = []
for t in range(x.size(0)):
    gi = x[t] @ W_ih.t() + b_ih
    gh = hidden @ W_hh.t() + b_hh
    i_r, i_i, i_n = gi.chunk(3, 1)
    h_r, h_i, h_n = gh.chunk(3, 1)
    resetgate = torch.sigmoid(i_r + h_r)
    inputgate = torch.sigmoid(i_i + h_i)
    newgate = torch.tanh(i_n + resetgate * h_n)
    hidden = newgate + inputgate * (hidden - newgate)
    outs += [hidden]
out = torch.stack(outs, 0)
loss = out.pow(2).mean()
""",
    {"x": n(3, 2, 2), "h0": n(2, 2), "W_ih": n(6, 2), "b_ih": n(6), "W_hh": n(6, 2), "b_hh": n(6)},
)
PROGRAMS["moe"] = (
    """
import torch
gates = torch.softmax(x @ Wg, dim=-1)
experts = torch.stack([x @ E[i] for i in range(E.shape[0])], dim=1)
y = torch.einsum('ne,ned->nd', gates, experts)
importance = gates.sum(0)
cv = importance.var() / importance.mean() ** 2
loss = y.square().sum() + 0.1 * cv
""",
    {"x": n(4, 3), "Wg": n(3, 2), "E": n(2, 3, 3)},
)
PROGRAMS["alibi"] = (
    """
import torch, math
B, H, T, D = q.shape
slopes = torch.tensor([2 ** (-8 * (h + 1) / H) for h in range(H)])
pos = torch.arange(T)
rel = (pos[None, :] - pos[:, None]).float()
bias = slopes[:, None, None] * rel
att = torch.einsum('bhtd,bhsd->bhts', q, k) / math.sqrt(D) + bias
att = att + torch.full((T, T), float('-inf')).triu(1)
w = att.softmax(-1)
out = torch.einsum('bhts,bhsd->bhtd', w, v)
loss = out.mean()
""",
    {"q": n(1, 2, 3, 2), "k": n(1, 2, 3, 2), "v": n(1, 2, 3, 2)},
)
PROGRAMS["svm-naive"] = (
    """
import numpy as np
N = X.shape[0]
loss = 0.0
for i in range(N):
    scores = X[i].dot(W)
    correct = scores[y[i]]
    for j in range(W.shape[1]):
        if j == y[i]:
            continue
        margin = np.maximum(0, scores[j] - correct + 1)
        loss += margin
loss /= N
loss += 0.1 * np.sum(W * W)
""",
    {"X": n(3, 4), "W": n(4, 3), "y": np.array([0, 2, 1])},
)
PROGRAMS["softmax-relu-inplace"] = (
    """
import numpy as np
z1 = X.dot(W1) + b1
a1 = z1.copy()
a1[a1 < 0] = 0
z2 = a1 @ W2
p = np.exp(z2)
p /= p.sum(axis=1, keepdims=True)
corect = -np.log(p[range(3), y])
loss = np.sum(corect) / 3
""",
    {"X": n(3, 2), "W1": n(2, 4), "b1": n(4), "W2": n(4, 3), "y": np.array([0, 2, 1])},
)
PROGRAMS["lstm-cs231n"] = (
    """
import numpy as np
def sigmoid(x):
    pos_mask = (x >= 0)
    z = np.where(pos_mask, np.exp(-np.abs(x)), np.exp(-np.abs(x)))
    top = np.where(pos_mask, 1.0, z)
    return top / (1 + z)
def lstm_step(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ai, af, ao, ag = a[:, :H], a[:, H:2*H], a[:, 2*H:3*H], a[:, 3*H:]
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c
N, T, D = x.shape
H = h0.shape[1]
h = np.zeros((N, T, H))
prev_h = h0
prev_c = np.zeros_like(h0)
for t in range(T):
    prev_h, prev_c = lstm_step(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
    h[:, t, :] = prev_h
loss = np.sum(h ** 2)
""",
    {"x": n(2, 3, 2), "h0": n(2, 2), "Wx": n(2, 8), "Wh": n(2, 8), "b": n(8)},
)
PROGRAMS["word-dropout-like"] = (
    """
import numpy as np
drop = (u < 0.5) / 0.5
h = np.maximum(x @ W, 0) * drop
loss = h.sum(axis=-1).mean()
""",
    {"u": u(3, 2), "x": n(3, 4), "W": n(4, 2)},
)
PROGRAMS["nanogpt"] = (
    """
import math
import torch
import torch.nn as nn
from torch.nn import functional as F

def layer_norm(x, weight, bias=None):
    return F.layer_norm(x, weight.shape, weight, bias, 1e-5)

def attn(x, c_attn, c_proj, n_head=2):
    B, T, C = x.size()
    q, k, v = F.linear(x, c_attn).split(C, dim=2)
    k = k.view(B, T, n_head, C // n_head).transpose(1, 2)
    q = q.view(B, T, n_head, C // n_head).transpose(1, 2)
    v = v.view(B, T, n_head, C // n_head).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=True)
    y = y.transpose(1, 2).contiguous().view(B, T, C)
    return F.linear(y, c_proj)

def block(x, p):
    x = x + attn(layer_norm(x, p['ln1']), p['c_attn'], p['c_proj'])
    h = F.gelu(F.linear(layer_norm(x, p['ln2']), p['fc']), approximate='tanh')
    return x + F.linear(h, p['proj'])

b, t = idx.size()
assert t <= 8, "too long"
pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
x = F.embedding(idx, wte) + wpe[pos]
p = dict(ln1=ln1, ln2=ln2, c_attn=c_attn, c_proj=c_proj, fc=fc, proj=proj)
for _ in range(2):
    x = block(x, p)
x = layer_norm(x, lnf)
logits = x @ wte.T
loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
""",
    {
        "idx": np.array([[1, 0, 3], [2, 2, 1]]),
        "targets": np.array([[0, 3, -1], [2, 1, 0]]),
        "wte": n(5, 4),
        "wpe": n(8, 4),
        "ln1": n(4),
        "ln2": n(4),
        "lnf": n(4),
        "c_attn": n(12, 4),
        "c_proj": n(4, 4),
        "fc": n(6, 4),
        "proj": n(4, 6),
    },
)
PROGRAMS["cox"] = (
    """
import numpy as np
risk = X @ beta
order = np.argsort(-times) if False else np.arange(4)
log_cum = np.log(np.cumsum(np.exp(risk[::-1])))[::-1]
loss = -np.sum((risk - log_cum) * events)
""",
    {"X": n(4, 2), "beta": n(2), "events": np.array([1, 0, 1, 1])},
)
PROGRAMS["depthwise"] = (
    """
import torch
import torch.nn.functional as F
h = F.conv2d(x, wd, padding=1, groups=2)
h = F.relu(F.batch_norm(h, None, None, g, bt, training=True))
s = torch.sigmoid(h.mean((2, 3)) @ se)
h = h * s[:, :, None, None]
y = F.conv2d(h, wp)
loss = F.adaptive_avg_pool2d(y, 1).flatten(1).pow(2).sum()
""",
    {"x": n(2, 2, 4, 4), "wd": n(2, 1, 3, 3), "g": n(2), "bt": n(2), "se": n(2, 2), "wp": n(3, 2, 1, 1)},
)
PROGRAMS["lora"] = (
    """
import torch
scaling = alpha / r if False else 16 / 4
y = x @ (W0 + scaling * (B @ A)).T
loss = (y - t).norm()
""",
    {"x": n(3, 4), "W0": n(2, 4), "B": n(2, 2), "A": n(2, 4), "t": n(3, 2)},
)
PROGRAMS["dict-cache"] = (
    """
import numpy as np
cache = {}
cache['A0'] = X
L = 2
Ws = [None, W1, W2]
bs = [None, b1, b2]
for l in range(1, L + 1):
    cache[f"Z{l}"] = 0
    Zl = Ws[l] @ cache['A' + str(l - 1)] + bs[l]
    cache['Z' + str(l)] = Zl
    cache['A' + str(l)] = np.tanh(Zl) if l < L else 1 / (1 + np.exp(-Zl))
AL = cache['A2']
m = X.shape[1]
cost = -1/m * np.sum(Y * np.log(AL) + (1-Y) * np.log(1-AL))
""",
    {"X": n(3, 4), "W1": n(2, 3), "b1": n(2, 1), "W2": n(1, 2), "b2": n(1, 1), "Y": np.array([[1.0, 0, 1, 0]])},
)
PROGRAMS["jax-at"] = (
    """
import jax
import jax.numpy as jnp
def f(x, W):
    z = jnp.zeros((3, 2))
    z = z.at[0].set(x[0] @ W)
    z = z.at[1:].add(x[1:] @ W * 2)
    z = jax.nn.relu(z) + jax.nn.sigmoid(z)
    return jnp.sum(jax.nn.softmax(z, axis=-1)[:, 0] ** 2)
""",
    {"x": n(3, 4), "W": n(4, 2)},
    "read",
)
PROGRAMS["jax-params-tuple"] = (
    """
import jax.numpy as jnp
def loss_fn(params, x, y):
    W1, b1, W2, b2 = params
    h = jnp.tanh(x @ W1 + b1)
    p = h @ W2 + b2
    return jnp.mean(jnp.square(p - y))
""",
    {"x": n(3, 2), "y": n(3, 1), "W1": n(2, 4), "b1": n(4), "W2": n(4, 1), "b2": n(1)},
    "read",
)
PROGRAMS["nested-def-closure"] = (
    """
import numpy as np
def make(scale):
    def inner(z, p=2):
        return scale * z ** p
    return inner
sq = make(0.5)
cube = make(2)
loss = sq(x).sum() + cube(x, p=3).mean()
""",
    {"x": n(3)},
)
PROGRAMS["star-args"] = (
    """
import numpy as np
def mlp(x, *layers, act=np.tanh):
    for i, (W, b) in enumerate(layers):
        x = x @ W + b
        if i + 1 < len(layers):
            x = act(x)
    return x
out = mlp(x, (W1, b1), (W2, b2), act=lambda z: np.maximum(z, 0.01 * z))
loss = 0.5 * np.square(out).sum()
""",
    {"x": n(3, 2), "W1": n(2, 4), "b1": n(4), "W2": n(4, 2), "b2": n(2)},
)
PROGRAMS["zip-comp"] = (
    """
import numpy as np
terms = [np.sum(w * x ** k) for k, w in enumerate(ws)]
loss = sum(terms) + sum(t * t for t in terms) + np.prod([terms[0], terms[2]])
weights = {k: v for k, v in zip(['a', 'b'], [x, x * 2])}
loss = loss + (weights['a'] * weights['b']).sum()
""",
    {"ws": n(3), "x": n(2)},
)
PROGRAMS["early-return"] = (
    '''
import torch
def f(x, W, train=False, scale=None):
    """doc"""
    if scale is None:
        scale = 1 / W.shape[0] ** 0.5
    h: torch.Tensor = x @ W * scale
    if not train:
        return h.abs().mean()
    return h.sum()
''',
    {"x": n(3, 4), "W": n(4, 2)},
    "read",
)
PROGRAMS["inplace-rows"] = (
    """
import numpy as np
H = np.zeros((4, 3))
H[0] = h0
for t in range(1, 4):
    H[t] = np.tanh(H[t - 1] @ W + x[t - 1])
loss = (H[1:] ** 2).sum() + H[-1, 0]
""",
    {"h0": n(3), "W": n(3, 3), "x": n(3, 3)},
)
PROGRAMS["inplace-cols-aug"] = (
    """
import numpy as np
G = X @ W
G[:, 0] *= 2
G[1:, 1] -= b
G[[0, 2], 1] += 3 * b[0]
G[G > 1] = 1
loss = (G ** 2).sum()
""",
    {"X": n(3, 4), "W": n(4, 2), "b": n(2)},
)
PROGRAMS["scatter-add"] = (
    """
import numpy as np
out = np.zeros((4, 2))
np.add.at(out, idx, x)
cnt = np.zeros(4)
np.add.at(cnt, idx, 1)
m = out / np.maximum(cnt, 1)[:, None]
loss = (m ** 2).sum()
""",
    {"idx": np.array([0, 2, 0]), "x": n(3, 2)},
)
PROGRAMS["index-add-torch"] = (
    """
import torch
out = torch.zeros(4, 2)
out.index_add_(0, idx, x)
deg = torch.zeros(4).index_add(0, idx, torch.ones(3)).clamp(min=1)
loss = (out / deg.unsqueeze(1)).pow(2).sum()
""",
    {"idx": np.array([0, 2, 0]), "x": n(3, 2)},
)
PROGRAMS["triplet-np"] = (
    """
import numpy as np
def dist(a, b, axis=1):
    return np.sqrt(np.sum((a - b) ** 2, axis=axis) + 1e-12)
pos = dist(a, p)
neg = dist(a, n_)
loss = np.mean(np.maximum(pos - neg + 0.5, 0))
""",
    {"a": n(3, 2), "p": n(3, 2), "n_": n(3, 2)},
)
PROGRAMS["dice"] = (
    """
import torch
p = torch.sigmoid(logits).view(-1)
t = target.view(-1)
inter = (p * t).sum()
dice = (2. * inter + 1.) / (p.sum() + t.sum() + 1.)
loss = 1 - dice
""",
    {"logits": n(2, 3, 3), "target": np.array(draw.integers(0, 2, (2, 3, 3)), float)},
)
PROGRAMS["conv1d-numpy"] = (
    """
import numpy as np
def conv1d(x, w):
    K = len(w)
    return np.array([np.sum(x[i:i+K] * w) for i in range(len(x) - K + 1)])
y = conv1d(x, w)
loss = np.sum(np.log1p(np.exp(y)))
""",
    {"x": n(6), "w": n(3)},
)
PROGRAMS["kalman"] = (
    """
import numpy as np
m, P = m0, P0
nll = 0
for t in range(3):
    m = A @ m
    P = A @ P @ A.T + Q
    S = H @ P @ H.T + R
    K = P @ H.T @ np.linalg.inv(S)
    v = y[t] - H @ m
    nll += 0.5 * (v @ np.linalg.solve(S, v) + np.log(np.linalg.det(2 * np.pi * S)))
    m = m + K @ v
    P = (np.eye(2) - K @ H) @ P
""",
    {
        "m0": n(2),
        "P0": np.eye(2) + 0.1,
        "A": n(2, 2) * 0.5,
        "Q": np.eye(2) * 0.3,
        "H": n(1, 2),
        "R": np.eye(1) * 0.5,
        "y": n(3, 1),
    },
)
PROGRAMS["euler-ode"] = (
    """
import numpy as np
dt = 0.1
def f(z):
    return np.tanh(W @ z) - z
z = z0
traj = [z]
for _ in range(5):
    k1 = f(z)
    k2 = f(z + 0.5 * dt * k1)
    z = z + dt * k2
    traj.append(z)
loss = np.sum((np.stack(traj)[-1] - target) ** 2)
""",
    {"z0": n(3), "W": n(3, 3), "target": n(3)},
)
PROGRAMS["vit-patch"] = (
    """
import torch
import torch.nn.functional as F
B, C, H, W = img.shape
P = 2
x = img.unfold(2, P, P).unfold(3, P, P)
x = x.permute(0, 2, 3, 1, 4, 5).reshape(B, -1, C * P * P)
x = x @ proj + pos
x = torch.cat([cls.expand(B, -1, -1), x], dim=1)
x = F.layer_norm(x, [x.shape[-1]])
logits = x[:, 0] @ head
loss = F.cross_entropy(logits, y, label_smoothing=0.1)
""",
    {"img": n(2, 1, 4, 4), "proj": n(4, 3), "pos": n(4, 3), "cls": n(1, 1, 3), "head": n(3, 3), "y": np.array([0, 2])},
)
PROGRAMS["bahdanau"] = (
    """
import torch
scores = torch.tanh(enc @ Wa + (dec @ Ua).unsqueeze(1)) @ va
alpha = torch.softmax(scores, dim=1)
context = torch.bmm(alpha.unsqueeze(1), enc).squeeze(1)
logits = torch.cat((context, dec), dim=-1) @ Wo
loss = -torch.log_softmax(logits, -1).gather(1, y.view(-1, 1)).mean()
""",
    {"enc": n(2, 3, 4), "dec": n(2, 4), "Wa": n(4, 3), "Ua": n(4, 3), "va": n(3), "Wo": n(8, 3), "y": np.array([0, 2])},
)
PROGRAMS["glu-conv"] = (
    """
import torch.nn.functional as F
h = F.pad(x, (2, 0))
a = F.conv1d(h, w, dilation=2)
y = F.glu(a, dim=1)
r = (x + y) * 0.5 ** 0.5
loss = F.mse_loss(r, t, reduction='sum') / x.size(0)
""",
    {"x": n(2, 2, 5), "w": n(4, 2, 2), "t": n(2, 2, 5)},
)
PROGRAMS["batched-tuple-shape"] = (
    """
import torch
b, t, c = x.shape[0], x.shape[1], x.shape[-1]
mean, var = x.mean((0, 1)), x.var((0, 1), unbiased=False)
y = (x - mean[None, None]) / torch.sqrt(var + 1e-5)
z = y.view(b * t, c).mm(W).view(b, t, -1)
loss = z.max(dim=1)[0].sum() + z.norm(dim=-1).mean()
""",
    {"x": n(2, 3, 4), "W": n(4, 2)},
)
PROGRAMS["while-known"] = (
    """
import numpy as np
i = 0
h = x
while i < 3:
    h = np.sin(h) + x
    i += 1
loss = h.sum()
""",
    {"x": n(3)},
)
PROGRAMS["power-iter"] = (
    """
import numpy as np
v = v0
for i in range(3):
    v = A @ v
    v = v / np.linalg.norm(v)
lam = v.T @ A @ v
""",
    {"A": n(3, 3), "v0": n(3)},
)
PROGRAMS["einops-like"] = (
    """
import numpy as np
x2 = x.reshape(2, 2, 2, 3)
y = np.einsum('abcd,d->abc', x2, w).transpose(1, 0, 2)
z = y.reshape(2, -1).max(axis=-1)
loss = np.log(np.sum(np.exp(z)))
""",
    {"x": n(4, 6), "w": n(3)},
)
PROGRAMS["global-const-and-def"] = (
    """
import numpy as np
EPS = 1e-5
N_STEPS = 2
ALPHA = [0.1, 0.2]
def norm(v):
    return v / (np.sqrt((v ** 2).sum()) + EPS)
def forward(x, W):
    for k in range(N_STEPS):
        x = norm(x + ALPHA[k] * np.tanh(W @ x))
    loss = x[0] - x[-1] ** 2
    return loss
""",
    {"x": n(3), "W": n(3, 3)},
    "read",
)


def gradients_of(text, values, name):
    """The value and the gradients of the program, run."""
    if "torch" not in text:
        return oracle.run(text, values)[name], oracle.differences(text, values, name)
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    leaves = {key: torch.tensor(one, requires_grad=np.asarray(one).dtype.kind == "f") for key, one in values.items()}
    output = oracle.run(text, leaves)[name]
    output.sum().backward()
    torch.set_default_dtype(torch.float32)
    found = {key: leaf.grad for key, leaf in leaves.items() if leaf.requires_grad}
    return output.detach().numpy(), {
        key: np.zeros(np.shape(values[key])) if one is None else one.numpy() for key, one in found.items()
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_has_the_gradients_that_running_it_gives(name):
    text, values, *only_read = PROGRAMS[name]
    program, output, found = oracle.answers(text, values)
    if only_read:  # a def alone, or JAX, which is not here to run it: held to differences of what was read
        for key, one in values.items():
            if np.asarray(one).dtype.kind != "f":
                continue
            assert found[key].shape == np.shape(one)
            along = np.random.default_rng(1).normal(size=np.shape(one))
            sides = [oracle.answers(text, {**values, key: one + step * along})[1].sum() for step in (1e-6, -1e-6)]
            assert (found[key] * along).sum() == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-7)
        return
    run = text + ("\nout = batchnorm_forward(x, gamma, beta)[0]\n" if "def batchnorm_forward" in text else "")
    value, gradients = gradients_of(run, values, program.output_name)
    np.testing.assert_allclose(output, value, rtol=1e-10)
    for key, expected in gradients.items():
        np.testing.assert_allclose(found[key], expected, rtol=2e-5, atol=1e-6, err_msg=key)
