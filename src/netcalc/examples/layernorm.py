"""Layer normalisation: each row to mean 0 and variance 1, then scaled and shifted.

    netcalc net layernorm.py --shape x=B,C gamma=C beta=C
"""

import numpy as np

eps = 1e-5
xhat = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
out = gamma * xhat + beta
