with open("w.txt") as f:
    loss = x.sum()
