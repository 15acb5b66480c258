k = x.__class__.__base__
loss = x.sum()
