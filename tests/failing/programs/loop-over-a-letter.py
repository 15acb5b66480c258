import numpy as np

h = 0
for t in range(letters.shape[0]):
    h = np.tanh(letters[t] + h)
loss = h.sum()
