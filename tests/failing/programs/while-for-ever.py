import numpy as np
i, h = 0, x
while i < 3:
    h = np.sin(h)
loss = h.sum()
