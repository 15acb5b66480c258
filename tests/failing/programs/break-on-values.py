for i in range(2):
    if x[i] > 0:
        break
loss = x.sum()
