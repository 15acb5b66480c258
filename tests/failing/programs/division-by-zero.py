print("loss")
loss = x.sum() * (1 / 0)
