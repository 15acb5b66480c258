"""A contrastive loss: each row of u belongs to the row of v of its number, and to no other.

    netcalc net infonce.py --shape u=N,D v=N,D tau=number
"""
import torch
import torch.nn.functional as F

un = u / u.norm(dim=1, keepdim=True)             # rows of length 1
vn = v / v.norm(dim=1, keepdim=True)
logits = un @ vn.T / tau
loss = F.cross_entropy(logits, torch.arange(u.shape[0]))
