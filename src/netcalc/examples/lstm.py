"""One step of an LSTM: gates decide what is forgotten, written and shown.

    netcalc net lstm.py --shape x=D h_prev=2 c_prev=2 Wx=D,8 Wh=2,8 b=8
"""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


z = x @ Wx + h_prev @ Wh + b
zi, zf, zg, zo = np.split(z, 4)
i = sigmoid(zi)                      # what is written
f = sigmoid(zf)                      # what is kept
g = np.tanh(zg)                      # what would be written
o = sigmoid(zo)                      # what is shown
c = f * c_prev + i * g
h = o * np.tanh(c)
