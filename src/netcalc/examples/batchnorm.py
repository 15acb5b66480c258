"""Batch normalisation: each feature to mean 0 and variance 1 over the batch, then scaled and shifted.

    netcalc net batchnorm.py --shape x=N,D gamma=D beta=D
"""

import numpy as np

eps = 1e-5
xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
out = gamma * xhat + beta
