"""Batch normalisation: each feature to mean 0 and variance 1 over the batch, then scaled and shifted.

    netcalc net batchnorm.py --shape x=N,D gamma=D beta=D
"""
import numpy as np

eps = 1e-5
mean = x.mean(axis=0)
centred = x - mean
var = (centred ** 2).mean(axis=0)
xhat = centred / np.sqrt(var + eps)
out = gamma * xhat + beta
