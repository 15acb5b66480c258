s = {1, 2}
loss = x.sum()
