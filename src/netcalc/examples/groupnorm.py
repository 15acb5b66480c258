"""Group normalisation: channels in groups of their own mean and variance.

    netcalc net groupnorm.py --shape x=N,4,H,W gamma=4 beta=4
"""

import numpy as np

N, C, H, W = x.shape
G = 2                                            # groups
groups = x.reshape(N, G, C // G, H, W)
ghat = (groups - groups.mean(axis=(2, 3, 4), keepdims=True)) / np.sqrt(groups.var(axis=(2, 3, 4), keepdims=True) + 1e-5)
xhat = ghat.reshape(N, C, H, W)
out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
