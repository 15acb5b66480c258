"""RMS normalisation: each row by the root of its mean square, then scaled.

    netcalc net rmsnorm.py --shape x=B,C g=C
"""
import numpy as np

eps = 1e-6
ms = np.mean(x ** 2, axis=-1, keepdims=True)
r = 1 / np.sqrt(ms + eps)
out = x * r * g
