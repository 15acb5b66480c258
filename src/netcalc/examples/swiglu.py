"""A gated layer, SwiGLU: one half of it times the SiLU of the other.

    netcalc net swiglu.py --shape x=N,D W=D,H V=D,H W2=H,D
"""
import torch.nn.functional as F

gate = x @ W
up = x @ V
h = F.silu(gate) * up
out = h @ W2
