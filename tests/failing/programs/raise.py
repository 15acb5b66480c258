if x.shape[0] != 4:
    raise ValueError("no")
loss = x.sum()
