print x
loss = x.sum()
