row = W[0]
W[0] = 1
loss = row.sum()
