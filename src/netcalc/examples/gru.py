"""One step of a GRU: gates mix the old state with a new one.

    netcalc net gru.py --shape x=D h_prev=H Wr=D,H Ur=H,H Wz=D,H Uz=H,H Wn=D,H Un=H,H
"""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


r = sigmoid(x @ Wr + h_prev @ Ur)            # how much of the old state the new one sees
z = sigmoid(x @ Wz + h_prev @ Uz)            # how much of the old state stays
n = np.tanh(x @ Wn + r * (h_prev @ Un))
h = (1 - z) * n + z * h_prev
