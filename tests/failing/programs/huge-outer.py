import numpy as np

big = np.arange(1000000)
loss = (big[:, None] * big).sum() + x.sum()
