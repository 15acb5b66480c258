import numpy as np

loss = np.linalg.norm(W, 2)
