a = [i for i in range(10**8)]
loss = x.sum()
