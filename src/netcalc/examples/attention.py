"""Attention: each query's mean of the values, weighted by how well the keys fit.

    netcalc net attention.py --shape X=T,D Wq=D,H Wk=D,H Wv=D,H
"""
import torch.nn.functional as F

Q = X @ Wq
K = X @ Wk
V = X @ Wv
S = Q @ K.T / K.shape[1] ** 0.5      # how well each key fits each query
P = F.softmax(S, dim=1)              # each row adds up to 1
out = P @ V
