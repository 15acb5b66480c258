hidden = x * 2
loss = (hiden**2).sum()
