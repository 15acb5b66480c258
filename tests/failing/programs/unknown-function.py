import numpy as np

loss = np.sofmax(x).sum()
