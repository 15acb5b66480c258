loss = x.sum()
while True:
    loss = loss + 1
