"""A residual block: what it makes of x is added to x, so that the gradient passes by it too.

    netcalc net residual.py --shape x=N,D W1=D,H W2=H,D
"""
import numpy as np

z = x @ W1
h = np.maximum(z, 0)
out = x + h @ W2
