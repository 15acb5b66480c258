loss = W.reshape(4, 5).sum()
