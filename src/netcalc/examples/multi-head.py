"""Attention with two heads: the width in parts, each with weights of its own.

    netcalc net multi-head.py --shape x=B,T,4 Wqkv=4,12 Wo=4,4
"""
import math
import torch
import torch.nn.functional as F

B, T, C = x.shape
heads = 2
qkv = x @ Wqkv
q, k, v = qkv.split(C, dim=2)
q = q.view(B, T, heads, C // heads).transpose(1, 2)     # (B, heads, T, C/heads)
k = k.view(B, T, heads, C // heads).transpose(1, 2)
v = v.view(B, T, heads, C // heads).transpose(1, 2)
S = q @ k.transpose(-2, -1) / math.sqrt(C // heads)
P = F.softmax(S, dim=-1)
a = P @ v
y = a.transpose(1, 2).contiguous().view(B, T, C)
out = y @ Wo
