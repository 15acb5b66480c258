"""A transformer block: attention and a layer of its own after layer norms, each added to what came in.

    netcalc net transformer.py --shape x=T,D g1=D b1=D Wq=D,D Wk=D,D Wv=D,D Wo=D,D g2=D b2=D W1=D,H c1=H W2=H,D c2=D
"""
import torch
import torch.nn.functional as F

D = x.size(-1)
x1 = F.layer_norm(x, (D,))              # each row to mean 0 and variance 1
n1 = g1 * x1 + b1
q = n1 @ Wq
k = n1 @ Wk
v = n1 @ Wv
S = q @ k.T / D ** 0.5
P = F.softmax(S, dim=-1)
a = P @ v
r = x + a @ Wo
r1 = F.layer_norm(r, (D,))
n2 = g2 * r1 + b2
z = n2 @ W1 + c1
h = F.gelu(z)
out = r + h @ W2 + c2
