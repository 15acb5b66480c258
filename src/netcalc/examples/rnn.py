"""A recurrent net over three steps: the same weights at each, so that their gradients add up.

    netcalc net rnn.py --shape x=3,D h0=H Wx=D,H Wh=H,H b=H
"""
import numpy as np

h = h0
for t in range(3):
    z = x[t] @ Wx + h @ Wh + b
    h = np.tanh(z)
