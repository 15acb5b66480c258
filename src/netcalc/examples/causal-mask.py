"""Attention that looks back alone: places after the own one are -inf before the softmax, so that they count 0.

    netcalc net causal-mask.py --shape q=3,D k=3,D v=3,D
"""
import math
import torch
import torch.nn.functional as F

T, D = q.shape
S = q @ k.T / math.sqrt(D)
mask = torch.tril(torch.ones(T, T))
masked = S.masked_fill(mask == 0, float('-inf'))
P = F.softmax(masked, dim=-1)
out = P @ v
