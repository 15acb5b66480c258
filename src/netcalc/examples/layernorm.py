"""Layer normalisation: each row to mean 0 and variance 1, then scaled and shifted.

    netcalc net layernorm.py --shape x=B,C gamma=C beta=C
"""
import numpy as np

eps = 1e-5
mean = x.mean(axis=-1, keepdims=True)
centred = x - mean
var = (centred ** 2).mean(axis=-1, keepdims=True) + eps
xhat = centred / np.sqrt(var)
out = xhat * gamma + beta
