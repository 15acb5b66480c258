import numpy as np

loss = np.ravel(W, "K").sum()
