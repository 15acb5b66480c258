import numpy as np

loss = np.sum(x, dimension=0)
