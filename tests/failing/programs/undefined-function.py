a = sigmoid(x @ W)
loss = (a**2).sum()
