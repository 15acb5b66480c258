h = x @ W.T
loss = h.sum()
