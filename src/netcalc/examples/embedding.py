"""An embedding: rows of a table by number. The gradients of a row that is used twice add up.

    netcalc net embedding.py --shape C=V,D ix=N W=D,K y=N
"""
import torch.nn.functional as F

emb = C[ix]
logits = emb @ W
loss = F.cross_entropy(logits, y)
