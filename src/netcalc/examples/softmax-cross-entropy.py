"""Softmax and cross-entropy for classes that are given as whole numbers; its gradient is (p - y)/N.

    netcalc net softmax-cross-entropy.py --shape logits=N,C y=N
"""
import torch.nn.functional as F

loss = F.cross_entropy(logits, y)
