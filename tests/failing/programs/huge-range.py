loss = x.sum()
for i in range(10**9):
    loss = loss + x[0]
