"""Linear regression with a penalty on the squares of its weights (ridge).

    netcalc net l2.py --shape X=N,D w=D b=number t=N lam=number
"""
import numpy as np

residual = X @ w + b - t
mse = np.mean(residual ** 2)
penalty = lam * np.sum(w ** 2)
loss = mse + penalty
