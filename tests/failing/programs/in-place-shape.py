b = x[0]
y = x[:1] * 1
y += x
loss = y.sum()
