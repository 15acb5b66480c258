a = [0] * 10**9
loss = x.sum()
