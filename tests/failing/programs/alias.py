h = x
h += 1
loss = (h * x).sum()
