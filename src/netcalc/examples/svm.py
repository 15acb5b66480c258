"""The multi-class hinge loss: every wrong class has to stay a margin of 1 below the right one.

    netcalc net svm.py --shape X=N,D W=D,3 y=N reg=number
"""
import numpy as np

n = X.shape[0]
scores = X @ W
right = scores[np.arange(n), y]
margins = np.maximum(0, scores - right[:, None] + 1)
margins = margins * (1 - np.eye(3)[y])          # the right class has no margin
loss = margins.sum() / n + reg * np.sum(W * W)
