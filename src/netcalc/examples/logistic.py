"""Logistic regression: one weight a feature, binary cross-entropy, and a penalty on large weights.

    netcalc net logistic.py --shape X=N,D w=D b=number y=N decay=number
"""
import numpy as np

z = X @ w + b
p = 1 / (1 + np.exp(-z))
data_loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
loss = data_loss + decay / 2 * np.sum(w ** 2)
