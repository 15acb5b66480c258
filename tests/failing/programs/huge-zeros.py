import numpy as np

m = np.zeros((100000, 100000))
loss = x.sum() + m.sum()
