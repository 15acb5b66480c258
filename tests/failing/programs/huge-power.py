n = 10**10**9
loss = x.sum() * n
