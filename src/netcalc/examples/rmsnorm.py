"""RMS normalisation: each row by the root of its mean square, then scaled.

    netcalc net rmsnorm.py --shape x=B,C gamma=C
"""

import numpy as np

eps = 1e-6
xhat = x / np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + eps)
out = gamma * xhat
