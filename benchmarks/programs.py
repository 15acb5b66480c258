"""Forward passes as people code them: every gradient of a transformer block and of a small convolutional net.

The block has 8 sequences of 64 tokens, width 128 and 4 heads; the net 32 images of 28 × 28, two layers of
convolution, pooling, and ten classes. netcalc reads the forward pass alone; by hand the backward pass is written out in
NumPy, and PyTorch has its own; all in float64, whole processes, the loss printed. The last tables are an LSTM over
more and more steps, programs of more and more lines, and layers of more and more entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, netcalc, python

BATCH, TOKENS, WIDTH, HEADS, HIDDEN = 8, 64, 128, 4, 512
IMAGES, SIDE, CLASSES = 32, 28, 10
STEPS = (25, 50, 100, 200, 400)
LINES = (250, 500, 1000, 2000, 4000)
SIDES = (128, 256, 512, 1024, 2048)
TRANSFORMER = f"""
import torch
import torch.nn.functional as F
x1 = F.layer_norm(x, ({WIDTH},))
n1 = g1 * x1 + b1
q = (n1 @ Wq).view({BATCH}, {TOKENS}, {HEADS}, {WIDTH // HEADS}).transpose(1, 2)
k = (n1 @ Wk).view({BATCH}, {TOKENS}, {HEADS}, {WIDTH // HEADS}).transpose(1, 2)
v = (n1 @ Wv).view({BATCH}, {TOKENS}, {HEADS}, {WIDTH // HEADS}).transpose(1, 2)
S = q @ k.transpose(-2, -1) / {WIDTH // HEADS} ** 0.5
P = F.softmax(S, dim=-1)
a = (P @ v).transpose(1, 2).reshape({BATCH}, {TOKENS}, {WIDTH})
r = x + a @ Wo
r1 = F.layer_norm(r, ({WIDTH},))
n2 = g2 * r1 + b2
z = n2 @ W1 + c1
h = torch.relu(z)
out = r + h @ W2 + c2
loss = (out * out).sum()
"""
CONVOLUTION = """
import torch.nn.functional as F
z1 = F.conv2d(x, K1, c1)
h1 = F.max_pool2d(F.relu(z1), 2)
z2 = F.conv2d(h1, K2, c2)
h2 = F.max_pool2d(F.relu(z2), 2)
logits = h2.reshape(32, 400) @ W + b
loss = F.cross_entropy(logits, y)
"""
SHAPES = {
    "transformer": {
        "x": (BATCH, TOKENS, WIDTH),
        **dict.fromkeys(("g1", "b1", "g2", "b2", "c2"), (WIDTH,)),
        **dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (WIDTH, WIDTH)),
        "W1": (WIDTH, HIDDEN),
        "c1": (HIDDEN,),
        "W2": (HIDDEN, WIDTH),
    },
    "convolution": {
        "x": (IMAGES, 1, SIDE, SIDE),
        "K1": (8, 1, 5, 5),
        "c1": (8,),
        "K2": (16, 8, 3, 3),
        "c2": (16,),
        "W": (400, CLASSES),
        "b": (CLASSES,),
    },
}
LSTM = {"x": (8, 4, 16), "Wx": (16, 128), "Wh": (32, 128), "b": (128,)}
LOAD = """
import sys, numpy as np
from pathlib import Path
given = {path.stem: np.load(path) for path in Path(sys.argv[1]).glob("*.npy")}
"""
TRANSFORMER_BY_HAND = (
    LOAD
    + f"""
B, T, D, H = {BATCH}, {TOKENS}, {WIDTH}, {HEADS}
globals().update(given)
def norm(x):
    m = x.mean(-1, keepdims=True); s = np.sqrt(((x - m) ** 2).mean(-1, keepdims=True) + 1e-5)
    return (x - m) / s, s
def back(d, y, s): return (d - d.mean(-1, keepdims=True) - y * (d * y).mean(-1, keepdims=True)) / s
def heads(y): return y.reshape(B, T, H, D // H).transpose(0, 2, 1, 3)
def whole(y): return y.transpose(0, 2, 1, 3).reshape(B, T, D)
def weights(a, d): return a.reshape(-1, a.shape[-1]).T @ d.reshape(-1, d.shape[-1])
x1, s1 = norm(x); n1 = g1 * x1 + b1
q, k, v = heads(n1 @ Wq), heads(n1 @ Wk), heads(n1 @ Wv)
S = q @ k.transpose(0, 1, 3, 2) / np.sqrt(D // H)
P = np.exp(S - S.max(-1, keepdims=True)); P /= P.sum(-1, keepdims=True)
a = whole(P @ v); r = x + a @ Wo; r1, s2 = norm(r); n2 = g2 * r1 + b2
z = n2 @ W1 + c1; h = np.maximum(z, 0); out = r + h @ W2 + c2; loss = (out * out).sum()
dout = 2 * out; dc2 = dout.sum((0, 1)); dW2 = weights(h, dout); dz = (dout @ W2.T) * (z > 0)
dc1 = dz.sum((0, 1)); dW1 = weights(n2, dz); dn2 = dz @ W1.T
dg2 = (dn2 * r1).sum((0, 1)); db2 = dn2.sum((0, 1)); dr = dout + back(dn2 * g2, r1, s2)
dWo = weights(a, dr); da = heads(dr @ Wo.T); dP = da @ v.transpose(0, 1, 3, 2); dv = P.transpose(0, 1, 3, 2) @ da
dS = P * (dP - (dP * P).sum(-1, keepdims=True)) / np.sqrt(D // H)
dq, dk = whole(dS @ k), whole(dS.transpose(0, 1, 3, 2) @ q); dv = whole(dv)
dWq, dWk, dWv = weights(n1, dq), weights(n1, dk), weights(n1, dv)
dn1 = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
dg1 = (dn1 * x1).sum((0, 1)); db1 = dn1.sum((0, 1)); dx = dr + back(dn1 * g1, x1, s1)
print(loss)
"""
)
CONVOLUTION_BY_HAND = (
    LOAD
    + """
globals().update(given)
from numpy.lib.stride_tricks import sliding_window_view as windows
def columns(x, n): return windows(x, (n, n), (2, 3)).transpose(0, 2, 3, 1, 4, 5)
def convolved(x, K, c):
    w = columns(x, K.shape[-1]); N, I, J = w.shape[:3]
    w = np.ascontiguousarray(w).reshape(N * I * J, -1)
    return (w @ K.reshape(len(K), -1).T + c).reshape(N, I, J, len(K)).transpose(0, 3, 1, 2), w
def pooled(x):
    N, C, I, J = x.shape
    w = x.reshape(N, C, I // 2, 2, J // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, I // 2, J // 2, 4)
    at = w.argmax(-1); return np.take_along_axis(w, at[..., None], -1)[..., 0], at
def unpooled(d, at):
    N, C, I, J = d.shape; w = np.zeros((N, C, I, J, 4)); np.put_along_axis(w, at[..., None], d[..., None], -1)
    return w.reshape(N, C, I, J, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, 2 * I, 2 * J)
def back(d, w, K, shape):
    rows = d.transpose(0, 2, 3, 1).reshape(-1, len(K)); n = K.shape[-1]
    spread = (rows @ K.reshape(len(K), -1)).reshape(d.shape[0], d.shape[2], d.shape[3], shape[1], n, n)
    dx = np.zeros(shape)
    for i in range(n):
        for j in range(n): dx[:, :, i:i + d.shape[2], j:j + d.shape[3]] += spread[..., i, j].transpose(0, 3, 1, 2)
    return (rows.T @ w).reshape(K.shape), rows.sum(0), dx
z1, w1 = convolved(x, K1, c1); h1, at1 = pooled(np.maximum(z1, 0))
z2, w2 = convolved(h1, K2, c2); h2, at2 = pooled(np.maximum(z2, 0))
flat = h2.reshape(len(x), -1); logits = flat @ W + b
p = np.exp(logits - logits.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
rows = np.arange(len(x)); y = y.astype(int); loss = -np.log(p[rows, y]).mean()
d = p; d[rows, y] -= 1; d /= len(x)
dW, db = flat.T @ d, d.sum(0); d = unpooled((d @ W.T).reshape(h2.shape), at2) * (z2 > 0)
dK2, dc2, d = back(d, w2, K2, h1.shape); d = unpooled(d, at1) * (z1 > 0)
dK1, dc1, dx = back(d, w1, K1, x.shape)
print(loss)
"""
)
BY_TORCH = """
import torch
torch.set_num_threads(2)
for name, array in given.items():
    globals()[name] = torch.from_numpy(array)
    if name != "y": globals()[name].requires_grad_()
if "y" in given: y = y.long()
"""


def prepare(folder: Path) -> None:
    """Programs and their inputs, a folder each."""
    draw = np.random.default_rng(0)
    for name, text in {"transformer": TRANSFORMER, "convolution": CONVOLUTION}.items():
        own = folder / name
        own.mkdir()
        (own / "forward.py").write_text(text, encoding="utf-8")
        for key, shape in SHAPES[name].items():
            np.save(own / f"{key}.npy", draw.standard_normal(shape) / (np.sqrt(shape[0]) if len(shape) == 2 else 4))
    np.save(folder / "convolution" / "y.npy", draw.integers(0, CLASSES, IMAGES))
    for steps in STEPS:
        (folder / f"lstm{steps}.py").write_text(lstm(steps), encoding="utf-8")
    for name, shape in LSTM.items():
        np.save(folder / f"lstm-{name}.npy", draw.standard_normal(shape) / 4)
    for lines in LINES:
        (folder / f"lines{lines}.py").write_text(program(lines), encoding="utf-8")
    for side in SIDES:
        np.save(folder / f"W{side}.npy", draw.standard_normal((side, side)) / np.sqrt(side))
        np.save(folder / f"x{side}.npy", draw.standard_normal((side, 16)))
    (folder / "layer.py").write_text("import numpy as np\nloss = np.sum(np.tanh(W @ x) ** 2)\n", encoding="utf-8")


def lstm(steps: int) -> str:
    """The loss of an LSTM after so many steps of 16 numbers, 32 units, 4 sequences."""
    return f"""
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
h = np.zeros((4, 32))
c = np.zeros((4, 32))
for t in range({steps}):
    z = x[t % 8] @ Wx + h @ Wh + b
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
loss = np.sum(h * h)
"""


def program(lines: int) -> str:
    """So many lines, each of a name of its own."""
    body = [f"z{n} = h{n - 1} * w + b\nh{n} = np.tanh(z{n})" for n in range(1, lines // 2)]
    last = f"loss = np.sum(h{lines // 2 - 1} ** 2)"
    return "\n".join(["import numpy as np", "h0 = np.tanh(x)", *body, last]) + "\n"


def cases(folder: Path) -> Iterator[Case | Growth]:
    """Beside the same by hand and in PyTorch; and by steps, lines and entries."""
    texts = {"transformer": (TRANSFORMER, TRANSFORMER_BY_HAND), "convolution": (CONVOLUTION, CONVOLUTION_BY_HAND)}
    whats = {
        "transformer": "a transformer block, 8 × 64 tokens, width 128, 4 heads",
        "convolution": "a convolutional net, 32 images of 28 × 28",
    }
    for name, (text, by_hand) in texts.items():
        own = folder / name
        at = [f"{key}={own / key}.npy" for key in (*SHAPES[name], *(["y"] if name == "convolution" else []))]
        peers = {
            "NumPy by hand": python(by_hand, own, needs=["numpy"]),
            "PyTorch": python(LOAD + BY_TORCH + text + "loss.backward(); print(float(loss))", own, needs=["torch"]),
        }
        ours = netcalc("net", own / "forward.py", "--at", *at, "--only", "loss", "-f", "csv")
        yield Case(whats[name], ours, peers, {"NumPy by hand": 1.5, "PyTorch": 1.0})
    yield Growth("An LSTM of 32 units, 4 sequences", "steps", {steps: of_lstm(folder, steps) for steps in STEPS})
    yield Growth("A program", "lines", {lines: of_lines(folder, lines) for lines in LINES})
    yield Growth("sum(tanh(W x)²), 16 columns", "entries", {n * n: of_layer(folder, n) for n in SIDES})


def of_lstm(folder: Path, steps: int) -> Command:
    """Its gradients by inputs and weights."""
    given = [f"{name}={folder / f'lstm-{name}.npy'}" for name in LSTM]
    return netcalc("net", folder / f"lstm{steps}.py", "--at", *given, "-f", "csv", "--only", "loss")


def of_lines(folder: Path, lines: int) -> Command:
    """Its gradients at three vectors."""
    given = ["x=0.1,0.2,0.3", "w=0.5,-0.5,1", "b=0.1,0,-0.1"]
    return netcalc("net", folder / f"lines{lines}.py", "--at", *given, "-f", "csv", "--only", "loss")


def of_layer(folder: Path, side: int) -> Command:
    """Its gradients by W and x."""
    given = [f"W={folder / f'W{side}.npy'}", f"x={folder / f'x{side}.npy'}"]
    return netcalc("net", folder / "layer.py", "--at", *given, "-f", "csv", "--only", "loss")
