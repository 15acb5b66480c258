"""A net of 784-512-512-10 (relu, relu, logits; cross-entropy) on a batch of 1024 rows from `.npy` files.

Every tool computes all z and a, the loss, and the gradient of every weight, bias and input, in float64; it prints the
loss, or writes the gradients of weights and biases to one `.npz` (netcalc beside the old file, then into its place).
The last tables are nets of more and more layers of 64 units, and of two layers with more and more units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Growth, netcalc, python

WIDTHS = (784, 512, 512, 10)
SAMPLES = 1024
DEPTHS = (10, 30, 100, 300, 1000)
UNITS = (64, 512, 1024, 2048, 4096)
NAMES = [f"{letter}{n}" for n in range(1, len(WIDTHS)) for letter in "Wb"]
NUMPY = """
import sys, numpy as np
folder = sys.argv[1]
x, t = np.load(f"{folder}/x.npy"), np.load(f"{folder}/t.npy").astype(int)
W = [np.load(f"{folder}/W{k}.npy") for k in (1, 2, 3)]; b = [np.load(f"{folder}/b{k}.npy") for k in (1, 2, 3)]
a, z = [x], []
for k in range(3):
    z.append(a[-1] @ W[k].T + b[k])
    a.append(np.maximum(z[-1], 0) if k < 2 else z[-1])
e = np.exp(z[-1] - z[-1].max(axis=1, keepdims=True)); s = e / e.sum(axis=1, keepdims=True)
rows = np.arange(len(x)); loss = -np.log(s[rows, t]).mean()
delta = s; delta[rows, t] -= 1; delta /= len(x)
found = {}
for k in (2, 1, 0):
    found[f"W{k+1}"], found[f"b{k+1}"] = delta.T @ a[k], delta.sum(axis=0)
    delta = delta @ W[k]
    if k: delta = delta * (z[k-1] > 0)
print(loss)
if len(sys.argv) > 2: np.savez(f"{folder}/numpy.npz", **found)
"""
TORCH = """
import sys, numpy as np, torch
torch.set_num_threads(2)
folder = sys.argv[1]
x, t = (torch.from_numpy(np.load(f"{folder}/{name}.npy")) for name in "xt")
x.requires_grad_(); t = t.long()
leaf = {f"{c}{k}": torch.from_numpy(np.load(f"{folder}/{c}{k}.npy")).requires_grad_() for k in (1, 2, 3) for c in "Wb"}
v = x
for k in (1, 2, 3):
    v = v @ leaf[f"W{k}"].T + leaf[f"b{k}"]
    v = torch.relu(v) if k < 3 else v
loss = torch.nn.functional.cross_entropy(v, t); loss.backward(); loss = loss.detach()
print(float(loss))
if len(sys.argv) > 2: np.savez(f"{folder}/torch.npz", **{name: one.grad.numpy() for name, one in leaf.items()})
"""
LAYER = """
[[layers]]
W = "W{k}.npy"
b = "b{k}.npy"
activation = "{activation}"
"""


def prepare(folder: Path) -> None:
    """The net's file, its tensors, and the deep nets."""
    draw = np.random.default_rng(0)
    np.save(folder / "x.npy", draw.standard_normal((SAMPLES, WIDTHS[0])))
    np.save(folder / "t.npy", draw.integers(0, WIDTHS[-1], SAMPLES))
    text = 'input = "x.npy"\ntarget = "t.npy"\nloss = "cross-entropy"\n'
    for k, (n, m) in enumerate(pairwise(WIDTHS), 1):
        np.save(folder / f"W{k}.npy", draw.standard_normal((m, n)) * np.sqrt(2 / n))
        np.save(folder / f"b{k}.npy", np.zeros(m))
        text += LAYER.format(k=k, activation="relu" if k + 1 < len(WIDTHS) else "identity")
    (folder / "net.toml").write_text(text, encoding="utf-8")
    nets = [(f"deep{depth}", depth, 64) for depth in DEPTHS] + [(f"wide{units}", 2, units) for units in UNITS]
    for name, depth, units in nets:
        np.save(folder / f"{units}.npy", draw.standard_normal((256, units)))
        layers = f'\n[[layers]]\nsize = {units}\ninit = "xavier"\nactivation = "tanh"\n' * depth
        text = f'input = "{units}.npy"\ntarget = "{units}.npy"\nloss = "mse"\n{layers}'
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def cases(folder: Path) -> Iterator[Case | Growth]:
    """Beside NumPy by hand and PyTorch, start-up included; and by depth."""
    peers = {
        "NumPy by hand": python(NUMPY, folder, needs=["numpy"]),
        "PyTorch": python(TORCH, folder, needs=["torch"]),
    }
    promised = {"NumPy by hand": 1.5, "PyTorch": 1.0}
    asked = ("net", folder / "net.toml", "--only")
    yield Case("784-512-512-10, 1024 rows; the loss printed", netcalc(*asked, "loss", "-f", "csv"), peers, promised)
    ours = netcalc(*asked, *(f"d{name}" for name in NAMES), "-o", folder / "grads.npz")
    written = {name: replace(peer, words=(*peer.words, "written")) for name, peer in peers.items()}
    yield Case("the same, gradients to .npz", ours, written, promised)
    asked = ("-f", "csv", "--only", "loss")
    deep = {depth: netcalc("net", folder / f"deep{depth}.toml", *asked) for depth in DEPTHS}
    yield Growth("64 units a layer, 256 rows", "layers", deep)
    wide = {2 * units**2: netcalc("net", folder / f"wide{units}.toml", *asked) for units in UNITS}
    yield Growth("Two layers, 256 rows", "weights", wide)
